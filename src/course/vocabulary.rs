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

/// Facts read from the stack's files (see `lab::facts`), by part: a course calls them by its own names ([`Roles::fact`]). Those of the
/// running stack begin with `live.`.
///
/// [`Roles::fact`]: super::Roles::fact
pub const FACTS: [&str; 38] = [
    "front.published",
    "front.service",
    "front.target",
    "proxy.published",
    "proxy.target",
    "proxy.listen",
    "proxy.upstream",
    "proxy.upstream_host",
    "proxy.upstream_port",
    "proxy.upstream_name",
    "proxy.pass",
    "proxy.location",
    "proxy.resolver",
    "proxy.conf_files",
    "proxy.answers",
    "proxy.healthcheck",
    "app.port",
    "app.host",
    "app.expose",
    "app.published",
    "app.command",
    "app.command_module",
    "app.command_attribute",
    "app.modules",
    "app.script",
    "app.script_ends",
    "app.script_shebang",
    "app.mounted_over",
    "app.healthcheck",
    "database.host",
    "database.port",
    "database.published",
    "database.volume",
    "database.told_otherwise",
    "database.password_signs",
    "database.healthcheck",
    "database.kept_on",
    "stack.error",
];
