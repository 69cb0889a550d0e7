//! A browser's cookies for one site.

/// Most cookies that are kept, as a bound on what a page can make us hold.
const MOST: usize = 50;

/// Cookies by name and path. How long they live is not looked at, but for those that are deleted.
#[derive(Debug, Clone, Default)]
pub(crate) struct CookieJar(Vec<Cookie>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Cookie {
    name: String,
    value: String,
    path: String,
}

impl CookieJar {
    /// Takes one `Set-Cookie` header of an answer to a request for `path` at `host`.
    pub(crate) fn take(&mut self, header: &str, host: &str, path: &str) {
        let mut parts = header.split(';').map(str::trim);
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else { return };
        if name.trim().is_empty() || header.len() > 4096 {
            return;
        }
        let path = path.split('?').next().unwrap_or("/");
        let folder = match path.rfind('/') {
            None | Some(0) => "/",
            Some(slash) => &path[..slash],
        };
        let mut cookie = Cookie { name: name.trim().into(), value: value.trim().into(), path: folder.into() };
        let mut deleted = false;
        for attribute in parts {
            let (key, value) = attribute.split_once('=').unwrap_or((attribute, ""));
            match key.trim().to_ascii_lowercase().as_str() {
                "path" if value.starts_with('/') => cookie.path = value.into(),
                "max-age" => deleted |= value.trim().parse::<i64>().is_ok_and(|seconds| seconds <= 0),
                "domain" => {
                    let domain = value.trim_start_matches('.').to_ascii_lowercase();
                    // A browser drops what is set for a site that it is not on.
                    if !domain.is_empty() && domain != host {
                        return;
                    }
                }
                _ => {}
            }
        }
        self.0.retain(|kept| (&kept.name, &kept.path) != (&cookie.name, &cookie.path));
        if !deleted && self.0.len() < MOST {
            self.0.push(cookie);
        }
    }

    /// The `Cookie` header for a request of `path`, if any cookie belongs there.
    pub(crate) fn header(&self, path: &str) -> Option<String> {
        let path = path.split('?').next().unwrap_or("/");
        let mut fitting: Vec<&Cookie> = self.0.iter().filter(|cookie| covers(&cookie.path, path)).collect();
        fitting.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let pairs: Vec<String> = fitting.iter().map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }
}

fn covers(cookie_path: &str, path: &str) -> bool {
    path == cookie_path
        || path.strip_prefix(cookie_path).is_some_and(|rest| cookie_path.ends_with('/') || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jar(headers: &[&str]) -> CookieJar {
        let mut jar = CookieJar::default();
        headers.iter().for_each(|header| jar.take(header, "localhost", "/shop/add"));
        jar
    }

    #[test]
    fn a_session_comes_back() {
        let jar = jar(&["session=eyJ.a=b; HttpOnly; Path=/; SameSite=Lax", "lang=en; path=/"]);
        assert_eq!(jar.header("/add").as_deref(), Some("session=eyJ.a=b; lang=en"));
    }

    #[test]
    fn paths_and_the_default_path() {
        let jar = jar(&["a=1", "b=2; Path=/shop/add", "c=3; Path=/admin"]);
        assert_eq!(jar.header("/shop/add?x=1").as_deref(), Some("b=2; a=1"));
        assert_eq!(jar.header("/shopping"), None);
        assert_eq!(jar.header("/admin/x").as_deref(), Some("c=3"));
    }

    #[test]
    fn later_replaces_and_max_age_deletes() {
        assert_eq!(jar(&["a=1; path=/", "a=2; path=/"]).header("/").as_deref(), Some("a=2"));
        assert_eq!(jar(&["a=1; path=/", "a=; path=/; Max-Age=0"]).header("/"), None);
    }

    #[test]
    fn other_domains_and_nonsense_are_dropped() {
        let jar = jar(&["a=1; Domain=example.com; Path=/", "nonsense", "=x", "b=2; Domain=localhost; path=/"]);
        assert_eq!(jar.header("/").as_deref(), Some("b=2"));
    }

    #[test]
    fn bounded() {
        let mut jar = CookieJar::default();
        (0..1000).for_each(|n| jar.take(&format!("n{n}=1; path=/"), "localhost", "/"));
        assert_eq!(jar.header("/").unwrap().split("; ").count(), MOST);
    }
}
