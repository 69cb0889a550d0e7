//! The talk's last slide is the speaker's own, where there is one: `[last]` in a `talk.toml` in the directory where the demo is
//! started.

use std::path::Path;

use serde::Deserialize;

use crate::{
    course::TalkBeat,
    error::{Error, Result},
};

/// The file.
pub const FILE: &str = "talk.toml";

#[derive(Debug, Default, Deserialize)]
struct File {
    last: Option<OwnSlide>,
}

/// What it may say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OwnSlide {
    /// A few big words.
    pub title: String,
    /// The words, in Markdown's plainest form.
    pub text: String,
    /// For the speaker only.
    pub notes: String,
}

impl OwnSlide {
    /// Reads it; `None` where there is none.
    ///
    /// # Errors
    /// Usage: the file cannot be read as one, told with its line.
    pub fn read(dir: &Path) -> Result<Option<Self>> {
        let path = dir.join(FILE);
        match std::fs::read_to_string(&path) {
            Ok(text) => Self::parse(&text, &path),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::usage(format!("cannot read {}", path.display())).because(error)),
        }
    }

    fn parse(text: &str, path: &Path) -> Result<Option<Self>> {
        let file: File = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            Error::usage(format!("{}:{line}: {}", path.display(), error.message()))
                .suggest("[last] may have title, text and notes")
        })?;
        Ok(file.last)
    }

    /// Puts it in the place of the talk's last beat; the shop stays as it was there.
    pub fn put_last(&self, beats: &mut [TalkBeat]) {
        let Some(last) = beats.last_mut() else { return };
        last.title.clone_from(&self.title);
        last.text.clone_from(&self.text);
        last.notes.clone_from(&self.notes);
        (last.ask, last.reveal, last.show) = (None, None, None);
        last.questions.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::course::Course;

    #[test]
    fn the_last_slide_is_the_speakers() {
        let text = "[last]\ntitle = \"Thanks\"\ntext = \"me@example.org\"\n";
        let own = OwnSlide::parse(text, Path::new(FILE)).unwrap().unwrap();
        let mut beats = Course::embedded().unwrap().talk_beats();
        let count = beats.len();
        own.put_last(&mut beats);
        assert_eq!((beats.len(), beats[count - 1].title.as_str()), (count, "Thanks"));
        assert_eq!(beats[count - 1].text, "me@example.org");
        // A course's own talk has none, and says so without an error.
        assert_eq!(OwnSlide::parse("[[beats]]\nid = \"x\"\n", Path::new(FILE)).unwrap(), None);
        let error = OwnSlide::parse("[last]\n\ntitel = \"x\"\n", Path::new("talk.toml")).unwrap_err();
        assert!(error.what.starts_with("talk.toml:3:"), "{}", error.what);
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(OwnSlide::read(dir.path()).unwrap(), None);
    }
}
