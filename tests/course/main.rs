//! Courses: read, linted, and the one in the binary.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod embedded;
mod lint;
