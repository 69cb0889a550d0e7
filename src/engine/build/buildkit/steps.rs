//! What BuildKit tells of a build's steps, in the words of the classic builder, which the rest of the house reads.

use std::collections::{BTreeSet, HashMap};

use bollard_buildkit_proto::moby::buildkit::v1::StatusResponse;

use super::super::failure::{BuildLog, KEPT_LINES};
use crate::compose::dockerfile::{Instruction, Source, Text, one_line, start};

/// The steps of one build, each with its own output: several are under way at once.
pub(super) struct Steps {
    named: Named,
    /// By the name that BuildKit gives them.
    logs: HashMap<String, BuildLog>,
    /// Which have been told as begun.
    begun: Vec<String>,
    told: BTreeSet<String>,
    failed: Option<String>,
    /// Whether what failed is fetching the frontend that the Dockerfile's first line names.
    pub frontend_failed: bool,
}

impl Steps {
    /// Of a build by this Dockerfile.
    pub fn of(text: &str) -> Self {
        Self {
            named: Named::of(text),
            logs: HashMap::new(),
            begun: Vec::new(),
            told: BTreeSet::new(),
            failed: None,
            frontend_failed: false,
        }
    }

    /// Takes news; the words for each step that begins with them.
    pub fn take(&mut self, news: StatusResponse) -> Vec<String> {
        let mut told = Vec::new();
        for vertex in news.vertexes {
            let log = self.logs.entry(vertex.digest.clone()).or_insert_with(|| BuildLog::new(KEPT_LINES));
            if vertex.started.is_some() && !self.begun.contains(&vertex.digest) {
                let step = self.named.classic(&vertex.name).and_then(|line| log.take(&line));
                // An image is looked for, and then taken: one step.
                told.extend(step.filter(|step| self.told.insert(step.clone())));
                self.begun.push(vertex.digest.clone());
            }
            // What was under way beside the step that failed is ended, and has no fault.
            if !vertex.error.is_empty() && !vertex.error.contains("context canceled") && self.failed.is_none() {
                self.frontend_failed = vertex.name.starts_with("resolve image config for ");
                self.failed = Some(vertex.digest);
            }
        }
        for line in news.logs {
            let log = self.logs.entry(line.vertex).or_insert_with(|| BuildLog::new(KEPT_LINES));
            log.take(&String::from_utf8_lossy(&line.msg));
        }
        told
    }

    /// The output of the step that failed.
    pub fn log_of_failure(mut self) -> BuildLog {
        let failed = self.failed.and_then(|failed| self.logs.remove(&failed));
        let mut log = failed.unwrap_or_else(|| BuildLog::new(KEPT_LINES));
        // A last line may have no end.
        log.take("\n");
        log
    }
}

/// The steps of a Dockerfile as the classic builder counts and names them.
struct Named(Vec<Step>);

struct Step {
    /// On one line.
    words: String,
    /// What it fetches from elsewhere.
    fetches: Vec<String>,
}

impl Named {
    fn of(text: &str) -> Self {
        let text = Text::of(text);
        let read = text.read();
        let starts: Vec<usize> = read.instructions.iter().map(start).collect();
        let ends = starts.iter().skip(1).copied().chain([text.written.len()]);
        let words = starts.iter().zip(ends).map(|(&start, end)| one_line(&text.written[start..end]));
        let fetches = read.instructions.iter().map(|instruction| match instruction {
            Instruction::From(from) => vec![from.image.value.to_string()],
            Instruction::Add(add) => {
                let paths = add.src.iter().filter_map(|source| match source {
                    Source::Path(path) => Some(path.value.to_string()),
                    _ => None,
                });
                paths.filter(|path| path.contains("://")).collect()
            }
            _ => Vec::new(),
        });
        Self(words.zip(fetches).map(|(words, fetches)| Step { words: plain(&words), fetches }).collect())
    }

    /// A step in the classic builder's words: `[app 2/6] RUN x` as `Step 5/9 : RUN x`. Nothing for what is no step.
    fn classic(&self, name: &str) -> Option<String> {
        if let Some(image) = name.strip_prefix("[internal] load metadata for ") {
            return self.fetched(image);
        }
        if name.starts_with("http://") || name.starts_with("https://") {
            return self.fetched(name);
        }
        let (count, instruction) = name.strip_prefix('[')?.split_once("] ")?;
        let count = count.rsplit(' ').next().filter(|count| count.contains('/'))?;
        if let Some(image) = instruction.strip_prefix("FROM ") {
            return self.fetched(image);
        }
        let words = plain(instruction.lines().next().unwrap_or_default());
        // A variable that was put in makes other words of it: then BuildKit's own count is told.
        let number = self.0.iter().position(|step| step.words == words);
        let count = number.map_or_else(|| count.to_owned(), |at| format!("{}/{}", at + 1, self.0.len()));
        Some(format!("Step {count} : {words}\n"))
    }

    fn fetched(&self, what: &str) -> Option<String> {
        let name = what.split('@').next().unwrap_or(what);
        let short = name.trim_start_matches("docker.io/").trim_start_matches("library/");
        let is_it =
            |known: &String| known == name || known == short || Some(known.as_str()) == short.strip_suffix(":latest");
        let total = self.0.len();
        let step =
            self.0.iter().position(|step| step.fetches.iter().any(is_it)).map(|at| (at + 1, self.0[at].words.clone()));
        let (number, words) = step.unwrap_or_else(|| (1, format!("FROM {short}")));
        Some(format!("Step {number}/{total} : {words}\n"))
    }
}

/// With one blank between words.
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use bollard_buildkit_proto::moby::buildkit::v1::{Vertex, VertexLog};

    use super::*;
    use crate::{
        Blame,
        engine::{build::failure::explain, request::Fault},
    };

    fn begun(digest: &str, name: &str, error: &str) -> Vertex {
        let started = Some(Default::default());
        Vertex { digest: digest.into(), name: name.into(), started, error: error.into(), ..Vertex::default() }
    }

    fn says(vertex: &str, text: &str) -> VertexLog {
        VertexLog { vertex: vertex.into(), msg: text.as_bytes().to_vec(), ..VertexLog::default() }
    }

    #[test]
    fn the_step_that_failed_is_told_with_its_own_words() {
        let mut steps = Steps::of("");
        let internal = begun("i", "[internal] load build context", "");
        let news = [internal, begun("a", "[one 2/3] RUN pip install flaks", ""), begun("b", "[2/4] RUN sleep 9", "")];
        let told = steps.take(StatusResponse { vertexes: news.into(), ..Default::default() });
        assert_eq!(told, ["step 2 of 3  RUN pip install flaks", "step 2 of 4  RUN sleep 9"]);
        let logs = vec![says("a", "No matching distri"), says("b", "sleeping\n"), says("a", "bution for flaks")];
        steps.take(StatusResponse { logs, ..Default::default() });
        let ended = [begun("b", "[2/4] RUN sleep 9", "context canceled"), begun("a", "", "exit code: 1")];
        assert!(steps.take(StatusResponse { vertexes: ended.into(), ..Default::default() }).is_empty());
        let fault = Fault::Says {
            status: 200,
            message: "executor failed running [/bin/sh -c pip install flaks]: exit code: 1".into(),
        };
        let error = explain("app", &fault, &steps.log_of_failure(), "");
        assert_eq!(error.what, "building app failed at step 2 of 3: RUN pip install flaks");
        assert_eq!(error.why[1], "No matching distribution for flaks");
        assert_eq!(error.blame, Blame::Stack);
    }

    #[test]
    fn an_image_that_cannot_be_fetched_is_not_the_stacks_fault() {
        let mut steps = Steps::of("FROM y\nFROM x:1\n");
        let name = "[internal] load metadata for docker.io/library/x:1";
        let message = "failed to do request: dial tcp: lookup registry-1.docker.io: no such host";
        steps.take(StatusResponse { vertexes: vec![begun("m", name, message)], ..Default::default() });
        let fault = Fault::Says { status: 200, message: message.into() };
        let error = explain("app", &fault, &steps.log_of_failure(), "");
        assert_eq!(
            (error.blame, error.what.as_str()),
            (Blame::Environment, "building app failed at step 2 of 2: FROM x:1")
        );

        let mut steps = Steps::of("FROM x\nADD https://x.invalid/y /\n");
        steps.take(StatusResponse { vertexes: vec![begun("a", "https://x.invalid/y", message)], ..Default::default() });
        let error = explain("app", &fault, &steps.log_of_failure(), "");
        assert_eq!(error.blame, Blame::Environment);
        assert!(error.what.ends_with("step 2 of 2: ADD https://x.invalid/y /"), "{error}");
    }

    #[test]
    fn what_is_no_step_is_not_told() {
        let named = Named::of("FROM x\nENV A=1\nRUN a \\\n  # why\n  && b\nRUN echo $A\n");
        assert_eq!(named.classic("exporting to image"), None);
        assert_eq!(named.classic("[internal] load .dockerignore"), None);
        assert_eq!(named.classic("[auth] library/python:pull token for registry"), None);
        assert_eq!(named.classic("[1/3] FROM docker.io/library/x@sha256:1").as_deref(), Some("Step 1/4 : FROM x\n"));
        assert_eq!(named.classic("[2/3] RUN a   && b").as_deref(), Some("Step 3/4 : RUN a && b\n"));
        assert_eq!(named.classic("[3/3] RUN <<EOF\necho\nEOF").as_deref(), Some("Step 3/3 : RUN <<EOF\n"));
    }
}
