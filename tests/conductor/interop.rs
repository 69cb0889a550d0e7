//! Beside `docker compose`: each sees, and removes, what the other has made. Where the Compose plugin is not installed, the
//! tests that need it say so and pass; `.ci/run` installs it.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use breakfix::course::Course;

fn skipped() -> bool {
    if !crate::common::containers() {
        return true;
    }
    let plugin = crate::common::answers(&["compose", "version"]);
    if !plugin {
        eprintln!("skipped: the Compose plugin is not installed");
    }
    !plugin
}

/// A right stack in a directory whose project nobody else has; all of it goes when this is dropped.
struct Shop {
    home: tempfile::TempDir,
}

impl Shop {
    fn new() -> Self {
        let shop = Self { home: tempfile::Builder::new().prefix("breakfix-interop-").tempdir().unwrap() };
        crate::common::write_files(&shop.dir(), Course::embedded().unwrap().fixed_stack());
        shop
    }

    fn dir(&self) -> PathBuf {
        self.home.path().join(self.project())
    }

    fn project(&self) -> String {
        self.home.path().file_name().unwrap().to_str().unwrap().to_lowercase()
    }

    fn compose(&self, args: &[&str]) -> Output {
        let output = Command::new("docker").arg("compose").args(args).current_dir(self.dir()).output().unwrap();
        assert!(output.status.success(), "docker compose {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        output
    }

    fn breakfix(&self, args: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_breakfix")).args(args).arg("--lab").arg(self.dir()).output().unwrap()
    }

    /// Published where no other shop on this machine may be.
    fn at_any_port(self) -> Self {
        let file = self.dir().join("docker-compose.yml");
        let published = std::fs::read_to_string(&file).unwrap().replace("8080:80", "127.0.0.1::80");
        std::fs::write(&file, published).unwrap();
        self
    }

    /// Its containers, each with the time of its start.
    fn running(&self) -> Vec<String> {
        let ids = services(&self.compose(&["ps", "-q", "--no-trunc"]));
        let started = |id: &String| {
            let args = ["inspect", "--format", "{{.Id}} {{.State.StartedAt}}", id];
            text(&Command::new("docker").args(args).output().unwrap().stdout).trim().to_owned()
        };
        ids.iter().map(started).collect()
    }

    /// Containers, networks and volumes of the project.
    fn there(&self) -> Vec<String> {
        let label = format!("label=com.docker.compose.project={}", self.project());
        let lists = [&["ps", "-aq"][..], &["network", "ls", "-q"], &["volume", "ls", "-q"]];
        lists
            .iter()
            .flat_map(|list| {
                let output = Command::new("docker").args(*list).args(["--filter", &label]).output().unwrap();
                text(&output.stdout).lines().map(str::to_owned).collect::<Vec<_>>()
            })
            .collect()
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        let _ = self.breakfix(&["down", "--volumes"]);
        let image = format!("{}-flaskapp", self.project());
        let _ = Command::new("docker").args(["rmi", "--no-prune", &image]).output();
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn succeeded(output: &Output) -> String {
    assert!(output.status.success(), "{}\n{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

fn services(output: &Output) -> Vec<String> {
    let mut services: Vec<String> = text(&output.stdout).lines().map(str::to_owned).collect();
    services.sort();
    services
}

#[test]
fn compose_sees_and_removes_what_breakfix_has_started() {
    if skipped() {
        return;
    }
    let shop = Shop::new();
    let told = succeeded(&shop.breakfix(&["up"]));
    assert!(told.contains("the database has its tables"), "{told}");
    assert_eq!(services(&shop.compose(&["ps", "--services", "--status", "running"])), ["db", "flaskapp", "nginx"]);
    assert!(text(&shop.compose(&["logs", "flaskapp"]).stdout).contains("Running on"));
    assert!(text(&shop.compose(&["exec", "-T", "nginx", "echo", "inside"]).stdout).contains("inside"));
    shop.compose(&["down", "--volumes"]);
    assert_eq!(shop.there(), Vec::<String>::new());
}

#[test]
fn breakfix_sees_and_removes_what_compose_has_started() {
    if skipped() {
        return;
    }
    let shop = Shop::new().at_any_port();
    shop.compose(&["up", "-d", "--build"]);
    let status = shop.breakfix(&["status"]);
    let told = text(&status.stdout);
    for service in ["db", "flaskapp", "nginx"] {
        let line = told.lines().find(|line| line.starts_with(service)).unwrap_or_else(|| panic!("{told}"));
        assert!(line.contains("running"), "{told}");
    }
    assert_eq!(status.status.code(), Some(1), "nothing is published on 8080: {told}");
    assert!(told.contains("✗ browser-nginx"), "{told}");
    assert!(succeeded(&shop.breakfix(&["logs", "flaskapp"])).contains("flaskapp | "));
    let removed = succeeded(&shop.breakfix(&["down", "--volumes"]));
    let gone = removed.lines().filter(|line| line.ends_with(" removed")).count();
    assert_eq!(gone, 6, "three containers, two networks, a volume: {removed}");
    assert!(removed.contains("the lab's image stays: docker image rm "), "{removed}");
    assert_eq!(shop.there(), Vec::<String>::new());
    assert!(succeeded(&shop.breakfix(&["down"])).contains("nothing was running"));
}

#[test]
#[ignore = "longer than others: cargo test -- --include-ignored"]
fn neither_makes_anew_what_the_other_has_started() {
    if skipped() {
        return;
    }
    let shop = Shop::new().at_any_port();
    succeeded(&shop.breakfix(&["up"]));
    let ours = shop.running();
    assert_eq!(ours.len(), 3, "{ours:?}");
    shop.compose(&["up", "-d"]);
    assert_eq!(shop.running(), ours, "compose has left them as they are");
    shop.compose(&["down", "--volumes"]);
    shop.compose(&["up", "-d"]);
    let theirs = shop.running();
    assert_eq!(theirs.len(), 3, "{theirs:?}");
    succeeded(&shop.breakfix(&["up"]));
    // What the image of flaskapp was built from is known only of builds of our own.
    let mine = shop.running();
    let kept = theirs.iter().filter(|one| mine.contains(one)).count();
    assert_eq!((kept, mine.len()), (2, 3), "we leave those of compose whose images are not built here: {mine:?}");
    shop.compose(&["up", "-d"]);
    assert_eq!(shop.running(), mine, "and compose leaves all of these");
}

#[test]
fn a_directory_that_is_no_lab_stays_as_it_is() {
    if !crate::common::containers() {
        return;
    }
    let shop = Shop::new();
    let up = shop.breakfix(&["up"]);
    succeeded(&up);
    assert!(!text(&up.stderr).contains("old rows"), "a new volume is nobody else's: {}", text(&up.stderr));
    let status = shop.breakfix(&["status"]);
    let told = text(&status.stdout);
    assert!(told.contains("✓ flaskapp-db") && !told.contains("not live"), "{told}");

    // What is saved and not live is told, with what would make it live.
    let app = shop.dir().join("src/app.py");
    let edited = std::fs::read_to_string(&app).unwrap() + "# edited\n";
    std::fs::write(&app, edited).unwrap();
    let told = text(&shop.breakfix(&["status"]).stdout);
    let line = told.lines().find(|line| line.contains("not live")).unwrap_or_else(|| panic!("{told}"));
    assert!(line.contains("src/app.py is not live in flaskapp yet: docker compose up -d --build flaskapp"), "{line}");
    succeeded(&shop.breakfix(&["down"]));
    assert!(!Path::new(&shop.dir().join(".breakfix")).exists(), "a stack of someone's own gets no notes of ours");

    // A directory of the same name finds the database's volume there, and says whose it was.
    let other = shop.home.path().join("elsewhere").join(shop.project());
    std::fs::create_dir(other.parent().unwrap()).unwrap();
    std::fs::rename(shop.dir(), &other).unwrap();
    std::fs::create_dir(shop.dir()).unwrap();
    std::fs::copy(other.join("docker-compose.yml"), shop.dir().join("docker-compose.yml")).unwrap();
    let there = |command: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_breakfix")).args(command).arg("--lab").arg(&other).output().unwrap()
    };
    let up = there(&["up"]);
    succeeded(&up);
    let (told, volume) = (text(&up.stderr), format!("{}_dbdata", shop.project()));
    assert!(told.contains(&format!("old rows: {volume} was made for the lab {}, of", shop.dir().display())), "{told}");
    assert!(told.contains(&format!("docker volume rm {volume}")), "{told}");
    succeeded(&there(&["down", "--volumes"]));
    assert_eq!(shop.there().len(), 1, "the volume is the other one's still");
    succeeded(&shop.breakfix(&["down", "--volumes"]));
    assert_eq!(shop.there(), Vec::<String>::new());
}
