//! What is read differently on purpose, each with its reason. A file is named by what is told of it.

/// Part of what is told, and why it is so.
const MEANT: &[(&str, &str)] = &[
    ("there are no services", "compose takes a stack of nothing, and then has nothing to start"),
    ("is not an absolute path in the container", "the engine refuses it when the container is made"),
    ("the container's port is 0", "the engine refuses it when the container is made"),
    ("`restart` is `", "the engine refuses it when the container is made"),
    ("is not a type of mount", "the engine refuses it when the container is made"),
    ("there is no `", "compose looks for a Dockerfile when it builds, and then fails"),
    ("the build context `", "compose looks for the context when it builds, and then fails"),
    ("is not there", "compose looks for a secret's file when it makes the container, and then fails"),
    ("which is not set", "compose asks for the variable of a secret when it makes the container, and then fails"),
    ("only a swarm has such", "compose fails when it makes the container"),
    ("Additional property models", "a key that later versions of compose know"),
    ("Additional property pre_start", "a key that later versions of compose know"),
    ("is not a subnet", "the engine refuses it when the network is made"),
    ("blkio_config", "told and passed over, whatever it holds"),
    (".develop", "about `docker compose watch`, whatever it holds"),
    (".gpus", "told and passed over, whatever it holds"),
    ("compose \"a\", we \"YQ==\"", "`!!binary` is taken as it is written"),
    ("/abs/./dir", "the same directory"),
    ("\"off\":", "a dependency that is not required and whose profile is off is left out at once"),
];

/// Whether a difference is one of those.
pub fn is_meant(told: &str) -> bool {
    MEANT.iter().any(|(part, _)| told.contains(part))
}
