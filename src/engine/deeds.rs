//! What this program does to containers itself.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// How much later than a deed of ours its event may come.
const EVENT_WITHIN: Duration = Duration::from_secs(5);

/// What this program does to containers itself, so that it is told apart from what others do.
#[derive(Debug, Clone, Default)]
pub(crate) struct Deeds(Arc<Mutex<HashMap<String, Option<Instant>>>>);

/// A deed under way; over when dropped.
pub(crate) struct Deed<'a> {
    deeds: &'a Deeds,
    container: String,
}

impl Deeds {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Option<Instant>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// We are about to stop, hold or remove this container (full id).
    pub(crate) fn begin(&self, container: &str) -> Deed<'_> {
        self.lock().insert(container.to_owned(), None);
        Deed { deeds: self, container: container.to_owned() }
    }

    /// Whether an event of this container that has just come is of our own doing.
    pub(crate) fn is_ours(&self, container: &str) -> bool {
        match self.lock().get(container) {
            Some(Some(ended)) => ended.elapsed() < EVENT_WITHIN,
            Some(None) => true,
            None => false,
        }
    }
}

impl Drop for Deed<'_> {
    fn drop(&mut self) {
        self.deeds.lock().insert(std::mem::take(&mut self.container), Some(Instant::now()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deed_of_ours_is_told_from_others() {
        let deeds = Deeds::default();
        assert!(!deeds.is_ours("a"));
        let deed = deeds.begin("a");
        assert!(deeds.is_ours("a") && !deeds.is_ours("b"));
        drop(deed);
        assert!(deeds.is_ours("a"), "its event may come a little later");
        let long_ago = Instant::now().checked_sub(2 * EVENT_WITHIN).unwrap();
        deeds.lock().insert("a".into(), Some(long_ago));
        assert!(!deeds.is_ours("a"));
    }
}
