//! What is saved and does not run: by our labels, and by times where docker compose made the container.

use std::{
    fs,
    path::PathBuf,
    time::{SystemTime, UNIX_EPOCH},
};

use breakfix::{
    compose::{LoadOptions, Port, PublishedPort, Stack, load},
    lab::{MakeLive, RunningService, Stale, stale},
};
use tempfile::TempDir;

const COMPOSE: &str = "\
services:
  flaskapp:
    build: .
    environment:
      SECRET: a
  nginx:
    image: nginx:1.28
    ports:
      - \"8080:80\"
    volumes:
      - ./conf.d:/etc/nginx/conf.d
      - ./html:/usr/share/nginx/html
  db:
    image: postgres:17
";

struct Lab {
    dir: TempDir,
    running: Vec<RunningService>,
}

fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis().try_into().unwrap()
}

impl Lab {
    /// The stack, written, and started a moment later.
    fn started(compose: &str) -> Self {
        let mut lab = Self { dir: tempfile::tempdir().unwrap(), running: Vec::new() };
        for (file, text) in [
            ("docker-compose.yml", compose),
            ("Dockerfile", "FROM python:3.13-slim\nCOPY requirements*.txt ./\nCOPY src src\n"),
            ("requirements.txt", "Flask\n"),
            ("src/app.py", "app.run()\n"),
            ("README.md", "notes\n"),
            ("conf.d/site.conf", "server { listen 80; }\n"),
            ("html/index.html", "hello\n"),
        ] {
            lab.write(file, text);
        }
        let stack = lab.stack();
        let after = now_ms() + 10;
        lab.running = stack
            .services
            .iter()
            .map(|service| RunningService {
                service: service.name.clone(),
                started_at_ms: after,
                made_at_ms: Some(after),
                image_created_ms: after,
                published: service.ports.iter().map(published).collect(),
                ..RunningService::default()
            })
            .collect();
        lab
    }

    /// As `started`, with the labels that we give.
    fn labelled(compose: &str) -> Self {
        let mut lab = Self::started(compose);
        let stack = lab.stack();
        for running in &mut lab.running {
            let service = stack.service(&running.service).unwrap();
            running.context_hash = service.build.as_ref().map(|build| build.context_hash().unwrap());
            running.config_hash = Some(service.config_hash());
            running.mounts_hash = (!service.mounts.is_empty()).then(|| service.mounts_hash().unwrap());
        }
        lab
    }

    fn write(&self, file: &str, text: &str) {
        // Files are dated by a clock that is coarser than the one that is read here.
        std::thread::sleep(std::time::Duration::from_millis(30));
        let path = self.dir.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn edit(&self, file: &str, old: &str, new: &str) {
        let text = fs::read_to_string(self.dir.path().join(file)).unwrap();
        assert!(text.contains(old));
        self.write(file, &text.replacen(old, new, 1));
    }

    fn service(&mut self, name: &str) -> &mut RunningService {
        self.running.iter_mut().find(|running| running.service == name).unwrap()
    }

    fn stack(&self) -> Stack {
        load(self.dir.path(), &LoadOptions::default()).unwrap()
    }

    fn stale(&self) -> Vec<Stale> {
        stale(&self.stack(), &self.running)
    }
}

fn is(service: &str, action: MakeLive, files: &[&str]) -> Stale {
    Stale { service: service.into(), files: files.iter().map(PathBuf::from).collect(), action }
}

/// What holds with labels and without.
fn both(compose: &str, check: impl Fn(Lab)) {
    check(Lab::started(compose));
    check(Lab::labelled(compose));
}

#[test]
fn what_runs_as_it_is_saved_is_not_stale() {
    both(COMPOSE, |lab| assert_eq!(lab.stale(), []));
}

#[test]
fn a_source_copied_into_the_image_needs_a_build() {
    both(COMPOSE, |lab| {
        lab.edit("src/app.py", "run()", "run(port=80)");
        assert_eq!(lab.stale(), [is("flaskapp", MakeLive::Rebuild, &["src/app.py"])]);
        lab.edit("Dockerfile", "COPY src", "EXPOSE 80\nCOPY src");
        lab.write("requirements.txt", "Flask==3.1.3\n");
        assert_eq!(lab.stale(), [is("flaskapp", MakeLive::Rebuild, &["Dockerfile", "requirements.txt", "src/app.py"])]);
        assert_eq!(lab.stale()[0].command(), "docker compose up -d --build flaskapp");
    });
}

#[test]
fn what_the_image_does_not_take_needs_nothing() {
    both(COMPOSE, |lab| {
        lab.write("README.md", "more notes\n");
        lab.write("src/app.py~", "app.run()\n");
        lab.write("src/__pycache__/app.pyc", "x");
        lab.write("html/index.html", "hello again\n");
        lab.write(".breakfix/journal.jsonl", "{}\n");
        assert_eq!(lab.stale(), []);
    });
}

#[test]
fn a_mounted_configuration_needs_a_reload() {
    both(COMPOSE, |mut lab| {
        lab.edit("conf.d/site.conf", "80", "81");
        assert_eq!(lab.stale(), [is("nginx", MakeLive::Reload, &["conf.d/site.conf"])]);
        lab.service("nginx").has_ended = true;
        assert_eq!(lab.stale(), [is("nginx", MakeLive::Restart, &["conf.d/site.conf"])], "nobody hears a reload");
        lab.service("nginx").has_ended = false;
        let now = now_ms() + 30;
        lab.service("nginx").reloaded_at_ms = Some(now);
        assert_eq!(lab.stale(), [], "reloaded");
        lab.service("nginx").reloaded_at_ms = None;
        lab.service("nginx").started_at_ms = now;
        assert_eq!(lab.stale(), [], "restarted");
    });
}

#[test]
fn a_mapping_needs_a_new_container() {
    both(COMPOSE, |lab| {
        lab.edit("docker-compose.yml", "8080:80", "80:8080");
        assert_eq!(lab.stale(), [is("nginx", MakeLive::Recreate, &["docker-compose.yml"])]);
    });
}

#[test]
fn an_environment_needs_a_new_container_where_our_labels_tell() {
    let lab = Lab::labelled(COMPOSE);
    lab.edit("docker-compose.yml", "SECRET: a", "SECRET: b");
    assert_eq!(lab.stale(), [is("flaskapp", MakeLive::Recreate, &["docker-compose.yml"])]);
    let lab = Lab::started(COMPOSE);
    lab.edit("docker-compose.yml", "SECRET: a", "SECRET: b");
    assert_eq!(lab.stale(), [], "nothing is guessed about a container of docker compose");
}

#[test]
fn the_strongest_action_makes_all_of_a_services_edits_live() {
    let mut lab = Lab::labelled(COMPOSE);
    lab.edit("docker-compose.yml", "SECRET: a", "SECRET: b");
    lab.edit("docker-compose.yml", "8080:80", "8080:81");
    lab.edit("conf.d/site.conf", "80", "81");
    lab.edit("src/app.py", "run()", "run(port=80)");
    assert_eq!(
        lab.stale(),
        [
            is("flaskapp", MakeLive::Rebuild, &["docker-compose.yml", "src/app.py"]),
            is("nginx", MakeLive::Recreate, &["conf.d/site.conf", "docker-compose.yml"]),
        ]
    );
    lab.running.retain(|running| running.service != "flaskapp");
    assert_eq!(lab.stale().len(), 1, "a service that does not run is not stale");
}

#[test]
fn an_edit_taken_back_needs_nothing() {
    let mut lab = Lab::labelled(COMPOSE);
    lab.edit("src/app.py", "run()", "run(port=80)");
    lab.edit("src/app.py", "run(port=80)", "run()");
    lab.edit("conf.d/site.conf", "80", "81");
    lab.edit("conf.d/site.conf", "81", "80");
    lab.edit("docker-compose.yml", "8080:80", "80:8080");
    lab.edit("docker-compose.yml", "80:8080", "8080:80");
    assert_eq!(lab.stale(), []);
    // Had nginx been started again in between, it would run what was taken back.
    let nginx = lab.service("nginx");
    nginx.made_at_ms = Some(nginx.started_at_ms - 100_000);
    assert_eq!(lab.stale(), [is("nginx", MakeLive::Reload, &["conf.d/site.conf"])]);
}

#[test]
fn a_file_that_is_gone_is_noticed_where_our_labels_tell() {
    let lab = Lab::labelled(COMPOSE);
    std::thread::sleep(std::time::Duration::from_millis(30));
    fs::remove_file(lab.dir.path().join("src/app.py")).unwrap();
    fs::remove_file(lab.dir.path().join("conf.d/site.conf")).unwrap();
    assert_eq!(lab.stale(), [is("flaskapp", MakeLive::Rebuild, &["."]), is("nginx", MakeLive::Reload, &["conf.d"])]);
}

#[test]
fn a_file_put_back_from_a_copy_is_noticed_despite_its_old_date() {
    both(COMPOSE, |lab| {
        let old = lab.dir.path().join("old.py");
        fs::write(&old, "app.run(port=81)\n").unwrap();
        fs::File::open(&old).unwrap().set_modified(SystemTime::now() - std::time::Duration::from_secs(3600)).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(30));
        fs::rename(&old, lab.dir.path().join("src/app.py")).unwrap();
        assert_eq!(lab.stale(), [is("flaskapp", MakeLive::Rebuild, &["src/app.py"])]);
    });
}

#[test]
fn single_files_mounted_sources_and_data_are_told_apart() {
    let compose = COMPOSE
        .replace("./conf.d:/etc/nginx/conf.d", "./conf.d/site.conf:/etc/nginx/conf.d/default.conf")
        .replace("    build: .\n", "    image: python:3.13-slim\n    volumes:\n      - ./src:/opt/shop\n")
        + "    volumes:\n      - ./data:/var/lib/postgresql/data\n      - ./init:/docker-entrypoint-initdb.d\n";
    both(&compose, |lab| {
        lab.write("data/base", "rows\n");
        lab.write("init/tables.sql", "create table x ();\n");
        assert_eq!(lab.stale(), [], "a database's own files are no edits");
        lab.edit("conf.d/site.conf", "80", "81");
        lab.edit("src/app.py", "run()", "run(port=80)");
        assert_eq!(
            lab.stale(),
            [is("flaskapp", MakeLive::Restart, &["src/app.py"]), is("nginx", MakeLive::Restart, &["conf.d/site.conf"]),]
        );
    });
}

fn published(port: &Port) -> PublishedPort {
    let host = port.published.unwrap();
    PublishedPort { target: port.target, protocol: port.protocol, address: "127.0.0.1".into(), host }
}
