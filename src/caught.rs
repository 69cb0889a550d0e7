//! Where a library panics on a stranger's text, that text cannot be read: no reason for the program to end.

use std::{
    cell::Cell,
    panic::{self, AssertUnwindSafe},
    sync::Once,
};

thread_local! {
    static EXPECTED: Cell<bool> = const { Cell::new(false) };
}

/// Whether a panic of this thread is caught, and so nothing to report.
pub(crate) fn is_expected() -> bool {
    EXPECTED.get()
}

/// Runs a library on a stranger's text; `None` where it panicked. Nothing is printed then.
pub(crate) fn on_text<T>(library: impl FnOnce() -> T) -> Option<T> {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !is_expected() {
                before(info);
            }
        }));
    });
    let outer = EXPECTED.replace(true);
    // What the library had in hand goes with it.
    let result = panic::catch_unwind(AssertUnwindSafe(library));
    EXPECTED.set(outer);
    result.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_in_between_is_nothing() {
        assert_eq!(on_text(|| 1), Some(1));
        assert_eq!(on_text(|| -> i32 { panic!("a library's own") }), None);
        assert!(!is_expected());
    }
}
