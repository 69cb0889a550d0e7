//! `breakfix demo`: from the command line to the screen before the room.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{Context, args::DemoArgs, trust, tui_color};
use crate::{conductor, error::Result, tui::demo};

impl Context {
    /// The demo's own lab: never the learner's, also where this directory is one.
    pub(super) fn demo_lab(&self, named: Option<&Path>) -> PathBuf {
        let named = named.or(self.lab.as_deref());
        named.map(Path::to_owned).unwrap_or_else(|| PathBuf::from(format!("{}-demo", self.course.id)))
    }
}

/// Runs the talk, its notes, or a journal.
pub async fn demo(context: &Context, args: DemoArgs) -> Result<u8> {
    let lab = context.demo_lab(args.lab.as_deref());
    let color = tui_color(context.color);
    if args.notes {
        return demo::run_notes(Arc::clone(&context.course), lab, color).await.map(|()| 0);
    }
    if args.replay.is_none() {
        trust::ask(context, &lab)?;
    }
    let conductor = conductor::Options {
        lab,
        engine: context.engine.clone(),
        images: context.images,
        course: Arc::clone(&context.course),
    };
    let options = demo::Options {
        conductor,
        lesson: args.lesson,
        auto: args.auto,
        replay: args.replay,
        speed: args.speed,
        cast: args.cast,
        record: args.record,
        color,
    };
    demo::run(options).await
}
