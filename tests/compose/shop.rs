//! The shop's own stacks, read.
use std::path::Path;

use breakfix::compose::{LoadOptions, Stack, load, refusals, roles};

fn shop(name: &str) -> Stack {
    load(&Path::new(env!("CARGO_MANIFEST_DIR")).join(name), &LoadOptions::default()).unwrap()
}

#[test]
fn both_shops_are_read_without_a_word() {
    for name in ["broken-stack", "fixed-stack"] {
        let stack = shop(name);
        assert_eq!(stack.warnings, []);
        assert_eq!(refusals(&stack), []);
        assert_eq!(stack.project, name);
        let found = roles(&stack);
        assert_eq!(found.proxy.as_deref(), Some("nginx"));
        assert_eq!(found.app.as_deref(), Some("flaskapp"));
        assert_eq!(found.database.as_deref(), Some("db"));
    }
}

#[test]
fn the_published_port_is_where_the_story_says() {
    let port = |stack: &Stack| {
        let port = &stack.service("nginx").unwrap().ports[0];
        (port.published, port.target)
    };
    assert_eq!(port(&shop("broken-stack")), (Some(80), 8080));
    assert_eq!(port(&shop("fixed-stack")), (Some(8080), 80));
}

#[test]
fn the_database_and_the_app_share_the_env_file() {
    let stack = shop("broken-stack");
    let (db, app) = (stack.service("db").unwrap(), stack.service("flaskapp").unwrap());
    assert_eq!(db.environment, app.environment);
    assert!(db.environment.contains_key("POSTGRES_PASSWORD"));
}

#[test]
fn the_image_of_the_app_is_made_from_what_its_dockerfile_takes() {
    let copy = |from: &str| {
        let dir = tempfile::tempdir().unwrap();
        copy_dir(&Path::new(env!("CARGO_MANIFEST_DIR")).join(from), dir.path());
        dir
    };
    let hash = |dir: &Path| {
        let stack = load(dir, &LoadOptions::default()).unwrap();
        stack.service("flaskapp").unwrap().build.as_ref().unwrap().context_hash().unwrap()
    };
    let dir = copy("broken-stack");
    let before = hash(dir.path());
    std::fs::write(dir.path().join("conf.d/flaskapp.conf"), "server {}").unwrap();
    std::fs::create_dir_all(dir.path().join("src/__pycache__")).unwrap();
    std::fs::write(dir.path().join("src/__pycache__/app.pyc"), "x").unwrap();
    std::fs::write(dir.path().join("README.md"), "x").unwrap();
    assert_eq!(hash(dir.path()), before, "nothing of this is in the image");
    std::fs::write(dir.path().join("src/models.py"), "x").unwrap();
    assert_ne!(hash(dir.path()), before, "this file is");
}

fn copy_dir(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_dir(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
