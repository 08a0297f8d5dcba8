//! The exit statuses: one for each kind of failure.

use atlas_export_buckets::Error;

use crate::progress;

/// Done.
pub(crate) const DONE: u8 = 0;
/// Any failure that has no status of its own.
pub(crate) const OTHER: u8 = 1;
/// Bad usage or configuration; nothing was sent.
pub(crate) const USAGE: u8 = 2;

/// The status that a failed listing ends with.
pub(crate) fn of(error: &Error) -> u8 {
    match error {
        Error::InvalidInput(_) => USAGE,
        Error::NotAuthenticated { .. } | Error::Forbidden { .. } => 3,
        Error::NotFound { .. } => 4,
        Error::RateLimited { .. } => 5,
        Error::Network { .. } | Error::Deadline { .. } => 6,
        _ => OTHER,
    }
}

/// The status after writing to standard output. A closed pipe (`| head`) means that the reader has enough.
pub(crate) fn of_output(written: std::io::Result<()>) -> u8 {
    match written {
        Ok(()) => DONE,
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => DONE,
        Err(error) => {
            progress::tell(format_args!("cannot write to standard output: {error}"));
            OTHER
        }
    }
}
