//! A port that a container really publishes: one shape of it, for the engine, the probes, the facts and the screen.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::Protocol;

/// A published port of a container that is there. Written, and in JSON, as `docker ps` has it: `127.0.0.1:8080->80/tcp`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublishedPort {
    /// Port in the container.
    pub target: u16,
    /// tcp or udp.
    pub protocol: Protocol,
    /// Address on the host, `0.0.0.0` or `::` for any; IPv6 without brackets.
    pub address: String,
    /// Port on the host.
    pub host: u16,
}

impl PublishedPort {
    /// As the engine tells it: `80/tcp`, the address, the number; `None` where these are no numbers.
    pub fn new(target: &str, address: &str, host: &str) -> Option<Self> {
        let (target, protocol) = target.split_once('/').unwrap_or((target, "tcp"));
        let protocol = Protocol::named(protocol)?;
        Some(Self { target: target.parse().ok()?, protocol, address: address.to_owned(), host: host.parse().ok()? })
    }

    /// The two numbers as a compose file writes them: `8080:80`.
    pub fn mapping(&self) -> String {
        format!("{}:{}", self.host, self.target)
    }

    /// Whether it is this TCP port of the container.
    pub fn is_tcp(&self, target: u16) -> bool {
        self.protocol == Protocol::Tcp && self.target == target
    }
}

impl fmt::Display for PublishedPort {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { target, protocol, address, host } = self;
        if address.contains(':') {
            write!(out, "[{address}]:{host}->{target}/{protocol}")
        } else {
            write!(out, "{address}:{host}->{target}/{protocol}")
        }
    }
}

impl FromStr for PublishedPort {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once("->").and_then(|(host, target)| Some((host.rsplit_once(':')?, target)));
        parts
            .and_then(|((address, host), target)| Self::new(target, address.trim_matches(['[', ']']), host))
            .ok_or_else(|| format!("`{text}` is no published port such as 127.0.0.1:8080->80/tcp"))
    }
}

impl TryFrom<String> for PublishedPort {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<PublishedPort> for String {
    fn from(port: PublishedPort) -> Self {
        port.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_and_written_alike() {
        for text in ["127.0.0.1:8080->80/tcp", "[::]:53->5353/udp", "0.0.0.0:8080->80/tcp"] {
            let port: PublishedPort = text.parse().unwrap();
            assert_eq!(port.to_string(), text);
            assert_eq!(serde_json::to_string(&port).unwrap(), format!("\"{text}\""));
        }
        assert_eq!("[::1]:8080->80/tcp".parse::<PublishedPort>().unwrap().mapping(), "8080:80");
        for text in ["", "80/tcp", "8080->80/tcp", "a:b->c/tcp", "127.0.0.1:8080->80/quic"] {
            assert!(text.parse::<PublishedPort>().is_err(), "{text}");
        }
    }
}
