//! A lab's life: made, edited, compared, revealed, reset, watched, locked.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    time::Duration,
};

use breakfix::{
    Blame,
    course::{Course, Edit},
    lab::Lab,
};
use tempfile::TempDir;

fn course() -> Course {
    Course::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/course")).unwrap()
}

fn made() -> (TempDir, Lab, Course) {
    let dir = tempfile::tempdir().unwrap();
    let course = course();
    let (lab, made) = Lab::open_or_make(&dir.path().join("systems-puzzle"), &course).unwrap();
    assert!(made);
    (dir, lab, course)
}

fn write(lab: &Lab, file: &str, text: &str) {
    fs::write(lab.dir().join(file), text).unwrap();
}

fn read(lab: &Lab, file: &str) -> String {
    fs::read_to_string(lab.dir().join(file)).unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_lab_is_made_once_and_found_again() {
    let (_dir, lab, course) = made();
    assert_eq!(&lab.texts(), course.broken_stack());
    assert_eq!(lab.diff_from_start(&course).unwrap(), []);
    write(&lab, "app.py", "mine");
    let (again, made) = Lab::open_or_make(lab.dir(), &course).unwrap();
    assert!(!made);
    assert_eq!(read(&again, "app.py"), "mine");
    assert_eq!(Lab::open(lab.dir()).unwrap(), again);
    assert!(!again.is_adopted());
}

#[test]
fn a_lab_whose_making_was_interrupted_is_completed_around_what_is_there() {
    let (_dir, lab, course) = made();
    let passport = lab.state_dir().join("lab.toml");
    fs::write(&passport, fs::read_to_string(&passport).unwrap().replace("complete = true", "complete = false"))
        .unwrap();
    fs::remove_file(lab.dir().join("conf.d/site.conf")).unwrap();
    write(&lab, "app.py", "mine");
    let (lab, made) = Lab::open_or_make(lab.dir(), &course).unwrap();
    assert!(made);
    assert_eq!(&read(&lab, "conf.d/site.conf"), &course.broken_stack()["conf.d/site.conf"]);
    assert_eq!(read(&lab, "app.py"), "mine");
    assert!(fs::read_to_string(passport).unwrap().contains("complete = true"));
}

#[test]
fn a_directory_with_something_else_is_never_made_a_lab() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("thesis.tex"), "years").unwrap();
    let error = Lab::open_or_make(dir.path(), &course()).unwrap_err();
    assert_eq!(error.blame, Blame::Usage);
    assert!(error.what.ends_with("is not empty, and is not a lab"), "{error}");
    assert!(!error.to_string().contains("breakfix check"), "{error}");
    fs::write(dir.path().join("compose.yaml"), "services: {}").unwrap();
    let error = Lab::open_or_make(dir.path(), &course()).unwrap_err();
    assert!(error.to_string().contains("breakfix check"), "{error}");
    let error = Lab::open_or_make(&dir.path().join("thesis.tex"), &course()).unwrap_err();
    assert!(error.what.contains("is a file"), "{error}");
    assert!(!dir.path().join(".breakfix").exists());
}

#[test]
fn an_empty_repository_can_become_a_lab() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join(".git")).unwrap();
    let (lab, made) = Lab::open_or_make(dir.path(), &course()).unwrap();
    assert!(made);
    assert_eq!(fs::read_to_string(lab.state_dir().join(".gitignore")).unwrap(), "*\n");
}

#[test]
fn a_lab_of_another_course_is_told_as_such() {
    let (_dir, lab, _) = made();
    let mut other = course();
    other.id = "other-puzzle".into();
    let error = Lab::open_or_make(lab.dir(), &other).unwrap_err();
    assert!(error.what.contains("tiny-puzzle") && error.what.contains("other-puzzle"), "{error}");
}

#[test]
fn a_stack_that_is_no_lab_is_looked_at_and_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let error = Lab::open(dir.path()).unwrap_err();
    assert!(error.what.contains("neither a lab nor a compose file"), "{error}");
    fs::write(dir.path().join("docker-compose.yml"), "services: {}").unwrap();
    let lab = Lab::open(dir.path()).unwrap();
    assert!(lab.is_adopted());
    assert_eq!(lab.texts().len(), 1);
    assert!(lab.reset(&course(), &[]).unwrap_err().what.contains("is no lab"));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    assert!(Lab::open(&dir.path().join("nowhere")).unwrap_err().what.contains("is not there"));
}

#[test]
fn only_the_stacks_own_texts_are_read() {
    let (dir, lab, course) = made();
    for folder in [".git", "__pycache__", "node_modules", "src/__pycache__"] {
        fs::create_dir_all(lab.dir().join(folder)).unwrap();
        write(&lab, &format!("{folder}/x"), "x");
    }
    fs::create_dir(lab.dir().join(".venv")).unwrap();
    write(&lab, ".venv/pyvenv.cfg", "home = /usr/bin");
    write(&lab, ".venv/flask.py", "app.run(port=1)");
    fs::write(lab.dir().join("binary"), b"a\0b").unwrap();
    fs::write(lab.dir().join("latin"), b"caf\xe9").unwrap();
    write(&lab, "large", &"x".repeat(300 * 1024));
    fs::write(dir.path().join("secret"), "outside").unwrap();
    symlink(dir.path().join("secret"), lab.dir().join("link-out")).unwrap();
    symlink("app.py", lab.dir().join("link-in")).unwrap();
    symlink(".", lab.dir().join("loop")).unwrap();
    let mut expected: Vec<&str> =
        course.broken_stack().keys().map(String::as_str).chain(["latin", "link-in"]).collect();
    expected.sort_unstable();
    assert_eq!(lab.texts().keys().collect::<Vec<_>>(), expected);
    assert_eq!(lab.texts()["latin"], "caf\u{fffd}");
}

#[test]
fn edits_apply_together_or_not_at_all_and_keep_modes() {
    let (_dir, lab, course) = made();
    let app = lab.dir().join("app.py");
    fs::set_permissions(&app, fs::Permissions::from_mode(0o750)).unwrap();
    let edit = |old: &str, new: &str| Edit::Replace { file: "app.py".into(), replace: old.into(), with: new.into() };
    let script = Edit::Write { file: "bin/run.sh".into(), contents: "#!/bin/sh\n".into() };
    let error = lab.apply(&[edit("app.run()", "app.run(port=80)"), script.clone(), edit("nowhere", "x")]).unwrap_err();
    assert_eq!(error.blame, Blame::Stack);
    assert_eq!(&lab.texts(), course.broken_stack(), "nothing of a refused list of edits is written");
    let diff = lab.apply(&[edit("app.run()", "app.run(port=80)"), script]).unwrap();
    assert!(diff.contains("-    app.run()\n+    app.run(port=80)\n"), "{diff}");
    assert!(diff.contains("--- /dev/null\n+++ b/bin/run.sh"), "{diff}");
    assert_eq!(mode(&app), 0o750);
    assert_eq!(mode(&lab.dir().join("bin/run.sh")), 0o755);
    lab.apply(&[Edit::Delete { delete: "bin/run.sh".into() }]).unwrap();
    let changed = lab.diff_from_start(&course).unwrap();
    assert_eq!(changed.len(), 1);
    assert_eq!((changed[0].added, changed[0].removed), (1, 1));
    let leftovers = fs::read_dir(lab.dir()).unwrap().flatten();
    assert!(leftovers.into_iter().all(|entry| !entry.file_name().to_string_lossy().ends_with(".tmp")));
}

#[test]
fn edits_follow_links_inside_and_refuse_those_that_leave() {
    let (dir, lab, _) = made();
    fs::rename(lab.dir().join("app.py"), lab.dir().join("real.py")).unwrap();
    symlink("real.py", lab.dir().join("app.py")).unwrap();
    let edit = Edit::Replace { file: "app.py".into(), replace: "app.run()".into(), with: "pass".into() };
    lab.apply(&[edit]).unwrap();
    assert!(fs::symlink_metadata(lab.dir().join("app.py")).unwrap().is_symlink());
    assert!(read(&lab, "real.py").contains("pass"));
    fs::write(dir.path().join("secret"), "old").unwrap();
    symlink(dir.path().join("secret"), lab.dir().join("out.py")).unwrap();
    for file in ["out.py", "../secret", "/etc/hosts", ".breakfix/journal.jsonl", ""] {
        let error = lab.apply(&[Edit::Write { file: file.into(), contents: "new".into() }]).unwrap_err();
        assert!(error.what.contains("not a file inside the lab"), "{file}: {error}");
    }
    assert_eq!(fs::read_to_string(dir.path().join("secret")).unwrap(), "old");
}

#[test]
fn a_fix_is_revealed_even_over_the_learners_own_attempts() {
    let (_dir, lab, course) = made();
    let plain = lab.reveal(&course, "host-port", &[]).unwrap();
    assert_eq!(plain.backup, None);
    assert!(plain.diff.contains("8080:80"), "{}", plain.diff);
    write(&lab, "conf.d/site.conf", "server { my own attempt }\n");
    let revealed = lab.reveal(&course, "app-port", &["host-port"]).unwrap();
    let backup = lab.dir().join(revealed.backup.unwrap());
    assert_eq!(fs::read_to_string(backup.join("conf.d/site.conf")).unwrap(), "server { my own attempt }\n");
    assert!(revealed.diff.contains("-server { my own attempt }"), "{}", revealed.diff);
    assert_eq!(&lab.texts(), course.fixed_stack());
    assert!(lab.reveal(&course, "no-such", &[]).is_err());
}

#[test]
fn one_bug_is_put_back_and_the_other_fixes_stay() {
    let (_dir, lab, course) = made();
    lab.reveal(&course, "host-port", &[]).unwrap();
    lab.reveal(&course, "app-port", &["host-port"]).unwrap();
    let mended = lab.texts();
    let backup = lab.put_bug_back(&course, "app-port", &["host-port", "app-port"]).unwrap();
    assert_eq!(lab.texts(), course.stack_with(&["host-port"]).unwrap());
    let kept = fs::read_to_string(lab.dir().join(backup).join("conf.d/site.conf")).unwrap();
    assert_eq!(kept, mended["conf.d/site.conf"]);
    assert!(lab.put_bug_back(&course, "no-such", &[]).is_err());
}

#[test]
fn reset_puts_back_what_is_named_and_keeps_a_copy() {
    let (_dir, lab, course) = made();
    write(&lab, "app.py", "mine\n");
    write(&lab, "Dockerfile", "FROM mine\n");
    write(&lab, "override.yml", "x: 1\n");
    let backup = lab.reset(&course, &["app.py".into(), "./override.yml".into()]).unwrap();
    assert_eq!(backup, PathBuf::from(".breakfix/before-reset-1"));
    let backup = lab.dir().join(backup);
    assert_eq!(fs::read_to_string(backup.join("app.py")).unwrap(), "mine\n");
    assert_eq!(fs::read_to_string(backup.join("override.yml")).unwrap(), "x: 1\n");
    assert_eq!(&read(&lab, "app.py"), &course.broken_stack()["app.py"]);
    assert_eq!(read(&lab, "Dockerfile"), "FROM mine\n");
    assert!(!lab.dir().join("override.yml").exists());
    assert_eq!(lab.reset(&course, &["app.py".into()]).unwrap(), PathBuf::from(".breakfix/before-reset-2"));
    for bad in ["../x", "no-such-file"] {
        assert_eq!(lab.reset(&course, &[bad.into()]).unwrap_err().blame, Blame::Usage, "{bad}");
    }
}

#[test]
fn reset_of_all_gives_the_broken_stack_and_leaves_notes() {
    let (_dir, lab, course) = made();
    write(&lab, "docker-compose.override.yml", "services: {}\n");
    write(&lab, ".env", "PORT=1\n");
    write(&lab, "README.md", "my notes\n");
    write(&lab, ".gitignore", "*.pyc\n");
    fs::remove_file(lab.dir().join("Dockerfile")).unwrap();
    write(&lab, "app.py", "mine\n");
    let backup = lab.dir().join(lab.reset(&course, &[]).unwrap());
    let mut expected = course.broken_stack().clone();
    expected.insert("README.md".into(), "my notes\n".into());
    expected.insert(".gitignore".into(), "*.pyc\n".into());
    assert_eq!(lab.texts(), expected);
    for kept in ["docker-compose.override.yml", ".env", "app.py"] {
        assert!(backup.join(kept).exists(), "{kept}");
    }
    assert!(!backup.join("conf.d/site.conf").exists(), "what was not replaced needs no copy");
}

#[test]
fn one_tutor_per_lab() {
    let (_dir, lab, _) = made();
    let lock = lab.lock().unwrap();
    let error = lab.lock().unwrap_err();
    assert_eq!(error.blame, Blame::Usage);
    assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
    drop(lock);
    lab.lock().unwrap();
}

async fn told(watch: &mut breakfix::lab::Watch) -> bool {
    tokio::time::timeout(Duration::from_secs(5), watch.recv()).await.is_ok_and(|change| change.is_some())
}

async fn silent(watch: &mut breakfix::lab::Watch) -> bool {
    tokio::time::timeout(Duration::from_millis(600), watch.recv()).await.is_err()
}

#[tokio::test]
async fn changes_are_noticed_once_per_burst_however_an_editor_writes() {
    let (_dir, lab, _) = made();
    let mut watch = lab.watch().unwrap();
    assert!(silent(&mut watch).await);
    for n in 0..20 {
        write(&lab, "app.py", &format!("{n}"));
    }
    let mut bursts = 0;
    while !silent(&mut watch).await {
        bursts += 1;
    }
    assert!((1..20).contains(&bursts), "a burst of twenty writes is told {bursts} times");
    for _ in 0..2 {
        write(&lab, "app.py~", "written beside");
        fs::rename(lab.dir().join("app.py~"), lab.dir().join("app.py")).unwrap();
        assert!(told(&mut watch).await, "also after the file was replaced");
    }
    fs::create_dir(lab.dir().join("templates")).unwrap();
    assert!(told(&mut watch).await);
    write(&lab, "templates/index.html", "<html>");
    assert!(told(&mut watch).await, "also in a new directory");
}

#[tokio::test]
async fn the_tutors_own_files_and_reading_are_no_changes() {
    let (_dir, lab, _) = made();
    fs::create_dir(lab.dir().join("__pycache__")).unwrap();
    let mut watch = lab.watch().unwrap();
    fs::write(lab.state_dir().join("journal.jsonl"), "{}").unwrap();
    write(&lab, "__pycache__/app.pyc", "x");
    lab.texts();
    assert!(silent(&mut watch).await);
}

#[tokio::test]
async fn a_change_is_not_lost_when_waiting_is_given_up() {
    let (_dir, lab, _) = made();
    let mut watch = lab.watch().unwrap();
    write(&lab, "app.py", "x");
    let mut heard = false;
    for _ in 0..10 {
        // As a busy select! does: the wait is dropped in the middle of a burst.
        heard |= tokio::time::timeout(Duration::from_millis(5), watch.recv()).await.is_ok();
    }
    assert!(heard || told(&mut watch).await);
}

#[test]
fn a_lab_that_is_gone_cannot_be_watched_or_compared() {
    let (_dir, lab, course) = made();
    fs::remove_dir_all(lab.dir()).unwrap();
    assert_eq!(lab.watch().unwrap_err().blame, Blame::Environment);
    assert_eq!(lab.diff_from_start(&course).unwrap_err().blame, Blame::Environment);
}
