//! `breakfix hand-in`: the working code and the story of its debugging, as a folder ready for a repository of one's own.

use std::{fs, path::Path};

use tokio_util::sync::CancellationToken;

use super::{
    Context,
    args::{CheckArgs, HandInArgs},
    check,
    terminal::{clean, note, print},
};
use crate::{
    error::{Error, Result},
    journal::{self, Journal},
    lab::Lab,
};

/// The folder's README.
const README: &str = "README.md";

/// Writes the folder and checks it, whatever the verdict; the exit code is the verdict's.
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
    // The folder is what gets checked, not the lab: it is what will be handed in.
    let cancel = CancellationToken::new();
    let of_folder = CheckArgs::of(args.dir.clone());
    let checked = check::grade(context, &of_folder, &of_folder.dirs, None, cancel.clone());
    let records = check::or_second_signal(checked, &cancel).await?;
    let to = clean(&args.dir.display().to_string());
    let code = check::exit_code(records.iter().map(|record| record.verdict));
    let words = match code {
        0 => "the code works, and README.md tells how it came to that",
        1 => "README.md tells the story so far; what still fails stands above",
        _ => "whether the code works could not be told; README.md tells the story",
    };
    print(&format!("{to}: {words}\nnext: cd {to} && git init && git add . && git commit\n"))?;
    Ok(code)
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
