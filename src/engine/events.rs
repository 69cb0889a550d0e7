//! What the engine says of itself: containers that start, die, get healthy; networks that come and go.

use std::collections::HashMap;

use bollard::{models::EventMessage, query_parameters::EventsOptionsBuilder};
use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};

use super::{Engine, EngineEvent, deeds::Deeds, labels, request::Fault};
use crate::error::{Error, Result};

/// Actions of containers that change what a person would see of them; `exec_*` and the like are passed over.
const CONTAINER_ACTIONS: [&str; 9] =
    ["create", "start", "die", "oom", "destroy", "pause", "unpause", "rename", "health_status"];

impl Engine {
    /// Follows what happens to the project's containers and networks, until the stream is dropped or the engine goes away.
    /// The last item is an error when it went away.
    pub fn events(&self, project: &str) -> BoxStream<'static, Result<EngineEvent>> {
        let containers = self.listen(&[("type", "container"), ("label", &format!("{}={project}", labels::PROJECT))]);
        // Events of networks carry no labels: they are told apart by the name that compose gives them.
        let networks = self.listen(&[("type", "network"), ("event", "create"), ("event", "destroy")]);
        let prefix = format!("{project}_");
        let gone = Err(Fault::Gone("its events ended".into()));
        let containers = containers.chain(stream::iter([gone]));
        stream::select(containers, networks)
            .filter_map(move |message| {
                let event = match message {
                    Err(fault) => Some(Err(Error::environment("the engine went away").why(fault.message()))),
                    Ok(message) => translate(&message, &prefix).map(Ok),
                };
                std::future::ready(event)
            })
            .scan(false, |over, event| {
                let item = (!*over).then_some(event);
                *over |= matches!(item, Some(Err(_)));
                std::future::ready(item)
            })
            .boxed()
    }

    /// What is done to the project's containers that neither they nor this program do themselves, in words.
    pub(crate) fn done_by_others(&self, project: &str) -> BoxStream<'static, Result<String, Fault>> {
        let label = format!("{}={project}", labels::PROJECT);
        let deeds = ["kill", "pause", "rename", "destroy", "remove"].map(|deed| ("event", deed));
        let filters = [&[("type", "container"), ("label", &label)][..], &deeds].concat();
        let ours = self.deeds.clone();
        self.listen(&filters)
            .filter_map(move |message| {
                let deed = message.map(|message| in_words(&message, &ours)).transpose();
                std::future::ready(deed)
            })
            .boxed()
    }

    /// Starts and ends of one container, by action.
    pub(crate) fn life_of(&self, container: &str) -> BoxStream<'static, String> {
        let filters = [("type", "container"), ("container", container), ("event", "start"), ("event", "destroy")];
        self.listen(&filters)
            .filter_map(|message| std::future::ready(message.ok().and_then(|message| message.action)))
            .boxed()
    }

    fn listen(&self, filters: &[(&str, &str)]) -> BoxStream<'static, Result<EventMessage, Fault>> {
        let mut map: HashMap<String, Vec<String>> = HashMap::new();
        for (name, value) in filters {
            map.entry((*name).to_owned()).or_default().push((*value).to_owned());
        }
        let options = EventsOptionsBuilder::default().filters(&map).build();
        let docker = self.docker.clone();
        let (sender, receiver) = tokio::sync::mpsc::channel(64);
        // Bollard's stream borrows its client; a task of its own gives a stream that can be kept. It ends with its reader.
        tokio::spawn(async move {
            let mut events = docker.events(Some(options));
            loop {
                let event = tokio::select! {
                    event = events.next() => event,
                    () = sender.closed() => None,
                };
                let Some(event) = event else { return };
                if sender.send(event.map_err(Fault::from)).await.is_err() {
                    return;
                }
            }
        });
        stream::unfold(receiver, |mut receiver| async move { Some((receiver.recv().await?, receiver)) }).boxed()
    }
}

/// What somebody else did to a container; `None` where it was this program.
fn in_words(message: &EventMessage, ours: &Deeds) -> Option<String> {
    let actor = message.actor.as_ref()?;
    if ours.is_ours(actor.id.as_deref()?) {
        return None;
    }
    let attributes = actor.attributes.as_ref()?;
    let service = attributes.get(labels::SERVICE).or_else(|| attributes.get("name"))?;
    let did = match message.action.as_deref()? {
        "kill" => "was sent a signal (docker kill, stop or restart)",
        "pause" => "was paused",
        "rename" => "was renamed",
        "destroy" | "remove" => "was removed",
        _ => return None,
    };
    Some(format!("the container of {service} {did}"))
}

fn translate(message: &EventMessage, prefix: &str) -> Option<EngineEvent> {
    let kind = message.typ?.to_string();
    let action = message.action.clone()?;
    let actor = message.actor.as_ref();
    let attribute = |name: &str| actor?.attributes.as_ref()?.get(name).cloned();
    let wanted = match kind.as_str() {
        "container" => CONTAINER_ACTIONS.iter().any(|known| action.split(':').next() == Some(known)),
        "network" => attribute("name").is_some_and(|name| name.starts_with(prefix)),
        _ => false,
    };
    wanted.then(|| EngineEvent {
        kind,
        service: attribute(labels::SERVICE),
        exit_code: attribute("exitCode").and_then(|code| code.parse().ok()),
        action,
    })
}
