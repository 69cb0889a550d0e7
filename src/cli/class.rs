//! `breakfix class`: reads a class's labs and verdicts, and tells the six figures: on a screen, as lines, as files.

use std::{
    io::{self, IsTerminal},
    sync::Arc,
    time::Duration,
};

use super::{
    Context,
    args::{ClassArgs, ClassFormat},
    terminal::{Paint, clean, note, print},
    tui_color,
};
use crate::{
    class::{self, Class, Figures, Stuck},
    course::Course,
    error::{Error, Result},
    journal::now_ms,
    practice::sheet::Sheet,
    tui,
};

/// Between two looks at the labs, where nobody sees a screen.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Runs the command; gives the exit code.
///
/// # Errors
/// Usage: nothing to read where it was named. Environment: a file cannot be written, or the terminal is gone.
pub async fn class(context: &Context, args: ClassArgs) -> Result<u8> {
    let course = &context.course;
    let class = Class::read(&args.dirs)?;
    for unread in class.unread() {
        note(&clean(&format!("{}: {}", unread.file.display(), unread.why)));
    }
    let learners = class.learners();
    let figures = Figures::of(course, &learners);
    let exams = exams(&class);
    for (format, file) in &args.reports {
        std::fs::write(file, rendered(course, &figures, *format)?)
            .map_err(|cause| Error::environment(format!("{} cannot be written", file.display())).because(cause))?;
    }
    if args.format != ClassFormat::Human {
        return print(&rendered(course, &figures, args.format)?).map(|()| 0);
    }
    if learners.is_empty() && !exams.is_empty() {
        return print(&exams).map(|()| 0);
    }
    if io::stdout().is_terminal() && io::stdin().is_terminal() {
        let options = tui::class::Options {
            course: Arc::clone(course),
            class,
            watch: args.watch,
            color: tui_color(context.color),
        };
        return tui::class::run(options).await;
    }
    if args.watch {
        return super::or_signal(watch(course, class)).await;
    }
    print(&(lines(course, &figures, Paint::stdout(context.color)) + &exams)).map(|()| 0)
}

/// The exams, a line each: who, and how many incidents were solved.
fn exams(class: &Class) -> String {
    let line = |sheet: &Sheet| {
        let who = if sheet.name.is_empty() { format!("seed {}", sheet.seed) } else { sheet.name.clone() };
        let minutes: u64 = sheet.results.iter().map(|one| one.seconds).sum::<u64>() / 60;
        let classes: Vec<&str> = sheet.results.iter().filter(|one| one.solved).map(|one| one.class.word()).collect();
        clean(&format!("  {who:<20} {} of {}, {minutes} min   {}", sheet.solved(), sheet.incidents, classes.join(", ")))
            + "\n"
    };
    let lines: String = class.sheets().map(line).collect();
    if lines.is_empty() { lines } else { format!("\nExams\n{lines}") }
}

fn rendered(course: &Course, figures: &Figures, format: ClassFormat) -> Result<String> {
    Ok(match format {
        ClassFormat::Html => class::page(course, figures),
        ClassFormat::Csv => class::table(figures),
        ClassFormat::Json => {
            let failed = |cause| Error::environment("the figures cannot be written").because(cause);
            serde_json::to_string_pretty(figures).map_err(failed)? + "\n"
        }
        ClassFormat::Human => String::new(),
    })
}

/// Without a screen: who is stuck, whenever that changes.
async fn watch(course: &Course, mut class: Class) -> Result<u8> {
    let mut told: Option<Vec<(String, String)>> = None;
    loop {
        let stuck = class::stuck(course, &class.learners(), now_ms());
        let names: Vec<(String, String)> = stuck.iter().map(|one| (one.name.clone(), one.lesson.clone())).collect();
        if told.as_ref() != Some(&names) {
            print(&stuck_lines(course, &stuck))?;
            told = Some(names);
        }
        tokio::time::sleep(LOOK_EVERY).await;
        class.refresh()?;
    }
}

fn stuck_lines(course: &Course, stuck: &[Stuck]) -> String {
    if stuck.is_empty() {
        return "nobody is stuck\n".to_owned();
    }
    let line = |one: &Stuck| {
        let title = course.lesson(&one.lesson).map_or(one.lesson.as_str(), |lesson| &lesson.title);
        let mut line = format!("{}: {} min in “{title}”", one.name, one.minutes);
        line.extend(one.broken_at.iter().map(|link| format!(", broken at {link}")));
        line.extend(one.turn.iter().map(|turn| format!(", after: {}", turn.trim())));
        clean(&line) + "\n"
    };
    stuck.iter().map(line).collect::<String>() + "\n"
}

/// Names that stand on one line.
const MOST_NAMES: usize = 12;

/// The names, as far as they fit on a line.
fn names(who: &[String]) -> String {
    let first = who.iter().take(MOST_NAMES).cloned().collect::<Vec<_>>().join(", ");
    match who.len().saturating_sub(MOST_NAMES) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

/// The figures as lines.
fn lines(course: &Course, figures: &Figures, paint: Paint) -> String {
    let mut text = format!("{} labs, {} submissions\n", figures.labs, figures.submissions);
    for lesson in &figures.lessons {
        text.push_str(&format!("\n{}\n", paint.strong(&clean(&lesson.title))));
        let mut line = |what: &str, who: &[String]| {
            if !who.is_empty() {
                text.push_str(&format!("  {:>4}  {what:<18} {}\n", who.len(), paint.faint(&clean(&names(who)))));
            }
        };
        line("started", &lesson.started);
        if lesson.has_bug {
            line("solved", &lesson.solved);
            line("shown the fix", &lesson.shown);
            line("submission works", &lesson.passes);
            line("submission broken", &lesson.fails);
        }
        if let Some(median) = lesson.seconds.median {
            text.push_str(&format!(
                "        median {} from the symptom to the live fix\n",
                tui::class::minutes(median)
            ));
        }
        for turn in figures.turns_of(&lesson.id) {
            let who = paint.faint(&clean(&names(&turn.who)));
            text.push_str(&format!("  {:>4}  {} {}  {who}\n", turn.who.len(), paint.bad("↯"), clean(&turn.title)));
        }
    }
    if !figures.hops.is_empty() {
        text.push_str(&format!("\n{}\n", paint.strong("Tries per link")));
    }
    for hop in &figures.hops {
        let rate = hop.first_try_rate.map_or("-".to_owned(), |rate| format!("{:.0} %", rate * 100.0));
        let median = hop.median_tries.map_or("-".to_owned(), |tries| tries.to_string());
        text.push_str(&format!(
            "  {:<24} {:>3} met it, {rate} of who mended it at the first try, median {median} tries\n",
            hop.title,
            hop.met.len()
        ));
    }
    let looks = &figures.looks;
    text.push_str(&format!(
        "\n{} looks: {} not live yet, {} could not tell\n",
        looks.all, looks.not_live, looks.could_not_tell
    ));
    if figures.lessons.iter().any(|lesson| course.lesson(&lesson.id).is_none()) {
        text.push_str("Lessons that this program does not know are told by their ids.\n");
    }
    text
}
