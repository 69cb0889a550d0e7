//! Lessons and stacks are embedded in the binary: a file that is new there has to bring on a new build.

fn main() {
    for dir in ["lessons", "broken-stack", "fixed-stack"] {
        println!("cargo:rerun-if-changed={dir}");
    }
}
