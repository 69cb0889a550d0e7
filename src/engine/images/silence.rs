//! The memory that a registry did not answer, so that the next start need not wait for it again.

use std::{
    path::PathBuf,
    time::{Duration, SystemTime},
};

use crate::user_dirs::UserDir;

/// How long a registry that gave no answer is left alone.
pub(super) const LEFT_ALONE: Duration = Duration::from_secs(10 * 60);

/// One registry as one engine sees it: a file, whose age is the time since nobody answered.
pub(super) struct Silence(Option<PathBuf>);

impl Silence {
    pub(super) fn of(engine: &str, registry: &str) -> Self {
        let plain = |text: &str| -> String {
            text.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).collect()
        };
        let name = format!("silent-{}-for-{}", plain(registry), plain(engine));
        Self(UserDir::Cache.path().map(|dir| dir.join(name)))
    }

    /// How long ago nobody answered, while that still counts.
    pub(super) fn lasting(&self) -> Option<Duration> {
        let written = std::fs::metadata(self.0.as_ref()?).ok()?.modified().ok()?;
        SystemTime::now().duration_since(written).ok().filter(|since| *since < LEFT_ALONE)
    }

    // Only a convenience: where the file can't be written, the next start asks once more.
    pub(super) fn keep(&self) {
        if let Some(path) = &self.0 {
            let _ = path.parent().map(std::fs::create_dir_all);
            let _ = std::fs::write(path, "");
        }
    }

    pub(super) fn forget(&self) {
        if let Some(path) = &self.0 {
            let _ = std::fs::remove_file(path);
        }
    }
}
