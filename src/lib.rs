//! Breakfix: a break-fix lab in a terminal.
//!
//! One idea carries the house: **what happens in a lab is a journal of events, and everything else is a fold over it.**
//! Work happens (a probe answers, an image is built, a file changes, a hint is shown), it becomes an [`journal::Event`],
//! the event is appended to the lab's journal, and the state that a screen shows is `fold(events)`.
//!
//! ```text
//!            keys, resize                       ┌──────────────── reads ───────────────┐
//!                 │                             ▼                                      │
//! front ends   tui/ ── Msg ─▶ update ─ Action ─▶ conductor/ ▶ engine/ + probe/ ──▶ diagnosis/ (pure)
//!              cli/ ────────────── Action ─────▶    │   ▲                               │
//!                 ▲                                 │   └──────── verdict ──────────────┘
//!                 └──── fold ◀── journal/ ◀── Event ┘
//! ```
//!
//! | room | what lives there | never |
//! |---|---|---|
//! | [`compose`] | the learner's compose file: parse, interpolate, say what is wrong and where; the desired stack as plain data | Docker, terminal, async |
//! | [`course`] | lessons, hops, hints, wrong turns, edits: loaded from TOML | Docker, terminal, async |
//! | [`lab`] | the learner's working copy: make, reset, apply an edit, differences, facts read from the files, watch for changes | Docker, terminal |
//! | [`engine`] | Docker Engine through bollard: find it, images, build, up, down, logs, events, exec, dial | course, terminal |
//! | [`probe`] | one question to the running stack, one [`probe::Evidence`] back | verdicts, words for learners |
//! | [`diagnosis`] | **pure**: evidence + facts + course → verdict per hop and check, wrong turn, next smallest action | I/O of any kind |
//! | [`journal`] | [`journal::Event`], append, read, fold; the hindsight report | Docker, terminal |
//! | [`practice`] | an incident drawn from a course and a seed: its files, ticket and debrief; when a class of cause comes back | Docker, terminal |
//! | [`class`] | what a class's labs and verdicts say together: six figures with who, as a page and as tables | Docker, terminal |
//! | [`conductor`] | takes an [`conductor::Action`], drives the rooms above, emits events; cancels cleanly | terminal |
//! | [`tui`] | the learner's screen, the same line by line, the demo: model, update, view, runtime, keymap, theme | bollard |
//! | [`cli`] | check, selftest, up, status, doctor …: runs actions, prints | drawing |
//!
//! A room uses those above it. [`error`] is the one type that all rooms share, `sanitize` the one way in which they make a stranger's
//! text fit to be shown, `system` what differs from one operating system to another.

// Printing panics where standard output or error has vanished.
#![cfg_attr(not(test), warn(clippy::print_stdout, clippy::print_stderr))]

pub mod class;
pub mod cli;
pub mod compose;
pub mod conductor;
pub mod course;
pub mod diagnosis;
pub mod engine;
pub mod error;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
pub mod journal;
pub mod lab;
pub mod practice;
pub mod probe;
mod sanitize;
mod system;
pub mod tui;

pub use error::{Blame, Error, Result};
