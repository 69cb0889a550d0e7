//! The keys that compose knows, what is done with each, and the nearest one to a misspelt word.

/// What is done with a key that compose knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Treatment {
    /// It is read.
    Read,
    /// It changes nothing that matters here.
    Quiet,
    /// It is told: what it changes is none of the stack's own doing.
    Told,
    /// It is told and passed over: the stack may behave otherwise than under compose.
    PassedOver,
    /// It is read, and an untrusted stack that asks for it is refused, for this reason.
    Guarded(&'static str),
    /// It is told and passed over, and an untrusted stack that asks for it is refused, for this reason.
    Refused(&'static str),
}

use Treatment::{Guarded, PassedOver, Quiet, Read, Refused, Told};

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
    ("annotations", Read),
    ("attach", Quiet),
    ("blkio_config", PassedOver),
    ("build", Read),
    ("cap_add", Guarded("it takes rights over the host that a container does not have")),
    ("cap_drop", Read),
    ("cgroup", Read),
    ("cgroup_parent", Guarded("it places the container among the host's own processes")),
    ("command", Read),
    ("configs", Read),
    ("container_name", Read),
    ("cpu_count", Told),
    ("cpu_percent", Told),
    ("cpu_period", Read),
    ("cpu_quota", Read),
    ("cpu_rt_period", Read),
    ("cpu_rt_runtime", Read),
    ("cpu_shares", Read),
    ("cpus", Read),
    ("cpuset", Read),
    ("credential_spec", Refused("it takes credentials of the host")),
    ("depends_on", Read),
    ("deploy", Read),
    ("develop", Quiet),
    ("device_cgroup_rules", Guarded("it opens devices of the host")),
    ("devices", Guarded("it opens devices of the host")),
    ("dns", Read),
    ("dns_opt", Read),
    ("dns_search", Read),
    ("domainname", Read),
    ("entrypoint", Read),
    ("env_file", Read),
    ("environment", Read),
    ("expose", Read),
    ("extends", Read),
    ("external_links", Guarded("it reaches containers of others")),
    ("extra_hosts", Read),
    ("gpus", Refused("it opens devices of the host")),
    ("group_add", Read),
    ("healthcheck", Read),
    ("hostname", Read),
    ("image", Read),
    ("init", Read),
    ("ipc", Read),
    ("isolation", Refused("it chooses how the container is kept apart from the host")),
    ("label_file", Read),
    ("labels", Read),
    ("links", Read),
    ("logging", Read),
    ("mac_address", Read),
    ("mem_limit", Read),
    ("mem_reservation", Read),
    ("mem_swappiness", Read),
    ("memswap_limit", Read),
    ("models", PassedOver),
    ("network_mode", Read),
    ("networks", Read),
    ("oom_kill_disable", Guarded("it keeps the host from ending the container when memory runs out")),
    ("oom_score_adj", Guarded("it changes which process the host ends when memory runs out")),
    ("pid", Read),
    ("pids_limit", Read),
    ("platform", Told),
    ("ports", Read),
    ("post_start", PassedOver),
    ("pre_start", PassedOver),
    ("pre_stop", PassedOver),
    ("privileged", Read),
    ("profiles", Read),
    ("provider", Refused("it runs a program on the host")),
    ("pull_policy", Told),
    ("pull_refresh_after", Told),
    ("read_only", Read),
    ("restart", Read),
    ("runtime", Guarded("it chooses how the container is kept apart from the host")),
    ("scale", Read),
    ("secrets", Read),
    ("security_opt", Guarded("it changes what keeps the container apart from the host")),
    ("shm_size", Read),
    ("stdin_open", Read),
    ("stop_grace_period", Read),
    ("stop_signal", Read),
    ("storage_opt", Read),
    ("sysctls", Guarded("it changes settings of the kernel")),
    ("tmpfs", Read),
    ("tty", Read),
    ("ulimits", Read),
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
    ("extra_hosts", Read),
    ("isolation", Told),
    ("labels", Read),
    ("network", Read),
    ("no_cache", Told),
    ("no_cache_filter", Told),
    ("platforms", Told),
    ("privileged", Refused("it gives the build rights over the host")),
    ("provenance", Quiet),
    ("pull", Told),
    ("sbom", Quiet),
    ("secrets", Refused("it hands files of the host to the build")),
    ("shm_size", Read),
    ("ssh", Refused("it hands keys of the host to the build")),
    ("tags", Told),
    ("target", Read),
    ("ulimits", PassedOver),
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
    ("tmpfs", Read),
    ("type", Read),
    ("volume", Read),
];

/// Keys of `bind:` of a long mount.
pub(super) const BIND: Keys =
    &[("create_host_path", Read), ("propagation", Read), ("recursive", Read), ("selinux", Read)];

/// Keys of `volume:` of a long mount.
pub(super) const MOUNTED_VOLUME: Keys = &[("labels", Told), ("nocopy", Read), ("subpath", Read)];

/// Keys of `tmpfs:` of a long mount.
pub(super) const MOUNTED_TMPFS: Keys = &[("mode", Read), ("size", Read)];

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
    ("driver_opts", Read),
    ("gw_priority", PassedOver),
    ("interface_name", PassedOver),
    ("ipv4_address", Read),
    ("ipv6_address", Read),
    ("link_local_ips", Read),
    ("mac_address", Read),
    ("priority", Read),
];

/// Keys of a network.
pub(super) const NETWORK: Keys = &[
    ("attachable", Read),
    ("driver", Read),
    ("driver_opts", Read),
    ("enable_ipv4", Told),
    ("enable_ipv6", Read),
    ("external", Read),
    ("internal", Read),
    ("ipam", Read),
    ("labels", Read),
    ("name", Read),
];

/// Keys of a network's `ipam:`.
pub(super) const IPAM: Keys = &[("config", Read), ("driver", Read), ("options", Told)];

/// Keys of an entry of `ipam.config`.
pub(super) const POOL: Keys = &[("aux_addresses", Read), ("gateway", Read), ("ip_range", Read), ("subnet", Read)];

/// Keys of a volume.
pub(super) const VOLUME: Keys =
    &[("driver", Read), ("driver_opts", Read), ("external", Read), ("labels", Read), ("name", Read)];

/// Keys of a secret or a config.
pub(super) const SECRET: Keys = &[
    ("content", Read),
    ("driver", Read),
    ("driver_opts", Quiet),
    ("environment", Read),
    ("external", Read),
    ("file", Read),
    ("labels", Quiet),
    ("name", Quiet),
    ("template_driver", Told),
];

/// Keys of a service's use of a secret or a config.
pub(super) const SECRET_USE: Keys = &[("gid", Read), ("mode", Read), ("source", Read), ("target", Read), ("uid", Read)];

/// Keys of `deploy:`. Those of a swarm alone are told.
pub(super) const DEPLOY: Keys = &[
    ("endpoint_mode", Told),
    ("labels", Quiet),
    ("mode", Told),
    ("placement", Told),
    ("replicas", Read),
    ("resources", Read),
    ("restart_policy", Read),
    ("rollback_config", Read),
    ("update_config", Read),
];

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

    /// The tables, and where their keys stand.
    fn tables() -> Vec<(&'static str, Keys)> {
        vec![
            ("", TOP),
            ("services.*", SERVICE),
            ("services.*.build", BUILD),
            ("services.*.ports.[]", PORT),
            ("services.*.volumes.[]", MOUNT),
            ("services.*.volumes.[].bind", BIND),
            ("services.*.volumes.[].volume", MOUNTED_VOLUME),
            ("services.*.volumes.[].tmpfs", MOUNTED_TMPFS),
            ("services.*.healthcheck", HEALTHCHECK),
            ("services.*.networks.*", ATTACHMENT),
            ("networks.*", NETWORK),
            ("networks.*.ipam", IPAM),
            ("networks.*.ipam.config.[]", POOL),
            ("volumes.*", VOLUME),
            ("secrets.*", SECRET),
            ("configs.*", SECRET),
            ("services.*.secrets.[]", SECRET_USE),
            ("services.*.deploy", DEPLOY),
            ("services.*.depends_on.*", DEPENDENCY),
            ("services.*.env_file.[]", ENV_FILE),
        ]
    }

    #[test]
    fn every_key_of_the_specification_is_treated_and_has_its_row() {
        let rows = include_str!("../../docs/compose.md");
        for (path, keys) in tables() {
            let parts: Vec<&str> = path.split('.').filter(|part| !part.is_empty()).collect();
            for key in super::super::conform::keys_at(&parts) {
                assert!(treatment(keys, &key).is_some(), "{path}: {key}");
            }
            for (key, treatment) in keys {
                let state = match treatment {
                    Read => "done",
                    Quiet => "no effect",
                    Told => "said",
                    PassedOver => "said, may matter",
                    Guarded(_) => "done, refused in `check`",
                    Refused(_) => "said, refused in `check`",
                };
                let ending = format!("{key}` | {state} |");
                let row = |line: &&str| line.starts_with("| `") && line.contains(&ending);
                assert!(rows.lines().any(|line| row(&line)), "docs/compose.md has no row for {path}.{key}: {state}");
            }
        }
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
