//! Scrolling, panes and tabs.

use crate::tui::{
    hops,
    model::{Focus, Model, Overlay, Tab},
    view::{self, Pane},
};

/// Opens a tab and gives it the keys.
pub fn open_tab(model: &mut Model, tab: Tab) {
    model.tab = tab;
    model.focus = Focus::Side;
}

/// To the chain, at the link that was chosen last, or at the first that is broken.
pub fn go_to_map(model: &mut Model) {
    let links = hops::map(model).links;
    let broken = links.iter().position(|link| link.state == hops::LinkState::Broken);
    let at = model.hop.or(broken).unwrap_or(0).min(links.len().saturating_sub(1));
    choose_link(model, at);
}

/// Along the chain.
pub fn along(model: &mut Model, forward: bool) {
    let count = model.course.hops.len();
    match model.hop.filter(|_| model.focus == Focus::Map) {
        None => go_to_map(model),
        Some(at) if forward => choose_link(model, (at + 1).min(count.saturating_sub(1))),
        Some(at) => choose_link(model, at.saturating_sub(1)),
    }
}

/// To this link of the chain.
pub fn choose_link(model: &mut Model, at: usize) {
    model.focus = Focus::Map;
    model.tab = Tab::Evidence;
    model.hop = Some(at);
    model.scrolls.evidence = Default::default();
    model.evidence_at = 0;
}

/// From the chain into the evidence of its link.
pub fn enter_link(model: &mut Model) {
    model.focus = Focus::Side;
}

/// The other pane; on a narrow screen, the next of lesson and tabs.
pub fn next_pane(model: &mut Model, forward: bool) {
    if model.is_wide() {
        model.focus = match model.focus {
            Focus::Lesson => Focus::Side,
            Focus::Side | Focus::Map => Focus::Lesson,
        };
        return;
    }
    let here = match model.focus {
        Focus::Lesson => 0,
        Focus::Map | Focus::Side => Tab::ALL.iter().position(|tab| *tab == model.tab).unwrap_or(0) + 1,
    };
    let count = Tab::ALL.len() + 1;
    let to = (here + if forward { 1 } else { count - 1 }) % count;
    match to.checked_sub(1) {
        None => model.focus = Focus::Lesson,
        Some(tab) => open_tab(model, Tab::ALL[tab]),
    }
}

/// The next file, answer, changed file or match.
pub fn next_item(model: &mut Model, forward: bool) {
    let step = |at: usize, count: usize| if forward { (at + 1) % count } else { (at + count - 1) % count };
    match model.tab {
        Tab::Files if !model.files.files.is_empty() => {
            model.file_at = step(model.file_at, model.files.files.len());
            model.scrolls.files = Default::default();
        }
        Tab::Evidence => {
            let starts = view::evidence_starts(model);
            if !starts.is_empty() {
                model.evidence_at = step(model.evidence_at.min(starts.len() - 1), starts.len());
                model.scrolls.evidence.top = starts[model.evidence_at];
            }
        }
        Tab::Diff => {
            let starts = view::diff_starts(model);
            let at = starts.iter().rposition(|start| *start <= model.scrolls.diff.top).unwrap_or(0);
            if !starts.is_empty() {
                model.scrolls.diff.top = starts[step(at, starts.len())];
            }
        }
        Tab::Logs => {
            if !model.logs.find(!forward) {
                model.notice = Some("/ searches the logs; ] and [ go to the next match.".to_owned());
            }
        }
        Tab::Files | Tab::Journal => {}
    }
}

/// Shows this piece of evidence first.
pub fn show_evidence(model: &mut Model, id: &str) {
    if let Some(at) = view::evidence_position(model, id) {
        model.evidence_at = at;
        model.scrolls.evidence.top = view::evidence_starts(model).get(at).copied().unwrap_or(0);
    }
}

/// Brings the line that the page speaks of into sight, with what stands above it.
pub fn show_pointed(model: &mut Model) {
    let Some(line) = model.pointed() else { return };
    let height = view::extent(model, Pane::Side).height;
    if line + 1 >= height {
        model.scrolls.files.top = line.saturating_sub(height / 2);
    }
}

/// So many lines down, up where negative. In a list, to the next entry.
pub fn by_lines(model: &mut Model, lines: isize) {
    let lessons = model.course.lessons.len();
    let files = model.files.files.len();
    let running = model.running().len();
    let step = |at: usize, count: usize| at.saturating_add_signed(lines).min(count.saturating_sub(1));
    match &mut model.overlay {
        Some(Overlay::Lessons(at)) => *at = step(*at, lessons),
        Some(Overlay::Files { at, .. }) => *at = step(*at, files),
        Some(Overlay::Shell(at)) => *at = step(*at, running),
        None if model.focus == Focus::Side && model.tab == Tab::Logs => model.logs.scroll(lines),
        _ => {
            let scroll = model.scroll_mut();
            scroll.top = scroll.top.saturating_add_signed(lines);
        }
    }
}

/// So many pages down, up where negative.
pub fn by_pages(model: &mut Model, pages: isize) {
    let height = view::focused_extent(model).height.saturating_sub(1).max(1);
    by_lines(model, pages * isize::try_from(height).unwrap_or(1));
}

/// So many columns to the right, left where negative.
pub fn sideways(model: &mut Model, columns: isize) {
    let scroll = model.scroll_mut();
    scroll.left = scroll.left.saturating_add_signed(columns);
}

/// To the first line.
pub fn to_top(model: &mut Model) {
    if model.overlay.is_none() && model.focus == Focus::Side && model.tab == Tab::Logs {
        model.logs.go_to_top();
    }
    by_lines(model, isize::MIN / 2);
    *model.scroll_mut() = Default::default();
}

/// To the last line.
pub fn to_bottom(model: &mut Model) {
    if model.overlay.is_none() && model.focus == Focus::Side && model.tab == Tab::Logs {
        model.logs.follow();
        return;
    }
    by_lines(model, isize::MAX / 2);
}

/// Shows the end of the lesson's page.
pub fn to_bottom_of_lesson(model: &mut Model) {
    model.scrolls.lesson.top = usize::MAX / 2;
}

/// Brings every scroll back to what there is to see.
pub fn clamp(model: &mut Model) {
    let limit = |extent: view::Extent| extent.total.saturating_sub(extent.height);
    let lesson = limit(view::extent(model, Pane::Lesson));
    let overlay = limit(view::extent(model, Pane::Overlay));
    let side = view::extent(model, Pane::Side);
    let scrolls = &mut model.scrolls;
    scrolls.lesson.top = scrolls.lesson.top.min(lesson);
    scrolls.overlay.top = scrolls.overlay.top.min(overlay);
    let current = match model.tab {
        Tab::Evidence | Tab::Logs => &mut scrolls.evidence,
        Tab::Files => &mut scrolls.files,
        Tab::Diff => &mut scrolls.diff,
        Tab::Journal => &mut scrolls.journal,
    };
    if model.tab != Tab::Logs {
        current.top = current.top.min(limit(side));
    }
    current.left = current.left.min(side.widest.saturating_sub(1));
    if let Some(Overlay::Files { at, .. }) = &mut model.overlay {
        *at = (*at).min(model.files.files.len().saturating_sub(1));
    }
}
