//! A command to redis, as `redis-cli` in its container gives it.

use crate::{
    course::Probe,
    probe::{Evidence, prober::Prober},
};

impl Prober {
    pub(super) async fn ask_redis(&self, probe: &Probe) -> Evidence {
        let words: Vec<&str> = ["redis-cli"].into_iter().chain(probe.command.iter().map(String::as_str)).collect();
        self.run_words(probe, &words, &shell_words::join(&words)).await
    }
}
