//! A course as a learner will see it, for who writes it: every page at 80 by 24, without an engine, and again at each save.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use crossterm::event::KeyCode;
use ratatui::{Frame, Terminal as Picture, backend::TestBackend, buffer::Buffer, text::Line};

use super::{
    Config, Model, Msg, Page, Start, Theme,
    event_loop::{EventLoop, Woken},
    events::read_keys,
    layout::{self, Pane},
    model::Screen,
    msg::LabTexts,
    terminal::{self, Terminal},
    update, view,
};
use crate::{
    conductor,
    course::{self, Course, Origin},
    error::{Error, Result},
    journal::{Entry, Event, now_ms},
};

/// The size at which a course has to be readable.
const SIZE: (u16, u16) = (80, 24);
/// How often the course's files are looked at.
const LOOK: Duration = Duration::from_millis(300);

/// One screen of the course.
#[derive(Debug, Clone)]
pub struct Sheet {
    /// Which, in words: `first, page 2`.
    pub title: String,
    picture: Buffer,
}

impl Sheet {
    /// What stands on it, line by line.
    pub fn lines(&self) -> Vec<String> {
        let area = self.picture.area;
        let row = |y| (0..area.width).map(|x| self.picture[(x, y)].symbol()).collect::<String>();
        (0..area.height).map(|y| row(y).trim_end().to_owned()).collect()
    }
}

/// All screens of a course, in the order in which a learner meets them.
///
/// # Errors
/// Stack: the compose file of the stack that it begins with cannot be used. Environment: disk.
pub fn sheets(course: &Arc<Course>, theme: Theme) -> Result<Vec<Sheet>> {
    let mut model = model(course, theme)?;
    let mut sheets = vec![Sheet { title: "the first screen".to_owned(), picture: picture(&model)? }];
    model.nav.screen = Screen::Lesson;
    for (index, lesson) in course.lessons.iter().enumerate() {
        model.nav.lesson = index;
        let mut pages = model.pages();
        if pages.last() == Some(&Page::Work) {
            pages.push(model.closing_page());
        }
        let at = |event| Entry { at: model.now, event };
        let opened = at(Event::LessonOpened { lesson: lesson.id.clone() });
        let shown = lesson.hints.iter().map(|hint| at(Event::HintShown { lesson: lesson.id.clone(), rung: hint.rung }));
        let shown: Vec<Entry> = shown.collect();
        model.lab.progress.apply(&opened);
        for page in pages {
            model.nav.page = page;
            let title = format!("{}, {}", lesson.id, in_words(page));
            whole(&mut model, &title, &mut sheets)?;
            if page == Page::Work && !shown.is_empty() {
                shown.iter().for_each(|hint| model.lab.progress.apply(hint));
                whole(&mut model, &format!("{}, its hints", lesson.id), &mut sheets)?;
            }
        }
    }
    Ok(sheets)
}

fn in_words(page: Page) -> String {
    match page {
        Page::Beat(beat) => format!("page {}", beat + 1),
        Page::Question => "its question".to_owned(),
        Page::Work => "what must hold".to_owned(),
        Page::Solved => "when it is solved".to_owned(),
        Page::Hindsight => "the end".to_owned(),
    }
}

/// A page from its top to its end, as many screens as that takes.
fn whole(model: &mut Model, title: &str, sheets: &mut Vec<Sheet>) -> Result<()> {
    model.nav.scrolls = Default::default();
    let extent = layout::extent(model, Pane::Lesson);
    let last = extent.total.saturating_sub(extent.height);
    loop {
        let top = model.nav.scrolls.lesson.top;
        let title = if top > 0 { format!("{title}, further down") } else { title.to_owned() };
        sheets.push(Sheet { title, picture: picture(model)? });
        if top >= last {
            return Ok(());
        }
        model.nav.scrolls.lesson.top = (top + extent.height.max(2) - 1).min(last);
    }
}

fn model(course: &Arc<Course>, theme: Theme) -> Result<Model> {
    let mut model = Model::new(Start {
        course: Arc::clone(course),
        others: Vec::new(),
        lab: format!("./{}", course.id),
        theme,
        own_editor: false,
        lesson: None,
        now: now_ms(),
        size: SIZE,
        config: Config { tour: false, ..Config::default() },
    });
    let files = course.broken_stack().iter().map(|(path, text)| (path.clone(), text.clone())).collect();
    update(&mut model, Msg::Lab(LabTexts { files, diffs: Vec::new() }));
    // The map names the ports that the files name.
    let (home, _) = conductor::written_out(course)?;
    let facts = conductor::facts_of(home.path(), course);
    update(&mut model, Msg::Updates(vec![conductor::Update::Facts(facts)]));
    Ok(model)
}

fn picture(model: &Model) -> Result<Buffer> {
    let mut picture = Picture::new(TestBackend::new(SIZE.0, SIZE.1))
        .map_err(|error| Error::environment("nothing can be drawn").because(error))?;
    let drawn = picture.draw(|frame| view(model, frame));
    drawn.map(|drawn| drawn.buffer.clone()).map_err(|error| Error::environment("nothing can be drawn").because(error))
}

/// Shows the course from there until `q`, again at each save; what is wrong with it stands in its place.
///
/// # Errors
/// Usage: no terminal. Environment: it is gone.
pub async fn run(origin: &Origin, theme: Theme) -> Result<u8> {
    let mut terminal = Terminal::take()?;
    let mut events = EventLoop::new(None)?;
    let keys = tokio::spawn(read_keys(events.sender()));
    let saves = tokio::spawn(tell_of_saves(origin.path().map(Path::to_owned), events.sender()));
    let mut shown = Shown::read(origin, theme);
    let ended = loop {
        terminal
            .draw(|frame| shown.draw(frame))
            .map_err(|error| Error::environment("the terminal is gone").because(error))?;
        match events.next(None).await {
            Woken::Signal(signal) => break terminal::ended_by(signal),
            Woken::Over => break 0,
            Woken::Due => events.drawn(),
            Woken::Messages(messages) => {
                if messages.into_iter().any(|message| shown.take(message, origin, theme)) {
                    break 0;
                }
            }
        }
    };
    keys.abort();
    saves.abort();
    Ok(ended)
}

/// What is on the screen.
struct Shown {
    sheets: Result<Vec<Sheet>, Vec<String>>,
    at: usize,
    /// What lint says beside it.
    findings: usize,
}

impl Shown {
    fn read(origin: &Origin, theme: Theme) -> Self {
        let findings: Vec<String> = course::lint(origin).iter().map(ToString::to_string).collect();
        let read = Course::open(origin).and_then(|course| sheets(&Arc::new(course), theme));
        let findings_count = findings.len();
        let sheets = read.map_err(|error| if findings.is_empty() { vec![error.to_string()] } else { findings });
        Self { sheets, at: 0, findings: findings_count }
    }

    /// Takes a key or a save; tells whether it is over.
    fn take(&mut self, message: Msg, origin: &Origin, theme: Theme) -> bool {
        let last = self.sheets.as_ref().map_or(0, |sheets| sheets.len().saturating_sub(1));
        match message {
            Msg::Key(key) => match key.code {
                KeyCode::Char('q' | 'c') | KeyCode::Esc => return true,
                KeyCode::Right
                | KeyCode::Down
                | KeyCode::PageDown
                | KeyCode::Enter
                | KeyCode::Char(' ' | 'j' | 'l') => {
                    self.at = (self.at + 1).min(last);
                }
                KeyCode::Left | KeyCode::Up | KeyCode::PageUp | KeyCode::Char('k' | 'h') => {
                    self.at = self.at.saturating_sub(1);
                }
                KeyCode::Home => self.at = 0,
                KeyCode::End => self.at = last,
                _ => {}
            },
            Msg::Tick => {
                let at = self.at;
                *self = Self::read(origin, theme);
                let last = self.sheets.as_ref().map_or(at, |sheets| sheets.len().saturating_sub(1));
                self.at = at.min(last);
            }
            _ => {}
        }
        false
    }

    fn draw(&self, frame: &mut Frame<'_>) {
        let area = frame.area();
        let buffer = frame.buffer_mut();
        let mut put = |row: u16, text: &str| {
            if row < area.height {
                buffer.set_line(area.x, area.y + row, &Line::raw(text.to_owned()), area.width);
            }
        };
        match &self.sheets {
            Err(findings) => {
                put(0, " This course cannot be shown yet; it is looked at again at each save.");
                for (row, finding) in (2..).zip(findings) {
                    put(row, finding);
                }
            }
            Ok(sheets) => {
                let Some(sheet) = sheets.get(self.at) else { return };
                let lint = match self.findings {
                    0 => String::new(),
                    some => format!("   ! breakfix lint finds {some}"),
                };
                let place = format!(" {} of {}: {}{lint}", self.at + 1, sheets.len(), sheet.title);
                // Below the picture where there is room, else over its last line.
                put(SIZE.1.min(area.height.saturating_sub(1)), &format!("{place}   ← → turn, q leaves"));
                for y in 0..SIZE.1.min(area.height.saturating_sub(1)) {
                    for x in 0..SIZE.0.min(area.width) {
                        buffer[(area.x + x, area.y + y)] = sheet.picture[(x, y)].clone();
                    }
                }
            }
        }
    }
}

/// Sends a tick whenever something in the course's files is otherwise than before.
async fn tell_of_saves(path: Option<PathBuf>, sender: tokio::sync::mpsc::Sender<Msg>) {
    let Some(path) = path else { return };
    let mut known = newest(&path);
    loop {
        tokio::time::sleep(LOOK).await;
        let now = newest(&path);
        if now != known {
            known = now;
            if sender.send(Msg::Tick).await.is_err() {
                return;
            }
        }
    }
}

/// When something below this path was last changed, and how much there is.
fn newest(path: &Path) -> (Option<SystemTime>, usize) {
    let mut open = vec![path.to_owned()];
    let (mut newest, mut count) = (None, 0);
    while let Some(path) = open.pop() {
        let Ok(there) = std::fs::symlink_metadata(&path) else { continue };
        newest = newest.max(there.modified().ok());
        count += 1;
        if there.is_dir() {
            open.extend(std::fs::read_dir(&path).into_iter().flatten().flatten().map(|entry| entry.path()));
        }
    }
    (newest, count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_of_the_course_has_its_screen_with_the_map_on_it() {
        let course = Arc::new(Course::embedded().unwrap());
        let sheets = sheets(&course, Theme::MONO).unwrap();
        for lesson in &course.lessons {
            let own = sheets.iter().filter(|sheet| sheet.title.starts_with(&format!("{},", lesson.id))).count();
            assert!(own > lesson.beats.len(), "{}: {own}", lesson.id);
        }
        let of = |title: &str| {
            let found: Vec<String> =
                sheets.iter().filter(|sheet| sheet.title.starts_with(title)).flat_map(Sheet::lines).collect();
            assert!(!found.is_empty(), "no {title}");
            found.join("\n")
        };
        let question = of("app-port, its question");
        assert!(question.contains("What would you bet on?") && question.contains("flaskapp"), "{question}");
        let hints = of("app-port, its hints");
        assert!(hints.contains("Hint 1") && hints.contains("Hint 4"), "{hints}");
        assert!(of("app-port, when it is solved").contains("refused"), "the debrief");
        assert!(sheets.iter().all(|sheet| sheet.lines().len() == 24));
    }
}
