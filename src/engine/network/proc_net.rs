//! What a container's network looks like from inside: its table of sockets.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read},
    time::Duration,
};

use crate::engine::{Container, Engine};
use crate::error::{Error, Result};

/// What is read of one table. Sockets that listen stand first.
const KEPT_BYTES: u64 = 256 * 1024;

impl Engine {
    /// The text of `/proc/net/tcp` and `/proc/net/tcp6` as a running container sees them; empty where it has no program that
    /// could read them.
    ///
    /// # Errors
    /// Environment: it does not run, or does not answer in time.
    pub async fn proc_net(&self, container: &Container, within: Duration) -> Result<String> {
        // A command inside costs a processor sixty milliseconds, and while an app starts it is asked again and again.
        let here = container.clone();
        if let Ok(Some(text)) = tokio::task::spawn_blocking(move || from_here(&here)).await {
            return Ok(text);
        }
        let command = ["cat", "/proc/net/tcp", "/proc/net/tcp6"];
        let told = self.exec(&container.id, &command, &BTreeMap::new(), within).await?;
        if told.code == 0 && !told.stdout.contains("local_address") {
            return Err(Error::environment(format!("the sockets of {} cannot be read", container.name))
                .why("the answer was cut off"));
        }
        Ok(told.stdout)
    }
}

/// The same, read from this machine's own `/proc`. `None` where the process of that number is not the container's: the engine is
/// elsewhere, in a virtual machine, or the container has ended.
fn from_here(container: &Container) -> Option<String> {
    let process = format!("/proc/{}", container.pid?);
    let read = |file: &str| -> io::Result<String> {
        let mut text = Vec::new();
        File::open(format!("{process}/{file}"))?.take(KEPT_BYTES).read_to_end(&mut text)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    };
    let mut text = read("net/tcp").ok()?;
    // Missing where there is no IPv6.
    text += &read("net/tcp6").unwrap_or_default();
    // Asked last: a number that meanwhile belongs to another process says so.
    read("cgroup").is_ok_and(|groups| groups.contains(&container.id)).then_some(text)
}

/// A row of such a table whose socket listens.
pub(crate) struct ListenRow<'t> {
    /// In hexadecimal, as the kernel writes it.
    pub address: &'t str,
    /// Port.
    pub port: u16,
    /// Number of the socket; empty in a row that is cut off.
    pub inode: &'t str,
}

/// The rows whose socket listens; what cannot be read is passed over.
/// Source: <https://docs.kernel.org/networking/proc_net_tcp.html>
pub(crate) fn listen_rows(table: &str) -> impl Iterator<Item = ListenRow<'_>> {
    const LISTEN: &str = "0A";
    table.lines().filter_map(|line| {
        let columns: Vec<&str> = line.split_ascii_whitespace().collect();
        let (address, port) = columns.get(1)?.split_once(':')?;
        let port = u16::from_str_radix(port, 16).ok()?;
        (*columns.get(3)? == LISTEN).then(|| ListenRow {
            address,
            port,
            inode: columns.get(9).copied().unwrap_or_default(),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_is_not_the_containers_says_nothing() {
        let container = |pid, id: &str| Container { id: id.into(), pid, ..Container::default() };
        let id = "f".repeat(64);
        assert_eq!(
            from_here(&container(Some(std::process::id()), &id)),
            None,
            "this very process is in no such container"
        );
        assert_eq!(from_here(&container(None, &id)), None);
    }
}
