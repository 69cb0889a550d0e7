//! `breakfix hand-in`: the working code and the story of its debugging, as a folder ready for a repository of one's own.

use std::{fs, path::Path, sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use super::{
    Context,
    cli::HandInArgs,
    terminal::{Paint, ProgressLine, clean, note, print},
    verdicts,
};
use crate::{
    conductor::{self, CheckOptions, SubmissionReport},
    diagnosis::Verdict,
    engine::Engine,
    error::{Error, Result},
    journal::{self, Journal},
    lab::Lab,
};

/// The README of a folder, its beginning.
const README: &str = "README.md";

/// Checks the lab, then writes the folder, whatever the verdict; the exit code is the verdict's.
///
/// # Errors
/// Usage: there is no such lab, or the folder holds something already. Environment: the folder cannot be written.
pub async fn hand_in(context: &Context, dir: &Path, args: &HandInArgs) -> Result<u8> {
    let lab = Lab::open(dir)?;
    let left_out = lab.export(&args.dir)?;
    for path in &left_out {
        note(&format!("{} is no file of the lab, and was left out", clean(&path.display().to_string())));
    }
    write_readme(context, &lab, &args.dir)?;
    let submission = checked(context, &args.dir).await;
    print(&verdicts::human(&submission, Paint::stdout(context.color)))?;
    let to = clean(&args.dir.display().to_string());
    let (words, code) = match submission.report.verdict {
        Verdict::Works => ("the code works, and README.md tells how it came to that", 0),
        Verdict::Broken => ("README.md tells the story so far; what still fails stands above", 1),
        Verdict::Unknown => ("whether the code works could not be told; README.md tells the story", 3),
    };
    print(&format!("{to}: {words}\nnext: cd {to} && git init && git add . && git commit\n"))?;
    Ok(code)
}

/// The folder is what gets checked, not the lab: it is what will be handed in.
async fn checked(context: &Context, dir: &Path) -> SubmissionReport {
    let engine = match Engine::find(context.engine.as_deref()).await {
        Ok(engine) => engine,
        Err(error) => return conductor::not_checked(dir, &context.course, &error),
    };
    let options = CheckOptions {
        engine,
        course: Arc::clone(&context.course),
        images: context.images,
        timeout: Duration::from_secs(180),
        keep: false,
        lesson: None,
        cancel: CancellationToken::new(),
    };
    let line = ProgressLine::start(context.verbose > 0);
    let cancel = options.cancel.clone();
    let signal = tokio::spawn(async move {
        super::signal().await;
        cancel.cancel();
    });
    let submission = conductor::check_submission(dir, &options, line.progress()).await;
    signal.abort();
    line.finish().await;
    submission
}

/// The stack's own README first, since it says how to run it; then the story.
fn write_readme(context: &Context, lab: &Lab, to: &Path) -> Result<()> {
    let journal = lab.state_dir().join("journal.jsonl");
    let entries = if journal.is_file() { Journal::read(&journal)? } else { Vec::new() };
    let path = to.join(README);
    let own = fs::read_to_string(&path).unwrap_or_else(|_| format!("# {}\n", context.course.title));
    let story = journal::narrative_markdown(&context.course, &entries);
    let readme = format!("{}\n\n## How I debugged it\n\n{}\n", own.trim_end(), story.trim_end());
    fs::write(&path, readme)
        .map_err(|error| Error::environment(format!("cannot write {}", path.display())).because(error))
}
