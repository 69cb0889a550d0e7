//! Whose fault an engine's refusal is: the machine's, but for what stands in these tables.
//!
//! An engine, a proxy before it and a policy plugin can say anything. Only what a compose file or a Dockerfile is known to cause
//! is told as theirs; each row names who says it, where that is written, and an example that the test below finds. Rows without
//! a version number of the engine hold for all that were looked at: Docker 20.10, 26 and 28, Podman 4.3 and 5.

use std::sync::OnceLock;

use regex::RegexSet;

use super::request::Fault;

/// A message that the stack's own files can cause.
struct Said {
    /// A regular expression for the part that tells.
    pattern: &'static str,
    /// Who says it.
    by: &'static str,
    /// Where in its source.
    source: &'static str,
    /// What it says.
    example: &'static str,
}

const fn said(pattern: &'static str, by: &'static str, source: &'static str, example: &'static str) -> Said {
    Said { pattern, by, source, example }
}

/// Whether a container cannot be made, filled or started for what its files ask for.
pub(crate) fn container_is_to_blame(fault: &Fault) -> bool {
    CONTAINER.holds(fault)
}

/// Whether a build fails for what the Dockerfile or its programs do.
pub(crate) fn build_is_to_blame(fault: &Fault) -> bool {
    BUILD.holds(fault)
}

/// Whether a network cannot be made as the file asks for it.
pub(crate) fn network_is_to_blame(fault: &Fault) -> bool {
    NETWORK.holds(fault)
}

/// Such messages, and what finds them.
struct Table {
    rows: &'static [Said],
    patterns: OnceLock<RegexSet>,
}

impl Table {
    const fn of(rows: &'static [Said]) -> Self {
        Self { rows, patterns: OnceLock::new() }
    }

    fn holds(&self, fault: &Fault) -> bool {
        let Fault::Says { status, message } = fault else { return false };
        // Of these, none is the engine's answer to what a file asks for: who is not let in, who asks too often, who was not reached.
        let from_between = matches!(status, 401 | 402 | 407 | 408 | 413 | 421..=431 | 502..=504);
        let is_page = message.trim_start().starts_with('<');
        // Programs that the engine brings along.
        let own = ["docker-init", "container-init", "catatonit", "containerd-shim"];
        if from_between || is_page || own.iter().any(|own| message.contains(own)) {
            return false;
        }
        // A pattern that is none would find nothing; the test finds it.
        let compiled =
            || RegexSet::new(self.rows.iter().map(|said| said.pattern)).unwrap_or_else(|_| RegexSet::empty());
        let known = self.patterns.get_or_init(compiled).matches(message).iter().next();
        if let Some(Said { by, source, example, .. }) = known.and_then(|row| self.rows.get(row)) {
            tracing::info!(message, by, source, example, "the stack's files can cause this");
        }
        known.is_some()
    }
}

static CONTAINER: Table = Table::of(&[
    // What is to run.
    said(
        r#"(starting container process caused|unable to start container process)(: error during container init)?: exec: "[^"]*"(: stat [^:]*)?: (executable file not found in \$PATH|no such file or directory|permission denied|is a directory|not a directory)"#,
        "Docker, by runc",
        "opencontainers/runc libcontainer/standard_init_linux.go, Go os/exec LookPath",
        r#"failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: exec: "./run.sh": permission denied: unknown"#,
    ),
    said(
        r"crun: (executable file `[^`]*` not found in \$PATH|cannot find `[^`]*` in \$PATH|open executable|cannot stat `[^`]*`): (No such file or directory|Permission denied|Not a directory)",
        "Podman, by crun",
        "containers/crun src/libcrun/linux.c, utils.c find_executable",
        "crun: executable file `flaks` not found in $PATH: No such file or directory: OCI runtime attempted to invoke a command that was not found",
    ),
    said(
        r#"runc: .*exec: "[^"]*".*: OCI (runtime attempted to invoke a command that was not found|permission denied)"#,
        "Podman, by runc",
        "containers/podman libpod/oci_conmon_common.go",
        r#"runc: runc create failed: unable to start container process: exec: "flaks": executable file not found in $PATH: OCI runtime attempted to invoke a command that was not found"#,
    ),
    said(
        r"(?i)no command (or entrypoint )?(specified|provided)",
        "Docker and Podman",
        "moby daemon/start.go, daemon/create.go; containers/podman pkg/specgen/generate/oci.go",
        "No command specified",
    ),
    // As whom, and where.
    said(
        r"unable to find (user|group) [^:]+: no matching entries in (passwd|group) file",
        "Docker and Podman",
        "moby daemon/oci_linux.go; moby/sys/user",
        "linux spec user: unable to find user web: no matching entries in passwd file",
    ),
    said(
        r#"chdir to cwd \("[^"]*"\) set in config.json failed: (permission denied|not a directory|no such file or directory)"#,
        "Docker, by runc",
        "opencontainers/runc libcontainer/init_linux.go",
        r#"OCI runtime create failed: runc create failed: unable to start container process: chdir to cwd ("/root/x") set in config.json failed: permission denied: unknown"#,
    ),
    said(
        r"(?i)cannot mkdir: \S+ is not a directory|working directory '[^']*' is invalid|workdir \S+ does not exist on container",
        "Docker; Podman says the last",
        "moby container/container_unix.go SetupWorkingDirectory, daemon/container.go; containers/podman libpod/container_internal_common.go",
        "the working directory 'app' is invalid, it needs to be an absolute path",
    ),
    said(
        r"(lstat|stat|mkdir) \S*/(merged|rootfs|vfs/dir/[0-9a-f]+)/\S+: not a directory",
        "Docker 20.10",
        "moby container/container_unix.go SetupWorkingDirectory, pkg/symlink/fs.go",
        "lstat /var/lib/docker/overlay2/1f/merged/etc/passwd/x: not a directory",
    ),
    // What is mounted.
    said(
        "Are you trying to mount a directory onto a file|Error processing tar file.*(cannot overwrite (non-)?directory|not a directory)",
        "Docker",
        "moby daemon/start.go, pkg/archive/archive.go",
        r#"OCI runtime create failed: error mounting "/home/a/x" to rootfs at "/etc/hostname": not a directory: unknown: Are you trying to mount a directory onto a file (or vice-versa)? Check if the specified host path exists and is the expected type"#,
    ),
    said(
        r"(?s)to rootfs at .*read-only file system",
        "Docker, by runc",
        "opencontainers/runc libcontainer/rootfs_linux.go",
        r#"error mounting "/srv/a.conf" to rootfs at "/data/a.conf": create mountpoint for /data/a.conf mount: read-only file system: unknown"#,
    ),
    said(
        r"crun: (mount|open|mkdir) `[^`]*`( to `[^`]*`)?: (Not a directory|Is a directory|Read-only file system)",
        "Podman, by crun",
        "containers/crun src/libcrun/linux.c do_mounts",
        "crun: mount `/home/a/x` to `etc/hostname`: Not a directory: OCI runtime error",
    ),
    said(
        r"extraction point is not a directory|container rootfs is marked read-only|mounted volume is marked read-only",
        "Docker and Podman",
        "moby daemon/archive_unix.go",
        "extraction point is not a directory",
    ),
    said(
        r#"(?i)duplicate mount point|invalid mount (path|target)|invalid mount config for type "volume"|mount path must be absolute|invalid volume specification|volume name is too short|includes invalid characters for a local volume name|invalid tmpfs option|must be an absolute path"#,
        "Docker and Podman; that a source is not there is another message",
        "moby volume/mounts/linux_parser.go, validate.go; containers/podman pkg/specgen/volumes.go",
        "Duplicate mount point: /data",
    ),
    said(
        r"failed to mount local volume: mount [^:]*(/|\.)[^:]*:.*(no such file or directory|not a directory)",
        "Docker, for a volume with a device of its own",
        "moby volume/local/local_unix.go",
        "error while mounting volume '/var/lib/docker/volumes/shop_data/_data': failed to mount local volume: mount /srv/nowhere:/var/lib/docker/volumes/shop_data/_data, flags: 0x1000: no such file or directory",
    ),
    // Names, numbers, options.
    said(
        r"(?i)invalid reference format|repository name .*must be lowercase",
        "Docker and Podman",
        "distribution/reference reference.go",
        "invalid reference format: repository name must be lowercase",
    ),
    said(
        r"Invalid container name \(|names must match \[a-zA-Z0-9\]",
        "Docker; Podman says the second",
        "moby daemon/names.go; containers/podman libpod/define/config.go",
        "Invalid container name (my shop), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed",
    ),
    said(
        r"(?i)invalid (container ?port|host ?port|port specification|proto|ip address|port range)\b",
        "Docker and Podman",
        "docker/go-connections nat/nat.go",
        "invalid port specification: \"80/sctcp\"",
    ),
    said(
        r"(?i)invalid hostname|invalid environment variable|bad format for (links|add-host)|invalid ip address in add-host|invalid signal|invalid ulimit type|unknown capability|invalid restart policy|maximum retry count (cannot|can only) be",
        "Docker and Podman",
        "moby daemon/container.go, opts/, runconfig/",
        "invalid signal: SIGFOO",
    ),
    said(
        r"(Interval|Timeout|Retries|StartPeriod|StartInterval) in Healthcheck cannot be|Health check|healthcheck .*must be",
        "Docker and Podman",
        "moby daemon/container.go validateHealthCheck",
        "Interval in Healthcheck cannot be less than 1ms",
    ),
    said(
        r"Minimum memory limit|Minimum memoryswap limit|SHM size (can not|must)",
        "Docker",
        "moby daemon/daemon_unix.go verifyPlatformContainerResources",
        "Minimum memory limit allowed is 6MB",
    ),
    said(
        r#"sysctl "[^"]*" (is not in a separate kernel namespace|not allowed in host)"#,
        "Docker, by runc",
        "opencontainers/runc libcontainer/configs/validate/validator.go",
        r#"OCI runtime create failed: sysctl "kernel.x" is not in a separate kernel namespace: unknown"#,
    ),
    // Networks.
    said(
        r"(?i)conflicting options: |cannot join network of a non running container|user specified IP address is supported|network-scoped alias(es)? (is|are) (only )?supported|no configured subnet.* contain(s)? IP address|invalid endpoint settings",
        "Docker",
        "moby daemon/container_operations.go, runconfig/hostconfig_unix.go, api/types/network/endpoint.go",
        "user specified IP address is supported only when connecting to networks with user configured subnets",
    ),
]);

static BUILD: Table = Table::of(&[
    said(
        r"returned a non-zero code: (\d+)",
        "Docker's classic builder",
        "moby builder/dockerfile/containerbackend.go",
        "The command '/bin/sh -c pip install -r requirements.txt' returned a non-zero code: 1",
    ),
    said(
        r"did not complete successfully: exit code: \d+",
        "BuildKit 0.8 to 0.22",
        "moby/buildkit executor/runcexecutor/executor.go",
        r#"failed to solve: process "/bin/sh -c false" did not complete successfully: exit code: 1"#,
    ),
    said(
        r"(?s)executor failed running \[.*\]: exit code: \d+",
        "BuildKit 0.8, in Docker 20.10",
        "moby/buildkit executor/runcexecutor/executor.go, solver/llbsolver/ops/exec.go",
        "executor failed running [/bin/sh -c pip install -r requirements.txt]: exit code: 1",
    ),
    said(
        r"(while running runtime|running /bin/\S+ .*): exit status \d+|building at STEP .*: exit status \d+",
        "Podman, by buildah",
        "containers/buildah run_common.go, imagebuildah/stage_executor.go",
        r#"building at STEP "RUN false": while running runtime: exit status 1"#,
    ),
    said(
        r"(?i)dockerfile parse error|failed to parse \S+: |unknown instruction|unknown flag|parsing main dockerfile|requires (at least|exactly|at most) (one|two|\d+) argument|must have two arguments|syntax error - can't find|unknown (type|option|network mode).* in |(?-i)the Dockerfile .*cannot be empty|file with no instructions|No image was generated|no build stage in current context|[Nn]o FROM statement found|Please provide a source image with",
        "Docker and Podman",
        "moby/buildkit frontend/dockerfile/parser, instructions; moby builder/dockerfile",
        "dockerfile parse error line 3: unknown instruction: FORM",
    ),
    said(
        r"(COPY|ADD) failed: (no source files|file not found in build context|forbidden path outside|stat [^:]+: (no such file|file does not exist)|lstat [^:]+: no such file|invalid from flag|copying .* not a directory)",
        "Docker's classic builder",
        "moby builder/dockerfile/copy.go, internals.go",
        "COPY failed: file not found in build context or excluded by .dockerignore: stat source: file does not exist",
    ),
    said(
        r#"failed to (calculate checksum of ref|compute cache key).*: "[^"]*"(: | )not found"#,
        "BuildKit",
        "moby/buildkit cache/contenthash/checksum.go",
        r#"failed to solve: failed to compute cache key: failed to calculate checksum of ref a1::b2: "/source": not found"#,
    ),
    said(
        r#"(?i)copier: (stat|get|put): .*no such file or directory|no items matching glob|building at STEP "(COPY|ADD) [^"]*": .*(no such file or directory|not a directory)"#,
        "Podman, by buildah",
        "containers/buildah add.go, copier/copier.go",
        r#"building at STEP "COPY source .": checking on sources under "/srv/shop": copier: stat: "/source": no such file or directory"#,
    ),
    said(
        r"the destination must be a directory and end with a|failed to copy files: .*/merged/\S+: not a directory|chown string to host mapping: can't find [ug]id|cannot copy (to|a) (non-)?director|cannot overwrite (non-)?directory|(?i)cannot replace (to )?directory",
        "Docker's classic builder and BuildKit",
        "moby builder/dockerfile/copy.go; tonistiigi/fsutil copy",
        "When using COPY with more than one source file, the destination must be a directory and end with a /",
    ),
    said(
        r"(?i)cannot locate specified dockerfile|failed to read dockerfile: open \S+: no such file or directory|failed to reach build target|target stage .*could not be found|invalid reference format|base name \(.*\) should not be blank|repository name .*must be lowercase",
        "Docker and BuildKit",
        "moby builder/remotecontext/detect.go, builder/dockerfile/builder.go; moby/buildkit frontend/dockerfile/dockerfile2llb",
        "Cannot locate specified Dockerfile: Dockerfile.prod",
    ),
    said(
        r"unable to find (user|group) [^:]+: no matching entries|[Ii]nvalid (containerPort|signal|port)|failed to process .*(unsupported modifier|missing|unexpected end)|Unsupported (modifier|shell)|Cannot mkdir: \S+ is not a directory",
        "Docker's classic builder and BuildKit",
        "moby builder/dockerfile/dispatchers.go, builder/dockerfile/shell",
        r#"failed to process "${NAME:+": missing ':' in substitution"#,
    ),
    said(
        r#"(starting container process caused|unable to start container process)(: error during container init)?: exec: "[^"]*"(: stat [^:]*)?: (executable file not found in \$PATH|no such file or directory|permission denied)"#,
        "Docker's classic builder, by runc",
        "opencontainers/runc libcontainer/standard_init_linux.go",
        r#"OCI runtime create failed: runc create failed: unable to start container process: exec: "flaks": executable file not found in $PATH: unknown"#,
    ),
]);

static NETWORK: Table = Table::of(&[said(
    r"(?i)invalid network config|invalid subnet|invalid CIDR|invalid pool request|invalid IPAM|bad (subnet|gateway)|subnet .* is not|does not contain gateway|failed to parse pool request|invalid gateway|no matching subnet for gateway|failed to allocate gateway .*out of range",
    "Docker and Podman",
    "moby daemon/network.go, libnetwork/ipam; api/types/network/ipam.go",
    "invalid network config:\ninvalid subnet 10.0.0.1/24: it should be 10.0.0.0/24",
)]);

#[cfg(test)]
mod tests {
    use super::*;

    fn says(status: u16, message: &str) -> Fault {
        Fault::Says { status, message: message.into() }
    }

    #[test]
    fn every_row_finds_its_example_and_says_where_it_is_from() {
        for (table, said) in [&CONTAINER, &BUILD, &NETWORK]
            .into_iter()
            .flat_map(|table| table.rows.iter().map(move |said| (table, said)))
        {
            let pattern = regex::Regex::new(said.pattern).unwrap();
            assert!(pattern.is_match(said.example), "{} does not find {}", said.pattern, said.example);
            assert!(table.holds(&says(400, said.example)), "{}", said.example);
            assert!(!said.by.is_empty() && !said.source.is_empty(), "{}", said.pattern);
        }
    }

    /// What engines, their runtimes and what stands before them say of themselves.
    const MACHINE: &[&str] = &[
        "open /var/lib/docker/overlay2/1f/committed: no such file or directory",
        "failed to mount overlay: invalid argument",
        "error creating overlay mount to /var/lib/docker/overlay2/1f/merged: no such file or directory",
        "mkdir /var/lib/docker/tmp: permission denied",
        "mkdir /var/lib/docker/overlay2/1f: no space left on device",
        "mkdir /var/lib/docker/overlay2/1f-init: read-only file system",
        "permission denied",
        "page not found",
        "unauthorized: authentication required",
        "authorization denied by plugin policy: not today",
        "too many requests",
        "<html><body>unknown instruction: permission denied</body></html>",
        "No such image: shop-flaskapp:latest",
        "No such container: 1f2e",
        "network 1f2e not found",
        "client version 1.52 is too new. Maximum supported API version is 1.41",
        "OCI runtime create failed: container_linux.go:380: starting container process caused: process_linux.go:545: container init caused: setting rlimit type 7: operation not permitted: unknown",
        "crun: setrlimit `RLIMIT_FSIZE`: Operation not permitted: OCI permission denied",
        "crun: the requested cgroup controller `pids` is not available: OCI runtime error",
        "failed to start shim: start failed: exec: \"containerd-shim-runc-v2\": executable file not found in $PATH: unknown",
        "fork/exec /usr/bin/runc: permission denied",
        "exec: \"docker-init\": executable file not found in $PATH",
        "unable to start container process: exec: \"/sbin/docker-init\": stat /sbin/docker-init: no such file or directory: unknown",
        "container-init binary not found on the host: stat /usr/libexec/podman/catatonit: no such file or directory",
        "failed to create endpoint x on network y: failed to add the host <=> sandbox pair interfaces: operation not supported",
        "driver failed programming external connectivity on endpoint x: port is already allocated",
        "failed to create shim task: OCI runtime create failed: runc create failed: cgroup not found",
        "ttrpc: closed: unknown",
        "context deadline exceeded",
        "dial unix /run/containerd/containerd.sock: connect: no such file or directory",
        "logger: no log driver named 'json-file' is registered",
        "NanoCPUs can not be set, as your kernel does not support CPU CFS scheduler or the cgroup is not mounted",
        "invalid mount config for type \"bind\": bind source path does not exist: /srv/shop",
        "failed to mount local volume: mount tmpfs:/var/lib/docker/volumes/x/_data, flags: 0x0, data: size=256m: operation not permitted",
        "failed to export image: failed to create image: failed to get layer sha256:1",
        "Pool overlaps with other one on this address space",
        "could not find an available, non-overlapping IPv4 address pool among the defaults",
        "seccomp is not enabled in your kernel, cannot run a custom seccomp profile",
    ];

    #[test]
    fn what_a_machine_says_of_itself_is_never_the_files_fault() {
        for message in MACHINE {
            for status in [200, 400, 404, 409, 500] {
                let fault = says(status, message);
                for (what, blamed) in [
                    ("container", container_is_to_blame(&fault)),
                    ("build", build_is_to_blame(&fault)),
                    ("network", network_is_to_blame(&fault)),
                ] {
                    assert!(!blamed, "{what}: {message}");
                }
            }
        }
        let row = "dockerfile parse error line 3: unknown instruction: FORM";
        assert!(build_is_to_blame(&says(400, row)));
        for status in [401, 407, 408, 429, 502, 503, 504] {
            assert!(!build_is_to_blame(&says(status, row)), "{status}");
        }
        assert!(!build_is_to_blame(&Fault::Gone(row.into())));
    }
}
