//! A lab on real containers whose project nobody else has, driven by its works: no screen, no journal.

#![allow(dead_code, reason = "each test takes what it needs")]

use std::{collections::BTreeMap, fs, path::Path, process::Command, sync::Arc};

use breakfix::{
    conductor::{Asking, Reloaded, Told, Works, moved_ports, project},
    course::Course,
    diagnosis::Report,
    engine::{Engine, ImagePolicy, Progress},
    error::Blame,
    journal,
    probe::Survey,
};
use tokio::sync::mpsc;

/// The lab; [`Lab::end`] takes away what it started.
pub struct Lab {
    _home: tempfile::TempDir,
    /// What can be done with it.
    pub works: Works,
    /// What the works say, which nobody listens to.
    _told: mpsc::UnboundedReceiver<Told>,
}

impl Lab {
    pub async fn new(course: &Arc<Course>) -> Self {
        let engine = Engine::find(None).await.unwrap();
        let home = tempfile::Builder::new().prefix("breakfix-lab-").tempdir().unwrap();
        let name = home.path().file_name().unwrap().to_str().unwrap().to_lowercase();
        let dir = home.path().canonicalize().unwrap().join(name);
        let (told, _told) = mpsc::unbounded_channel();
        let works = Works {
            engine,
            course: Arc::clone(course),
            dir,
            images: ImagePolicy::Auto,
            moved: Vec::new(),
            reloaded: Reloaded::new(),
            told,
        };
        Self { _home: home, works, _told }
    }

    pub fn dir(&self) -> &Path {
        &self.works.dir
    }

    /// The lab's files are these, and no others.
    pub fn write(&self, files: &BTreeMap<String, String>) {
        let _ = fs::remove_dir_all(self.dir());
        for (path, text) in files {
            let path = self.dir().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }

    /// Starts the shop from these files, from nothing. What cannot be started is told, and left as it is.
    pub async fn start(&mut self, files: &BTreeMap<String, String>) {
        let silent = Progress::silent();
        self.down().await;
        self.write(files);
        let started = async {
            self.works.up(&[], true, &silent).await?;
            self.works.bootstrap(&silent).await
        };
        match started.await {
            Ok(()) => {}
            Err(error) if error.blame == Blame::Stack => eprintln!("{error}"),
            Err(error) => panic!("{error}"),
        }
        let containers = self.works.engine.containers(&project(self.dir(), &self.works.course)).await.unwrap();
        self.works.moved = moved_ports(&journal::Progress::default(), &containers);
    }

    /// Asks the shop as a learner does.
    pub async fn verify(&self, lesson: &str, progress: &Progress) -> (Report, Survey) {
        self.works.verify(lesson, Asking::Patient, progress).await.unwrap()
    }

    /// What a person reads who types this in the lab's directory.
    pub fn typed(&self, command: &str) -> String {
        let output = Command::new("sh").args(["-c", command]).current_dir(self.dir()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let complains = String::from_utf8_lossy(&output.stderr).into_owned();
        // curl draws its progress there, where nobody reads along.
        if command.contains("curl") && !said.is_empty() { said } else { said + &complains }
    }

    pub async fn down(&self) {
        let name = project(self.dir(), &self.works.course);
        self.works.engine.down(&name, Some(self.dir()), true, &Progress::silent()).await.unwrap();
    }

    /// Takes away what it started.
    pub async fn end(self) {
        self.down().await;
        let image = format!("{}-flaskapp:latest", project(self.dir(), &self.works.course));
        self.works.engine.remove_images(&[image]).await.unwrap();
    }
}
