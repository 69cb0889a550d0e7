//! As much of URLs as a browser needs that only ever talks to one front door.

/// Where a redirect or a form points, seen from a page of the front door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// A path (with query) behind the same front door.
    Here(String),
    /// Somewhere else, with the reason why that is not the front door.
    Astray(String),
}

/// Resolves `reference` against the page at `base` (a path), where the browser's address bar shows `authority` (`localhost:8080`).
pub(crate) fn resolve(authority: &str, base: &str, reference: &str) -> Target {
    // Browsers drop tabs and line ends, and whitespace around.
    let cleaned: String = reference.trim().chars().filter(|char| !matches!(char, '\t' | '\n' | '\r')).collect();
    let cleaned = cleaned.split('#').next().unwrap_or_default();
    let (scheme, rest) = split_scheme(cleaned);
    let rest = match scheme.as_deref() {
        None => rest,
        Some("http") => rest,
        Some(other) => {
            let why = match other {
                "https" => format!("{reference} asks for https, which is not spoken here"),
                _ => format!("{reference} is no web address"),
            };
            return Target::Astray(why);
        }
    };
    let rest = rest.replace('\\', "/");
    if let Some(after) = rest.strip_prefix("//") {
        let end = after.find(['/', '?']).unwrap_or(after.len());
        let (named, path) = after.split_at(end);
        let named = named.rsplit('@').next().unwrap_or_default();
        return match astray(authority, named) {
            Some(why) => Target::Astray(why),
            None => {
                Target::Here(encode(&normalise(&if path.starts_with('/') { path.into() } else { format!("/{path}") })))
            }
        };
    }
    if scheme.is_some() {
        return Target::Astray(format!("{reference} names no host"));
    }
    let (base_path, _) = split_query(base);
    let joined = if rest.is_empty() {
        base.to_string()
    } else if rest.starts_with('/') {
        rest
    } else if rest.starts_with('?') {
        format!("{base_path}{rest}")
    } else {
        let folder = base_path.rfind('/').map_or("/", |slash| &base_path[..=slash]);
        format!("{folder}{rest}")
    };
    Target::Here(encode(&normalise(&joined)))
}

/// Why a browser that stands at `authority` would not come back to the same door at `named`; `None` when it would.
fn astray(authority: &str, named: &str) -> Option<String> {
    let (door_host, door_port) = host_and_port(authority);
    let (host, port) = host_and_port(named);
    if host.is_empty()
        || host.contains(|char: char| char.is_whitespace() || ",<>^|%[]{}\"".contains(char)) && host != "[::1]"
    {
        return Some(format!("`{named}` is no host name: the browser cannot go there"));
    }
    let Some(port) = port else {
        return Some(format!("`{named}` has no usable port number: the browser cannot go there"));
    };
    if !(host == door_host || is_loopback(&host) && is_loopback(&door_host)) {
        return Some(format!("the browser is sent to the host `{host}`, not back to `{authority}`"));
    }
    if Some(port) != door_port {
        let lost = !named.contains(':');
        return Some(if lost {
            format!("the port is lost: the browser is sent to `{named}`, not back to `{authority}`")
        } else {
            format!("the browser is sent to port {port}, not back to `{authority}`")
        });
    }
    None
}

/// Whether it is a name of this machine itself.
pub(crate) fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.starts_with("127.") || host == "[::1]" || host == "::1"
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

/// Scheme in lower case, and what follows its colon.
fn split_scheme(reference: &str) -> (Option<String>, &str) {
    let Some((scheme, rest)) = reference.split_once(':') else { return (None, reference) };
    let is_scheme = scheme.starts_with(|char: char| char.is_ascii_alphabetic())
        && scheme.chars().all(|char| char.is_ascii_alphanumeric() || "+-.".contains(char));
    if is_scheme { (Some(scheme.to_ascii_lowercase()), rest) } else { (None, reference) }
}

/// Path, and the query with its question mark.
fn split_query(target: &str) -> (&str, &str) {
    target.find('?').map_or((target, ""), |at| target.split_at(at))
}

/// Resolves `.` and `..` in the path.
fn normalise(target: &str) -> String {
    let (path, query) = split_query(target);
    let mut parts: Vec<&str> = Vec::new();
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    for (index, segment) in segments.iter().enumerate() {
        let last = index + 1 == segments.len();
        match *segment {
            "." | ".." => {
                if *segment == ".." {
                    parts.pop();
                }
                if last {
                    parts.push("");
                }
            }
            other => parts.push(other),
        }
    }
    format!("/{}{query}", parts.join("/"))
}

/// Percent-encodes what may not stand in a request line.
fn encode(target: &str) -> String {
    let mut encoded = String::with_capacity(target.len());
    for byte in target.bytes() {
        if byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn here(reference: &str) -> String {
        match resolve("localhost:8080", "/shop/add?x=1", reference) {
            Target::Here(path) => path,
            Target::Astray(why) => panic!("{reference}: {why}"),
        }
    }

    fn astray_because(reference: &str) -> String {
        match resolve("localhost:8080", "/add", reference) {
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
    }

    #[test]
    fn elsewhere() {
        assert!(astray_because("http://localhost,localhost:8080/success").contains("no host name"));
        assert!(astray_because("http://localhost/success").contains("port is lost"));
        assert!(astray_because("http://localhost:5001/success").contains("port 5001"));
        assert!(astray_because("http://flaskapp:5001/success").contains("host `flaskapp`"));
        assert!(
            astray_because("http://localhost:8080:8080/").contains("no host name")
                || astray_because("http://localhost:8080:8080/").contains("host")
        );
        assert!(astray_because("http://localhost:99999/").contains("port number"));
        assert!(astray_because("https://localhost:8080/success").contains("https"));
        assert!(astray_because("javascript:alert(1)").contains("no web address"));
        assert!(astray_because("http://user@evil:8080/").contains("evil"));
        assert!(astray_because("http:///x").contains("no host name"));
    }

    #[test]
    fn addresses() {
        assert_eq!(split_address("http://localhost:8080/"), ("localhost:8080", "/"));
        assert_eq!(split_address("http://localhost:8080"), ("localhost:8080", "/"));
        assert_eq!(host_and_port("[::1]:8080"), ("[::1]".into(), Some(8080)));
        assert_eq!(host_and_port("Flaskapp"), ("flaskapp".into(), Some(80)));
    }
}
