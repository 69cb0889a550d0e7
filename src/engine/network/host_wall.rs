//! The way from a stranger's containers to this machine itself, cut. What listens on all addresses of a machine answers on the gateway
//! of each of its networks as well, and an engine lets containers through to it, those of internal networks included (seen with 20.10).
//!
//! Only root can cut it, and only here: where the engine is elsewhere or another user asks, it stays open.

use std::{
    process::{Command, Stdio},
    time::Duration,
};

use ipnet::IpNet;

use super::networks::POOLS;
use crate::{compose::Stack, engine::Engine};

/// How long one change of the firewall may take.
const CHANGE_WITHIN: Duration = Duration::from_secs(5);
/// Before the process to which a rule belongs.
const MARK: &str = "breakfix-check:";
/// A comment of a rule is at most this long, in bytes.
const MOST_COMMENT: usize = 255;

/// The way of a stack's containers to this machine, cut until this is dropped. Answers to who asked them still pass, and names are still
/// looked up where this machine does that (port 53).
#[derive(Debug, Default)]
pub struct HostWall(Vec<Rule>);

/// A rule of the firewall: its program, and what stands behind `-I` or `-D`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    program: &'static str,
    words: Vec<String>,
}

impl HostWall {
    /// Cuts the way for all networks that this stack may get, in the name of this process.
    pub async fn raise(&mut self, engine: &Engine, stack: &Stack, owner: &str) {
        if !engine.is_local() || !crate::system::is_root() {
            return;
        }
        let own = stack.networks.values().flat_map(|network| &network.pools).filter_map(|pool| pool.subnet.as_deref());
        let nets = own.filter_map(|subnet| subnet.parse().ok()).chain(POOLS.map(IpNet::from));
        for rule in nets.flat_map(|net: IpNet| rules(&net, owner)) {
            // Noted first: one that came to be in spite of an error is taken away again, too.
            self.0.push(rule.clone());
            let mut command = tokio::process::Command::from(rule.command("-I"));
            let done = tokio::time::timeout(CHANGE_WITHIN, command.kill_on_drop(true).status()).await;
            if !matches!(done, Ok(Ok(status)) if status.success()) {
                tracing::warn!(?rule, "the way from containers to this machine stays open");
            }
        }
    }
}

impl Drop for HostWall {
    fn drop(&mut self) {
        for rule in &self.0 {
            // One that never was cannot be taken away.
            let _ = rule.command("-D").status();
        }
    }
}

/// Takes away the rules of processes that have ended.
pub fn lift_those_of(is_dead: impl Fn(&str) -> bool) {
    if !crate::system::is_root() {
        return;
    }
    for program in ["iptables", "ip6tables"] {
        let listed = Command::new(program).args(["-w", "3", "-S", "INPUT"]).stdin(Stdio::null()).output();
        let Ok(listed) = listed else { continue };
        for rule in String::from_utf8_lossy(&listed.stdout).lines().filter_map(|line| listed_rule(program, line)) {
            let owner = rule.words.iter().find_map(|word| word.strip_prefix(MARK));
            if owner.is_some_and(&is_dead) {
                let _ = rule.command("-D").status();
            }
        }
    }
}

/// A rule as it is listed, `-A INPUT …`.
fn listed_rule(program: &'static str, line: &str) -> Option<Rule> {
    let line = line.strip_prefix("-A INPUT ").filter(|line| line.contains(MARK))?;
    Some(Rule { program, words: shell_words::split(line).ok()? })
}

/// New connections from this network are refused, but for questions after names.
fn rules(net: &IpNet, owner: &str) -> [Rule; 2] {
    let program = if matches!(net, IpNet::V4(_)) { "iptables" } else { "ip6tables" };
    let mut comment = format!("{MARK}{owner}");
    crate::engine::sanitize::cut(&mut comment, MOST_COMMENT);
    [("tcp", ["--reject-with", "tcp-reset"].as_slice()), ("udp", &[])].map(|(protocol, with)| {
        let from = net.trunc().to_string();
        let words =
            ["-s", &from, "-p", protocol, "-m", protocol, "!", "--dport", "53", "-m", "conntrack", "--ctstate", "NEW"];
        let end = ["-m", "comment", "--comment", &comment, "-j", "REJECT"];
        let words = words.iter().chain(&end).chain(with).map(|word| (*word).to_owned()).collect();
        Rule { program, words }
    })
}

impl Rule {
    fn command(&self, change: &str) -> Command {
        let mut command = Command::new(self.program);
        command.args(["-w", "3", change, "INPUT"]).args(&self.words);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listed_rule_is_known_by_its_owner() {
        let line = "-A INPUT -s 10.213.0.0/16 -p tcp -m tcp ! --dport 53 -m conntrack --ctstate NEW -m comment --comment \
                    \"breakfix-check:host/pid:[4026531836]/12/34\" -j REJECT --reject-with tcp-reset";
        let rule = listed_rule("iptables", line).unwrap();
        let [own, _] = rules(&"10.213.0.0/16".parse().unwrap(), "host/pid:[4026531836]/12/34");
        assert_eq!(rule, own);
        assert_eq!(listed_rule("iptables", "-A INPUT -s 10.213.0.0/16 -j DROP"), None);
    }
}
