//! An incident is handed out: its files are written, and its answer is sealed outside of them.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::Serialize;

use super::{Desk, Proved, fresh_id, seed};
use crate::{
    cli::{
        args::PracticeArgs,
        terminal::{ProgressLine, json_text, print},
        trust,
    },
    course::{Class, Course},
    error::Result,
    journal::{Event, Journal, now_ms},
    lab::Lab,
    practice::{Ticket, store::Sealed},
};

/// A lab with an incident in it.
pub struct HandedOut {
    /// The lab.
    pub lab: Lab,
    /// Its id: the name of the file that holds the answer.
    pub id: String,
    /// By which it is played and judged.
    pub course: Arc<Course>,
}

/// Makes the lab, and seals the answer.
///
/// # Errors
/// Usage: the directory holds something else. Environment: something cannot be written.
pub fn hand_out(desk: &Desk<'_>, proved: &Proved, dir: &Path) -> Result<HandedOut> {
    let course = Arc::new(proved.incident.to_play(&desk.course, &proved.proof.named));
    let (lab, made) = Lab::open_or_make(dir, &course)?;
    let id = fresh_id();
    let sealed = Sealed {
        format: 1,
        course: desk.course.id.clone(),
        from: desk.course.origin.path().map(Path::to_owned),
        seed: proved.incident.seed.0,
        faults: proved.incident.faults.iter().map(|fault| fault.id().to_owned()).collect(),
        named: proved.proof.named.clone(),
        at: now_ms(),
    };
    desk.store.seal(lab.dir(), &id, &sealed)?;
    if made {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        Journal::open(&lab.state_dir())?.append(Event::LabMade { course: course.id.clone(), version })?;
    }
    Ok(HandedOut { lab, id, course })
}

/// A directory for an incident that nobody named one for: the first number that is free.
pub fn free_dir(stem: &str) -> PathBuf {
    let mut dirs = (1..).map(|number| PathBuf::from(format!("{stem}-{number}")));
    dirs.find(|dir| !dir.exists()).unwrap_or_else(|| PathBuf::from(stem))
}

/// What a script or an agent is given.
#[derive(Serialize)]
struct Headless<'a> {
    format: u32,
    id: &'a str,
    course: &'a str,
    dir: String,
    ticket: &'a Ticket,
    links: Vec<Link<'a>>,
    classes: [Class; 8],
    judge: String,
}

#[derive(Serialize)]
struct Link<'a> {
    id: &'a str,
    from: &'a str,
    to: &'a str,
}

/// Makes the lab, and prints the ticket as JSON. Nothing is started.
///
/// # Errors
/// As [`hand_out`], and whatever the proof meets.
pub async fn headless(desk: &Desk<'_>, args: &PracticeArgs, dir: &Path) -> Result<u8> {
    trust::ask(desk.context, dir)?;
    let line = ProgressLine::start(desk.context.verbose > 0);
    let proved = desk.proved(seed(args), &desk.wanted(args)?, line.progress(), |_| Ok(())).await;
    line.finish().await;
    let proved = proved?;
    let out = hand_out(desk, &proved, dir)?;
    let dir = out.lab.dir().display().to_string();
    let links = out.course.hops.iter().map(|hop| Link { id: &hop.id, from: &hop.from, to: &hop.to }).collect();
    print(&json_text(&Headless {
        format: 1,
        id: &out.id,
        course: &desk.course.id,
        judge: format!("breakfix check --practice --format json {}", shell_words::quote(&dir)),
        dir,
        ticket: &proved.incident.ticket,
        links,
        classes: Class::ALL,
    }))?;
    Ok(0)
}
