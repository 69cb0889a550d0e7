//! Where the eye differs from the browser on purpose, each with its reason.

/// A trait of a page, whether only what is seen differs, and why.
const ON_PURPOSE: &[(&str, bool, &str)] = &[];

/// The reason why a page with these traits may be found otherwise.
pub fn reason(traits: &[&'static str], only_seen: bool) -> Option<&'static str> {
    let fits = |(of, seen, _): &&(&str, bool, &str)| traits.contains(of) && (!seen || only_seen);
    ON_PURPOSE.iter().find(fits).map(|(_, _, why)| *why)
}
