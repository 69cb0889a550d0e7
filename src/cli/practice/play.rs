//! An incident is played, line by line: the ticket, a bet, and what the stack says of each change, to the debrief.

use std::{
    io::BufRead,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::mpsc;

use super::{
    Desk, Proved,
    hand_out::{self, HandedOut, free_dir},
    incident_of, seed,
    table::Table,
    tell_thrown_away,
};
use crate::{
    cli::{
        args::PracticeArgs,
        terminal::{ProgressLine, clean, clean_lines, note, print},
        trust,
    },
    course::{Class, ClassWords},
    diagnosis::Verdict,
    error::Result,
    journal::{Event, now_ms},
    lab::Lab,
    practice::{Guess, LESSON, Played, Seed, debrief, schedule::Record},
};

const HELP: &str = "\
  a bet    where and what, as 2p; it opens the hints
  u        make live what was saved
  v        verify: ask the running stack
  h        a hint, after a bet
  g        give up, and be told
  q        leave; breakfix practice --lab DIR goes on
";

/// Whether an incident is played for itself, or in an exam, in which nothing is told before the end.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// In an exam: when its time is over.
    pub until: Option<Instant>,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It works, or was given up: there is a record of it.
    Over,
    /// It was left, and can be gone on with.
    Left,
}

/// Draws, proves, makes and plays an incident, or goes on with one.
///
/// # Errors
/// Whatever drawing, proving and making meet.
pub async fn play(desk: &Desk<'_>, args: &PracticeArgs) -> Result<u8> {
    let mut lines = lines();
    let known = args.lab.lab.as_ref().map(|dir| incident_of(dir)).transpose()?.flatten();
    let mut table = if let (Some((incident, course, named)), Some(dir)) = (known, &args.lab.lab) {
        print(&format!("{}\n", clean_lines(&incident.ticket.text())))?;
        let play = Arc::new(incident.to_play(&course, &named));
        Table::open(desk, &incident, Lab::open(dir)?, play)?
    } else {
        let dir = args.lab.lab.clone().unwrap_or_else(|| free_dir("incident"));
        let (proved, out) = begin(desk, args, seed(args), &dir).await?;
        let mut table = Table::open(desk, &proved.incident, out.lab, out.course)?;
        table.make().await?;
        table
    };
    let (played, ended) = table.played(&mut lines, Rules { until: None }).await?;
    if ended == Ended::Over {
        table.close().await?;
        note(&format!("the same incident again: breakfix practice --seed {}", table.incident.seed.0));
    }
    if args.from_tutorial {
        print("\nEnter goes back. ")?;
        lines.recv().await;
        return Ok(0);
    }
    Ok(u8::from(!played.solved))
}

/// Draws and proves an incident while its ticket is read, and hands it out.
///
/// # Errors
/// Whatever drawing, proving and making meet.
pub async fn begin(desk: &Desk<'_>, args: &PracticeArgs, seed: Seed, dir: &Path) -> Result<(Proved, HandedOut)> {
    trust::ask(desk.context, dir)?;
    let wanted = desk.wanted(args)?;
    let line = ProgressLine::start(desk.context.verbose > 0);
    let mut first = true;
    let proved = desk
        .proved(seed, &wanted, line.progress(), |incident| {
            if !std::mem::replace(&mut first, false) {
                print("\nThat one is not fair after all. Another one:\n")?;
            }
            print(&format!("\n{}\n", clean_lines(&incident.ticket.text())))?;
            note("it is proved and made while you read …");
            Ok(())
        })
        .await;
    line.finish().await;
    let proved = proved?;
    tell_thrown_away(&proved);
    let out = hand_out::hand_out(desk, &proved, dir)?;
    Ok((proved, out))
}

/// Lines that are typed, from a thread that nobody waits for.
pub fn lines() -> mpsc::UnboundedReceiver<String> {
    let (sender, receiver) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            if !line.is_ok_and(|line| sender.send(line).is_ok()) {
                break;
            }
        }
    });
    receiver
}

impl Table<'_> {
    /// Plays to the end; what was played is written into the history where it came to one.
    ///
    /// # Errors
    /// Environment: the engine does not answer any more, or a file cannot be written.
    pub async fn played(
        &mut self,
        lines: &mut mpsc::UnboundedReceiver<String>,
        rules: Rules,
    ) -> Result<(Played, Ended)> {
        let mut played = Played::default();
        let dir = self.lab.dir().display().to_string();
        print(&format!(
            "The files are in {dir}. Look with whatever you like: docker compose ps, logs, exec; curl.\n\n"
        ))?;
        print(&self.questions())?;
        let (mut before, mut changed) = (self.lab.texts(), false);
        let mut ended = Ended::Left;
        loop {
            print("\nbet, u, v, h, g, q, ? > ")?;
            let Some(line) = next(lines, rules.until).await else { break };
            let now = self.lab.texts();
            for (path, text) in &now {
                if before.get(path) != Some(text) {
                    changed = true;
                    played.edited.retain(|other| other != path);
                    played.edited.push(path.clone());
                }
            }
            before = now;
            match line.trim() {
                "" => {}
                "?" => print(&format!("{HELP}\n{}{}", self.questions(), self.classes()))?,
                "q" => break,
                "g" => {
                    ended = Ended::Over;
                    break;
                }
                "u" => self.make_live().await?,
                "v" => {
                    let report = self.verify(rules.until.is_none()).await?;
                    if let Some(report) = &report
                        && report.verdict() == Verdict::Works
                    {
                        played.solved = true;
                        self.journal.append(Event::LessonSolved { lesson: LESSON.to_owned(), revealed: false })?;
                        ended = Ended::Over;
                        break;
                    }
                    let broken = report.is_some_and(|report| report.verdict() == Verdict::Broken);
                    played.false_starts += u32::from(changed && broken);
                    changed &= !broken;
                }
                "h" if rules.until.is_some() => print("There are no hints in an exam.\n")?,
                "h" if played.guess.is_none() => print("First a bet: where, and what kind of cause. Then hints.\n")?,
                "h" => self.hint(&mut played)?,
                bet => match self.guess(bet) {
                    Some(guess) => {
                        print("Noted. You will see.\n")?;
                        let text = format!("{} at {}", guess.class, guess.link.as_deref().unwrap_or("the app"));
                        self.journal.append(Event::Hypothesis { lesson: LESSON.to_owned(), text })?;
                        played.guess.get_or_insert(guess);
                    }
                    None => print(&format!("“{}” is nothing here.\n{HELP}", clean(bet)))?,
                },
            }
        }
        played.seconds = now_ms().saturating_sub(self.since) / 1000;
        if rules.until.is_some() {
            ended = Ended::Over;
        } else if ended == Ended::Over {
            print(&self.debrief(&played))?;
            self.desk.store.add(&self.record(&played))?;
        } else {
            print(&format!("\nIt stays as it is. breakfix practice --lab {dir}   goes on.\n"))?;
        }
        Ok((played, ended))
    }

    /// What the history keeps of it.
    pub fn record(&self, played: &Played) -> Record {
        let fault = &self.incident.faults[0];
        let right = |guess: &Guess| guess.link == fault.link && guess.class == fault.class;
        Record {
            at: now_ms(),
            course: self.desk.course.id.clone(),
            fault: fault.id().to_owned(),
            class: fault.class,
            seed: self.incident.seed.0,
            solved: played.solved,
            bet_right: played.guess.as_ref().is_some_and(right),
            hints: played.hints,
            false_starts: played.false_starts,
            seconds: played.seconds,
        }
    }

    fn debrief(&self, played: &Played) -> String {
        let mut text = if played.solved { "\nIt works again.\n\n" } else { "\nThis is what it was:\n\n" }.to_owned();
        for (name, line) in debrief(&self.incident, &self.desk.course, played) {
            text.push_str(&format!("{} {}\n", self.paint.strong(&format!("{name:<14}")), clean(&line)));
        }
        text
    }

    fn questions(&self) -> String {
        let mut text = "Where?  ".to_owned();
        for (index, hop) in self.course.hops.iter().enumerate() {
            text.push_str(&format!("{} {} → {}   ", index + 1, clean(&hop.from), clean(&hop.to)));
        }
        text.push_str(&format!("{} in the app itself\nWhat?   ", self.course.hops.len() + 1));
        for class in Class::ALL {
            text.push_str(&format!("{} {class}   ", letter(class)));
        }
        format!("{}\n", text.trim_end())
    }

    /// What each class means.
    fn classes(&self) -> String {
        let line = |words: &ClassWords| {
            format!("  {} {:<10} {}\n", letter(words.class), words.class.word(), clean(&words.means))
        };
        self.course.practice.classes.iter().map(line).collect()
    }

    /// `2p`: the second link, a port.
    fn guess(&self, bet: &str) -> Option<Guess> {
        let mut chars = bet.trim().chars().filter(|char| !char.is_whitespace());
        let place = usize::try_from(chars.next()?.to_digit(10)?).ok()?;
        let sign = chars.next()?;
        let class = Class::ALL.into_iter().find(|class| letter(*class) == sign)?;
        if chars.next().is_some() || place == 0 || place > self.course.hops.len() + 1 {
            return None;
        }
        Some(Guess { link: self.course.hops.get(place - 1).map(|hop| hop.id.clone()), class })
    }

    fn hint(&mut self, played: &mut Played) -> Result<()> {
        let hints = self.course.lessons.first().map_or(&[][..], |lesson| &lesson.hints);
        let at = usize::try_from(played.hints).unwrap_or(usize::MAX);
        let Some(hint) = hints.get(at) else { return print("That was the last one. g tells it all.\n") };
        played.hints += 1;
        self.journal.append(Event::HintShown { lesson: LESSON.to_owned(), rung: hint.rung })?;
        print(&format!("{}\n", clean_lines(hint.text.trim())))
    }
}

/// The key of a class: its first letter.
fn letter(class: Class) -> char {
    class.word().chars().next().unwrap_or_default()
}

/// The next line, where one comes in time.
async fn next(lines: &mut mpsc::UnboundedReceiver<String>, until: Option<Instant>) -> Option<String> {
    let Some(until) = until else { return lines.recv().await };
    let left = until.saturating_duration_since(Instant::now());
    if left == Duration::ZERO {
        return None;
    }
    tokio::time::timeout(left, lines.recv()).await.ok().flatten()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_class_has_a_key_of_its_own() {
        let keys: BTreeSet<char> = Class::ALL.into_iter().map(letter).collect();
        assert_eq!(keys.len(), Class::ALL.len());
    }
}
