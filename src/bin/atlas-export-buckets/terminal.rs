//! What goes to standard error, so that messages and the progress line do not write over each other; and whether a stream
//! can show colours.

use std::env;
use std::io::{self, IsTerminal, Write as _};

use atlas_export_buckets::escape::escape_text;
use log::{Level, LevelFilter, Log, Metadata, Record};

use crate::progress;

/// All that the library logs is told. Nothing is logged below [`BESIDE_PROGRESS`], so that the two differ in this only.
const VERBOSE: LevelFilter = LevelFilter::Trace;
/// Warnings are told, and on a terminal what is waited for, which is logged.
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

/// Whether standard error is a terminal that has nothing else to show.
pub(crate) fn has_progress() -> bool {
    log::max_level() == BESIDE_PROGRESS
}

/// Reports a failure: the cause, and on a line of its own what to do about it.
pub(crate) fn report(cause: &str, advice: Option<&str>) {
    let mut text = format!("atlas-export-buckets: {}\n", escape_text(cause));
    if let Some(advice) = advice {
        text.push_str(&format!("  {}\n", escape_text(advice)));
    }
    // If nobody can read it there, the work goes on all the same.
    progress::beside(|| _ = io::stderr().write_all(text.as_bytes()));
}

/// Whether a stream shows colours and bold text.
pub(crate) fn has_colours(stream: &impl IsTerminal) -> bool {
    let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    stream.is_terminal() && !is_set("NO_COLOR") && env::var_os("TERM").is_none_or(|name| name != "dumb")
}

/// Prints what the library and this program log.
struct Logger;

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // What other crates log is theirs, and would have to be searched for secrets.
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
            progress::observe(&text);
        }
    }

    fn flush(&self) {}
}
