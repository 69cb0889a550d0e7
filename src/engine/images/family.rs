//! Images of the same family: another version of what we have.

use super::{BASE_IMAGES, FULL_PYTHON};

/// The images that may take the place of this one, best first: another version of the same program, perhaps on another system.
/// Good enough to see whether a stack works; where it does not, the difference may be the reason.
pub(crate) fn relatives(image: &str) -> Vec<&'static str> {
    let name = image.strip_prefix("docker.io/").unwrap_or(image);
    let name = name.strip_prefix("library/").unwrap_or(name);
    let (family, tag) = name.split_once([':', '@']).unwrap_or((name, "latest"));
    let Some(base) = BASE_IMAGES.into_iter().find(|base| base.split(':').next() == Some(family)) else {
        return vec![];
    };
    // With compilers in it, as all of python's are that do not say that they are small.
    let full = family == "python" && !["slim", "alpine"].iter().any(|small| tag.contains(small));
    full.then_some(FULL_PYTHON).into_iter().chain([base]).filter(|other| *other != image).collect()
}

/// Whether a relative does all that the image does that was asked for: it has the same version, or the tag asks for whatever is
/// newest, and what is built with a compiler has one.
pub(crate) fn is_as_good(other: &str, image: &str) -> bool {
    let tag = |name: &str| name.rsplit_once(':').map_or(String::new(), |(_, tag)| tag.to_owned());
    let (asked, given) = (tag(image), tag(other));
    // Alpine has another C library and other packages.
    if image.contains('@') || asked.contains("alpine") || asked.contains("onbuild") {
        return false;
    }
    let mut variants = asked.split('-');
    let version = variants.next().unwrap_or_default();
    let of = given.split('-').next().unwrap_or_default();
    let whole = of.split('.').next().unwrap_or_default();
    // None, or a word: `latest`, `stable`.
    let newest = version.chars().all(char::is_alphabetic);
    let same = newest
        || version == of
        || version == whole
        || version.strip_prefix(of).is_some_and(|patch| patch.starts_with('.'));
    let small = |tag: &str| tag.contains("slim");
    same && (!other.starts_with("python") || small(&asked) || !small(&given))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_is_what_we_have() {
        for (other, image) in [
            ("python:3.13", "python"),
            ("python:3.13", "python:3"),
            ("python:3.13", "python:3.13.1-bookworm"),
            ("python:3.13-slim", "python:3-slim"),
            ("python:3.13-slim", "docker.io/library/python:slim"),
            ("nginx:1.28", "nginx"),
            ("nginx:1.28", "nginx:1"),
            ("nginx:1.28", "nginx:latest"),
            ("postgres:17", "postgres:17.2-bookworm"),
        ] {
            assert!(is_as_good(other, image), "{image}");
        }
        for (other, image) in [
            ("python:3.13-slim", "python:3"),
            ("python:3.13", "python:3.6"),
            ("python:3.13", "python:3.130"),
            ("python:3.13", "python:2"),
            ("python:3.13-slim", "python:3-alpine"),
            ("nginx:1.28", "nginx:1.13.5"),
            ("nginx:1.28", "nginx:alpine"),
            ("postgres:17", "postgres:9.6.5"),
            ("postgres:17", "postgres@sha256:0"),
        ] {
            assert!(!is_as_good(other, image), "{image}");
        }
    }

    #[test]
    fn tags_and_registries_do_not_make_a_family() {
        for image in ["postgres", "postgres:15-alpine", "library/postgres:9.6", "docker.io/library/postgres@sha256:0"] {
            assert_eq!(relatives(image), ["postgres:17"], "{image}");
        }
        assert_eq!(relatives("nginx:latest"), ["nginx:1.28"]);
        assert_eq!(relatives("redis"), ["redis:8"]);
        for image in ["mysql:8", "bitnami/postgresql:15", "example.org/nginx:1", "memcached", "postgres:17"] {
            assert_eq!(relatives(image), [""; 0], "{image}");
        }
    }

    #[test]
    fn pythons_that_are_not_small_have_compilers() {
        for image in ["python", "python:3", "python:3.6-stretch", "python:3-onbuild"] {
            assert_eq!(relatives(image), ["python:3.13", "python:3.13-slim"], "{image}");
        }
        for image in ["python:3-alpine", "python:3.9-slim-buster"] {
            assert_eq!(relatives(image), ["python:3.13-slim"], "{image}");
        }
        assert_eq!(relatives("python:3.13"), ["python:3.13-slim"]);
    }
}
