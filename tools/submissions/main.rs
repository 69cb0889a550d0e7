//! Writes the submissions of `tests/fixtures/submissions` into a directory each, to be graded by hand:
//! `cargo run --example submissions DIR [HOW_MANY]`. Where more are asked for than there are, they begin anew, under other names.

#![allow(clippy::unwrap_used, reason = "a tool that cannot go on fails")]

#[path = "../../tests/common/submissions.rs"]
mod submissions;

use std::path::PathBuf;

fn main() {
    let mut args = std::env::args_os().skip(1);
    let dir = PathBuf::from(args.next().expect("the directory to write them into"));
    let all = submissions::submissions();
    let many = args.next().map_or(all.len(), |many| many.to_str().unwrap().parse().unwrap());
    for at in 0..many {
        let one = &all[at % all.len()];
        let name = if at < all.len() { one.name.clone() } else { format!("{}-{}", one.name, at / all.len() + 1) };
        let expected = one.expected.clone();
        println!("{name}: {}", expected.get("verdict").map_or("?", String::as_str));
        submissions::write(&dir, &submissions::Submission { name, expected, files: one.files.clone() });
    }
}
