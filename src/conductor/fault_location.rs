//! Where in a submission's files an error of a start or a build points; what was seen has its place in [`crate::diagnosis::place`].

use std::{collections::BTreeMap, path::PathBuf};

use crate::{compose::Place, error::Error};

/// The place that an error names at the start of one of its lines (`docker-compose.yml:12:7: …`), or the line of the Dockerfile
/// whose step failed.
pub(super) fn of_error(error: &Error, texts: &BTreeMap<String, String>) -> Option<Place> {
    let said = || std::iter::once(&error.what).chain(&error.why);
    let step = || said().flat_map(|text| text.lines()).find_map(|line| of_step(line, texts));
    said().find_map(|text| place_at_start(text)).or_else(step)
}

/// The line of a Dockerfile on which the step begins that an error names: `building x failed at step 3 of 7: RUN make`.
fn of_step(error: &str, texts: &BTreeMap<String, String>) -> Option<Place> {
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let step = words(error.strip_prefix("building ")?.split_once(" failed at step ")?.1.split_once(": ")?.1);
    let begins = |line: &str| {
        let line = words(line.trim_end().trim_end_matches('\\'));
        !line.is_empty() && step.starts_with(&line)
    };
    texts.iter().filter(|(path, _)| path.contains("Dockerfile")).find_map(|(path, text)| {
        let line = text.lines().position(begins)? + 1;
        Some(Place { file: PathBuf::from(path), line, column: 1 })
    })
}

fn place_at_start(text: &str) -> Option<Place> {
    let mut parts = text.trim_start_matches("refused: ").splitn(4, ':');
    let (file, line) = (parts.next()?, parts.next()?);
    let plain = !file.is_empty() && !file.contains(char::is_whitespace);
    let line = line.parse().ok().filter(|line| *line > 0 && plain)?;
    let column = parts.next().and_then(|column| column.parse().ok()).unwrap_or(1);
    Some(Place { file: PathBuf::from(file), line, column })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(file: &str, line: usize) -> Option<Place> {
        Some(Place { file: file.into(), line, column: 1 })
    }

    #[test]
    fn errors_name_places() {
        let error = |why: &str| Error::stack("the file cannot be used").why(why);
        let dockerfile = "FROM x\n# RUN pip\nRUN pip install \\\n  -r y\n".to_owned();
        let texts = BTreeMap::from([("app/Dockerfile".to_owned(), dockerfile)]);
        let step = "building app failed at step 2 of 2: RUN pip install   -r y";
        assert_eq!(of_error(&error(&format!("no proof\n{step}")), &texts), place("app/Dockerfile", 3));
        let found = of_error(&error("docker-compose.yml:12:7: error: tabs\n |"), &texts).unwrap();
        assert_eq!((found.file.to_str(), found.line, found.column), (Some("docker-compose.yml"), 12, 7));
        assert_eq!(of_error(&error("error: 1: 2"), &texts), None);
        assert_eq!(of_error(&error("a sentence: with 12: colons"), &texts), None);
    }
}
