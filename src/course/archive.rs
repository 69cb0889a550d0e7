//! A course in one file: read within bounds, and never written to the disk.

use std::{
    collections::BTreeMap,
    io::{self, Read},
    path::{Component, Path},
};

use flate2::read::GzDecoder;

use crate::compose::{Closed, Door};

/// Bytes that a packed course unpacks to at most: it is text.
const MOST_BYTES: u64 = 32 << 20;
/// Entries that it has at most.
const MOST_ENTRIES: usize = 5_000;

/// The text files in a packed course, by path with forward slashes. What is no text, and links, are left out.
///
/// # Errors
/// It cannot be read or unpacked, or holds more than a course does.
pub(super) fn texts(path: &Path) -> io::Result<BTreeMap<String, String>> {
    unpack(GzDecoder::new(Door::default().open(path).map_err(Closed::into_io)?))
}

fn unpack(packed: impl Read) -> io::Result<BTreeMap<String, String>> {
    let mut texts = BTreeMap::new();
    let mut left = MOST_BYTES;
    // What is passed over is unpacked, too.
    let mut archive = tar::Archive::new(packed.take(2 * MOST_BYTES));
    for (index, entry) in archive.entries()?.enumerate() {
        let mut entry = entry?;
        if index == MOST_ENTRIES {
            return Err(io::Error::other(format!("it holds more than {MOST_ENTRIES} files")));
        }
        left = left
            .checked_sub(entry.size())
            .ok_or_else(|| io::Error::other(format!("it holds more than {} MB", MOST_BYTES >> 20)))?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let Some(name) = plain_path(&entry.path()?) else { continue };
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        if let Ok(text) = String::from_utf8(bytes) {
            texts.insert(name, text);
        }
    }
    Ok(texts)
}

/// A path inside the archive; none for one that leads out of it.
fn plain_path(path: &Path) -> Option<String> {
    let mut parts = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(part) => parts.push(part.to_str()?),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

#[cfg(test)]
mod tests {
    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn packed(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for (name, bytes) in files {
            let mut header = tar::Header::new_ustar();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            // As a hostile program writes it, past the library's own check.
            header.as_ustar_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_cksum();
            builder.append(&header, *bytes).unwrap();
        }
        builder.into_inner().unwrap().finish().unwrap()
    }

    #[test]
    fn texts_are_read_and_what_leads_out_or_is_no_text_is_left_out() {
        let files: [(&str, &[u8]); 4] =
            [("./a/course.toml", b"x"), ("../b", b"y"), ("/c", b"z"), ("a/picture", &[0xff, 0xfe])];
        let texts = unpack(GzDecoder::new(&*packed(&files))).unwrap();
        assert_eq!(texts, BTreeMap::from([("a/course.toml".to_owned(), "x".to_owned())]));
    }

    #[test]
    fn a_file_that_unpacks_to_more_than_a_course_is_refused() {
        let large = vec![b'a'; (MOST_BYTES + 1) as usize];
        let error = unpack(GzDecoder::new(&*packed(&[("course.toml", &large)]))).unwrap_err().to_string();
        assert!(error.contains("more than 32 MB"), "{error}");
    }
}
