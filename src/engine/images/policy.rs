//! Where images may come from, as it is asked for.

/// Where images may come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ImagePolicy {
    /// Present, else pulled, else built as stand-ins.
    #[default]
    Auto,
    /// Only what is present.
    Local,
    /// Present, else pulled.
    Pull,
    /// Present, else built as stand-ins.
    Build,
}
