//! The speaker's notes, in a terminal of their own: `breakfix demo --notes` reads a small file that the demo writes into its lab.
//! Either may be started first.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use ratatui::{
    Frame,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};
use serde::{Deserialize, Serialize};

use super::{
    keymap,
    model::{Model, Source},
    view::headline,
};
use crate::{
    course::{Course, Prediction, TalkBeat},
    error::Result,
    journal::now_ms,
    tui::{
        events::Signals,
        markdown,
        terminal::Terminal,
        text::{self, Break},
        theme::Theme,
    },
};

/// How often the file is looked at.
const LOOK: Duration = Duration::from_millis(200);
/// A demo that has not written for so long is gone: it writes every second or two.
const SILENT_MS: u64 = 6_000;
/// How often the demo writes, even when nothing changes.
pub const HEARTBEAT: Duration = Duration::from_secs(2);

/// Where the demo is, as the notes need it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Place {
    /// When the talk began.
    pub started: u64,
    /// When this was written.
    pub written: u64,
    /// The beat.
    pub beat: usize,
    /// Since when it is shown.
    pub since: u64,
    /// The aside that is shown in its stead.
    pub aside: Option<String>,
    /// The room does not know it yet.
    #[serde(default)]
    pub sealed: bool,
    /// What the wrong turn of the aside is about.
    pub explain: Option<String>,
    /// How the shop is.
    pub shop: String,
    /// It is a recording that is shown.
    pub recorded: bool,
    /// The demo was left.
    pub over: bool,
}

impl Place {
    /// Out of the demo's model.
    pub fn of(model: &Model) -> Self {
        let aside = model.aside();
        let turn = aside.and_then(|item| model.course.turn(item.turn.as_deref()?));
        let report = model.shop.progress.last_report.as_ref().filter(|_| model.shop.is_settled());
        let shop = match (report, &model.shop.doing) {
            (_, Some(doing)) => doing.label.clone(),
            (Some(report), None) => headline(&model.course, report),
            (None, None) => "…".to_owned(),
        };
        Self {
            started: model.started,
            written: 0,
            beat: model.beat_index(),
            since: model.since,
            aside: aside.map(|item| item.title.clone()),
            sealed: model.sealed,
            explain: turn
                .map(|(_, turn)| {
                    let named = report.and_then(|report| report.wrong_turns.iter().find(|named| named.id == turn.id));
                    named.and_then(|named| named.explain.clone()).unwrap_or_else(|| turn.explain.clone())
                })
                .or_else(|| {
                    let fault = model.fault(aside?)?;
                    Some([&*fault.cause, &fault.tell, &fault.way].map(str::trim).join("\n\n"))
                }),
            shop,
            recorded: model.source != Source::Live,
            over: model.leaving,
        }
    }

    /// Writes it, as a whole or not at all. A disk that is full does not end a talk.
    pub fn write(&self, lab: &Path) {
        let path = file(lab);
        let Ok(text) = serde_json::to_string(self) else { return };
        let new = path.with_extension("new");
        if let Err(error) = fs::write(&new, text).and_then(|()| fs::rename(&new, &path)) {
            tracing::debug!(%error, "no notes");
        }
    }

    fn read(lab: &Path) -> Option<Self> {
        serde_json::from_str(&fs::read_to_string(file(lab)).ok()?).ok()
    }
}

fn file(lab: &Path) -> PathBuf {
    lab.join(".breakfix").join("demo.json")
}

/// Shows the notes until q.
///
/// # Errors
/// Usage: no terminal. Environment: it is gone.
pub async fn run(course: Arc<Course>, beats: Vec<TalkBeat>, lab: PathBuf, theme: Theme) -> Result<()> {
    use crossterm::event::{Event, EventStream, KeyCode, KeyModifiers};
    use futures_util::StreamExt as _;
    let mut terminal = Terminal::take()?;
    let mut keys = EventStream::new();
    let mut signals = Signals::new()?;
    let mut shown = None;
    loop {
        let place = Place::read(&lab);
        let now = now_ms();
        let picture = (place.clone(), now / 1000, terminal.size());
        if shown.as_ref() != Some(&picture) {
            let gone = |error| crate::error::Error::environment("the terminal is gone").because(error);
            terminal.draw(|frame| view(&course, &beats, place.as_ref(), &lab, now, theme, frame)).map_err(gone)?;
            shown = Some(picture);
        }
        tokio::select! {
            event = keys.next() => match event {
                Some(Ok(Event::Key(key))) => {
                    let interrupt = key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
                    if interrupt || matches!(key.code, KeyCode::Char('q') | KeyCode::Esc) {
                        return Ok(());
                    }
                }
                Some(Ok(_)) => {}
                _ => return Ok(()),
            },
            _ = signals.next() => return Ok(()),
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// Draws the notes.
pub fn view(
    course: &Course,
    beats: &[TalkBeat],
    place: Option<&Place>,
    lab: &Path,
    now: u64,
    theme: Theme,
    frame: &mut Frame<'_>,
) {
    let area = frame.area();
    let inner = Rect { x: area.x + 2.min(area.width), width: area.width.saturating_sub(4), ..area };
    let alive = place.filter(|place| !place.over && now.saturating_sub(place.written) < SILENT_MS);
    let mut lines = match alive {
        Some(place) => notes(course, beats, place, now, theme, usize::from(inner.width)),
        None => vec![
            Line::default(),
            Line::styled("Waiting for the demo", theme.strong()),
            Line::default(),
            Line::raw(format!("in {}: start it in another terminal,", lab.display())),
            Line::default(),
            Line::styled("  breakfix demo", theme.command()),
        ],
    };
    let keys = keys(theme, usize::from(inner.width));
    let room = usize::from(area.height).saturating_sub(keys.len() + 1);
    lines.truncate(room);
    for (row, line) in (0..area.height).zip(&lines) {
        frame.buffer_mut().set_line(inner.x, area.y + row, line, inner.width);
    }
    let top = area.bottom().saturating_sub(u16::try_from(keys.len()).unwrap_or(2));
    for (row, line) in (top..area.bottom()).zip(&keys) {
        frame.buffer_mut().set_line(inner.x, row, line, inner.width);
    }
}

fn notes(
    course: &Course,
    beats: &[TalkBeat],
    place: &Place,
    now: u64,
    theme: Theme,
    columns: usize,
) -> Vec<Line<'static>> {
    let name = |beat: &TalkBeat| name(course, beat);
    let clock = |since: u64| {
        let seconds = now.saturating_sub(since) / 1000;
        format!("{}:{:02}", seconds / 60, seconds % 60)
    };
    let mark = if place.recorded { "   the recorded run" } else { "" };
    let mut lines = vec![
        Line::from(vec![
            Span::styled(clock(place.started), theme.strong()),
            Span::raw(format!("   beat {} of {}   here for {}", place.beat + 1, beats.len(), clock(place.since))),
            Span::styled(mark, theme.attention()),
        ]),
        Line::styled(text::cut(&format!("the shop: {}", text::clean(&place.shop)), columns), theme.faint()),
        Line::default(),
    ];
    let beat = beats.get(place.beat);
    let paragraph = |lines: &mut Vec<Line<'static>>, words: &str| {
        lines.extend(markdown::render(words, theme, columns));
        lines.push(Line::default());
    };
    match &place.aside {
        Some(title) => {
            lines.push(Line::styled(format!("An aside: {title}"), theme.strong()));
            if place.sealed {
                lines.push(Line::styled("The room does not know it: Space in the demo opens it.", theme.attention()));
            }
            lines.push(Line::default());
            paragraph(&mut lines, place.explain.as_deref().unwrap_or("Space goes back to the talk."));
        }
        None => {
            lines.push(Line::styled(beat.map(name).unwrap_or_default(), theme.strong()));
            lines.push(Line::default());
            paragraph(&mut lines, beat.map_or("", |beat| beat.notes.as_str()));
            if let Some(asked) = beat.and_then(|beat| question(course, beat))
                && let Some(right) = asked.choices.iter().find(|choice| choice.right)
            {
                paragraph(&mut lines, &format!("**Right:** {}. {}", right.text.trim_end_matches('.'), right.because));
            }
            for question in beat.map(|beat| beat.questions.as_slice()).unwrap_or_default() {
                let line = Line::from(vec![Span::styled("?  ", theme.attention()), Span::raw(question.clone())]);
                lines.extend(text::wrap(&line, columns, 3, Break::Words));
            }
            lines.push(Line::default());
        }
    }
    let next = if place.aside.is_some() { place.beat } else { place.beat + 1 };
    let after = match beats.get(next) {
        Some(beat) => name(beat),
        None => "the end".to_owned(),
    };
    let after = Line::from(vec![Span::styled("next  ", theme.faint()), Span::raw(after)]);
    lines.extend(text::wrap(&after, columns, 6, Break::Words));
    if let Some(line) = beats.get(next).and_then(|beat| beat.notes.lines().next()) {
        lines.extend(text::wrap(&Line::styled(format!("      {line}"), theme.faint()), columns, 6, Break::Words));
    }
    lines
}

/// What a beat is called: its title, else what it asks.
fn name(course: &Course, beat: &TalkBeat) -> String {
    match question(course, beat) {
        _ if !beat.title.is_empty() => beat.title.clone(),
        Some(asked) => asked.question.replace(['`', '*'], ""),
        None => beat.id.clone(),
    }
}

/// The question that a beat puts, or answers.
fn question<'a>(course: &'a Course, beat: &TalkBeat) -> Option<&'a Prediction> {
    let id = beat.ask.as_deref().or(beat.reveal.as_deref())?;
    course.lesson(id)?.prediction.as_ref()
}

fn keys(theme: Theme, columns: usize) -> Vec<Line<'static>> {
    let words = keymap::bar(keymap::Place::Talk).into_iter().map(|row| format!("{} {}", row.keys[0].name(), row.label));
    let line = Line::styled(format!("in the demo:  {}", words.collect::<Vec<_>>().join("   ")), theme.faint());
    let mut lines = text::wrap(&line, columns, 14, Break::Words);
    lines.push(Line::styled("here:  q close", Style::new().patch(theme.faint())));
    lines
}

#[cfg(test)]
mod tests {
    use ratatui::{Terminal, backend::TestBackend};

    use super::*;

    fn picture(place: Option<&Place>, now: u64) -> String {
        let course = Course::embedded().unwrap();
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
        let beats = course.talk_beats();
        let draw = |frame: &mut Frame<'_>| view(&course, &beats, place, Path::new("./x"), now, Theme::MONO, frame);
        terminal.draw(draw).unwrap();
        terminal.backend().to_string()
    }

    #[test]
    fn the_notes_hold_what_a_speaker_needs() {
        let course = Course::embedded().unwrap();
        let beats = course.talk_beats();
        let at = beats.iter().position(|beat| beat.id == "refused").unwrap();
        let place = Place { started: 1_000, written: 100_000, beat: at, since: 91_000, ..Place::default() };
        let shown = picture(Some(&place), 101_000);
        for words in [
            "1:40",
            "here for 0:10",
            "Refused",
            "Take the word literally",
            "?  How far did our call get?",
            "Read it aloud",
            "Space next",
        ] {
            assert!(shown.contains(words), "{words}\n{shown}");
        }
    }

    #[test]
    fn a_question_is_called_by_its_words_and_its_right_answer_is_there() {
        let course = Course::embedded().unwrap();
        let beats = course.talk_beats();
        for (at, beat) in beats.iter().enumerate() {
            let Some(asked) = question(&course, beat) else { continue };
            let place = Place { written: 100_000, beat: at, ..Place::default() };
            let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>().join(" ");
            let lines = notes(&course, &beats, &place, 100_000, Theme::MONO, 76);
            let shown = words(&lines.iter().map(|line| format!("{line} ")).collect::<String>());
            let right = asked.choices.iter().find(|choice| choice.right).unwrap();
            let plain = right.text.replace(['`', '*'], "");
            assert!(shown.contains(&format!("Right: {}", plain.trim_end_matches('.'))), "{}\n{shown}", beat.id);
            if beat.title.is_empty() {
                assert!(shown.contains(&words(&asked.question.replace(['`', '*'], ""))), "{shown}");
            }
        }
    }

    #[test]
    fn a_demo_that_is_not_there_is_waited_for() {
        let place = Place { written: 100_000, ..Place::default() };
        for (place, now) in
            [(None, 0), (Some(&place), 100_000 + SILENT_MS), (Some(&Place { over: true, ..place.clone() }), 100_001)]
        {
            assert!(picture(place, now).contains("Waiting for the demo"));
        }
        assert!(!picture(Some(&place), 100_001).contains("Waiting"));
    }

    #[test]
    fn what_the_demo_writes_is_read() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join(".breakfix")).unwrap();
        assert_eq!(Place::read(dir.path()), None);
        let place = Place { beat: 3, aside: Some("x".into()), ..Place::default() };
        place.write(dir.path());
        assert_eq!(Place::read(dir.path()), Some(place));
    }
}
