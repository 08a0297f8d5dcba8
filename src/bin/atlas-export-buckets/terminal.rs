//! What goes to standard error, so that messages and the progress line do not write over each other; and whether a stream
//! can show colours.

use std::env;
use std::io::{self, IsTerminal, Write as _};
use std::sync::OnceLock;

use atlas_export_buckets::escape::escape_text;
use log::{LevelFilter, Log, Metadata, Record};

use crate::progress;

/// How much is told on standard error.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verbosity {
    /// Errors only.
    Quiet,
    /// Warnings too, and on a terminal what is waited for.
    Normal,
    /// All that the library logs.
    Verbose,
}

static VERBOSITY: OnceLock<Verbosity> = OnceLock::new();

/// Call once, before the first request.
pub(crate) fn start(verbose: bool, quiet: bool) {
    let verbosity = match (verbose, quiet) {
        (true, _) => Verbosity::Verbose,
        (false, true) => Verbosity::Quiet,
        (false, false) => Verbosity::Normal,
    };
    let _ = VERBOSITY.set(verbosity);
    let level = match verbosity {
        Verbosity::Quiet => LevelFilter::Off,
        // The progress line shows what is retried, which is logged.
        Verbosity::Normal if io::stderr().is_terminal() => LevelFilter::Debug,
        Verbosity::Normal => LevelFilter::Warn,
        Verbosity::Verbose => LevelFilter::Debug,
    };
    if log::set_logger(&Logger).is_ok() {
        log::set_max_level(level);
    }
}

pub(crate) fn is_quiet() -> bool {
    VERBOSITY.get() == Some(&Verbosity::Quiet)
}

pub(crate) fn is_verbose() -> bool {
    VERBOSITY.get() == Some(&Verbosity::Verbose)
}

/// Reports a failure: the cause, and on a line of its own what to do about it.
pub(crate) fn report(cause: &str, advice: Option<&str>) {
    let mut text = format!("atlas-export-buckets: {}\n", escape_text(cause));
    if let Some(advice) = advice {
        text.push_str(&format!("  {}\n", escape_text(advice)));
    }
    write(&text);
}

/// Tells something that is no failure, unless `--quiet`.
pub(crate) fn note(text: &str) {
    if !is_quiet() {
        write(&format!("atlas-export-buckets: {}\n", escape_text(text)));
    }
}

/// If nobody can read it there, the work goes on all the same.
fn write(text: &str) {
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
        if is_verbose() || record.level() <= log::Level::Warn {
            note(&text);
        } else {
            progress::observe(&text);
        }
    }

    fn flush(&self) {}
}
