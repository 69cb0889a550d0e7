//! A browser's cookies, kept as Chromium keeps them for a site of this machine.

use super::url::{self, Url};

/// Most cookies that are kept, as a bound on what a page can make us hold.
const MOST: usize = 50;
/// Bytes of a cookie's name and value, from which on browsers drop it.
const MOST_BYTES: usize = 4096;

/// Cookies by name, host and path. How long they live is not looked at, but for those that are deleted.
#[derive(Debug, Clone, Default)]
pub(crate) struct CookieJar(Vec<Cookie>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Cookie {
    name: String,
    value: String,
    host: String,
    path: String,
    secure: bool,
}

impl CookieJar {
    /// Takes one `Set-Cookie` header of an answer from this address.
    pub(crate) fn take(&mut self, header: &str, from: &Url) {
        let mut parts = header.split(';').map(str::trim);
        let first = parts.next().unwrap_or_default();
        // Without a sign of equality, it is the value of a cookie without a name.
        let (name, value) = first.split_once('=').unwrap_or(("", first));
        let (name, value) = (name.trim(), value.trim());
        if name.is_empty() && value.is_empty() || name.len() + value.len() > MOST_BYTES || header.contains('\0') {
            return;
        }
        let host = from.host_str().unwrap_or_default().to_owned();
        let folder = match from.path().rfind('/') {
            None | Some(0) => "/",
            Some(slash) => &from.path()[..slash],
        };
        let mut cookie = Cookie { name: name.into(), value: value.into(), host, path: folder.into(), secure: false };
        let (mut deleted, mut for_domain, mut same_site_none) = (None, false, false);
        for attribute in parts {
            let (key, value) = attribute.split_once('=').unwrap_or((attribute, ""));
            let value = value.trim();
            match key.trim().to_ascii_lowercase().as_str() {
                "path" => cookie.path = if value.starts_with('/') { value.into() } else { folder.into() },
                "secure" => cookie.secure = true,
                "samesite" => same_site_none = value.eq_ignore_ascii_case("none"),
                "max-age" => {
                    if let Ok(seconds) = value.parse::<i64>() {
                        deleted = Some(seconds <= 0);
                    }
                }
                // The one without a date is gone; how long others live does not matter here.
                "expires" => deleted = deleted.or(Some(is_long_ago(value))),
                "domain" if !value.is_empty() => {
                    let domain = value.strip_prefix('.').unwrap_or(value).to_ascii_lowercase();
                    // A browser drops what is set for a site that it is not on.
                    if domain != cookie.host {
                        return;
                    }
                    for_domain = true;
                }
                _ => {}
            }
        }
        // To a browser this machine itself is as safe as https.
        let safe = url::is_loopback(&cookie.host);
        let lower = cookie.name.to_ascii_lowercase();
        let promised = same_site_none || lower.starts_with("__secure-") || lower.starts_with("__host-");
        let refused = if cookie.secure { !safe } else { promised }
            || lower.starts_with("__host-") && (for_domain || cookie.path != "/");
        if refused {
            return;
        }
        self.0.retain(|kept| (&kept.name, &kept.host, &kept.path) != (&cookie.name, &cookie.host, &cookie.path));
        if deleted != Some(true) && self.0.len() < MOST {
            self.0.push(cookie);
        }
    }

    /// The `Cookie` header for a request to this address, if any cookie belongs there.
    pub(crate) fn header(&self, to: &Url) -> Option<String> {
        let host = to.host_str().unwrap_or_default();
        let fits = |cookie: &&Cookie| cookie.host == host && covers(&cookie.path, to.path());
        let mut fitting: Vec<&Cookie> = self.0.iter().filter(fits).collect();
        fitting.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let pair = |cookie: &&Cookie| match cookie.name.as_str() {
            "" => cookie.value.clone(),
            name => format!("{name}={}", cookie.value),
        };
        let pairs: Vec<String> = fitting.iter().map(pair).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }
}

/// Whether the year in a date has gone by: `Thu, 01 Jan 1970 00:00:00 GMT`.
fn is_long_ago(date: &str) -> bool {
    let words = date.split([' ', '-', ',']);
    let year = words.filter(|word| word.len() == 4).find_map(|word| word.parse::<u32>().ok());
    year.is_some_and(|year| (1601..2025).contains(&year))
}

fn covers(cookie_path: &str, path: &str) -> bool {
    path == cookie_path
        || path.strip_prefix(cookie_path).is_some_and(|rest| cookie_path.ends_with('/') || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(path: &str) -> Url {
        url::at_door("localhost:8080", path).unwrap()
    }

    fn jar(headers: &[&str]) -> CookieJar {
        let mut jar = CookieJar::default();
        headers.iter().for_each(|header| jar.take(header, &at("/shop/add")));
        jar
    }

    fn sent(headers: &[&str], path: &str) -> Option<String> {
        jar(headers).header(&at(path))
    }

    #[test]
    fn a_session_comes_back() {
        let jar = jar(&["session=eyJ.a=b; HttpOnly; Path=/; SameSite=Lax", "lang=en; path=/"]);
        assert_eq!(jar.header(&at("/add")).as_deref(), Some("session=eyJ.a=b; lang=en"));
        assert_eq!(jar.header(&url::at_door("127.0.0.1:8080", "/add").unwrap()), None, "another host, to a browser");
    }

    #[test]
    fn paths_and_the_default_path() {
        let headers = ["a=1", "b=2; Path=/shop/add", "c=3; Path=/admin"];
        assert_eq!(sent(&headers, "/shop/add?x=1").as_deref(), Some("b=2; a=1"));
        assert_eq!(sent(&headers, "/shopping"), None);
        assert_eq!(sent(&headers, "/admin/x").as_deref(), Some("c=3"));
    }

    #[test]
    fn later_replaces_and_what_has_expired_is_deleted() {
        assert_eq!(sent(&["a=1; path=/", "a=2; path=/"], "/").as_deref(), Some("a=2"));
        assert_eq!(sent(&["a=1; path=/", "a=; path=/; Max-Age=0"], "/"), None);
        assert_eq!(sent(&["a=1; path=/", "a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; path=/"], "/"), None);
        assert_eq!(sent(&["a=1; Expires=Thu, 01 Jan 2099 00:00:00 GMT; path=/"], "/").as_deref(), Some("a=1"));
    }

    #[test]
    fn other_domains_and_nonsense_are_dropped() {
        let headers = ["a=1; Domain=example.com; Path=/", "=", "b=2; Domain=localhost; path=/"];
        assert_eq!(sent(&headers, "/").as_deref(), Some("b=2"));
    }

    #[test]
    fn names_and_attributes_that_promise_safety_have_to_keep_it() {
        for (header, kept) in [
            ("a=1; Secure; Path=/", true),
            ("a=1; SameSite=None; Path=/", false),
            ("a=1; SameSite=None; Secure; Path=/", true),
            ("__Host-a=1; Secure; Path=/", true),
            ("__Host-a=1; Path=/", false),
            ("__Host-a=1; Secure", false),
            ("__Host-a=1; Secure; Path=/; Domain=localhost", false),
            ("__Secure-a=1; Path=/", false),
            ("__Secure-a=1; Secure; Path=/", true),
        ] {
            assert_eq!(sent(&[header], "/").is_some(), kept, "{header}");
        }
    }

    #[test]
    fn bounded() {
        let mut jar = CookieJar::default();
        (0..1000).for_each(|n| jar.take(&format!("n{n}=1; path=/"), &at("/")));
        assert_eq!(jar.header(&at("/")).unwrap().split("; ").count(), MOST);
    }
}
