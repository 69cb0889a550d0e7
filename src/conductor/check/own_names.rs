//! What a reader of a report has not met: the names and paths of ours that an engine's error tells.

use regex::{Captures, Regex};

use crate::error::Error;

/// An error without the names that a project of ours gives to containers, networks and volumes: nobody who reads it has met them.
pub(super) fn without(mut error: Error, project: &str) -> Error {
    let Ok(names) = Regex::new(&format!(r"{}[-_]([\w-]+)", regex::escape(project))) else { return error };
    // A container has a number behind the service's name.
    let own = |name: &Captures<'_>| name[1].trim_end_matches(|c: char| c.is_ascii_digit() || c == '-').to_owned();
    // Where the engine keeps the copy of what a submission mounts.
    let Ok(paths) = Regex::new(r"[\w./-]+/volumes/[\w.-]+/_data") else { return error };
    for text in std::iter::once(&mut error.what).chain(&mut error.why) {
        *text = names.replace_all(&paths.replace_all(text, "the mounted directory"), own).into_owned();
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_our_own_are_not_told() {
        let error = Error::stack("p-1-flaskapp-1 is not there").why("network p-1_front, p-1-flaskapp, other-p");
        let told = without(error, "p-1");
        assert_eq!(
            (told.what.as_str(), told.why[0].as_str()),
            ("flaskapp is not there", "network front, flaskapp, other-p")
        );
    }
}
