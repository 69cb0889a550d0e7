//! The stack that a directory asks for, with what its services are for.

use std::{collections::BTreeMap, path::Path};

use crate::{
    compose::{self, Finding, FoundRoles, LoadOptions, Stack},
    error::{Error, Result},
};

/// The stack that a directory asks for, with what its services are for.
#[derive(Debug, Clone)]
pub struct Desired {
    /// The stack.
    pub stack: Stack,
    /// Which service plays which part.
    pub roles: FoundRoles,
}

impl Desired {
    /// Reads the compose file of a directory. `project` overrides compose's own rule for the project's name.
    ///
    /// # Errors
    /// Stack: the compose file cannot be used, with each finding rendered.
    pub fn load(dir: &Path, project: Option<String>) -> Result<Self> {
        read(dir, project).map_err(|findings| unusable(&findings))
    }
}

/// Like [`Desired::load`], with what is wrong as findings.
pub(super) fn read(dir: &Path, project: Option<String>) -> Result<Desired, Vec<Finding>> {
    read_with(dir, project, shell_variables())
}

/// A stranger's stack: its files see nothing of this process's environment but where they lie, so that a grade does not depend
/// on who grades, and no secret of theirs ends up in a container.
pub(super) fn read_alone(dir: &Path, project: String) -> Result<Desired, Vec<Finding>> {
    let here = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
    read_with(dir, Some(project), [("PWD".to_owned(), here.display().to_string())].into())
}

fn read_with(dir: &Path, project: Option<String>, env: BTreeMap<String, String>) -> Result<Desired, Vec<Finding>> {
    let stack = compose::load(dir, &LoadOptions { project, env })?;
    let roles = compose::roles(&stack);
    Ok(Desired { stack, roles })
}

/// The variables of this process that are text, for `${…}` in compose files.
fn shell_variables() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// The error for a compose file that cannot be used.
pub(super) fn unusable(findings: &[Finding]) -> Error {
    findings
        .iter()
        .fold(Error::stack("the compose file cannot be used"), |error, finding| error.why(finding.render()))
        .suggest("docker compose config   says what compose itself thinks of it")
}
