//! The line of a log that tells why a program ended: mostly not its last one.

/// Beginnings and parts of such lines, what says most first.
const REASONS: [&[&str]; 4] = [
    // nginx and Postgres name their reason; so does the init process where there is nothing to start.
    &["[emerg]", "[crit]", "[FATAL tini", "FATAL:  ", "initdb: error:", "PANIC:  "],
    // The entry point of Postgres, before the server.
    &["Error: ", "error: both ", "/run/secrets/"],
    &["exec format error", "not found", "No such file or directory", "Permission denied", "Is a directory"],
    // uWSGI, and what logs by levels.
    &["ERROR", "CRITICAL", "error:"],
];

/// The line that tells why, cleaned already; else the last one.
pub(super) fn last_words(log: &[String]) -> Option<String> {
    if let Some(line) = exception(log) {
        return Some(line.clone());
    }
    let says = |words: &[&str]| log.iter().rev().find(|line| words.iter().any(|word| line.contains(word)));
    let told = REASONS.iter().find_map(|words| says(words));
    told.or_else(|| log.iter().rev().find(|line| !line.trim().is_empty())).cloned()
}

/// The last line of the last traceback: `KeyError: 'X'`.
fn exception(log: &[String]) -> Option<&String> {
    let begin = log.iter().rposition(|line| line.trim_start().starts_with("Traceback (most recent call last)"));
    let is_name = |name: &str| {
        let own = name.rsplit('.').next().unwrap_or(name);
        own.ends_with("Error") || own.ends_with("Exception") || own == "SystemExit" || own == "KeyboardInterrupt"
    };
    let named = |line: &&String| line.split([':', ' ']).next().is_some_and(is_name) && !line.starts_with(' ');
    match begin {
        Some(begin) => log[begin..].iter().find(named),
        // A file that cannot be read at all has no traceback.
        None => log.iter().rev().find(|line| {
            line.starts_with("SyntaxError") || line.starts_with("IndentationError") || line.starts_with("TabError")
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_words_are_the_reason() {
        let log = |lines: &[&str]| lines.iter().map(ToString::to_string).collect::<Vec<_>>();
        for (lines, reason) in [
            (&["starting", "nginx: [emerg] host not found in upstream \"flask\"", "bye", ""][..], 1),
            (&["Traceback (most recent call last):", "  File \"app.py\"", "KeyError: 'X'", ""], 2),
            (
                &[
                    "[2026-11-28] [8] [ERROR] Exception in worker process",
                    "Traceback (most recent call last):",
                    "ModuleNotFoundError: No module named 'main'",
                    "[2026-11-28] [7] [ERROR] Worker (pid:8) exited with code 3",
                    "[2026-11-28] [7] [ERROR] Reason: Worker failed to boot.",
                ],
                2,
            ),
            (
                &[
                    "initdb: error: directory \"/var/lib/postgresql/data\" exists but is not empty",
                    "initdb: detail: It contains a dot-prefixed/invisible file",
                    "Data page checksums are disabled.",
                ],
                0,
            ),
            (&["Error: Database is uninitialized and superuser password is not specified.", "       You must"], 0),
            (&["/entry.sh: line 17: /run/secrets/pw: No such file or directory", ""], 0),
            (&["hello", "bye"], 1),
        ] {
            assert_eq!(last_words(&log(lines)).as_deref(), Some(lines[reason]));
        }
        assert_eq!(last_words(&[]), None);
    }
}
