//! The names that lessons may use and that Rust gives a meaning: a misspelt one would silently never hold.

/// Hops that can be asked.
pub const HOPS: [&str; 3] = ["browser-nginx", "nginx-flaskapp", "flaskapp-db"];

/// Evidence that a survey gathers, beside that of the hops.
pub const EVIDENCE: [&str; 5] = ["page", "submit", "submit-again", "rows", "upstream"];

/// Kinds of observation.
pub const KINDS: [&str; 13] = [
    "refused",
    "reset",
    "timed-out",
    "name-unknown",
    "unreachable",
    "not-published",
    "not-running",
    "http",
    "connected",
    "rows",
    "exit",
    "not-asked",
    "unknown",
];

/// Statuses of hops and checks.
pub const STATUSES: [&str; 3] = ["pass", "fail", "unknown"];

/// States of a service's container.
pub const STATES: [&str; 6] = ["running", "exited", "restarting", "created", "paused", "missing"];

/// What makes an edit live.
pub const ACTIONS: [&str; 4] = ["reload", "restart", "recreate", "rebuild"];

/// Facts read from the stack's files (see `lab::facts`). Those of the running stack begin with `live.`.
pub const FACTS: [&str; 18] = [
    "front.published",
    "front.service",
    "front.target",
    "nginx.published",
    "nginx.target",
    "nginx.listen",
    "nginx.upstream",
    "nginx.upstream_host",
    "nginx.upstream_port",
    "flaskapp.port",
    "flaskapp.host",
    "flaskapp.expose",
    "flaskapp.published",
    "db.host",
    "db.port",
    "db.published",
    "db.volume",
    "stack.error",
];
