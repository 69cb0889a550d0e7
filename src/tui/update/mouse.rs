//! The mouse, where the learner has asked for it.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

use super::scroll;
use crate::tui::{
    layout::{self, Spot},
    model::{Focus, Model, Screen},
};

/// Lines that one notch of the wheel moves.
const NOTCH: isize = 3;

/// A click gives the keys to what lies under it; the wheel scrolls that.
pub fn mouse(model: &mut Model, mouse: MouseEvent) {
    let by = match mouse.kind {
        MouseEventKind::ScrollUp => Some(-NOTCH),
        MouseEventKind::ScrollDown => Some(NOTCH),
        MouseEventKind::Down(MouseButton::Left) => None,
        _ => return,
    };
    if model.dialog.overlay.is_none() && model.nav.screen == Screen::Lesson {
        match (layout::spot(model, mouse.column, mouse.row), by) {
            (Some(Spot::Link(at)), None) => scroll::choose_link(model, at),
            (Some(Spot::Tab(tab)), None) => {
                model.nav.hop = None;
                scroll::open_tab(model, tab);
            }
            (Some(Spot::Lesson), _) => model.nav.focus = Focus::Lesson,
            (Some(Spot::Side), _) if model.nav.focus != Focus::Map => model.nav.focus = Focus::Side,
            _ => {}
        }
    }
    if let Some(by) = by {
        scroll::by_lines(model, by);
    }
    scroll::clamp(model);
}
