//! What to do next. It says "try again" only where that may help.

use std::borrow::Cow;
use std::time::Duration;

use super::{AuthenticationError, CertificateError, Error, Incomplete, NetworkErrorKind, Refusal};
use crate::digest;
use crate::model::ApiError;

const CHECK_THE_WAY: &str = "check the base URL, and that no proxy answers in Atlas's place";
const TRY_AGAIN: &str = "try again";

impl Error {
    /// What to do next; `None` if there is nothing to add to the error's text.
    pub fn advice(&self) -> Option<Cow<'static, str>> {
        let text = match self {
            Error::InvalidInput(_) => return None,
            Error::NotAuthenticated { reason, api, .. } => authenticate(reason, api),
            Error::Forbidden { api, .. } if is_about_address(api) => ADD_THE_ADDRESS,
            Error::Forbidden { .. } => {
                "give the credentials the role Project Read Only in this project, and put this machine's address on \
                 their access list"
            }
            Error::NotFound { .. } => "check the id, and that the credentials belong to its organization",
            Error::RateLimited { retry_after, .. } => return Some(try_again(*retry_after)),
            Error::Status { retry_after, .. } if self.is_retryable() => return Some(try_again(*retry_after)),
            Error::Status { api, .. } => match api.status {
                406 | 410 => "ask for another version of the API (ClientBuilder::api_version, --api-version)",
                407 => "check the credentials in the URL of the proxy",
                _ if !api.is_from_atlas() => CHECK_THE_WAY,
                _ => return None,
            },
            Error::NotAtlas { .. } | Error::Malformed { .. } => CHECK_THE_WAY,
            Error::Network { source, .. } => network(source.kind),
            Error::Deadline { cause: Some(cause), .. } => return cause.advice(),
            Error::Deadline { .. } => {
                "check the network, or allow more time (ClientBuilder::timeout, --timeout)"
            }
            Error::Refused { reason, .. } => match reason {
                Refusal::BodyTooLarge(_) => {
                    "ask for fewer items per page (ClientBuilder::items_per_page, --items-per-page)"
                }
                Refusal::Digest(digest::Error::NoRandomness) => return None,
                _ => CHECK_THE_WAY,
            },
            Error::Incomplete { reason, .. } => match reason {
                Incomplete::Short { .. } => {
                    "try again; if it stays so, list without the count, which is an estimate \
                     (ClientBuilder::include_count(false), --no-count)"
                }
                Incomplete::Shrunk { .. } => TRY_AGAIN,
                _ => CHECK_THE_WAY,
            },
        };
        Some(text.into())
    }
}

const ADD_THE_ADDRESS: &str = "put this machine's address on the credentials' access list";

fn is_about_address(api: &ApiError) -> bool {
    api.error_code.as_deref().is_some_and(|code| code.starts_with("IP_ADDRESS_NOT_ON_ACCESS_LIST"))
}

fn authenticate(reason: &AuthenticationError, api: &ApiError) -> &'static str {
    match reason {
        _ if is_about_address(api) => ADD_THE_ADDRESS,
        _ if reason.is_refusal() && api.is_about_rights() => {
            "the credentials are known, but may not see this: check that they belong to the project's organization, and \
             have the role Project Read Only in the project"
        }
        AuthenticationError::Digest(digest::Error::Refused { stale: true }) => TRY_AGAIN,
        AuthenticationError::Digest(digest::Error::Refused { stale: false }) => {
            "check both halves of the key, and that it was not deleted"
        }
        AuthenticationError::Digest(_) | AuthenticationError::Refused => CHECK_THE_WAY,
        AuthenticationError::TokenRefused => "fetch a new access token",
        AuthenticationError::IssuedTokenRefused => {
            "check that this machine's address is on the service account's access list, and that nothing revoked the token"
        }
        AuthenticationError::ServiceAccount { .. } => {
            "check the client id and the client secret, and that neither has expired"
        }
    }
}

fn network(kind: NetworkErrorKind) -> &'static str {
    match kind {
        NetworkErrorKind::HostNotFound => "check the network and the host in the base URL",
        NetworkErrorKind::ConnectionRefused | NetworkErrorKind::NotConnected => {
            "check the network, the base URL and the proxy"
        }
        NetworkErrorKind::Proxy => "check the proxy, and the credentials in its URL",
        NetworkErrorKind::Certificate(CertificateError::Expired | CertificateError::NotYetValid) => {
            "check this machine's clock; if it is right, the server's operator has to renew the certificate"
        }
        NetworkErrorKind::Certificate(CertificateError::UnknownIssuer) => {
            "behind a TLS-inspecting proxy, trust its root certificate (ClientBuilder::ca_certificates, --ca-file)"
        }
        NetworkErrorKind::Certificate(_) | NetworkErrorKind::Tls => CHECK_THE_WAY,
        NetworkErrorKind::Broken | NetworkErrorKind::BrokenBody => TRY_AGAIN,
        NetworkErrorKind::Other => "check this machine's limits on memory and threads",
    }
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
