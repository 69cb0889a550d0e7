//! Scrolling, panes and tabs.

use crate::{
    course::Hop,
    diagnosis::Status,
    tui::{
        chain, content,
        layout::{self, Extent, Pane},
        model::{Focus, Model, Overlay, Tab},
    },
};

/// Opens a tab and gives it the keys.
pub fn open_tab(model: &mut Model, tab: Tab) {
    model.nav.tab = tab;
    model.nav.focus = Focus::Side;
}

/// To the chain, at the link that was chosen last, or at the first that is broken.
pub fn go_to_map(model: &mut Model) {
    let links = chain::map(model).links;
    let failed = |hop: &Hop| {
        let report = model.lab.progress.last_report.as_ref();
        let verdict = report.and_then(|report| report.hops.iter().find(|verdict| verdict.id == hop.id));
        verdict.is_some_and(|verdict| verdict.status == Status::Fail)
    };
    let broken = links.iter().position(|link| link.state == chain::LinkState::Broken);
    let broken = broken.or_else(|| model.course.hops.iter().position(failed));
    let at = model.nav.hop.or(broken).unwrap_or(0).min(links.len().saturating_sub(1));
    choose_link(model, at);
}

/// Along the chain.
pub fn along(model: &mut Model, forward: bool) {
    let count = model.course.hops.len();
    match model.nav.hop.filter(|_| model.nav.focus == Focus::Map) {
        None => go_to_map(model),
        Some(at) if forward => choose_link(model, (at + 1).min(count.saturating_sub(1))),
        Some(at) => choose_link(model, at.saturating_sub(1)),
    }
}

/// To this link of the chain. Who turns to it has asked for what is known of it.
pub fn choose_link(model: &mut Model, at: usize) {
    model.nav.opened.insert(at);
    model.nav.focus = Focus::Map;
    model.nav.tab = Tab::Evidence;
    model.nav.hop = Some(at);
    model.nav.scrolls.evidence = Default::default();
    model.nav.evidence_at = 0;
}

/// From the chain into the evidence of its link.
pub fn enter_link(model: &mut Model) {
    model.nav.focus = Focus::Side;
}

/// The other pane; on a narrow screen, the next of lesson and tabs.
pub fn next_pane(model: &mut Model, forward: bool) {
    if model.is_wide() {
        model.nav.focus = match model.nav.focus {
            Focus::Lesson => Focus::Side,
            Focus::Side | Focus::Map => Focus::Lesson,
        };
        return;
    }
    let here = match model.nav.focus {
        Focus::Lesson => 0,
        Focus::Map | Focus::Side => Tab::ALL.iter().position(|tab| *tab == model.nav.tab).unwrap_or(0) + 1,
    };
    let count = Tab::ALL.len() + 1;
    let to = (here + if forward { 1 } else { count - 1 }) % count;
    match to.checked_sub(1) {
        None => model.nav.focus = Focus::Lesson,
        Some(tab) => open_tab(model, Tab::ALL[tab]),
    }
}

/// The next file, answer, changed file or match.
pub fn next_item(model: &mut Model, forward: bool) {
    let step = |at: usize, count: usize| if forward { (at + 1) % count } else { (at + count - 1) % count };
    match model.nav.tab {
        Tab::Files if !model.lab.files.files.is_empty() => {
            model.nav.file_at = step(model.nav.file_at, model.lab.files.files.len());
            model.nav.scrolls.files = Default::default();
        }
        Tab::Evidence => {
            let starts = content::evidence::starts(model, layout::side_columns(model));
            if !starts.is_empty() {
                model.nav.evidence_at = step(model.nav.evidence_at.min(starts.len() - 1), starts.len());
                model.nav.scrolls.evidence.top = starts[model.nav.evidence_at];
            }
        }
        Tab::Diff => {
            let starts = content::diff::starts(model);
            let at = starts.iter().rposition(|start| *start <= model.nav.scrolls.diff.top).unwrap_or(0);
            if !starts.is_empty() {
                model.nav.scrolls.diff.top = starts[step(at, starts.len())];
            }
        }
        Tab::Logs => {
            if !model.lab.logs.find(!forward) {
                model.dialog.notice = Some("/ searches the logs; ] and [ go to the next match.".to_owned());
            }
        }
        Tab::Files | Tab::Journal => {}
    }
}

/// Shows this piece of evidence first.
pub fn show_evidence(model: &mut Model, id: &str) {
    if let Some(at) = content::evidence_list::position(model, id) {
        model.nav.evidence_at = at;
        model.nav.scrolls.evidence.top =
            content::evidence::starts(model, layout::side_columns(model)).get(at).copied().unwrap_or(0);
    }
}

/// Brings the line that the page speaks of into sight, with what stands above it.
pub fn show_pointed(model: &mut Model) {
    let Some(line) = model.pointed() else { return };
    let height = layout::extent(model, Pane::Side).height;
    if line + 1 >= height {
        model.nav.scrolls.files.top = line.saturating_sub(height / 2);
    }
}

/// So many lines down, up where negative. In a list, to the next entry.
pub fn by_lines(model: &mut Model, lines: isize) {
    let lessons = model.course.lessons.len();
    let files = model.lab.files.files.len();
    let running = model.running().len();
    let others = model.others.len();
    let step = |at: usize, count: usize| at.saturating_add_signed(lines).min(count.saturating_sub(1));
    match &mut model.dialog.overlay {
        Some(Overlay::Lessons(at)) => *at = step(*at, lessons),
        Some(Overlay::Files { at, .. }) => *at = step(*at, files),
        Some(Overlay::Shell(at)) => *at = step(*at, running),
        Some(Overlay::Courses(at)) => *at = step(*at, others),
        None if model.nav.focus == Focus::Side && model.nav.tab == Tab::Logs => model.lab.logs.scroll(lines),
        _ => {
            let scroll = model.scroll_mut();
            scroll.top = scroll.top.saturating_add_signed(lines);
        }
    }
}

/// So many pages down, up where negative.
pub fn by_pages(model: &mut Model, pages: isize) {
    let height = layout::focused_extent(model).height.saturating_sub(1).max(1);
    by_lines(model, pages * isize::try_from(height).unwrap_or(1));
}

/// So many columns to the right, left where negative.
pub fn sideways(model: &mut Model, columns: isize) {
    let scroll = model.scroll_mut();
    scroll.left = scroll.left.saturating_add_signed(columns);
}

/// To the first line.
pub fn to_top(model: &mut Model) {
    if model.dialog.overlay.is_none() && model.nav.focus == Focus::Side && model.nav.tab == Tab::Logs {
        model.lab.logs.go_to_top();
    }
    by_lines(model, isize::MIN / 2);
    *model.scroll_mut() = Default::default();
}

/// To the last line.
pub fn to_bottom(model: &mut Model) {
    if model.dialog.overlay.is_none() && model.nav.focus == Focus::Side && model.nav.tab == Tab::Logs {
        model.lab.logs.follow();
        return;
    }
    by_lines(model, isize::MAX / 2);
}

/// Shows the newest hint of the lesson's page from its first line on; where all of it fits below what is above, as much of that.
pub fn to_last_hint(model: &mut Model) {
    let extent = layout::extent(model, Pane::Lesson);
    let at = content::lesson::last_hint(model, layout::lesson_columns(model));
    model.nav.scrolls.lesson.top = at.unwrap_or(extent.total).min(extent.total.saturating_sub(extent.height));
}

/// Brings every scroll back to what there is to see.
pub fn clamp(model: &mut Model) {
    let limit = |extent: Extent| extent.total.saturating_sub(extent.height);
    let lesson = limit(layout::extent(model, Pane::Lesson));
    let overlay = limit(layout::extent(model, Pane::Overlay));
    let side = layout::extent(model, Pane::Side);
    let scrolls = &mut model.nav.scrolls;
    scrolls.lesson.top = scrolls.lesson.top.min(lesson);
    scrolls.overlay.top = scrolls.overlay.top.min(overlay);
    let current = match model.nav.tab {
        Tab::Evidence | Tab::Logs => &mut scrolls.evidence,
        Tab::Files => &mut scrolls.files,
        Tab::Diff => &mut scrolls.diff,
        Tab::Journal => &mut scrolls.journal,
    };
    if model.nav.tab != Tab::Logs {
        current.top = current.top.min(limit(side));
    }
    current.left = current.left.min(side.widest.saturating_sub(1));
    if let Some(Overlay::Files { at, .. }) = &mut model.dialog.overlay {
        *at = (*at).min(model.lab.files.files.len().saturating_sub(1));
    }
}
