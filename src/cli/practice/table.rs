//! A lab on the table: its incident, its stack and its journal.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::Desk;
use crate::{
    cli::{
        terminal::{Paint, ProgressLine, clean, note, print, render_error, symbol},
        verdicts,
    },
    conductor::{Asking, Told, Works, label, moved_ports, project},
    course::Course,
    diagnosis::{Report, Status, Verdict},
    error::{Blame, Error, Result},
    journal::{self, Event, Journal, now_ms},
    lab::Lab,
    practice::{Incident, LESSON},
};

/// A lab with its incident, its stack and its journal.
pub struct Table<'a> {
    pub(super) desk: &'a Desk<'a>,
    pub(super) incident: Incident,
    pub(super) course: Arc<Course>,
    pub(super) works: Works,
    pub(super) told: mpsc::UnboundedReceiver<Told>,
    pub(super) journal: Journal,
    pub(super) lab: Lab,
    pub(super) paint: Paint,
    /// The database may lack its tables.
    pub(super) tables: bool,
    /// When it was begun, in milliseconds since the Unix epoch.
    pub(super) since: u64,
}

impl<'a> Table<'a> {
    /// Nothing is started.
    ///
    /// # Errors
    /// Environment: the journal cannot be opened.
    pub fn open(desk: &'a Desk<'a>, incident: &Incident, lab: Lab, course: Arc<Course>) -> Result<Self> {
        let (sender, told) = mpsc::unbounded_channel();
        let works = Works {
            engine: desk.proof.engine.clone(),
            course: Arc::clone(&course),
            dir: lab.dir().to_owned(),
            images: desk.context.images,
            moved: Vec::new(),
            reloaded: Default::default(),
            told: sender,
        };
        let journal = Journal::open(&lab.state_dir())?;
        let since = journal.entries().first().map_or_else(now_ms, |entry| entry.at);
        let paint = Paint::stdout(desk.context.color);
        let incident = incident.clone();
        Ok(Self { desk, incident, course, works, told, journal, lab, paint, tables: true, since })
    }

    /// Starts the stack, as the incident has it.
    ///
    /// # Errors
    /// Environment: the engine does not answer, or an image is not to be had.
    pub async fn make(&mut self) -> Result<()> {
        let line = ProgressLine::start(self.desk.context.verbose > 0);
        let made = self.works.make_incident(&self.incident.making, line.progress()).await;
        line.finish().await;
        made?;
        self.look_at_ports().await?;
        self.journal.append(Event::LessonOpened { lesson: LESSON.to_owned() })?;
        self.since = now_ms();
        self.take_in()
    }

    /// Takes the stack down, volumes and all; the files stay.
    ///
    /// # Errors
    /// Environment: the engine.
    pub async fn close(&mut self) -> Result<()> {
        let line = ProgressLine::start(self.desk.context.verbose > 0);
        let down = self.works.down(true, line.progress()).await;
        line.finish().await;
        down?;
        note(&format!("the stack is taken down; its files are in {}", self.lab.dir().display()));
        Ok(())
    }

    async fn look_at_ports(&mut self) -> Result<()> {
        let project = project(self.lab.dir(), &self.course);
        let containers = self.works.engine.containers(&project).await?;
        self.works.moved = moved_ports(&journal::Progress::fold(self.journal.entries()), &containers);
        Ok(())
    }

    /// Writes down and says what the works told.
    fn take_in(&mut self) -> Result<()> {
        while let Ok(told) = self.told.try_recv() {
            self.works.take_in(&told, now_ms());
            match told {
                Told::Event(event) => drop(self.journal.append(*event)?),
                Told::Notice(line) => note(&clean(&line)),
            }
        }
        Ok(())
    }

    /// Makes live what was saved, and says what was done.
    ///
    /// # Errors
    /// Environment: the engine.
    pub async fn make_live(&mut self) -> Result<()> {
        let line = ProgressLine::start(self.desk.context.verbose > 0);
        let done = self.works.make_live(self.tables, line.progress()).await;
        line.finish().await;
        self.take_in()?;
        match done {
            Ok(works) if works.is_empty() => print("Everything that was saved is live.\n"),
            Ok(works) => {
                self.look_at_ports().await?;
                let told: Vec<String> = works.iter().map(label).collect();
                print(&format!("Done: {}.\n", clean(&told.join("; "))))
            }
            Err(error) => self.told_error(error),
        }
    }

    /// A fault of the stack is what is played with; one of the machine ends it.
    fn told_error(&self, error: Error) -> Result<()> {
        if error.blame != Blame::Stack {
            return Err(error);
        }
        print(&render_error(&error, self.paint))
    }

    /// Asks the running stack; says no more than the verdict where nothing is to be told. None where it could not be started.
    ///
    /// # Errors
    /// Environment: the engine, or the journal.
    pub async fn verify(&mut self, tells: bool) -> Result<Option<Report>> {
        let line = ProgressLine::start(self.desk.context.verbose > 0);
        let verified = self.works.verify(LESSON, Asking::Patient, line.progress()).await;
        line.finish().await;
        self.take_in()?;
        let (report, survey) = match verified {
            Ok(verified) => verified,
            Err(error) => return self.told_error(error).map(|()| None),
        };
        self.tables =
            report.checks.iter().any(|check| check.status == Status::Unknown) || report.verdict() != Verdict::Works;
        self.journal.append(Event::Verified { lesson: LESSON.to_owned(), report: report.clone(), survey })?;
        let mut text = format!("{}\n", verdicts::verdict_word(report.verdict(), self.paint));
        if tells {
            text.push_str(&verdicts::hops(&report, self.paint));
            for check in report.checks.iter().filter(|check| check.status == Status::Fail) {
                text.push_str(&format!("  {} {}\n", symbol(check.status, self.paint), clean(&check.label)));
            }
            // What the proof recognised is not among them: it is the answer.
            for turn in report.wrong_turns.iter().filter(|turn| !turn.remark).take(1) {
                text.push_str(&format!("  {} {}\n", self.paint.attention("?"), clean(&turn.question)));
            }
            for stale in &report.stale {
                text.push_str(&format!("  what {} runs is older than its files: u\n", clean(&stale.service)));
            }
        }
        print(&text)?;
        Ok(Some(report))
    }
}
