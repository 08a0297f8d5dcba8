//! Each error as one line: the cause, the request, the details, and what to do next.

use std::borrow::Cow;
use std::fmt;

use super::{
    AuthenticationError, CertificateError, Error, Incomplete, NetworkError, NetworkErrorKind, Refusal,
};
use crate::digest;
use crate::escape::OneLine;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.cause())?;
        if let Some(request) = self.request() {
            write!(f, ": {request}")?;
            if let Some(proxy) = request.proxy().filter(|_| self.may_be_from_proxy()) {
                write!(f, " through the proxy {proxy}")?;
            }
        }
        if let Some(details) = self.details() {
            write!(f, " ({details})")?;
        }
        if let Some(advice) = self.advice() {
            f.write_str(if f.alternate() { "\n" } else { "; " })?;
            f.write_str(&advice)?;
        }
        Ok(())
    }
}

impl Error {
    /// What went wrong, in a few words.
    fn cause(&self) -> Cow<'static, str> {
        match self {
            Error::InvalidInput(input) => input.to_string().into(),
            Error::NotAuthenticated { reason, .. } => reason.cause().into(),
            Error::Forbidden { .. } => "not allowed".into(),
            Error::NotFound { .. } => "not found".into(),
            Error::RateLimited { .. } => "rate limited".into(),
            Error::Status { api, .. } if api.status == 407 => "the proxy wants credentials".into(),
            Error::Status { api, .. } if api.status >= 500 => "the server failed".into(),
            Error::Status { .. } => "the server refused".into(),
            Error::NotAtlas { .. } => "this is not Atlas's answer".into(),
            Error::Network { source, .. } => source.kind.cause().into(),
            Error::Deadline { cause: Some(cause), .. } => cause.cause(),
            Error::Deadline { timeout, .. } => {
                format!("no complete answer within the deadline of {} s", timeout.as_secs_f64()).into()
            }
            Error::Malformed { .. } => "the answer is not an answer of the Atlas API".into(),
            Error::Refused { reason, .. } => reason.cause().into(),
            Error::Incomplete { .. } => "the list is not whole".into(),
        }
    }

    /// What the server or the system said about it.
    fn details(&self) -> Option<String> {
        match self {
            Error::InvalidInput(_) => None,
            Error::NotAuthenticated { reason, api, .. } if reason.is_refusal() => Some(api.to_string()),
            Error::NotAuthenticated { reason, api, .. } => Some(format!("{reason}: {api}")),
            Error::Forbidden { api, .. }
            | Error::NotFound { api, .. }
            | Error::RateLimited { api, .. }
            | Error::Status { api, .. } => Some(api.to_string()),
            Error::NotAtlas { status, .. } => {
                Some(format!("HTTP {status} without an error document of Atlas"))
            }
            Error::Network { source, .. } => Some(OneLine(&source.message).to_string()),
            Error::Deadline { timeout, cause: Some(cause), .. } => {
                let end = format!("then the deadline of {} s passed", timeout.as_secs_f64());
                Some(cause.details().map_or(end.clone(), |details| format!("{details}; {end}")))
            }
            Error::Deadline { .. } => None,
            Error::Malformed { problem, .. } => Some(OneLine(problem).to_string()),
            Error::Refused { reason, .. } => reason.details(),
            Error::Incomplete { reason, .. } => Some(reason.to_string()),
        }
    }

    /// Whether a proxy, where there is one, may be to blame.
    fn may_be_from_proxy(&self) -> bool {
        match self {
            Error::Network { .. }
            | Error::Malformed { .. }
            | Error::Refused { .. }
            | Error::NotAtlas { .. } => true,
            Error::Deadline { cause, .. } => cause.as_ref().is_none_or(|cause| cause.may_be_from_proxy()),
            Error::Status { api, .. }
            | Error::RateLimited { api, .. }
            | Error::NotAuthenticated { api, .. } => !api.is_from_atlas(),
            _ => false,
        }
    }
}

impl NetworkErrorKind {
    fn cause(self) -> &'static str {
        match self {
            NetworkErrorKind::HostNotFound => "cannot look up the host",
            NetworkErrorKind::ConnectionRefused | NetworkErrorKind::NotConnected => "cannot connect",
            NetworkErrorKind::Proxy => "the proxy refused to connect",
            NetworkErrorKind::Certificate(CertificateError::Expired) => {
                "the server's certificate has expired"
            }
            NetworkErrorKind::Certificate(CertificateError::NotYetValid) => {
                "the server's certificate is not valid yet"
            }
            NetworkErrorKind::Certificate(CertificateError::UnknownIssuer) => {
                "the server's certificate has an unknown issuer"
            }
            NetworkErrorKind::Certificate(CertificateError::WrongName) => {
                "the server's certificate is for another host"
            }
            NetworkErrorKind::Certificate(CertificateError::Other) => {
                "the server's certificate is not accepted"
            }
            NetworkErrorKind::Tls => "no secure connection",
            NetworkErrorKind::Broken | NetworkErrorKind::BrokenBody => "the connection broke",
            NetworkErrorKind::Other => "nothing could be sent",
        }
    }
}

impl fmt::Display for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.cause(), OneLine(&self.message))
    }
}

impl AuthenticationError {
    fn cause(&self) -> &'static str {
        match self {
            AuthenticationError::Digest(digest::Error::Refused { stale: false }) => "the API key was refused",
            AuthenticationError::Digest(_) => "not authenticated",
            AuthenticationError::TokenRefused | AuthenticationError::IssuedTokenRefused => {
                "the access token was refused"
            }
            AuthenticationError::Refused => "the credentials were refused",
            AuthenticationError::ServiceAccount { .. } => "the service account was refused",
        }
    }
}

impl fmt::Display for AuthenticationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AuthenticationError::Digest(reason) => write!(f, "{}", OneLine(&reason.to_string())),
            AuthenticationError::ServiceAccount { error, error_description } => {
                write!(f, "{}", OneLine(error))?;
                match error_description {
                    Some(description) => write!(f, " \"{}\"", OneLine(description)),
                    None => Ok(()),
                }
            }
            reason => f.write_str(reason.cause()),
        }
    }
}

impl Refusal {
    fn cause(&self) -> &'static str {
        match self {
            Refusal::Redirect { .. } => "a redirect, which is not followed",
            Refusal::BodyTooLarge(_) | Refusal::HeaderTooLarge => "the answer is too large",
            Refusal::ContentCoding(_) => "the answer has a content coding, although none was accepted",
            Refusal::Digest(_) => "the answer is not authentic",
            Refusal::ChallengeNotAscii => "the server's challenge cannot be answered",
        }
    }

    fn details(&self) -> Option<String> {
        Some(match self {
            Refusal::Redirect { status, location } => {
                format!("HTTP {status} to {}", OneLine(location.as_deref().unwrap_or("nowhere")))
            }
            Refusal::BodyTooLarge(limit) => format!("its body is longer than {limit} bytes"),
            Refusal::HeaderTooLarge => "its header is larger than 64 KiB or has more than 128 fields".into(),
            Refusal::ContentCoding(coding) => OneLine(coding).to_string(),
            Refusal::Digest(reason) => reason.to_string(),
            Refusal::ChallengeNotAscii => "it has characters above ASCII".into(),
        })
    }
}

impl fmt::Display for Incomplete {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Incomplete::Short { received, total_count } => {
                write!(f, "it ends after {received} items, but the server counts {total_count}")
            }
            Incomplete::Shrunk { from, to } => write!(
                f,
                "the number of items fell from {from} to {to} while they were listed, so some may have been missed"
            ),
            Incomplete::Repeated => {
                f.write_str("the server sent a page again; it does not page as Atlas does")
            }
            Incomplete::Empty => f.write_str(
                "an empty page says that it is not the last; the server does not page as Atlas does",
            ),
            Incomplete::TooManyPages(pages) => write!(f, "it has more than {pages} pages"),
            Incomplete::TooManyItems(items) => write!(f, "it has more than {items} items"),
        }
    }
}
