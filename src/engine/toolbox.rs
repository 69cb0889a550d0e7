//! A small container inside the stack's network, through which questions are asked from where a hop starts.
//!
//! Its main process is the relay itself, and its input is our connection: when this program ends, however it ends, the
//! input ends, the relay ends, and the engine removes the container. Between questions it is on no network, so that
//! `docker compose down` in another terminal finds nothing in the way. Measured: making one takes 0.3 s, putting it on
//! a network and off again 0.03 and 0.05 s, a dial 0.002 s (0.08 s where each dial is an `exec`).

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use bollard::{
    container::LogOutput,
    models::{ContainerCreateBody, HostConfig, HostConfigLogConfig, NetworkConnectRequest, NetworkDisconnectRequest},
    query_parameters::{AttachContainerOptionsBuilder, CreateContainerOptionsBuilder},
};
use futures_util::StreamExt;
use tokio::sync::Mutex;

pub use super::relay::DialStream;
use super::{
    Engine,
    call::{Fault, QUICK, ask},
    labels,
    relay::{PROGRAM, Relay},
};
use crate::error::{Error, Result};

/// The image of which toolboxes are made: one that the course needs anyway.
const IMAGE: &str = "python:3.13-slim";
/// Memory of a toolbox, in bytes.
const MEMORY: i64 = 96 << 20;
/// Threads of a toolbox: two per connection.
const THREADS: i64 = 256;

/// Why a dial did not connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DialError {
    /// Nobody listens there.
    Refused,
    /// No answer in time.
    TimedOut,
    /// The name cannot be resolved from there.
    NameUnknown,
    /// No route to that host.
    Unreachable,
    /// The question could not be put.
    Engine(Error),
}

/// The toolbox, attached to one network of a stack. Carries none of compose's labels; goes with [`Toolbox::close`] and with `down`.
/// Dropping the last clone takes it off the network as well.
#[derive(Debug, Clone)]
pub struct Toolbox(Arc<Attachment>);

/// The toolboxes of this process, by project.
#[derive(Debug, Clone, Default)]
pub(crate) struct Toolboxes(Arc<Mutex<HashMap<String, Arc<Live>>>>);

/// A container that runs the relay.
#[derive(Debug)]
struct Live {
    engine: bollard::Docker,
    id: String,
    relay: Relay,
    /// How many attachments there are to each network.
    networks: Mutex<HashMap<String, usize>>,
}

#[derive(Debug)]
struct Attachment {
    live: Arc<Live>,
    network: String,
    closed: AtomicBool,
}

impl Engine {
    /// A toolbox on this network (full name) of this project. Made once per process and project, then kept.
    ///
    /// # Errors
    /// Environment: the image is absent, there is no such network, or the engine refuses.
    pub async fn toolbox(&self, project: &str, network: &str) -> Result<Toolbox> {
        let mut known = self.toolboxes.0.lock().await;
        if let Some(live) = known.get(project).filter(|live| live.relay.alive()) {
            match live.attach(network).await {
                Ok(()) => return Ok(Toolbox::on(live.clone(), network)),
                // Removed a moment ago, by `down` or by hand.
                Err(fault) if fault.status() == Some(404) && fault.message().contains("container") => {}
                Err(fault) => return Err(failed(project, &fault)),
            }
        }
        let live = Arc::new(self.make_toolbox(project, network).await?);
        known.insert(project.to_owned(), live.clone());
        Ok(Toolbox::on(live, network))
    }

    async fn make_toolbox(&self, project: &str, network: &str) -> Result<Live> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("breakfix-toolbox-{project}-{:x}-{number:x}", std::process::id());
        let body = ContainerCreateBody {
            image: Some(IMAGE.into()),
            entrypoint: Some(["python3", "-I", "-S", "-c", PROGRAM].map(Into::into).into()),
            user: Some("65534:65534".into()),
            open_stdin: Some(true),
            stdin_once: Some(true),
            attach_stdin: Some(true),
            attach_stdout: Some(true),
            labels: Some(HashMap::from([(labels::TOOLBOX.into(), project.to_owned())])),
            host_config: Some(HostConfig {
                network_mode: Some(network.to_owned()),
                auto_remove: Some(true),
                init: Some(true),
                memory: Some(MEMORY),
                pids_limit: Some(THREADS),
                cap_drop: Some(vec!["ALL".into()]),
                security_opt: Some(vec!["no-new-privileges".into()]),
                readonly_rootfs: Some(true),
                // A name that is not the network's is asked of the engine's own servers: not for long.
                dns_options: Some(vec!["timeout:1".into(), "attempts:1".into()]),
                log_config: Some(HostConfigLogConfig { typ: Some("none".into()), config: None }),
                ..Default::default()
            }),
            ..Default::default()
        };
        let options = CreateContainerOptionsBuilder::default().name(&name).build();
        let docker = self.docker.clone();
        let call = async move { ask(QUICK, docker.create_container(Some(options), body)).await };
        let made = self.flights.see_through(project, call).await.map_err(|fault| {
            if fault.status() == Some(404) && fault.message().contains("image") {
                return fault
                    .environment(format!("the image {IMAGE} is not here, and questions are asked through it"))
                    .suggest("breakfix images");
            }
            failed(project, &fault)
        })?;
        let id = made.id;
        let relay = async {
            let options = AttachContainerOptionsBuilder::default().stdin(true).stdout(true).stream(true).build();
            let attached = ask(QUICK, self.docker.attach_container(&id, Some(options))).await?;
            self.start(&id).await?;
            let output = attached.output.map(|piece| match piece {
                Ok(LogOutput::StdOut { message } | LogOutput::Console { message }) => Ok(message),
                Ok(_) => Ok(Default::default()),
                Err(error) => Err(std::io::Error::other(error)),
            });
            Ok::<_, Fault>(Relay::start(output, attached.input))
        };
        match relay.await {
            Ok(relay) => Ok(Live {
                engine: self.docker.clone(),
                id,
                relay,
                networks: Mutex::new(HashMap::from([(network.to_owned(), 1)])),
            }),
            Err(fault) => {
                // It never ran, so that the engine does not remove it by itself.
                let _ = self.remove(&id).await;
                Err(failed(project, &fault))
            }
        }
    }
}

impl Live {
    async fn attach(&self, network: &str) -> Result<(), Fault> {
        let mut networks = self.networks.lock().await;
        let count = networks.entry(network.to_owned()).or_default();
        if *count == 0 {
            let request = NetworkConnectRequest { container: self.id.clone(), endpoint_config: None };
            match ask(QUICK, self.engine.connect_network(network, request)).await {
                Err(Fault::Says { status: 403, message }) if message.contains("already exists") => {}
                answer => answer?,
            }
        }
        *count += 1;
        Ok(())
    }

    async fn detach(&self, network: &str) -> Result<(), Fault> {
        let mut networks = self.networks.lock().await;
        let Some(count) = networks.get_mut(network) else { return Ok(()) };
        *count -= 1;
        if *count > 0 {
            return Ok(());
        }
        networks.remove(network);
        let request = NetworkDisconnectRequest { container: self.id.clone(), force: Some(true) };
        match ask(QUICK, self.engine.disconnect_network(network, request)).await {
            // The container or the network is gone: so is the connection.
            Err(Fault::Says { status: 403 | 404, .. }) => Ok(()),
            answer => answer,
        }
    }
}

impl Toolbox {
    fn on(live: Arc<Live>, network: &str) -> Self {
        Self(Arc::new(Attachment { live, network: network.to_owned(), closed: AtomicBool::new(false) }))
    }

    /// A connection to `host:port` as seen from inside the network.
    ///
    /// # Errors
    /// See [`DialError`].
    pub async fn dial(&self, host: &str, port: u16, within: Duration) -> Result<DialStream, DialError> {
        self.0.live.relay.dial(host, port, within).await
    }

    /// Takes the toolbox off the network, so that `docker compose down` can remove it.
    ///
    /// # Errors
    /// Environment: the engine does not answer.
    pub async fn close(&self) -> Result<()> {
        if self.0.closed.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        let detached = self.0.live.detach(&self.0.network).await;
        detached.map_err(|fault| fault.environment(format!("the toolbox cannot leave the network {}", self.0.network)))
    }
}

impl Drop for Attachment {
    fn drop(&mut self) {
        if !self.closed.swap(true, Ordering::AcqRel)
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let (live, network) = (self.live.clone(), std::mem::take(&mut self.network));
            runtime.spawn(async move { live.detach(&network).await.map_err(|fault| fault.message()) });
        }
    }
}

fn failed(project: &str, fault: &Fault) -> Error {
    fault.environment(format!("the toolbox of {project} cannot be put on its network"))
}
