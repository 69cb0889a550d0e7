//! The keys that compose knows, what is done with each, and the nearest one to a misspelt word.

/// What is done with a key that compose knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Treatment {
    /// It is read.
    Read,
    /// It changes nothing that matters here.
    Quiet,
    /// It is told and passed over.
    PassedOver,
    /// It is told and passed over, and an untrusted stack that asks for it is refused, for this reason.
    Refused(&'static str),
}

use Treatment::{PassedOver, Quiet, Read, Refused};

type Keys = &'static [(&'static str, Treatment)];

/// Keys of the file itself.
pub(super) const TOP: Keys = &[
    ("version", Read),
    ("name", Read),
    ("include", Read),
    ("services", Read),
    ("networks", Read),
    ("volumes", Read),
    ("secrets", Read),
    ("configs", Read),
    ("models", PassedOver),
];

/// Keys of a service.
pub(super) const SERVICE: Keys = &[
    ("annotations", Quiet),
    ("attach", Quiet),
    ("blkio_config", PassedOver),
    ("build", Read),
    ("cap_add", Refused("it takes rights over the host that a container does not have")),
    ("cap_drop", Quiet),
    ("cgroup", Read),
    ("cgroup_parent", Refused("it places the container among the host's own processes")),
    ("command", Read),
    ("configs", Read),
    ("container_name", Read),
    ("cpu_count", PassedOver),
    ("cpu_percent", PassedOver),
    ("cpu_period", PassedOver),
    ("cpu_quota", PassedOver),
    ("cpu_rt_period", PassedOver),
    ("cpu_rt_runtime", PassedOver),
    ("cpu_shares", PassedOver),
    ("cpus", PassedOver),
    ("cpuset", PassedOver),
    ("credential_spec", Refused("it takes credentials of the host")),
    ("depends_on", Read),
    ("deploy", Read),
    ("develop", Quiet),
    ("device_cgroup_rules", Refused("it opens devices of the host")),
    ("devices", Refused("it opens devices of the host")),
    ("dns", PassedOver),
    ("dns_opt", PassedOver),
    ("dns_search", PassedOver),
    ("domainname", PassedOver),
    ("entrypoint", Read),
    ("env_file", Read),
    ("environment", Read),
    ("expose", Read),
    ("extends", Read),
    ("external_links", Refused("it reaches containers of others")),
    ("extra_hosts", Read),
    ("gpus", Refused("it opens devices of the host")),
    ("group_add", PassedOver),
    ("healthcheck", Read),
    ("hostname", Read),
    ("image", Read),
    ("init", Read),
    ("ipc", Read),
    ("isolation", Refused("it chooses how the container is kept apart from the host")),
    ("label_file", PassedOver),
    ("labels", Read),
    ("links", Read),
    ("logging", PassedOver),
    ("mac_address", PassedOver),
    ("mem_limit", PassedOver),
    ("mem_reservation", PassedOver),
    ("mem_swappiness", PassedOver),
    ("memswap_limit", PassedOver),
    ("models", PassedOver),
    ("network_mode", Read),
    ("networks", Read),
    ("oom_kill_disable", Refused("it keeps the host from ending the container when memory runs out")),
    ("oom_score_adj", Refused("it changes which process the host ends when memory runs out")),
    ("pid", Read),
    ("pids_limit", PassedOver),
    ("platform", Quiet),
    ("ports", Read),
    ("post_start", PassedOver),
    ("pre_stop", PassedOver),
    ("privileged", Read),
    ("profiles", Read),
    ("provider", Refused("it runs a program on the host")),
    ("pull_policy", Quiet),
    ("pull_refresh_after", Quiet),
    ("read_only", Read),
    ("restart", Read),
    ("runtime", Refused("it chooses how the container is kept apart from the host")),
    ("scale", Read),
    ("secrets", Read),
    ("security_opt", Refused("it changes what keeps the container apart from the host")),
    ("shm_size", Read),
    ("stdin_open", Read),
    ("stop_grace_period", Read),
    ("stop_signal", Read),
    ("storage_opt", PassedOver),
    ("sysctls", Refused("it changes settings of the kernel")),
    ("tmpfs", Read),
    ("tty", Read),
    ("ulimits", PassedOver),
    ("use_api_socket", Refused("it hands over Docker's own socket, and with it the host")),
    ("user", Read),
    ("userns_mode", Read),
    ("uts", Read),
    ("volumes", Read),
    ("volumes_from", Read),
    ("working_dir", Read),
];

/// Keys of `build:`.
pub(super) const BUILD: Keys = &[
    ("additional_contexts", Refused("it takes files from outside the context")),
    ("args", Read),
    ("cache_from", Quiet),
    ("cache_to", Quiet),
    ("context", Read),
    ("dockerfile", Read),
    ("dockerfile_inline", Read),
    ("entitlements", Refused("it gives the build rights over the host")),
    ("extra_hosts", PassedOver),
    ("isolation", Quiet),
    ("labels", Quiet),
    ("network", Read),
    ("no_cache", Quiet),
    ("platforms", Quiet),
    ("privileged", Refused("it gives the build rights over the host")),
    ("provenance", Quiet),
    ("pull", Quiet),
    ("sbom", Quiet),
    ("secrets", Refused("it hands files of the host to the build")),
    ("shm_size", Quiet),
    ("ssh", Refused("it hands keys of the host to the build")),
    ("tags", Quiet),
    ("target", Read),
    ("ulimits", Quiet),
];

/// Keys of a long port.
pub(super) const PORT: Keys = &[
    ("app_protocol", Quiet),
    ("host_ip", Read),
    ("mode", Quiet),
    ("name", Quiet),
    ("protocol", Read),
    ("published", Read),
    ("target", Read),
];

/// Keys of a long mount.
pub(super) const MOUNT: Keys = &[
    ("bind", Read),
    ("consistency", Quiet),
    ("image", PassedOver),
    ("read_only", Read),
    ("source", Read),
    ("target", Read),
    ("tmpfs", Quiet),
    ("type", Read),
    ("volume", Read),
];

/// Keys of `healthcheck:`.
pub(super) const HEALTHCHECK: Keys = &[
    ("disable", Read),
    ("interval", Read),
    ("retries", Read),
    ("start_interval", Read),
    ("start_period", Read),
    ("test", Read),
    ("timeout", Read),
];

/// Keys of one service's place on a network.
pub(super) const ATTACHMENT: Keys = &[
    ("aliases", Read),
    ("driver_opts", PassedOver),
    ("gw_priority", Quiet),
    ("interface_name", Quiet),
    ("ipv4_address", Read),
    ("ipv6_address", PassedOver),
    ("link_local_ips", PassedOver),
    ("mac_address", PassedOver),
    ("priority", Quiet),
];

/// Keys of a network.
pub(super) const NETWORK: Keys = &[
    ("attachable", Quiet),
    ("driver", Read),
    ("driver_opts", Read),
    ("enable_ipv4", Quiet),
    ("enable_ipv6", PassedOver),
    ("external", Read),
    ("internal", Read),
    ("ipam", Read),
    ("labels", Read),
    ("name", Read),
];

/// Keys of a volume.
pub(super) const VOLUME: Keys =
    &[("driver", Read), ("driver_opts", Read), ("external", Read), ("labels", Read), ("name", Read)];

/// Keys of a secret or a config.
pub(super) const SECRET: Keys = &[
    ("content", PassedOver),
    ("driver", PassedOver),
    ("driver_opts", PassedOver),
    ("environment", PassedOver),
    ("external", Read),
    ("file", Read),
    ("labels", Quiet),
    ("name", Quiet),
    ("template_driver", PassedOver),
];

/// Keys of a service's use of a secret or a config.
pub(super) const SECRET_USE: Keys =
    &[("gid", Quiet), ("mode", Quiet), ("source", Read), ("target", Read), ("uid", Quiet)];

/// Keys of one dependency.
pub(super) const DEPENDENCY: Keys = &[("condition", Read), ("required", Read), ("restart", Quiet)];

/// Keys of a long env file.
pub(super) const ENV_FILE: Keys = &[("format", Read), ("path", Read), ("required", Read)];

/// What is done with a key, when compose knows it.
pub(super) fn treatment(keys: Keys, key: &str) -> Option<Treatment> {
    keys.iter().find(|(known, _)| *known == key).map(|(_, treatment)| *treatment)
}

/// The known word nearest to a misspelt one, when one is near enough to be meant.
pub(super) fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let lower = word.to_lowercase().replace('-', "_");
    let allowed = match word.chars().count() {
        0..=3 => 1,
        4..=7 => 2,
        _ => 3,
    };
    let best = known.into_iter().map(|key| (distance(&lower, key), key)).min()?;
    (best.0 <= allowed).then_some(best.1)
}

/// Edits between two words: a letter more, less, other, or two neighbours swapped.
fn distance(a: &str, b: &str) -> usize {
    // Words that long are no misspelt keys, and the table below is as large as their product.
    const LONGEST: usize = 40;
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(LONGEST).collect(), b.chars().take(LONGEST).collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    for (j, cell) in rows[0].iter_mut().enumerate() {
        *cell = j;
    }
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let same = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (rows[i - 1][j] + 1).min(rows[i][j - 1] + 1).min(rows[i - 1][j - 1] + same);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspelt_keys_find_their_word() {
        let service = |word| nearest(word, SERVICE.iter().map(|(key, _)| *key));
        assert_eq!(service("port"), Some("ports"));
        assert_eq!(service("enviroment"), Some("environment"));
        assert_eq!(service("depends-on"), Some("depends_on"));
        assert_eq!(service("volumns"), Some("volumes"));
        assert_eq!(service("Image"), Some("image"));
        assert_eq!(service("biuld"), Some("build"));
        assert_eq!(service("listen"), None);
        assert_eq!(service(&"x".repeat(1_000_000)), None);
    }

    #[test]
    fn every_table_is_free_of_doubles() {
        for keys in [TOP, SERVICE, BUILD, PORT, MOUNT, HEALTHCHECK, ATTACHMENT, NETWORK, VOLUME, SECRET] {
            let mut names: Vec<_> = keys.iter().map(|(key, _)| key).collect();
            names.sort();
            names.dedup();
            assert_eq!(names.len(), keys.len());
        }
    }
}
