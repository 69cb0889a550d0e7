//! What a container was made from, as hashes: they tell whether it has to be made anew.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{
    build_context::{entries, field, hash_file, hex, is_litter},
    door::{Door, FileKind, Found},
    model::{Mount, MountKind, Protocol, Service},
};
use crate::error::Result;

/// Files in bind mounts that are looked at; more are nobody's configuration.
const MAX_FILES: usize = 2_000;
/// Bytes of one file in a bind mount that are looked at.
const MAX_BYTES: u64 = 4 << 20;

impl Service {
    /// Everything that needs a new container when it changes, as a hash in hexadecimal: image, command, environment,
    /// ports, mounts, networks, labels and so on. Not: how the image is built, what it depends on, where it stands in
    /// the file.
    pub fn config_hash(&self) -> String {
        let seconds = |duration: Option<std::time::Duration>| duration.map(|duration| duration.as_nanos().to_string());
        let ports: Vec<Value> = self
            .ports
            .iter()
            .map(|port| json!([port.host_ip, port.published, port.target, port.protocol == Protocol::Udp]))
            .collect();
        let networks: Vec<Value> = self
            .networks
            .iter()
            .map(|network| json!([network.network, network.aliases, network.ipv4_address]))
            .collect();
        let health = self.healthcheck.as_ref().map(|check| {
            json!([
                check.test,
                seconds(check.interval),
                seconds(check.timeout),
                check.retries,
                seconds(check.start_period),
                seconds(check.start_interval),
            ])
        });
        let all = json!([
            ["what", self.name, self.image, self.build.is_some(), self.command, self.entrypoint],
            ["environment", self.environment],
            ["ports", ports, self.expose],
            ["mounts", self.mounts.iter().map(mount).collect::<Vec<_>>(), self.tmpfs],
            ["networks", networks, self.network_mode, self.extra_hosts, self.hostname],
            ["health", health, self.restart, self.init, self.stop_signal, seconds(self.stop_grace_period)],
            ["labels", self.labels, self.container_name],
            ["settings", format!("{:?}", self.settings), format!("{:?}", self.files)],
            ["process", self.user, self.working_dir, self.tty, self.stdin_open, self.read_only, self.shm_size],
        ]);
        let mut hash = Sha256::new();
        field(&mut hash, all.to_string().as_bytes());
        hex(hash)
    }

    /// What the bind mounts of the service hold, as a hash in hexadecimal: a program that reads its files once runs
    /// with older ones when this differs. Where a container keeps its data (`/var/lib`, `/tmp` …) nothing is looked at,
    /// and of very large mounts only the first 2,000 files.
    ///
    /// # Errors
    /// A fault of the stack: a file or directory cannot be read.
    pub fn mounts_hash(&self) -> Result<String> {
        let mut hash = Sha256::new();
        let mut budget = MAX_FILES;
        for mount in &self.mounts {
            let MountKind::Bind(path) = &mount.kind else { continue };
            field(&mut hash, mount.target.as_bytes());
            if !keeps_data(mount) {
                hash_mount(&mut hash, &self.door, path, &mut budget)?;
            }
        }
        Ok(hex(hash))
    }
}

fn mount(mount: &Mount) -> Value {
    let (kind, source) = match &mount.kind {
        MountKind::Bind(path) => ("bind", path.to_string_lossy().into_owned()),
        MountKind::Volume(name) => ("volume", name.clone()),
        MountKind::Anonymous => ("anonymous", String::new()),
        MountKind::Tmpfs => ("tmpfs", String::new()),
    };
    json!([kind, source, mount.target, mount.read_only])
}

/// True for a mount that the container itself writes to: its content says nothing about what runs.
fn keeps_data(mount: &Mount) -> bool {
    let below = |root: &str| Path::new(&mount.target).starts_with(root);
    !mount.read_only
        && ["/var/lib", "/var/log", "/var/run", "/var/cache", "/run", "/tmp", "/data"].into_iter().any(below)
}

fn hash_mount(hash: &mut Sha256, door: &Door, path: &Path, budget: &mut usize) -> Result<()> {
    match door.look(path) {
        Found::File => return hash_small(hash, door, Path::new(""), path),
        Found::Directory => {}
        Found::Nothing | Found::Special | Found::Outside => return Ok(()),
    }
    let mut open = vec![PathBuf::new()];
    let mut files = vec![];
    while let Some(dir) = open.pop() {
        for (inner, kind, _) in entries(door, path, &dir)? {
            if is_litter(&inner) || *budget == 0 {
                continue;
            }
            *budget -= 1;
            match kind {
                FileKind::Directory => open.push(inner),
                FileKind::File | FileKind::Symlink => files.push((inner, kind)),
            }
        }
    }
    files.sort_by(|a, b| a.0.cmp(&b.0));
    for (inner, kind) in files {
        let absolute = path.join(&inner);
        match kind {
            FileKind::File => hash_small(hash, door, &inner, &absolute)?,
            _ => hash_file(hash, door, &inner, &absolute, kind)?,
        }
    }
    Ok(())
}

/// A file's content, or the length alone of one that is no configuration.
fn hash_small(hash: &mut Sha256, door: &Door, path: &Path, absolute: &Path) -> Result<()> {
    let length = door.open(absolute).ok().and_then(|file| file.metadata().ok()).map_or(0, |meta| meta.len());
    if length > MAX_BYTES {
        field(hash, path.as_os_str().as_encoded_bytes());
        field(hash, &length.to_be_bytes());
        return Ok(());
    }
    hash_file(hash, door, path, absolute, FileKind::File)
}
