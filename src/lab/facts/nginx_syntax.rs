//! nginx's configuration syntax: words, quotes, comments, blocks.

/// One directive, simple or with a block.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Directive {
    pub name: String,
    pub args: Vec<String>,
    pub line: usize,
    pub block: Vec<Directive>,
}

impl Directive {
    /// The directives with this name directly inside.
    pub fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Directive> {
        self.block.iter().filter(move |directive| directive.name == name)
    }

    /// All directives with this name at any depth inside, in order.
    pub fn all<'a>(&'a self, name: &str, found: &mut Vec<&'a Directive>) {
        for directive in &self.block {
            if directive.name == name {
                found.push(directive);
            }
            directive.all(name, found);
        }
    }
}

/// Deeper nesting than any configuration has is passed over.
const MAX_DEPTH: usize = 16;

enum Token {
    Word(String),
    Open,
    Close,
    End,
}

/// Reads a configuration as far as it can be read, as one directive that holds all the others.
pub(super) fn parse(text: &str) -> Directive {
    let mut open = vec![Directive::default()];
    let mut words: Vec<String> = Vec::new();
    let mut line = 1;
    let mut first_line = 1;
    let mut too_deep = 0;
    let mut chars = text.chars().peekable();
    while let Some(token) = next(&mut chars, &mut line) {
        match token {
            Token::Word(word) => {
                if words.is_empty() {
                    first_line = line;
                }
                words.push(word);
            }
            Token::End | Token::Open => {
                let mut drained = words.drain(..);
                let name = drained.next().unwrap_or_default();
                let directive = Directive { name, args: drained.collect(), line: first_line, block: Vec::new() };
                match token {
                    Token::Open if open.len() < MAX_DEPTH && too_deep == 0 => open.push(directive),
                    Token::Open => too_deep += 1,
                    _ if directive.name.is_empty() || too_deep > 0 => {}
                    _ => push(&mut open, directive),
                }
            }
            Token::Close if too_deep > 0 => too_deep -= 1,
            Token::Close => {
                words.clear();
                if open.len() > 1
                    && let Some(closed) = open.pop()
                {
                    push(&mut open, closed);
                }
            }
        }
    }
    // Blocks that were never closed still hold what was read.
    while open.len() > 1 {
        if let Some(closed) = open.pop() {
            push(&mut open, closed);
        }
    }
    open.pop().unwrap_or_default()
}

fn push(open: &mut [Directive], directive: Directive) {
    if let Some(parent) = open.last_mut() {
        parent.block.push(directive);
    }
}

fn next(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, line: &mut usize) -> Option<Token> {
    loop {
        match chars.next()? {
            '\n' => *line += 1,
            c if c.is_whitespace() => {}
            '#' => while chars.next_if(|c| *c != '\n').is_some() {},
            ';' => return Some(Token::End),
            '{' => return Some(Token::Open),
            '}' => return Some(Token::Close),
            quote @ ('"' | '\'') => return Some(Token::Word(quoted(chars, quote, line))),
            first => {
                let mut word = String::from(first);
                while let Some(c) = chars.next_if(|c| !c.is_whitespace() && !matches!(c, ';' | '{' | '}')) {
                    word.push(c);
                    if c == '\\' {
                        word.extend(chars.next_if(|c| *c != '\n'));
                    }
                    // `${name}` is part of the word, braces and all.
                    if c == '$' && chars.peek() == Some(&'{') {
                        variable(chars, &mut word);
                    }
                }
                if first == '$' && word == "$" && chars.peek() == Some(&'{') {
                    variable(chars, &mut word);
                    while let Some(c) = chars.next_if(|c| !c.is_whitespace() && !matches!(c, ';' | '{' | '}')) {
                        word.push(c);
                    }
                }
                return Some(Token::Word(word));
            }
        }
    }
}

fn variable(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, word: &mut String) {
    while let Some(c) = chars.next_if(|c| *c != '\n' && *c != ';') {
        word.push(c);
        if c == '}' {
            return;
        }
    }
}

fn quoted(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, quote: char, line: &mut usize) -> String {
    let mut word = String::new();
    while let Some(c) = chars.next() {
        match c {
            '\\' => word.extend(chars.next()),
            c if c == quote => break,
            c => {
                *line += usize::from(c == '\n');
                word.push(c);
            }
        }
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_words_quotes_and_comments_are_told_apart() {
        let text = "# listen 1;\nserver {\n  listen 80; # listen 2;\n  location ~ \"^/a;b\" {\n    set $x 'y z';\n    proxy_pass http://${x}:1/${a};\n  }\n}\nuser x;";
        let root = parse(text);
        assert_eq!(root.block.len(), 2);
        let server = &root.block[0];
        assert_eq!((server.name.as_str(), server.line), ("server", 2));
        assert_eq!((server.block[0].args.clone(), server.block[0].line), (vec!["80".to_owned()], 3));
        let location = &server.block[1];
        assert_eq!(location.args, ["~", "^/a;b"]);
        assert_eq!(location.block[0].args, ["$x", "y z"]);
        assert_eq!(location.block[1].args, ["http://${x}:1/${a}"]);
        assert_eq!(root.block[1].name, "user");
    }

    #[test]
    fn broken_text_gives_what_could_be_read() {
        assert_eq!(parse("server { listen 80; location / { proxy_pass http://a;").block[0].block.len(), 2);
        assert_eq!(parse("} } listen 80; \"").block.len(), 1);
        assert_eq!(parse(&"{".repeat(100_000)).block.len(), 1);
        assert_eq!(parse("${a}b c;").block[0].name, "${a}b");
    }
}
