//! An installed Docker that does not run: `doctor --fix` starts it. It has the usual socket, in a view of this machine in which the
//! machine's own engine is not to be seen: other processes, another network, another `/run`.

use std::{os::unix::fs::PermissionsExt, process::Command};

use super::skipped;

/// Starts the engine as the service manager would, with a place of its own for its data.
const SERVICE: &str = r#"#!/bin/sh
echo "$@" > "$HERE/asked"
setsid dockerd --config-file "$HERE/daemon.json" --host unix:///var/run/docker.sock > "$HERE/log" 2>&1 &
"#;

/// What is done there: the last of its processes goes with it.
const THERE: &str = r#"
mount -t tmpfs tmpfs /run && ip link set lo up || exit 9
"$PROGRAM" --engine unix:///var/run/docker.sock doctor --fix > "$HERE/told"
echo "told: $?, asked: $(ls "$HERE/asked" 2>/dev/null)"
"$PROGRAM" --engine unix:///var/run/docker.sock doctor --fix --yes
echo "fixed: $?, asked: $(cat "$HERE/asked")"
"$PROGRAM" --engine unix:///var/run/docker.sock doctor --fix --yes | head -1
"#;

#[test]
fn a_docker_that_does_not_run_is_started() {
    if skipped() {
        return;
    }
    let home = tempfile::Builder::new().prefix("bfs-").tempdir().unwrap();
    let at = |name: &str| home.path().join(name);
    std::fs::write(at("service"), SERVICE).unwrap();
    std::fs::set_permissions(at("service"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let config = serde_json::json!({
        "storage-driver": "vfs", "data-root": at("data"), "exec-root": "/run/docker-apart", "pidfile": at("pid"),
    });
    std::fs::write(at("daemon.json"), config.to_string()).unwrap();
    let output = Command::new("unshare")
        .args(["--mount", "--pid", "--fork", "--mount-proc", "--net", "sh", "-c", THERE])
        .env("PATH", format!("{}:{}", home.path().display(), std::env::var("PATH").unwrap()))
        .env("HERE", home.path())
        .env("PROGRAM", env!("CARGO_BIN_EXE_breakfix"))
        .env_remove("DOCKER_HOST")
        .current_dir(home.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let log = std::fs::read_to_string(at("log")).unwrap_or_default();
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("told: 3, asked: \n"), "without a yes nothing is started: {said}");
    assert!(said.contains("$ service docker start\n"), "{said}");
    assert!(said.contains("✓ engine  Docker "), "{said}\n{log}");
    assert!(said.contains("fixed: 0, asked: docker start\n"), "{said}\n{log}");
    assert!(said.ends_with("An engine answers. There is nothing to get.\n"), "{said}\n{log}");
}
