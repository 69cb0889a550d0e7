//! Calls that make something are seen through even when nobody waits for their answer any more.
//!
//! An engine goes on with a request whose client has gone. A work that is cancelled in the middle of such a call would
//! leave something that appears *after* the next look at what is there: a second network of the same name, a container
//! that outlives its `down`. So these calls end in tasks of their own, and whoever looks next waits for them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::Notify;

/// The calls under way, counted by project.
#[derive(Debug, Clone, Default)]
pub(crate) struct Flights(Arc<Tower>);

#[derive(Debug, Default)]
struct Tower {
    under_way: Mutex<HashMap<String, usize>>,
    landed: Notify,
}

/// One call under way; landed when dropped.
struct Flight {
    tower: Arc<Tower>,
    project: String,
}

impl Flights {
    /// Makes this call for a project, to its end also when the caller's future is dropped.
    pub(crate) async fn see_through<T: Send + 'static>(
        &self,
        project: &str,
        call: impl Future<Output = T> + Send + 'static,
    ) -> T {
        let flight = Flight::start(&self.0, project);
        let landing = tokio::spawn(async move {
            let outcome = call.await;
            drop(flight);
            outcome
        });
        match landing.await {
            Ok(outcome) => outcome,
            Err(ended) => match ended.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The runtime is being shut down: this future is not polled again either.
                Err(_) => std::future::pending().await,
            },
        }
    }

    /// Waits until no call of this project is under way.
    pub(crate) async fn landed(&self, project: &str) {
        loop {
            let next = self.0.landed.notified();
            tokio::pin!(next);
            // Enabled before the look, so that a landing in between is not missed.
            next.as_mut().enable();
            if !self.0.lock().contains_key(project) {
                return;
            }
            next.await;
        }
    }
}

impl Tower {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, usize>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Flight {
    fn start(tower: &Arc<Tower>, project: &str) -> Self {
        *tower.lock().entry(project.to_owned()).or_default() += 1;
        Self { tower: Arc::clone(tower), project: project.to_owned() }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let mut under_way = self.tower.lock();
        if let Some(count) = under_way.get_mut(&self.project) {
            *count -= 1;
            if *count == 0 {
                under_way.remove(&self.project);
            }
        }
        drop(under_way);
        self.tower.landed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_call_whose_caller_is_gone_is_waited_for() {
        let flights = Flights::default();
        let (land, landing) = tokio::sync::oneshot::channel::<()>();
        let call = flights.see_through("p", async move { landing.await.is_ok() });
        // The caller gives up.
        assert!(tokio::time::timeout(Duration::from_millis(10), call).await.is_err());
        flights.landed("another").await;
        assert!(tokio::time::timeout(Duration::from_millis(10), flights.landed("p")).await.is_err());
        land.send(()).unwrap();
        flights.landed("p").await;
    }

    #[tokio::test]
    async fn the_answer_comes_through() {
        assert_eq!(Flights::default().see_through("p", async { 7 }).await, 7);
    }
}
