//! Who holds a port of the host: a container of this engine, or a program of this machine.

use std::{collections::BTreeSet, net::SocketAddr, time::Duration};

use bollard::{models::ContainerSummary, query_parameters::ListContainersOptions};

use super::proc_net::listen_rows;
use crate::engine::{
    Engine, labels,
    request::{QUICK, ask},
};

/// How long a connection to the port may take.
const CONNECT: Duration = Duration::from_millis(500);

impl Engine {
    /// Who holds this port, in a few words; `None` where nobody does but this project.
    pub async fn holder(&self, project: &str, port: u16) -> Option<String> {
        let running = ask(QUICK, self.docker.list_containers(None::<ListContainersOptions>)).await.unwrap_or_default();
        let publishes = |one: &&ContainerSummary| one.ports.iter().flatten().any(|held| held.public_port == Some(port));
        if let Some(container) = running.iter().find(publishes) {
            return by_container(container, project);
        }
        if !self.is_taken(port).await {
            return None;
        }
        let program = if self.is_local() { program_at(port) } else { None };
        Some(program.unwrap_or_else(|| "a program of somebody else".to_owned()))
    }

    /// Whether somebody listens on this port where the engine publishes.
    async fn is_taken(&self, port: u16) -> bool {
        let Ok(address) = format!("{}:{port}", self.info.host).parse::<SocketAddr>() else { return false };
        let connect = tokio::net::TcpStream::connect(address);
        matches!(tokio::time::timeout(CONNECT, connect).await, Ok(Ok(_)))
    }
}

fn by_container(container: &ContainerSummary, project: &str) -> Option<String> {
    let label = |name: &str| container.labels.as_ref().and_then(|labels| labels.get(name));
    if label(labels::PROJECT).is_some_and(|of| of == project) {
        return None;
    }
    let name = container.names.iter().flatten().next().map_or("?", |name| name.trim_start_matches('/'));
    Some(format!("the container {name}"))
}

/// The program of this machine that listens there, as far as this user may see it.
fn program_at(port: u16) -> Option<String> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|path| std::fs::read_to_string(path).unwrap_or_default());
    let rows = tables.iter().flat_map(|table| listen_rows(table)).filter(|row| row.port == port);
    // As links to them read.
    let sockets: BTreeSet<String> = rows.map(|row| format!("socket:[{}]", row.inode)).collect();
    let processes = std::fs::read_dir("/proc").ok()?.flatten();
    for process in processes.filter(|entry| entry.file_name().to_string_lossy().parse::<u32>().is_ok()) {
        let Ok(files) = std::fs::read_dir(process.path().join("fd")) else { continue };
        let holds = |target: std::path::PathBuf| sockets.contains(&*target.to_string_lossy());
        if files.flatten().filter_map(|file| std::fs::read_link(file.path()).ok()).any(holds) {
            let name = std::fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            return Some(format!("{} (process {})", name.trim(), process.file_name().to_string_lossy()));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_listens_is_named() {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let told = program_at(port);
        if cfg!(target_os = "linux") {
            assert!(told.unwrap().ends_with(&format!("(process {})", std::process::id())));
        }
        drop(listener);
        assert_eq!(program_at(port), None);
    }

    #[test]
    fn a_container_of_this_project_is_no_stranger() {
        let container = ContainerSummary {
            names: Some(vec!["/web-1".into()]),
            labels: Some([(labels::PROJECT.to_owned(), "ours".to_owned())].into()),
            ..ContainerSummary::default()
        };
        assert_eq!(by_container(&container, "ours"), None);
        assert_eq!(by_container(&container, "other").as_deref(), Some("the container web-1"));
    }
}
