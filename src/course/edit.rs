//! An edit of a lab's file, as lessons write it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// One edit of one file. Exactly one of the ways below is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, try_from = "Written")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(!try_from, deny_unknown_fields))]
pub enum Edit {
    /// Replaces the one place where `replace` stands by `with`. Standing nowhere, or twice, is an error.
    Replace {
        /// Path inside the stack, with forward slashes.
        file: String,
        /// The text to replace, exactly once in the file.
        replace: String,
        /// What comes in its place.
        with: String,
    },
    /// Writes a whole file, new or not.
    Write {
        /// Path inside the stack, with forward slashes.
        file: String,
        /// All of its text.
        contents: String,
    },
    /// Adds text at the end of a file, so that two fixes may meet in one place in any order.
    Append {
        /// Path inside the stack, with forward slashes.
        file: String,
        /// What comes after its last line.
        append: String,
    },
    /// Removes a file.
    Delete {
        /// Path inside the stack, with forward slashes.
        delete: String,
    },
}

/// An edit as it stands in the file; telling its ways apart here gives better messages than serde's "no variant matched".
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    file: Option<String>,
    replace: Option<String>,
    with: Option<String>,
    contents: Option<String>,
    append: Option<String>,
    delete: Option<String>,
}

impl TryFrom<Written> for Edit {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let Written { file, replace, with, contents, append, delete } = written;
        match (file, replace, with, contents, append, delete) {
            (Some(file), Some(replace), Some(with), None, None, None) => Ok(Self::Replace { file, replace, with }),
            (Some(file), None, None, Some(contents), None, None) => Ok(Self::Write { file, contents }),
            (Some(file), None, None, None, Some(append), None) => Ok(Self::Append { file, append }),
            (None, None, None, None, None, Some(delete)) => Ok(Self::Delete { delete }),
            _ => Err(
                "an edit has either `file`, `replace` and `with`, or `file` and `contents`, or `file` and `append`, \
                      or `delete` alone",
            ),
        }
    }
}

impl Edit {
    /// The file that it touches.
    pub fn file(&self) -> &str {
        match self {
            Self::Replace { file, .. } | Self::Write { file, .. } | Self::Append { file, .. } => file,
            Self::Delete { delete } => delete,
        }
    }

    /// Applies it to files held as text, by path inside the stack.
    ///
    /// # Errors
    /// Stack: the file is absent, or the text to replace does not stand there exactly once. Then `texts` is unchanged.
    pub fn apply(&self, texts: &mut BTreeMap<String, String>) -> Result<()> {
        match self {
            Self::Replace { file, replace, with } => {
                let text = texts.get_mut(file).ok_or_else(|| absent(file))?;
                match text.matches(replace.as_str()).count() {
                    1 if !replace.is_empty() => {
                        *text = text.replacen(replace.as_str(), with, 1);
                        Ok(())
                    }
                    times => {
                        Err(Error::stack(format!("{file} cannot be edited: the text to replace is not there once"))
                            .why(format!("it stands there {}: {}", told_times(times), replace.trim())))
                    }
                }
            }
            Self::Write { file, contents } => {
                texts.insert(file.clone(), contents.clone());
                Ok(())
            }
            Self::Append { file, append } => {
                let text = texts.get_mut(file).ok_or_else(|| absent(file))?;
                // Not every editor ends the last line.
                if !text.is_empty() && !text.ends_with('\n') {
                    text.push('\n');
                }
                text.push_str(append);
                Ok(())
            }
            Self::Delete { delete } => texts.remove(delete).map(drop).ok_or_else(|| absent(delete)),
        }
    }
}

fn absent(file: &str) -> Error {
    Error::stack(format!("{file} cannot be edited: there is no such file"))
}

fn told_times(times: usize) -> String {
    match times {
        0 => "nowhere".to_owned(),
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        times => format!("{times} times"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(files: &[(&str, &str)]) -> BTreeMap<String, String> {
        files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
    }

    fn replace(replace: &str, with: &str) -> Edit {
        Edit::Replace { file: "a".into(), replace: replace.into(), with: with.into() }
    }

    #[test]
    fn a_replacement_wants_its_text_exactly_once() {
        let mut files = texts(&[("a", "80:8080\nlisten 80;\n")]);
        assert!(replace("80", "81").apply(&mut files).unwrap_err().to_string().contains("4 times"));
        assert!(replace("5001", "81").apply(&mut files).unwrap_err().to_string().contains("nowhere"));
        assert!(replace("", "81").apply(&mut files).is_err());
        assert_eq!(files["a"], "80:8080\nlisten 80;\n", "a refused edit changes nothing");
        replace("80:8080", "8080:80").apply(&mut files).unwrap();
        assert_eq!(files["a"], "8080:80\nlisten 80;\n");
    }

    #[test]
    fn whole_files_are_written_and_removed() {
        let mut files = texts(&[("a", "x")]);
        Edit::Write { file: "b".into(), contents: "y".into() }.apply(&mut files).unwrap();
        Edit::Delete { delete: "a".into() }.apply(&mut files).unwrap();
        assert_eq!(files, texts(&[("b", "y")]));
        assert!(Edit::Delete { delete: "a".into() }.apply(&mut files).is_err());
        assert!(replace("x", "y").apply(&mut files).unwrap_err().to_string().contains("no such file"));
    }

    #[test]
    fn the_ways_are_told_apart_and_mixtures_are_refused() {
        let parse = |text: &str| toml::from_str::<Edit>(text);
        assert!(matches!(parse("file='a'\nreplace='b'\nwith='c'").unwrap(), Edit::Replace { .. }));
        assert!(matches!(parse("file='a'\ncontents='b'").unwrap(), Edit::Write { .. }));
        assert!(matches!(parse("file='a'\nappend='b'").unwrap(), Edit::Append { .. }));
        assert!(matches!(parse("file='a'\nappend='b'").unwrap(), Edit::Append { .. }));
        assert!(matches!(parse("delete='a'").unwrap(), Edit::Delete { .. }));
        assert!(parse("file='a'\nreplace='b'").unwrap_err().to_string().contains("an edit has either"));
        assert!(parse("file='a'\ndelete='b'").unwrap_err().to_string().contains("an edit has either"));
        assert!(parse("file='a'\nreplce='b'").unwrap_err().to_string().contains("replce"));
    }

    proptest! {
        #[test]
        fn a_replacement_can_be_taken_back(before in "[a-z\n]{0,20}", after in "[a-z\n]{0,20}") {
            let mut files = texts(&[("a", &format!("{before}OLD{after}"))]);
            let start = files.clone();
            replace("OLD", "NEW").apply(&mut files).unwrap();
            prop_assert_eq!(&files["a"], &format!("{before}NEW{after}"));
            replace("NEW", "OLD").apply(&mut files).unwrap();
            prop_assert_eq!(files, start);
        }
    }
}
