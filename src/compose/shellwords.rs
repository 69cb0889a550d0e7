//! A command as a line, cut into words as compose cuts it: by the rules of the library go-shellwords, which are not those
//! of a shell. At `&`, `;`, `|`, `<` and `>` the line ends.

/// The words of a line, and what of it is left out, if anything is; none where a quote or parenthesis is not closed.
pub(super) fn split(line: &str) -> Option<(Vec<String>, Option<&str>)> {
    let mut words = vec![];
    let mut word = String::new();
    // Whether something stands in the word, be it but a pair of quotes.
    let mut open = false;
    let (mut escaped, mut double, mut single, mut back, mut dollar) = (false, false, false, false, false);
    let mut left_out = None;
    for (at, character) in line.char_indices() {
        if escaped {
            word.push(character);
            (escaped, open) = (false, true);
            continue;
        }
        match character {
            '\\' if single => word.push(character),
            '\\' => escaped = true,
            ' ' | '\t' | '\r' | '\n' => {
                if single || double || back || dollar {
                    word.push(character);
                } else if open {
                    words.push(std::mem::take(&mut word));
                    open = false;
                }
            }
            '"' if !single && !dollar => {
                open |= double;
                double = !double;
            }
            '\'' if !double && !dollar => {
                open |= single;
                single = !single;
            }
            '(' if !single && !double && !back => {
                if dollar || !word.ends_with('$') {
                    return None;
                }
                dollar = true;
                word.push(character);
            }
            ';' | '&' | '|' | '<' | '>' if !(single || double || back || dollar) => {
                // A number before `>` names what is redirected.
                open &= !(character == '>' && word.starts_with(|c: char| c.is_ascii_digit()));
                left_out = Some(&line[at..]);
                break;
            }
            other => {
                match other {
                    '`' if !single && !double && !dollar => back = !back,
                    ')' if !single && !double && !back => dollar = !dollar,
                    _ => {}
                }
                word.push(other);
                open = true;
            }
        }
    }
    if open {
        words.push(word);
    }
    let closed = !(escaped || single || double || back || dollar);
    closed.then_some((words, left_out))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `docker compose config` makes of each line.
    #[test]
    fn lines_are_cut_as_compose_cuts_them() {
        for (line, wanted) in [
            ("a && b", vec!["a"]),
            ("a; b", vec!["a"]),
            ("2>x a", vec![]),
            ("a 2>x b", vec!["a"]),
            ("a # b", vec!["a", "#", "b"]),
            ("a $(b c) d", vec!["a", "$(b c)", "d"]),
            ("a `b c` d", vec!["a", "`b c`", "d"]),
            ("a 'b\\c' d", vec!["a", "b\\c", "d"]),
            ("a \"b\\\"c\"", vec!["a", "b\"c"]),
            ("a b\\ c", vec!["a", "b c"]),
            ("a\tb\n c", vec!["a", "b", "c"]),
            ("", vec![]),
            ("''", vec![""]),
            ("\"\" a", vec!["", "a"]),
            ("a\"\"b", vec!["ab"]),
            ("a \"x;y\"", vec!["a", "x;y"]),
            ("a ) b ) c", vec!["a", ") b )", "c"]),
            ("-c \"a && b\" && c", vec!["-c", "a && b"]),
        ] {
            assert_eq!(split(line).map(|(words, _)| words).unwrap(), wanted, "{line}");
        }
        for line in ["a (b)", "it's", "a\"b", "a\\", "a)b", "a(b)c", "$((1))", "a$(b", "a )", "x `a"] {
            assert_eq!(split(line), None, "{line}");
        }
        assert_eq!(split("a && b").unwrap().1, Some("&& b"));
    }
}
