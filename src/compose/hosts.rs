//! `extra_hosts:`.

use super::{
    diagnostics::Diagnostics,
    source_map::Spot,
    yaml::{Node, Value},
};

/// Addresses of names: `name=address`, `name:address`, or a map of them.
pub(super) fn extra_hosts(node: &Node, desk: &mut Diagnostics) -> Vec<String> {
    let mut hosts: Vec<(String, String, Spot)> = vec![];
    match &node.value {
        Value::Map(entries) => {
            for entry in entries {
                for address in desk.string_or_list(&entry.node, "extra_hosts") {
                    hosts.push((entry.key.clone(), address, entry.spot));
                }
            }
        }
        _ => {
            for item in desk.list(node, "extra_hosts", "`- \"name:127.0.0.1\"`") {
                let Some(text) = desk.string(item, "an entry of extra_hosts") else { continue };
                match text.split_once('=').or_else(|| text.split_once(':')) {
                    Some((name, addresses)) => {
                        hosts.extend(addresses.split(',').map(|one| (name.to_string(), one.to_string(), item.spot)));
                    }
                    None => desk.error(item.spot, format!("`{text}` has no address"), "write `\"name:127.0.0.1\"`"),
                }
            }
        }
    }
    for (name, address, spot) in &mut hosts {
        if name.is_empty() || name.contains([':', '=']) {
            desk.error(*spot, format!("`{name}` is not the name of a host"), "write `\"name:127.0.0.1\"`");
        }
        if let Some(bare) = address.strip_prefix('[').and_then(|address| address.strip_suffix(']')) {
            *address = bare.to_string();
        }
        if address == "host-gateway" {
            let message = format!("`extra_hosts` names the host itself: `{name}:{address}`");
            desk.refuse(*spot, message, "it reaches what runs on the host");
        }
    }
    hosts.into_iter().map(|(name, address, _)| format!("{name}:{address}")).collect()
}
