//! The layers that strangers' builds leave in the builder's cache: nobody else needs them, and they take the disk. What a course's
//! own stack is made of stays, since it is what makes the next build quick.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use bollard::{
    models::ImageSummary,
    query_parameters::{ListImagesOptionsBuilder, RemoveImageOptionsBuilder},
};
use futures_util::future::join_all;
use tokio::sync::{RwLock, RwLockReadGuard};

use super::{
    Engine,
    build_failure::parse_step,
    call::{QUICK, SLOW, ask},
};
use crate::error::Result;

/// Instructions that make no files and that no later step reads.
const FREE: [&str; 6] = ["FROM", "CMD", "ENTRYPOINT", "EXPOSE", "LABEL", "STOPSIGNAL"];
/// Steps that are looked at for what stays.
const MOST_STEPS: usize = 40;
/// A file of a course's is not larger, in bytes.
const MOST_BYTES: u64 = 1 << 20;
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
struct Layer {
    /// The beginning of its id.
    id: String,
    /// When its build began, by the engine's clock in seconds since the epoch. A program in a build can print any id, but knows none
    /// that is made later.
    since: i64,
}

impl Layers {
    /// To be held by each build.
    pub(crate) async fn building(&self) -> RwLockReadGuard<'_, ()> {
        self.0.building.read().await
    }

    /// Notes a name that is to be taken off its image later.
    pub(crate) fn keeps_name(&self, name: &str) {
        self.named().push(name.to_owned());
    }

    fn named(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.0.named.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn made(&self) -> std::sync::MutexGuard<'_, Vec<Layer>> {
        self.0.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the stacks of a course are built from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KnownBuilds {
    instructions: BTreeSet<String>,
    contents: BTreeSet<String>,
}

impl KnownBuilds {
    /// From the texts of a stack's files by path.
    pub fn of<'t>(files: impl IntoIterator<Item = (&'t String, &'t String)>) -> Self {
        let mut known = Self::default();
        for (path, text) in files {
            if path.rsplit('/').next() == Some("Dockerfile") {
                known.instructions.extend(super::dockerfile::logical_lines(text));
            }
            known.contents.insert(text.clone());
        }
        known
    }

    /// Whether a step is one of the course's: the same instruction, on the same files.
    fn knows(&self, instruction: &str, context: &Path) -> bool {
        let mut words = instruction.split_whitespace();
        let keyword = words.next().unwrap_or_default().to_ascii_uppercase();
        if FREE.contains(&keyword.as_str()) {
            return true;
        }
        if !self.instructions.contains(instruction) {
            return false;
        }
        if !matches!(keyword.as_str(), "COPY" | "ADD") {
            return true;
        }
        let words: Vec<&str> = words.collect();
        let Some((_, sources)) = words.split_last() else { return false };
        sources.iter().all(|source| {
            let path = context.join(source);
            let is_small = path.symlink_metadata().is_ok_and(|meta| meta.is_file() && meta.len() <= MOST_BYTES);
            is_small && std::fs::read_to_string(path).is_ok_and(|text| self.contents.contains(&text))
        })
    }
}

/// Reads from a build's output which layers it makes, and notes those that are to go.
pub(crate) struct LayerLog<'b> {
    layers: &'b Layers,
    known: &'b KnownBuilds,
    context: &'b Path,
    since: i64,
    /// Layers of the course's own steps since the last one that takes long: they stay if another such step stands on them.
    pending: Vec<Layer>,
    /// Every step so far was one of the course's.
    all_known: bool,
    /// The step's keyword.
    keyword: String,
    cached: bool,
}

impl<'b> LayerLog<'b> {
    /// For a build that begins now, by a clock that is this many seconds ahead of ours.
    pub(crate) fn new(layers: &'b Layers, clock_ahead: f64, known: &'b KnownBuilds, context: &'b Path) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64());
        let since = (now + clock_ahead) as i64 - CLOCKS;
        let (pending, keyword) = (Vec::new(), String::new());
        Self { layers, known, context, since, pending, all_known: true, keyword, cached: false }
    }

    /// Takes one message of the builder.
    pub(crate) fn take(&mut self, message: &str) {
        let message = message.trim();
        if let Some((number, _, instruction)) = parse_step(message) {
            self.cached = false;
            self.keyword = instruction.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
            self.all_known = self.all_known && number <= MOST_STEPS && self.known.knows(&instruction, self.context);
        } else if message == "---> Using cache" {
            self.cached = true;
        } else if let Some(id) = message.strip_prefix("---> ")
            && is_id(id)
            && !self.cached
            && self.keyword != "FROM"
        {
            self.pending.push(Layer { id: id.to_owned(), since: self.since });
        }
        if self.all_known && self.keyword == "RUN" && message.starts_with("---> ") {
            self.pending.clear();
        }
        if !self.all_known {
            self.layers.made().append(&mut self.pending);
        }
    }
}

impl Drop for LayerLog<'_> {
    fn drop(&mut self) {
        self.layers.made().append(&mut self.pending);
    }
}

/// Twelve or more hexadecimal digits.
pub(crate) fn is_id(text: &str) -> bool {
    text.len() >= 12 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl Engine {
    /// Removes the layers that builds of strangers' stacks have made in this process, and names that could not be taken off before.
    /// Those stay that the course's own stack is made of, and those below an image that has a name. While such a build is under way nothing is done: the next call does it.
    ///
    /// # Errors
    /// Environment: the engine does not answer.
    pub async fn remove_layers(&self) -> Result<()> {
        let Ok(_none_builds) = self.layers.0.building.try_write() else { return Ok(()) };
        let named = std::mem::take(&mut *self.layers.named());
        self.remove_images(&named).await?;
        let made = self.layers.made().clone();
        if made.is_empty() {
            return Ok(());
        }
        let listed = ListImagesOptionsBuilder::default().all(true).build();
        let mut there = ask(QUICK, self.docker.list_images(Some(listed)))
            .await
            .map_err(|fault| fault.environment("the engine's images cannot be listed"))?;
        let mut ours = left_by(&made, &there);
        let mut stay = BTreeSet::new();
        loop {
            let parents: BTreeSet<&str> = there.iter().map(|image| image.parent_id.as_str()).collect();
            let leaves: Vec<String> = ours.iter().filter(|id| !parents.contains(id.as_str())).cloned().collect();
            if leaves.is_empty() {
                break;
            }
            let removals = leaves.iter().map(|id| async move {
                let options = RemoveImageOptionsBuilder::default().noprune(true).build();
                ask(SLOW, self.docker.remove_image(id, Some(options), None)).await
            });
            for (id, outcome) in leaves.iter().zip(join_all(removals).await) {
                ours.remove(id);
                match outcome {
                    Err(fault) if fault.status() != Some(404) => drop(stay.insert(id.clone())),
                    _ => there.retain(|image| image.id != *id),
                }
            }
        }
        stay.extend(ours);
        // What a container or a name still holds is tried again when more is removed.
        self.layers.made().retain(|layer| stay.iter().any(|id| layer.begins(id)));
        Ok(())
    }
}

impl Layer {
    fn begins(&self, id: &str) -> bool {
        id.trim_start_matches("sha256:").starts_with(&self.id)
    }
}

/// The images that are layers of these builds: those that were told, and what stands on them without a name, as a build that was
/// cut off makes it in its last moment.
fn left_by(made: &[Layer], there: &[ImageSummary]) -> BTreeSet<String> {
    let nameless = |image: &&ImageSummary| image.repo_tags.iter().all(|tag| tag == "<none>:<none>");
    let told = |image: &ImageSummary| made.iter().any(|layer| image.created >= layer.since && layer.begins(&image.id));
    let mut ours: BTreeSet<String> =
        there.iter().filter(nameless).filter(|image| told(image)).map(|image| image.id.clone()).collect();
    loop {
        let above = |image: &&ImageSummary| ours.contains(&image.parent_id) && !ours.contains(&image.id);
        let more: Vec<String> = there.iter().filter(nameless).filter(above).map(|image| image.id.clone()).collect();
        if more.is_empty() {
            return ours;
        }
        ours.extend(more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCKERFILE: &str = "FROM python:3.13-slim\n\nENV A=1\nCMD [\"python\", \"app.py\"]\nCOPY requirements.txt ..\nRUN pip install -r ../requirements.txt\nCOPY src .\n";

    /// What is to go of a build that says this.
    fn to_go(requirements: &str, output: &[&str]) -> Vec<String> {
        let text = |text: &str| text.to_owned();
        let files = [(text("Dockerfile"), text(DOCKERFILE)), (text("requirements.txt"), text("Flask\n"))];
        let known = KnownBuilds::of(files.iter().map(|(path, text)| (path, text)));
        let context = tempfile::tempdir().unwrap();
        std::fs::write(context.path().join("requirements.txt"), requirements).unwrap();
        std::fs::create_dir(context.path().join("src")).unwrap();
        let layers = Layers::default();
        let mut log = LayerLog::new(&layers, 0.0, &known, context.path());
        output.iter().for_each(|message| log.take(message));
        drop(log);
        layers.made().iter().map(|layer| layer.id.clone()).collect()
    }

    const BUILD: [&str; 15] = [
        "Step 1/7 : FROM python:3.13-slim",
        " ---> 000000000000\n",
        "Step 2/7 : ENV A=1",
        " ---> Using cache\n",
        " ---> 222222222222\n",
        "Step 3/7 : CMD [\"flask\", \"run\"]",
        " ---> 333333333333\n",
        "Step 4/7 : COPY requirements.txt ..",
        " ---> 444444444444\n",
        "Step 5/7 : RUN pip install -r ../requirements.txt",
        " ---> Running in 123456789abc\n",
        " ---> 555555555555\n",
        "Step 6/7 : COPY src .",
        " ---> 666666666666\n",
        "Successfully built 666666666666\n",
    ];

    #[test]
    fn what_the_course_is_made_of_stays() {
        assert_eq!(to_go("Flask\n", &BUILD), ["666666666666"]);
    }

    #[test]
    fn the_same_instruction_on_another_file_is_another_step() {
        assert_eq!(to_go("evil\n", &BUILD), ["333333333333", "444444444444", "555555555555", "666666666666"]);
    }

    #[test]
    fn what_a_stranger_runs_does_not_stay() {
        let output = ["Step 1/2 : FROM x", " ---> 0123456789ab", "Step 2/2 : RUN head /dev/urandom > /x"];
        let output = [&output[..], &[" ---> Running in 123456789abc", " ---> ffffffffffff", " ---> no-id"]].concat();
        assert_eq!(to_go("Flask\n", &output), ["ffffffffffff"]);
    }

    #[test]
    fn only_what_was_made_since_and_has_no_name_is_a_layer_of_ours() {
        let image = |id: &str, parent: &str, created, tags: &[&str]| ImageSummary {
            id: format!("sha256:{id}"),
            parent_id: format!("sha256:{parent}"),
            created,
            repo_tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            ..Default::default()
        };
        let there = [
            image("aaaaaaaaaaaa1", "base", 100, &["<none>:<none>"]),
            image("aaaaaaaaaaaa2", "aaaaaaaaaaaa1", 100, &[]),
            image("bbbbbbbbbbbb1", "base", 99, &[]),
            image("cccccccccccc1", "base", 100, &["precious:latest"]),
            image("dddddddddddd1", "base", 100, &[]),
        ];
        let layer = |id: &str| Layer { id: id.to_owned(), since: 100 };
        let made = [layer("aaaaaaaaaaaa"), layer("bbbbbbbbbbbb"), layer("cccccccccccc")];
        let ours: Vec<String> = left_by(&made, &there).into_iter().collect();
        assert_eq!(ours, ["sha256:aaaaaaaaaaaa1", "sha256:aaaaaaaaaaaa2"]);
    }
}
