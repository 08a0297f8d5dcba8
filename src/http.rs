//! One page over HTTP: retries around attempts, within a deadline.
//!
//! ```text
//! get      loop: attempt; after an error that may pass, wait as `retry` says, or give up
//! attempt  loop: authorize, exchange; on 401 answer the challenge, else read the response
//! ```

mod agent;
mod deadline;
mod explain;
mod proxy;
mod response;
mod retry;
mod sender;
mod token;

use std::sync::atomic::Ordering::Relaxed;

use ureq::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};

pub(crate) use agent::{HttpAgent, agent_config};
pub(crate) use deadline::Deadline;
pub(crate) use sender::Sender;
#[cfg(feature = "fuzzing")]
pub(crate) use {
    proxy::from_variables, proxy::without_credentials, response::read_rate_limit, retry::parse_retry_after,
    token::read_token,
};

use crate::authentication::Authentication;
use crate::error::Error;
use crate::escape::OneLine;
use crate::model::{ListItem, Page};
use crate::request::{ApiRequest, Operation, PageOptions};

/// Gets pages from one host with one set of credentials.
pub(crate) struct HttpClient {
    pub(crate) sender: Sender,
    pub(crate) authentication: Authentication,
    /// How pages and tokens are requested.
    pub(crate) options: PageOptions,
}

impl HttpClient {
    /// Gets a page: retries around attempts.
    pub(crate) fn get<T: ListItem>(
        &self,
        request: &ApiRequest,
        deadline: Deadline,
    ) -> Result<Page<T>, Error> {
        let attempt = |needs_new_connection| self.attempt(request, needs_new_connection, deadline);
        // The fetch of a token has retries of its own.
        self.sender.retry(deadline, attempt, |error| error.request() != Some(request))
    }

    /// Tries once to get a page. The loop ends because a challenge is answered at most once: see [`digest::Basis`].
    fn attempt<T: ListItem>(
        &self,
        request: &ApiRequest,
        mut needs_new_connection: bool,
        deadline: Deadline,
    ) -> Result<Page<T>, Error> {
        let fetch_token = |account: &_| {
            let request = self.options.token_request(Operation::RequestAccessToken);
            token::fetch(&self.sender, &request, account, deadline)
        };
        let mut attempt = self.authentication.authorize(request, deadline.time_left(), fetch_token)?;
        loop {
            let mut message = self.sender.new_message(request)?.map(|()| Vec::new());
            if let Some(authorization) = attempt.authorization() {
                message.headers_mut().insert(AUTHORIZATION, authorization);
            }
            log::debug!("GET {} ({})", request.url, attempt.description());
            let response = self.sender.exchange(request, message, deadline, needs_new_connection)?;
            needs_new_connection = false;
            if response.status() != 401 {
                attempt.record_success(request, &response)?;
                return response::read_response(request, response);
            }
            self.sender.counters.challenges.fetch_add(1, Relaxed);
            for challenge in response.headers().get_all(WWW_AUTHENTICATE) {
                log::debug!("challenged: {}", OneLine(&String::from_utf8_lossy(challenge.as_bytes())));
            }
            attempt = attempt.answer_challenge(request, &response, deadline.time_left(), fetch_token)?;
        }
    }

    /// Revokes the access token of a service account, if there is one.
    pub(crate) fn revoke_access_token(&self, deadline: Deadline) -> Result<(), Error> {
        let Some((account, token)) = self.authentication.take_token() else { return Ok(()) };
        let request = self.options.token_request(Operation::RevokeAccessToken);
        token::revoke(&self.sender, &request, account, &token, deadline)
    }
}
