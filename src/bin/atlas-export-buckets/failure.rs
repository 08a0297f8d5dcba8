//! How a run ends: the message and the exit status of each failure.

use std::borrow::Cow;
use std::io;
use std::time::Duration;

use atlas_export_buckets::Error;

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

/// Why a command failed, or why a project could not be listed.
#[derive(Debug)]
pub(crate) enum Failure {
    Atlas(Error),
    /// `--max-time` passed.
    MaxTime(Duration),
    /// Bad usage or configuration, in a sentence.
    Usage(String),
    /// Standard output cannot be written to.
    Output(io::Error),
    /// The port for the simulated Atlas is in use.
    PortInUse(u16),
    /// Anything else, in a sentence.
    Other(String),
}

/// For the `String` errors of the checks before anything is sent.
impl From<String> for Failure {
    fn from(cause: String) -> Self {
        Failure::Usage(cause)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::Output(error)
    }
}

impl Failure {
    /// What happened, on one line.
    pub(crate) fn cause(&self) -> String {
        match self {
            // The advice follows on a line of its own.
            Failure::Atlas(error) => format!("{error:#}").lines().next().unwrap_or_default().to_owned(),
            Failure::MaxTime(time) => format!("not listed within --max-time {} s", time.as_secs_f64()),
            Failure::Usage(cause) | Failure::Other(cause) => cause.clone(),
            Failure::Output(error) => format!("cannot write to standard output: {error}"),
            Failure::PortInUse(port) => format!("cannot start the simulated Atlas: port {port} is in use"),
        }
    }

    /// What to do about it.
    pub(crate) fn advice(&self) -> Option<Cow<'static, str>> {
        match self {
            Failure::Atlas(error) => error.advice(),
            Failure::MaxTime(_) => Some("allow more time, or list fewer projects".into()),
            Failure::PortInUse(_) => Some("choose another --port, or leave it out for a free one".into()),
            _ => None,
        }
    }

    /// Ends the run: reports the failure and returns the exit status. A closed pipe (`| head`) means that the reader has enough.
    pub(crate) fn end(&self) -> u8 {
        match self {
            Failure::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => return DONE,
            _ => terminal::report(&self.cause(), self.advice().as_deref()),
        }
        self.exit_status()
    }

    pub(crate) fn exit_status(&self) -> u8 {
        match self {
            Failure::Atlas(error) => exit_status(error),
            Failure::MaxTime(_) => NETWORK,
            Failure::Usage(_) => USAGE,
            Failure::Output(_) | Failure::PortInUse(_) | Failure::Other(_) => OTHER,
        }
    }
}

fn exit_status(error: &Error) -> u8 {
    match error {
        Error::InvalidInput(_) => USAGE,
        Error::NotAuthenticated { .. } | Error::Forbidden { .. } => NOT_ALLOWED,
        Error::NotFound { .. } => NOT_FOUND,
        Error::RateLimited { .. } => RATE_LIMITED,
        // If the deadline passes during retries, the last error before that decides.
        Error::Deadline { cause: Some(cause), .. } => exit_status(cause),
        Error::Network { .. } | Error::Deadline { cause: None, .. } => NETWORK,
        Error::Status { .. } | Error::Incomplete { .. } if error.is_retryable() => WORTH_TRYING_AGAIN,
        _ => OTHER,
    }
}
