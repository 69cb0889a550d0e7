//! `breakfix course`: for who writes a course.

use std::{
    fmt::Write as _,
    fs::{self, File},
    io::IsTerminal,
    path::{Path, PathBuf},
    sync::Arc,
};

use flate2::{Compression, write::GzEncoder};

use super::{
    Context,
    args::{AuthorAction, Global, ProveArgs, SelftestArgs, SelftestFormat},
    linted, selftest,
    terminal::{Paint, clean, clean_lines, print},
    tui_color,
};
use crate::{
    conductor::{CaseReport, Outcome},
    course::{self, Course, Origin},
    error::{Error, Result},
    lab,
    tui::{self, preview},
};

/// Runs what was asked for; gives the exit code.
///
/// # Errors
/// Usage: no course there, or something in the way. Environment: disk, terminal, engine.
pub async fn author(action: AuthorAction, global: Global) -> Result<u8> {
    match action {
        AuthorAction::New { dir } => begin(&dir),
        AuthorAction::Preview { dir, print } => show(&dir, print, &global).await,
        AuthorAction::Prove(args) => prove(&args, global).await,
        AuthorAction::Pack { dir, file } => pack(&dir, file),
    }
}

fn begin(dir: &Path) -> Result<u8> {
    course::write_new(dir)?;
    let dir = clean(&dir.display().to_string());
    print(&format!(
        "{dir} holds a course of one lesson, and the two stacks that it leads from and to.\n\
         breakfix course preview {dir}   shows it, again at each save\n\
         breakfix course prove {dir}     proves it on real containers\n\
         breakfix --course {dir}         teaches it\n"
    ))?;
    Ok(0)
}

async fn show(dir: &Path, all: bool, global: &Global) -> Result<u8> {
    let origin = Origin::at(dir)?;
    if !all && std::io::stdout().is_terminal() {
        return preview::run(&origin, tui::Theme::choose(tui_color(global.color), None, None)).await;
    }
    let course = Arc::new(Course::open(&origin)?);
    for sheet in preview::sheets(&course, tui::Theme::MONO)? {
        print(&format!("── {} ──\n", clean(&sheet.title)))?;
        for line in sheet.lines() {
            print(&format!("{}\n", clean_lines(&line)))?;
        }
    }
    Ok(0)
}

/// Lint, and the whole selftest twice: once as it is quickest, and once each case from nothing.
async fn prove(args: &ProveArgs, global: Global) -> Result<u8> {
    let origin = Origin::at(&args.dir)?;
    let paint = Paint::stdout(global.color);
    if linted(&origin, paint)? > 0 {
        return Ok(1);
    }
    let context = Context::new(global, Course::open(&origin)?, None);
    let mut runs = Vec::new();
    for fresh in [false, true] {
        let run = SelftestArgs {
            lesson: None,
            cases: vec![],
            format: SelftestFormat::Human,
            jobs: args.jobs,
            fresh,
            timeout: args.timeout,
        };
        print(match fresh {
            false => "\nthe first run\n",
            true => "\nthe second run, each case from nothing\n",
        })?;
        let (reports, cancelled) = selftest::reports(&context, &run).await?;
        if cancelled {
            return Err(Error::cancelled());
        }
        runs.push(reports);
    }
    let report = report(&context.course, &runs);
    if let Some(file) = &args.report {
        fs::write(file, &report)
            .map_err(|error| Error::environment(format!("cannot write {}", file.display())).because(error))?;
    }
    print(&format!("\n{report}"))?;
    Ok(runs.iter().map(|reports| selftest::exit_code(reports)).find(|code| *code != 0).unwrap_or(0))
}

/// What both runs came to, as Markdown.
fn report(course: &Course, runs: &[Vec<CaseReport>]) -> String {
    let all = || runs.iter().flatten();
    let right = all().all(|case| case.outcome == Outcome::Ok);
    let mut text = format!("# {}: {}\n\n", clean(&course.title), if right { "proved" } else { "not proved" });
    let cases = runs.first().map_or(0, Vec::len);
    let _ = writeln!(text, "{cases} cases, each made twice on real containers.\n");
    text.push_str("| lesson | kind | case | expected | first run | second run |\n|---|---|---|---|---|---|\n");
    for case in runs.iter().take(1).flatten() {
        let same = |other: &&CaseReport| (&other.lesson, other.kind, &other.id) == (&case.lesson, case.kind, &case.id);
        let got: Vec<String> = runs.iter().filter_map(|run| run.iter().find(same)).map(got).collect();
        let columns = [&case.lesson, selftest::kind(case.kind), &case.id, &case.expected, &got.join(" | ")];
        let _ = writeln!(text, "| {} |", columns.map(clean).join(" | "));
    }
    text
}

fn got(case: &CaseReport) -> String {
    match case.outcome {
        Outcome::Ok => format!("as expected, {:.1} s", case.seconds),
        _ => format!("**{}**", case.got.replace(['|', '\n'], " ")),
    }
}

/// Packs the course's text files into one file.
fn pack(dir: &Path, file: Option<PathBuf>) -> Result<u8> {
    let Origin::Directory(here) = Origin::at(dir)? else {
        return Err(Error::usage(format!("{} is packed already", dir.display())));
    };
    Course::load(&here)?;
    let name = here.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let file = file.unwrap_or_else(|| PathBuf::from(format!("{name}.tar.gz")));
    write_packed(&here, &name, &file)
        .map_err(|error| Error::environment(format!("cannot write {}", file.display())).because(error))?;
    Course::open(&Origin::at(&file)?).map_err(|error| error.under("what was packed cannot be read again"))?;
    print(&format!("{} is the course in one file: breakfix --course {0}\n", clean(&file.display().to_string())))?;
    Ok(0)
}

fn write_packed(dir: &Path, name: &str, file: &Path) -> std::io::Result<()> {
    let mut archive = tar::Builder::new(GzEncoder::new(File::create(file)?, Compression::best()));
    for (path, text) in lab::texts_of(dir) {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, Path::new(name).join(path), text.as_bytes())?;
    }
    archive.into_inner()?.finish()?;
    Ok(())
}
