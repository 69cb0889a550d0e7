//! A course that is not ours runs what it likes, within limits: before its first start, what that is.

use std::{
    fmt::Write as _,
    io::{self, BufRead, IsTerminal},
    path::Path,
};

use super::{
    Context,
    terminal::{clean_lines, note},
};
use crate::{
    compose::Service,
    conductor::{Desired, written_out},
    course::Course,
    error::{Error, Result},
    lab::Lab,
};

/// Says what a course that is not ours will run, before a lab of it is made, and waits for a word at a terminal. A lab that is
/// there has been asked for.
///
/// # Errors
/// Stack: the course's stack cannot be used, or asks for what a stranger does not get. Cancelled: no word was given.
pub fn ask(context: &Context, lab: &Path) -> Result<()> {
    let course = &context.course;
    let Some(from) = course.origin.path() else { return Ok(()) };
    if Lab::course_of(lab)?.is_some() {
        return Ok(());
    }
    let (_home, desired) = written_out(course)?;
    note(&clean_lines(&told(course, from, &desired)));
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return Ok(());
    }
    note("Enter goes on; Ctrl-C makes and starts nothing.");
    let mut line = String::new();
    match io::stdin().lock().read_line(&mut line) {
        Ok(read) if read > 0 => Ok(()),
        _ => Err(Error::cancelled()),
    }
}

fn told(course: &Course, from: &Path, desired: &Desired) -> String {
    let mut told = format!("This course comes from {}, and not with this program.\nIt will run:\n", from.display());
    for service in &desired.stack.services {
        let _ = writeln!(told, "  {:<10} {}", service.name, service_in_words(service));
        for step in steps(service) {
            let _ = writeln!(told, "  {:<10} {step}", "");
        }
    }
    if let Some(prepares) = &course.stack.bootstrap {
        let _ = writeln!(told, "  {:<10} then: {}", prepares.service, prepares.command.join(" "));
    }
    told.push_str(
        "Each container gets 512 MB and 256 processes at most, no rights over this machine, and of its files only those of\n\
         the lab, which it cannot change. It can reach the internet.",
    );
    told
}

fn service_in_words(service: &Service) -> String {
    let what = match (&service.build, &service.image) {
        (Some(_), _) => "built from its Dockerfile".to_owned(),
        (None, Some(image)) => format!("the image {image}"),
        (None, None) => "nothing".to_owned(),
    };
    let ports: Vec<String> =
        service.ports.iter().filter_map(|port| port.published).map(|port| port.to_string()).collect();
    match ports.is_empty() {
        true => what,
        false => format!("{what}; on port {} of this machine", ports.join(", ")),
    }
}

/// The steps of a service's build that run programs.
fn steps(service: &Service) -> Vec<String> {
    let text = service.build.as_ref().and_then(|build| build.dockerfile_text().ok()).unwrap_or_default();
    let is_step = |line: &&str| ["RUN ", "FROM "].iter().any(|word| line.to_ascii_uppercase().starts_with(word));
    text.lines().map(str::trim).filter(is_step).map(str::to_owned).collect()
}
