//! A room without internet: the images come in a file, the app's packages with them, and the course starts and is solved there.

use std::{
    path::Path,
    process::{Command, Output},
    time::Instant,
};

use breakfix::{course::Course, engine::ImageOrigin, lab::Lab};

use super::{Daemon, SHOP_IMAGES, skipped};

const PROGRAM: &str = env!("CARGO_BIN_EXE_breakfix");

async fn run(mut command: Command, dir: &Path, arguments: Vec<String>) -> Output {
    command.args(arguments).current_dir(dir);
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

/// What it printed, given that it ended so.
#[track_caller]
fn said(output: &Output, code: i32) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{out}\n{err}");
    out + &err
}

/// What is saved beside the base images.
const CARRIED: &str = "breakfix-app:systems-puzzle-flaskapp";

#[tokio::test]
#[ignore = "longer than others: cargo test -- --include-ignored"]
async fn a_course_starts_without_internet_from_a_file() {
    if skipped() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let ours = bollard::Docker::connect_with_defaults().unwrap();
    let was_there = ours.inspect_image(CARRIED).await.is_ok();
    let began = Instant::now();
    let saved = said(
        &run(Command::new(PROGRAM), home.path(), vec!["images".into(), "save".into(), "room.tar".into()]).await,
        0,
    );
    assert!(saved.contains(CARRIED), "{saved}");
    if !was_there {
        let all = ours.list_images(None::<bollard::query_parameters::ListImagesOptions>).await.unwrap();
        let made = all.iter().find(|image| image.repo_tags.iter().any(|tag| tag == CARRIED)).unwrap();
        assert!(!made.parent_id.is_empty(), "its steps are in the cache where `check` looks for them");
        ours.remove_image(CARRIED, None::<bollard::query_parameters::RemoveImageOptions>, None).await.unwrap();
    }
    let megabytes = std::fs::metadata(home.path().join("room.tar")).unwrap().len() / 1_000_000;
    eprintln!("saved: {megabytes} MB in {:?}", began.elapsed());

    // Nothing is there, and nothing can be fetched: no registry, no way out.
    let daemon = Daemon::start_apart().await;
    let there = |arguments: Vec<&str>| {
        let arguments: Vec<String> = arguments.into_iter().map(str::to_owned).collect();
        run(daemon.beside(PROGRAM), home.path(), arguments)
    };
    let engine = ["--engine", daemon.url.as_str(), "--images", "local"];
    let here = daemon.engine.image_status(&SHOP_IMAGES.map(str::to_owned)).await.unwrap();
    assert!(here.iter().all(|image| image.origin == ImageOrigin::Absent), "{here:#?}");
    let room = there([&["doctor", "--room"], &engine[..]].concat()).await;
    let told = said(&room, 3);
    assert!(told.contains("✗ image     postgres:17 is absent") && told.contains("✗ app"), "{told}");

    let began = Instant::now();
    said(&there([&["images", "load", "room.tar"], &engine[..]].concat()).await, 0);
    eprintln!("loaded: {:?}", began.elapsed());
    // Whether all is there depends on who else has port 80 of this machine.
    let room = there([&["doctor", "--room"], &engine[..]].concat()).await;
    let told = String::from_utf8_lossy(&room.stdout);
    assert!(told.contains("✓ image     postgres:17") && told.contains("✓ app"), "{told}");
    assert!(!told.contains("✗ image"), "{told}");

    // Somebody whose habits are others': the group may write, and the files are not root's.
    let shop = home.path().join("shop");
    let stack = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixed-stack");
    let copied = Command::new("cp").arg("-r").args([&stack, &shop]).status().unwrap();
    assert!(copied.success());
    for arguments in [["chmod", "-R", "g+w"], ["chown", "-R", "1234:1234"]] {
        assert!(Command::new(arguments[0]).args(&arguments[1..]).arg(&shop).status().unwrap().success());
    }
    let began = Instant::now();
    let works = said(&there([&["check", "shop"], &engine[..]].concat()).await, 0);
    eprintln!("checked: {:?}", began.elapsed());
    assert!(works.contains("works"), "{works}");

    // And the course itself, made there and brought to life.
    let learn = |command: &'static str| [&[command, "--lab", "lab"], &engine[..]].concat();
    Lab::open_or_make(&home.path().join("lab"), &Course::embedded().unwrap()).unwrap();
    let began = Instant::now();
    let up = said(&there(learn("up")).await, 0);
    eprintln!("up: {:?}\n{up}", began.elapsed());
    let status = there(learn("status")).await;
    let status = String::from_utf8_lossy(&status.stdout).into_owned();
    assert!(status.matches("running").count() >= 3, "{status}");

    // What a learner edits is built there, too: the code, and the Dockerfile above the step that asks the internet.
    let edit = |file: &str, from: &str, to: &str| {
        let path = home.path().join("lab").join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file} has no {from}");
        std::fs::write(path, text.replacen(from, to, 1)).unwrap();
    };
    edit("src/app.py", "", "# a word of mine\n");
    edit("src/models.py", "", "# a word of mine\n");
    edit("Dockerfile", "WORKDIR", "EXPOSE 5001\nWORKDIR");
    edit("Dockerfile", "CMD [\"python\", \"app.py\"]", "CMD [\"python\", \"-u\", \"app.py\"]");
    let began = Instant::now();
    let again = said(&there(learn("up")).await, 0);
    eprintln!("up after edits: {:?}\n{again}", began.elapsed());
    assert!(again.contains("flaskapp") && again.contains("recreated"), "{again}");
    let image = daemon.docker.inspect_image("lab-flaskapp").await.unwrap().config.unwrap();
    assert!(image.exposed_ports.is_some_and(|ports| ports.iter().any(|port| port == "5001/tcp")));
    assert_eq!(image.cmd.unwrap(), ["python", "-u", "app.py"]);
    said(&there([&learn("down")[..], &["--volumes"]].concat()).await, 0);
}
