//! Which process a check belongs to, as a label: so that what a killed one left behind can be told from a living one's.

use std::fmt;

/// A process, told apart from all others, also those of other machines and containers that share an engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// Name of the machine.
    host: String,
    /// Name space of process ids: two containers with one engine have one each.
    space: String,
    pid: u32,
    /// When it was started: numbers of processes come again.
    started: String,
}

impl Owner {
    /// This process. `None` on systems where it cannot be told apart.
    pub fn me() -> Option<Self> {
        let pid = std::process::id();
        Some(Self { host: host()?, space: space(), pid, started: started(pid)? })
    }

    /// Reads what its `Display` wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let owner = Self {
            host: parts.next()?.to_owned(),
            space: parts.next()?.to_owned(),
            pid: parts.next()?.parse().ok()?,
            started: parts.next()?.to_owned(),
        };
        parts.next().is_none().then_some(owner)
    }

    /// Whether it ran where this process runs, and has ended. Never true of what cannot be looked at from here.
    pub fn is_dead(&self) -> bool {
        host().as_ref() == Some(&self.host)
            && space() == self.space
            && started(self.pid).is_none_or(|started| started != self.started)
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{}", self.host, self.space, self.pid, self.started)
    }
}

#[cfg(unix)]
fn host() -> Option<String> {
    let name = rustix::system::uname().nodename().to_string_lossy().replace('/', "_");
    (!name.is_empty()).then_some(name)
}

#[cfg(not(unix))]
fn host() -> Option<String> {
    None
}

fn space() -> String {
    std::fs::read_link("/proc/self/ns/pid").map(|link| link.display().to_string()).unwrap_or_default()
}

/// When a living process was started, in a form that only serves comparison; `None` when there is none with this number.
#[cfg(target_os = "linux")]
fn started(pid: u32) -> Option<String> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold spaces; the fields after it do not. Start time is the 22nd of all, so the 20th here.
    let after_name = stat.rsplit_once(')')?.1;
    let ticks = after_name.split_whitespace().nth(19)?;
    Some(format!("{}-{ticks}", boot.split('-').next().unwrap_or_default()))
}

#[cfg(all(unix, not(target_os = "linux")))]
fn started(pid: u32) -> Option<String> {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).ok()?)?;
    rustix::process::test_kill_process(pid).is_ok().then(|| "alive".to_owned())
}

#[cfg(not(unix))]
fn started(_pid: u32) -> Option<String> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn this_process_lives_and_reads_back() {
        let me = Owner::me().unwrap();
        assert!(!me.is_dead());
        assert_eq!(Owner::parse(&me.to_string()), Some(me));
    }

    #[test]
    fn a_process_that_has_ended_is_dead() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let pid = child.id();
        let owner = Owner { started: started(pid).unwrap(), pid, ..Owner::me().unwrap() };
        child.wait().unwrap();
        assert!(owner.is_dead());
    }

    #[test]
    fn a_number_that_came_again_is_another_process() {
        let owner = Owner { started: "0-1".into(), ..Owner::me().unwrap() };
        assert!(owner.is_dead());
    }

    #[test]
    fn what_runs_elsewhere_is_never_called_dead() {
        let me = Owner::me().unwrap();
        assert!(!Owner { host: "elsewhere".into(), started: "0-1".into(), ..me.clone() }.is_dead());
        assert!(!Owner { space: "pid:[1]".into(), started: "0-1".into(), ..me }.is_dead());
        assert_eq!(Owner::parse("nonsense"), None);
    }
}
