//! Which files make up a stack, and their texts.

use std::path::{Path, PathBuf};

use super::{
    diagnostics::Diagnostics,
    door::{Closed, Door, Found},
    unreadable::Unreadable,
};

/// A compose file or env file is at most this large, in bytes.
pub(super) const MAX_FILE: u64 = 1 << 20;

pub(super) const BASES: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
const OVERRIDES: [&str; 4] =
    ["compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml"];

/// The text of a small file, without a byte-order mark.
pub(super) fn read_text(door: &Door, path: &Path) -> Result<String, Unreadable> {
    match door.read(path, MAX_FILE) {
        Ok(bytes) => decode(bytes),
        Err(Closed::Is(Found::Nothing)) => Err(Unreadable::new("is not there", "a file at that path")),
        Err(Closed::Is(Found::Directory)) => Err(Unreadable::new("is a directory", "a file")),
        Err(Closed::Is(_)) => Err(Unreadable { special: true, ..Unreadable::new("is not an ordinary file", "a file") }),
        Err(Closed::TooLarge) => Err(Unreadable::new("is larger than 1 MiB", "a file of at most 1 MiB")),
        Err(Closed::Outside) => {
            let message = "is not read: it lies outside the directory";
            Err(Unreadable { outside: true, ..Unreadable::new(message, "a file inside the directory") })
        }
        Err(Closed::Failed(error)) => {
            Err(Unreadable::new(format!("cannot be read: {error}"), "a file that you may read"))
        }
    }
}

fn decode(mut bytes: Vec<u8>) -> Result<String, Unreadable> {
    // What some editors of Windows write; compose reads it.
    let wide = match bytes.get(..2) {
        Some([0xff, 0xfe]) => Some(u16::from_le_bytes as fn([u8; 2]) -> u16),
        Some([0xfe, 0xff]) => Some(u16::from_be_bytes as fn([u8; 2]) -> u16),
        _ => None,
    };
    if let Some(unit) = wide {
        let units: Vec<u16> = bytes[2..].chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
        let good = if bytes.len().is_multiple_of(2) { String::from_utf16(&units).ok() } else { None };
        return good.ok_or_else(|| Unreadable::new("is no good UTF-16", "the same text, saved as UTF-8"));
    }
    if bytes.starts_with(&[0xef, 0xbb, 0xbf]) {
        bytes.drain(..3);
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        // The part before the first bad byte is text.
        let before = String::from_utf8_lossy(&error.as_bytes()[..good]).into_owned();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let small = |number| u32::try_from(number).unwrap_or(u32::MAX);
        Unreadable {
            message: format!("is not UTF-8: a byte {:#04x} stands on line {line}", error.as_bytes()[good]),
            outside: false,
            special: false,
            expected: "the same text, saved as UTF-8".into(),
            at: Some((small(line), small(column))),
        }
    })
}

/// True for the names that compose looks for.
pub(crate) fn is_compose_file(name: &str) -> bool {
    BASES.contains(&name) || OVERRIDES.contains(&name)
}

/// The compose files of a directory, the base first. Of several bases the first counts, and that is told.
pub(super) fn discover(dir: &Path, desk: &mut Diagnostics) -> Vec<PathBuf> {
    let mut files = vec![];
    for (names, what) in [(BASES, "compose files"), (OVERRIDES, "override files")] {
        // A link that leads nowhere is there, and is told when it is read.
        let present: Vec<&str> = names.into_iter().filter(|name| dir.join(name).symlink_metadata().is_ok()).collect();
        if let Some(first) = present.first() {
            if present.len() > 1 {
                let whole = desk.files.add(&dir.join(first), dir, String::new());
                let others = present[1..].join("`, `");
                desk.warn(
                    whole,
                    format!("there are several {what}: `{first}` counts, `{others}` does not"),
                    "one of them",
                );
            }
            files.push(dir.join(first));
        } else if what == "compose files" {
            break;
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_become_text_or_are_told() {
        assert_eq!(decode(b"\xef\xbb\xbfa: 1\r\n".to_vec()).unwrap(), "a: 1\r\n");
        assert_eq!(decode(b"\xff\xfea\0".to_vec()).unwrap(), "a");
        assert_eq!(decode(b"\xfe\xff\0a".to_vec()).unwrap(), "a");
        assert!(decode(b"\xff\xfea".to_vec()).unwrap_err().message.contains("UTF-16"));
        let wrong = decode(b"a: 1\nb: caf\xe9\n".to_vec()).unwrap_err();
        assert_eq!(wrong.at, Some((2, 7)));
        assert!(wrong.message.contains("0xe9"), "{}", wrong.message);
    }

    #[test]
    fn only_ordinary_small_files_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let read_text = |path: &Path| read_text(&Door::default(), path);
        assert!(read_text(dir.path()).unwrap_err().message.contains("directory"));
        assert!(read_text(Path::new("/dev/zero")).unwrap_err().message.contains("not an ordinary file"));
        assert!(read_text(&dir.path().join("none")).unwrap_err().message.contains("is not there"));
        let large = dir.path().join("large");
        std::fs::write(&large, vec![b'a'; 1 << 20]).unwrap();
        assert_eq!(read_text(&large).unwrap().len(), 1 << 20);
        std::fs::write(&large, vec![b'a'; (1 << 20) + 1]).unwrap();
        assert!(read_text(&large).unwrap_err().message.contains("1 MiB"));
    }
}
