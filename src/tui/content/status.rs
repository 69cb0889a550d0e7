//! The lines between the panes and the next step: work that goes on, what is wrong, what was said.

use ratatui::text::{Line, Span};

use crate::{
    compose::Severity,
    conductor::{ContainerView, EngineStatus},
    engine::ServiceState,
    engine::Step,
    lab::{MakeLive, Stale},
    tui::{
        chain,
        model::{Model, Overlay, WorkView},
        text::{self, Break},
        withheld,
    },
};

/// What there is to say, the most pressing thing only.
pub fn lines(model: &Model, columns: u16) -> Vec<Line<'static>> {
    withheld::lines(model, all(model, columns))
}

fn all(model: &Model, columns: u16) -> Vec<Line<'static>> {
    let theme = model.theme;
    let columns = usize::from(columns);
    if let Some(Overlay::Editor(editor)) = &model.dialog.overlay {
        if let Some(search) = &editor.search {
            return vec![super::lines::input_line(model, " find: ", search, columns)];
        }
        if editor.asks {
            let words = " ! This file has changes that are not saved.";
            return vec![Line::styled(words.to_owned(), theme.attention())];
        }
    }
    match &model.dialog.overlay {
        Some(Overlay::Note(input)) => return vec![super::lines::input_line(model, " note: ", input, columns)],
        Some(Overlay::Search(input)) => return vec![super::lines::input_line(model, " find: ", input, columns)],
        _ => {}
    }
    let notice = model.dialog.notice.as_ref().map(|notice| {
        let words = format!(" {}", text::clean(notice).replace('\n', " "));
        text::wrap(&Line::raw(words), columns.saturating_sub(1), 1, Break::Words)
    });
    if let Some(work) = &model.work.current {
        let mut lines = work_lines(model, work, columns);
        if let Some(notice) = notice {
            lines.truncate(1);
            lines.extend(notice);
        }
        return lines;
    }
    if let Some(notice) = notice {
        return notice;
    }
    if let EngineStatus::Missing(error) = &model.lab.engine {
        let words = format!(" ✗ engine   {}", text::clean(&error.what));
        return vec![Line::styled(text::cut(&words, columns), theme.bad())];
    }
    if let Some(finding) = model.lab.findings.iter().find(|finding| finding.severity != Severity::Warning) {
        let place = &finding.place;
        let what = format!(" ✗ {}:{}  {}", place.file.display(), place.line, text::clean(&finding.message));
        let mut lines = vec![Line::styled(text::cut(&what, columns), theme.bad())];
        if !finding.expected.is_empty() {
            lines.push(Line::raw(text::cut(&format!("   {}", text::clean(&finding.expected)), columns)));
        }
        return lines;
    }
    if model.shows_stale() {
        return stale(model, columns);
    }
    let stopped = |container: &ContainerView| matches!(container.state, ServiceState::Exited | ServiceState::Missing);
    if model.lab.containers.len() > 1 && model.lab.containers.iter().all(stopped) {
        let words = " ! Nothing of the shop runs: it was stopped, or the engine was. u starts it again.";
        return vec![Line::styled(text::cut(words, columns), theme.attention())];
    }
    if let Some(dead) = dead(model) {
        let how = match (dead.state, dead.exit_code) {
            (ServiceState::Restarting, _) => "dies and is started again and again".to_owned(),
            (_, Some(code)) => format!("has ended with exit code {code}"),
            (_, None) => "has ended".to_owned(),
        };
        let words = format!(" ! {} {how}. Its last words are in the logs (2).", dead.service);
        return vec![Line::styled(text::cut(&words, columns), theme.attention())];
    }
    // Told only while it is so: the file still names the port, and the container has the other one.
    let published = model.lab.facts.get(&model.course.roles.fact("proxy.published")).map_or("", String::as_str);
    let moved = model.lab.progress.moved_ports.iter().find(|((service, from), to)| {
        let named = published.split(',').any(|mapping| mapping.rsplit(':').nth(1) == Some(from.to_string().as_str()));
        let there = model.lab.containers.iter().filter(|container| container.service == *service);
        // Another number than the story's would tell what the file says.
        let of_the_story = *from == chain::story_port(&model.course.stack.url) || model.here().is_solved();
        named && of_the_story && there.flat_map(|container| &container.ports).any(|port| port.host == **to)
    });
    if let Some(((service, from), to)) = moved {
        let words = format!(" · Port {from} was not to be had here: {service} is on {to} instead.");
        return vec![Line::raw(text::cut(&words, columns))];
    }
    let done = model.dialog.done.as_ref().map(|done| format!(" ✓ {}", text::clean(done)));
    done.map(|done| Line::styled(text::cut(&done, columns), theme.good())).into_iter().collect()
}

/// The container that has ended and should run, of which the line speaks.
pub fn dead(model: &Model) -> Option<&ContainerView> {
    model.lab.containers.iter().find(|one| has_died(model, one))
}

/// Whether a container has ended and should run.
pub fn has_died(model: &Model, one: &ContainerView) -> bool {
    matches!(one.state, ServiceState::Exited | ServiceState::Restarting)
        && !model.course.may_end(&one.service, one.exit_code)
}

fn stale(model: &Model, columns: usize) -> Vec<Line<'static>> {
    let theme = model.theme;
    // Of several, the one that the learner has just been at.
    let saved_at = |stale: &&Stale| stale.files.iter().filter_map(|file| model.lab.saved.get(file)).max().copied();
    let Some(stale) = model.lab.stale.iter().max_by_key(saved_at) else { return Vec::new() };
    // The newest is the one that is named.
    let mut newest_first: Vec<_> = stale.files.iter().collect();
    newest_first.sort_by_key(|file| std::cmp::Reverse(model.lab.saved.get(*file)));
    let files: Vec<String> = newest_first.iter().map(|file| file.display().to_string()).collect();
    let (what, was) = match files.as_slice() {
        [] => ("A file".to_owned(), "was"),
        [one] => (one.clone(), "was"),
        [one, other] => (format!("{one} and {other}"), "were"),
        [one, rest @ ..] => (format!("{one} and {} more files", rest.len()), "were"),
    };
    let when = saved_at(&stale).map(|at| format!(" {} ago", text::span(model.now.saturating_sub(at))));
    let container = model.lab.containers.iter().find(|container| container.service == stale.service);
    let since = container.and_then(|container| container.started_at);
    let them = if was == "was" { "it" } else { "them" };
    let saved = format!(" ! {what} {was} saved{}.", when.unwrap_or_default());
    let counted = if files.len() == 1 { "A file".to_owned() } else { format!("{} files", files.len()) };
    let service = &stale.service;
    let since = since.map(|at| {
        format!("{service}, started {} ago, does not have {them}.", text::span(model.now.saturating_sub(at)))
    });
    // As much of it as one line holds.
    let first = since
        .map(|since| format!("{saved} {since}"))
        .into_iter()
        .chain([format!("{saved} {service} does not have {them} yet.")])
        .find(|line| text::width(line) <= columns)
        .unwrap_or_else(|| format!(" ! {counted} {was} saved. {service} does not have {them} yet."));
    let why = match stale.action {
        MakeLive::Rebuild => "   The source is copied into the image when it is built: so build it anew.",
        MakeLive::Recreate => "   A container keeps what it was made with: make it anew, a restart won't do.",
        MakeLive::Restart => "   A program reads its files when it starts: so start it again.",
        MakeLive::Reload => "   nginx reads its files when it starts, or when it is told to.",
    };
    vec![Line::styled(text::cut(&text::clean(&first), columns), theme.attention()), Line::raw(text::cut(why, columns))]
}

/// The work that goes on: each subject that is not done, the last one first where there is little room.
pub fn work_lines(model: &Model, view: &WorkView, columns: usize) -> Vec<Line<'static>> {
    let theme = model.theme;
    let elapsed = model.now.saturating_sub(view.since);
    let seconds = format!("{:.1} s", (elapsed / 100) as f64 / 10.0);
    let open: Vec<&Step> = view.steps.iter().filter(|step| !step.finished).collect();
    let tail = format!("  {seconds}   Esc stops ");
    if open.is_empty() {
        let words = text::cut(
            &format!(" {} {}", spinner(elapsed), text::clean(&view.work.label)),
            columns.saturating_sub(text::width(&tail)),
        );
        return vec![Line::from(vec![Span::styled(words, theme.attention()), Span::raw(tail)])];
    }
    let subjects = open.iter().map(|step| text::width(&step.subject)).max().unwrap_or(0).min(20);
    let verbs = open.iter().map(|step| text::width(step.verb)).max().unwrap_or(0);
    open.iter()
        .rev()
        .enumerate()
        .map(|(index, step)| {
            let head = format!(
                " {} {}  {}  ",
                spinner(elapsed),
                text::pad(&text::clean(&step.subject), subjects),
                text::pad(step.verb, verbs)
            );
            let tail = if index == 0 { tail.clone() } else { String::new() };
            let room = columns.saturating_sub(text::width(&head) + text::width(&tail));
            let detail = match step.amount {
                Some((done, total)) if total > 0 => amount(done, total, &step.detail, room),
                _ => text::clean(&step.detail).replace('\n', " "),
            };
            Line::from(vec![
                Span::styled(head, theme.attention()),
                Span::raw(text::pad(&detail, text::width(&detail).min(room))),
                Span::styled(tail, theme.faint()),
            ])
        })
        .collect()
}

/// `████████░░░░  61 %  92 of 151 MB`.
fn amount(done: u64, total: u64, detail: &str, room: usize) -> String {
    const CELLS: u64 = 20;
    let done = done.min(total);
    let filled = usize::try_from(done.saturating_mul(CELLS) / total).unwrap_or(0);
    let cells = usize::try_from(CELLS).unwrap_or(0);
    let bar = format!("{}{}", "█".repeat(filled), "░".repeat(cells - filled));
    let percent = done.saturating_mul(100) / total;
    let sizes =
        if total > 10_000 { format!("  {} of {}", text::bytes(done), text::bytes(total)) } else { String::new() };
    let whole = format!("{bar}  {percent:>3} %{sizes}  {}", text::clean(detail).replace('\n', " "));
    if text::width(&whole) <= room { whole } else { text::cut(&format!("{percent:>3} %{sizes}"), room) }
}

fn spinner(elapsed: u64) -> char {
    const FRAMES: [char; 8] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧'];
    FRAMES[usize::try_from(elapsed / 250).unwrap_or(0) % FRAMES.len()]
}
