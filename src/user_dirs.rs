//! Where this program keeps what is a user's own: the directories of the XDG Base Directory Specification, on every system.
//! <https://specifications.freedesktop.org/basedir-spec/latest/>

use std::{ffi::OsString, path::PathBuf};

/// What is kept, and so where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UserDir {
    /// What can be made anew: `$XDG_CACHE_HOME`, else `~/.cache`.
    Cache,
    /// What the user has chosen: `$XDG_CONFIG_HOME`, else `~/.config`.
    Config,
    /// What the user has put there: `$XDG_DATA_HOME`, else `~/.local/share`.
    Data,
    /// What has happened: `$XDG_STATE_HOME`, else `~/.local/state`.
    State,
}

impl UserDir {
    /// This program's own directory of this kind; `None` where the user has no home.
    pub(crate) fn path(self) -> Option<PathBuf> {
        self.by(|name| {
            let set = std::env::var_os(name).filter(|value| !value.is_empty());
            // Whoever has no $HOME may have a home all the same: the system's list of users knows it.
            set.or_else(|| (name == "HOME").then(std::env::home_dir).flatten().map(Into::into))
        })
    }

    /// The same, where these variables are set.
    fn by(self, variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
        let (name, below_home) = match self {
            Self::Cache => ("XDG_CACHE_HOME", ".cache"),
            Self::Config => ("XDG_CONFIG_HOME", ".config"),
            Self::Data => ("XDG_DATA_HOME", ".local/share"),
            Self::State => ("XDG_STATE_HOME", ".local/state"),
        };
        let named = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        // "All paths must be absolute. If an implementation encounters a relative path […] it should ignore it."
        let base = named(name).filter(|path| path.is_absolute());
        let base = base.or_else(|| Some(named("HOME")?.join(below_home)))?;
        Some(base.join("breakfix"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_where_such_files_are() {
        let with = |dir: UserDir, xdg: &str, home: &str| {
            let (xdg, home) = (xdg.to_owned(), home.to_owned());
            dir.by(move |name| match name {
                "HOME" => Some(home.clone().into()),
                name if name.starts_with("XDG_") => Some(xdg.clone().into()),
                _ => None,
            })
        };
        for (dir, below_home) in [
            (UserDir::Cache, "/h/.cache/breakfix"),
            (UserDir::Config, "/h/.config/breakfix"),
            (UserDir::Data, "/h/.local/share/breakfix"),
            (UserDir::State, "/h/.local/state/breakfix"),
        ] {
            assert_eq!(with(dir, "/x", "/h"), Some("/x/breakfix".into()));
            for relative in ["", "relative"] {
                assert_eq!(with(dir, relative, "/h"), Some(below_home.into()));
            }
            assert_eq!(with(dir, "", ""), None);
        }
    }
}
