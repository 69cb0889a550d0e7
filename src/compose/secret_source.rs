//! Where the content of a secret or a config comes from.

use std::path::PathBuf;

use super::source_map::Spot;

/// Where a secret or config comes from.
pub(super) enum SecretSource {
    /// A file of the host, and where it is named.
    File(PathBuf, Spot),
    /// What stands in the compose file, or in a variable.
    Text(String),
    /// A variable that is not set.
    Unset(String),
    /// A swarm, or a driver.
    Elsewhere,
}
