//! Writes data to standard output, and to standard error the messages, and a line that says what is waited for. The line
//! appears only on a terminal, half a second after the start.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::LazyLock;
use std::time::Duration;
use std::{env, thread};

use atlas_export_buckets::escape::escape_text;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use log::{Level, LevelFilter, Log, Metadata, Record};

/// With `--verbose`, everything that the library logs is printed. Nothing is logged at *trace*; this level is only to be told from
/// [`BESIDE_PROGRESS`].
const VERBOSE: LevelFilter = LevelFilter::Trace;
/// Warnings are printed. The rest of the log feeds the line that says what is waited for.
const BESIDE_PROGRESS: LevelFilter = LevelFilter::Debug;

/// Call once, before the first request.
pub(crate) fn start(verbose: bool, quiet: bool) {
    let level = match (verbose, quiet) {
        (true, _) => VERBOSE,
        (false, true) => LevelFilter::Off,
        (false, false) if io::stderr().is_terminal() => BESIDE_PROGRESS,
        (false, false) => LevelFilter::Warn,
    };
    if log::set_logger(&Logger).is_ok() {
        log::set_max_level(level);
    }
}

/// Reports a failure: the cause, and on a line of its own what to do about it.
pub(crate) fn report(cause: &str, advice: Option<&str>) {
    let mut text = format!("atlas-export-buckets: {}\n", escape_text(cause));
    if let Some(advice) = advice {
        text.push_str(&format!("  {}\n", escape_text(advice)));
    }
    // If standard error cannot be written to, the work goes on.
    LINE.suspend(|| _ = io::stderr().write_all(text.as_bytes()));
}

/// Whether standard output shows bold text.
pub(crate) fn shows_bold() -> bool {
    let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    io::stdout().is_terminal() && !is_set("NO_COLOR") && env::var_os("TERM").is_none_or(|name| name != "dumb")
}

/// Prints what the library and this program log.
struct Logger;

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // What other crates log may contain secrets.
        metadata.target().starts_with("atlas_export_buckets")
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let text = record.args().to_string();
        if log::max_level() == VERBOSE || record.level() <= Level::Warn {
            report(&text, None);
        } else {
            observe(&text);
        }
    }

    fn flush(&self) {}
}

/// A wait that is shorter needs no explanation.
const SHOWN_AFTER: Duration = Duration::from_millis(500);

/// The one line. While it is hidden it can be changed, but nothing is drawn.
static LINE: LazyLock<ProgressBar> = LazyLock::new(ProgressBar::hidden);

/// Begins the line that says what is waited for, if standard error is a terminal, without `--verbose` and `--quiet`.
pub(crate) fn start_progress() {
    let Ok(style) = ProgressStyle::with_template("{prefix}: {wide_msg}") else { return };
    if log::max_level() != BESIDE_PROGRESS {
        return;
    }
    LINE.set_style(style);
    // Until the projects are known.
    LINE.set_prefix("project 1");
    LINE.set_message("connecting");
    // Without a thread for it, there is no line.
    let _ = thread::Builder::new().spawn(|| {
        thread::sleep(SHOWN_AFTER);
        LINE.set_draw_target(ProgressDrawTarget::stderr());
        LINE.tick();
    });
}

/// What is waited for, such as a page.
pub(crate) fn set_place(place: String) {
    LINE.set_prefix(place);
}

/// Updates the line from what the library logs about its requests.
fn observe(record: &str) {
    // A response came. What is waited for now is the next one.
    if record.starts_with("HTTP ") {
        LINE.set_message("waiting for Atlas");
    } else if let Some(retry) = retry_in(record) {
        LINE.set_message(retry);
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

/// Prints to standard output at once: what follows may take its time.
pub(crate) fn print(bytes: &[u8]) -> io::Result<()> {
    let write = || {
        let mut stdout = io::stdout();
        stdout.write_all(bytes)?;
        stdout.flush()
    };
    // While the line is suspended, every thread that logs waits. So it is not suspended for a pipe, whose reader may be slow.
    if io::stdout().is_terminal() { LINE.suspend(write) } else { write() }
}

/// Takes the line away.
pub(crate) fn finish_progress() {
    LINE.finish_and_clear();
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
