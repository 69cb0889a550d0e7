//! `.dockerignore`, with Docker's own meaning: no gitignore. A pattern counts from the context's root, the last one that
//! matches decides, and what matches a directory matches all below it.

use std::path::Path;

use regex::{Regex, RegexBuilder};

/// A pattern file may hold this many patterns.
const MAX_PATTERNS: usize = 1_000;

/// The patterns of one file.
#[derive(Debug, Default)]
pub(super) struct Ignore {
    patterns: Vec<Pattern>,
}

#[derive(Debug)]
struct Pattern {
    matcher: Regex,
    /// Starts with `!`: what it matches is kept.
    keeps: bool,
}

impl Ignore {
    /// Reads a pattern file. The error names the line from 1 and says what is wrong.
    pub fn parse(text: &str) -> Result<Self, (usize, String)> {
        let mut patterns = vec![];
        for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let line = if line.starts_with('#') { "" } else { line.trim() };
            let (keeps, pattern) = match line.strip_prefix('!') {
                Some(pattern) => (true, pattern.trim()),
                None => (false, line),
            };
            if pattern.is_empty() {
                if keeps {
                    return Err((index + 1, "`!` keeps nothing: a pattern follows it".into()));
                }
                continue;
            }
            if patterns.len() >= MAX_PATTERNS {
                return Err((index + 1, format!("there are more than {MAX_PATTERNS} patterns")));
            }
            let matcher = glob(&clean(pattern)).ok_or_else(|| (index + 1, format!("`{pattern}` is not a pattern")))?;
            patterns.push(Pattern { matcher, keeps });
        }
        Ok(Self { patterns })
    }

    /// True when a path, relative to the context and with `/` between its parts, stays out of the context.
    pub fn ignores(&self, path: &str) -> bool {
        let mut ignored = false;
        for pattern in &self.patterns {
            // Only a pattern that would change the answer has to be asked.
            if pattern.keeps == ignored && prefixes(path).any(|part| pattern.matcher.is_match(part)) {
                ignored = !pattern.keeps;
            }
        }
        ignored
    }

    /// How many bytes the question about a path may have to read.
    pub fn effort(&self, path: &str) -> usize {
        self.patterns.len() * prefixes(path).map(str::len).sum::<usize>()
    }

    /// True when some pattern keeps things: an ignored directory may then hold a file that is not.
    pub fn keeps_some(&self) -> bool {
        self.patterns.iter().any(|pattern| pattern.keeps)
    }
}

/// A path's parents, the outermost first, and the path itself.
fn prefixes(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at]).chain([path])
}

/// `./a//b/../c/` as `a/c`, as Go cleans paths, without a slash at the start.
pub(super) fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = vec![];
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if !matches!(parts.last(), None | Some(&"..")) => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    if parts.is_empty() { ".".into() } else { parts.join("/") }
}

/// A pattern as an expression over whole paths: `*` and `?` stay within a part, `**` crosses them.
pub(super) fn glob(pattern: &str) -> Option<Regex> {
    let mut expression = String::from("^");
    let mut characters = pattern.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '*' if characters.peek() == Some(&'*') => {
                characters.next();
                if characters.peek() == Some(&'/') {
                    characters.next();
                }
                expression.push_str(if characters.peek().is_none() { ".*" } else { "(?:.*/)?" });
            }
            '*' => expression.push_str("[^/]*"),
            '?' => expression.push_str("[^/]"),
            '[' => class(&mut characters, &mut expression)?,
            '\\' => expression.push_str(&regex::escape(&characters.next()?.to_string())),
            other => expression.push_str(&regex::escape(&other.to_string())),
        }
    }
    expression.push('$');
    RegexBuilder::new(&expression).dot_matches_new_line(true).size_limit(1 << 20).build().ok()
}

/// `[abc]`, `[a-z]`, `[^x]`.
fn class(characters: &mut std::iter::Peekable<std::str::Chars>, expression: &mut String) -> Option<()> {
    expression.push('[');
    if characters.peek() == Some(&'^') {
        characters.next();
        expression.push('^');
    }
    let mut empty = true;
    loop {
        match characters.next()? {
            ']' if !empty => break,
            '-' => expression.push('-'),
            '\\' => expression.push_str(&regex::escape(&characters.next()?.to_string())),
            '[' => expression.push_str("\\["),
            other => expression.push_str(&regex::escape(&other.to_string())),
        }
        empty = false;
    }
    expression.push(']');
    Some(())
}

/// True when a path is what a cleaned pattern names, or lies below it.
pub(super) fn matches_or_below(matcher: &Regex, path: &Path) -> bool {
    let path = path.to_string_lossy();
    prefixes(&path).any(|part| matcher.is_match(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept<'p>(patterns: &str, paths: &[&'p str]) -> Vec<&'p str> {
        let ignore = Ignore::parse(patterns).unwrap();
        paths.iter().copied().filter(|path| !ignore.ignores(path)).collect()
    }

    #[test]
    fn patterns_count_from_the_root() {
        assert_eq!(kept("*.md\n", &["a.md", "docs/a.md", "a.py"]), ["docs/a.md", "a.py"]);
        assert_eq!(kept("**/*.md\n", &["a.md", "docs/a.md", "docs/x/a.md", "a.py"]), ["a.py"]);
        assert_eq!(kept("/docs\n", &["docs", "docs/a", "src/docs"]), ["src/docs"]);
        assert_eq!(kept("*/temp*\n", &["a/temporary", "temporary", "a/b/temp"]), ["temporary", "a/b/temp"]);
        assert_eq!(kept("temp?\n", &["tempa", "temp", "tempab"]), ["temp", "tempab"]);
    }

    #[test]
    fn a_directory_takes_all_below_it_and_the_last_pattern_decides() {
        assert_eq!(kept("node_modules\n", &["node_modules/a/b.js", "src/a.js"]), ["src/a.js"]);
        assert_eq!(kept("*.md\n!README.md\n", &["a.md", "README.md"]), ["README.md"]);
        assert_eq!(kept("!README.md\n*.md\n", &["README.md"]), Vec::<&str>::new());
        assert_eq!(kept("*\n!src\n!app.py\n", &["src/a.py", "app.py", "x"]), ["src/a.py", "app.py"]);
        assert_eq!(kept("src/**\n!src/keep/**\n", &["src/a", "src/keep/b"]), ["src/keep/b"]);
    }

    #[test]
    fn comments_spaces_and_classes() {
        assert_eq!(kept("# *\n\n  a.py  \r\n", &["a.py", "b.py"]), ["b.py"]);
        assert_eq!(kept("[a-c].py\n[^x].md\n", &["a.py", "d.py", "y.md", "x.md"]), ["d.py", "x.md"]);
        assert_eq!(kept("\\#a\n", &["#a"]), Vec::<&str>::new());
        assert_eq!(kept("./a/../b/\n", &["b", "a"]), ["a"]);
        assert_eq!(kept("**\n", &["a", "b/c"]), Vec::<&str>::new());
        assert_eq!(kept("**/foo/bar\n", &["foo/bar", "x/foo/bar", "x/foo"]), ["x/foo"]);
        assert_eq!(kept("a.c\n", &["abc"]), ["abc"]);
    }

    #[test]
    fn what_is_no_pattern_is_told_with_its_line() {
        assert_eq!(Ignore::parse("a\n!\n").unwrap_err().0, 2);
        assert_eq!(Ignore::parse("a\nb\n[\n").unwrap_err().0, 3);
        assert_eq!(Ignore::parse("\\").unwrap_err().0, 1);
    }
}
