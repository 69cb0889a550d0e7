//! Paths as text, without asking the disk.

use std::path::{Path, PathBuf};

/// Joins a path to a directory and takes out `.` and `..`, without asking the disk.
pub(super) fn absolute(base: &Path, path: &str) -> PathBuf {
    let mut out = PathBuf::new();
    for part in base.join(path).components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_are_taken_out_of_paths() {
        assert_eq!(absolute(Path::new("/a/b"), "./c/../d"), Path::new("/a/b/d"));
        assert_eq!(absolute(Path::new("/a/b"), "../../../x"), Path::new("/x"));
        assert_eq!(absolute(Path::new("/a/b"), "/etc"), Path::new("/etc"));
    }
}
