//! What a page allows itself: the part of Content-Security-Policy that keeps forms from being sent, and frames from being shown.

use super::url::Url;

/// Whether a page at `page` with these policies may send a form to `target`.
pub(crate) fn allows_form(policies: &[String], page: &Url, target: &Url) -> bool {
    directives(policies).all(|(name, sources)| match name.as_str() {
        "form-action" => sources.iter().any(|source| covers(source, page, target)),
        "sandbox" => sources.iter().any(|word| word == "allow-forms"),
        _ => true,
    })
}

/// Whether a page with these policies, and this `X-Frame-Options`, may be shown in a frame of the same site.
pub(crate) fn allows_framing(policies: &[String], frame_options: Option<&str>, page: &Url) -> bool {
    let ancestors: Vec<bool> = directives(policies)
        .filter(|(name, _)| name == "frame-ancestors")
        .map(|(_, sources)| sources.iter().any(|source| covers(source, page, page)))
        .collect();
    if ancestors.is_empty() {
        return !frame_options.is_some_and(|word| word.trim().eq_ignore_ascii_case("deny"));
    }
    ancestors.iter().all(|allowed| *allowed)
}

/// All directives, those that are given twice in one policy once.
fn directives(policies: &[String]) -> impl Iterator<Item = (String, Vec<String>)> {
    policies.iter().flat_map(|header| header.split(',')).flat_map(|policy| {
        let mut seen: Vec<String> = Vec::new();
        policy.split(';').filter_map(move |directive| {
            let mut words = directive.split_ascii_whitespace().map(str::to_ascii_lowercase);
            let name = words.next()?;
            let first = !seen.contains(&name);
            seen.push(name.clone());
            first.then(|| (name, words.collect()))
        })
    })
}

/// Whether a source expression covers an address.
fn covers(source: &str, page: &Url, target: &Url) -> bool {
    match source {
        "'self'" => page.origin() == target.origin(),
        "*" => true,
        scheme if scheme.ends_with(':') => scheme.trim_end_matches(':') == target.scheme(),
        _ => {
            let (scheme, rest) = source.split_once("://").map_or((None, source), |(scheme, rest)| (Some(scheme), rest));
            let (authority, path) = rest.split_once('/').map_or((rest, ""), |(authority, path)| (authority, path));
            let (host, port) = authority.rsplit_once(':').unwrap_or((authority, ""));
            let name = target.host_str().unwrap_or_default();
            let host_fits = match host.strip_prefix("*.") {
                Some(domain) => name.ends_with(&format!(".{domain}")),
                None => host == "*" || host == name,
            };
            let at = target.port_or_known_default();
            let port_fits = match port {
                "*" => true,
                "" => at == Some(80) || at == Some(443),
                number => number.parse().ok() == at,
            };
            let target_path = target.path().trim_start_matches('/');
            let path_fits = path.is_empty()
                || if path.ends_with('/') { target_path.starts_with(path) } else { target_path == path };
            scheme.is_none_or(|scheme| scheme == target.scheme()) && host_fits && port_fits && path_fits
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::url::at_door;

    #[test]
    fn forms_go_where_the_policy_says() {
        let page = at_door("localhost:8080", "/").unwrap();
        for (policy, allowed) in [
            ("form-action 'none'", false),
            ("default-src 'none'", true),
            ("form-action 'self'", true),
            ("form-action http://localhost:8080", true),
            ("form-action localhost:8080", true),
            ("form-action localhost:*", true),
            ("form-action localhost", false),
            ("form-action https:", false),
            ("form-action http:", true),
            ("form-action", false),
            ("form-action *; form-action 'none'", true),
            ("form-action *, form-action 'none'", false),
            ("sandbox", false),
            ("sandbox allow-forms", true),
        ] {
            assert_eq!(allows_form(&[policy.to_owned()], &page, &page), allowed, "{policy}");
        }
        assert!(allows_form(&[], &page, &page));
    }

    #[test]
    fn frames_may_refuse() {
        let page = at_door("localhost:8080", "/l").unwrap();
        assert!(allows_framing(&[], Some("SAMEORIGIN"), &page));
        assert!(!allows_framing(&[], Some("DENY"), &page));
        assert!(!allows_framing(&["frame-ancestors 'none'".to_owned()], None, &page));
        assert!(allows_framing(&["frame-ancestors 'self'".to_owned()], Some("DENY"), &page));
    }
}
