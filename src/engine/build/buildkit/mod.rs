//! Building by the engine's own BuildKit, as `docker compose build` does: a session in which we serve what the build asks for
//! (`session`, `files`), the call that builds, and beside it the news of its steps (`steps`).

mod files;
mod session;
mod steps;

use std::{
    collections::{BTreeMap, HashMap},
    hash::{BuildHasher, Hasher, RandomState},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bollard_buildkit_proto::moby::buildkit::v1::{SolveRequest, StatusRequest, control_client::ControlClient};
use hyper::{body::Incoming, client::conn::http2};
use hyper_util::rt::TokioExecutor;
use tonic::{
    Status,
    body::Body,
    codegen::{Service, http},
};

use self::{
    files::{Files, Tree},
    session::Session,
    steps::Steps,
};
use super::failure::BuildLog;
use crate::{
    compose::Build,
    engine::{
        Progress,
        connect::upgrade::upgrade,
        request::{Fault, IDLE},
    },
    error::{Error, Result},
};

/// How long the last words of a build may be on their way when its end is known.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// The name of the Dockerfile in the directory that holds nothing else.
const DOCKERFILE: &str = "Dockerfile";

/// What is to be built.
#[derive(Clone)]
pub(super) struct Order<'a> {
    /// The service, for those who watch.
    pub service: &'a str,
    /// Where its files are.
    pub build: &'a Build,
    /// The Dockerfile's text.
    pub text: String,
    /// The name of the image, with a tag; empty to fill the builder's cache alone.
    pub image: &'a str,
    /// Values of the Dockerfile's arguments.
    pub arguments: HashMap<String, String>,
}

/// How a build has ended.
pub(super) enum Ended {
    /// The image is there.
    Built,
    /// This engine has no BuildKit.
    NoBuildKit,
    /// It failed.
    Failed {
        /// Why.
        fault: Fault,
        /// The step that failed.
        log: BuildLog,
        /// Whether only the frontend is missing that the Dockerfile's first line names.
        no_frontend: bool,
    },
}

/// Builds an image on the engine at this address.
///
/// # Errors
/// Stack: a file of the context cannot be read.
pub(super) async fn build(url: &str, order: &Order<'_>, progress: &Progress) -> Result<Ended> {
    let (packed, text) = (order.build.clone(), order.text.clone());
    let trees = tokio::task::spawn_blocking(move || {
        let context = Tree::of(packed.context_files()?)?;
        let trees = [("context", context), (DOCKERFILE_DIR, Tree::of_text(DOCKERFILE, &text))];
        Ok(trees.map(|(name, tree)| (name.to_owned(), Arc::new(tree))).into())
    });
    let trees =
        trees.await.map_err(|error| Error::environment("the build context could not be read").because(error))??;
    let mut steps = Steps::of(&order.text);
    let outcome = run(url, order, Files(trees), &mut steps, progress).await;
    Ok(match outcome {
        Ok(()) => Ended::Built,
        Err(fault) if matches!(fault.status(), Some(404 | 405 | 501)) => Ended::NoBuildKit,
        Err(fault) => {
            let no_frontend = steps.frontend_failed;
            Ended::Failed { fault, log: steps.log_of_failure(), no_frontend }
        }
    })
}

/// The directory that the frontend looks for the Dockerfile in.
const DOCKERFILE_DIR: &str = "dockerfile";

async fn run(
    url: &str,
    order: &Order<'_>,
    files: Files,
    steps: &mut Steps,
    progress: &Progress,
) -> std::result::Result<(), Fault> {
    let id = random_id();
    let session = Session::open(url, &id, files, BTreeMap::new()).await?;
    let line = upgrade(url, "/grpc", &[("X-Docker-Expose-Session-Uuid", &id)]).await?;
    let handshake = http2::handshake(TokioExecutor::new(), line).await;
    let (sender, connection) = handshake.map_err(|error| Fault::Gone(error.to_string()))?;
    let client = ControlClient::with_origin(Line(sender), http::Uri::from_static("http://engine"));
    let gone = |what: &str, ended: std::result::Result<(), hyper::Error>| {
        Err(Fault::Gone(ended.map_or_else(|error| error.to_string(), |()| what.to_owned())))
    };
    tokio::select! {
        biased;
        outcome = solve(client, order, &id, steps, progress) => outcome,
        ended = session.serve() => gone("it closed the build's session", ended),
        ended = connection => gone("it closed the build's connection", ended),
    }
}

/// Asks for the image, and tells the steps meanwhile.
async fn solve(
    mut client: ControlClient<Line>,
    order: &Order<'_>,
    session: &str,
    steps: &mut Steps,
    progress: &Progress,
) -> std::result::Result<(), Fault> {
    let reference = random_id();
    let mut watcher = client.clone();
    let asked = StatusRequest { r#ref: reference.clone() };
    let mut news = pin!(async {
        let mut news = watcher.status(asked).await?.into_inner();
        while let Some(one) =
            tokio::time::timeout(IDLE, news.message()).await.map_err(|_| Status::deadline_exceeded(""))??
        {
            for step in steps.take(one) {
                progress.step(order.service, "build", step);
            }
        }
        Ok::<(), Status>(())
    });
    let mut solved = pin!(client.solve(request(order, session, reference)));
    let mut heard = false;
    let outcome = loop {
        tokio::select! {
            outcome = &mut solved => break outcome,
            ended = &mut news, if !heard => match ended {
                Err(status) if status.code() == tonic::Code::DeadlineExceeded => return Err(Fault::NoAnswer(IDLE)),
                // Without news the build goes on.
                _ => heard = true,
            },
        }
    };
    if !heard {
        let _ = tokio::time::timeout(LAST_WORDS, news).await;
    }
    outcome.map(drop).map_err(fault)
}

/// A refusal of the engine, or a broken connection.
fn fault(status: Status) -> Fault {
    let mut message = crate::engine::sanitize::clean(status.message());
    // Which part of the engine passes the words on is no news.
    for passed_on in
        ["failed to solve with frontend dockerfile.v0: ", "failed to solve: ", "failed to create LLB definition: "]
    {
        if let Some(rest) = message.strip_prefix(passed_on) {
            message = rest.to_owned();
        }
    }
    match std::error::Error::source(&status) {
        Some(source) => Fault::Gone(format!("{message}: {source}")),
        None => Fault::Says { status: 200, message },
    }
}

fn request(order: &Order<'_>, session: &str, reference: String) -> SolveRequest {
    let mut frontend_attrs = HashMap::from([("filename".to_owned(), DOCKERFILE.to_owned())]);
    frontend_attrs.extend(order.build.target.clone().map(|target| ("target".to_owned(), target)));
    let arguments = order.arguments.iter();
    frontend_attrs.extend(arguments.map(|(name, value)| (format!("build-arg:{name}"), value.clone())));
    let build = order.build;
    let labels = build.labels.iter();
    frontend_attrs.extend(labels.map(|(name, value)| (format!("label:{name}"), value.clone())));
    if !build.extra_hosts.is_empty() {
        let hosts = build.extra_hosts.iter().map(|host| host.replacen(':', "=", 1)).collect::<Vec<_>>();
        frontend_attrs.insert("add-hosts".to_owned(), hosts.join(","));
    }
    frontend_attrs.extend(build.shm_size.map(|bytes| ("shm-size".to_owned(), bytes.to_string())));
    if let Some(network @ ("none" | "host")) = build.network.as_deref() {
        frontend_attrs.insert("force-network-mode".to_owned(), network.to_owned());
    }
    let exporter = if order.image.is_empty() { "" } else { "moby" };
    SolveRequest {
        r#ref: reference,
        session: session.to_owned(),
        frontend: "dockerfile.v0".to_owned(),
        frontend_attrs,
        exporter_deprecated: exporter.to_owned(),
        exporter_attrs_deprecated: HashMap::from([("name".to_owned(), order.image.to_owned())]),
        ..SolveRequest::default()
    }
}

fn random_id() -> String {
    let random = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", random(), random())
}

/// The connection on which the build is asked for.
#[derive(Clone)]
struct Line(http2::SendRequest<Body>);

impl Service<http::Request<Body>> for Line {
    type Response = http::Response<Incoming>;
    type Error = hyper::Error;
    type Future = Pin<Box<dyn Future<Output = std::result::Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<std::result::Result<(), Self::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(self.0.send_request(request))
    }
}
