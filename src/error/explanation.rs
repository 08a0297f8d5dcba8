//! Each error in words: the cause, the request, the details, and what to do next. It says "try again" only where that may help.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use super::{
    AuthenticationError, CertificateError, Error, Incomplete, NetworkError, NetworkErrorKind, Refusal,
};
use crate::digest;
use crate::escape::OneLine;
use crate::model::ApiError;

const CHECK_THE_WAY: &str = "check the base URL, and that no proxy answers in Atlas's place";
const ADD_THE_ADDRESS: &str = "put this machine's address on the credentials' access list";
const TRY_AGAIN: &str = "try again";

/// What is said about an error, in addition to the request.
struct Explanation {
    /// What went wrong, in a few words.
    cause: Cow<'static, str>,
    /// What the server or the system said about it.
    details: Option<String>,
    /// What to do next.
    advice: Option<Cow<'static, str>>,
}

impl Explanation {
    fn new(cause: &'static str, details: impl ToString) -> Self {
        Explanation { cause: cause.into(), details: Some(details.to_string()), advice: None }
    }

    fn advice(self, advice: impl Into<Cow<'static, str>>) -> Self {
        Explanation { advice: Some(advice.into()), ..self }
    }
}

impl Error {
    /// What to do next; `None` if there is nothing to add to the error's text.
    pub fn advice(&self) -> Option<Cow<'static, str>> {
        self.explain().advice
    }

    fn explain(&self) -> Explanation {
        match self {
            Error::InvalidInput(input) => {
                Explanation { cause: input.to_string().into(), details: None, advice: None }
            }
            Error::NotAuthenticated { reason, api, .. } => reason.explain(api),
            Error::Forbidden { api, .. } => {
                Explanation::new("not allowed", api).advice(if is_about_address(api) {
                    ADD_THE_ADDRESS
                } else {
                    "give the credentials the role Project Read Only in the project (to list projects, a role in their \
                     organization), and put this machine's address on their access list"
                })
            }
            Error::NotFound { api, .. } => Explanation::new("not found", api)
                .advice("check the id, and that the credentials belong to its organization"),
            Error::RateLimited { api, retry_after, .. } => {
                Explanation::new("rate limited", api).advice(try_again(*retry_after))
            }
            Error::Status { api, retry_after, .. } => explain_status(api, *retry_after, self.is_retryable()),
            Error::NotAtlas { status, .. } => {
                let details = format!("HTTP {status} without an error document of Atlas");
                Explanation::new("this is not Atlas's answer", details).advice(CHECK_THE_WAY)
            }
            Error::Network { source, .. } => {
                let (cause, advice) = source.kind.cause_and_advice();
                Explanation::new(cause, OneLine(&source.message)).advice(advice)
            }
            Error::Deadline { timeout, cause: None, .. } => Explanation {
                cause: format!("no complete answer within the deadline of {} s", timeout.as_secs_f64()).into(),
                details: None,
                advice: Some("check the network, or allow more time (ClientBuilder::timeout, --timeout)".into()),
            },
            Error::Deadline { timeout, cause: Some(cause), .. } => {
                let explanation = cause.explain();
                let end = format!("then the deadline of {} s passed", timeout.as_secs_f64());
                let details = explanation.details.as_ref().map_or(end.clone(), |first| format!("{first}; {end}"));
                Explanation { details: Some(details), ..explanation }
            }
            Error::Malformed { problem, .. } => {
                Explanation::new("the answer is not as the Atlas API documents it", OneLine(problem))
                    .advice(CHECK_THE_WAY)
            }
            Error::Refused { reason, .. } => reason.explain(),
            Error::Incomplete { reason, .. } => {
                Explanation::new("the list is not complete", reason).advice(reason.advice())
            }
        }
    }

    /// Whether a proxy may be to blame: not if Atlas itself has answered.
    fn may_be_from_proxy(&self) -> bool {
        !matches!(self, Error::Incomplete { .. }) && self.api().is_none_or(|api| !api.is_from_atlas())
    }
}

fn explain_status(api: &ApiError, retry_after: Option<Duration>, is_retryable: bool) -> Explanation {
    let cause = match api.status {
        407 => "the proxy wants credentials",
        500.. => "the server failed",
        _ => "the server refused",
    };
    let explanation = Explanation::new(cause, api);
    let advice = match api.status {
        _ if is_retryable => try_again(retry_after),
        406 | 410 => "ask for another version of the API (ClientBuilder::api_version, --api-version)".into(),
        407 => "check the credentials in the URL of the proxy".into(),
        status if status == 404 || !api.is_from_atlas() => CHECK_THE_WAY.into(),
        _ => return explanation,
    };
    explanation.advice(advice)
}

fn is_about_address(api: &ApiError) -> bool {
    api.error_code.as_deref().is_some_and(|code| code.starts_with("IP_ADDRESS_NOT_ON_ACCESS_LIST"))
}

fn try_again(retry_after: Option<Duration>) -> Cow<'static, str> {
    match retry_after {
        Some(wait) => {
            let seconds = wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0));
            format!("try again in {seconds} s").into()
        }
        None => "try again later".into(),
    }
}

impl AuthenticationError {
    /// Whether the server refused the credentials, so that its error document says why.
    fn is_refusal(&self) -> bool {
        use AuthenticationError::{Digest, IssuedTokenRefused, Refused, TokenRefused};
        matches!(
            self,
            Digest(digest::Error::Refused { stale: false }) | TokenRefused | IssuedTokenRefused | Refused
        )
    }

    fn cause_and_advice(&self) -> (&'static str, &'static str) {
        match self {
            AuthenticationError::Digest(digest::Error::Refused { stale: false }) => {
                ("the API key was refused", "check both halves of the key, and that it was not deleted")
            }
            AuthenticationError::Digest(digest::Error::Refused { stale: true }) => {
                ("not authenticated", TRY_AGAIN)
            }
            AuthenticationError::Digest(_) => ("not authenticated", CHECK_THE_WAY),
            AuthenticationError::TokenRefused => ("the access token was refused", "fetch a new access token"),
            AuthenticationError::IssuedTokenRefused => (
                "the access token was refused",
                "check that this machine's address is on the service account's access list, and that nothing \
                 revoked the token",
            ),
            AuthenticationError::Refused => ("the credentials were refused", CHECK_THE_WAY),
            AuthenticationError::ServiceAccount { .. } => (
                "the service account was refused",
                "check the client id and the client secret, and that neither has expired",
            ),
        }
    }

    fn explain(&self, api: &ApiError) -> Explanation {
        let (mut cause, mut advice) = self.cause_and_advice();
        if is_about_address(api) {
            advice = ADD_THE_ADDRESS;
        } else if self.is_refusal() && api.is_about_rights() {
            cause = "not allowed";
            advice = "the credentials are known, but may not see this: check that they belong to the project's \
                      organization, and have the role Project Read Only in the project";
        }
        let details = if self.is_refusal() { api.to_string() } else { format!("{self}: {api}") };
        Explanation::new(cause, details).advice(advice)
    }
}

impl NetworkErrorKind {
    fn cause_and_advice(self) -> (&'static str, &'static str) {
        use CertificateError::{Expired, NotYetValid, UnknownIssuer, WrongName};
        use NetworkErrorKind::{
            Broken, BrokenBody, Certificate, ConnectionRefused, HostNotFound, NotConnected, Proxy, Tls,
            Unreachable,
        };
        const CHECK_THE_CLOCK: &str =
            "check this machine's clock; if it is right, the server's operator has to renew the certificate";
        match self {
            HostNotFound => {
                ("cannot look up the host", "check the network, and the host in the base URL or of the proxy")
            }
            ConnectionRefused | Unreachable | NotConnected => {
                ("cannot connect", "check the network, the base URL and the proxy")
            }
            Proxy => ("the proxy refused to connect", "check the proxy, and the credentials in its URL"),
            Certificate(Expired) => ("the server's certificate has expired", CHECK_THE_CLOCK),
            Certificate(NotYetValid) => ("the server's certificate is not valid yet", CHECK_THE_CLOCK),
            Certificate(UnknownIssuer) => (
                "the server's certificate has an unknown issuer",
                "behind a TLS-inspecting proxy, trust its root certificate (ClientBuilder::ca_certificates, --ca-file)",
            ),
            Certificate(WrongName) => ("the server's certificate is for another host", CHECK_THE_WAY),
            Certificate(CertificateError::Other) => {
                ("the server's certificate is not accepted", CHECK_THE_WAY)
            }
            Tls => ("no secure connection", CHECK_THE_WAY),
            Broken | BrokenBody => {
                ("the connection broke", "try again; if it stays so, check the base URL and the proxy")
            }
            NetworkErrorKind::Other => {
                ("nothing could be sent", "check this machine's limits on memory and threads")
            }
        }
    }
}

impl Refusal {
    fn explain(&self) -> Explanation {
        let (cause, details) = match self {
            Refusal::Redirect { status, location } => (
                "a redirect, which is not followed",
                format!("HTTP {status} to {}", OneLine(location.as_deref().unwrap_or("nowhere"))),
            ),
            Refusal::BodyTooLarge(limit) => {
                ("the answer is too large", format!("its body is longer than {limit} bytes"))
            }
            Refusal::HeaderTooLarge => (
                "the answer is too large",
                "its header is larger than 64 KiB or has more than 128 fields".into(),
            ),
            Refusal::ContentCoding(coding) => {
                ("the answer has a content coding, although none was accepted", OneLine(coding).to_string())
            }
            Refusal::Digest(reason) => ("the answer is not authentic", reason.to_string()),
            Refusal::ChallengeNotAscii => {
                ("the server's challenge cannot be answered", "it has characters above ASCII".into())
            }
        };
        let explanation = Explanation::new(cause, details);
        match self {
            Refusal::BodyTooLarge(_) => explanation
                .advice("ask for fewer items per page (ClientBuilder::items_per_page, --items-per-page)"),
            Refusal::Digest(digest::Error::NoRandomness) => explanation,
            _ => explanation.advice(CHECK_THE_WAY),
        }
    }
}

impl Incomplete {
    fn advice(&self) -> &'static str {
        match self {
            Incomplete::Short { .. } => {
                "try again; if it stays so, list without the count, which is an estimate \
                 (ClientBuilder::include_count(false), --no-count)"
            }
            Incomplete::Shrunk { .. } => TRY_AGAIN,
            _ => CHECK_THE_WAY,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let explanation = self.explain();
        f.write_str(&explanation.cause)?;
        if let Some(request) = self.request() {
            write!(f, ": {request}")?;
            if let Some(proxy) = request.proxy().filter(|_| self.may_be_from_proxy()) {
                write!(f, " through the proxy {proxy}")?;
            }
        }
        if let Some(details) = explanation.details {
            write!(f, " ({details})")?;
        }
        if let Some(advice) = explanation.advice {
            f.write_str(if f.alternate() { "\n" } else { "; " })?;
            f.write_str(&advice)?;
        }
        Ok(())
    }
}

impl fmt::Display for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (cause, _) = self.kind.cause_and_advice();
        write!(f, "{cause}: {}", OneLine(&self.message))
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
            reason => f.write_str(reason.cause_and_advice().0),
        }
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
