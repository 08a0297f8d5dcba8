//! One page over HTTP: retries around attempts, within a deadline.
//!
//! ```text
//! page     get; if Atlas cannot count the items, get again without the count
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

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

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
use crate::request::{ApiRequest, Endpoint, Operation, Resource};

/// Gets pages from one host with one set of credentials.
pub(crate) struct HttpClient {
    pub(crate) sender: Sender,
    pub(crate) authentication: Authentication,
    pub(crate) endpoint: Endpoint,
    /// The deadline of a page.
    pub(crate) timeout: Duration,
    /// The deadline of a listing.
    pub(crate) max_time: Duration,
    /// How many pages a listing may have.
    pub(crate) max_pages: u32,
    /// Whether the log already has the warning about this version of the API.
    pub(crate) has_warned: AtomicBool,
}

impl HttpClient {
    /// Gets one page. If Atlas says that it cannot count the items, asks again without the count.
    pub(crate) fn page<T: ListItem>(
        &self,
        resource: &Resource,
        page_num: u32,
        include_count: bool,
        deadline: Deadline,
    ) -> Result<Page<T>, Error> {
        let request = self.endpoint.page(resource, page_num, include_count);
        let page = match self.get(&request, deadline) {
            Err(error) if error.asks_for_no_count() => {
                log::debug!("{error}: asking without the count");
                self.get(&self.endpoint.page(resource, page_num, false), deadline)
            }
            result => result,
        }?;
        self.warn_of_deprecation(&page);
        Ok(page)
    }

    fn warn_of_deprecation<T>(&self, page: &Page<T>) {
        let change = match (&page.deprecation, &page.sunset) {
            (_, Some(date)) => format!("will be removed on {}", OneLine(date)),
            (Some(date), None) => format!("has been deprecated since {}", OneLine(date)),
            (None, None) => return,
        };
        if !self.has_warned.swap(true, Relaxed) {
            log::warn!("version {} of the Atlas API {change}", self.endpoint.options.api_version);
        }
    }

    /// Retries around attempts.
    fn get<T: ListItem>(&self, request: &ApiRequest, deadline: Deadline) -> Result<Page<T>, Error> {
        let attempt = |needs_new_connection| self.attempt(request, needs_new_connection, deadline);
        // Fetching a token was retried on its own, so its error is final.
        let is_of_token = |error: &Error| error.request() != Some(request);
        self.sender.retry(deadline, attempt, is_of_token)
    }

    /// Tries once to get a page. The loop ends because 401 is an error if the nonce is fresh or the token untried.
    fn attempt<T: ListItem>(
        &self,
        request: &ApiRequest,
        mut needs_new_connection: bool,
        deadline: Deadline,
    ) -> Result<Page<T>, Error> {
        let fetch_token = |account: &_| {
            let request = self.endpoint.token_request(Operation::RequestAccessToken);
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
        let request = self.endpoint.token_request(Operation::RevokeAccessToken);
        token::revoke(&self.sender, &request, account, &token, deadline)
    }
}
