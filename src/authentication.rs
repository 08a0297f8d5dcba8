//! What goes into `Authorization`: Digest with an API key, or a bearer token.

mod bearer;

use std::time::Duration;

use ureq::http::header::{HeaderMap, HeaderName, HeaderValue, WWW_AUTHENTICATE};

pub(crate) use bearer::IssuedToken;

use crate::credentials::{Credentials, ServiceAccount};
use crate::digest;
use crate::error::{AuthenticationError, Error, Refusal};
use crate::model::{ApiError, read_error};
use crate::request::ApiRequest;
use bearer::{BearerAttempt, TokenSession};

/// Authenticates the requests of one client. It has the three verbs of [`digest::Session`].
pub(crate) enum Authentication {
    Digest(digest::Session),
    Bearer(TokenSession),
}

/// One attempt to send a request.
#[must_use = "send its authorization, then report the response"]
pub(crate) enum AuthenticationAttempt {
    Digest(digest::Attempt),
    Bearer(BearerAttempt),
}

impl Authentication {
    pub(crate) fn new(credentials: Credentials) -> Self {
        match credentials {
            Credentials::ApiKey(key) => {
                let credentials = digest::UserCredentials::new(key.public_key, key.private_key);
                Authentication::Digest(digest::Session::new(credentials))
            }
            Credentials::ServiceAccount(account) => {
                Authentication::Bearer(TokenSession::of_service_account(account))
            }
            Credentials::AccessToken(token) => Authentication::Bearer(TokenSession::of_token(token)),
        }
    }

    /// The first attempt at a request. `fetch_token` is called if an access token has to be fetched, and `time_left` is how
    /// long this may wait for a token that another thread is fetching.
    pub(crate) fn authorize(
        &self,
        request: &ApiRequest,
        time_left: Duration,
        fetch_token: impl Fn(&ServiceAccount) -> Result<IssuedToken, Error>,
    ) -> Result<AuthenticationAttempt, Error> {
        match self {
            Authentication::Digest(session) => {
                let attempt = session.authorize(&digest::Request::get(request.target()));
                attempt
                    .map(AuthenticationAttempt::Digest)
                    .map_err(|error| refuse(request, Refusal::Digest(error)))
            }
            Authentication::Bearer(session) => {
                session.authorize(request, time_left, fetch_token).map(AuthenticationAttempt::Bearer)
            }
        }
    }

    /// The next attempt, after one was answered with 401 and these header fields and body.
    pub(crate) fn answer_challenge(
        &self,
        attempt: AuthenticationAttempt,
        request: &ApiRequest,
        headers: &HeaderMap,
        body: &[u8],
        time_left: Duration,
        fetch_token: impl Fn(&ServiceAccount) -> Result<IssuedToken, Error>,
    ) -> Result<AuthenticationAttempt, Error> {
        let api = read_error(401, body);
        match (self, attempt) {
            (Authentication::Digest(session), AuthenticationAttempt::Digest(attempt)) => {
                answer_digest_challenge(session, attempt, request, headers, api)
            }
            (Authentication::Bearer(session), AuthenticationAttempt::Bearer(attempt)) => {
                // RFC 6750 3.1.
                let is_invalid = values(headers, &WWW_AUTHENTICATE)
                    .any(|value| String::from_utf8_lossy(value).contains("invalid_token"));
                let is_about_token = is_invalid || !api.is_about_rights();
                session
                    .answer_challenge(attempt, request, api, is_about_token, time_left, fetch_token)
                    .map(AuthenticationAttempt::Bearer)
            }
            // Never happens: an attempt is given back to the session it came from.
            (_, attempt) => Ok(attempt),
        }
    }

    /// Call this when an attempt was answered with anything but 401.
    pub(crate) fn record_success(
        &self,
        attempt: AuthenticationAttempt,
        request: &ApiRequest,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<(), Error> {
        match (self, attempt) {
            (Authentication::Digest(session), AuthenticationAttempt::Digest(attempt)) => {
                let info = values(headers, &AUTHENTICATION_INFO);
                session
                    .record_success(attempt, &digest::Request::get(request.target()), info, body)
                    .map_err(|error| refuse(request, Refusal::Digest(error)))
            }
            (Authentication::Bearer(session), AuthenticationAttempt::Bearer(attempt)) => {
                session.record_success(&attempt);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Takes the token that was fetched for a service account, so that it can be revoked.
    pub(crate) fn take_token(&self) -> Option<(&ServiceAccount, String)> {
        match self {
            Authentication::Digest(_) => None,
            Authentication::Bearer(session) => session.take_token(),
        }
    }
}

impl AuthenticationAttempt {
    /// The value of `Authorization`; `None` to send none, and be challenged.
    pub(crate) fn authorization(&self) -> Option<HeaderValue> {
        let mut value = match self {
            // `ureq` sends ASCII only. A challenge that needs more is refused. A `nextnonce` that needs more is not used: a
            // request without credentials is challenged again.
            AuthenticationAttempt::Digest(attempt) => {
                HeaderValue::from_bytes(attempt.authorization().filter(|value| value.is_ascii())?).ok()?
            }
            AuthenticationAttempt::Bearer(attempt) => {
                HeaderValue::try_from(format!("Bearer {}", attempt.token())).ok()?
            }
        };
        value.set_sensitive(true);
        Some(value)
    }

    /// How the request is authenticated, for the log.
    pub(crate) fn description(&self) -> String {
        match self {
            AuthenticationAttempt::Digest(attempt) => attempt.basis().to_string(),
            AuthenticationAttempt::Bearer(_) => "with an access token".into(),
        }
    }
}

static AUTHENTICATION_INFO: HeaderName = HeaderName::from_static("authentication-info");

fn answer_digest_challenge(
    session: &digest::Session,
    attempt: digest::Attempt,
    request: &ApiRequest,
    headers: &HeaderMap,
    api: ApiError,
) -> Result<AuthenticationAttempt, Error> {
    let challenges = values(headers, &WWW_AUTHENTICATE);
    match session.answer_challenge(attempt, challenges, &digest::Request::get(request.target())) {
        Ok(attempt) if attempt.authorization().is_some_and(|value| !value.is_ascii()) => {
            Err(refuse(request, Refusal::ChallengeNotAscii))
        }
        Ok(attempt) => Ok(AuthenticationAttempt::Digest(attempt)),
        Err(error @ digest::Error::NoRandomness) => Err(refuse(request, Refusal::Digest(error))),
        Err(error) => Err(Error::NotAuthenticated {
            request: Box::new(request.clone()),
            reason: AuthenticationError::Digest(error),
            api: Box::new(api),
        }),
    }
}

fn values<'h>(headers: &'h HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'h [u8]> {
    headers.get_all(name).into_iter().map(|value| value.as_bytes())
}

fn refuse(request: &ApiRequest, reason: Refusal) -> Error {
    Error::Refused { request: Box::new(request.clone()), reason }
}
