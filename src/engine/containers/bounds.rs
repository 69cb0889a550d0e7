//! Bounds of ours on a stranger's containers that an engine cannot set, and that can be done without.
//!
//! What a machine has not is no fault of the stack. Memory, processes and privileges are bounded or nothing is started; the
//! bounds here only make it more comfortable, and are left out where the engine says that it cannot set them.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bollard::models::HostConfig;

/// A bound that can be done without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Bound {
    /// The size of one file. What is written is looked at each second all the same.
    FileSize,
    /// The share of the processors.
    Processors,
    /// The memory beside the main memory.
    Swap,
}

/// Those that an engine was found not to set.
#[derive(Debug, Clone, Default)]
pub(crate) struct Unset(Arc<Mutex<BTreeSet<Bound>>>);

impl Bound {
    /// The one that the engine says it cannot set, if this is what it says.
    pub(crate) fn refused(message: &str) -> Option<Self> {
        let message = message.to_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
        // runc libcontainer/setns_init_linux.go, crun src/libcrun/linux.c; Podman adds bounds of its own to any that are asked for.
        if says(&["rlimit type", "setrlimit", "setting rlimits"]) {
            return Some(Self::FileSize);
        }
        // runc libcontainer/cgroups/fs and fs2, crun src/libcrun/cgroup-resources.c, moby daemon/daemon_unix.go.
        if says(&["memory.memsw", "memory.swap", "swap limit capabilities", "swap controller"]) {
            return Some(Self::Swap);
        }
        let processors =
            ["nanocpus can not be set", "cpu.cfs_quota_us", "cpu.cfs_period_us", "cpu.max", "cgroup controller `cpu`"];
        says(&processors).then_some(Self::Processors)
    }

    /// Takes it out of what a container is asked for.
    pub(crate) fn leave_out(self, host: &mut HostConfig) {
        match self {
            Self::FileSize => {
                host.ulimits.get_or_insert_default().retain(|limit| limit.name.as_deref() != Some("fsize"));
                host.ulimits.take_if(|limits| limits.is_empty());
            }
            Self::Processors => host.nano_cpus = None,
            Self::Swap => host.memory_swap = None,
        }
    }

    fn in_words(self) -> &'static str {
        match self {
            Self::FileSize => "how large one file may become (what is written is looked at each second)",
            Self::Processors => "how much of the processors a container takes",
            Self::Swap => "how much swap a container takes",
        }
    }
}

impl Unset {
    /// Remembers that the engine cannot set it; whether that is new.
    pub(crate) fn add(&self, bound: Bound) -> bool {
        self.lock().insert(bound)
    }

    /// Takes all of them out of what a container is asked for.
    pub(crate) fn leave_out(&self, host: &mut HostConfig) {
        for bound in self.lock().iter() {
            bound.leave_out(host);
        }
    }

    /// What is not bounded, in words.
    pub(crate) fn in_words(&self) -> Vec<String> {
        self.lock().iter().map(|bound| format!("this engine cannot bound {}", bound.in_words())).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<Bound>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engines_words_for_what_they_cannot_set() {
        for (message, bound) in [
            (
                "container_linux.go:380: starting container process caused: setting rlimit type 7: operation not permitted",
                Some(Bound::FileSize),
            ),
            ("crun: setrlimit `RLIMIT_FSIZE`: Operation not permitted: OCI permission denied", Some(Bound::FileSize)),
            (
                "error setting rlimits for ready process: error setting rlimit type 1: operation not permitted",
                Some(Bound::FileSize),
            ),
            (
                "NanoCPUs can not be set, as your kernel does not support CPU CFS scheduler or the cgroup is not mounted",
                Some(Bound::Processors),
            ),
            (
                "crun: the requested cgroup controller `cpu` is not available: OCI runtime error",
                Some(Bound::Processors),
            ),
            ("open /sys/fs/cgroup/memory/x/memory.memsw.limit_in_bytes: no such file or directory", Some(Bound::Swap)),
            // Not without these.
            ("crun: the requested cgroup controller `pids` is not available: OCI runtime error", None),
            ("crun: the requested cgroup controller `memory` is not available: OCI runtime error", None),
            ("seccomp is not enabled in your kernel", None),
        ] {
            assert_eq!(Bound::refused(message), bound, "{message}");
        }
    }

    #[test]
    fn what_cannot_be_set_is_left_out_from_then_on() {
        let unset = Unset::default();
        assert!(unset.add(Bound::FileSize) && !unset.add(Bound::FileSize));
        let mut host = HostConfig { ulimits: Some(vec![]), memory: Some(1), nano_cpus: Some(1), ..Default::default() };
        unset.leave_out(&mut host);
        assert_eq!((host.ulimits, host.memory, host.nano_cpus), (None, Some(1), Some(1)));
        assert_eq!(unset.in_words().len(), 1);
    }
}
