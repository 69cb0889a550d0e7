//! `breakfix doctor`: what is here, what is missing, what to type.

use std::{path::Path, time::Duration};

use super::{
    Context,
    images::in_words,
    terminal::{Paint, clean, print, render_error},
};
use crate::{
    conductor::{images_of, project},
    engine::{Engine, EngineInfo},
    error::Result,
    lab::Lab,
};

/// Ports that the story publishes: the broken one, and the right one.
const PORTS: [u16; 2] = [80, 8080];
/// How long the `docker` command may take to tell its version.
const PLUGIN_WITHIN: Duration = Duration::from_secs(5);
/// Less free space than this is told.
const DISK_BYTES: u64 = 3 << 30;
/// Less memory than this is told.
const MEMORY_BYTES: u64 = 1 << 30;

struct Findings {
    paint: Paint,
    /// Something without which nothing can be started.
    missing: bool,
}

impl Findings {
    fn good(&self, line: &str) -> Result<()> {
        print(&format!("{} {line}\n", self.paint.good("✓")))
    }

    /// Not as it should be, but no hindrance.
    fn attention(&self, line: &str) -> Result<()> {
        print(&format!("{} {line}\n", self.paint.attention("·")))
    }

    fn missing(&mut self, line: &str) -> Result<()> {
        self.missing = true;
        print(&format!("{} {line}\n", self.paint.bad("✗")))
    }
}

/// Runs the command; gives the exit code: 3 when something that is needed is missing.
///
/// # Errors
/// Environment: standard output cannot be written.
pub async fn doctor(context: &Context, lab: &Path) -> Result<u8> {
    let mut findings = Findings { paint: Paint::stdout(context.color), missing: false };
    match Engine::find(context.engine.as_deref()).await {
        Ok(engine) => {
            findings.good(&engine_in_words(&engine.info))?;
            about_engine(&mut findings, &engine, context, lab).await?;
        }
        Err(error) => {
            let text = render_error(&error, Paint::none());
            findings.missing(text.trim_end().trim_start_matches("error: "))?;
        }
    }
    match Lab::open(lab) {
        Ok(lab) if lab.is_adopted() => findings.good(&format!("stack   {} (not a lab)", lab.dir().display()))?,
        Ok(lab) => findings.good(&format!("lab     {}", lab.dir().display()))?,
        Err(_) => findings.attention(&format!("lab     {} will be made at the first start", lab.display()))?,
    }
    match compose_version().await {
        Some(version) => findings.good(&format!("compose {}", clean(&version)))?,
        None => findings.attention(
            "compose no `docker compose` here; not needed, but the course shows its commands: install the Compose plugin",
        )?,
    }
    match free_bytes(lab) {
        Some(free) if free < DISK_BYTES => {
            findings.attention(&format!("disk    only {} MB free: free some", free >> 20))?;
        }
        Some(free) => findings.good(&format!("disk    {} GB free", free >> 30))?,
        None => {}
    }
    Ok(if findings.missing { 3 } else { 0 })
}

async fn about_engine(findings: &mut Findings, engine: &Engine, context: &Context, lab: &Path) -> Result<()> {
    let project = project(lab, &context.course);
    match engine.image_status(&images_of(&context.course)?).await {
        Ok(images) => {
            for image in images {
                print(&format!("{}\n", in_words(&image, findings.paint)))?;
            }
        }
        Err(error) => findings.missing(&clean(&error.what))?,
    }
    let ours = engine.containers(&project).await.unwrap_or_default();
    for port in PORTS {
        let by_lab = ours.iter().any(|container| container.ports.iter().any(|published| published.host == port));
        if by_lab {
            findings.good(&format!("port {port:<4} published by the lab"))?;
        } else if let Some(who) = engine.holder(&project, port).await {
            findings
                .attention(&clean(&format!("port {port:<4} taken by {who}: another number will be used, and told")))?;
        } else {
            findings.good(&format!("port {port:<4} free"))?;
        }
    }
    if engine.info.memory < MEMORY_BYTES {
        findings
            .attention(&format!("memory  the engine has {} MB; the stack wants about 500", engine.info.memory >> 20))?;
    }
    Ok(())
}

fn engine_in_words(info: &EngineInfo) -> String {
    let rootless = if info.rootless { ", rootless" } else { "" };
    clean(&format!("engine  {:?} {}{rootless} at {} ({})", info.kind, info.version, info.url, info.found_by))
}

async fn compose_version() -> Option<String> {
    let command = tokio::process::Command::new("docker")
        .args(["compose", "version", "--short"])
        .stdin(std::process::Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(PLUGIN_WITHIN, command).await.ok()?.ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Free space on the disk that holds the lab, or will.
pub(super) fn free_bytes(lab: &Path) -> Option<u64> {
    crate::system::free_bytes(if lab.exists() { lab } else { Path::new(".") })
}
