//! The part of style sheets that decides whether text is seen.

use cssparser::{
    AtRuleParser, CowRcStr, DeclarationParser, ParseError, Parser, ParserState, QualifiedRuleParser,
    RuleBodyItemParser, RuleBodyParser, StyleSheetParser, Token,
};
use selectors::{SelectorList, parser::SelectorParseErrorKind};

use super::selector::{self, Html, lower};

/// Rules that are kept of one page.
const MOST_RULES: usize = 5_000;
/// The window that pages are laid out for.
const WINDOW: (f32, f32) = (1280.0, 800.0);

/// A rule: whom it is for, and what it says.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) selectors: SelectorList<Html>,
    pub(super) declarations: Vec<Declaration>,
}

/// One property of interest.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Declaration {
    pub(super) property: Property,
    pub(super) important: bool,
}

/// A property that decides what is seen, and its value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Property {
    Display(String),
    Visibility(String),
    FontSize(Size),
    /// Whether nothing is left of it.
    Opacity(bool),
    /// Whether the text has no colour.
    Color(bool),
    /// Whether contents are skipped.
    ContentVisibility(bool),
    TextTransform(String),
    WhiteSpace(String),
    Content(Vec<Piece>),
    /// Moved out of the window, or cut to nothing.
    OutOfSight(OutOfSight, bool),
}

/// Properties that together move an element out of sight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OutOfSight {
    /// `position: absolute | fixed`
    Positioned,
    /// `left: -9999px`
    Left,
    /// `top: -9999px`
    Top,
    /// `text-indent: -9999px`
    Indent,
    /// `overflow: hidden | clip`
    Cut,
    /// `height: 0`
    NoHeight,
    /// `width: 0`
    NoWidth,
    /// `transform: scale(0)`
    Scaled,
    /// `clip-path: inset(50%)`
    Clipped,
    /// `margin-left: -9999px`
    Margin,
    /// `transform: translateX(-9999px)`
    Moved,
}

/// The size of letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    Zero,
    /// As large as the parent's, or a part of it.
    OfParent,
    Some,
}

/// A part of generated text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Text(String),
    Attribute(String),
}

/// Reads a style sheet.
pub(super) fn sheet(text: &str, rules: &mut Vec<Rule>) {
    let mut input = Parser::new(text);
    read_rules(&mut input, rules);
}

/// Reads what stands in a `style` attribute.
pub(super) fn inline(text: &str) -> Vec<Declaration> {
    declarations(&mut Parser::new(text))
}

/// Whether a medium is a screen of this size.
pub(super) fn is_for_screen(media: &str) -> bool {
    media.trim().is_empty() || media.split(',').any(one_medium)
}

fn read_rules(input: &mut Parser<'_>, rules: &mut Vec<Rule>) {
    for rule in StyleSheetParser::new(input, &mut Sheet).flatten() {
        let room = MOST_RULES.saturating_sub(rules.len());
        rules.extend(rule.into_iter().take(room));
    }
}

fn one_medium(query: &str) -> bool {
    let query = query.trim().to_ascii_lowercase();
    let (negated, query) = match query.strip_prefix("not ") {
        Some(rest) => (true, rest),
        None => (false, query.strip_prefix("only ").unwrap_or(&query)),
    };
    query.split(" and ").map(str::trim).all(one_feature) != negated
}

fn one_feature(feature: &str) -> bool {
    let Some(inner) = feature.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) else {
        return matches!(feature, "all" | "screen");
    };
    let (name, value) = inner.split_once(':').map_or((inner.trim(), ""), |(name, value)| (name.trim(), value.trim()));
    let number = || -> Option<f32> {
        let digits = value.trim_end_matches(|char: char| char.is_ascii_alphabetic());
        let each = if value.ends_with("em") { 16.0 } else { 1.0 };
        digits.trim().parse::<f32>().ok().map(|number| number * each)
    };
    match name {
        "min-width" => number().is_some_and(|least| WINDOW.0 >= least),
        "max-width" => number().is_some_and(|most| WINDOW.0 <= most),
        "min-height" => number().is_some_and(|least| WINDOW.1 >= least),
        "max-height" => number().is_some_and(|most| WINDOW.1 <= most),
        "orientation" => value == "landscape",
        "prefers-color-scheme" => value == "light",
        "prefers-reduced-motion" => value == "no-preference",
        "hover" | "any-hover" => value != "none",
        "pointer" | "any-pointer" => value == "fine" || value.is_empty(),
        "color" | "width" | "height" => value.is_empty(),
        _ => false,
    }
}

/// A style sheet's rules; of one with others in it, those.
struct Sheet;

enum At {
    /// Its rules hold.
    Holds,
    /// They do not, or it holds none.
    Skipped,
}

impl<'i> QualifiedRuleParser<'i> for Sheet {
    type Prelude = SelectorList<Html>;
    type QualifiedRule = Vec<Rule>;
    type Error = SelectorParseErrorKind;

    fn parse_prelude(&mut self, input: &mut Parser<'i>) -> Result<Self::Prelude, ParseError<Self::Error>> {
        selector::parse(input)
    }

    fn parse_block(
        &mut self,
        selectors: Self::Prelude,
        _: &ParserState,
        input: &mut Parser<'i>,
    ) -> Result<Vec<Rule>, ParseError<Self::Error>> {
        let declarations = declarations(input);
        // Most of a style sheet is about beauty.
        Ok(if declarations.is_empty() { Vec::new() } else { vec![Rule { selectors, declarations }] })
    }
}

impl<'i> AtRuleParser<'i> for Sheet {
    type Prelude = At;
    type AtRule = Vec<Rule>;
    type Error = SelectorParseErrorKind;

    fn parse_prelude(&mut self, name: CowRcStr<'i>, input: &mut Parser<'i>) -> Result<At, ParseError<Self::Error>> {
        let start = input.position();
        while input.next().is_ok() {}
        let prelude = input.slice_from(start).trim();
        Ok(match lower(&name).as_str() {
            "media" if is_for_screen(prelude) => At::Holds,
            "supports" if !prelude.to_ascii_lowercase().starts_with("not") => At::Holds,
            "layer" => At::Holds,
            _ => At::Skipped,
        })
    }

    fn rule_without_block(&mut self, _: At, _: &ParserState) -> Result<Vec<Rule>, ()> {
        Ok(Vec::new())
    }

    fn parse_block(
        &mut self,
        at: At,
        _: &ParserState,
        input: &mut Parser<'i>,
    ) -> Result<Vec<Rule>, ParseError<Self::Error>> {
        let mut rules = Vec::new();
        if matches!(at, At::Holds) {
            read_rules(input, &mut rules);
        }
        Ok(rules)
    }
}

/// What stands in one block.
struct Block;

fn declarations(input: &mut Parser<'_>) -> Vec<Declaration> {
    RuleBodyParser::new(input, &mut Block).flatten().flatten().collect()
}

impl<'i> DeclarationParser<'i> for Block {
    type Declaration = Vec<Declaration>;
    type Error = SelectorParseErrorKind;

    fn parse_value(
        &mut self,
        name: CowRcStr<'i>,
        input: &mut Parser<'i>,
        _: &ParserState,
    ) -> Result<Vec<Declaration>, ParseError<Self::Error>> {
        let mut tokens: Vec<Token<'i>> = Vec::new();
        let mut important = false;
        while let Ok(token) = input.next().cloned() {
            match token {
                Token::Delim('!') => important = input.expect_ident_matching("important").is_ok(),
                Token::Function(_) => {
                    tokens.push(token);
                    let inner = input.parse_nested_block(|input| {
                        let mut inner = Vec::new();
                        while let Ok(token) = input.next() {
                            inner.push(token.clone());
                        }
                        Ok::<_, ParseError<Self::Error>>(inner)
                    })?;
                    tokens.extend(inner);
                    tokens.push(Token::CloseParenthesis);
                }
                other => tokens.push(other),
            }
        }
        let properties = properties(&lower(&name), &tokens);
        Ok(properties.into_iter().map(|property| Declaration { property, important }).collect())
    }
}

impl<'i> AtRuleParser<'i> for Block {
    type Prelude = ();
    type AtRule = Vec<Declaration>;
    type Error = SelectorParseErrorKind;
}

impl<'i> QualifiedRuleParser<'i> for Block {
    type Prelude = ();
    type QualifiedRule = Vec<Declaration>;
    type Error = SelectorParseErrorKind;
}

impl RuleBodyItemParser<'_, Vec<Declaration>, SelectorParseErrorKind> for Block {
    fn parse_declarations(&self) -> bool {
        true
    }

    fn parse_qualified(&self) -> bool {
        false
    }
}

/// What a declaration says about being seen; nothing for a value that a browser does not know either.
fn properties(name: &str, tokens: &[Token<'_>]) -> Vec<Property> {
    let word = || match tokens {
        [Token::Ident(word), ..] => Some(lower(word)),
        _ => None,
    };
    let is_word = |words: &[&str]| word().is_some_and(|word| words.contains(&word.as_str()));
    let first = tokens.first();
    let out = |what: OutOfSight, is: bool| vec![Property::OutOfSight(what, is)];
    match name {
        "display" => word().filter(|word| is_display(word)).map(Property::Display).into_iter().collect(),
        "visibility" => word().map(Property::Visibility).into_iter().collect(),
        "font-size" => first.and_then(size).map(Property::FontSize).into_iter().collect(),
        "font" => tokens
            .iter()
            .find_map(|token| match token {
                Token::Number { value, .. } if *value >= 100.0 => None,
                Token::Number { .. } | Token::Dimension { .. } | Token::Percentage { .. } => size(token),
                _ => None,
            })
            .map(Property::FontSize)
            .into_iter()
            .collect(),
        "opacity" => first.and_then(number).map(|value| Property::Opacity(value <= 0.0)).into_iter().collect(),
        "color" => vec![Property::Color(is_transparent(tokens))],
        "content-visibility" => vec![Property::ContentVisibility(is_word(&["hidden"]))],
        "text-transform" => word().map(Property::TextTransform).into_iter().collect(),
        "white-space" => word().map(Property::WhiteSpace).into_iter().collect(),
        "content" => vec![Property::Content(content(tokens))],
        "position" => out(OutOfSight::Positioned, is_word(&["absolute", "fixed"])),
        "left" | "right" | "inset-inline-start" => out(OutOfSight::Left, first.is_some_and(is_far)),
        "top" | "bottom" => out(OutOfSight::Top, first.is_some_and(is_far)),
        "text-indent" => out(OutOfSight::Indent, first.is_some_and(is_far)),
        "overflow" | "overflow-x" | "overflow-y" => out(OutOfSight::Cut, is_word(&["hidden", "clip"])),
        "height" | "max-height" => out(OutOfSight::NoHeight, first.and_then(number) == Some(0.0)),
        "width" | "max-width" => out(OutOfSight::NoWidth, first.and_then(number) == Some(0.0)),
        "margin" | "margin-left" | "margin-top" => out(OutOfSight::Margin, tokens.iter().any(is_far)),
        "transform" => vec![
            Property::OutOfSight(OutOfSight::Scaled, is_call(tokens, "scale", 0.0)),
            Property::OutOfSight(OutOfSight::Moved, is_moved_far(tokens)),
        ],
        "translate" => out(OutOfSight::Moved, tokens.iter().any(is_far)),
        "scale" => out(OutOfSight::Scaled, first.and_then(number) == Some(0.0)),
        "clip-path" => out(OutOfSight::Clipped, is_call(tokens, "inset", 50.0) || is_call(tokens, "circle", 0.0)),
        _ => Vec::new(),
    }
}

fn is_display(word: &str) -> bool {
    matches!(
        word,
        "none"
            | "contents"
            | "block"
            | "inline"
            | "flow-root"
            | "flex"
            | "grid"
            | "list-item"
            | "initial"
            | "inherit"
            | "unset"
            | "revert"
    ) || word.starts_with("inline-")
        || word.starts_with("table")
        || word == "ruby"
}

/// A plain number, or one with a unit; a percentage as the number before its sign.
fn number(token: &Token<'_>) -> Option<f32> {
    match token {
        Token::Number { value, .. } | Token::Dimension { value, .. } => Some(*value),
        Token::Percentage { unit_value, .. } => Some(unit_value * 100.0),
        _ => None,
    }
}

fn size(token: &Token<'_>) -> Option<Size> {
    match token {
        // A length without a unit is none, but for nothing.
        Token::Number { value, .. } => (*value == 0.0).then_some(Size::Zero),
        Token::Dimension { value, .. } if *value < 0.0 => None,
        Token::Dimension { value, .. } if *value == 0.0 => Some(Size::Zero),
        Token::Dimension { unit, .. } if matches!(lower(unit).as_str(), "em" | "ex" | "ch") => Some(Size::OfParent),
        Token::Percentage { unit_value, .. } if *unit_value == 0.0 => Some(Size::Zero),
        Token::Percentage { .. } => Some(Size::OfParent),
        Token::Ident(word) if matches!(lower(word).as_str(), "inherit" | "unset" | "larger" | "smaller") => {
            Some(Size::OfParent)
        }
        Token::Dimension { .. } | Token::Ident(_) => Some(Size::Some),
        _ => None,
    }
}

fn is_transparent(tokens: &[Token<'_>]) -> bool {
    match tokens {
        [Token::Ident(word)] => word.eq_ignore_ascii_case("transparent"),
        [Token::Hash(digits) | Token::IDHash(digits)] => match digits.len() {
            4 => digits.ends_with('0'),
            8 => digits.ends_with("00"),
            _ => false,
        },
        [Token::Function(_), .., last, Token::CloseParenthesis] => {
            let numbers = tokens.iter().filter(|token| number(token).is_some()).count();
            numbers == 4 && number(last) == Some(0.0)
        }
        _ => false,
    }
}

/// Whether a place is far out of the window to the left or above.
fn is_far(token: &Token<'_>) -> bool {
    let each = match token {
        Token::Dimension { unit, .. } => match lower(unit).as_str() {
            "vw" => WINDOW.0 / 100.0,
            "vh" => WINDOW.1 / 100.0,
            "em" | "rem" => 16.0,
            _ => 1.0,
        },
        Token::Percentage { .. } => WINDOW.0 / 100.0,
        _ => 1.0,
    };
    number(token).is_some_and(|value| value * each <= -900.0)
}

/// Whether a `transform` moves what it is for far out of the window.
fn is_moved_far(tokens: &[Token<'_>]) -> bool {
    matches!(tokens, [Token::Function(called), ..] if lower(called).starts_with("translate"))
        && tokens.iter().any(is_far)
}

/// Whether a function of this name is called with this number (a percentage as its number) first.
fn is_call(tokens: &[Token<'_>], name: &str, with: f32) -> bool {
    matches!(tokens, [Token::Function(called), first, ..] if called.eq_ignore_ascii_case(name) && number(first) == Some(with))
}

fn content(tokens: &[Token<'_>]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut tokens = tokens.iter();
    while let Some(token) = tokens.next() {
        match token {
            Token::QuotedString(text) => pieces.push(Piece::Text(text.to_string())),
            Token::Function(name) if name.eq_ignore_ascii_case("attr") => {
                if let Some(Token::Ident(name)) = tokens.next() {
                    pieces.push(Piece::Attribute(lower(name)));
                }
            }
            // What follows a slash is for those who cannot see.
            Token::Delim('/') => break,
            _ => {}
        }
    }
    pieces
}
