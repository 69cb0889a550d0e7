//! The mouse, where the learner has asked for it.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

use super::moving;
use crate::tui::{
    model::{Focus, Model, Screen},
    view::{self, Spot},
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
    if model.overlay.is_none() && model.screen == Screen::Lesson {
        match (view::spot(model, mouse.column, mouse.row), by) {
            (Some(Spot::Link(at)), None) => moving::choose_link(model, at),
            (Some(Spot::Tab(tab)), None) => {
                model.hop = None;
                moving::open_tab(model, tab);
            }
            (Some(Spot::Lesson), _) => model.focus = Focus::Lesson,
            (Some(Spot::Side), _) if model.focus != Focus::Map => model.focus = Focus::Side,
            _ => {}
        }
    }
    if let Some(by) = by {
        moving::by_lines(model, by);
    }
    moving::clamp(model);
}
