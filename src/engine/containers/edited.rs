//! What was changed in a container since its image.

use bollard::models::ChangeType;

use crate::{
    engine::{
        Engine,
        request::{QUICK, ask},
    },
    error::Result,
};

impl Engine {
    /// The paths that were added or changed in a container since it was made, as `docker diff` lists them. What is mounted is not
    /// among them.
    ///
    /// # Errors
    /// Environment: the engine does not answer.
    pub async fn changed_paths(&self, container: &str) -> Result<Vec<String>> {
        let told = ask(QUICK, self.docker.container_changes(container)).await;
        let told = told.map_err(|fault| fault.environment(format!("what changed in {container} cannot be listed")))?;
        let stays = told.unwrap_or_default().into_iter().filter(|change| change.kind != ChangeType::_2);
        Ok(stays.map(|change| change.path).collect())
    }
}
