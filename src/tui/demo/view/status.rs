//! The two lines at the bottom: what goes on or what it came to, and the keys.

use ratatui::{
    style::Style,
    text::{Line, Span},
};

use crate::{
    conductor::EngineStatus,
    course::Course,
    diagnosis::{Report, Status},
    tui::{
        demo::{
            keymap,
            model::{Model, Source},
            scene::works,
            shop::{Phase, Shop},
        },
        text,
        theme::Theme,
        withheld,
    },
};

/// What a verdict comes to, in a few words.
pub fn headline(course: &Course, report: &Report) -> String {
    if works(course, report) {
        return "everything works".to_owned();
    }
    if let Some(hop) = report.hops.iter().find(|hop| hop.status == Status::Fail) {
        let ends = course.hops.iter().find(|known| known.id == hop.id);
        let ends = ends.map_or(hop.id.clone(), |known| format!("{} → {}", known.from, known.to));
        return format!("{ends}: {}", hop.observed);
    }
    match report.checks.iter().find(|check| check.status == Status::Fail) {
        Some(check) => format!("not so: {} ({})", check.label, check.observed),
        None => report.reason().unwrap_or("could not tell").to_owned(),
    }
}

/// What goes on, or what it came to.
pub fn line(model: &Model, columns: usize) -> Line<'static> {
    let (symbol, style, words) = if model.source == Source::Journal { journal(model) } else { shop(model) };
    let words = text::clean(&words).replace('\n', " ");
    let mut spans = vec![Span::styled(format!(" {symbol} "), style)];
    let more = by_itself(model).map(|more| format!("   {more}"));
    let room = columns.saturating_sub(5 + more.as_deref().map_or(0, text::width));
    spans.push(Span::styled(text::cut(&words, room), style));
    spans.extend(more.map(|more| Span::styled(more, model.theme.faint())));
    Line::from(spans)
}

/// What happens without a hand on the keys, where it does.
fn by_itself(model: &Model) -> Option<String> {
    let at = model.auto_at.filter(|_| model.overlay.is_none())?;
    let seconds = at.saturating_sub(model.now).div_ceil(1000);
    Some(format!("by itself: in {seconds} s the shop is put into the next beat's state"))
}

fn shop(model: &Model) -> (&'static str, Style, String) {
    let theme = model.theme;
    if model.leaving {
        let words = if model.taking_down { "taking the shop down" } else { "closing" };
        return ("…", theme.attention(), words.to_owned());
    }
    let Some(wanted) = &model.shop.wanted else { return (" ", Style::new(), String::new()) };
    let unknown = model.source == Source::Recorded && model.shop.pending.is_empty();
    match &wanted.phase {
        Phase::Typing { .. } => ("✎", theme.attention(), "an edit".to_owned()),
        Phase::Staging | Phase::Working if unknown => {
            ("?", theme.attention(), model.shop.notice.clone().unwrap_or_default())
        }
        Phase::Waiting => waiting(&model.shop, theme),
        Phase::Staging | Phase::Working => ("…", theme.attention(), doing(model)),
        Phase::Settled { took, declared } => {
            let report = model.shop.progress.last_report.as_ref();
            let words = report.map(|report| headline(&model.course, report)).unwrap_or_default();
            let hop = report.and_then(|report| report.hops.iter().find(|hop| hop.status == Status::Fail));
            let kept_back = model.keeps_back(hop.map_or("", |hop| &hop.id), &words);
            let words = if kept_back { withheld::LONG.to_owned() } else { words };
            let works = report.is_some_and(|report| works(&model.course, report));
            // A recording has its pauses cut.
            let seconds = if model.source == Source::Live {
                format!("   ({:.1} s)", *took as f64 / 1000.0)
            } else {
                String::new()
            };
            if let Some(trouble) = wanted.trouble.as_ref().filter(|_| !model.sealed) {
                // The links show what came of it; why, only this tells.
                let what = trouble.why.first().map_or(trouble.what.clone(), |why| format!("{}: {why}", trouble.what));
                let again = key(keymap::Command::Again);
                (if *declared { "✗" } else { "!" }, theme.bad(), format!("{what}   ({again}  again)"))
            } else if *declared && kept_back {
                ("?", theme.faint(), words)
            } else if *declared {
                let (symbol, style) = if works { ("✓", theme.good()) } else { ("✗", theme.bad()) };
                (symbol, style, format!("{words}{seconds}"))
            } else {
                let again = key(keymap::Command::Again);
                ("!", theme.attention(), format!("not what this beat tells of: {words}   ({again}  again)"))
            }
        }
        Phase::Failed(error) => {
            let (again, source) = (key(keymap::Command::Again), key(keymap::Command::Source));
            ("✗", theme.bad(), format!("{}   ({again}  again · {source}  the recorded run)", error.what))
        }
    }
}

fn key(command: keymap::Command) -> String {
    keymap::TABLE.iter().find(|row| row.command == command).map(|row| row.keys[0].name()).unwrap_or_default()
}

fn waiting(shop: &Shop, theme: Theme) -> (&'static str, Style, String) {
    match &shop.engine {
        EngineStatus::Looking => ("…", theme.attention(), "looking for Docker".to_owned()),
        EngineStatus::Here(_) => ("…", theme.attention(), "about to begin".to_owned()),
        EngineStatus::Missing(error) => {
            let source = key(keymap::Command::Source);
            ("✗", theme.bad(), format!("{}   ({source}  the recorded run)", error.what))
        }
    }
}

fn doing(model: &Model) -> String {
    match &model.shop.doing {
        Some(doing) => {
            let seconds = model.now.saturating_sub(doing.since) / 1000;
            let step = if doing.step.is_empty() { String::new() } else { format!(": {}", doing.step) };
            let waited = if seconds > 0 { format!("   {seconds} s") } else { String::new() };
            format!("{}{}{waited}", doing.label, text::cut(&step, 50))
        }
        None => "saving".to_owned(),
    }
}

fn journal(model: &Model) -> (&'static str, Style, String) {
    let theme = model.theme;
    let Some(replay) = &model.replay else { return (" ", Style::new(), String::new()) };
    let state = if replay.is_over() {
        "the end"
    } else if replay.playing {
        "playing"
    } else {
        "stopped"
    };
    let doing = model.shop.doing.as_ref().map(|doing| format!("   {}", doing.label)).unwrap_or_default();
    let speed = replay.speed();
    let speed =
        if speed.is_multiple_of(100) { format!("{}×", speed / 100) } else { format!("{:.2}×", speed as f64 / 100.0) };
    ("▸", theme.attention(), format!("{state}, {speed}   {}{doing}", replay.name))
}

/// The keys that hold here.
pub fn keys(model: &Model, columns: usize) -> Line<'static> {
    let theme = model.theme;
    let mut spans = vec![Span::raw(" ")];
    let mut used = 1;
    for row in keymap::bar(model.place()) {
        let key = row.keys[0].name();
        let wide = text::width(&key) + text::width(row.label) + 3;
        if used + wide > columns {
            break;
        }
        used += wide;
        spans.push(Span::styled(key, theme.command()));
        spans.push(Span::raw(format!(" {}  ", row.label)));
    }
    Line::from(spans)
}
