//! The learner's own settings: one small file, of which every line has a default.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::theme::Palette;
use crate::{
    error::{Error, Result},
    user_dirs::UserDir,
};

/// What the file may say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Config {
    /// The colours.
    pub theme: Palette,
    /// Whether the mouse is taken at the start.
    pub mouse: bool,
    /// The editor, in place of `$VISUAL` and `$EDITOR`; empty leaves it to them.
    pub editor: String,
    /// The pager, in place of `$PAGER`; empty leaves it to that.
    pub pager: String,
    /// Whether one line is asked for before an edit is made live.
    pub hypothesis: bool,
    /// Whether a new lab begins with the tour.
    pub tour: bool,
    /// Whether the stories are left out: only symptoms, evidence and hints.
    pub fast_track: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            theme: Palette::Auto,
            mouse: false,
            editor: String::new(),
            pager: String::new(),
            hypothesis: true,
            tour: true,
            fast_track: false,
        }
    }
}

impl Config {
    /// Reads the learner's file; the defaults where there is none.
    ///
    /// # Errors
    /// Usage: the file says something unknown, told with its line. Environment: it cannot be read.
    pub fn load() -> Result<Self> {
        let Some(path) = path() else { return Ok(Self::default()) };
        match std::fs::read_to_string(&path) {
            Ok(text) => Self::parse(&text, &path),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(Error::environment(format!("cannot read {}", path.display())).because(error)),
        }
    }

    fn parse(text: &str, path: &Path) -> Result<Self> {
        toml::from_str(text).map_err(|error| {
            let line = error.span().map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            let place = line.map(|line| format!(":{line}")).unwrap_or_default();
            Error::usage(format!("{}{place}: {}", path.display(), error.message()))
                .suggest("breakfix --print-config   prints every setting, as it is now")
        })
    }

    /// The file as it would be written, with every setting explained.
    pub fn explained(&self) -> String {
        let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
        let place = path();
        let place = place.map_or_else(|| "(no home directory)".to_owned(), |path| path.display().to_string());
        include_str!("words/config.toml")
            .replace("{path}", &place)
            .replace("{theme}", &quoted(self.theme.name()))
            .replace("{mouse}", &self.mouse.to_string())
            .replace("{editor}", &quoted(&self.editor))
            .replace("{pager}", &quoted(&self.pager))
            .replace("{hypothesis}", &self.hypothesis.to_string())
            .replace("{tour}", &self.tour.to_string())
            .replace("{fast-track}", &self.fast_track.to_string())
    }
}

fn path() -> Option<PathBuf> {
    Some(UserDir::Config.path()?.join("config.toml"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config> {
        Config::parse(text, Path::new("/home/me/config.toml"))
    }

    #[test]
    fn what_is_printed_is_read_back() {
        let odd = Config {
            theme: Palette::ColourBlind,
            mouse: true,
            editor: "my \"editor\" -w".into(),
            pager: "less -R".into(),
            hypothesis: false,
            tour: false,
            fast_track: true,
        };
        for config in [Config::default(), odd] {
            assert_eq!(parse(&config.explained()).unwrap(), config);
        }
    }

    #[test]
    fn an_empty_file_changes_nothing_and_one_line_changes_one_thing() {
        assert_eq!(parse("").unwrap(), Config::default());
        assert_eq!(parse("mouse = true\n").unwrap(), Config { mouse: true, ..Config::default() });
        assert_eq!(parse("theme = \"color-blind\"").unwrap().theme, Palette::ColourBlind);
    }

    #[test]
    fn what_is_unknown_is_told_with_its_line() {
        for (text, words) in [
            ("mouse = true\ncolour = 1\n", "config.toml:2: unknown field `colour`"),
            ("# x\n\ntheme = \"pink\"\n", "config.toml:3: unknown variant `pink`"),
            ("mouse = \n", "config.toml:1:"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.what.contains(words), "{text:?}: {}", error.what);
            assert_eq!(error.exit_code(), 2);
        }
    }
}
