//! Everything that can go wrong. `error/explanation.rs` says it in words, and what to do next.

mod explanation;

use std::fmt;
use std::time::Duration;

use crate::digest;
use crate::invalid_input::InvalidInput;
use crate::model::ApiError;
use crate::request::ApiRequest;

/// Why a list could not be read. The guide [`errors`](crate::guides::errors) says what is retried first.
///
/// `Display` and `Debug` are one line: what failed, what was asked for, the details, and what to do next. With `{:#}` the
/// [advice](Self::advice) is on a line of its own. Text from the server is escaped and shortened, so that it can neither forge lines
/// nor control a terminal.
///
/// ```
/// use atlas_export_buckets::{Error, ProjectId};
///
/// let error = Error::from("my-project".parse::<ProjectId>().unwrap_err());
/// assert_eq!(
///     error.to_string(),
///     "not a project id: one has 24 hexadecimal digits, such as 32b6e34b3d91647abb20e7b8"
/// );
/// assert!(!error.is_retryable());
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub enum Error {
    /// Refused before anything was sent.
    InvalidInput(InvalidInput),
    /// 401, or a service account that was refused: see the reason.
    #[non_exhaustive]
    NotAuthenticated {
        /// What was asked for.
        request: Box<ApiRequest>,
        /// Why the credentials were not accepted.
        reason: AuthenticationError,
        /// What the server says.
        api: Box<ApiError>,
    },
    /// 403, from Atlas: the credentials are right, but are not allowed to do this, or not from this address.
    #[non_exhaustive]
    Forbidden {
        /// What was asked for.
        request: Box<ApiRequest>,
        /// What the server says.
        api: Box<ApiError>,
    },
    /// 404, from Atlas: no such project or organization, or one that the credentials cannot see.
    #[non_exhaustive]
    NotFound {
        /// What was asked for.
        request: Box<ApiRequest>,
        /// What the server says.
        api: Box<ApiError>,
    },
    /// 429, and the wait before the next attempt would end after the deadline.
    #[non_exhaustive]
    RateLimited {
        /// What was asked for.
        request: Box<ApiRequest>,
        /// What the server says.
        api: Box<ApiError>,
        /// The wait that the server asked for last.
        retry_after: Option<Duration>,
    },
    /// Another error status, such as 500. For 500, 502, 503 and 504, retries did not help. A 404 with the code `RESOURCE_NOT_FOUND`
    /// is here too: Atlas does not know the path, so the base URL is wrong.
    #[non_exhaustive]
    Status {
        /// What was asked for.
        request: Box<ApiRequest>,
        /// What the server says.
        api: Box<ApiError>,
        /// The wait that the server asked for last.
        retry_after: Option<Duration>,
    },
    /// 403 or 404 without an error document of Atlas: something else has answered, such as a proxy.
    #[non_exhaustive]
    NotAtlas {
        /// What was asked for.
        request: Box<ApiRequest>,
        /// The HTTP status.
        status: u16,
    },
    /// No complete response arrived: name look-up, connection or TLS failed, or the connection broke. If the failure may be
    /// temporary ([`NetworkError::is_transient`]), retries of a page did not help. A request
    /// for a token is not sent again after a connection that broke.
    #[non_exhaustive]
    Network {
        /// What was asked for.
        request: Box<ApiRequest>,
        /// What broke.
        source: NetworkError,
    },
    /// The deadline passed.
    #[non_exhaustive]
    Deadline {
        /// What was asked for.
        request: Box<ApiRequest>,
        /// The time that was allowed: for the page, or for the whole listing if `max_time` ended first.
        timeout: Duration,
        /// What had gone wrong before, if the time went into retries.
        cause: Option<Box<Error>>,
    },
    /// The response is not what the API documents.
    #[non_exhaustive]
    Malformed {
        /// What was asked for.
        request: Box<ApiRequest>,
        /// What is wrong, and where.
        problem: String,
    },
    /// A response that is rejected for safety.
    #[non_exhaustive]
    Refused {
        /// What was asked for.
        request: Box<ApiRequest>,
        /// Why.
        reason: Refusal,
    },
    /// The pages do not add up to a complete list.
    #[non_exhaustive]
    Incomplete {
        /// The last request.
        request: Box<ApiRequest>,
        /// Why.
        reason: Incomplete,
    },
}

/// Why a request could not be authenticated.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuthenticationError {
    /// The API key was refused, or no challenge could be answered.
    Digest(digest::Error),
    /// The access token that the caller passed was refused. It cannot be renewed.
    TokenRefused,
    /// An access token that was issued for the service account was refused.
    IssuedTokenRefused,
    /// A response with status 200 holds an error document with 401, or the token endpoint answered 401 without an error of OAuth.
    Refused,
    /// The service account was refused, in the words of RFC 6749 5.2.
    #[non_exhaustive]
    ServiceAccount {
        /// `error`, such as `invalid_client`.
        error: String,
        /// `error_description`: a sentence.
        error_description: Option<String>,
    },
}

/// What broke, below HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NetworkError {
    /// Where it broke.
    pub kind: NetworkErrorKind,
    /// What broke, in one line.
    pub message: String,
}

/// Where the network broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NetworkErrorKind {
    /// The host name has no address, or none could be looked up.
    HostNotFound,
    /// The host, or the proxy, refused the connection.
    ConnectionRefused,
    /// No route leads to the host, or to the proxy.
    Unreachable,
    /// No connection in time, or none for another reason.
    NotConnected,
    /// The proxy refused to connect to the host.
    Proxy,
    /// TLS: the server's certificate is not accepted.
    Certificate(CertificateError),
    /// TLS: no agreement, or no TLS at all.
    Tls,
    /// The connection broke before the response's header was complete.
    Broken,
    /// The connection broke within the response's body.
    BrokenBody,
    /// Another failure of the HTTP client, on this machine.
    Other,
}

/// Why a server's certificate is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CertificateError {
    /// It has expired, or this machine's clock is ahead.
    Expired,
    /// It is not valid yet, or this machine's clock is behind.
    NotYetValid,
    /// No trusted authority has issued it.
    UnknownIssuer,
    /// It is for another host.
    WrongName,
    /// Another reason, such as a signature that is wrong.
    Other,
}

/// Why a response was rejected.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// A redirect. None is followed: the API sends none, and credentials must not go to another host.
    #[non_exhaustive]
    Redirect {
        /// The status, 3xx.
        status: u16,
        /// `Location`, if any.
        location: Option<String>,
    },
    /// The body is longer than the limit, in bytes.
    BodyTooLarge(u64),
    /// The header is larger than 64 KiB or has more than 128 fields.
    HeaderTooLarge,
    /// The body has this content coding, although the request accepted none.
    ContentCoding(String),
    /// Digest: the response is not from a server that knows the key, or the system gave no random numbers.
    Digest(digest::Error),
    /// The challenge has non-ASCII characters that would have to be sent back, which `ureq` cannot do.
    ChallengeNotAscii,
}

/// Why a list is not complete.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Incomplete {
    /// There is no next page, but fewer items arrived than the server counts.
    #[non_exhaustive]
    Short {
        /// How many different items arrived.
        received: u64,
        /// How many the server counts.
        total_count: u64,
    },
    /// The server's count fell between two pages: items may have moved to a page already read.
    #[non_exhaustive]
    Shrunk {
        /// The count before.
        from: u64,
        /// The count now.
        to: u64,
    },
    /// The same page came twice: the server ignores `pageNum`.
    Repeated,
    /// An empty page that says that there is a next one.
    Empty,
    /// The list has more pages than this: see [`ClientBuilder::max_pages`](crate::ClientBuilder::max_pages).
    TooManyPages(u32),
    /// The list has more items than this.
    TooManyItems(u64),
}

impl Error {
    pub(crate) fn not_authenticated(
        request: &ApiRequest,
        reason: AuthenticationError,
        api: ApiError,
    ) -> Self {
        Error::NotAuthenticated { request: Box::new(request.clone()), reason, api: Box::new(api) }
    }

    pub(crate) fn deadline(request: &ApiRequest, timeout: Duration) -> Self {
        Error::Deadline { request: Box::new(request.clone()), timeout, cause: None }
    }

    pub(crate) fn network(request: &ApiRequest, source: NetworkError) -> Self {
        Error::Network { request: Box::new(request.clone()), source }
    }

    pub(crate) fn malformed(request: &ApiRequest, problem: impl Into<String>) -> Self {
        Error::Malformed { request: Box::new(request.clone()), problem: problem.into() }
    }

    pub(crate) fn refused(request: &ApiRequest, reason: Refusal) -> Self {
        Error::Refused { request: Box::new(request.clone()), reason }
    }

    /// Whether the same call may succeed later: after a temporary failure of the network or the server, a rate limit, a deadline
    /// that passed, a list that changed while it was read, or a fresh challenge that the server called stale.
    pub fn is_retryable(&self) -> bool {
        match self {
            Error::RateLimited { .. } => true,
            Error::Deadline { cause, .. } => cause.as_ref().is_none_or(|cause| cause.is_retryable()),
            Error::Status { api, .. } => matches!(api.status, 500 | 502 | 503 | 504),
            Error::Network { source, .. } => source.is_transient(),
            Error::Incomplete { reason, .. } => {
                matches!(reason, Incomplete::Shrunk { .. } | Incomplete::Short { .. })
            }
            // The server called a nonce stale that it had just issued.
            Error::NotAuthenticated { reason, .. } => {
                *reason == AuthenticationError::Digest(digest::Error::Refused { stale: true })
            }
            _ => false,
        }
    }

    /// The request that failed; `None` if nothing was sent.
    pub fn request(&self) -> Option<&ApiRequest> {
        match self {
            Error::InvalidInput(_) => None,
            Error::NotAuthenticated { request, .. }
            | Error::Forbidden { request, .. }
            | Error::NotFound { request, .. }
            | Error::RateLimited { request, .. }
            | Error::Status { request, .. }
            | Error::NotAtlas { request, .. }
            | Error::Network { request, .. }
            | Error::Deadline { request, .. }
            | Error::Malformed { request, .. }
            | Error::Refused { request, .. }
            | Error::Incomplete { request, .. } => Some(request),
        }
    }

    /// What the server says, if the error has it. [`ApiError::is_from_atlas`] tells whether the server is Atlas. For a
    /// [`Deadline`](Self::Deadline), this is what the server said before, if its cause has that.
    pub fn api(&self) -> Option<&ApiError> {
        match self {
            Error::NotAuthenticated { api, .. }
            | Error::Forbidden { api, .. }
            | Error::NotFound { api, .. }
            | Error::RateLimited { api, .. }
            | Error::Status { api, .. } => Some(api),
            Error::Deadline { cause: Some(cause), .. } => cause.api(),
            _ => None,
        }
    }

    /// Whether the request asked for the count, and Atlas says that it could not count the items: by a code, or only in words.
    pub(crate) fn asks_for_no_count(&self) -> bool {
        let Error::Status { request, api, .. } = self else { return false };
        let detail = api.detail.as_deref().unwrap_or_default();
        request.include_count
            && (api.error_code.as_deref() == Some("TIMEOUT_WHILE_PAGING")
                || detail.contains("includeCount=false"))
    }

    /// The HTTP status of the response, if the error has it.
    pub fn status(&self) -> Option<u16> {
        match self {
            Error::NotAtlas { status, .. } => Some(*status),
            Error::Refused { reason: Refusal::Redirect { status, .. }, .. } => Some(*status),
            Error::Deadline { cause: Some(cause), .. } => cause.status(),
            _ => self.api().map(|api| api.status),
        }
    }
}

impl NetworkError {
    pub(crate) fn new(kind: NetworkErrorKind, message: impl Into<String>) -> Self {
        NetworkError { kind, message: message.into() }
    }

    /// Whether trying again may help. It does not help with a certificate that is not trusted, for example.
    pub fn is_transient(&self) -> bool {
        use NetworkErrorKind::{Certificate, Other, Proxy, Tls};
        !matches!(self.kind, Proxy | Certificate(_) | Tls | Other)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::InvalidInput(source) => Some(source),
            Error::NotAuthenticated { reason, .. } => Some(reason),
            Error::Refused { reason: Refusal::Digest(reason), .. } => Some(reason),
            Error::Network { source, .. } => Some(source),
            Error::Deadline { cause: Some(cause), .. } => Some(cause),
            _ => None,
        }
    }
}

impl std::error::Error for AuthenticationError {}

impl std::error::Error for NetworkError {}

impl From<InvalidInput> for Error {
    fn from(input: InvalidInput) -> Self {
        Error::InvalidInput(input)
    }
}

/// The same line as `Display`, because `fn main() -> Result<(), Error>` prints `Debug`.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
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
