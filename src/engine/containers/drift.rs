//! Whether a container that is there is the one that the file asks for.

use std::collections::{BTreeMap, BTreeSet};

use bollard::models::{ContainerInspectResponse, ImageInspect, PortMap};

use super::{
    inventory::{label, state_of},
    spec::Spec,
};
use crate::engine::ServiceState;
use crate::engine::labels;

/// What has to be done to have the service's container as the file asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Need {
    /// There is none.
    Create,
    /// There is another one, for this reason.
    Recreate(String),
    /// It is there and does not run.
    Start,
    /// Nothing.
    Nothing,
}

/// Compares a container, whoever made it, with the wish. `networks` are the ids of the wish's networks by full name.
pub(crate) fn need(
    there: Option<&ContainerInspectResponse>,
    spec: &Spec,
    image: &ImageInspect,
    networks: &BTreeMap<String, String>,
) -> Need {
    let Some(there) = there else { return Need::Create };
    if there.image != image.id {
        return Need::Recreate("image changed".into());
    }
    if let Some(why) = network_changes(there, spec, networks) {
        return Need::Recreate(why.into());
    }
    match label(there, labels::SPEC) {
        // Ours: everything that was asked for is in one hash.
        Some(hash) if hash == spec.hash => {}
        Some(_) => {
            let differences = differences(there, spec, image);
            return Need::Recreate(match differences.as_slice() {
                [] => "configuration changed".into(),
                list => format!("{} changed", list.join(", ")),
            });
        }
        // Made by `docker compose` from these very files, by its own reckoning.
        None if label(there, labels::CONFIG_HASH).is_some_and(|hash| spec.label(labels::CONFIG_HASH) == Some(hash)) => {
        }
        // Made by `docker compose`: what it does counts, not by which hash it was made.
        None => {
            let differences = differences(there, spec, image);
            if !differences.is_empty() {
                return Need::Recreate(format!("{} changed", differences.join(", ")));
            }
        }
    }
    match (there.state.as_ref().and_then(|state| state.dead), state_of(there)) {
        (Some(true), _) => Need::Recreate("container is dead".into()),
        (_, ServiceState::Running | ServiceState::Restarting) => Need::Nothing,
        _ => Need::Start,
    }
}

fn network_changes(
    there: &ContainerInspectResponse,
    spec: &Spec,
    networks: &BTreeMap<String, String>,
) -> Option<&'static str> {
    let attached = there.network_settings.as_ref().and_then(|settings| settings.networks.as_ref());
    for name in &spec.networks {
        let Some(endpoint) = attached.and_then(|attached| attached.get(name)) else { return Some("networks changed") };
        let known = endpoint.network_id.as_deref().unwrap_or_default();
        if !known.is_empty() && networks.get(name).is_some_and(|id| id != known) {
            return Some("network was made anew");
        }
    }
    let more = attached.is_some_and(|attached| attached.keys().any(|name| !spec.networks.contains(name)));
    (more && !spec.networks.is_empty()).then_some("networks changed")
}

/// The parts in which a container differs from the wish, in a learner's words.
fn differences(there: &ContainerInspectResponse, spec: &Spec, image: &ImageInspect) -> Vec<&'static str> {
    let config = there.config.clone().unwrap_or_default();
    let host = there.host_config.clone().unwrap_or_default();
    let base = image.config.clone().unwrap_or_default();
    let wanted_host = spec.body.host_config.clone().unwrap_or_default();
    let mut differences = Vec::new();
    let mut check = |same: bool, what| {
        if !same {
            differences.push(what);
        }
    };

    check(bindings(host.port_bindings.as_ref()) == bindings(wanted_host.port_bindings.as_ref()), "ports");
    check(variables(config.env.as_ref()) == wanted_variables(base.env.as_ref(), spec.body.env.as_ref()), "environment");
    let entrypoint = spec.body.entrypoint.clone().or(base.entrypoint);
    // An entry point of the file's own takes the image's command away.
    let command = match (&spec.body.cmd, &spec.body.entrypoint) {
        (Some(command), _) if !command.is_empty() => Some(command.clone()),
        (_, Some(_)) => None,
        _ => base.cmd,
    };
    check(
        config.cmd.unwrap_or_default() == command.unwrap_or_default()
            && config.entrypoint.unwrap_or_default() == entrypoint.unwrap_or_default(),
        "command",
    );
    check(mounts(there) == wanted_mounts(spec), "mounts");
    let policy = |host: &bollard::models::HostConfig| {
        host.restart_policy
            .as_ref()
            .and_then(|policy| policy.name)
            .map(|name| name.to_string())
            .filter(|name| !name.is_empty() && name != "no")
    };
    check(policy(&host) == policy(&wanted_host), "restart policy");
    check(host.init.unwrap_or(false) == wanted_host.init.unwrap_or(false), "init");
    let given = |wish: &Option<String>, image: Option<String>| wish.clone().or(image).unwrap_or_default();
    check(
        config.user.unwrap_or_default() == given(&spec.body.user, base.user)
            && config.working_dir.unwrap_or_default() == given(&spec.body.working_dir, base.working_dir)
            && config.stop_signal.unwrap_or_default() == given(&spec.body.stop_signal, base.stop_signal),
        "settings",
    );
    let test = |check: Option<bollard::models::HealthConfig>| check.and_then(|check| check.test).unwrap_or_default();
    let wanted_test = match &spec.body.healthcheck {
        Some(check) if check.test.is_some() => test(Some(check.clone())),
        _ => test(base.healthcheck),
    };
    check(test(config.healthcheck) == wanted_test, "health check");
    check(name_matches(there, spec), "name");
    differences
}

fn name_matches(there: &ContainerInspectResponse, spec: &Spec) -> bool {
    super::inventory::name_of(there) == spec.name
}

/// Container port and host port; addresses are left out, since compose binds to all where we bind to loopback.
fn bindings(map: Option<&PortMap>) -> BTreeSet<(String, String)> {
    map.into_iter()
        .flatten()
        .flat_map(|(target, bindings)| {
            bindings.iter().flatten().map(move |binding| {
                let port = binding.host_port.clone().filter(|port| port != "0").unwrap_or_default();
                (target.clone(), port)
            })
        })
        .collect()
}

fn variables(env: Option<&Vec<String>>) -> BTreeMap<String, String> {
    let split = |entry: &String| entry.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    env.into_iter().flatten().filter_map(split).collect()
}

fn wanted_variables(image: Option<&Vec<String>>, file: Option<&Vec<String>>) -> BTreeMap<String, String> {
    let mut wanted = variables(image);
    for entry in file.into_iter().flatten() {
        match entry.split_once('=') {
            Some((name, value)) => wanted.insert(name.to_owned(), value.to_owned()),
            None => wanted.remove(entry),
        };
    }
    wanted
}

/// Target, source (empty for a volume without a name) and whether it is read-only.
fn mounts(there: &ContainerInspectResponse) -> BTreeSet<(String, String, bool)> {
    there
        .mounts
        .iter()
        .flatten()
        .filter_map(|mount| {
            let source = match mount.typ.as_deref() {
                Some("bind") => mount.source.clone()?,
                Some("volume") => mount.name.clone().filter(|name| !is_anonymous(name))?,
                _ => return None,
            };
            Some((mount.destination.clone()?, source, !mount.rw.unwrap_or(true)))
        })
        .collect()
}

fn wanted_mounts(spec: &Spec) -> BTreeSet<(String, String, bool)> {
    let mounts = spec.body.host_config.as_ref().and_then(|host| host.mounts.as_ref());
    mounts
        .into_iter()
        .flatten()
        .filter_map(|mount| Some((mount.target.clone()?, mount.source.clone()?, mount.read_only.unwrap_or(false))))
        .collect()
}

/// Engines name volumes without a name by 64 hexadecimal digits.
pub(crate) fn is_anonymous(volume: &str) -> bool {
    volume.len() == 64 && volume.bytes().all(|byte| byte.is_ascii_hexdigit())
}
