//! What goes into `Authorization`: Digest with an API key, or an access token as bearer token.

mod bearer;

use std::time::Duration;

use ureq::http::Response;
use ureq::http::header::{HeaderMap, HeaderValue};

pub(crate) use bearer::IssuedToken;

use crate::credentials::{AccessToken, Credentials, ServiceAccount};
use crate::digest;
use crate::error::{AuthenticationError, Error, Refusal};
use crate::model::read_error;
use crate::request::ApiRequest;
use bearer::{Token, TokenSession};

/// Authenticates the requests of one client.
pub(crate) enum Authentication {
    Digest(digest::Session),
    ServiceAccount(TokenSession),
    AccessToken(AccessToken),
}

/// One attempt to send a request, with the session that it belongs to.
#[must_use = "send its authorization, then report the response"]
pub(crate) enum AuthenticationAttempt<'a> {
    Digest(&'a digest::Session, digest::Attempt),
    ServiceAccount(&'a TokenSession, Token),
    AccessToken(&'a AccessToken),
}

impl Authentication {
    pub(crate) fn new(credentials: Credentials) -> Self {
        match credentials {
            Credentials::ApiKey(key) => {
                let credentials = digest::UserCredentials::new(key.public_key, key.private_key);
                Authentication::Digest(digest::Session::new(credentials))
            }
            Credentials::ServiceAccount(account) => {
                Authentication::ServiceAccount(TokenSession::new(account))
            }
            Credentials::AccessToken(token) => Authentication::AccessToken(token),
        }
    }

    /// The first attempt at a request. If an access token has to be fetched, this calls `fetch_token`, or waits as long as
    /// `time_left` for a thread that is fetching one.
    pub(crate) fn authorize(
        &self,
        request: &ApiRequest,
        time_left: Duration,
        fetch_token: impl Fn(&ServiceAccount) -> Result<IssuedToken, Error>,
    ) -> Result<AuthenticationAttempt<'_>, Error> {
        match self {
            Authentication::Digest(session) => {
                let attempt = session.authorize(&digest::Request::get(request.target()));
                let attempt = attempt.map_err(|error| Error::refused(request, Refusal::Digest(error)))?;
                Ok(AuthenticationAttempt::Digest(session, attempt))
            }
            Authentication::ServiceAccount(session) => {
                let token = session.authorize(request, time_left, fetch_token)?;
                Ok(AuthenticationAttempt::ServiceAccount(session, token))
            }
            Authentication::AccessToken(token) => Ok(AuthenticationAttempt::AccessToken(token)),
        }
    }

    /// Takes the token that was fetched for a service account, so that it can be revoked.
    pub(crate) fn take_token(&self) -> Option<(&ServiceAccount, String)> {
        match self {
            Authentication::ServiceAccount(session) => session.take_token(),
            Authentication::Digest(_) | Authentication::AccessToken(_) => None,
        }
    }
}

impl AuthenticationAttempt<'_> {
    /// The value of `Authorization`; `None` to send none, and be challenged.
    pub(crate) fn authorization(&self) -> Option<HeaderValue> {
        let mut value = match self {
            // `ureq` sends ASCII only. A challenge that needs other characters is refused. If a `nextnonce` needs
            // them, the request goes without credentials and is challenged again.
            AuthenticationAttempt::Digest(_, attempt) => {
                HeaderValue::from_bytes(attempt.authorization().filter(|value| value.is_ascii())?)
            }
            AuthenticationAttempt::ServiceAccount(_, token) => format!("Bearer {}", token.value).try_into(),
            AuthenticationAttempt::AccessToken(AccessToken(token)) => format!("Bearer {token}").try_into(),
        }
        .ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// How the request is authenticated, for the log.
    pub(crate) fn description(&self) -> String {
        match self {
            AuthenticationAttempt::Digest(_, attempt) => attempt.basis().to_string(),
            _ => "with an access token".into(),
        }
    }

    /// The next attempt, after this one was answered with 401. The other arguments are those of
    /// [`Authentication::authorize`].
    pub(crate) fn answer_challenge(
        self,
        request: &ApiRequest,
        response: &Response<Vec<u8>>,
        time_left: Duration,
        fetch_token: impl Fn(&ServiceAccount) -> Result<IssuedToken, Error>,
    ) -> Result<Self, Error> {
        let api = read_error(401, response.body());
        let challenges = || values(response.headers(), "www-authenticate");
        match self {
            AuthenticationAttempt::Digest(session, attempt) => {
                let target = digest::Request::get(request.target());
                let next = session.answer_challenge(attempt, challenges(), &target);
                let next = next.map_err(|error| match error {
                    digest::Error::NoRandomness => Error::refused(request, Refusal::Digest(error)),
                    _ => Error::not_authenticated(request, AuthenticationError::Digest(error), api),
                })?;
                if next.authorization().is_some_and(|value| !value.is_ascii()) {
                    return Err(Error::refused(request, Refusal::ChallengeNotAscii));
                }
                Ok(AuthenticationAttempt::Digest(session, next))
            }
            AuthenticationAttempt::ServiceAccount(session, token) => {
                // RFC 6750 3.1.
                let is_invalid =
                    challenges().any(|value| String::from_utf8_lossy(value).contains("invalid_token"));
                let is_about_token = is_invalid || !api.is_about_rights();
                session.give_up(&token, request, api, is_about_token)?;
                let token = session.authorize(request, time_left, fetch_token)?;
                Ok(AuthenticationAttempt::ServiceAccount(session, token))
            }
            AuthenticationAttempt::AccessToken(_) => {
                Err(Error::not_authenticated(request, AuthenticationError::TokenRefused, api))
            }
        }
    }

    /// Call this when the attempt was answered with anything but 401.
    pub(crate) fn record_success(
        self,
        request: &ApiRequest,
        response: &Response<Vec<u8>>,
    ) -> Result<(), Error> {
        match self {
            AuthenticationAttempt::Digest(session, attempt) => {
                let info = values(response.headers(), "authentication-info");
                session
                    .record_success(attempt, &digest::Request::get(request.target()), info, response.body())
                    .map_err(|error| Error::refused(request, Refusal::Digest(error)))
            }
            AuthenticationAttempt::ServiceAccount(session, token) => {
                session.record_success(&token);
                Ok(())
            }
            AuthenticationAttempt::AccessToken(_) => Ok(()),
        }
    }
}

fn values<'h>(headers: &'h HeaderMap, name: &str) -> impl Iterator<Item = &'h [u8]> {
    headers.get_all(name).into_iter().map(|value| value.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::{Resource, tests::endpoint};

    #[test]
    fn a_token_that_was_given_is_neither_replaced_nor_taken() {
        let authentication = Authentication::new(AccessToken::new("given").unwrap().into());
        let request = endpoint("https://h").page(&Resource::Projects, 1, true);
        let fetch_token = |_: &ServiceAccount| panic!("a fetch");
        let authorize = || authentication.authorize(&request, Duration::MAX, fetch_token).unwrap();
        assert_eq!(authorize().authorization().unwrap(), "Bearer given");
        let response = Response::new(br#"{"errorCode":"UNEXPECTED_ERROR"}"#.to_vec());
        authorize().record_success(&request, &response).unwrap();
        let answer = authorize().answer_challenge(&request, &response, Duration::MAX, fetch_token);
        let Some(Error::NotAuthenticated { reason, .. }) = answer.err() else { panic!("answered") };
        assert_eq!(reason, AuthenticationError::TokenRefused);
        assert!(authentication.take_token().is_none());
    }
}
