//! "Right fix, not live yet": what was saved and does not run.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The smallest action that makes an edit live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MakeLive {
    /// The process has to read its files again: `docker compose exec nginx nginx -s reload`.
    Reload,
    /// The process has to start again: `docker compose restart SERVICE`.
    Restart,
    /// The container has to be made anew: `docker compose up -d SERVICE`.
    Recreate,
    /// The image has to be built anew: `docker compose up -d --build SERVICE`.
    Rebuild,
}

/// A service that runs something older than the files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stale {
    /// The service, as the compose file names it.
    pub service: String,
    /// The files that are newer, relative to the lab.
    pub files: Vec<PathBuf>,
    /// The smallest action.
    pub action: MakeLive,
}

impl Stale {
    /// The command that a person would type.
    pub fn command(&self) -> String {
        let service = &self.service;
        match self.action {
            MakeLive::Reload => format!("docker compose exec {service} nginx -s reload"),
            MakeLive::Restart => format!("docker compose restart {service}"),
            MakeLive::Recreate => format!("docker compose up -d {service}"),
            MakeLive::Rebuild => format!("docker compose up -d --build {service}"),
        }
    }
}
