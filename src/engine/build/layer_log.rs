//! Which layers strangers' builds make, read from what the builder says: they take the disk, and most of them nobody needs again. What
//! takes long to make stays, installed packages above all: it makes the next check of the same files quick.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::{dockerfile::is_metadata, failure::parse_step};

/// An image whose layers stay is not larger, in bytes.
const MOST_KEPT: i64 = 1 << 30;
/// Seconds by which two clocks may differ that were compared.
const CLOCKS: i64 = 2;

/// The layers that this process's builds of strangers' stacks have made, and that are still to be removed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Layers(Arc<Shelf>);

#[derive(Debug, Default)]
struct Shelf {
    /// Held by each build: a layer that it has just found in the cache must not be removed under it.
    building: RwLock<()>,
    made: Mutex<Vec<Layer>>,
    /// Names of images that could not be taken off them yet.
    named: Mutex<Vec<String>>,
}

/// A layer that a build has told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layer {
    /// The beginning of its id.
    pub id: String,
    /// When its build began, by the engine's clock in seconds since the epoch. A program in a build can print any id, but knows none
    /// that is made later.
    pub since: i64,
}

impl Layers {
    /// For who removes layers: nothing while a build is under way.
    pub(super) fn none_builds(&self) -> Option<RwLockWriteGuard<'_, ()>> {
        self.0.building.try_write().ok()
    }

    /// To be held by each build.
    pub(crate) async fn building(&self) -> RwLockReadGuard<'_, ()> {
        self.0.building.read().await
    }

    /// Notes a name that is to be taken off its image later.
    pub(crate) fn keeps_name(&self, name: &str) {
        self.named().push(name.to_owned());
    }

    /// Names that could not be taken off yet.
    pub(super) fn named(&self) -> MutexGuard<'_, Vec<String>> {
        self.0.named.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is still to be removed.
    pub(super) fn made(&self) -> MutexGuard<'_, Vec<Layer>> {
        self.0.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads from a build's output which layers it makes, and notes those that are to go: all of them, unless it is said that what was run
/// may stay.
pub(crate) struct LayerLog<'b> {
    layers: &'b Layers,
    since: i64,
    /// Up to the last `RUN`, which takes long, and what only tells how the image is run right after it: the next build of these
    /// files finds them in the cache.
    run: Vec<Layer>,
    /// After it: quickly made again, and of no use but for the very same files.
    copied: Vec<Layer>,
    /// The step's keyword.
    keyword: String,
    /// Whether nothing was copied since the last `RUN`.
    on_run: bool,
    cached: bool,
}

impl<'b> LayerLog<'b> {
    /// For a build that begins now, by the engine's clock in seconds since the epoch.
    pub(crate) fn new(layers: &'b Layers, now: f64) -> Self {
        let since = now as i64 - CLOCKS;
        Self {
            layers,
            since,
            run: Vec::new(),
            copied: Vec::new(),
            keyword: String::new(),
            on_run: false,
            cached: false,
        }
    }

    /// Takes one message of the builder.
    pub(crate) fn take(&mut self, message: &str) {
        let message = message.trim();
        if let Some((_, _, instruction)) = parse_step(message) {
            self.cached = false;
            self.keyword = instruction.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
            self.on_run = self.keyword == "RUN" || self.on_run && is_metadata(&self.keyword);
        } else if message == "---> Using cache" {
            self.cached = true;
        } else if let Some(id) = message.strip_prefix("---> ")
            && is_id(id)
            && !self.cached
            && self.keyword != "FROM"
        {
            self.copied.push(Layer { id: id.to_owned(), since: self.since });
            if self.on_run {
                self.run.append(&mut self.copied);
            }
        }
    }

    /// The build came to a good end: what it has run stays, where the whole image is not larger than what people build.
    pub(crate) fn ended_well(&mut self, image_bytes: i64) {
        if image_bytes <= MOST_KEPT {
            self.run.clear();
        }
    }
}

impl Drop for LayerLog<'_> {
    fn drop(&mut self) {
        let mut made = self.layers.made();
        made.append(&mut self.run);
        made.append(&mut self.copied);
    }
}

/// Twelve or more hexadecimal digits.
pub(crate) fn is_id(text: &str) -> bool {
    text.len() >= 12 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl Layer {
    /// Whether an id is this layer's.
    pub fn begins(&self, id: &str) -> bool {
        id.trim_start_matches("sha256:").starts_with(&self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is to go of a build that says this; its image is so large where it came to a good end.
    fn to_go(output: &[&str], image_bytes: Option<i64>) -> Vec<String> {
        let layers = Layers::default();
        let mut log = LayerLog::new(&layers, 0.0);
        output.iter().for_each(|message| log.take(message));
        if let Some(bytes) = image_bytes {
            log.ended_well(bytes);
        }
        drop(log);
        layers.made().iter().map(|layer| layer.id.clone()).collect()
    }

    const BUILD: [&str; 17] = [
        "Step 1/8 : FROM python:3.13-slim",
        " ---> 000000000000\n",
        "Step 2/8 : ENV A=1",
        " ---> Using cache\n",
        " ---> 222222222222\n",
        "Step 3/8 : CMD [\"flask\", \"run\"]",
        " ---> 333333333333\n",
        "Step 4/8 : COPY requirements.txt ..",
        " ---> 444444444444\n",
        "Step 5/8 : RUN pip install -r ../requirements.txt",
        " ---> Running in 123456789abc\n",
        " ---> 555555555555\n",
        "Step 6/8 : EXPOSE 5001",
        " ---> 565656565656\n",
        "Step 7/8 : COPY src .",
        " ---> 666666666666\n",
        "Successfully built 666666666666\n",
    ];

    #[test]
    fn what_was_run_stays_after_a_good_end() {
        assert_eq!(to_go(&BUILD, Some(200 << 20)), ["666666666666"]);
    }

    #[test]
    fn nothing_stays_of_a_build_that_failed_or_of_a_huge_image() {
        let all = ["333333333333", "444444444444", "555555555555", "565656565656", "666666666666"];
        assert_eq!(to_go(&BUILD, None), all);
        assert_eq!(to_go(&BUILD, Some(2 << 30)), all);
    }

    #[test]
    fn only_ids_are_layers() {
        let output = ["Step 1/2 : FROM x", " ---> 0123456789ab", "Step 2/2 : RUN head /dev/urandom > /x"];
        let output = [&output[..], &[" ---> Running in 123456789abc", " ---> ffffffffffff", " ---> no-id"]].concat();
        assert_eq!(to_go(&output, None), ["ffffffffffff"]);
    }
}
