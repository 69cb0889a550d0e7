//! Which addresses are in use around this machine: a network that takes one of them takes the way to it.

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// The networks that this machine has a way to, each with the interface that it leads to, but for the way to everything else.
pub(super) fn of_host() -> Vec<(IpNet, String)> {
    let table = |path| std::fs::read_to_string(path).unwrap_or_default();
    let (v4, v6) = (table("/proc/net/route"), table("/proc/net/ipv6_route"));
    v4.lines().filter_map(ipv4).chain(v6.lines().filter_map(ipv6)).collect()
}

/// Whether two networks have an address in common.
pub(super) fn overlap(one: &IpNet, other: &IpNet) -> bool {
    one.contains(&other.network()) || other.contains(&one.network())
}

/// `eth0 0000A8C0 00000000 0001 0 0 0 00FFFFFF …`: the interface, and the network's address and mask with their bytes turned round.
fn ipv4(line: &str) -> Option<(IpNet, String)> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let number = |at: usize| Some(u32::from_str_radix(fields.get(at)?, 16).ok()?.swap_bytes());
    let (address, mask) = (number(1)?, number(7)?);
    let net = Ipv4Net::with_netmask(Ipv4Addr::from(address), Ipv4Addr::from(mask)).ok()?;
    (mask != 0).then(|| (net.into(), (*fields.first().unwrap_or(&"")).to_owned()))
}

/// `fd00…0 40 0…0 00 0…0 00000100 … eth0`: the network's address and length, and last the interface.
fn ipv6(line: &str) -> Option<(IpNet, String)> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let address = Ipv6Addr::from(u128::from_str_radix(fields.first()?, 16).ok()?);
    let length = u8::from_str_radix(fields.get(1)?, 16).ok()?;
    let net = Ipv6Net::new(address, length).ok()?;
    let leads_away = length > 0 && !address.is_loopback() && !address.is_multicast();
    leads_away.then(|| (net.into(), (*fields.last().unwrap_or(&"")).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_tables_are_read() {
        let line = "eth0\t00A8A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0";
        assert_eq!(ipv4(line), Some(("192.168.168.0/24".parse().unwrap(), "eth0".into())));
        assert_eq!(ipv4("eth0\t00000000\t0102000A\t0003\t0\t0\t0\t00000000\t0\t0\t0"), None);
        assert_eq!(ipv4("Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT"), None);
        let line = "fd000000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0";
        assert_eq!(ipv6(line), Some(("fd00::/64".parse().unwrap(), "eth0".into())));
        assert_eq!(ipv6("00000000000000000000000000000000 00 0 00 0 1 1 1 1 lo"), None);
    }

    #[test]
    fn networks_that_share_an_address_overlap() {
        let net = |text: &str| text.parse::<IpNet>().unwrap();
        assert!(overlap(&net("10.0.0.0/8"), &net("10.213.0.16/28")));
        assert!(overlap(&net("10.213.0.16/28"), &net("10.0.0.0/8")));
        assert!(!overlap(&net("10.213.0.16/28"), &net("10.213.0.32/28")));
        assert!(!overlap(&net("fd00::/64"), &net("10.0.0.0/8")));
    }
}
