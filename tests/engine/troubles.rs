//! What goes wrong, and whose fault it is.

use breakfix::{
    Blame, Error,
    engine::ServiceState,
    engine::{Engine, Progress, UpOptions},
};

use crate::support::*;

async fn fails(lab: &Lab, options: &UpOptions) -> Error {
    lab.engine.up(&lab.stack(), options, &Progress::silent()).await.unwrap_err()
}

#[tokio::test]
async fn what_the_file_asks_and_cannot_be_is_the_stacks_fault_and_the_rest_runs() {
    for (line, words) in [
        ("command: no-such-program", "no-such-program"),
        ("user: nobody-of-this-name", "nobody-of-this-name"),
        ("volumes: [\"./a-directory:/etc/hostname\"]", "director"),
        ("working_dir: /etc/passwd/x", "passwd"),
    ] {
        let compose = format!(
            "services:\n  bad:\n    image: python:3.13-slim\n    {line}\n  good:\n    image: python:3.13-slim\n    command: sleep 600\n"
        );
        let Some(lab) = Lab::new(&[("docker-compose.yml", &compose), ("a-directory/x", "x")]).await else { return };
        let error = fails(&lab, &UpOptions::default()).await;
        assert_eq!(error.blame, Blame::Stack, "{line}: {error}");
        assert!(error.what.contains("bad") && error.to_string().contains(words), "{line}: {error}");
        let containers = lab.engine.containers(&lab.project).await.unwrap();
        let good = containers.iter().find(|container| container.service == "good").expect("the other service");
        assert_eq!(good.state, ServiceState::Running, "{line}");
    }
}

#[tokio::test]
async fn a_program_that_ends_at_once_is_evidence_and_no_error_of_up() {
    let compose = "
services:
  app:
    image: python:3.13-slim
    command: python -c 'import nowhere'
";
    let Some(lab) = Lab::new(&[("docker-compose.yml", compose)]).await else { return };
    lab.up().await;
    let mut app = lab.engine.containers(&lab.project).await.unwrap().remove(0);
    for _ in 0..100 {
        if app.state == ServiceState::Exited {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        app = lab.engine.containers(&lab.project).await.unwrap().remove(0);
    }
    assert_eq!((app.state, app.exit_code), (ServiceState::Exited, Some(1)));
    let log = lab.engine.log_tail(&app.id, "app", 5).await.unwrap();
    assert!(log.last().unwrap().text.contains("No module named 'nowhere'"), "{log:?}");
}

#[tokio::test]
async fn a_bind_mount_without_a_source_gets_an_empty_directory() {
    let compose = "services:\n  app:\n    image: python:3.13-slim\n    command: ls -A /data\n    volumes: [\"./missing:/data\"]\n";
    let Some(lab) = Lab::new(&[("docker-compose.yml", compose)]).await else { return };
    lab.up().await;
    assert!(lab.path("missing").is_dir());
}

#[tokio::test]
async fn a_failed_build_keeps_its_last_words_and_what_runs() {
    let files = [
        ("docker-compose.yml", "services:\n  app:\n    build: .\n"),
        ("Dockerfile", "FROM python:3.13-slim\nRUN echo the last words >&2 && false\n"),
    ];
    let Some(lab) = Lab::new(&files).await else { return };
    let error = fails(&lab, &UpOptions::default()).await;
    assert_eq!(error.blame, Blame::Stack);
    assert!(error.what.starts_with("building app failed at step 2 of 2: RUN echo"), "{error}");
    assert!(error.why.iter().any(|why| why.contains("the last words")), "{error}");

    lab.write("Dockerfile", "FROM python:3.13-slim\nCOPY nowhere /\n");
    let error = fails(&lab, &UpOptions::default()).await;
    assert_eq!(error.blame, Blame::Stack, "{error}");

    lab.write("Dockerfile", "FORM python:3.13-slim\n");
    let error = fails(&lab, &UpOptions::default()).await;
    assert_eq!(error.blame, Blame::Stack, "{error}");
}

/// A socket that leads to the engine until it is closed: the engine going away, without stopping it.
struct Bridge {
    dir: tempfile::TempDir,
    task: tokio::task::JoinHandle<()>,
    open: std::sync::Arc<std::sync::Mutex<tokio::task::JoinSet<()>>>,
}

impl Bridge {
    fn to(url: &str) -> Self {
        let target = url.strip_prefix("unix://").expect("an engine on a socket").to_owned();
        let dir = tempfile::tempdir().unwrap();
        let listener = tokio::net::UnixListener::bind(dir.path().join("engine.sock")).unwrap();
        let open: std::sync::Arc<std::sync::Mutex<tokio::task::JoinSet<()>>> = Default::default();
        let set = open.clone();
        let task = tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let target = target.clone();
                set.lock().unwrap().spawn(async move {
                    if let Ok(mut far) = tokio::net::UnixStream::connect(target).await {
                        let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                    }
                });
            }
        });
        Self { dir, task, open }
    }

    fn url(&self) -> String {
        format!("unix://{}", self.dir.path().join("engine.sock").display())
    }

    fn close(self) {
        self.task.abort();
        self.open.lock().unwrap().abort_all();
        drop(self.dir);
    }
}

#[tokio::test]
async fn an_engine_that_goes_away_is_the_machines_fault_everywhere() {
    use futures_util::StreamExt;
    let Some(lab) = Lab::usual().await else { return };
    let bridge = Bridge::to(&lab.engine.info.url);
    let engine = Engine::find(Some(&bridge.url())).await.unwrap();
    assert!(engine.answers().await);
    let stack = lab.stack();
    engine.up(&stack, &UpOptions::default(), &Progress::silent()).await.unwrap();
    let mut events = engine.events(&lab.project);
    let toolbox = engine.toolbox(&lab.project, &format!("{}_default", lab.project)).await.unwrap();
    let mut dialled =
        toolbox.dial("web", 80, std::time::Duration::from_secs(10)).await.map_err(|e| format!("{e:?}")).unwrap();
    bridge.close();

    let last = tokio::time::timeout(std::time::Duration::from_secs(20), async {
        loop {
            match events.next().await {
                Some(Ok(_)) => {}
                other => return other,
            }
        }
    });
    let error = last.await.expect("the events end").expect("an error at their end").unwrap_err();
    assert_eq!((error.blame, error.what.as_str()), (Blame::Environment, "the engine went away"));
    assert!(events.next().await.is_none());
    assert!(!engine.answers().await);
    let read = tokio::io::AsyncReadExt::read(&mut dialled, &mut [0; 1]).await;
    assert_eq!(read.unwrap_err().kind(), std::io::ErrorKind::BrokenPipe);
    let error = engine.up(&stack, &UpOptions::default(), &Progress::silent()).await.unwrap_err();
    assert_eq!(error.blame, Blame::Environment, "{error}");
    assert_eq!(engine.down(&lab.project, None, true, &Progress::silent()).await.unwrap_err().blame, Blame::Environment);
}
