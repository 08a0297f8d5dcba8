//! Each error as one line: what was being done, what came of it, and what to do next.

use std::fmt;
use std::time::Duration;

use super::{ApiError, Error, Incomplete, NetworkError, NetworkPhase, Refusal};
use crate::digest;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(request) = self.request() {
            write!(f, "{request}: ")?;
        }
        WithoutRequest(self).fmt(f)
    }
}

/// An error without what was asked for, for errors within errors about the same request.
struct WithoutRequest<'a>(&'a Error);

impl fmt::Display for WithoutRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Error::InvalidInput(input) => input.fmt(f),
            Error::NotAuthenticated { reason: digest::Error::Refused { stale: false }, api, .. } => write!(
                f,
                "the API key was refused: {api}; check both halves of the key, and that it was not deleted"
            ),
            Error::NotAuthenticated { reason, api, .. } => {
                write!(f, "not authenticated: {}: {api}", OneLine(&format!("{reason}")))?;
                f.write_str("; check the base URL, and that no proxy answers in Atlas's place")
            }
            Error::Forbidden { api, .. } => write!(
                f,
                "not allowed: {api}; give the API key the role Project Read Only in this project, and put this \
                 address on the key's access list"
            ),
            Error::NotFound { api, .. } => {
                write!(
                    f,
                    "not found: {api}; check the project id, and that the API key belongs to its organization"
                )
            }
            Error::RateLimited { api, retry_after, .. } => {
                write!(f, "rate limited: {api}")?;
                write_retry_after(f, *retry_after)
            }
            Error::Status { api, retry_after, .. } => {
                write!(f, "the server failed or refused: {api}")?;
                write_retry_after(f, *retry_after)
            }
            Error::Network { source, .. } => source.fmt(f),
            Error::Deadline { timeout, cause, .. } => {
                write!(f, "no complete answer within the deadline of {} s", timeout.as_secs_f64())?;
                match cause {
                    Some(cause) => write!(f, "; before that, {}", WithoutRequest(cause)),
                    None => f.write_str("; check the network, or allow more time"),
                }
            }
            Error::Malformed { problem, .. } => write!(
                f,
                "the answer is not an answer of the Atlas API: {}; check the base URL, and that no proxy answers in \
                 Atlas's place",
                OneLine(problem)
            ),
            Error::Refused { reason, .. } => reason.fmt(f),
            Error::Incomplete { reason, .. } => reason.fmt(f),
        }
    }
}

fn write_retry_after(f: &mut fmt::Formatter<'_>, retry_after: Option<Duration>) -> fmt::Result {
    match retry_after {
        Some(wait) => {
            let seconds = wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0));
            write!(f, "; try again in {seconds} s")
        }
        None => f.write_str("; try again later"),
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP {}", self.status)?;
        if let Some(name) = self.error_code.as_deref().or(self.reason.as_deref()) {
            write!(f, " {}", OneLine(name))?;
        }
        if let Some(detail) = &self.detail {
            write!(f, " \"{}\"", OneLine(detail))?;
        }
        Ok(())
    }
}

impl fmt::Display for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, advice) = match self.phase {
            NetworkPhase::Connect => ("cannot connect", "check the network, the base URL and the proxy"),
            NetworkPhase::Tls => (
                "no secure connection",
                "check the base URL; behind a proxy that opens TLS, trust its root certificate",
            ),
            NetworkPhase::Exchange => ("the connection broke", "try again"),
        };
        write!(f, "{what}: {}; {advice}", OneLine(&self.message))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Redirect { status, location } => {
                let location = location.as_deref().unwrap_or("nowhere");
                write!(f, "HTTP {status}, a redirect to {}, is not followed", OneLine(location))?;
                f.write_str("; check the base URL, and that no proxy answers in Atlas's place")
            }
            Refusal::BodyTooLarge(limit) => {
                write!(f, "the answer is longer than {limit} bytes; ask for fewer items per page")
            }
            Refusal::HeadTooLarge => f.write_str("the answer's head is too large; check the base URL"),
            Refusal::Digest(reason) => write!(f, "{reason}; check the network between here and Atlas"),
            Refusal::ChallengeNotAscii => {
                f.write_str("the server's challenge has characters above ASCII, which cannot be sent back")
            }
        }
    }
}

impl fmt::Display for Incomplete {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Incomplete::Short { received, total_count } => write!(
                f,
                "the list ends after {received} buckets, but the server counts {total_count}; try again"
            ),
            Incomplete::Shrunk { from, to } => write!(
                f,
                "the number of buckets fell from {from} to {to} while they were listed, so some may have been missed; \
                 try again"
            ),
            Incomplete::Repeated => {
                f.write_str("the server sent the same page twice; it does not page as Atlas does")
            }
            Incomplete::Empty => f.write_str(
                "the server sent an empty page that is not the last; it does not page as Atlas does",
            ),
        }
    }
}

/// Text from outside, for one line: control characters escaped, and cut at 300 characters.
pub(crate) struct OneLine<'a>(pub(crate) &'a str);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MAX: usize = 300;
        for (index, character) in self.0.chars().enumerate() {
            match character {
                _ if index == MAX => return f.write_str("…"),
                // Directional marks, separators and what has no width can disguise text as well as controls can.
                '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => {
                    write!(f, "{}", character.escape_unicode())?;
                }
                _ if character.is_control() => write!(f, "{}", character.escape_default())?,
                _ => fmt::Write::write_char(f, character)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn server_text_cannot_leave_its_line_or_flood_it() {
        assert_eq!(OneLine("a\nb\x1b[31m\u{202e}c\u{9b}").to_string(), r"a\nb\u{1b}[31m\u{202e}c\u{9b}");
        assert_eq!(OneLine(&"x".repeat(301)).to_string(), "x".repeat(300) + "…");
    }
}
