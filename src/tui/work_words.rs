//! A work in words: while it is waited for, and when it was done.

use crate::journal::WorkKind;

/// A work in words, as what is waited for.
pub fn doing(work: &WorkKind) -> String {
    match work {
        WorkKind::Images => "the base images".to_owned(),
        WorkKind::Up { services, build } => {
            let what = if services.is_empty() { "the shop".to_owned() } else { services.join(", ") };
            if *build { format!("{what} to be built and started") } else { format!("{what} to start") }
        }
        WorkKind::UpAlone { services } => format!("{} to start alone", services.join(", ")),
        WorkKind::MoveAway { service } => format!("{service} to come back elsewhere"),
        WorkKind::Bootstrap => "the database's tables".to_owned(),
        WorkKind::Restart { service } => format!("{service} to start again"),
        WorkKind::Reload { service } => format!("{service} to read its files"),
        WorkKind::Verify => "the stack's answers".to_owned(),
        WorkKind::Down { .. } => "the shop to be taken down".to_owned(),
    }
}

/// A work in words, as what was done.
pub fn done(work: &WorkKind) -> String {
    match work {
        WorkKind::Images => "base images".to_owned(),
        WorkKind::Up { services, build } => {
            let what = if services.is_empty() { "everything".to_owned() } else { services.join(", ") };
            format!("{} {what}", if *build { "built and started" } else { "started" })
        }
        WorkKind::UpAlone { services } => format!("started {} alone", services.join(", ")),
        WorkKind::MoveAway { service } => format!("made {service} anew at another address"),
        WorkKind::Bootstrap => "gave the database its tables".to_owned(),
        WorkKind::Restart { service } => format!("restarted {service}"),
        WorkKind::Reload { service } => format!("{service} read its files"),
        WorkKind::Verify | WorkKind::Down { .. } => doing(work),
    }
}
