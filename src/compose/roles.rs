//! Which service plays which part.

/// The services that play the parts of the story, as far as they were found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FoundRoles {
    /// The web server in front.
    pub proxy: Option<String>,
    /// The application server.
    pub app: Option<String>,
    /// The database.
    pub database: Option<String>,
}
