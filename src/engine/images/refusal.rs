//! Why an image was not to be had from a registry, in words, and what to try.

use crate::engine::request::Fault;
use crate::error::Error;

/// Docker's own registry, which names without a registry mean.
pub(super) const HUB: &str = "docker.io";

/// One image that could not be pulled, and why.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    name: String,
    kind: Kind,
    /// The engine's own words.
    detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Unreachable,
    /// It had begun to answer.
    FellSilent,
    EngineGone,
    TooMany,
    Untrusted,
    Login,
    /// A registry that does not tell which of the two it is.
    LoginOrNone,
    NoSuchImage,
    CutOff,
    DiskFull,
    Other,
}

impl Refusal {
    /// What the engine's words mean. `begun`: the registry had answered before.
    pub(super) fn new(name: &str, fault: &Fault, begun: bool) -> Self {
        let detail = fault.message();
        let kind = match fault {
            Fault::NoAnswer(_) if begun => Kind::FellSilent,
            Fault::NoAnswer(_) => Kind::Unreachable,
            Fault::Gone(_) => Kind::EngineGone,
            Fault::Says { .. } | Fault::Other(_) => kind(&detail),
        };
        Self { name: name.into(), kind, detail }
    }

    /// A registry that was silent a short time ago, and is not asked.
    pub(super) fn not_asked(name: &str, seconds: u64, minutes: u64) -> Self {
        let detail = format!("it did not answer {seconds} s ago; the next try is in {minutes} min");
        Self { name: name.into(), kind: Kind::Unreachable, detail }
    }

    /// Nobody answered at all, as opposed to an answer that says no.
    pub(super) fn is_silence(&self) -> bool {
        matches!(self.kind, Kind::Unreachable | Kind::FellSilent)
    }

    /// Whether a stand-in can take the image's place.
    pub(super) fn has_stand_in(&self) -> bool {
        super::has_stand_in(&self.name)
    }

    /// The reason in a few words: `no registry answers`.
    pub(super) fn reason(&self) -> String {
        let words = match self.kind {
            // The engine's configuration may name others in its place.
            Kind::Unreachable if registry(&self.name) == HUB => "no registry answers",
            Kind::Unreachable => return format!("the registry {} does not answer", registry(&self.name)),
            Kind::FellSilent => "the registry stopped in the middle",
            Kind::EngineGone => "the engine went away",
            Kind::TooMany => "the registry has had too many requests from here",
            Kind::Untrusted => "the engine does not trust the registry's certificate",
            Kind::Login => "the registry asks for a login",
            Kind::LoginOrNone => "the registry has no such image, or asks for a login",
            Kind::NoSuchImage => "the registry has no such image",
            Kind::CutOff => "the download was cut off, more than once",
            Kind::DiskFull => "the disk is full",
            Kind::Other => "the pull failed",
        };
        words.into()
    }

    /// What to try, beside building stand-ins.
    fn suggestions(&self) -> Vec<String> {
        let name = &self.name;
        let login = match registry(name) {
            HUB => format!("docker login && docker pull {name}"),
            other => format!("docker login {other} && docker pull {name}"),
        };
        match self.kind {
            Kind::Unreachable | Kind::FellSilent if self.has_stand_in() => vec![],
            Kind::Unreachable | Kind::FellSilent | Kind::CutOff | Kind::Other => {
                vec![format!("docker pull {name}    # once more, by hand")]
            }
            Kind::EngineGone => vec!["breakfix doctor".into()],
            Kind::TooMany => vec![
                format!("{login}    # with an account, more is allowed"),
                format!("docker pull {name}    # in an hour: the count begins anew"),
            ],
            Kind::Untrusted => vec!["add your proxy's CA to the engine's machine and restart Docker".into()],
            Kind::Login => vec![login],
            Kind::NoSuchImage if self.has_stand_in() => vec![],
            Kind::LoginOrNone if self.has_stand_in() => vec![login],
            Kind::NoSuchImage => vec![format!("is there a typing mistake in `{name}`?")],
            Kind::LoginOrNone => vec![format!("is there a typing mistake in `{name}`? If not: {login}")],
            Kind::DiskFull => vec!["docker system df    # what takes the space".into()],
        }
    }
}

/// All refusals as one error.
pub(super) fn error(refusals: &[Refusal]) -> Error {
    let names: Vec<&str> = refusals.iter().map(|refusal| refusal.name.as_str()).collect();
    let mut error = Error::environment(format!("{} can't be pulled", names.join(", ")));
    for refusal in refusals {
        let reason = refusal.reason();
        let alike = refusals.iter().all(|other| other.reason() == reason);
        let whys = [if alike { reason } else { format!("{}: {reason}", refusal.name) }, refusal.detail.clone()];
        for why in whys {
            if !error.why.contains(&why) {
                error.why.push(why);
            }
        }
        for suggestion in refusal.suggestions() {
            if !error.try_next.contains(&suggestion) {
                error.try_next.push(suggestion);
            }
        }
    }
    if refusals.iter().all(Refusal::has_stand_in) {
        error = error.suggest("breakfix images build    # stand-ins from Debian's packages");
    }
    error
}

/// The registry that an image's name means.
pub(super) fn registry(name: &str) -> &str {
    match name.split_once('/') {
        Some((first, _)) if first == "localhost" || first.contains(['.', ':']) => first,
        _ => HUB,
    }
}

fn kind(text: &str) -> Kind {
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if has(&["toomanyrequests", "Too Many Requests", "rate limit", "HTTP 429"]) {
        Kind::TooMany
    } else if has(&["no space left on device"]) {
        Kind::DiskFull
    } else if has(&["x509", "certificate"]) {
        Kind::Untrusted
    } else if has(&["repository does not exist"]) {
        Kind::LoginOrNone
    } else if has(&["unauthorized", "authentication required", "no basic auth", "access denied", "is denied"]) {
        Kind::Login
    } else if has(&[
        "no such host",
        "dial tcp",
        "proxyconnect",
        "connection refused",
        "i/o timeout",
        "network is unreachable",
        "TLS handshake timeout",
        "Client.Timeout",
        "deadline exceeded",
        "request canceled while waiting",
    ]) {
        Kind::Unreachable
    } else if has(&["manifest unknown", "not found", "manifest for"]) {
        Kind::NoSuchImage
    } else if has(&["unexpected EOF", "connection reset", "verification failed", ": EOF"]) || text == "EOF" {
        Kind::CutOff
    } else {
        Kind::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(message: &str) -> Refusal {
        Refusal::new("postgres:17", &Fault::Says { status: 500, message: message.into() }, false)
    }

    #[test]
    fn refusals_are_told_apart() {
        for (message, reason) in [
            ("Get \"https://r/v2/\": dial tcp: lookup r: no such host", "no registry answers"),
            ("net/http: TLS handshake timeout", "no registry answers"),
            (
                "toomanyrequests: You have reached your pull rate limit",
                "the registry has had too many requests from here",
            ),
            ("manifest unknown: manifest unknown", "the registry has no such image"),
            ("unauthorized: authentication required", "the registry asks for a login"),
            (
                "pull access denied for x, repository does not exist or may require 'docker login': denied",
                "the registry has no such image, or asks for a login",
            ),
            ("x509: certificate signed by unknown authority", "the engine does not trust the registry's certificate"),
            ("unexpected EOF", "the download was cut off, more than once"),
            ("open /var/lib/docker/tmp/x: permission denied", "the pull failed"),
            ("manifest for x@sha256:42942900 not found", "the registry has no such image"),
        ] {
            assert_eq!(says(message).reason(), reason, "{message}");
        }
        assert!(says("dial tcp: i/o timeout").is_silence());
        assert!(!says("toomanyrequests: slow down").is_silence());
    }

    #[test]
    fn a_name_tells_its_registry() {
        for (name, means) in [
            ("postgres:17", HUB),
            ("library/postgres:17", HUB),
            ("localhost:5000/nginx", "localhost:5000"),
            ("localhost/nginx", "localhost"),
            ("ghcr.io/a/b:1", "ghcr.io"),
        ] {
            assert_eq!(registry(name), means);
        }
    }

    #[test]
    fn several_images_give_one_error() {
        let silent = |name| Refusal::not_asked(name, 5, 10);
        let alike = error(&[silent("postgres:17"), silent("nginx:1.28")]);
        assert_eq!(alike.what, "postgres:17, nginx:1.28 can't be pulled");
        assert_eq!(alike.why.len(), 2, "{alike}");
        assert_eq!(alike.try_next, ["breakfix images build    # stand-ins from Debian's packages"]);
        let other = Refusal::new("redis:70", &Fault::Other("manifest unknown".into()), true);
        let mixed = error(&[silent("postgres:17"), other]);
        assert!(mixed.why.contains(&"redis:70: the registry has no such image".to_owned()), "{mixed}");
        assert_eq!(mixed.try_next, ["is there a typing mistake in `redis:70`?"]);
    }
}
