//! What the tests on real containers share: whether they may run, and what is left on the engine afterwards.

#![allow(dead_code, reason = "each test takes what it needs")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

pub mod engine_proxy;
pub mod submissions;

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    process::{Command, Stdio},
};

/// Whether `BREAKFIX_ALL=1` asks for everything. Else a sample runs, the same each time, so that all tests together take minutes.
pub fn all() -> bool {
    std::env::var_os("BREAKFIX_ALL").is_some_and(|value| value == "1")
}

/// One of so many, where a sample is enough; of all, each.
pub fn one_of(every: usize) -> usize {
    if all() { 1 } else { every }
}

/// Whether `BREAKFIX_SKIP_DOCKER=1` leaves this test out; then it is said.
pub fn left_out() -> bool {
    let left_out = std::env::var_os("BREAKFIX_SKIP_DOCKER").is_some_and(|value| value == "1");
    if left_out {
        eprintln!("SKIPPED, for BREAKFIX_SKIP_DOCKER=1: this test needs a container engine");
    }
    left_out
}

/// Whether containers may be used. Says so when not, and fails where no engine answers.
pub fn containers() -> bool {
    if left_out() {
        return false;
    }
    assert!(
        answers(&["version"]),
        "no container engine answers: start Docker, or set BREAKFIX_SKIP_DOCKER=1 to leave these tests out"
    );
    true
}

/// Whether this command of docker's ends well.
pub fn answers(args: &[&str]) -> bool {
    let status = Command::new("docker").args(args).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// Writes files, by their paths below this directory, with the directories that they need.
pub fn write_files(dir: &Path, files: impl IntoIterator<Item = (impl AsRef<Path>, impl AsRef<[u8]>)>) {
    for (path, contents) in files {
        let path = dir.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
    }
}

/// Writes the shop as it is mended, at a port that nobody else has: several run side by side.
pub fn write_shop_at_own_port(dir: &Path) {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let fixed = breakfix::course::Course::embedded().unwrap().fixed_stack().clone();
    write_files(dir, fixed.into_iter().map(|(path, text)| (path, text.replace("8080:80", &format!("{port}:80")))));
}

/// The containers, networks and volumes that a lab's project still has.
pub fn left_of_lab(dir: &Path) -> Vec<String> {
    let label = format!("label=com.docker.compose.project={}", dir.file_name().unwrap().to_str().unwrap());
    [["ps", "-aq"], ["network", "ls"], ["volume", "ls"]]
        .iter()
        .flat_map(|list| docker(&[&list[..], &["--filter", &label, "--format", "{{.}}"]].concat()))
        .collect()
}

/// What docker says, line by line.
pub fn docker(args: &[&str]) -> Vec<String> {
    let output = Command::new("docker").args(args).output().unwrap();
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

/// Everything on the engine that this process of ours made for its checks: containers, networks, volumes, and their projects'
/// images.
pub fn left_by(pid: u32) -> Vec<String> {
    let mut left = Vec::new();
    let label = r#"{{.Label "dev.breakfix.check"}} {{.Label "com.docker.compose.project"}}"#;
    for list in [&["ps", "-a"][..], &["network", "ls"], &["volume", "ls"]] {
        let args = [list, &["--filter", "label=dev.breakfix.check", "--format", label]].concat();
        left.extend(docker(&args).into_iter().filter(|line| line.contains(&format!("/{pid}/"))));
    }
    let projects: BTreeSet<String> =
        left.iter().filter_map(|line| line.split_whitespace().last().map(str::to_owned)).collect();
    left.extend(
        docker(&["images", "--format", "{{.Repository}}"])
            .into_iter()
            .filter(|image| projects.iter().any(|project| image.starts_with(project))),
    );
    left
}
