//! Images of the same family: another version of what we have.

use super::BASE_IMAGES;

/// The base image that is of the same family as this one: another version of the same program, perhaps on another system.
/// Good enough to see whether a stack works; where it does not, the difference may be the reason.
pub(crate) fn relative(image: &str) -> Option<&'static str> {
    let name = image.strip_prefix("docker.io/").unwrap_or(image);
    let name = name.strip_prefix("library/").unwrap_or(name);
    let family = name.split([':', '@']).next()?;
    BASE_IMAGES.into_iter().find(|base| base.split(':').next() == Some(family))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_and_registries_do_not_make_a_family() {
        for image in ["postgres", "postgres:15-alpine", "library/postgres:9.6", "docker.io/library/postgres@sha256:0"] {
            assert_eq!(relative(image), Some("postgres:17"), "{image}");
        }
        assert_eq!(relative("python:3-onbuild"), Some("python:3.13-slim"));
        assert_eq!(relative("nginx:latest"), Some("nginx:1.28"));
        for image in ["mysql:8", "bitnami/postgresql:15", "example.org/nginx:1", "redis"] {
            assert_eq!(relative(image), None, "{image}");
        }
    }
}
