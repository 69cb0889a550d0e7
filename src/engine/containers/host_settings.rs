//! What a service asks of the engine beside its program, files and networks, as the engine takes it.

use std::collections::HashMap;

use bollard::models::{DeviceMapping, HostConfig, HostConfigCgroupnsModeEnum, HostConfigLogConfig, ResourcesUlimits};

use crate::{
    compose::{Service, Settings},
    engine::Limits,
};

/// The settings of a service; `limits` are those of an untrusted one, within which its own may be narrower.
pub(crate) fn host_settings(service: &Service, limits: Option<&Limits>) -> HostConfig {
    let settings = &service.settings;
    let mut host = HostConfig {
        memory: settings.memory,
        memory_reservation: settings.memory_reservation,
        memory_swap: settings.memory_swap,
        memory_swappiness: settings.memory_swappiness,
        nano_cpus: settings.nano_cpus,
        cpu_shares: settings.cpu_shares,
        cpu_period: settings.cpu_period,
        cpu_quota: settings.cpu_quota,
        cpu_realtime_period: settings.cpu_rt_period,
        cpu_realtime_runtime: settings.cpu_rt_runtime,
        cpuset_cpus: settings.cpuset.clone(),
        pids_limit: settings.pids,
        oom_kill_disable: settings.oom_kill_disable.then_some(true),
        oom_score_adj: settings.oom_score_adj,
        ulimits: some(settings.ulimits.iter().map(|(name, (soft, hard))| ulimit(name, *soft, *hard)).collect()),
        cap_add: some(settings.cap_add.clone()),
        cap_drop: some(settings.cap_drop.clone()),
        privileged: settings.privileged.then_some(true),
        security_opt: some(settings.security_opt.clone()),
        sysctls: map(settings.sysctls.clone()),
        devices: some(settings.devices.iter().map(device).collect()),
        device_cgroup_rules: some(settings.device_cgroup_rules.clone()),
        group_add: some(settings.group_add.clone()),
        dns: some(settings.dns.clone()),
        dns_options: some(settings.dns_opt.clone()),
        dns_search: some(settings.dns_search.clone()),
        ipc_mode: settings.ipc.clone(),
        pid_mode: settings.pid.clone(),
        uts_mode: settings.uts.clone(),
        userns_mode: settings.userns_mode.clone(),
        cgroupns_mode: match settings.cgroup.as_deref() {
            Some("host") => Some(HostConfigCgroupnsModeEnum::HOST),
            Some("private") => Some(HostConfigCgroupnsModeEnum::PRIVATE),
            _ => None,
        },
        cgroup_parent: settings.cgroup_parent.clone(),
        runtime: settings.runtime.clone(),
        log_config: settings.logging.as_ref().map(|(driver, options)| log(driver, options.clone())),
        storage_opt: map(settings.storage_opt.clone()),
        annotations: map(settings.annotations.clone()),
        ..HostConfig::default()
    };
    if let Some(limits) = limits {
        within(&mut host, settings, limits);
    }
    host
}

/// Keeps an untrusted service within our limits.
fn within(host: &mut HostConfig, own: &Settings, limits: &Limits) {
    let narrower = |own: Option<i64>, ours: i64| own.filter(|own| (1..ours).contains(own)).unwrap_or(ours);
    let memory = narrower(own.memory, limits.memory);
    host.memory = Some(memory);
    // As much again as memory means: no swap. A narrower limit of its own comes with swap, as the engine gives it.
    let swap = own.memory_swap.unwrap_or(memory.saturating_mul(2)).clamp(memory, limits.memory.max(memory));
    host.memory_swap = Some(if memory < limits.memory { swap } else { memory });
    host.nano_cpus = Some(narrower(own.nano_cpus, limits.nano_cpus));
    host.pids_limit = Some(narrower(own.pids, limits.pids));
    host.security_opt = Some(vec!["no-new-privileges".into()]);
    // Shares and rights on the machine, rather than bounds: ours count alone.
    (host.cpu_shares, host.cpu_period, host.cpu_quota, host.cpuset_cpus) = (None, None, None, None);
    (host.cpu_realtime_period, host.cpu_realtime_runtime) = (None, None);
    (host.memory_swappiness, host.memory_reservation, host.oom_kill_disable, host.oom_score_adj) =
        (None, None, None, None);
    (host.cgroup_parent, host.runtime, host.storage_opt, host.annotations) = (None, None, None, None);
    (host.cap_add, host.privileged, host.devices, host.device_cgroup_rules) = (None, None, None, None);
    (host.ipc_mode, host.pid_mode, host.uts_mode, host.userns_mode, host.cgroupns_mode) =
        (None, None, None, None, None);
    // Between two looks at what is written, one file cannot fill the disk.
    let disk = i64::try_from(limits.disk).unwrap_or(i64::MAX);
    let (soft, hard) = own.ulimits.get("fsize").copied().unwrap_or((disk, disk));
    let within = |limit: i64| if (0..disk).contains(&limit) { limit } else { disk };
    let others = host.ulimits.take().unwrap_or_default().into_iter();
    let mut ulimits: Vec<ResourcesUlimits> = others.filter(|limit| limit.name.as_deref() != Some("fsize")).collect();
    ulimits.push(ulimit("fsize", within(soft), within(hard)));
    host.ulimits = Some(ulimits);
    host.log_config =
        Some(log("json-file", [("max-size".into(), "8m".into()), ("max-file".into(), "1".into())].into()));
}

fn ulimit(name: &str, soft: i64, hard: i64) -> ResourcesUlimits {
    ResourcesUlimits { name: Some(name.into()), soft: Some(soft), hard: Some(hard) }
}

fn device([source, target, rights]: &[String; 3]) -> DeviceMapping {
    DeviceMapping {
        path_on_host: Some(source.clone()),
        path_in_container: Some(target.clone()),
        cgroup_permissions: Some(rights.clone()),
    }
}

fn log(driver: &str, options: std::collections::BTreeMap<String, String>) -> HostConfigLogConfig {
    HostConfigLogConfig { typ: Some(driver.into()), config: Some(options.into_iter().collect()) }
}

fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

fn map(map: std::collections::BTreeMap<String, String>) -> Option<HashMap<String, String>> {
    (!map.is_empty()).then(|| map.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stranger_may_ask_for_less_than_the_limits_and_not_for_more() {
        let limits = Limits { memory: 512 << 20, nano_cpus: 2_000_000_000, pids: 100, disk: 1 << 30 };
        let with = |settings: Settings| host_settings(&Service { settings, ..Service::default() }, Some(&limits));
        let small = with(Settings { memory: Some(24 << 20), pids: Some(20), ..Settings::default() });
        assert_eq!((small.memory, small.memory_swap, small.pids_limit), (Some(24 << 20), Some(48 << 20), Some(20)));
        let large = with(Settings { memory: Some(1 << 40), nano_cpus: Some(64_000_000_000), ..Settings::default() });
        assert_eq!((large.memory, large.memory_swap), (Some(512 << 20), Some(512 << 20)));
        assert_eq!(large.nano_cpus, Some(2_000_000_000));
        let files = with(Settings {
            ulimits: [("fsize".into(), (1, -1)), ("nofile".into(), (64, 64))].into(),
            ..Settings::default()
        });
        let told: Vec<_> = files.ulimits.unwrap().into_iter().map(|l| (l.name.unwrap(), l.soft, l.hard)).collect();
        assert_eq!(told, [("nofile".to_string(), Some(64), Some(64)), ("fsize".to_string(), Some(1), Some(1 << 30))]);
        let greedy = with(Settings {
            cpu_shares: Some(1 << 18),
            cpu_quota: Some(1_000_000),
            oom_score_adj: Some(-1000),
            cgroup_parent: Some("/".into()),
            runtime: Some("other".into()),
            privileged: true,
            cap_add: vec!["SYS_ADMIN".into()],
            pid: Some("host".into()),
            logging: Some(("syslog".into(), [("syslog-address".into(), "tcp://192.0.2.1:514".into())].into())),
            ..Settings::default()
        });
        assert_eq!(
            greedy,
            with(Settings::default()),
            "nothing that asks for more than others have is asked of the engine"
        );
    }
}
