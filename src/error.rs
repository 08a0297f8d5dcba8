//! Everything that can go wrong, each with what to do next. What is wrong before anything is sent: `invalid_input.rs`.

mod display;

use std::fmt;
use std::time::Duration;

use crate::digest;
use crate::endpoint::PageRequest;
use crate::invalid_input::InvalidInput;

pub(crate) use display::OneLine;

/// Why buckets could not be listed.
///
/// `Display` is one line: what was asked for, what came back, what to do next. Text from the server is escaped and
/// cut in it, so that it cannot forge lines or drive a terminal.
#[non_exhaustive]
pub enum Error {
    /// Refused before anything was sent.
    InvalidInput(InvalidInput),
    /// 401, and no challenge with it that we can or may answer: the key is wrong, or the server wants something else
    /// than Digest.
    NotAuthenticated {
        /// What was asked for.
        request: Box<PageRequest>,
        /// What the Digest session says.
        reason: digest::Error,
        /// What the server says.
        api: Box<ApiError>,
    },
    /// 403: the key is right, but may not do this, or not from this address.
    Forbidden {
        /// What was asked for.
        request: Box<PageRequest>,
        /// What the server says.
        api: Box<ApiError>,
    },
    /// 404: no such project, or one that the key cannot see.
    NotFound {
        /// What was asked for.
        request: Box<PageRequest>,
        /// What the server says.
        api: Box<ApiError>,
    },
    /// 429, to the end of the retries or of the deadline.
    RateLimited {
        /// What was asked for.
        request: Box<PageRequest>,
        /// What the server says.
        api: Box<ApiError>,
        /// The time to wait that the server named last, from when it did so.
        retry_after: Option<Duration>,
    },
    /// Any other status than 200; 500, 502, 503 and 504 to the end of the retries or of the deadline.
    Status {
        /// What was asked for.
        request: Box<PageRequest>,
        /// What the server says.
        api: Box<ApiError>,
        /// The time to wait that the server named last, from when it did so.
        retry_after: Option<Duration>,
    },
    /// No whole answer came: name resolution, connection, TLS, or a connection that broke, to the end of the retries.
    Network {
        /// What was asked for.
        request: Box<PageRequest>,
        /// What broke.
        source: NetworkError,
    },
    /// The deadline of the page passed.
    Deadline {
        /// What was asked for.
        request: Box<PageRequest>,
        /// The deadline, from the start of the page.
        timeout: Duration,
        /// What had gone wrong before, if the time went into retries.
        cause: Option<Box<Error>>,
    },
    /// The answer is not what the API documents.
    Malformed {
        /// What was asked for.
        request: Box<PageRequest>,
        /// What is wrong, and where.
        problem: String,
        /// The parser's error, if it was one.
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// An answer that we do not accept.
    Refused {
        /// What was asked for.
        request: Box<PageRequest>,
        /// Why.
        reason: Refusal,
    },
    /// The pages do not add up to a complete list.
    Incomplete {
        /// What was asked for last.
        request: Box<PageRequest>,
        /// Why.
        reason: Incomplete,
    },
}

/// An error document of Atlas. What the server did not send, or not in this form, is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiError {
    /// The HTTP status; that in the document, if it was enclosed in an answer with 200.
    pub status: u16,
    /// `errorCode`, such as `GROUP_NOT_FOUND`.
    pub error_code: Option<String>,
    /// `reason`, such as `Not Found`.
    pub reason: Option<String>,
    /// `detail`: a sentence.
    pub detail: Option<String>,
    /// `parameters`: what the detail was made of. Values that are not strings are in JSON.
    pub parameters: Vec<String>,
}

/// What broke, below HTTP.
#[derive(Debug)]
#[non_exhaustive]
pub struct NetworkError {
    /// What was being done.
    pub phase: NetworkPhase,
    /// What broke, in one line.
    pub message: String,
    /// Whether trying again may help; a certificate that is not trusted stays so.
    pub is_transient: bool,
}

/// Where in an exchange the network broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NetworkPhase {
    /// Name resolution, TCP, or proxy.
    Connect,
    /// TLS: no agreement, or the certificate is not trusted.
    Tls,
    /// Sending the request, or receiving the answer.
    Exchange,
}

/// Why an answer was not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// Redirects are not followed: the API has none, and credentials do not travel.
    Redirect {
        /// The status, 3xx.
        status: u16,
        /// `Location`, if any.
        location: Option<String>,
    },
    /// The body is longer than the limit, in bytes.
    BodyTooLarge(u64),
    /// The head of the answer is larger than 64 KiB or has more than 128 fields.
    HeadTooLarge,
    /// Digest: the answer is not from who knows the key, or no random number could be had.
    Digest(digest::Error),
    /// The challenge has characters above ASCII that would have to be sent back; `ureq` cannot do that.
    ChallengeNotAscii,
}

/// Why a list is not complete.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Incomplete {
    /// There is no next page, but fewer buckets came than the server counts.
    Short {
        /// As many came.
        received: u64,
        /// As many there are, the server says.
        total_count: u64,
    },
    /// The server's count fell between two pages: what was deleted may have moved others to a page already read.
    Shrunk {
        /// The count of the page before.
        from: u64,
        /// The count now.
        to: u64,
    },
    /// The same page came twice: the server ignores `pageNum`.
    Repeated,
    /// An empty page that says that there is a next one.
    Empty,
}

impl Error {
    /// Whether the same call may succeed later without any change: after a fault of network or server, a rate limit,
    /// or a list that changed while it was read.
    pub fn is_retryable(&self) -> bool {
        match self {
            Error::RateLimited { .. } | Error::Deadline { .. } => true,
            Error::Status { api, .. } => matches!(api.status, 500 | 502 | 503 | 504),
            Error::Network { source, .. } => source.is_transient,
            Error::Incomplete { reason, .. } => {
                matches!(reason, Incomplete::Shrunk { .. } | Incomplete::Short { .. })
            }
            Error::NotAuthenticated { reason, .. } => *reason == digest::Error::Refused { stale: true },
            _ => false,
        }
    }

    /// What was being asked for; `None` if nothing was.
    pub fn request(&self) -> Option<&PageRequest> {
        match self {
            Error::InvalidInput(_) => None,
            Error::NotAuthenticated { request, .. }
            | Error::Forbidden { request, .. }
            | Error::NotFound { request, .. }
            | Error::RateLimited { request, .. }
            | Error::Status { request, .. }
            | Error::Network { request, .. }
            | Error::Deadline { request, .. }
            | Error::Malformed { request, .. }
            | Error::Refused { request, .. }
            | Error::Incomplete { request, .. } => Some(request),
        }
    }

    /// The error document of Atlas, if that is what failed.
    pub fn api(&self) -> Option<&ApiError> {
        match self {
            Error::NotAuthenticated { api, .. }
            | Error::Forbidden { api, .. }
            | Error::NotFound { api, .. }
            | Error::RateLimited { api, .. }
            | Error::Status { api, .. } => Some(api),
            _ => None,
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::InvalidInput(source) => Some(source),
            Error::NotAuthenticated { reason, .. }
            | Error::Refused { reason: Refusal::Digest(reason), .. } => Some(reason),
            Error::Network { source, .. } => Some(source),
            Error::Deadline { cause: Some(cause), .. } => Some(cause),
            Error::Malformed { source: Some(source), .. } => Some(&**source),
            _ => None,
        }
    }
}

impl std::error::Error for NetworkError {}

/// The same line as `Display`, because that is what `fn main() -> Result<(), Error>` prints.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_small_enough_to_return() {
        assert!(size_of::<Error>() <= 80, "{}", size_of::<Error>());
    }
}
