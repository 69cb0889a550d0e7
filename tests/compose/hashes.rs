//! The hashes that say whether a container or an image is older than the files, and the files of a build context.
use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt, path::Path};

use breakfix::compose::{FileKind, LoadOptions, Service, load, project_name};

const COMPOSE: &str = "services:\n  web:\n    image: nginx\n    ports: [\"8080:80\"]\n    volumes:\n      - ./conf.d:/etc/nginx/conf.d\n      - ./data:/var/lib/data\n  app:\n    build: .\n";

fn lab() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in [
        ("docker-compose.yml", COMPOSE),
        ("Dockerfile", "FROM python:3.13-slim\nCOPY . /app\n"),
        ("app.py", "print(1)\n"),
        ("conf.d/site.conf", "server {}\n"),
        ("data/rows", "1\n"),
        (".breakfix/journal", "{}\n"),
    ] {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    dir
}

fn service(dir: &Path, name: &str) -> Service {
    let stack = load(dir, &LoadOptions::default()).unwrap();
    stack.service(name).unwrap().clone()
}

fn config_of(compose: &str) -> String {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("docker-compose.yml"), compose).unwrap();
    service(dir.path(), "web").config_hash()
}

#[test]
fn what_needs_a_new_container_changes_the_hash() {
    let web = |lines: &str| config_of(&format!("services:\n  web:\n    image: nginx\n{lines}  db:\n    image: x\n"));
    let plain = web("");
    let mut seen = BTreeMap::from([(plain.clone(), "nothing")]);
    for lines in [
        "    ports: [\"8080:80\"]\n",
        "    ports: [\"80:8080\"]\n",
        "    ports: [\"127.0.0.1:8080:80\"]\n",
        "    ports: [\"8080:80/udp\"]\n",
        "    environment: {A: b}\n",
        "    environment: {A: }\n",
        "    command: x\n",
        "    entrypoint: x\n",
        "    volumes: [/x]\n",
        "    tmpfs: /x\n",
        "    labels: {A: b}\n",
        "    networks: {default: {aliases: [x]}}\n",
        "    network_mode: none\n",
        "    user: x\n",
        "    working_dir: /x\n",
        "    init: true\n",
        "    init: false\n",
        "    restart: always\n",
        "    healthcheck: {test: x}\n",
        "    hostname: x\n",
        "    container_name: x\n",
        "    expose: [80]\n",
        "    stop_grace_period: 1s\n",
        "    read_only: true\n",
        "    shm_size: 1m\n",
        "    extra_hosts: [\"a:127.0.0.1\"]\n",
        "    tty: true\n",
    ] {
        if let Some(same) = seen.insert(web(lines), lines) {
            panic!("{lines} has the hash of {same}");
        }
    }
    assert_eq!(web("    depends_on: [db]\n"), plain, "an order of starting is no part of a container");
    assert_eq!(config_of("# moved\n\nservices:\n  web: {image: nginx}\n"), plain, "neither is a line number");
    assert_eq!(plain.len(), 64);
}

#[test]
fn the_mounts_hash_sees_configuration_and_no_data() {
    let dir = lab();
    let hash = || service(dir.path(), "web").mounts_hash().unwrap();
    let before = hash();
    fs::write(dir.path().join("data/rows"), "2\n").unwrap();
    fs::write(dir.path().join("conf.d/site.conf~"), "x").unwrap();
    fs::write(dir.path().join("app.py"), "x").unwrap();
    assert_eq!(hash(), before);
    fs::write(dir.path().join("conf.d/site.conf"), "server { }\n").unwrap();
    let after = hash();
    assert_ne!(after, before);
    fs::write(dir.path().join("conf.d/more.conf"), "").unwrap();
    assert_ne!(hash(), after);
    fs::remove_dir_all(dir.path().join("conf.d")).unwrap();
    assert!(service(dir.path(), "web").mounts_hash().is_ok(), "a mount that is not there yet is no fault");
}

#[test]
fn the_context_hash_sees_contents_modes_and_arguments_and_no_times() {
    let dir = lab();
    let hash = || service(dir.path(), "app").build.unwrap().context_hash().unwrap();
    let before = hash();
    fs::write(dir.path().join("app.py"), "print(1)\n").unwrap();
    fs::write(dir.path().join(".breakfix/journal"), "{}\n{}\n").unwrap();
    fs::write(dir.path().join("docker-compose.yml"), COMPOSE.replace("8080:80", "80:80")).unwrap();
    assert_eq!(hash(), before);
    fs::set_permissions(dir.path().join("app.py"), fs::Permissions::from_mode(0o755)).unwrap();
    let executable = hash();
    assert_ne!(executable, before);
    fs::rename(dir.path().join("app.py"), dir.path().join("main.py")).unwrap();
    let renamed = hash();
    assert_ne!(renamed, executable);
    fs::write(dir.path().join("docker-compose.yml"), COMPOSE.replace("build: .", "build: {context: ., args: {A: b}}"))
        .unwrap();
    assert_ne!(hash(), renamed);
    let inline = |text: &str| {
        let build = format!("services:\n  app:\n    build: {{context: conf.d, dockerfile_inline: \"{text}\"}}\n");
        fs::write(dir.path().join("docker-compose.yml"), build).unwrap();
        hash()
    };
    assert_ne!(inline("FROM x"), inline("FROM y"));
}

#[test]
fn the_context_is_what_docker_would_send() {
    let dir = lab();
    fs::create_dir_all(dir.path().join("node_modules/a")).unwrap();
    fs::write(dir.path().join("node_modules/a/b.js"), "").unwrap();
    fs::write(dir.path().join("node_modules/keep.js"), "").unwrap();
    fs::write(dir.path().join("notes.md"), "").unwrap();
    std::os::unix::fs::symlink("/etc/hostname", dir.path().join("link")).unwrap();
    fs::write(
        dir.path().join(".dockerignore"),
        "Dockerfile\n.dockerignore\n*.md\nnode_modules\n!node_modules/keep.js\ndata/**\ndocker-compose.yml\n",
    )
    .unwrap();
    let listed = |dir: &Path| {
        let files = service(dir, "app").build.unwrap().context_files().unwrap();
        let kind = |kind| match kind {
            FileKind::Directory => "/",
            FileKind::File => "",
            FileKind::Symlink => "@",
        };
        files.iter().map(|file| format!("{}{}", file.path.display(), kind(file.kind))).collect::<Vec<_>>()
    };
    let wanted = [
        ".dockerignore",
        "Dockerfile",
        "app.py",
        "conf.d/",
        "conf.d/site.conf",
        "data/",
        "link@",
        "node_modules/keep.js",
    ];
    assert_eq!(listed(dir.path()), wanted);
    fs::write(dir.path().join("Dockerfile.dockerignore"), "*\n!app.py\n").unwrap();
    assert_eq!(
        listed(dir.path()),
        [".dockerignore", "Dockerfile", "Dockerfile.dockerignore", "app.py"],
        "the patterns beside the Dockerfile come first"
    );
    fs::write(dir.path().join("Dockerfile.dockerignore"), "a\n[\n").unwrap();
    let error = service(dir.path(), "app").build.unwrap().context_files().unwrap_err();
    assert!(error.what.starts_with("Dockerfile.dockerignore:2:"), "{error}");
}

#[test]
fn a_project_is_named_as_compose_names_it() {
    for (dir, wanted) in
        [("/x/My Shop.v2", "myshopv2"), ("/x/_under-score", "under-score"), ("/x/漢字", "stack"), ("/", "stack")]
    {
        assert_eq!(project_name(Path::new(dir)), wanted, "{dir}");
    }
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("docker-compose.yml"), "name: from-file\nservices: {a: {image: x}}\n").unwrap();
    let project = |project: Option<&str>, shell: Option<&str>| {
        let env = shell.map(|name| ("COMPOSE_PROJECT_NAME".to_string(), name.to_string())).into_iter().collect();
        load(dir.path(), &LoadOptions { project: project.map(str::to_string), env }).unwrap().project
    };
    assert_eq!(project(None, None), "from-file");
    assert_eq!(project(None, Some("from-shell")), "from-shell");
    assert_eq!(project(Some("from-caller"), Some("from-shell")), "from-caller");
    fs::write(dir.path().join(".env"), "COMPOSE_PROJECT_NAME=from-dotenv\n").unwrap();
    assert_eq!(project(None, None), "from-dotenv");
}

#[test]
fn the_files_of_a_stack_may_be_named_in_its_env_file() {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in [
        (".env", "COMPOSE_FILE=one.yml:two.yml\n"),
        ("one.yml", "services: {a: {image: x}}\n"),
        ("two.yml", "services: {a: {image: y}}\n"),
        ("docker-compose.yml", "services: {b: {image: z}}\n"),
    ] {
        fs::write(dir.path().join(name), text).unwrap();
    }
    let stack = load(dir.path(), &LoadOptions::default()).unwrap();
    assert_eq!(stack.service("a").unwrap().image.as_deref(), Some("y"));
    assert_eq!(stack.files.len(), 2);
    assert!(stack.service("b").is_none());
}
