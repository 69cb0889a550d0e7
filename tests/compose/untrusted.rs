//! What strangers ask for: each request is refused, with the line that makes it.
use std::{
    fs,
    os::unix::{ffi::OsStrExt, fs::symlink},
    path::Path,
};

use breakfix::{
    compose::{LoadOptions, Severity, load_beneath as load, refusals, roles},
    course::Course,
};

/// What is refused of a stack, as `line: message`.
fn refused(dir: &Path) -> Vec<String> {
    let refused = match load(dir, &LoadOptions::default()) {
        Ok(stack) => refusals(&stack),
        Err(findings) => findings.into_iter().filter(|finding| finding.severity == Severity::Refused).collect(),
    };
    assert!(refused.iter().all(|finding| finding.severity == Severity::Refused && !finding.expected.is_empty()));
    refused.iter().map(|finding| format!("{}: {}", finding.place.line, finding.message)).collect()
}

fn lab(compose: &str) -> tempfile::TempDir {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("stack");
    fs::create_dir_all(dir.join("app")).unwrap();
    fs::write(dir.join("app/Dockerfile"), "FROM scratch\nCOPY . /\n").unwrap();
    fs::write(dir.join("docker-compose.yml"), compose).unwrap();
    fs::write(parent.path().join("outside.env"), "SECRET=1\n").unwrap();
    fs::write(parent.path().join("outside.yml"), "services:\n  base:\n    image: x\n").unwrap();
    fs::write(parent.path().join("Dockerfile"), "FROM scratch\n").unwrap();
    parent
}

fn refused_of(compose: &str) -> Vec<String> {
    refused(&lab(compose).path().join("stack"))
}

#[test]
fn each_request_is_refused_with_its_line() {
    let service = |lines: &str| format!("services:\n  web:\n    image: nginx\n    {lines}\n");
    for (lines, wanted) in [
        ("privileged: true", "asks to be `privileged`"),
        ("privileged: \"yes\"", "asks to be `privileged`"),
        ("pid: host", "`pid: host`"),
        ("pid: \"container:other\"", "`pid: container:other`"),
        ("ipc: host", "`ipc: host`"),
        ("uts: host", "`uts: host`"),
        ("cgroup: host", "`cgroup: host`"),
        ("userns_mode: host", "`userns_mode: host`"),
        ("network_mode: host", "`network_mode: host`"),
        ("network_mode: \"container:other\"", "`network_mode: container:other`"),
        ("cap_add: [SYS_ADMIN]", "`cap_add`"),
        ("devices: [\"/dev/sda:/dev/sda\"]", "`devices`"),
        ("device_cgroup_rules: [\"c 1:3 mr\"]", "`device_cgroup_rules`"),
        ("security_opt: [\"seccomp:unconfined\"]", "`security_opt`"),
        ("cgroup_parent: /system", "`cgroup_parent`"),
        ("runtime: nvidia", "`runtime`"),
        ("gpus: all", "`gpus`"),
        ("sysctls: {kernel.shmmax: 1}", "`sysctls`"),
        ("use_api_socket: true", "`use_api_socket`"),
        ("oom_score_adj: -1000", "`oom_score_adj`"),
        ("external_links: [other]", "`external_links`"),
        ("volumes_from: [\"container:other\"]", "`volumes_from`"),
        ("extra_hosts: [\"host:host-gateway\"]", "the host itself"),
        ("extra_hosts: {host: host-gateway}", "the host itself"),
        ("volumes: [\"/var/run/docker.sock:/s\"]", "Docker's own socket"),
        ("volumes: [\"/etc:/host\"]", "outside the directory: /etc"),
        ("volumes: [\"..:/up\"]", "outside the directory"),
        ("volumes: [\"./app/../../x:/up\"]", "outside the directory"),
        ("volumes: [\"~/.ssh:/ssh\"]", "outside the directory"),
        ("volumes: [{type: bind, source: /etc, target: /e}]", "outside the directory: /etc"),
        ("env_file: ../outside.env", "an env file lies outside"),
        ("env_file: [{path: /etc/hostname, required: false, format: raw}]", "an env file lies outside"),
        ("deploy: {resources: {reservations: {devices: [{capabilities: [gpu]}]}}}", "`devices`"),
    ] {
        let told = refused_of(&service(lines));
        assert!(told.iter().any(|line| line.starts_with("4: ") && line.contains(wanted)), "{lines}: {told:?}");
    }
    let build = |lines: &str| format!("services:\n  web:\n    build:\n      context: app\n      {lines}\n");
    for (lines, wanted) in [
        ("network: host", "`network: host`"),
        ("additional_contexts: {up: ..}", "`additional_contexts`"),
        ("privileged: true", "`privileged`"),
        ("ssh: [default]", "`ssh`"),
        ("secrets: [a]", "`secrets`"),
        ("entitlements: [network.host]", "`entitlements`"),
        ("dockerfile: ../../Dockerfile", "a Dockerfile lies outside"),
    ] {
        let told = refused_of(&build(lines));
        assert!(told.iter().any(|line| line.starts_with("5: ") && line.contains(wanted)), "{lines}: {told:?}");
    }
}

#[test]
fn parts_of_others_are_refused() {
    let web = "services:\n  web:\n    image: nginx\n";
    for (lines, wanted) in [
        ("networks:\n  n:\n    external: true\n", "network `n` is external"),
        ("networks:\n  n:\n    external: {name: x}\n", "network `n` is external"),
        ("networks:\n  n:\n    driver: macvlan\n", "`macvlan`"),
        ("networks:\n  n:\n    driver: host\n", "`host`"),
        ("volumes:\n  v:\n    external: true\n", "volume `v` is external"),
        ("volumes:\n  v:\n    driver: nfs\n", "`nfs`"),
        ("volumes:\n  v:\n    driver_opts: {type: none, o: bind, device: /etc}\n", "mounts `/etc`"),
        ("volumes:\n  v:\n    driver_opts: {type: tmpfs, o: bind, device: /etc}\n", "mounts `/etc`"),
        ("volumes:\n  v:\n    driver_opts: {type: tmpfs, o: \"ro, rbind\", device: /etc}\n", "mounts `/etc`"),
        ("volumes:\n  v:\n    driver_opts: {type: nfs, o: addr=192.0.2.1, device: \":/x\"}\n", "mounts `:/x`"),
        ("networks:\n  n:\n    driver_opts: {com.docker.network.bridge.name: docker0}\n", "a bridge of the host"),
        ("networks:\n  n:\n    ipam: {config: [{subnet: 8.8.8.0/24}]}\n", "`8.8.8.0/24` holds addresses of others"),
        ("networks:\n  n:\n    ipam: {config: [{subnet: 10.0.0.0/8}]}\n", "`10.0.0.0/8` holds addresses of others"),
        ("networks:\n  n:\n    ipam: {config: [{subnet: 2000::/3}]}\n", "`2000::/3` holds addresses of others"),
        ("secrets:\n  s:\n    file: /etc/shadow\n", "a secret or config lies outside"),
        ("configs:\n  c:\n    file: /etc/hostname\n", "a secret or config lies outside"),
        ("secrets:\n  s:\n    file: ../outside.env\n", "a secret or config lies outside"),
        ("configs:\n  c:\n    external: true\n", "is external"),
        ("include: [../outside.yml]\n", "a compose file lies outside"),
    ] {
        let told = refused_of(&format!("{web}{lines}"));
        assert!(told.iter().any(|line| line.contains(wanted)), "{lines}: {told:?}");
    }
    let told = refused_of("services:\n  web:\n    extends: {file: ../outside.yml, service: base}\n");
    assert!(told[0].contains("3: a compose file lies outside"), "{told:?}");
    let told = refused_of("services:\n  web:\n    build: ..\n");
    assert!(told.iter().any(|line| line.starts_with("3: a build context lies outside")), "{told:?}");
}

#[test]
fn links_that_leave_are_followed() {
    let parent = lab("services:\n  web:\n    build: app\n    volumes:\n      - ./data:/data\n      - ./deep:/deep\n");
    let dir = parent.path().join("stack");
    symlink("/etc", dir.join("data")).unwrap();
    fs::create_dir_all(dir.join("deep/er")).unwrap();
    symlink("../../../outside.env", dir.join("deep/er/link")).unwrap();
    symlink("/", dir.join("app/root")).unwrap();
    symlink("loop", dir.join("app/loop")).unwrap();
    let told = refused(&dir);
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told[0].starts_with("3: a build context holds a symbolic link that leaves"), "{told:?}");
    assert!(told[1].starts_with("5: a mount lies outside the directory"), "{told:?}");
    assert!(told[2].contains("deep/er/link"), "{told:?}");
}

#[test]
fn links_that_stay_are_fine() {
    let parent = lab("services:\n  web:\n    build: app\n    volumes:\n      - ./app:/app\n      - ./new:/new\n");
    let dir = parent.path().join("stack");
    symlink("Dockerfile", dir.join("app/link")).unwrap();
    symlink("../app", dir.join("app/self")).unwrap();
    assert_eq!(refused(&dir), Vec::<String>::new());
}

#[test]
fn a_directory_that_is_itself_a_link_is_fine() {
    let parent = lab("services:\n  web:\n    build: app\n    volumes: [\"./app:/app\"]\n");
    let link = parent.path().join("other-name");
    symlink("stack", &link).unwrap();
    assert_eq!(refused(&link), Vec::<String>::new());
}

#[test]
fn a_link_in_place_of_a_file_is_refused_and_its_text_is_not_shown() {
    let parent = lab("");
    let dir = parent.path().join("stack");
    fs::remove_file(dir.join("docker-compose.yml")).unwrap();
    fs::write(parent.path().join("private.yml"), "services:\n  web:\n    image: nginx\n    secret_word: hunter2\n")
        .unwrap();
    symlink("../private.yml", dir.join("docker-compose.yml")).unwrap();
    let findings = load(&dir, &LoadOptions::default()).unwrap_err();
    assert!(findings.iter().all(|finding| !finding.render().contains("hunter2")), "{findings:?}");
    fs::write(parent.path().join("private.yml"), "services:\n  web:\n    image: nginx\n").unwrap();
    assert!(refused(&dir)[0].contains("a compose file lies outside the directory"));
}

/// The findings of a stack that cannot be read, as they are told.
fn unreadable(dir: &Path) -> String {
    let findings = load(dir, &LoadOptions::default()).unwrap_err();
    findings.iter().map(|finding| finding.render()).collect()
}

#[test]
fn more_than_a_stack_needs_is_refused() {
    let services = |count: usize, lines: &str| -> String {
        (0..count).map(|number| format!("  s{number}:\n    image: nginx\n{lines}")).collect()
    };
    let told = refused_of(&format!("services:\n{}", services(3000, "")));
    assert_eq!(told, ["34: the stack asks for more than 16 containers"]);
    let told = refused_of(&format!("services:\n{}", services(2000, "    profiles: [never]\n")));
    assert_eq!(told, Vec::<String>::new());
    let told = refused_of(&format!("services:\n{}", services(1, "    ports: [\"20000-20064:20000-20064\"]\n")));
    assert_eq!(told, ["4: the stack asks for more than 64 published ports"]);
    let networks: String = (0..40).map(|number| format!("  n{number}:\n")).collect();
    let told = refused_of(&format!("services:\n{}networks:\n{networks}", services(1, "")));
    assert!(told.len() == 1 && told[0].ends_with("the stack asks for more than 16 networks"), "{told:?}");
    let dir = lab(&format!("services:\n{}", services(1, "    ports: [\"1-60000:1-60000\"]\n")));
    assert!(unreadable(&dir.path().join("stack")).contains("docker-compose.yml:4:"));
}

#[test]
fn files_past_all_measure_are_told_at_once() {
    let begun = std::time::Instant::now();
    let bomb: String = (1..12)
        .map(|level| format!("x-{level}: &x{level} [{}]\n", vec![format!("*x{}", level - 1); 9].join(", ")))
        .collect();
    for (compose, wanted) in [
        (
            format!("x-0: &x0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n{bomb}services: {{}}\n"),
            "unfolds to more than",
        ),
        (format!("services: {}{}\n", "[".repeat(100_000), "]".repeat(100_000)), "docker-compose.yml:1:"),
        ((0..5_000).map(|depth| format!("{}a:\n", " ".repeat(depth.min(200)))).collect(), "docker-compose.yml:"),
        (format!("services:\n{}", "#".repeat(2 << 20)), "larger than 1 MiB"),
        ("services:\n  web: {image: nginx, environment: {A: \"\u{7}\"}}\n".into(), "docker-compose.yml:"),
        ("services:\n  a: {extends: {service: b}}\n  b: {extends: {service: a}}\n".into(), "extends itself"),
        ("include: [docker-compose.yml]\nservices:\n  web: {image: nginx}\n".into(), "docker-compose.yml:"),
    ] {
        let told = unreadable(&lab(&compose).path().join("stack"));
        assert!(told.contains(wanted), "{wanted}: {}", told.chars().take(600).collect::<String>());
    }
    let parent = lab("");
    let dir = parent.path().join("stack");
    // 100 MB that take no room.
    fs::File::create(dir.join("docker-compose.yml")).unwrap().set_len(100 << 20).unwrap();
    assert!(unreadable(&dir).contains("larger than 1 MiB"));
    assert!(begun.elapsed() < std::time::Duration::from_secs(20), "took {:?}", begun.elapsed());
}

/// Every file that a submission names or holds, by the way that leads to it.
const DOORS: [(&str, &str); 13] = [
    ("docker-compose.yml", ""),
    ("docker-compose.override.yml", ""),
    (".env", ""),
    ("other", "services:\n  web: {image: x, env_file: other}\n"),
    ("other", "services:\n  web: {image: x, env_file: [{path: other, required: false, format: raw}]}\n"),
    ("other", "services:\n  web: {build: {context: app, dockerfile: ../other}}\n"),
    ("app/Dockerfile", ""),
    ("other", "include: [other]\nservices:\n  web: {image: x}\n"),
    ("other", "services:\n  web: {extends: {file: other, service: a}}\n"),
    ("other", "services:\n  web: {image: x, secrets: [s]}\nsecrets:\n  s: {file: other}\n"),
    ("other", "services:\n  web: {image: x, configs: [s]}\nconfigs:\n  s: {file: other}\n"),
    ("other", "services:\n  web: {image: nginx, volumes: [\"./other:/etc/nginx/conf.d/x\"]}\n"),
    ("app/.dockerignore", ""),
];

const ORDINARY: &str = "services:\n  web:\n    build: app\n";

/// What is said of a stack that is not taken, and whether that is because of who wrote it.
fn told(dir: &Path) -> (String, bool) {
    let findings = match load(dir, &LoadOptions::default()) {
        Ok(stack) => {
            drop(roles(&stack));
            let contexts = stack.services.iter().filter_map(|service| service.build.as_ref());
            contexts.for_each(|build| drop((build.context_files(), build.context_hash())));
            stack.services.iter().for_each(|service| drop(service.mounts_hash()));
            refusals(&stack)
        }
        Err(findings) => findings,
    };
    let refused = findings.iter().any(|finding| finding.severity == Severity::Refused);
    (findings.iter().map(|finding| format!("{}\n", finding.render())).collect(), refused)
}

#[test]
fn no_file_of_the_host_is_opened_by_any_way() {
    for (name, compose) in DOORS {
        let parent = lab(if compose.is_empty() { ORDINARY } else { compose });
        let dir = parent.path().join("stack");
        let secret = "hunter2: {hunter2\n\"hunter2\n$hunter2 ${hunter2\nservices:\n  a: {image: hunter2}\n";
        fs::write(parent.path().join("secret"), secret).unwrap();
        // A pipe outside, into which nobody writes, stands for what must not even be opened.
        let pipe = parent.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        for target in ["../secret", "../pipe", "/proc/kmsg", "/dev/zero", "/proc/self/environ", "/", "../nowhere"] {
            let target =
                if name.contains('/') && target.starts_with("..") { format!("../{target}") } else { target.into() };
            let link = dir.join(name);
            let _ = fs::remove_file(&link);
            symlink(&target, &link).unwrap();
            soon(&format!("{name} -> {target}"), || {
                let (said, refused) = told(&dir);
                assert!(!said.contains("hunter2"), "{name} -> {target}: {said}");
                assert!(refused, "{name} -> {target}: {said} {compose}");
            });
        }
    }
}

/// The same paths, written where the link would stand.
#[test]
fn no_path_of_the_host_is_opened() {
    for (name, compose) in DOORS.into_iter().filter(|(_, compose)| compose.contains("other")) {
        for path in ["/proc/kmsg", "../secret", "/dev/tty", "sub/../../secret", "/proc/self/fd/0"] {
            let from = if compose.contains("../other") { "../" } else { "./" };
            let relative = if path.starts_with('/') { path.to_owned() } else { format!("{from}{path}") };
            let written = compose.replace("../other", "other").replace("./other", "other").replace("other", &relative);
            let parent = lab(&written);
            fs::write(parent.path().join("secret"), "hunter2: {hunter2\n").unwrap();
            soon(&format!("{name} {path}"), || {
                let (said, refused) = told(&parent.path().join("stack"));
                assert!(!said.contains("hunter2"), "{written}: {said}");
                assert!(refused, "{written}: {said}");
            });
        }
    }
}

#[test]
fn pipes_sockets_and_endless_files_are_not_waited_for() {
    for (name, compose) in DOORS {
        for kind in ["pipe", "socket", "sparse", "loop", "directory"] {
            let parent = lab(if compose.is_empty() { ORDINARY } else { compose });
            let path = parent.path().join("stack").join(name);
            let _ = fs::remove_file(&path);
            match kind {
                "pipe" => assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success()),
                "socket" => drop(std::os::unix::net::UnixListener::bind(&path).unwrap()),
                "sparse" => fs::File::create(&path).unwrap().set_len(1 << 42).unwrap(),
                "loop" => symlink(path.file_name().unwrap(), &path).unwrap(),
                _ => fs::create_dir(&path).unwrap(),
            }
            soon(&format!("{name} as a {kind}"), || drop(told(&parent.path().join("stack"))));
        }
    }
}

#[test]
fn what_is_refused_is_refused_beside_any_error() {
    let parent = lab("services:\n  web:\n    image: nginx\n    privileged: true\n    no_such_key: 1\n    ports: [x]\n");
    let (said, refused) = told(&parent.path().join("stack"));
    assert!(refused && said.starts_with("docker-compose.yml:4:"), "{said}");
}

#[test]
fn what_is_told_moves_no_cursor() {
    let escape = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m";
    let parent = lab("services:\n  web:\n    build: app\n    privileged: true\n");
    let dir = parent.path().join("stack");
    symlink("/etc", dir.join(format!("app/link{escape}"))).unwrap();
    let stack = load(&dir, &LoadOptions::default()).unwrap();
    let mut told: Vec<String> =
        refusals(&stack).iter().map(|one| format!("{}{}{one}", one.headline(), one.render())).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    for compose in [
        format!("services:\n  web:\n    image: nginx\n    pri{escape}: true\n"),
        "services:\n  web:\n    image: nginx\n    ports: [\"\\e[2J:80\"]\n".to_string(),
        "services:\n  web:\n    image: nginx\n    env_file: \"no\\e[2J\\a\"\n".to_string(),
        "services:\n  \"w\\e[2J\":\n    image: nginx\n".to_string(),
    ] {
        told.push(unreadable(&lab(&compose).path().join("stack")));
    }
    for text in told {
        let control = text.chars().find(|c| c.is_control() && *c != '\n');
        assert_eq!(control, None, "{text:?}");
    }
}

#[test]
fn a_modest_stack_is_not_refused() {
    let told = refused_of(
        "services:\n  web:\n    image: nginx\n    privileged: false\n    cap_add: []\n    cap_drop: [ALL]\n    ipc: private\n    \
         volumes: [\"./app:/app:ro\", \"v:/v\", /anonymous]\n    tmpfs: /tmp\n    network_mode: \"service:app\"\n  \
         app:\n    build: {context: ./app, network: none}\n    networks: {n: {aliases: [x]}}\n\
         networks:\n  n:\n    external: false\nvolumes:\n  v:\n    driver: local\n    driver_opts: {type: tmpfs, device: tmpfs}\n",
    );
    assert_eq!(told, Vec::<String>::new());
}

#[test]
fn what_only_settings_of_the_host_would_give_is_passed_over_or_refused() {
    let service = |lines: &str| format!("services:\n  web:\n    image: nginx\n    {lines}\n");
    // Refused, with the line.
    for (lines, wanted) in [
        ("network_mode: bridge", "`network_mode: bridge`"),
        ("network_mode: default", "`network_mode: default`"),
        ("network_mode: other_default", "`network_mode: other_default`"),
        ("credential_spec: {file: x.json}", "`credential_spec`"),
        ("provider: {type: x}", "`provider`"),
        ("isolation: process", "`isolation`"),
        ("oom_kill_disable: true", "`oom_kill_disable`"),
        ("label_file: /etc/hostname", "lies outside the directory: /etc/hostname"),
        ("secrets: [s]\nsecrets:\n  s: {file: ../outside.env}", "a secret or config lies outside"),
        ("volumes: [\"./x:/x\"]\n    volumes_from: [\"container:other:ro\"]", "`volumes_from`"),
    ] {
        let told = refused_of(&service(lines));
        assert!(told.iter().any(|line| line.contains(wanted)), "{lines}: {told:?}");
        assert!(told.iter().all(|line| !line.starts_with("0:")), "{lines}: {told:?}");
    }
    // What asks for more of the machine is no part of the service but of its settings, which have bounds of their own.
    for lines in [
        "ulimits: {nproc: 1000000, core: -1}",
        "group_add: [docker, \"0\"]",
        "dns: [192.0.2.1]",
        "dns_opt: [attempts:9]",
        "logging: {driver: syslog, options: {syslog-address: \"tcp://192.0.2.1:514\"}}",
        "post_start: [{command: id, user: root, privileged: true}]",
        "pre_stop: [{command: sleep 3600, privileged: true}]",
        "mem_limit: 100g",
        "memswap_limit: -1",
        "mem_swappiness: 100",
        "pids_limit: -1",
        "cpus: 64",
        "cpuset: 0-63",
        "cpu_rt_runtime: 950000",
        "blkio_config: {weight: 1000}",
        "storage_opt: {size: 1000G}",
        "mac_address: 02:42:ac:11:00:02",
        "ipc: shareable",
        "develop: {watch: [{path: /, target: /x, action: sync}]}",
        "deploy: {resources: {limits: {cpus: \"64\", memory: 100g, pids: 1000000}}}",
    ] {
        let parent = lab(&service(lines));
        let stack = load(&parent.path().join("stack"), &LoadOptions::default()).unwrap();
        let plain = lab(&service(""));
        let plain = load(&plain.path().join("stack"), &LoadOptions::default()).unwrap();
        let mut service = stack.services[0].clone();
        service.place = plain.services[0].place.clone();
        service.door = plain.services[0].door.clone();
        service.settings = plain.services[0].settings.clone();
        assert_eq!(service, plain.services[0], "{lines}");
        assert_eq!(refusals(&stack), [], "{lines}");
    }
    // One container each, whatever is asked for.
    for lines in ["scale: 1000", "deploy: {replicas: 1000}", "scale: 0"] {
        assert!(refused_of(&service(lines)).is_empty(), "{lines}");
    }
    for lines in ["ports: [\"1-65535:1-65535\"]", "scale: 4000000000", "deploy: {replicas: -1}"] {
        let told = unreadable(&lab(&service(lines)).path().join("stack"));
        assert!(told.contains("docker-compose.yml:4:"), "{lines}: {told}");
    }
    for context in ["https://example.invalid/x.git", "git@example.invalid:x/y", "github.com/x/y", "ssh://x/y.git#main"]
    {
        let told = refused_of(&format!("services:\n  web:\n    build: {context}\n"));
        assert!(told.len() == 1 && told[0].starts_with("3:") && told[0].contains("elsewhere"), "{context}: {told:?}");
    }
}

#[test]
fn services_that_others_wait_for_are_counted() {
    let waits = |number: usize| format!("  s{number}: {{image: nginx, depends_on: [s{}]}}\n", number + 1);
    let chain = |length: usize| -> String {
        let waiting: String = (1..length).map(waits).collect();
        format!("services:\n  s0: {{image: nginx, depends_on: [s1]}}\n{waiting}  s{length}: {{image: nginx}}\n")
    };
    assert_eq!(refused_of(&chain(15)), Vec::<String>::new());
    assert_eq!(refused_of(&chain(16)), ["18: the stack asks for more than 16 containers"]);
    assert_eq!(refused_of(&chain(3_000)), ["18: the stack asks for more than 16 containers"]);
}

/// Stacks that are long rather than wrong: whatever comes of them comes soon, and nothing overflows.
#[test]
fn long_ways_are_not_walked_to_their_end() {
    let service = |lines: &str| format!("services:\n  web:\n    image: nginx\n{lines}");
    let many = |count: usize, line: &dyn Fn(usize) -> String| -> String { (0..count).map(line).collect() };
    for (name, compose) in [
        ("a long path", service(&format!("    volumes: [\"./{}x:/x\"]\n", "a/".repeat(200_000)))),
        ("many mounts", service(&format!("    volumes:\n{}", many(30_000, &|n| format!("      - .:/a{n}\n"))))),
        ("many paths", service(&format!("    volumes:\n{}", many(30_000, &|n| format!("      - ./b{n}:/a{n}\n"))))),
        ("many env files", service(&format!("    env_file:\n{}", many(50_000, &|_| "      - large.env\n".into())))),
        (
            "unset variables",
            service(&format!("    environment:\n{}", many(30_000, &|n| format!("      A{n}: $B{n}\n")))),
        ),
        ("unset in one line", service(&format!("    command: \"{}\"\n", many(100_000, &|n| format!("$B{n} "))))),
        (
            "unknown names",
            format!("services:\n{}", many(8_000, &|n| format!("  s{n}: {{image: x, depends_on: [q{n}q]}}\n"))),
        ),
        ("unknown keys", service(&many(50_000, &|n| format!("    k{n}: 1\n")))),
        (
            "extensions",
            format!(
                "services:\n{}  s5000: {{image: x}}\n",
                many(5_000, &|n| format!("  s{n}: {{extends: {{service: s{}}}}}\n", n + 1))
            ),
        ),
        (
            "merges",
            format!(
                "x-0: &x0 {{a: 1}}\n{}services: {{}}\n",
                many(10_000, &|n| format!("x-{}: &x{} {{<<: *x{n}, a{n}: 1}}\n", n + 1, n + 1))
            ),
        ),
        ("links", format!("services:\n{}", many(8_000, &|n| format!("  s{n}: {{image: x, links: [\"s0:a{n}\"]}}\n")))),
        (
            "volumes_from",
            format!(
                "services:\n{}",
                many(8_000, &|n| format!(
                    "  s{n}: {{image: x, volumes: [/v{n}], volumes_from: [s{}]}}\n",
                    n.saturating_sub(1)
                ))
            ),
        ),
        (
            "container names",
            format!("services:\n{}", many(10_000, &|n| format!("  s{n}: {{image: x, container_name: c{n}}}\n"))),
        ),
        ("networks", format!("services:\n  web: {{image: x}}\nnetworks:\n{}", many(30_000, &|n| format!("  n{n}:\n")))),
    ] {
        let parent = lab(&compose);
        let dir = parent.path().join("stack");
        fs::write(dir.join("large.env"), format!("A='{}'\n", "x".repeat(1_000_000))).unwrap();
        soon(name, || drop(load(&dir, &LoadOptions::default()).map(|stack| refusals(&stack))));
    }
}

/// Dockerfiles of strangers.
#[test]
fn dockerfiles_past_all_measure_are_refused() {
    let many = |count: usize, line: &dyn Fn(usize) -> String| -> String { (0..count).map(line).collect() };
    for (name, text) in [
        ("stages on stages", format!("FROM x AS s0\n{}", many(40_000, &|n| format!("FROM s{n} AS s{}\n", n + 1)))),
        ("arguments", format!("{}FROM x\n", many(60_000, &|n| format!("ARG A{n}=1\n")))),
        ("instructions", format!("FROM x\n{}", "RUN :\n".repeat(10_000))),
    ] {
        let parent = lab("services:\n  web:\n    build: app\n");
        let dir = parent.path().join("stack");
        fs::write(dir.join("app/Dockerfile"), text).unwrap();
        soon(name, || {
            let told = refused(&dir);
            assert_eq!(told, ["3: the Dockerfile holds more than 250 instructions"], "{name}");
            drop(roles(&load(&dir, &LoadOptions::default()).unwrap()));
        });
    }
}

/// What lies in the directory rather than in its files.
#[test]
fn directories_past_all_measure_are_told() {
    let compose = "services:\n  web:\n    build: app\n    volumes: [\".:/all\", \"./app:/app\", \"./app:/more\"]\n";
    // Deeper than any path can name from outside.
    let parent = lab(compose);
    let dir = parent.path().join("stack");
    let deep = dir.join("app").join("d/".repeat(1_900));
    fs::create_dir_all(&deep).unwrap();
    soon("deep directories", || {
        assert!(refused(&dir).iter().any(|line| line.contains("directories in directories")), "{:?}", refused(&dir));
        drop(breakfix::lab::facts(
            None,
            &Default::default(),
            &Course::embedded().unwrap(),
            breakfix::lab::texts_of(&dir),
        ));
    });
    // A name that is no text, in the context and in a mount.
    let parent = lab(compose);
    let dir = parent.path().join("stack");
    fs::write(dir.join("app").join(std::ffi::OsStr::from_bytes(b"\xff\xfe\n")), "x").unwrap();
    assert_eq!(refused(&dir), Vec::<String>::new());
    // Patterns for every file.
    let patterns: String = (0..1_000).map(|number| format!("**/*a*{number}*a*\n!x{number}\n")).take(500).collect();
    fs::write(dir.join("app/.dockerignore"), patterns).unwrap();
    for number in 0..1_000 {
        let deep = dir.join(format!("app/{}", "a/".repeat(number % 30 + 1)));
        fs::create_dir_all(&deep).unwrap();
        fs::write(deep.join(format!("{}{number}", "a".repeat(100))), "").unwrap();
    }
    soon("patterns", || {
        let stack = load(&dir, &LoadOptions::default()).unwrap();
        let error = stack.services[0].build.as_ref().unwrap().context_files().unwrap_err();
        assert!(error.what.contains(".dockerignore holds too many patterns"), "{error:?}");
    });
}

/// Runs it in a thread with as little stack as those that grade have; fails where it takes longer than a grader would wait.
fn soon(name: &str, work: impl FnOnce() + Send) {
    let begun = std::time::Instant::now();
    std::thread::scope(|scope| {
        let worker = std::thread::Builder::new().stack_size(2 << 20).spawn_scoped(scope, work).unwrap();
        worker.join().unwrap();
    });
    let took = begun.elapsed();
    eprintln!("{name}: {took:.1?}");
    assert!(took < std::time::Duration::from_secs(30), "{name} took {took:?}");
}

/// Texts of 200 KB that are made so that a careless reader looks at all of the rest again and again.
fn endless_texts() -> Vec<String> {
    let parts = [
        "$(",
        "$($(",
        "${",
        "${A",
        "${A:-",
        "$",
        "$$",
        "{",
        "}",
        "[",
        "(",
        ")",
        "\"",
        "'",
        "\\",
        "\\\n",
        "#",
        "# ",
        "\n",
        " ",
        "\t",
        "A=\"\n",
        "A='\n",
        "A=\"\\\"\n",
        "A=$A$A\n",
        "`",
        "<<",
        "<<E\n",
        "f\"{'",
        "f'{",
        "'''",
        "\"\"\"",
        "r'",
        "a.",
        "a(",
        "python -x ",
        "python ",
        "flask ",
        "gunicorn -b ",
        "sh -c ",
        "-m ",
        "&& ",
        "; ",
        "a;",
        "server {",
        "location /",
        "listen 1;",
        "proxy_pass http://$",
        "upstream a {",
        "- ",
        "? ",
        ": ",
        "&a ",
        "*a ",
        "!a ",
        "[[",
        "{{",
        "%{",
        "a: b\n",
        "a:\n ",
        "RUN \\\n",
        "ADD $A ",
        "ARG A=$A\n",
        "FROM a AS b\n",
        "COPY a b\n",
        "ONBUILD ",
        "ONBUILD ADD ",
        "--a=b ",
        "**/",
        "!a\n",
        "*",
        "<",
        "<a ",
        "<!--",
        "&",
        "é",
        "\u{200b}",
        "port=",
        "app.run(",
        "import a\n",
        "= ",
        "a = ",
        "a = [",
        "x = f(",
        "%s",
        "os.environ[",
        "create_engine(",
        "://",
        "a@",
        "::",
    ];
    parts.iter().map(|part| part.repeat(200_000 / part.len())).collect()
}

#[test]
fn endless_texts_are_read_once() {
    let compose = "services:\n  web: {build: app, env_file: a.env}\n  \
        app: {image: x, command: [sh, ./start.sh]}\n  \
        nginx: {image: nginx, volumes: [\"./nginx.conf:/etc/nginx/conf.d/default.conf\"], ports: [\"80:80\"]}\n  \
        db: {image: postgres}\n";
    for text in endless_texts().into_iter().step_by(crate::common::one_of(4)) {
        let shown: String = text.chars().take(12).collect();
        for name in [
            "a.env",
            ".env",
            "app/Dockerfile",
            "app/.dockerignore",
            "nginx.conf",
            "app.py",
            "start.sh",
            "docker-compose.yml",
        ] {
            let parent = lab(compose);
            let dir = parent.path().join("stack");
            for file in ["a.env", "nginx.conf", "app.py", "start.sh"] {
                fs::write(dir.join(file), "").unwrap();
            }
            fs::write(dir.join(name), &text).unwrap();
            whole(&format!("{name}: {shown:?}"), &dir);
        }
        let quoted = serde_json::to_string(&text).unwrap();
        for lines in [
            "command: {}",
            "command: [sh, -c, {}]",
            "entrypoint: {}",
            "environment: {A: {}}",
            "image: {}",
            "volumes: [{}]",
        ] {
            let parent = lab(&format!("services:\n  app:\n    build: app\n    {}\n", lines.replace("{}", &quoted)));
            whole(&format!("{lines}: {shown:?}"), &parent.path().join("stack"));
        }
    }
}

/// All that is read of a submission before anything of it is started.
fn whole(name: &str, dir: &Path) {
    if crate::common::all() {
        eprintln!("{name}");
    }
    static COURSE: std::sync::LazyLock<Course> = std::sync::LazyLock::new(|| Course::embedded().unwrap());
    let course = &COURSE;
    let begun = std::time::Instant::now();
    let texts = breakfix::lab::texts_of(dir);
    match load(dir, &LoadOptions::default()) {
        Ok(stack) => {
            drop(refusals(&stack));
            drop(breakfix::lab::facts(Some(&stack), &roles(&stack), course, texts));
        }
        Err(_) => drop(breakfix::lab::facts(None, &Default::default(), course, texts)),
    }
    let took = begun.elapsed();
    if took.as_millis() > 300 {
        eprintln!("{name}: {took:.1?}");
    }
    assert!(took < std::time::Duration::from_secs(8), "{name} took {took:?}");
}
