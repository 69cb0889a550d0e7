//! Small inputs that were read otherwise than compose reads them, each with what compose makes of it.

use std::{collections::BTreeMap, path::Path};

use breakfix::compose::{LoadOptions, MountKind, Protocol, Stack, load};

fn read(name: &str, shell: &[(&str, &str)]) -> Result<Stack, String> {
    let dir = Path::new("tests/fixtures/compose-cases").join(name);
    assert!(dir.is_dir(), "{name}");
    let env = shell.iter().map(|(name, value)| ((*name).to_string(), (*value).to_string())).collect::<BTreeMap<_, _>>();
    load(&dir, &LoadOptions { project: None, env })
        .map_err(|findings| findings.iter().map(|finding| finding.at_its_place()).collect::<Vec<_>>().join("\n"))
}

fn taken(name: &str) -> Stack {
    read(name, &[]).unwrap_or_else(|told| panic!("{name}: {told}"))
}

/// Of the service `web`, the value of a variable.
fn variable(stack: &Stack, name: &str) -> Option<String> {
    stack.service("web").unwrap().environment.get(name).cloned().flatten()
}

#[test]
fn what_compose_refuses_is_refused_at_its_line() {
    for (name, told) in [
        ("anchor-two-merge-keys", "compose.yaml:6:5: the key `<<` is there twice"),
        ("dep-null", "compose.yaml:4:5: `depends_on` is empty, not a list or a map"),
        ("dep-profile", "compose.yaml:4:18: service `web` needs `dbg`, whose profile is off"),
        ("dep-nocond", "compose.yaml:6:9: `db` has no `condition`"),
        ("yaml-list-mixed", "compose.yaml:6:9: this dash is not in line with the one on line 5"),
        ("yaml-tag-comma", "compose.yaml:4:15: what follows here is not YAML"),
        ("yaml-tab-blank", "compose.yaml:3:1: a tab stands on an otherwise empty line, and compose reads none there"),
    ] {
        assert_eq!(read(name, &[]).expect_err(name), told, "{name}");
    }
}

#[test]
fn what_compose_takes_is_taken() {
    for name in ["expose-map", "override-empty", "secret-unused-missing", "yaml-utf16", "svc-pre_start"] {
        assert!(taken(name).service("web").is_some(), "{name}");
    }
    let build = taken("build-lowercase").service("web").unwrap().build.clone().unwrap();
    assert_eq!(build.dockerfile, "dockerfile");
    assert_eq!(taken("yaml-name-upper").project, "myshop");
    let web = |name: &str| taken(name).service("web").unwrap().clone();
    assert_eq!(web("interp-container-name-empty").container_name, None);
    assert_eq!(web("restart-empty-quoted").restart, None);
    assert_eq!(web("port-hex").ports[0].target, 80);
    assert_eq!(web("port-sctp").ports[0].protocol, Protocol::Sctp);
}

#[test]
fn a_block_may_end_with_the_file() {
    for (name, value) in [
        ("block-unended", "text"),
        ("block-unended-folded", "some text"),
        ("block-unended-strip", "text"),
        ("block-unended-keep", "text"),
        ("block-unended-keep-blank", "text\n"),
        ("block-unended-blank", "text\n"),
        ("block-unended-deep", "text\n "),
        ("block-unended-comment", "text\n"),
    ] {
        assert_eq!(variable(&taken(name), "A").as_deref(), Some(value), "{name}");
    }
}

#[test]
fn values_are_those_that_compose_gives() {
    assert_eq!(variable(&taken("dotenv-dollar-end"), "A").as_deref(), Some("x$"));
    assert_eq!(variable(&taken("dotenv-dollar-end"), "B").as_deref(), Some("pa$5"));
    assert_eq!(variable(&taken("interp-password-dollar"), "POSTGRES_PASSWORD").as_deref(), Some("pa$5w0rd"));
    assert_eq!(variable(&taken("env_file-sees-earlier"), "Y").as_deref(), Some("1"));
    assert_eq!(variable(&taken("name-in-value"), "P").as_deref(), Some("abc"));
    let command = |name: &str| taken(name).service("web").unwrap().command.clone().unwrap();
    assert_eq!(command("cmd-amp"), ["a"]);
    assert_eq!(command("interp-command-subshell"), ["sh", "-c", "echo $(date); nginx"]);
}

#[test]
fn nothing_is_left_out() {
    let web = |name: &str| taken(name).service("web").unwrap().clone();
    let content = &web("config-content").files[0];
    let wanted = ("/etc/nginx/conf.d/x.conf", "server { listen 80; }\n");
    assert_eq!((content.target.as_str(), content.content.as_str()), wanted);
    let links: Vec<_> = web("links").links.into_iter().map(|link| (link.target, link.alias)).collect();
    assert_eq!(links, [("db".into(), "db".into()), ("db".into(), "database".to_string())]);
    assert!(taken("links").service("db").unwrap().networks.iter().all(|network| network.aliases.is_empty()));
    assert_eq!(web("svc-label_file").labels["a"], "b");
    let settings = web("svc-mem").settings;
    assert_eq!((settings.memory, settings.nano_cpus), (Some(512 << 20), Some(500_000_000)));
    assert_eq!(taken("svc-pre_start").passed_over.len(), 1);
    assert_eq!(web("vol-bind-z").mounts[0].options.selinux.as_deref(), Some("z"));
    assert_eq!(web("vol-long-subpath").mounts[0].options.subpath.as_deref(), Some("sub"));
}

#[test]
fn files_are_found_where_compose_finds_them() {
    let shell = [("COMPOSE_FILE", "compose.yaml:extra.yaml")];
    assert!(read("shell-compose-file", &shell).unwrap().service("two").is_some());
    assert!(read("shell-compose-file", &[]).unwrap().service("two").is_none());
    let db = taken("include-long").service("db").unwrap().clone();
    let home = std::path::absolute("tests/fixtures/compose-cases/include-long").unwrap();
    assert_eq!(db.environment["A"].as_deref(), Some("2"));
    assert!(db.mounts.iter().any(|mount| mount.kind == MountKind::Bind(home.join("x"))));
}
