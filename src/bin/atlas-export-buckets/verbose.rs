//! What the library logs, on standard error: warnings always, the rest with `--verbose`, nothing with `--quiet`.

use crate::progress;
use log::{LevelFilter, Log, Metadata, Record};

struct Stderr;

impl Log for Stderr {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // What other crates log is theirs, and would have to be searched for secrets.
        metadata.target().starts_with("atlas_export_buckets")
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            progress::tell(*record.args());
        }
    }

    fn flush(&self) {}
}

/// Call once, before the first request.
pub(crate) fn start(verbose: bool, quiet: bool) {
    let level = match (verbose, quiet) {
        (true, _) => LevelFilter::Debug,
        (false, true) => LevelFilter::Off,
        (false, false) => LevelFilter::Warn,
    };
    if log::set_logger(&Stderr).is_ok() {
        log::set_max_level(level);
    }
}
