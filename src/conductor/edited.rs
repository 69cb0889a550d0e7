//! Files that were changed in a running container: the lab's files do not hold what the container does.

use std::{collections::BTreeMap, path::Path, time::Duration};

use crate::{
    compose::Service,
    engine::{Container, Engine, ServiceState},
};

/// How long reading one file may take.
const READ_WITHIN: Duration = Duration::from_secs(5);
/// Files of one container that are read.
const MOST: usize = 20;

/// The paths in a container that hold something else than the file of the same name that its image was built from; of nginx, what
/// was put into its settings. An engine that cannot say makes nobody's work wrong: then there are none.
pub(super) async fn edited(engine: &Engine, service: &Service, container: &Container) -> Vec<String> {
    if container.state != ServiceState::Running {
        return Vec::new();
    }
    let Ok(changed) = engine.changed_paths(&container.id).await else { return Vec::new() };
    let files = service.build.as_ref().and_then(|build| build.context_files().ok()).unwrap_or_default();
    let mut edited = Vec::new();
    for path in changed
        .into_iter()
        .filter(|path| is_setting(path) || files.iter().any(|file| is_copy(path, &file.path)))
        .take(MOST)
    {
        let read = engine.exec(&container.id, &["cat", &path], &BTreeMap::new(), READ_WITHIN).await;
        let Ok(text) = read.map(|output| output.stdout) else { continue };
        let same = files.iter().filter(|file| is_copy(&path, &file.path));
        let held = same.filter_map(|file| std::fs::read(&file.absolute).ok()).any(|held| held == text.as_bytes());
        if !held {
            edited.push(path);
        }
    }
    edited
}

/// Whether a file of this name may have become this path.
fn is_copy(path: &str, file: &Path) -> bool {
    let name = Path::new(path).file_name();
    name.is_some() && name == file.file_name()
}

/// Whether nginx reads it, and its image's own start has not written it.
fn is_setting(path: &str) -> bool {
    path.starts_with("/etc/nginx/") && path.ends_with(".conf") && !path.ends_with("/default.conf")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_counts_as_a_file_of_the_lab() {
        assert!(is_copy("/usr/src/app/src/app.py", Path::new("src/app.py")));
        assert!(!is_copy("/usr/src/app/src/__pycache__/app.cpython-313.pyc", Path::new("src/app.py")));
        assert!(is_setting("/etc/nginx/conf.d/flaskapp.conf"));
        assert!(!is_setting("/etc/nginx/conf.d/default.conf"));
        assert!(!is_setting("/run/nginx.pid"));
    }
}
