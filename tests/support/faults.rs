//! The kinds of errors, and the running of many cases at once.

use std::sync::Mutex;
use std::thread;

use atlas_export_buckets::{AuthenticationError, Error, Refusal, digest};

/// The kind of an error in a few words, with its reason or status.
pub fn kind(error: &Error) -> String {
    match error {
        Error::InvalidInput(_) => "InvalidInput".into(),
        Error::NotAuthenticated { reason: AuthenticationError::Digest(reason), .. } => match reason {
            digest::Error::NoChallenge(_) => "NotAuthenticated NoChallenge".into(),
            reason => format!("NotAuthenticated {reason:?}"),
        },
        Error::NotAuthenticated { reason, .. } => format!("NotAuthenticated {reason:?}"),
        Error::NotAtlas { status, .. } => format!("NotAtlas {status}"),
        Error::Forbidden { .. } => "Forbidden".into(),
        Error::NotFound { .. } => "NotFound".into(),
        Error::RateLimited { .. } => "RateLimited".into(),
        Error::Status { api, .. } => format!("Status {}", api.status),
        Error::Network { source, .. } => format!("Network {:?}", source.kind),
        Error::Deadline { cause: Some(cause), .. } => format!("Deadline after {}", kind(cause)),
        Error::Deadline { cause: None, .. } => "Deadline".into(),
        Error::Malformed { .. } => "Malformed".into(),
        Error::Refused { reason: Refusal::Redirect { status, .. }, .. } => {
            format!("Refused Redirect {status}")
        }
        Error::Refused { reason, .. } => format!("Refused {reason:?}"),
        Error::Incomplete { reason, .. } => format!("Incomplete {reason:?}"),
        other => panic!("a new kind of error: {other:?}"),
    }
}

/// The exit status of the contract for an error of this kind.
pub fn exit_status(kind: &str) -> i32 {
    let kind = kind.strip_prefix("Deadline after ").unwrap_or(kind);
    let worth_trying_again =
        ["Status 500", "Status 502", "Status 503", "Status 504", "Incomplete Short", "Incomplete Shrunk"];
    if worth_trying_again.iter().any(|prefix| kind.starts_with(prefix)) {
        return 7;
    }
    match kind.split(' ').next() {
        Some("InvalidInput") => 2,
        Some("NotAuthenticated" | "Forbidden") => 3,
        Some("NotFound") => 4,
        Some("RateLimited") => 5,
        Some("Network" | "Deadline") => 6,
        _ => 1,
    }
}

/// Runs all cases, several at once, as most of their time is waiting. Returns what went wrong with which.
pub fn run_all<T: Send>(cases: Vec<T>, threads: usize, run: impl Fn(T) -> Vec<String> + Sync) -> Vec<String> {
    let queue = Mutex::new(cases.into_iter());
    let problems = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let Some(case) = queue.lock().unwrap().next() else { return };
                    let found = run(case);
                    problems.lock().unwrap().extend(found);
                }
            });
        }
    });
    problems.into_inner().unwrap()
}
