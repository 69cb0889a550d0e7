//! Where everything is, how much of it there is, and how far it can be scrolled. The picture is drawn by it, and keys scroll by it.

use ratatui::{layout::Rect, text::Line};

use super::{
    content,
    model::{Focus, Model, Overlay, Screen, Tab},
};

/// Where everything is.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    pub header: Rect,
    pub map: Rect,
    pub panes: Rect,
    pub lesson: Option<Rect>,
    pub side: Option<Rect>,
    pub status: Rect,
    pub next: Rect,
    pub keys: Rect,
}

/// Where everything is on an area of this size.
pub fn layout(model: &Model, area: Rect) -> Layout {
    // White space where there is room for it.
    let roomy = area.height >= 32;
    let branches = content::branch_rows(model, usize::from(area.width));
    // Half of a small screen is the lesson's.
    let branches = u16::try_from(branches).unwrap_or(0).min(area.height / 12);
    let map_rows = if area.height >= 22 { 3 + branches } else { 2 };
    let status_rows =
        u16::try_from(content::status_lines(model, area.width).len()).unwrap_or(1).clamp(1, status_limit(model, area));
    let row = |y: u16, height: u16| Rect { x: area.x, y: area.y + y, width: area.width, height };
    let map_top = 1 + u16::from(roomy);
    let panes_top = map_top + map_rows;
    let below = status_rows + 2;
    let panes = row(panes_top, area.height.saturating_sub(panes_top + below));
    let bottom = panes_top + panes.height;
    let (lesson, side) = if area.width >= 100 {
        let left = (area.width / 2).min(90);
        let lesson = Rect { width: left, ..panes };
        let side = Rect { x: panes.x + left, width: panes.width - left, ..panes };
        (Some(lesson), Some(side))
    } else if model.nav.focus == Focus::Lesson {
        (Some(panes), None)
    } else {
        (None, Some(panes))
    };
    Layout {
        header: row(0, 1),
        map: row(map_top, map_rows),
        panes,
        lesson,
        side,
        status: row(bottom, status_rows),
        next: row(bottom + status_rows, 1),
        keys: row(bottom + status_rows + 1, 1),
    }
}

/// What lies under a place of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spot {
    /// A link of the chain.
    Link(usize),
    /// A tab's title.
    Tab(Tab),
    /// The lesson.
    Lesson,
    /// The open tab.
    Side,
}

/// What lies there.
pub fn spot(model: &Model, column: u16, row: u16) -> Option<Spot> {
    if model.is_tiny() {
        return None;
    }
    let layout = layout(model, Rect { x: 0, y: 0, width: model.size.0, height: model.size.1 });
    let place = ratatui::layout::Position { x: column, y: row };
    if layout.map.contains(place) {
        let at = (usize::from(column), usize::from(row - layout.map.y));
        return content::link_at(model, usize::from(layout.map.width), at).map(Spot::Link);
    }
    let titles = layout.side.filter(|_| model.is_wide()).unwrap_or(layout.panes);
    if row == titles.y && titles.contains(place) {
        return tab_at(model, usize::from(column - titles.x));
    }
    if layout.lesson.is_some_and(|area| area.contains(place)) {
        return Some(Spot::Lesson);
    }
    layout.side.is_some_and(|area| area.contains(place)).then_some(Spot::Side)
}

fn status_limit(model: &Model, area: Rect) -> u16 {
    let limit = match area.height {
        0..20 => 1,
        20..30 => 2,
        _ => 4,
    };
    // What is said once is said to its end, and is gone with the next key.
    limit + u16::from(model.dialog.notice.is_some())
}

/// A part of the screen that scrolls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pane {
    /// The lesson.
    Lesson,
    /// The open tab.
    Side,
    /// What lies over the screen.
    Overlay,
}

/// How much there is to see, and how much of it is shown at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Extent {
    /// Lines in all.
    pub total: usize,
    /// Lines that are shown.
    pub height: usize,
    /// Columns of the widest line, where lines are not wrapped.
    pub widest: usize,
}

fn whole(model: &Model) -> Rect {
    Rect { x: 0, y: 0, width: model.size.0, height: model.size.1 }
}

/// A pane without its border and the blank inside it.
pub fn inner(area: Rect) -> Rect {
    Rect {
        x: area.x.saturating_add(2).min(area.right()),
        y: area.y.saturating_add(1).min(area.bottom()),
        width: area.width.saturating_sub(4),
        height: area.height.saturating_sub(2),
    }
}

/// Columns that the open tab has for its text.
pub fn side_columns(model: &Model) -> usize {
    let layout = layout(model, whole(model));
    usize::from(inner(layout.side.unwrap_or(layout.panes)).width)
}

/// Columns that the lesson's page has for its text.
pub fn lesson_columns(model: &Model) -> usize {
    let layout = layout(model, whole(model));
    reading_columns(usize::from(inner(layout.lesson.unwrap_or(layout.panes)).width))
}

/// How much of this pane there is to see.
pub fn extent(model: &Model, pane: Pane) -> Extent {
    if model.is_tiny() {
        return Extent::default();
    }
    if pane == Pane::Overlay {
        return overlay_extent(model, whole(model));
    }
    if model.nav.screen == Screen::Welcome {
        return Extent::default();
    }
    let layout = layout(model, whole(model));
    let area = inner(match pane {
        Pane::Lesson => layout.lesson.unwrap_or(layout.panes),
        _ => layout.side.unwrap_or(layout.panes),
    });
    let columns = usize::from(area.width);
    let (total, widest) = match pane {
        Pane::Lesson => (content::lesson(model, reading_columns(columns)).len(), 0),
        _ => match model.nav.tab {
            Tab::Evidence => (content::evidence(model, columns).len(), 0),
            Tab::Logs => (model.lab.logs.len(), 0),
            Tab::Files => content::files_size(model),
            Tab::Diff => {
                let lines = content::diff(model);
                (lines.len(), lines.iter().map(Line::width).max().unwrap_or(0))
            }
            Tab::Journal => (content::journal(model, columns).len(), 0),
        },
    };
    Extent { total, height: usize::from(area.height), widest }
}

/// The extent of the pane that has the keys.
pub fn focused_extent(model: &Model) -> Extent {
    let pane = match model.nav.focus {
        _ if model.dialog.overlay.is_some() => Pane::Overlay,
        Focus::Lesson => Pane::Lesson,
        Focus::Side | Focus::Map => Pane::Side,
    };
    extent(model, pane)
}

/// Longer lines of prose are hard to read.
pub fn reading_columns(columns: usize) -> usize {
    columns.min(82)
}

/// It takes the lesson's place, so that no box stands in another, and the evidence stays in sight where it was.
pub fn overlay_place(model: &Model, area: Rect) -> Rect {
    if model.nav.screen == Screen::Welcome {
        let width = area.width.min(90);
        return Rect { y: area.y + 4, height: area.height.saturating_sub(7), width, ..area };
    }
    let layout = layout(model, area);
    // A list in two columns wants all the room there is.
    let beside = model.is_wide() && !matches!(model.dialog.overlay, Some(Overlay::Help));
    layout.lesson.filter(|_| beside).unwrap_or(layout.panes)
}

pub fn columns(area: Rect) -> usize {
    usize::from(inner(area).width)
}

/// How much there is to see of it.
fn overlay_extent(model: &Model, area: Rect) -> Extent {
    let area = overlay_place(model, area);
    match content::overlay(model, columns(area)) {
        Some(content) => Extent { total: content.lines.len(), height: usize::from(inner(area).height), widest: 0 },
        None => Extent::default(),
    }
}

/// The tab whose title stands in this column of the pane's border.
fn tab_at(model: &Model, column: usize) -> Option<Spot> {
    let mut at = 1;
    let lesson = (!model.is_wide()).then_some(None);
    for tab in lesson.into_iter().chain(Tab::ALL.into_iter().map(Some)) {
        // A digit, and a blank around and between.
        let wide = tab.map_or("Lesson", Tab::title).len() + 4;
        if (at..at + wide).contains(&column) {
            return Some(tab.map_or(Spot::Lesson, Spot::Tab));
        }
        at += wide;
    }
    None
}

/// Whether the lesson's page goes on below what is shown of it.
pub fn more_below(model: &Model) -> bool {
    let extent = extent(model, Pane::Lesson);
    extent.total > model.nav.scrolls.lesson.top + extent.height
}
