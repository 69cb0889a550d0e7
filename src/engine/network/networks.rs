//! Networks and volumes of a project, named and labelled as compose does, so that either finds the other's.

use std::{
    collections::{BTreeMap, HashMap},
    net::Ipv4Addr,
};

use bollard::{models::*, query_parameters::*};
use futures_util::future::try_join_all;
use ipnet::{IpNet, Ipv4Net};

use super::routes;
use crate::engine::{
    Engine, EngineKind,
    blame::network_is_to_blame,
    labels,
    request::{Fault, QUICK, ask, found},
};
use crate::{
    compose::{AddressPool, Network as Wanted, Stack},
    error::{Error, Result},
};

/// Where our own small subnets are taken from, 4,096 networks of 13 containers each: as addresses of the engine's own range look, and
/// elsewhere where that part of it is in use.
pub(super) const POOLS: [Ipv4Net; 2] = [pool([172, 30, 0, 0]), pool([10, 213, 0, 0])];
/// Subnets that are tried before giving up: other programs, and other graders, may take one at the same moment.
const TRIES: u32 = 64;

/// Between two looks whether a subnet is free.
const SUBNET_AGAIN: std::time::Duration = std::time::Duration::from_millis(300);

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
            match named(&present, &wanted.name, &stack.project) {
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
        let request = |pools: &[AddressPool]| NetworkCreateRequest {
            name: wanted.name.clone(),
            driver: wanted.driver.clone(),
            internal: Some(wanted.internal),
            attachable: wanted.attachable.then_some(true),
            enable_ipv6: wanted.enable_ipv6,
            options: Some(options.clone()),
            labels: Some(labels.clone()),
            ipam: (!pools.is_empty() || wanted.ipam_driver.is_some()).then(|| Ipam {
                driver: wanted.ipam_driver.clone(),
                config: (!pools.is_empty()).then(|| pools.iter().map(addresses).collect()),
                options: None,
            }),
            ..Default::default()
        };
        let create = |pools: Vec<AddressPool>| {
            let (request, docker) = (request(&pools), self.docker.clone());
            self.flights.see_through(&stack.project, async move {
                ask(QUICK, docker.create_network(request)).await.map(|made| made.id)
            })
        };
        let failed = |fault: Fault| fault.environment(format!("network {} cannot be made", wanted.name));

        if !wanted.pools.is_empty() {
            if small_subnets {
                self.subnets_are_free(wanted).await?;
            }
            return create(wanted.pools.clone()).await.map_err(|fault| {
                if network_is_to_blame(&fault) {
                    return Error::stack(format!("network {} cannot be made", wanted.name)).why(fault.message());
                }
                failed(fault)
            });
        }
        if !small_subnets {
            match create(Vec::new()).await {
                Err(fault) if pools_are_used_up(&fault.message()) => {}
                answer => return answer.map_err(failed),
            }
        }
        let mut taken: Vec<IpNet> = present.iter().flat_map(subnets_of).collect();
        if self.is_local() {
            taken.extend(routes::of_host().into_iter().map(|(net, _)| net));
        }
        let mut number = start_of(&wanted.name);
        for _ in 0..TRIES {
            let subnet = next_free(&mut number, &taken)
                .ok_or_else(|| Error::environment("all small subnets of 172.30.0.0/16 and 10.213.0.0/16 are in use"))?;
            match create(vec![AddressPool { subnet: Some(subnet.clone()), ..AddressPool::default() }]).await {
                Err(fault) if overlaps(&fault.message()) => taken.extend(subnet.parse::<IpNet>()),
                answer => return answer.map_err(failed),
            }
        }
        Err(Error::environment(format!("network {} cannot be made: no free subnet was found", wanted.name)))
    }

    /// Waits until no other check holds the subnets that a stranger's network asks for.
    ///
    /// # Errors
    /// Environment: one overlaps with a network of somebody else, or with a way of this machine, which would lead into it then.
    async fn subnets_are_free(&self, wanted: &Wanted) -> Result<()> {
        let asked: Vec<IpNet> = wanted.pools.iter().filter_map(|pool| pool.subnet.as_deref()?.parse().ok()).collect();
        let overlaps = |net: &IpNet| asked.iter().find(|asked| routes::overlap(asked, net)).copied();
        loop {
            let present = self.list_networks().await?;
            let (ours, others): (Vec<&Network>, Vec<&Network>) =
                present.iter().partition(|network| is_of_check(network));
            let of_others = others.iter().find_map(|network| {
                let asked = subnets_of(network).iter().find_map(overlaps)?;
                Some((asked, format!("the network {}", network.name.as_deref().unwrap_or_default())))
            });
            // A bridge that is taken down has its way until the end.
            let is_ours = |net: &IpNet| ours.iter().any(|network| subnets_of(network).contains(net));
            let routes = if self.is_local() { routes::of_host() } else { Vec::new() };
            let held = ours.iter().any(|network| subnets_of(network).iter().find_map(overlaps).is_some());
            let of_host = routes.iter().find_map(|(net, interface)| {
                let asked = overlaps(net).filter(|_| !is_ours(net))?;
                Some((asked, format!("the way to {net} by {interface}")))
            });
            match of_others.or(of_host.filter(|_| !held)) {
                Some((asked, what)) => {
                    let place = format!("{}:{}", wanted.place.file.display(), wanted.place.line);
                    return Err(Error::environment(format!(
                        "refused: {place}: the subnet {asked} overlaps with {what}"
                    ))
                    .why("what is sent there from this machine would lead into the network"));
                }
                None if !held => return Ok(()),
                // Another submission of the class: its turn ends.
                None => tokio::time::sleep(SUBNET_AGAIN).await,
            }
        }
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

fn addresses(pool: &AddressPool) -> IpamConfig {
    IpamConfig {
        subnet: pool.subnet.clone(),
        ip_range: pool.ip_range.clone(),
        gateway: pool.gateway.clone(),
        auxiliary_addresses: some_map(&pool.aux_addresses),
    }
}

fn some_map(map: &BTreeMap<String, String>) -> Option<HashMap<String, String>> {
    (!map.is_empty()).then(|| map.clone().into_iter().collect())
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

/// The network of this name: the project's own, where several have it, which engines allow.
pub(crate) fn named<'n>(present: &'n [Network], name: &str, project: &str) -> Option<&'n Network> {
    let all = || present.iter().filter(|network| network.name.as_deref() == Some(name));
    all().find(|network| label_of(network, labels::PROJECT) == Some(project)).or_else(|| all().next())
}

fn label_of<'n>(network: &'n Network, name: &str) -> Option<&'n str> {
    network.labels.as_ref()?.get(name).map(String::as_str)
}

/// Whether a network was made for a submission.
fn is_of_check(network: &Network) -> bool {
    label_of(network, labels::CHECK).is_some()
}

/// A network's subnets.
fn subnets_of(network: &Network) -> Vec<IpNet> {
    let config = network.ipam.iter().flat_map(|ipam| ipam.config.iter().flatten());
    config.filter_map(|config| Some(config.subnet.as_deref()?.parse::<IpNet>().ok()?.trunc())).collect()
}

/// Where a network's search starts: by its name, so that graders side by side seldom want the same.
fn start_of(name: &str) -> u32 {
    name.bytes().fold(2_166_136_261_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(16_777_619)) % 4096
}

const fn pool([a, b, c, d]: [u8; 4]) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), 16)
}

fn next_free(number: &mut u32, taken: &[IpNet]) -> Option<String> {
    for pool in POOLS {
        for _ in 0..4096 {
            let first = u32::from(pool.network()) + *number * 16;
            *number = (*number + 1) % 4096;
            let net = IpNet::from(Ipv4Net::new(first.into(), 28).ok()?);
            if !taken.iter().any(|taken| routes::overlap(taken, &net)) {
                return Some(net.to_string());
            }
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
        let taken = ["172.30.0.0/24", "172.30.1.16/28"].map(|net| net.parse().unwrap());
        assert_eq!(next_free(&mut number, &taken).as_deref(), Some("172.30.1.0/28"));
        assert_eq!(next_free(&mut number, &taken).as_deref(), Some("172.30.1.32/28"));
        let engines_own: IpNet = "172.16.0.0/12".parse().unwrap();
        assert!(next_free(&mut number, &[engines_own]).is_some_and(|net| net.starts_with("10.213.")));
        assert_eq!(next_free(&mut number, &[engines_own, "10.0.0.0/8".parse().unwrap()]), None);
    }

    #[test]
    fn the_projects_own_network_is_found_among_those_of_its_name() {
        let network = |id: &str, project: &str| Network {
            name: Some("shop_default".into()),
            id: Some(id.into()),
            labels: Some([(labels::PROJECT.to_owned(), project.to_owned())].into()),
            ..Network::default()
        };
        let id = |present: &[Network]| named(present, "shop_default", "shop").and_then(|found| found.id.clone());
        assert_eq!(id(&[]), None);
        assert_eq!(id(&[network("1", "x")]).as_deref(), Some("1"));
        assert_eq!(id(&[network("1", "x"), network("2", "shop")]).as_deref(), Some("2"));
    }

    #[test]
    fn the_search_goes_round() {
        let mut number = 4095;
        assert_eq!(next_free(&mut number, &[]).as_deref(), Some("172.30.255.240/28"));
        assert_eq!(next_free(&mut number, &[]).as_deref(), Some("172.30.0.0/28"));
    }

    #[test]
    fn the_engines_words_are_known() {
        assert!(overlaps("Pool overlaps with other one on this address space"));
        assert!(pools_are_used_up("could not find an available, non-overlapping IPv4 address pool among the defaults"));
    }
}
