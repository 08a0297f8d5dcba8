//! How a run ends: the message and the exit status of each failure.

use std::io;
use std::time::Duration;

use atlas_export_buckets::Error;

use crate::projects::NamedProject;
use crate::terminal;

/// Done.
pub(crate) const DONE: u8 = 0;
/// Any failure that has no status of its own.
pub(crate) const OTHER: u8 = 1;
/// Bad usage or configuration; nothing was sent.
pub(crate) const USAGE: u8 = 2;
const NOT_ALLOWED: u8 = 3;
const NOT_FOUND: u8 = 4;
const RATE_LIMITED: u8 = 5;
const NETWORK: u8 = 6;
const WORTH_TRYING_AGAIN: u8 = 7;

/// Why a project could not be listed.
#[derive(Debug)]
pub(crate) enum Failure {
    Atlas(Error),
    /// `--max-time` passed.
    MaxTime(Duration),
    /// A bucket cannot be written in the format that was asked for.
    Unprintable(io::Error),
    /// Nobody takes the output.
    Output(io::Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Atlas(error)
    }
}

impl Failure {
    /// One line.
    pub(crate) fn message(&self) -> String {
        match self {
            Failure::Atlas(error) => error.to_string(),
            Failure::MaxTime(limit) => format!("not listed within --max-time {} s", limit.as_secs_f64()),
            Failure::Unprintable(error) => format!("cannot print a bucket: {error}"),
            Failure::Output(error) => format!("cannot write to standard output: {error}"),
        }
    }

    /// Tells it on standard error, with what to do next on a line of its own.
    pub(crate) fn report(&self, project: Option<&NamedProject>) {
        // The library's errors name the project by themselves.
        if let Failure::Atlas(error) = self {
            return terminal::report_error(error);
        }
        let advice = matches!(self, Failure::MaxTime(_)).then_some("allow more time, or list fewer projects");
        let project =
            project.map_or("the other projects".to_owned(), |project| format!("project {}", project.id));
        terminal::report(&format!("{project}: {}", self.message()), advice);
    }

    pub(crate) fn exit_status(&self) -> u8 {
        match self {
            Failure::Atlas(error) => exit_status(error),
            Failure::MaxTime(_) => NETWORK,
            Failure::Unprintable(_) | Failure::Output(_) => OTHER,
        }
    }

    /// The HTTP status, where the failure came with one.
    pub(crate) fn http_status(&self) -> Option<u16> {
        match self {
            Failure::Atlas(error) => error.status(),
            _ => None,
        }
    }
}

fn exit_status(error: &Error) -> u8 {
    match error {
        Error::InvalidInput(_) => USAGE,
        Error::NotAuthenticated { .. } | Error::Forbidden { .. } => NOT_ALLOWED,
        Error::NotFound { .. } => NOT_FOUND,
        Error::RateLimited { .. } => RATE_LIMITED,
        // When the deadline passes while retrying, what was retried counts.
        Error::Deadline { cause: Some(cause), .. } => exit_status(cause),
        Error::Network { .. } | Error::Deadline { cause: None, .. } => NETWORK,
        Error::Status { .. } | Error::Incomplete { .. } if error.is_retryable() => WORTH_TRYING_AGAIN,
        _ => OTHER,
    }
}

/// The exit status after writing to standard output. A closed pipe (`| head`) means that the reader has enough.
pub(crate) fn exit_status_of_output(written: io::Result<()>) -> u8 {
    match written {
        Ok(()) => DONE,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => DONE,
        Err(error) => {
            terminal::report(&format!("cannot write to standard output: {error}"), None);
            OTHER
        }
    }
}
