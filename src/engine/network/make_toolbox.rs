//! Making a toolbox, once per process and project.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use bollard::{
    container::LogOutput,
    models::{ContainerCreateBody, HostConfig, HostConfigLogConfig},
    query_parameters::{AttachContainerOptionsBuilder, CreateContainerOptionsBuilder},
};
use futures_util::StreamExt;
use tokio::sync::Mutex;

use super::{
    relay::{PROGRAM, Relay},
    toolbox::{Live, Toolbox},
};
use crate::engine::{
    Engine, labels,
    request::{Fault, QUICK, ask},
};
use crate::error::{Error, Result};

/// The image of which toolboxes are made: one that the course needs anyway.
const IMAGE: &str = "python:3.13-slim";
/// Memory of a toolbox, in bytes.
const MEMORY: i64 = 96 << 20;
/// Threads of a toolbox: two per connection.
const THREADS: i64 = 256;

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

fn failed(project: &str, fault: &Fault) -> Error {
    fault.environment(format!("the toolbox of {project} cannot be put on its network"))
}
