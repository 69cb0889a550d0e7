//! `breakfix courses`: which there are to choose from.

use super::terminal::{Paint, clean, note, print};
use crate::{
    conductor,
    course::{self, Course, Offer, Origin},
    error::Result,
    tui::OtherCourse,
};

/// Lists them; what is in the library and cannot be used is told with why.
///
/// # Errors
/// Environment: standard output cannot be written.
pub fn list(paint: Paint) -> Result<u8> {
    let offers = course::offers();
    for Offer { name, origin, course } in &offers {
        let (symbol, words) = match course {
            Ok(course) => (paint.good("✓"), in_words(course)),
            Err(error) => (paint.bad("✗"), error.why.first().unwrap_or(&error.what).clone()),
        };
        print(&format!("{symbol} {:<18} {}\n", clean(name), clean(&words)))?;
        if let Ok(course) = course {
            print(&format!("  {:<18} {}\n", "", clean(&images(course))))?;
        }
        let from = origin.path().map_or_else(|| "built in".to_owned(), |path| path.display().to_string());
        print(&paint.faint(&format!("  {:<18} {}\n", "", clean(&from))))?;
    }
    note("breakfix --course NAME   begins one");
    if let Some(library) = course::library() {
        note(&format!("one of your own is listed when it lies in {}", clean(&library.display().to_string())));
    }
    // A course of the program's own is always there.
    Ok(u8::from(offers.iter().any(|offer| offer.course.is_err() && matches!(offer.origin, Origin::BuiltIn(_)))))
}

/// Those that can be begun, beside this one.
pub fn others(course: &Course) -> Vec<OtherCourse> {
    let others = course::offers().into_iter().filter(|offer| offer.origin != course.origin);
    others
        .filter_map(|offer| offer.course.ok().map(|course| OtherCourse { name: offer.name, words: in_words(&course) }))
        .collect()
}

fn in_words(course: &Course) -> String {
    let lessons = match course.lessons.len() {
        1 => "1 lesson".to_owned(),
        several => format!("{several} lessons"),
    };
    let minutes = course.minutes.map(|minutes| format!(", about {minutes} minutes")).unwrap_or_default();
    format!("{}: {lessons}{minutes}", course.title)
}

fn images(course: &Course) -> String {
    match conductor::images_of(course) {
        Ok(images) => format!("runs on {}", images.join(", ")),
        Err(error) => format!("which images it needs cannot be said: {}", error.what),
    }
}
