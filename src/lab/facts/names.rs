//! Whether a name that the proxy asks for means anybody on its networks.

use std::collections::BTreeSet;

use super::Sources;
use crate::compose::Service;

/// The name is known on a network that the proxy is on.
const KNOWN: &str = "known";
/// It belongs to a service that shares no network with the proxy.
const UNSHARED: &str = "of a service on other networks";
/// It belongs to a service that shares a network with the proxy, on another one only.
const ELSEWHERE: &str = "known on another network only";
/// Nobody has it.
const NOBODY: &str = "of nobody";

/// What a host name means to the proxy; nothing for an address, for itself, and where the names are not all known.
pub(super) fn known_to_proxy(sources: &Sources<'_>, host: &str) -> Option<&'static str> {
    let (stack, proxy) = (sources.stack?, sources.proxy()?);
    let is_address = host.parse::<std::net::IpAddr>().is_ok() || host.starts_with('[');
    let outside = host.contains('.') || host == "localhost" || proxy.network_mode.is_some();
    if is_address || outside || proxy.extra_hosts.iter().any(|line| line.split([':', '=']).next() == Some(host)) {
        return None;
    }
    let networks: BTreeSet<&str> = proxy.networks.iter().map(|one| one.network.as_str()).collect();
    let shares = |service: &Service| service.networks.iter().any(|one| networks.contains(one.network.as_str()));
    let mut found = NOBODY;
    for service in &stack.services {
        // Its own names are known on each of its networks.
        let own = [Some(&service.name), service.container_name.as_ref(), service.hostname.as_ref()];
        if own.into_iter().flatten().any(|name| name == host) {
            if shares(service) {
                return Some(KNOWN);
            }
            found = UNSHARED;
        }
        for network in service.networks.iter().filter(|network| network.aliases.iter().any(|alias| alias == host)) {
            if networks.contains(network.network.as_str()) {
                return Some(KNOWN);
            }
            found = if shares(service) { ELSEWHERE } else { UNSHARED };
        }
    }
    Some(found)
}
