//! The life of an access token (RFC 6750), without I/O: the first thread that needs a token fetches it, and the others wait.
//!
//! ```text
//!            fetch                     not 401
//!  no token ───────▶ token, untried ───────────▶ token, accepted ──┐ not 401
//!     ▲                    │ 401                    │   │   ▲      │
//!     │                    ▼                    401 │   │   └──────┘
//!     │                  stop                       │   │ old
//!     └─────────────────────────────────────────────┴───┘
//! ```

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::credentials::{AccessToken, ServiceAccount};
use crate::error::{AuthenticationError, Error};
use crate::model::ApiError;
use crate::request::ApiRequest;

/// An access token as the token endpoint issued it.
pub(crate) struct IssuedToken {
    pub(crate) access_token: AccessToken,
    pub(crate) expires_in: Duration,
}

/// The access token of one client, for all its threads.
pub(crate) struct TokenSession {
    /// `None` if the user gave a token, which cannot be renewed.
    account: Option<ServiceAccount>,
    state: Mutex<State>,
    has_changed: Condvar,
}

enum State {
    NoToken,
    /// One thread is fetching a token.
    Fetching,
    Token(Token),
    /// The service account was refused. Asking again would not help.
    Refused(Error),
}

#[derive(Clone)]
struct Token {
    value: Arc<str>,
    /// When to fetch the next one; `None` for a token that cannot be renewed.
    renew_at: Option<Instant>,
    was_accepted: bool,
}

/// One attempt to send a request.
pub(crate) struct BearerAttempt {
    token: Token,
}

impl BearerAttempt {
    pub(super) fn token(&self) -> &str {
        &self.token.value
    }
}

impl TokenSession {
    pub(super) fn of_service_account(account: ServiceAccount) -> Self {
        TokenSession {
            account: Some(account),
            state: Mutex::new(State::NoToken),
            has_changed: Condvar::new(),
        }
    }

    pub(super) fn of_token(AccessToken(token): AccessToken) -> Self {
        let token = Token { value: token.into(), renew_at: None, was_accepted: false };
        TokenSession { account: None, state: Mutex::new(State::Token(token)), has_changed: Condvar::new() }
    }

    /// An attempt with the token, which is fetched first if there is none or if it is old.
    ///
    /// One thread fetches. The others wait for it as long as `time_left`, and share a refusal of the service account.
    pub(super) fn authorize(
        &self,
        request: &ApiRequest,
        time_left: Duration,
        fetch_token: impl Fn(&ServiceAccount) -> Result<IssuedToken, Error>,
    ) -> Result<BearerAttempt, Error> {
        let state = self.lock();
        let waited =
            self.has_changed.wait_timeout_while(state, time_left, |state| matches!(state, State::Fetching));
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        match (&*state, &self.account) {
            (State::Fetching, _) => {
                Err(Error::Deadline { request: Box::new(request.clone()), timeout: time_left, cause: None })
            }
            (State::Refused(error), _) => Err(error.clone()),
            (State::Token(token), _) if token.is_young() => Ok(BearerAttempt { token: token.clone() }),
            // Never happens: the user's token stays young.
            (_, None) => Err(refuse(request, ApiError { status: 401, ..ApiError::default() })),
            (_, Some(account)) => {
                *state = State::Fetching;
                drop(state);
                self.finish_fetch(fetch_token(account))
            }
        }
    }

    /// The next attempt, after a token was refused: with a new token, unless the refused one was new itself, or the refusal
    /// is about the account's rights.
    pub(super) fn answer_challenge(
        &self,
        attempt: BearerAttempt,
        request: &ApiRequest,
        api: ApiError,
        is_about_token: bool,
        time_left: Duration,
        fetch_token: impl Fn(&ServiceAccount) -> Result<IssuedToken, Error>,
    ) -> Result<BearerAttempt, Error> {
        if self.account.is_none() || !is_about_token || !self.was_accepted(&attempt.token) {
            return Err(refuse(request, api));
        }
        self.forget(&attempt.token);
        self.authorize(request, time_left, fetch_token)
    }

    /// Call this when an attempt was answered with anything but 401.
    pub(super) fn record_success(&self, attempt: &BearerAttempt) {
        if let State::Token(token) = &mut *self.lock()
            && Arc::ptr_eq(&token.value, &attempt.token.value)
        {
            token.was_accepted = true;
        }
    }

    /// Takes the token of a service account, to revoke it.
    pub(super) fn take_token(&self) -> Option<(&ServiceAccount, String)> {
        let account = self.account.as_ref()?;
        let mut state = self.lock();
        let State::Token(token) = &*state else { return None };
        let value = token.value.to_string();
        *state = State::NoToken;
        Some((account, value))
    }

    fn finish_fetch(&self, result: Result<IssuedToken, Error>) -> Result<BearerAttempt, Error> {
        let mut state = self.lock();
        let result = result.map(|issued| BearerAttempt { token: Token::new(issued) });
        *state = match &result {
            Ok(attempt) => State::Token(attempt.token.clone()),
            Err(error @ Error::NotAuthenticated { .. }) => State::Refused(error.clone()),
            Err(_) => State::NoToken,
        };
        self.has_changed.notify_all();
        result
    }

    /// Whether the server has accepted this token before, or another has replaced it.
    fn was_accepted(&self, token: &Token) -> bool {
        match &*self.lock() {
            State::Token(current) if Arc::ptr_eq(&current.value, &token.value) => current.was_accepted,
            // There is, or will be, a newer one to try.
            _ => true,
        }
    }

    fn forget(&self, refused: &Token) {
        let mut state = self.lock();
        if matches!(&*state, State::Token(token) if Arc::ptr_eq(&token.value, &refused.value)) {
            *state = State::NoToken;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code that holds the lock can leave the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Token {
    /// It is renewed a minute before it expires, or after half its life if that is shorter than two minutes.
    fn new(IssuedToken { access_token: AccessToken(value), expires_in }: IssuedToken) -> Self {
        const MARGIN: Duration = Duration::from_secs(60);
        let age = expires_in - MARGIN.min(expires_in / 2);
        Token { value: value.into(), renew_at: Instant::now().checked_add(age), was_accepted: false }
    }

    fn is_young(&self) -> bool {
        self.renew_at.is_none_or(|renew_at| Instant::now() < renew_at)
    }
}

fn refuse(request: &ApiRequest, api: ApiError) -> Error {
    let reason = AuthenticationError::TokenRefused;
    Error::NotAuthenticated { request: Box::new(request.clone()), reason, api: Box::new(api) }
}

#[cfg(test)]
mod tests;
