//! The learner's screen: a model, one function that changes it, one that draws it, and a runtime that waits.
//!
//! ```text
//! keys, resize, signals ─┐
//! the conductor's updates┼─▶ Msg ─▶ update(&mut Model) ─▶ Effect ─▶ runtime ─▶ conductor, files, editor
//! files read and written ┘               │
//!                                        └─▶ view(&Model)
//! ```
//!
//! [`update()`] never waits, [`view()`] never changes anything, and whatever takes time comes back as a [`Msg`].

mod editor;
mod hops;
mod input;
pub mod keymap;
mod logs;
mod markdown;
mod model;
mod msg;
mod need;
mod text;
mod theme;
mod update;
mod view;

pub use hops::{HopMap, Link, LinkState};
pub use model::{Focus, Model, Overlay, Page, Screen, Start, Tab};
pub use msg::{Effect, LabTexts, Msg};
pub use need::{Next, next_step};
pub use theme::{ColorChoice, Theme};
pub use update::update;
pub use view::view;
