//! GitHub's workflow commands. (GitHub Docs, *Workflow commands for GitHub Actions*.)

use std::path::{Component, Path, PathBuf};

use super::{Place, Record};
use crate::{cli::terminal::clean_lines, diagnosis::Verdict};

/// An annotation for each directory, at the line that is to be looked at where one is known, and one for each wrong turn that is
/// recognised.
pub fn render(records: &[Record]) -> String {
    let mut text = String::new();
    for record in records {
        let mut say = |command: &str, title: &str, place: Option<&Place>, message: &str| {
            let mut properties: Vec<String> = Vec::new();
            if let Some(place) = place {
                // A path from where the command runs, without `./`: so GitHub finds it in the repository.
                let file = Path::new(&record.dir).join(&place.file);
                let file: PathBuf = file.components().filter(|part| *part != Component::CurDir).collect();
                properties.push(format!("file={}", property(&file.display().to_string())));
                if place.line > 0 {
                    properties.push(format!("line={}", place.line));
                }
            }
            properties.push(format!("title={}", property(title)));
            text.push_str(&format!("::{command} {}::{}\n", properties.join(","), data(message)));
        };
        let place = record.place.as_ref();
        match record.verdict {
            Verdict::Works => {
                let notes = record.notes.iter().map(|note| format!("\n{note}")).collect::<String>();
                say("notice", &record.dir, None, &format!("works{notes}"));
            }
            Verdict::Broken => say("error", &record.dir, place, &record.why()),
            Verdict::Unknown => say("warning", &record.dir, place, &record.why()),
        }
        for turn in &record.wrong_turns {
            let kind = if turn.remark { "notice" } else { "warning" };
            say(kind, &format!("{}: {}", record.dir, turn.title), place, &turn.question);
        }
    }
    text
}

fn data(text: &str) -> String {
    clean_lines(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::formats::record::tests::*;

    #[test]
    fn annotations_stand_at_the_line_and_name_wrong_turns() {
        let mut record = broken();
        record.dir = "./class/ana".into();
        record.wrong_turns[0].title = "EXPOSE, edited".into();
        assert_eq!(
            render(&[record]),
            "::error file=class/ana/docker-compose.yml,line=24,title=./class/ana::broken at browser-nginx: connection refused\n\
             ::warning file=class/ana/docker-compose.yml,line=24,title=./class/ana%3A EXPOSE%2C edited::What does it do?\n"
        );
    }

    #[test]
    fn a_submission_writes_no_command_of_its_own() {
        let text = render(&[broken(), works(), unknown()]);
        assert!(
            text.lines().all(|line| line.starts_with("::error ")
                || line.starts_with("::warning ")
                || line == "::notice title=ana::works"),
            "{text}"
        );
        assert_eq!(text.lines().count(), 4);
        assert!(text.contains("could not tell: no engine%0Aat all"), "{text}");
    }
}
