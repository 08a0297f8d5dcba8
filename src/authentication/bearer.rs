//! The life of an access token (RFC 6750), without I/O: the first thread that needs a token fetches it, and the others wait.
//!
//! ```text
//! no token         fetched ▶ untried token       account refused ▶ refused, for good
//! untried token    not 401 ▶ accepted token      401 ▶ an error; the token stays
//! accepted token   401 ▶ no token                401 about rights ▶ an error; the token stays
//! either token     old ▶ no token                revoked ▶ no token
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

/// The access token of a service account, for all threads of a client.
pub(crate) struct TokenSession {
    account: ServiceAccount,
    state: Mutex<State>,
    has_changed: Condvar,
}

enum State {
    NoToken,
    /// One thread is fetching a token.
    Fetching,
    Token(Token),
    /// The service account was refused. Asking again would not help.
    AccountRefused(Error),
}

#[derive(Clone)]
pub(crate) struct Token {
    /// What follows `Bearer`.
    pub(super) value: Arc<str>,
    /// When to fetch the next one; `None` if that is beyond what the clock can tell.
    renew_at: Option<Instant>,
    was_accepted: bool,
}

impl TokenSession {
    pub(super) fn new(account: ServiceAccount) -> Self {
        TokenSession { account, state: Mutex::new(State::NoToken), has_changed: Condvar::new() }
    }

    /// The token. If there is none, or if it is old, a new one is fetched first.
    ///
    /// One thread fetches. The others wait for it as long as `time_left`. If the service account is refused, all get that error.
    pub(super) fn authorize(
        &self,
        request: &ApiRequest,
        time_left: Duration,
        fetch_token: impl Fn(&ServiceAccount) -> Result<IssuedToken, Error>,
    ) -> Result<Token, Error> {
        let state = self.lock();
        let waited =
            self.has_changed.wait_timeout_while(state, time_left, |state| matches!(state, State::Fetching));
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        match &*state {
            // Its timeout becomes that of the page: see `Sender::retry`.
            State::Fetching => Err(Error::deadline(request, time_left)),
            State::AccountRefused(error) => Err(error.clone()),
            State::Token(token) if token.is_young() => Ok(token.clone()),
            State::Token(_) | State::NoToken => {
                *state = State::Fetching;
                drop(state);
                Fetch { session: self, outcome: State::NoToken }.run(|| fetch_token(&self.account))
            }
        }
    }

    /// Gives up a token that was answered with 401, so that another one is fetched. It is an error if no request with the refused
    /// one had succeeded, or if the refusal is about the account's rights.
    pub(super) fn give_up(
        &self,
        refused: &Token,
        request: &ApiRequest,
        api: ApiError,
        is_about_token: bool,
    ) -> Result<(), Error> {
        let mut state = self.lock();
        // If it is not the current token, there is a newer one to try, or one is fetched next.
        let current = match &*state {
            State::Token(token) if Arc::ptr_eq(&token.value, &refused.value) => Some(token),
            _ => None,
        };
        let is_untried = current.is_some_and(|token| !token.was_accepted);
        if is_untried || !is_about_token {
            return Err(Error::not_authenticated(request, AuthenticationError::IssuedTokenRefused, api));
        }
        if current.is_some() {
            *state = State::NoToken;
        }
        Ok(())
    }

    /// Call this when a request with this token was answered with anything but 401.
    pub(super) fn record_success(&self, accepted: &Token) {
        if let State::Token(token) = &mut *self.lock()
            && Arc::ptr_eq(&token.value, &accepted.value)
        {
            token.was_accepted = true;
        }
    }

    /// Takes the token, to revoke it.
    pub(super) fn take_token(&self) -> Option<(&ServiceAccount, String)> {
        let mut state = self.lock();
        let State::Token(token) = &*state else { return None };
        let value = token.value.to_string();
        *state = State::NoToken;
        Some((&self.account, value))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code that holds the lock can leave the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A fetch that has begun. It ends when this is dropped, even by a panic. Otherwise every thread would wait until its deadline.
struct Fetch<'a> {
    session: &'a TokenSession,
    outcome: State,
}

impl Fetch<'_> {
    fn run(mut self, fetch_token: impl FnOnce() -> Result<IssuedToken, Error>) -> Result<Token, Error> {
        let result = fetch_token().map(Token::new);
        self.outcome = match &result {
            Ok(token) => State::Token(token.clone()),
            Err(error @ Error::NotAuthenticated { .. }) => State::AccountRefused(error.clone()),
            Err(_) => State::NoToken,
        };
        result
    }
}

impl Drop for Fetch<'_> {
    fn drop(&mut self) {
        *self.session.lock() = std::mem::replace(&mut self.outcome, State::NoToken);
        self.session.has_changed.notify_all();
    }
}

impl Token {
    /// It is renewed a minute before it expires, or after half its life if it lives less than two minutes.
    fn new(IssuedToken { access_token: AccessToken(value), expires_in }: IssuedToken) -> Self {
        const MARGIN: Duration = Duration::from_secs(60);
        let age = expires_in - MARGIN.min(expires_in / 2);
        Token { value: value.into(), renew_at: Instant::now().checked_add(age), was_accepted: false }
    }

    fn is_young(&self) -> bool {
        self.renew_at.is_none_or(|renew_at| Instant::now() < renew_at)
    }
}

#[cfg(test)]
mod tests;
