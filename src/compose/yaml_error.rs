//! What the YAML parser stumbled over, as the mistake that a person made.

use granit_parser::{ErrorKind, Parser, ScanError};

use super::source_map::lines;
use crate::caught;

/// Collections within collections that are looked at.
const MAX_DEPTH: usize = 64;

/// Line and column from 1, what is wrong, what was expected.
pub(super) type Explained = (usize, usize, String, String);

/// A line or column that the parser counts from 0, as people count.
pub(super) fn from_one(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX - 1) + 1
}

/// The mistake behind a syntax error. The parser that compose has says in few words what it cannot read; a second one,
/// which tells more kinds of mistakes apart, is asked for the words.
pub(super) fn explain(error: &libyaml_safer::Error, text: &str) -> Explained {
    let options = granit_parser::options! {
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
        emit_comments: false,
    };
    let second = caught::on_text(|| Parser::new_from_str_with_options(text, options).find_map(Result::err)).flatten();
    let mark = error.problem_mark().map(|mark| (from_one(mark.line), from_one(mark.column)));
    let page = |line| Page { lines: lines(text).collect(), line };
    if let Some(tab) = mark.and_then(|(line, column)| page(line).stray_tab(column)) {
        return tab;
    }
    if let Some(second) = second {
        return by_second(&second, text);
    }
    let (line, column) = mark.unwrap_or((1, 1));
    let explained = page(line).conflict().or_else(|| page(line).by_words(error.problem(), column));
    explained.unwrap_or_else(|| (line, column, format!("this is not YAML: {}", error.problem()), String::new()))
}

fn by_second(error: &ScanError, text: &str) -> Explained {
    let lines: Vec<&str> = lines(text).collect();
    let (line, column) = (error.marker().line().max(1), error.marker().col() + 1);
    let page = Page { lines, line };
    page.conflict()
        .or_else(|| page.tab(error.kind()))
        .or_else(|| page.by_kind(error.kind(), column))
        .unwrap_or_else(|| (line, column, format!("this is not YAML: {}", error.info()), String::new()))
}

/// What is wrong with a line that has no `: `, and the line as it was probably meant.
pub(super) fn colonless(line: &str) -> Option<(&'static str, String)> {
    let line = line.trim().trim_start_matches("- ");
    let word = |text: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
    };
    if let Some((key, value)) = line.split_once(':')
        && word(key)
        && !value.is_empty()
        && !value.starts_with([' ', '\t'])
    {
        return Some(("no space follows the colon", format!("write `{key}: {value}`")));
    }
    match line.split_once([' ', '=']) {
        Some((key, value)) if word(key) && !value.trim().is_empty() && !line.contains(": ") => {
            Some(("this line has no colon", format!("write `{key}: {}`", value.trim())))
        }
        None if word(line) => Some(("this line has no colon", format!("write `{line}:`"))),
        _ => None,
    }
}

/// The file, and the line that the parser stands on.
struct Page<'text> {
    lines: Vec<&'text str>,
    line: usize,
}

impl Page<'_> {
    fn at(&self, line: usize) -> &str {
        line.checked_sub(1).and_then(|index| self.lines.get(index)).copied().unwrap_or_default()
    }

    fn indent(&self, line: usize) -> usize {
        let text = self.at(line);
        text.len() - text.trim_start_matches(' ').len()
    }

    /// The last line above that says something.
    fn above(&self, line: usize) -> Option<usize> {
        (1..line).rev().find(|line| {
            let text = self.at(*line).trim_start();
            !text.is_empty() && !text.starts_with('#')
        })
    }

    /// Marks that a version control system left.
    fn conflict(&self) -> Option<Explained> {
        let marks = ["<<<<<<< ", ">>>>>>> "];
        let at = self.lines.iter().position(|line| marks.iter().any(|mark| line.starts_with(mark)))?;
        let expected = "one of the two versions, without the lines that begin with `<<<<<<<`, `=======` and `>>>>>>>`";
        Some((at + 1, 1, "a merge conflict was left in the file".into(), expected.into()))
    }

    /// A tab where no line begins with more than spaces: on an otherwise empty line, or before a comment.
    fn stray_tab(&self, column: usize) -> Option<Explained> {
        let text = self.at(self.line);
        let at = text.chars().take(column).collect::<Vec<char>>().iter().rposition(|c| *c == '\t')?;
        let before: String = text.chars().take(at).collect();
        let after: String = text.chars().skip(at).collect();
        let rest = after.trim_start();
        if !before.trim().is_empty() || !(rest.is_empty() || rest.starts_with('#')) {
            return None;
        }
        let what = if rest.is_empty() { "on an otherwise empty line" } else { "before a comment" };
        let message = format!("a tab stands {what}, and compose reads none there");
        Some((self.line, at + 1, message, "spaces, or nothing at all".into()))
    }

    /// What only compose's own parser cannot read, by its words.
    fn by_words(&self, problem: &str, column: usize) -> Option<Explained> {
        let (message, expected) = match problem {
            "found character that cannot start any token" => {
                let character = self.at(self.line).chars().nth(column - 1).unwrap_or(' ');
                match character {
                    '\t' => ("a tab stands where YAML wants a space".to_string(), "a space"),
                    other => (format!("a value cannot begin with `{other}`"), "quotes around the value"),
                }
            }
            "mapping values are not allowed in this context" => {
                return self.unexpected_colon(column);
            }
            "could not find expected ':'" => return self.no_colon(self.line).or_else(|| self.bracket()),
            "did not find expected key" => return self.expected_key().or_else(|| self.bracket()),
            _ => return None,
        };
        Some((self.line, column, message, expected.to_string()))
    }

    fn tab(&self, kind: &ErrorKind) -> Option<Explained> {
        let about_tabs = matches!(
            kind,
            ErrorKind::TabNotAllowed
                | ErrorKind::TabInBlockIndentation
                | ErrorKind::TabInIndentation
                | ErrorKind::TabInPlainScalar
                | ErrorKind::TabAtBlockScalarStart
        );
        let indents = |line: &str| {
            let text = line.trim_start_matches([' ', '\t']);
            line[..line.len() - text.len()].find('\t').map(|at| at + 1)
        };
        let near = |line: &usize| about_tabs || (self.line.saturating_sub(1)..=self.line + 1).contains(line);
        let found = (1..=self.lines.len()).filter(near).find_map(|line| Some((line, indents(self.at(line))?)));
        match found {
            Some((line, column)) => {
                let expected = "spaces instead of tabs, two for each level";
                Some((line, column, "a tab indents this line, and YAML allows none there".into(), expected.into()))
            }
            None if about_tabs => {
                let column = self.at(self.line).find('\t').map_or(1, |at| at + 1);
                Some((self.line, column, "a tab stands where YAML wants a space".into(), "a space".into()))
            }
            None => None,
        }
    }

    fn by_kind(&self, kind: &ErrorKind, column: usize) -> Option<Explained> {
        let here = |message: &str, expected: &str| Some((self.line, column, message.to_string(), expected.to_string()));
        match kind {
            ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidSimpleKey => {
                self.bracket().or_else(|| self.unexpected_colon(column))
            }
            ErrorKind::SimpleKeyExpected => self.bracket().or_else(|| self.no_colon(self.line)),
            ErrorKind::InvalidColonPlacement
            | ErrorKind::UnclosedFlowCollection { .. }
            | ErrorKind::ExpectedFlowSequenceSeparator
            | ErrorKind::ExpectedFlowMappingSeparator
            | ErrorKind::UnexpectedEofFlowSequence
            | ErrorKind::UnexpectedEofFlowMapping
            | ErrorKind::BlockEntryInFlowCollection
            | ErrorKind::InvalidFlowScalarIndent => self.bracket().or_else(|| {
                here("a comma or a closing bracket is missing here", "`[a, b]`, or one entry a line with a dash")
            }),
            ErrorKind::MisplacedFlowCollectionEnd => {
                here("this bracket closes nothing", "no bracket, or one that opens")
            }
            ErrorKind::ExpectedBlockMappingKey => self.expected_key(),
            ErrorKind::ExpectedBlockSequenceEntry if self.at(self.line).trim_start().starts_with('-') => {
                let above = self.above(self.line).unwrap_or(self.line);
                let expected = format!("{} spaces before the dash", self.indent(above));
                let message = format!("this dash is not in line with the one on line {above}");
                Some((self.line, self.indent(self.line) + 1, message, expected))
            }
            ErrorKind::ExpectedBlockSequenceEntry => here(
                "this line has no dash, and the lines above it have",
                "a dash before each entry of the list, or the indentation of the key that it belongs to",
            ),
            ErrorKind::BlockSequenceEntryNotAllowed | ErrorKind::InvalidBlockEntryWhitespace => {
                here("a list starts where none can stand", "the dash on a line of its own, below the key")
            }
            ErrorKind::UnclosedQuotedScalar
            | ErrorKind::DocumentIndicatorInQuotedScalar
            | ErrorKind::InvalidQuotedScalarIndent
            | ErrorKind::InvalidTrailingDoubleQuotedScalar
            | ErrorKind::InvalidTrailingSingleQuotedScalar => self.quote(kind, column),
            ErrorKind::UnknownQuotedScalarEscape | ErrorKind::InvalidQuotedScalarHexEscape => {
                let expected = "single quotes, or two backslashes for one";
                here("a backslash in double quotes starts an escape, and this is none", expected)
            }
            ErrorKind::UnexpectedCharacter { character } if character.is_control() => {
                let message = format!("a control character ({}) stands here", character.escape_default());
                here(&message, "plain text")
            }
            ErrorKind::UnexpectedCharacter { character } => {
                here(&format!("a value cannot begin with `{character}`"), "quotes around the value")
            }
            ErrorKind::PlainScalarStartsWithDashFlowIndicator => {
                here("a dash stands before a bracket", "quotes around the value")
            }
            ErrorKind::UnknownAnchor => {
                let name: String = self.at(self.line).chars().skip(column).take_while(|c| !c.is_whitespace()).collect();
                let expected = format!("`&{name}` on an earlier line; quotes, if the star is meant");
                here(&format!("`*{name}` names an anchor that is not there"), &expected)
            }
            ErrorKind::RecursionLimitExceeded => here("this is nested too deep", "at most 64 levels"),
            _ => None,
        }
    }

    /// A colon where no key can be.
    fn unexpected_colon(&self, column: usize) -> Option<Explained> {
        let text = self.at(self.line);
        let before: String = text.chars().take(column - 1).collect();
        if let Some((key, value)) = before.trim_start().split_once(": ") {
            let rest: String = text.chars().skip(column - 1).collect();
            let expected = format!("quotes around the value: `{key}: \"{value}{rest}\"`");
            return Some((self.line, column, "a second colon, with a space behind it".into(), expected));
        }
        let above = self.above(self.line)?;
        self.no_colon(above).or_else(|| {
            let indent = self.indent(self.line);
            (indent > self.indent(above)).then(|| {
                let message = "this line is indented deeper than the one above, which has a value already";
                let expected = format!("{} spaces, as on line {above}", self.indent(above));
                (self.line, indent + 1, message.into(), expected)
            })
        })
    }

    fn no_colon(&self, line: usize) -> Option<Explained> {
        let text = self.at(line);
        if text.trim_end().ends_with(':') || text.contains(": ") {
            return None;
        }
        let (message, expected) = colonless(text)?;
        Some((line, self.indent(line) + 1, message.into(), expected))
    }

    /// A line that continues nothing above it.
    fn expected_key(&self) -> Option<Explained> {
        let (line, indent) = (self.line, self.indent(self.line));
        let dash = |line: usize| self.at(line).trim_start().starts_with("- ") || self.at(line).trim() == "-";
        let above = self.above(line)?;
        if dash(line) {
            let other = (1..line).rev().find(|other| dash(*other) && self.indent(*other).abs_diff(indent) <= 2);
            return Some(match other {
                Some(other) if self.indent(other) != indent => {
                    let expected = format!("{} spaces before the dash, as on line {other}", self.indent(other));
                    (line, indent + 1, format!("this dash is not in line with the one on line {other}"), expected)
                }
                _ if self.at(above).trim_end().ends_with(':') && indent < self.indent(above) => {
                    let expected = format!("{} spaces before the dash", self.indent(above) + 2);
                    (line, indent + 1, format!("this dash stands left of its key on line {above}"), expected)
                }
                _ => {
                    let expected = "`NAME: value` like the lines above, or dashes before all of them".to_string();
                    (line, indent + 1, "a dash among lines that have none".into(), expected)
                }
            });
        }
        let mut levels: Vec<usize> =
            (1..line).filter(|l| !self.at(*l).trim().is_empty()).map(|l| self.indent(l)).collect();
        levels.sort_unstable();
        levels.dedup();
        if levels.contains(&indent) {
            return self.no_colon(line);
        }
        let below = levels.iter().rev().find(|level| **level < indent);
        let over = levels.iter().find(|level| **level > indent);
        let choices: Vec<String> = below.into_iter().chain(over).map(usize::to_string).collect();
        let expected = format!("{} spaces at its start", choices.join(" or "));
        let spaces = if indent == 1 { "1 space".to_string() } else { format!("{indent} spaces") };
        Some((line, indent + 1, format!("this line starts with {spaces}, as no line above it does"), expected))
    }

    /// The quote that was left open: the first line up to here with an odd number of them.
    fn quote(&self, kind: &ErrorKind, column: usize) -> Option<Explained> {
        let quote = if matches!(kind, ErrorKind::InvalidTrailingSingleQuotedScalar) {
            '\''
        } else {
            match self.at(self.line).chars().nth(column - 1) {
                Some('\'') => '\'',
                _ => '"',
            }
        };
        let odd = (1..=self.line).find_map(|line| {
            let text = self.at(line);
            let text = text.find(" #").map_or(text, |at| &text[..at]);
            let text = if text.trim_start().starts_with('#') { "" } else { text };
            let escaped = text.replace("\\\"", "").matches(quote).count();
            (escaped % 2 == 1).then(|| (line, text.chars().take_while(|c| *c != quote).count() + 1))
        });
        if let Some((line, column)) = odd {
            let expected = format!("another {quote} where the value ends");
            return Some((line, column, format!("a {quote} opens here, and nothing closes it"), expected));
        }
        let (message, expected) = match kind {
            ErrorKind::UnclosedQuotedScalar => ("this quote is not closed", "another one where the value ends"),
            _ => (
                "something follows the closing quote",
                "one pair of quotes around the whole value, or a comma between two",
            ),
        };
        Some((self.line, column, message.into(), expected.into()))
    }

    /// The bracket that was left open, when one was.
    fn bracket(&self) -> Option<Explained> {
        let mut open: Vec<(usize, usize, char)> = vec![];
        for line in 1..=self.line {
            let mut quote = None;
            let mut last = ' ';
            for (at, character) in self.at(line).chars().enumerate() {
                match (quote, character) {
                    (Some(q), c) if q == c => quote = None,
                    (Some(_), _) => {}
                    // Quotes and brackets count where a value may begin.
                    (None, '"' | '\'') if matches!(last, ' ' | '[' | '{' | ',') => quote = Some(character),
                    (None, '#') if last == ' ' => break,
                    (None, '[' | '{') if !open.is_empty() || last == ' ' => open.push((line, at + 1, character)),
                    (None, ']' | '}') => {
                        open.pop();
                    }
                    _ => {}
                }
                last = character;
            }
        }
        let (line, column, bracket) = open.pop()?;
        let closing = if bracket == '[' { ']' } else { '}' };
        Some((line, column, format!("this `{bracket}` is not closed"), format!("`{closing}` where it ends")))
    }
}
