//! Building what was saved before anybody asks for it.

use tokio_util::task::AbortOnDropHandle;

use super::Session;

impl Session {
    /// Builds what was saved into the builder's cache, in the background: when it is asked to be made live, the build is done already.
    /// What is under way for what was saved before is given up.
    pub(super) fn build_ahead(&mut self) {
        self.ahead = None;
        let (Some(engine), None) = (self.engine.clone(), &self.running) else { return };
        let services = self.files.to_build();
        if services.is_empty() {
            return;
        }
        self.ahead = Some(AbortOnDropHandle::new(tokio::spawn(async move {
            for service in services {
                if let Err(error) = engine.build_ahead(&service).await {
                    // It is told to the learner when the build is asked for.
                    tracing::debug!(service = service.name, %error, "not built ahead");
                }
            }
        })));
    }
}
