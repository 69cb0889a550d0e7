//! The tables that a case's own code has made, for the cases after it that would make the very same.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::{bench::wherever, cases::Texts};
use crate::{compose::is_compose_file, conductor::Desired, engine::Engine};

/// How long writing them down may take.
const DUMP_WITHIN: Duration = Duration::from_secs(20);
/// Prints the database, in its container.
const DUMP: &str = r#"
user=${POSTGRES_USER:-postgres}
PGPASSWORD="$POSTGRES_PASSWORD" exec pg_dump --no-password -U "$user" -d "${POSTGRES_DB:-$user}""#;
/// The module in which the course's command begins.
const FIRST: &str = "database";

/// What the tables are made from: all files of the stack, but for those that the command cannot read, and the app's service.
pub(super) fn made_from(texts: &Texts, desired: &Desired) -> Option<String> {
    let app = wherever(desired.stack.service(desired.roles.app.as_deref()?)?);
    let read: BTreeMap<_, _> = texts.iter().filter(|(path, _)| is_read(path, texts)).collect();
    Some(format!("{app:?} {read:?}"))
}

fn is_read(path: &str, texts: &Texts) -> bool {
    let ends = [".html", ".css", ".md", ".conf"];
    if is_compose_file(path) || ends.iter().any(|end| path.ends_with(end)) {
        return false;
    }
    module(path).is_none_or(|module| imported(texts).contains(module))
}

/// The modules whose names are found in the first, and in those: more than it imports, and never less.
fn imported(texts: &Texts) -> BTreeSet<&str> {
    let mut found = BTreeSet::from([FIRST]);
    loop {
        let read = |path: &str| module(path).is_some_and(|module| found.contains(module));
        let names: BTreeSet<&str> = texts
            .iter()
            .filter(|(path, _)| read(path))
            .flat_map(|(_, text)| text.split(|c: char| !(c.is_alphanumeric() || c == '_')))
            .collect();
        let more: Vec<&str> = texts
            .keys()
            .filter_map(|path| module(path))
            .filter(|name| names.contains(name) && !found.contains(name))
            .collect();
        if more.is_empty() {
            return found;
        }
        found.extend(more);
    }
}

fn module(path: &str) -> Option<&str> {
    path.rsplit('/').next()?.strip_suffix(".py")
}

/// The database as commands that make it again, if there are tables in it.
pub(super) async fn written_down(engine: &Engine, database: &str) -> Option<String> {
    let output = engine.exec(database, &["sh", "-c", DUMP], &BTreeMap::new(), DUMP_WITHIN).await.ok()?;
    (output.code == 0 && output.stdout.contains("CREATE TABLE")).then_some(output.stdout)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_change_the_tables_is_not_compared() {
        let course = crate::course::Course::embedded().unwrap();
        let texts = course.fixed_stack();
        let read: Vec<&str> = texts.keys().map(String::as_str).filter(|path| is_read(path, texts)).collect();
        for path in ["src/database.py", "src/models.py", "Dockerfile", "requirements.txt", "env_file"] {
            assert!(read.contains(&path), "{read:?}");
        }
        for path in ["src/app.py", "src/forms.py", "conf.d/flaskapp.conf", "docker-compose.yml"] {
            assert!(!read.contains(&path), "{read:?}");
        }
        let mut texts = texts.clone();
        texts.entry("src/models.py".into()).and_modify(|text| text.push_str("from forms import X\n"));
        assert!(is_read("src/forms.py", &texts));
    }
}
