//! Networks and volumes of a project, named and labelled as compose does, so that either finds the other's.

use std::collections::{BTreeMap, HashMap};

use bollard::{models::*, query_parameters::*};
use futures_util::future::try_join_all;

use super::{
    Engine, EngineKind,
    call::{Fault, QUICK, ask, found},
    labels,
};
use crate::{
    compose::{Network as Wanted, Stack},
    error::{Error, Result},
};

/// Where our own small subnets are taken from: 4,096 networks of 13 containers.
const POOL: [u8; 2] = [10, 213];
/// Subnets that are tried before giving up: other programs, and other graders, may take one at the same moment.
const TRIES: u32 = 64;

impl Engine {
    /// Makes the networks of these keys be there; their ids by key.
    pub(crate) async fn ensure_networks(
        &self,
        stack: &Stack,
        keys: &[&str],
        small_subnets: bool,
        more_labels: &BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, String>> {
        if keys.is_empty() {
            return Ok(BTreeMap::new());
        }
        let present = self.list_networks().await?;
        let one = async |key: &str| {
            let wanted = network(stack, key);
            match present.iter().find(|network| network.name.as_deref() == Some(&wanted.name)) {
                Some(there) => reuse(stack, &wanted, there),
                None if wanted.external => Err(Error::stack(format!(
                    "network {} is declared external, and there is none of this name",
                    wanted.name
                ))
                .suggest(format!("docker network create {}", wanted.name))),
                None => self.create_network(stack, key, &wanted, small_subnets, more_labels, &present).await,
            }
        };
        let ids = try_join_all(keys.iter().map(|key| one(key))).await?;
        Ok(keys.iter().map(|key| (*key).to_owned()).zip(ids).collect())
    }

    pub(crate) async fn list_networks(&self) -> Result<Vec<Network>> {
        ask(QUICK, self.docker.list_networks(None::<ListNetworksOptions>))
            .await
            .map_err(|fault| fault.environment("the engine's networks cannot be listed"))
    }

    async fn create_network(
        &self,
        stack: &Stack,
        key: &str,
        wanted: &Wanted,
        small_subnets: bool,
        more_labels: &BTreeMap<String, String>,
        present: &[Network],
    ) -> Result<String> {
        let mut labels: HashMap<String, String> =
            wanted.labels.iter().chain(more_labels).map(|(k, v)| (k.clone(), v.clone())).collect();
        for (name, value) in [
            (labels::PROJECT, stack.project.as_str()),
            (labels::NETWORK, key),
            (labels::VERSION, labels::VERSION_VALUE),
        ] {
            labels.insert(name.into(), value.into());
        }
        labels.insert(labels::LAB.into(), stack.dir.display().to_string());
        let mut options: HashMap<String, String> = HashMap::new();
        if wanted.driver.as_deref().is_none_or(|driver| driver == "bridge") {
            // Also holds for containers that `docker compose up` makes on this network later.
            options.insert("com.docker.network.bridge.host_binding_ipv4".into(), self.bind_address().into());
        }
        options.extend(wanted.driver_opts.iter().map(|(k, v)| (k.clone(), v.clone())));
        let request = |subnets: &[String]| NetworkCreateRequest {
            name: wanted.name.clone(),
            driver: wanted.driver.clone(),
            internal: Some(wanted.internal),
            attachable: None,
            options: Some(options.clone()),
            labels: Some(labels.clone()),
            ipam: (!subnets.is_empty()).then(|| Ipam {
                config: Some(
                    subnets.iter().map(|s| IpamConfig { subnet: Some(s.clone()), ..Default::default() }).collect(),
                ),
                ..Default::default()
            }),
            ..Default::default()
        };
        let create = |subnets: Vec<String>| {
            let (request, docker) = (request(&subnets), self.docker.clone());
            self.flights.see_through(&stack.project, async move {
                ask(QUICK, docker.create_network(request)).await.map(|made| made.id)
            })
        };
        let failed = |fault: Fault| fault.environment(format!("network {} cannot be made", wanted.name));

        if !wanted.subnets.is_empty() {
            return create(wanted.subnets.clone()).await.map_err(|fault| match fault {
                Fault::Says { status: 400, message } => {
                    Error::stack(format!("network {} cannot be made", wanted.name)).why(message)
                }
                fault => failed(fault),
            });
        }
        if !small_subnets {
            match create(Vec::new()).await {
                Err(fault) if pools_are_used_up(&fault.message()) => {}
                answer => return answer.map_err(failed),
            }
        }
        let mut taken: Vec<(u32, u32)> = present.iter().flat_map(subnets_of).collect();
        let mut number = start_of(&wanted.name);
        for _ in 0..TRIES {
            let subnet = next_free(&mut number, &taken)
                .ok_or_else(|| Error::environment("all small subnets of 10.213.0.0/16 are in use"))?;
            match create(vec![subnet.clone()]).await {
                Err(fault) if overlaps(&fault.message()) => taken.extend(parse_subnet(&subnet)),
                answer => return answer.map_err(failed),
            }
        }
        Err(Error::environment(format!("network {} cannot be made: no free subnet was found", wanted.name)))
    }

    /// Makes the volumes of these keys be there.
    pub(crate) async fn ensure_volumes(
        &self,
        stack: &Stack,
        keys: &[&str],
        more_labels: &BTreeMap<String, String>,
    ) -> Result<()> {
        for &key in keys {
            let Some(wanted) = stack.volumes.get(key) else { continue };
            let failed = |fault: Fault| fault.environment(format!("volume {} cannot be made", wanted.name));
            if found(ask(QUICK, self.docker.inspect_volume(&wanted.name)).await).map_err(failed)?.is_some() {
                continue;
            }
            if wanted.external {
                return Err(Error::stack(format!(
                    "volume {} is declared external, and there is none of this name",
                    wanted.name
                ))
                .suggest(format!("docker volume create {}", wanted.name)));
            }
            let mut labels: HashMap<String, String> =
                wanted.labels.iter().chain(more_labels).map(|(k, v)| (k.clone(), v.clone())).collect();
            labels.insert(labels::PROJECT.into(), stack.project.clone());
            labels.insert(labels::VOLUME.into(), key.to_owned());
            labels.insert(labels::VERSION.into(), labels::VERSION_VALUE.into());
            labels.insert(labels::LAB.into(), stack.dir.display().to_string());
            let request = VolumeCreateRequest {
                name: Some(wanted.name.clone()),
                driver: wanted.driver.clone(),
                driver_opts: Some(volume_options(self.info.kind, &wanted.driver_opts)),
                labels: Some(labels),
                ..Default::default()
            };
            let docker = self.docker.clone();
            let call = async move { ask(QUICK, docker.create_volume(request)).await };
            self.flights.see_through(&stack.project, call).await.map_err(failed)?;
        }
        Ok(())
    }
}

/// Podman takes the size of a volume for a quota of the disk, which few disks have, and refuses it for one in memory, too: there
/// such a volume is on the disk.
fn volume_options(kind: EngineKind, wanted: &BTreeMap<String, String>) -> HashMap<String, String> {
    let in_memory = wanted.get("type").is_some_and(|kind| kind == "tmpfs");
    let options = wanted.iter().filter(|_| !(in_memory && kind == EngineKind::Podman));
    options.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// The network of a key; `default` need not be declared.
pub(crate) fn network(stack: &Stack, key: &str) -> Wanted {
    let mut network = stack.networks.get(key).cloned().unwrap_or_default();
    if network.name.is_empty() {
        network.name = format!("{}_{key}", stack.project);
    }
    network
}

/// The id of a network that is there, unless it is somebody else's.
fn reuse(stack: &Stack, wanted: &Wanted, there: &Network) -> Result<String> {
    let owner = there.labels.as_ref().and_then(|labels| labels.get(labels::PROJECT));
    if !wanted.external && owner != Some(&stack.project) {
        return Err(Error::environment(format!("a network named {} is there, and is not this project's", wanted.name))
            .why(match owner {
                Some(project) => format!("it belongs to the project {project}"),
                None => "it carries no project's label".into(),
            })
            .suggest(format!("docker network rm {}    # if nobody needs it", wanted.name)));
    }
    Ok(there.id.clone().unwrap_or_default())
}

fn pools_are_used_up(message: &str) -> bool {
    message.contains("non-overlapping IPv4 address pool") || message.contains("predefined address pools")
}

fn overlaps(message: &str) -> bool {
    let message = message.to_lowercase();
    message.contains("pool overlaps") || message.contains("already used") || message.contains("conflicts with network")
}

/// The first and last address of a network's IPv4 subnets.
fn subnets_of(network: &Network) -> Vec<(u32, u32)> {
    let config = network.ipam.iter().flat_map(|ipam| ipam.config.iter().flatten());
    config.filter_map(|config| parse_subnet(config.subnet.as_deref()?)).collect()
}

fn parse_subnet(text: &str) -> Option<(u32, u32)> {
    let (address, bits) = text.split_once('/')?;
    let address = u32::from(address.parse::<std::net::Ipv4Addr>().ok()?);
    let size = 1u64 << (32 - bits.parse::<u32>().ok().filter(|bits| *bits <= 32)?);
    Some((address, (u64::from(address) + size - 1) as u32))
}

/// Where a network's search starts: by its name, so that graders side by side seldom want the same.
fn start_of(name: &str) -> u32 {
    name.bytes().fold(2_166_136_261_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(16_777_619)) % 4096
}

fn next_free(number: &mut u32, taken: &[(u32, u32)]) -> Option<String> {
    for _ in 0..4096 {
        let first = u32::from_be_bytes([POOL[0], POOL[1], 0, 0]) + *number * 16;
        *number = (*number + 1) % 4096;
        if taken.iter().all(|(from, to)| first > *to || first + 15 < *from) {
            return Some(format!("{}/28", std::net::Ipv4Addr::from(first)));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subnet_in_use_is_passed_over() {
        let mut number = 0;
        let taken = [parse_subnet("10.213.0.0/24").unwrap(), parse_subnet("10.213.1.16/28").unwrap()];
        assert_eq!(next_free(&mut number, &taken).as_deref(), Some("10.213.1.0/28"));
        assert_eq!(next_free(&mut number, &taken).as_deref(), Some("10.213.1.32/28"));
        assert_eq!(next_free(&mut number, &[parse_subnet("10.0.0.0/8").unwrap()]), None);
    }

    #[test]
    fn the_search_goes_round() {
        let mut number = 4095;
        assert_eq!(next_free(&mut number, &[]).as_deref(), Some("10.213.255.240/28"));
        assert_eq!(next_free(&mut number, &[]).as_deref(), Some("10.213.0.0/28"));
    }

    #[test]
    fn the_engines_words_are_known() {
        assert!(overlaps("Pool overlaps with other one on this address space"));
        assert!(pools_are_used_up("could not find an available, non-overlapping IPv4 address pool among the defaults"));
    }
}
