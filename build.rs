//! Lessons and stacks are embedded in the binary: a file that is new there has to bring on a new build. The recorded talk is embedded
//! compressed: it holds most things many times.

use std::{env, fs::File, io, path::PathBuf};

use flate2::{Compression, write::GzEncoder};

const TALK: &str = "recordings/talk.jsonl";

fn main() -> io::Result<()> {
    for path in ["lessons", "broken-stack", "fixed-stack", TALK] {
        println!("cargo:rerun-if-changed={path}");
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?).join("talk.jsonl.gz");
    let mut encoder = GzEncoder::new(File::create(out)?, Compression::best());
    io::copy(&mut File::open(TALK)?, &mut encoder)?;
    encoder.finish().map(drop)
}
