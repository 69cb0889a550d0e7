//! Where addresses lead, for a browser that only ever talks to one front door.

pub(crate) use url::Url;

/// Where a redirect or a form points, seen from a page of the front door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// Behind the same front door.
    Here(Url),
    /// Somewhere else, with the reason why that is not the front door.
    Astray(String),
}

/// The address of a path behind the front door that is called `authority` (`localhost:8080`).
pub(crate) fn at_door(authority: &str, path: &str) -> Option<Url> {
    Url::parse(&format!("http://{authority}{path}")).ok()
}

/// Path and query.
pub(crate) fn path_of(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

/// Host, and port where it is not the usual one, as the `Host` header names them.
pub(crate) fn authority_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Resolves `reference` against the page at `base`, where the front door is called `authority` (`localhost:8080`).
pub(crate) fn resolve(authority: &str, base: &Url, reference: &str) -> Target {
    let resolved = match base.join(reference) {
        Ok(resolved) => resolved,
        Err(url::ParseError::InvalidPort) => {
            return Target::Astray(format!(
                "`{}` has no usable port number: the browser cannot go there",
                named(reference)
            ));
        }
        Err(_) => {
            return Target::Astray(format!("`{}` is no host name: the browser cannot go there", named(reference)));
        }
    };
    match resolved.scheme() {
        "http" => {}
        "https" => return Target::Astray(format!("{reference} asks for https, which is not spoken here")),
        _ => return Target::Astray(format!("{reference} is no web address")),
    }
    match astray(authority, &resolved) {
        Some(why) => Target::Astray(why),
        None => Target::Here(resolved),
    }
}

/// The host that an address names, as written.
fn named(reference: &str) -> &str {
    let rest = reference.split_once("//").map_or(reference, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

/// Why a browser that stands at `authority` would not come back to the same door at this address; `None` when it would.
fn astray(authority: &str, url: &Url) -> Option<String> {
    let (door_host, door_port) = host_and_port(authority);
    let host = url.host_str().unwrap_or_default();
    let named = authority_of(url);
    // To a URL a comma is a letter like any other; no host has one in its name.
    if host.contains(',') {
        return Some(format!("`{named}` is no host name: the browser cannot go there"));
    }
    if !(host == door_host || is_loopback(host) && is_loopback(&door_host)) {
        return Some(format!("the browser is sent to the host `{host}`, not back to `{authority}`"));
    }
    if url.port_or_known_default() != door_port {
        return Some(if url.port().is_none() {
            format!("the port is lost: the browser is sent to `{named}`, not back to `{authority}`")
        } else {
            format!("the browser is sent to port {}, not back to `{authority}`", url.port().unwrap_or_default())
        });
    }
    None
}

/// Whether it is a name of this machine itself.
pub(crate) fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.ends_with(".localhost") || host.starts_with("127.") || host == "[::1]" || host == "::1"
}

/// Lower-case host, and the port (80 when none is named; `None` when it is no number).
pub(crate) fn host_and_port(authority: &str) -> (String, Option<u16>) {
    let (host, port) = match authority.rfind(':') {
        Some(colon) if !authority[colon..].contains(']') => (&authority[..colon], &authority[colon + 1..]),
        _ => (authority, ""),
    };
    (host.to_ascii_lowercase(), if port.is_empty() { Some(80) } else { port.parse().ok() })
}

/// Authority and path of an `http://` address; the path is `/` at least.
pub(crate) fn split_address(url: &str) -> (&str, &str) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    match rest.find('/') {
        Some(slash) => rest.split_at(slash),
        None => (rest, "/"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(base: &str, reference: &str) -> Target {
        resolve("localhost:8080", &at_door("localhost:8080", base).unwrap(), reference)
    }

    fn here(reference: &str) -> String {
        match from("/shop/add?x=1", reference) {
            Target::Here(url) => path_of(&url),
            Target::Astray(why) => panic!("{reference}: {why}"),
        }
    }

    fn astray_because(reference: &str) -> String {
        match from("/add", reference) {
            Target::Astray(why) => why,
            Target::Here(path) => panic!("{reference} → {path}"),
        }
    }

    #[test]
    fn relative_and_same_door() {
        assert_eq!(here("/success"), "/success");
        assert_eq!(here("success"), "/shop/success");
        assert_eq!(here("../success?y=2#top"), "/success?y=2");
        assert_eq!(here("?page=2"), "/shop/add?page=2");
        assert_eq!(here(""), "/shop/add?x=1");
        assert_eq!(here("http://localhost:8080/success"), "/success");
        assert_eq!(here("HTTP://LOCALHOST:8080"), "/");
        assert_eq!(here("//localhost:8080/a/./b"), "/a/b");
        assert_eq!(here("http://127.0.0.1:8080/success"), "/success");
        assert_eq!(here("/with space/ä"), "/with%20space/%C3%A4");
        assert_eq!(here("/a:b"), "/a:b");
        assert_eq!(here("/..//.."), "/");
        assert_eq!(here("\\success"), "/success");
    }

    #[test]
    fn elsewhere() {
        assert!(astray_because("http://localhost,localhost:8080/success").contains("no host name"));
        assert!(astray_because("http://localhost/success").contains("port is lost"));
        assert!(astray_because("http://localhost:5001/success").contains("port 5001"));
        assert!(astray_because("http://flaskapp:5001/success").contains("host `flaskapp`"));
        assert!(astray_because("http://localhost:8080:8080/").contains("port number"));
        assert!(astray_because("http://localhost:99999/").contains("port number"));
        assert!(astray_because("https://localhost:8080/success").contains("https"));
        assert!(astray_because("javascript:alert(1)").contains("no web address"));
        assert!(astray_because("http://user@evil:8080/").contains("evil"));
        assert!(astray_because("http://a b/x").contains("no host name"));
        assert!(astray_because("http:///x").contains("host `x`"));
    }

    #[test]
    fn addresses() {
        assert_eq!(split_address("http://localhost:8080/"), ("localhost:8080", "/"));
        assert_eq!(split_address("http://localhost:8080"), ("localhost:8080", "/"));
        assert_eq!(host_and_port("[::1]:8080"), ("[::1]".into(), Some(8080)));
        assert_eq!(host_and_port("Flaskapp"), ("flaskapp".into(), Some(80)));
    }
}
