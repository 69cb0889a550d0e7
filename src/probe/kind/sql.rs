//! A statement, as `psql` in the database's container runs it.

use crate::{
    course::Probe,
    probe::{Evidence, prober::Prober},
};

/// As the container's own user, in its own database; rows only, a field from the next by a bar.
const ASK: &str =
    r#"exec psql -U "${POSTGRES_USER:-postgres}" -d "${POSTGRES_DB:-${POSTGRES_USER:-postgres}}" -Atc "$1""#;

impl Prober {
    pub(super) async fn run_statement(&self, probe: &Probe) -> Evidence {
        let query = probe.query.as_deref().unwrap_or_default();
        let service = self.service_asked(probe);
        let told = |name: &str| self.stack.service(service)?.environment.get(name)?.as_deref();
        let user = told("POSTGRES_USER").unwrap_or("postgres");
        let database = told("POSTGRES_DB").unwrap_or(user);
        let on = if database == user { String::new() } else { format!(" -d {}", shell_words::quote(database)) };
        let typed = format!("psql -U {}{on} -Atc {}", shell_words::quote(user), shell_words::quote(query));
        self.run_words(probe, &["sh", "-c", ASK, "sh", query], &typed).await
    }
}
