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
    /// Anything else, in a sentence.
    Other(String),
}

impl Failure {
    /// The cause, and what to do about it.
    fn cause_and_advice(&self) -> (String, Option<String>) {
        match self {
            Failure::Atlas(error) => {
                let text = format!("{error:#}");
                match text.split_once('\n') {
                    Some((cause, advice)) => (cause.to_owned(), Some(advice.to_owned())),
                    None => (text, None),
                }
            }
            Failure::MaxTime(limit) => (
                format!("not listed within --max-time {} s", limit.as_secs_f64()),
                Some("allow more time, or list fewer projects".into()),
            ),
            Failure::Other(cause) => (cause.clone(), None),
        }
    }

    /// The cause, on one line.
    pub(crate) fn message(&self) -> String {
        self.cause_and_advice().0
    }

    /// Tells it on standard error; without a project, it is about the list of projects.
    pub(crate) fn report(&self, project: Option<&NamedProject>) {
        let (mut cause, advice) = self.cause_and_advice();
        match (self, project) {
            // What the library says names what was asked for.
            (Failure::Atlas(_), _) => {}
            (_, Some(project)) => cause.push_str(&format!(": project {}", project.id)),
            (_, None) => cause.push_str(": the list of projects"),
        }
        terminal::report(&cause, advice.as_deref());
    }

    pub(crate) fn exit_status(&self) -> u8 {
        match self {
            Failure::Atlas(error) => exit_status(error),
            Failure::MaxTime(_) => NETWORK,
            Failure::Other(_) => OTHER,
        }
    }

    /// The HTTP status, where the failure came with one.
    pub(crate) fn http_status(&self) -> Option<u16> {
        match self {
            Failure::Atlas(error) => error.status(),
            Failure::MaxTime(_) | Failure::Other(_) => None,
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
