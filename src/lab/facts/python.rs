//! Python modules as tokens: their assignments and their calls.

use std::collections::BTreeMap;

use super::python_tokens::{Kind, Token, tokens};

/// More modules than this are not read: no shop has them.
const MAX_MODULES: usize = 200;

/// One module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Module {
    /// Path inside the stack.
    pub path: String,
    pub tokens: Vec<Token>,
}

/// The modules of a program, by path.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Modules(Vec<Module>);

/// A call in a module.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call<'a> {
    pub module: &'a Module,
    /// What is called, as tokens: `app . run`.
    pub path: &'a [Token],
    /// Between the brackets.
    arguments: &'a [Token],
}

impl Modules {
    /// The `.py` files below `prefix`.
    pub fn of(texts: &BTreeMap<String, String>, prefix: &str) -> Self {
        let python =
            |path: &str| path.ends_with(".py") && (prefix.is_empty() || path.starts_with(&format!("{prefix}/")));
        let files = texts.iter().filter(|(path, _)| python(path)).take(MAX_MODULES);
        Self(files.map(|(path, text)| Module::new(path, text)).collect())
    }

    pub fn iter(&self) -> impl Iterator<Item = &Module> {
        self.0.iter()
    }

    /// The module that a command in a container means by this path: the one with the longest common end.
    pub fn meant(&self, path: &str) -> Option<&Module> {
        let mut wanted = path.trim_start_matches("./").trim_start_matches('/');
        loop {
            let ends = |module: &&Module| {
                module.path == wanted || module.path.strip_suffix(wanted).is_some_and(|before| before.ends_with('/'))
            };
            if let Some(module) = self.iter().filter(ends).min_by_key(|module| module.path.len()) {
                return Some(module);
            }
            wanted = wanted.split_once('/')?.1;
        }
    }
}

impl Module {
    pub fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), tokens: tokens(text) }
    }

    /// The expression that this name is given last, by a plain assignment or as a key of a configuration.
    pub fn assigned(&self, name: &str) -> Option<&[Token]> {
        let at = (0..self.tokens.len()).rev().find(|at| self.is_assignment(*at, name))?;
        let sign = at + self.tokens[at..].iter().position(|token| token.is("="))?;
        let end = sign + 1 + statement_end(&self.tokens[sign + 1..]);
        Some(&self.tokens[sign + 1..end])
    }

    /// `NAME = …`, `NAME: int = …`, `….config["NAME"] = …`, at the start of a statement.
    fn is_assignment(&self, at: usize, name: &str) -> bool {
        let tokens = &self.tokens;
        let is = |offset: usize, sign: &str| tokens.get(at + offset).is_some_and(|token| token.is(sign));
        if tokens[at].name() == Some(name) {
            let starts = at == 0 || matches!(tokens[at - 1].kind, Kind::End);
            let annotated = is(1, ":") && tokens.get(at + 2).is_some_and(|token| token.name().is_some()) && is(3, "=");
            return starts && (is(1, "=") || annotated);
        }
        tokens[at].text() == Some(name) && at > 0 && tokens[at - 1].is("[") && is(1, "]") && is(2, "=")
    }

    /// The calls whose last name is one of these, in order.
    pub fn calls<'a>(&'a self, names: &'a [&str]) -> impl Iterator<Item = Call<'a>> {
        self.tokens.iter().enumerate().filter_map(move |(at, token)| {
            let named = token.name().is_some_and(|name| names.contains(&name));
            if !named || !self.tokens.get(at + 1).is_some_and(|next| next.is("(")) {
                return None;
            }
            let mut start = at;
            while start >= 2 && self.tokens[start - 1].is(".") {
                start -= 2;
                if self.tokens[start].is(")") || self.tokens[start].is("]") {
                    // `create_app().run(…)`: what is before the bracket does not matter.
                    break;
                }
            }
            let defines = start > 0 && matches!(self.tokens[start - 1].name(), Some("def" | "class"));
            let end = matching(&self.tokens, at + 1)?;
            let call = Call { module: self, path: &self.tokens[start..=at], arguments: &self.tokens[at + 2..end] };
            (!defines).then_some(call)
        })
    }
}

impl<'a> Call<'a> {
    /// The line of the call.
    pub fn line(&self) -> usize {
        self.path.first().map_or(1, |token| token.line)
    }

    /// The expression of the argument with this name, or at this position.
    pub fn argument(&self, name: &str, position: Option<usize>) -> Option<&'a [Token]> {
        let mut positional = 0;
        for part in split(self.arguments, |token| token.is(",")) {
            match part {
                [] => {}
                [first, sign, value @ ..] if first.name().is_some() && sign.is("=") => {
                    if first.name() == Some(name) {
                        return Some(value);
                    }
                }
                value => {
                    if Some(positional) == position {
                        return Some(value);
                    }
                    positional += 1;
                }
            }
        }
        None
    }

    /// Whether arguments are spread into it, so that an absent one may be there all the same.
    pub fn spreads(&self) -> bool {
        split(self.arguments, |token| token.is(","))
            .iter()
            .any(|part| part.first().is_some_and(|token| token.is("*") || token.is("**")))
    }
}

/// Splits at the tokens outside of all brackets for which `at` holds.
pub(super) fn split(tokens: &[Token], at: impl Fn(&Token) -> bool) -> Vec<&[Token]> {
    let mut parts = Vec::new();
    let (mut start, mut depth) = (0, 0_usize);
    for (index, token) in tokens.iter().enumerate() {
        if token.is("(") || token.is("[") || token.is("{") {
            depth += 1;
        } else if token.is(")") || token.is("]") || token.is("}") {
            depth = depth.saturating_sub(1);
        } else if depth == 0 && at(token) {
            parts.push(&tokens[start..index]);
            start = index + 1;
        }
    }
    parts.push(&tokens[start..]);
    parts
}

/// The position of the bracket that closes the one at `open`.
pub(super) fn matching(tokens: &[Token], open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate().skip(open) {
        if token.is("(") || token.is("[") || token.is("{") {
            depth += 1;
        } else if token.is(")") || token.is("]") || token.is("}") {
            depth = depth.checked_sub(1)?;
            if depth == 0 {
                return Some(index);
            }
        }
    }
    None
}

fn statement_end(tokens: &[Token]) -> usize {
    tokens.iter().position(|token| token.kind == Kind::End).unwrap_or(tokens.len())
}
