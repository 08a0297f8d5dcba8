//! The line on a terminal that says what is waited for, and standard output, which may be the same terminal. Without a
//! terminal, or when nothing takes half a second, there is no line.

use std::io::{self, Write as _};
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::terminal;

/// A wait that is shorter needs no explanation.
const SHOWN_AFTER: Duration = Duration::from_millis(500);

/// The one line; unset if there is none.
static LINE: OnceLock<ProgressBar> = OnceLock::new();

/// Begins the line, if there is to be one.
pub(crate) fn start() {
    let Ok(style) = ProgressStyle::with_template("{prefix}: {wide_msg}") else { return };
    if !terminal::has_progress() {
        return;
    }
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden()).with_style(style);
    let _ = LINE.set(bar.with_message("connecting"));
    // Without a thread for it, there is no line.
    let _ = thread::Builder::new().spawn(|| {
        thread::sleep(SHOWN_AFTER);
        if let Some(line) = LINE.get() {
            line.set_draw_target(ProgressDrawTarget::stderr());
            line.tick();
        }
    });
}

/// What is waited for, such as a page.
pub(crate) fn set_place(place: String) {
    if let Some(line) = LINE.get() {
        line.set_prefix(place);
    }
}

/// Takes in what the library logs of its requests.
pub(crate) fn observe(record: &str) {
    let Some(line) = LINE.get() else { return };
    if record.starts_with("HTTP ") {
        line.set_message("waiting for Atlas");
    } else if let Some(retry) = retry_in(record) {
        line.set_message(retry);
    }
}

/// `FAULT: trying again in 4000 ms` in fewer words.
fn retry_in(record: &str) -> Option<String> {
    let (fault, wait) = record.split_once(": trying again in ")?;
    let seconds = wait.split(' ').next()?.parse::<f64>().ok()? / 1000.0;
    let status = fault.split_once("HTTP ").and_then(|(_, rest)| rest.get(..3));
    let reason = status.map_or("a network error".to_owned(), |status| format!("HTTP {status}"));
    let precision = usize::from(seconds < 1.0);
    Some(format!("retrying in {seconds:.precision$} s because of {reason}"))
}

/// Takes the line away while something else is printed.
pub(crate) fn beside<T>(print: impl FnOnce() -> T) -> T {
    match LINE.get() {
        Some(line) => line.suspend(print),
        None => print(),
    }
}

/// Prints to standard output at once: what follows may take its time.
pub(crate) fn print(bytes: &[u8]) -> io::Result<()> {
    beside(|| {
        let mut stdout = io::stdout();
        stdout.write_all(bytes)?;
        stdout.flush()
    })
}

/// Takes the line away.
pub(crate) fn finish() {
    if let Some(line) = LINE.get() {
        line.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_is_told_with_its_wait_and_its_reason() {
        for (record, expected) in [
            (
                "page 1 of x at https://h: the server failed: HTTP 503 SIMULATED \"Failed.\"; later: trying again in 4000 ms",
                Some("retrying in 4 s because of HTTP 503"),
            ),
            (
                "page 1 of x at https://h: cannot connect: refused; check it: trying again in 250 ms",
                Some("retrying in 0.2 s because of a network error"),
            ),
            ("GET https://h", None),
        ] {
            assert_eq!(retry_in(record).as_deref(), expected, "{record}");
        }
    }
}
