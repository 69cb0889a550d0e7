//! "Right fix, not live yet": what was saved and does not run.
//!
//! Where our labels say what a container and its image were made from, contents are compared, so that an edit taken
//! back needs nothing. Where there are none (docker compose made it), times are.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{facts::copied_sources, texts::is_skipped};
use crate::compose::{Build, Mount, MountKind, Protocol, PublishedPort, Service, Stack};

/// Files of one mount that are looked at.
const MAX_FILES: usize = 2_000;
/// A container started this soon after it was made runs what it was made with.
const FIRST_START_MS: u64 = 60_000;

/// The smallest action that makes an edit live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MakeLive {
    /// The process has to read its files again: `docker compose exec nginx nginx -s reload`.
    Reload,
    /// The process has to start again: `docker compose restart SERVICE`.
    Restart,
    /// The container has to be made anew: `docker compose up -d SERVICE`.
    Recreate,
    /// The image has to be built anew: `docker compose up -d --build SERVICE`.
    Rebuild,
}

impl MakeLive {
    /// The name that lessons use: `reload`, `restart`, `recreate`, `rebuild`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reload => "reload",
            Self::Restart => "restart",
            Self::Recreate => "recreate",
            Self::Rebuild => "rebuild",
        }
    }
}

/// A service that runs something older than the files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stale {
    /// The service, as the compose file names it.
    pub service: String,
    /// The files that are newer, relative to the lab.
    pub files: Vec<PathBuf>,
    /// The smallest action.
    pub action: MakeLive,
}

/// A service's running container, as plain data. Times are in milliseconds since the Unix epoch by the clock of this
/// machine, which dates the files: a difference to the engine's clock has been taken out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunningService {
    /// The service, as the compose file names it.
    pub service: String,
    /// When its process was last started.
    pub started_at_ms: u64,
    /// Whether it has ended since.
    pub has_ended: bool,
    /// When it last read its configuration again without a start, where that is known.
    pub reloaded_at_ms: Option<u64>,
    /// When the container was made, where that is known.
    pub made_at_ms: Option<u64>,
    /// When its image was made.
    pub image_created_ms: u64,
    /// The image's label `dev.breakfix.context`.
    pub context_hash: Option<String>,
    /// The label `dev.breakfix.config` of a container that we made.
    pub config_hash: Option<String>,
    /// The container's label `dev.breakfix.mounts`.
    pub mounts_hash: Option<String>,
    /// Published ports.
    pub published: Vec<PublishedPort>,
}

impl Stale {
    /// The command that a person would type.
    pub fn command(&self) -> String {
        let service = &self.service;
        match self.action {
            MakeLive::Reload => format!("docker compose exec {service} nginx -s reload"),
            MakeLive::Restart => format!("docker compose restart {service}"),
            MakeLive::Recreate => format!("docker compose up -d {service}"),
            MakeLive::Rebuild => format!("docker compose up -d --build {service}"),
        }
    }
}

/// The services that run something older than the stack's files, in the order of the compose file, each with the smallest
/// action that makes all of its edits live. A service that is not among the running ones is not stale, but absent.
pub fn stale(stack: &Stack, running: &[RunningService]) -> Vec<Stale> {
    let services = stack.services.iter();
    services
        .filter_map(|service| {
            let running = running.iter().find(|running| running.service == service.name)?;
            let comparison = Comparison { stack, service, running };
            let found = [comparison.image(), comparison.config(), comparison.mounts()];
            let found: Vec<(MakeLive, BTreeSet<PathBuf>)> = found.into_iter().flatten().collect();
            let action = found.iter().map(|(action, _)| *action).max()?;
            let files = found.into_iter().flat_map(|(_, files)| files).collect::<BTreeSet<_>>();
            Some(Stale { service: service.name.clone(), files: files.into_iter().collect(), action })
        })
        .collect()
}

struct Comparison<'a> {
    stack: &'a Stack,
    service: &'a Service,
    running: &'a RunningService,
}

impl Comparison<'_> {
    /// What was copied into the image.
    fn image(&self) -> Option<(MakeLive, BTreeSet<PathBuf>)> {
        let build = self.service.build.as_ref()?;
        // A context that cannot be read is told when it is built.
        let differs = match &self.running.context_hash {
            Some(hash) => Some(build.context_hash().ok()? != *hash),
            None => None,
        };
        if differs == Some(false) {
            return None;
        }
        // An image out of the builder's cache may be older than every file: what was saved after its container was made is what differs.
        let since_made = self.running.made_at_ms.filter(|_| differs.is_some());
        let newer = since_made.map(|made| self.newer_in_context(build, made)).filter(|files| !files.is_empty());
        let newer = newer.unwrap_or_else(|| self.newer_in_context(build, self.running.image_created_ms));
        match (differs, newer.is_empty()) {
            (None, true) => None,
            // Something differs, and no file is newer: one was removed, or has an old date.
            (Some(_), true) => Some((MakeLive::Rebuild, BTreeSet::from([self.relative(&build.context)]))),
            _ => Some((MakeLive::Rebuild, newer)),
        }
    }

    fn newer_in_context(&self, build: &Build, since: u64) -> BTreeSet<PathBuf> {
        let dockerfile = build.context.join(&build.dockerfile);
        let sources = build.dockerfile_text().map(|text| copied_sources(&text)).unwrap_or_default();
        let is_copied = |path: &Path| {
            let path = path.to_string_lossy();
            sources.iter().any(|source| {
                source.is_empty()
                    || path.strip_prefix(source.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                    // Up to its first wildcard, a pattern is a beginning.
                    || source.split_once(['*', '?', '[']).is_some_and(|(start, _)| path.starts_with(start))
            })
        };
        let files = build.context_files().unwrap_or_default().into_iter();
        files
            .filter(|file| file.absolute == dockerfile || is_copied(&file.path))
            .map(|file| file.absolute)
            .filter(|path| {
                !is_litter(path)
                    && path
                        .symlink_metadata()
                        .is_ok_and(|meta| !meta.is_dir() && crate::system::changed_ms(&meta) > since)
            })
            .map(|path| self.relative(&path))
            .collect()
    }

    /// What the compose file gave the container.
    fn config(&self) -> Option<(MakeLive, BTreeSet<PathBuf>)> {
        let differs = match &self.running.config_hash {
            Some(hash) => self.service.config_hash() != *hash,
            None => self.publishes_differently(),
        };
        if !differs {
            return None;
        }
        let files = self.stack.files.iter().chain(&self.service.env_files);
        let since = self.running.made_at_ms.unwrap_or(self.running.started_at_ms);
        let newer: BTreeSet<PathBuf> =
            files.clone().filter(|path| is_newer(path, since)).map(|path| self.relative(path)).collect();
        let files =
            if newer.is_empty() { self.stack.files.iter().map(|path| self.relative(path)).collect() } else { newer };
        Some((MakeLive::Recreate, files))
    }

    fn publishes_differently(&self) -> bool {
        let tcp = || self.service.ports.iter().filter(|port| port.protocol == Protocol::Tcp);
        let written: BTreeSet<(u16, u16)> = tcp().filter_map(|port| Some((port.published?, port.target))).collect();
        // Which port the engine chose for those that name none is nobody's edit.
        let any: BTreeSet<u16> = tcp().filter(|port| port.published.is_none()).map(|port| port.target).collect();
        let is = self.running.published.iter().filter(|port| port.protocol == Protocol::Tcp);
        let is: BTreeSet<(u16, u16)> =
            is.filter(|port| !any.contains(&port.target)).map(|port| (port.host, port.target)).collect();
        written != is
    }

    /// What is mounted from the stack's directory and read at the start.
    fn mounts(&self) -> Option<(MakeLive, BTreeSet<PathBuf>)> {
        let loaded = self.running.started_at_ms.max(self.running.reloaded_at_ms.unwrap_or_default());
        let same = self.running.mounts_hash.as_ref().and_then(|hash| Some(self.service.mounts_hash().ok()? == *hash));
        let on_first_start = self.running.reloaded_at_ms.is_none()
            && self
                .running
                .made_at_ms
                .is_some_and(|made| self.running.started_at_ms.saturating_sub(made) < FIRST_START_MS);
        // Later, the label no longer tells what was read at the last start.
        if same == Some(true) && on_first_start {
            return None;
        }
        // Who has ended hears no command.
        let mut action = if self.running.has_ended { MakeLive::Restart } else { MakeLive::Reload };
        let mut files = BTreeSet::new();
        for (mount, path) in self.service.mounts.iter().filter_map(|mount| Some((mount, source(mount)?))) {
            let Some(needed) = needed(mount, path) else { continue };
            let newer = newer_below(path, loaded, needed == MakeLive::Reload, same == Some(false));
            if !newer.is_empty() {
                action = action.max(needed);
                files.extend(newer.iter().map(|path| self.relative(path)));
            }
        }
        (!files.is_empty()).then_some((action, files))
    }

    fn relative(&self, path: &Path) -> PathBuf {
        match path.strip_prefix(&self.stack.dir) {
            Ok(inside) if inside.as_os_str().is_empty() => PathBuf::from("."),
            Ok(inside) => inside.to_owned(),
            Err(_) => path.to_owned(),
        }
    }
}

fn source(mount: &Mount) -> Option<&Path> {
    if let MountKind::Bind(path) = &mount.kind { Some(path) } else { None }
}

/// What a change in a mount needs; nothing where it is live at once, or read once in a volume's life.
fn needed(mount: &Mount, source: &Path) -> Option<MakeLive> {
    let below = |root: &str| Path::new(&mount.target).starts_with(root);
    let live = [
        "/var/lib",
        "/var/log",
        "/var/run",
        "/var/www",
        "/run",
        "/tmp",
        "/data",
        "/usr/share/nginx",
        "/docker-entrypoint-initdb.d",
    ];
    if live.into_iter().any(below) {
        None
    } else if below("/etc/nginx") && !below("/etc/nginx/templates") && source.is_dir() {
        Some(MakeLive::Reload)
    } else {
        // A single file stays the one that was mounted when an editor puts another in its place.
        Some(MakeLive::Restart)
    }
}

/// The files of a mount that changed after `since`. With `gone`, directories count too: a file may have been removed.
fn newer_below(path: &Path, since: u64, nginx: bool, gone: bool) -> Vec<PathBuf> {
    let Ok(meta) = fs::metadata(path) else { return Vec::new() };
    if !meta.is_dir() {
        return if crate::system::changed_ms(&meta) > since { vec![path.to_owned()] } else { Vec::new() };
    }
    let mut newer = Vec::new();
    let mut dirs = Vec::new();
    let mut open = vec![path.to_owned()];
    let mut seen = 0;
    while let Some(dir) = open.pop() {
        if fs::metadata(&dir).is_ok_and(|meta| crate::system::changed_ms(&meta) > since) {
            dirs.push(dir.clone());
        }
        for entry in fs::read_dir(&dir).into_iter().flatten().flatten() {
            seen += 1;
            let name = entry.file_name();
            let Ok(meta) = entry.metadata() else { continue };
            if seen > MAX_FILES || name.to_str().is_some_and(is_skipped) || is_litter(&entry.path()) {
                continue;
            }
            if meta.is_dir() {
                open.push(entry.path());
            } else if crate::system::changed_ms(&meta) > since && is_read(&entry.path(), nginx) {
                newer.push(entry.path());
            }
        }
    }
    if newer.is_empty() && gone { dirs } else { newer }
}

/// Whether a program reads such a file when it starts; nginx reads anything that its configuration names.
fn is_read(path: &Path, nginx: bool) -> bool {
    const KINDS: [&str; 14] =
        ["py", "html", "jinja", "jinja2", "j2", "txt", "ini", "cfg", "conf", "toml", "json", "yml", "yaml", "sh"];
    nginx || path.extension().and_then(|kind| kind.to_str()).is_some_and(|kind| KINDS.contains(&kind))
}

/// What editors and Python leave lying about.
fn is_litter(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let ends = ["~", ".pyc", ".swp", ".swo", ".swx", ".tmp"];
    name == "4913"
        || name.starts_with(".#")
        || ends.iter().any(|end| name.ends_with(end))
        || path.components().any(|part| part.as_os_str().to_str().is_some_and(is_skipped))
}

fn is_newer(path: &Path, since: u64) -> bool {
    fs::metadata(path).is_ok_and(|meta| crate::system::changed_ms(&meta) > since)
}
