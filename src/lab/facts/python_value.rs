//! The value of a Python expression, where it can be told without running the program.

use std::{cell::Cell, collections::BTreeMap};

use super::{
    python::{Module, Modules, matching, split},
    python_tokens::{Kind, Token, tokens},
};

/// Stands in a text for a part that is not known (a password, mostly).
pub(super) const UNKNOWN: char = '\u{fffd}';

/// Longer values are no port, host or address.
const MAX_LENGTH: usize = 2_000;

/// What an expression comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// A text or a number; unknown parts are [`UNKNOWN`].
    Text(String),
    /// `None`, or a variable of the environment that is not set.
    Nothing,
    /// It cannot be told.
    Unknown,
}

impl Value {
    /// The text, if all of it is known.
    pub fn known(self) -> Option<String> {
        match self {
            Self::Text(text) if !text.contains(UNKNOWN) => Some(text),
            _ => None,
        }
    }

    fn part(self) -> String {
        if let Self::Text(text) = self { text } else { UNKNOWN.to_string() }
    }
}

/// Evaluates expressions of some modules under an environment.
pub(super) struct Evaluator<'a> {
    pub modules: &'a Modules,
    /// The program's environment; absent when it is not known.
    pub env: Option<&'a BTreeMap<String, Option<String>>>,
    /// Steps left: definitions that multiply each other end here.
    fuel: Cell<u32>,
}

impl<'a> Evaluator<'a> {
    pub fn new(modules: &'a Modules, env: Option<&'a BTreeMap<String, Option<String>>>) -> Self {
        Self { modules, env, fuel: Cell::new(5_000) }
    }

    /// The value of an expression in a module.
    pub fn value(&self, module: &Module, expression: &[Token]) -> Value {
        self.eval(module, expression, 0)
    }

    fn eval(&self, module: &Module, expression: &[Token], depth: usize) -> Value {
        let fuel = self.fuel.get();
        if fuel == 0 || depth > 24 {
            return Value::Unknown;
        }
        self.fuel.set(fuel - 1);
        let eval = |tokens: &[Token]| self.eval(module, tokens, depth + 1);
        let has = |word: &str| top_level(expression).any(|token| token.name() == Some(word));
        if expression.is_empty() || has("if") || has("lambda") || has("and") || has("not") {
            return Value::Unknown;
        }
        if has("or") {
            for part in split(expression, |token| token.name() == Some("or")) {
                match eval(part) {
                    Value::Nothing => {}
                    Value::Text(text) if text.is_empty() => {}
                    value => return value,
                }
            }
            return Value::Unknown;
        }
        if top_level(expression).skip(1).any(|token| token.is("+")) {
            let parts: Vec<&[Token]> = split(expression, |token| token.is("+"));
            let sum = parts.iter().any(|part| matches!(part, [Token { kind: Kind::Number(_), .. }]));
            return if sum { Value::Unknown } else { joined(parts.into_iter().map(eval)) };
        }
        if let Some(at) = top_level_position(expression, "%").filter(|at| *at > 0) {
            let (template, values) = (&expression[..at], &expression[at + 1..]);
            let Value::Text(template) = eval(template) else { return Value::Unknown };
            return percent(&template, self.items(module, values, depth));
        }
        match expression {
            [first, .., last]
                if first.is("(") && last.is(")") && matching(expression, 0) == Some(expression.len() - 1) =>
            {
                eval(&expression[1..expression.len() - 1])
            }
            [only] => match &only.kind {
                Kind::Number(number) => Value::Text(number.clone()),
                Kind::Name(name) if name == "None" => Value::Nothing,
                Kind::Name(name) => self.variable(module, name, depth),
                Kind::Text { .. } => self.text(module, only, depth),
                _ => Value::Unknown,
            },
            texts if texts.iter().all(|token| token.text().is_some()) => {
                joined(texts.iter().map(|token| self.text(module, token, depth)))
            }
            [.., last] if last.is("]") => self.subscript(module, expression, depth),
            [.., last] if last.is(")") => self.call(module, expression, depth),
            // `config.PORT`, `Config.PORT`: a name that is set in one place only is that one.
            [.., dot, Token { kind: Kind::Name(name), .. }] if dot.is(".") => self.variable(module, name, depth),
            _ => Value::Unknown,
        }
    }

    fn variable(&self, module: &Module, name: &str, depth: usize) -> Value {
        if let Some(expression) = module.assigned(name) {
            return self.eval(module, expression, depth + 1);
        }
        let mut elsewhere = self.modules.iter().filter_map(|other| Some((other, other.assigned(name)?)));
        match (elsewhere.next(), elsewhere.next()) {
            (Some((other, expression)), None) => self.eval(other, expression, depth + 1),
            _ => Value::Unknown,
        }
    }

    fn text(&self, module: &Module, token: &Token, depth: usize) -> Value {
        match &token.kind {
            Kind::Text { value, format: true } => {
                let mut out = String::new();
                let mut rest = value.as_str();
                while let Some(at) = rest.find(['{', '}']) {
                    out.push_str(&rest[..at]);
                    let brace = &rest[at..];
                    if brace.starts_with("{{") || brace.starts_with("}}") {
                        out.push_str(&brace[..1]);
                        rest = &brace[2..];
                        continue;
                    }
                    let Some(end) = brace.find('}') else { return Value::Unknown };
                    // Neither a conversion nor a format changes a port or a host.
                    let inner = brace.get(1..end).unwrap_or_default();
                    let inner = inner.split(['!', ':']).next().unwrap_or(inner);
                    let mut inner = tokens(inner);
                    inner.retain(|token| token.kind != Kind::End);
                    out.push_str(&self.eval(module, &inner, depth + 1).part());
                    rest = &brace[end + 1..];
                }
                limited(out + rest)
            }
            Kind::Text { value, .. } => Value::Text(value.clone()),
            _ => Value::Unknown,
        }
    }

    /// `os.environ["NAME"]`, `app.config["NAME"]`.
    fn subscript(&self, module: &Module, expression: &[Token], depth: usize) -> Value {
        let [path @ .., open, Token { kind: Kind::Text { value: name, .. }, .. }, _] = expression else {
            return Value::Unknown;
        };
        let Some(of) = path.last().and_then(Token::name).filter(|_| open.is("[")) else { return Value::Unknown };
        match of {
            // One that is not set ends the program.
            "environ" => match self.environment(name) {
                Value::Nothing => Value::Unknown,
                value => value,
            },
            "config" => self.variable(module, name, depth),
            _ => Value::Unknown,
        }
    }

    fn call(&self, module: &Module, expression: &[Token], depth: usize) -> Value {
        let Some(open) = expression.iter().position(|token| token.is("(")) else { return Value::Unknown };
        if matching(expression, open) != Some(expression.len() - 1) {
            return Value::Unknown;
        }
        let arguments = self.arguments(module, &expression[open + 1..expression.len() - 1], depth);
        let first = || arguments.first().map_or(Value::Unknown, |(_, value)| value.clone());
        let path = &expression[..open];
        match path {
            [Token { kind: Kind::Name(name), .. }] if name == "int" || name == "str" => first(),
            [.., Token { kind: Kind::Name(name), .. }] if name == "getenv" || is_environ_get(path) => {
                let Value::Text(name) = first() else { return Value::Unknown };
                match self.environment(&name) {
                    Value::Nothing => arguments.get(1).map_or(Value::Nothing, |(_, default)| default.clone()),
                    value => value,
                }
            }
            [template, dot, Token { kind: Kind::Name(name), .. }] if name == "format" && dot.is(".") => {
                let Value::Text(template) = self.eval(module, std::slice::from_ref(template), depth + 1) else {
                    return Value::Unknown;
                };
                formatted(&template, &arguments)
            }
            _ => Value::Unknown,
        }
    }

    fn environment(&self, name: &str) -> Value {
        match self.env.map(|env| env.get(name)) {
            None => Value::Unknown,
            Some(Some(Some(value))) => Value::Text(value.clone()),
            Some(_) => Value::Nothing,
        }
    }

    fn arguments(&self, module: &Module, list: &[Token], depth: usize) -> Vec<(Option<String>, Value)> {
        let parts = split(list, |token| token.is(",")).into_iter().filter(|part| !part.is_empty());
        parts
            .map(|part| match part {
                [Token { kind: Kind::Name(name), .. }, sign, value @ ..] if sign.is("=") => {
                    (Some(name.clone()), self.eval(module, value, depth + 1))
                }
                value => (None, self.eval(module, value, depth + 1)),
            })
            .collect()
    }

    /// The values of a tuple, or of the one expression.
    fn items(&self, module: &Module, expression: &[Token], depth: usize) -> Vec<Value> {
        let inside = match expression {
            [first, inside @ .., last] if first.is("(") && last.is(")") => inside,
            whole => return vec![self.eval(module, whole, depth + 1)],
        };
        self.arguments(module, inside, depth).into_iter().map(|(_, value)| value).collect()
    }
}

fn is_environ_get(path: &[Token]) -> bool {
    matches!(path, [.., environ, dot, get] if environ.name() == Some("environ") && dot.is(".") && get.name() == Some("get"))
}

fn joined(parts: impl Iterator<Item = Value>) -> Value {
    limited(parts.map(Value::part).collect())
}

fn limited(text: String) -> Value {
    if text.len() > MAX_LENGTH { Value::Unknown } else { Value::Text(text) }
}

/// `"%s:%d" % (host, port)`
fn percent(template: &str, values: Vec<Value>) -> Value {
    let mut values = values.into_iter();
    let mut out = String::new();
    let mut chars = template.chars();
    while let Some(c) = chars.next() {
        match c {
            '%' => match chars.next() {
                Some('s' | 'd' | 'i' | 'r') => out.push_str(&values.next().unwrap_or(Value::Unknown).part()),
                Some('%') => out.push('%'),
                _ => return Value::Unknown,
            },
            c => out.push(c),
        }
    }
    limited(out)
}

/// `"{}:{port}".format(host, port=port)`
fn formatted(template: &str, arguments: &[(Option<String>, Value)]) -> Value {
    let mut out = String::new();
    let mut next = 0;
    let mut rest = template;
    while let Some(at) = rest.find('{') {
        out.push_str(&rest[..at]);
        let Some(length) = rest[at..].find('}') else { return Value::Unknown };
        let field = rest[at + 1..at + length].split(['!', ':']).next().unwrap_or_default();
        let found = if field.is_empty() {
            next += 1;
            arguments.get(next - 1).map(|(_, value)| value)
        } else if let Ok(index) = field.parse::<usize>() {
            arguments.get(index).map(|(_, value)| value)
        } else {
            arguments.iter().find(|(name, _)| name.as_deref() == Some(field)).map(|(_, value)| value)
        };
        out.push_str(&found.cloned().unwrap_or(Value::Unknown).part());
        rest = &rest[at + length + 1..];
    }
    limited(out + rest)
}

/// The tokens outside of all brackets.
fn top_level(tokens: &[Token]) -> impl Iterator<Item = &Token> {
    let mut depth = 0_usize;
    tokens.iter().filter(move |token| {
        if token.is("(") || token.is("[") || token.is("{") {
            depth += 1;
            return depth == 1;
        }
        if token.is(")") || token.is("]") || token.is("}") {
            depth = depth.saturating_sub(1);
        }
        depth == 0
    })
}

fn top_level_position(tokens: &[Token], sign: &str) -> Option<usize> {
    let found = top_level(tokens).find(|token| token.is(sign))?;
    tokens.iter().position(|token| std::ptr::eq(token, found))
}
