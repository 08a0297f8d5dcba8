//! What all requests of a client share: the agent, the header fields, the counters, and the waits between retries.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Instant;

use rand::RngCore as _;
use ureq::http::header::{ACCEPT, ACCEPT_ENCODING, HeaderValue, USER_AGENT};
use ureq::http::{Request, Response};

use super::agent::HttpAgent;
use super::deadline::Deadline;
use super::exchange::exchange;
use super::retry::Retries;
use crate::error::{Error, NetworkErrorKind};
use crate::invalid_input::InvalidInput;
use crate::request::ApiRequest;

/// Sends requests to one host, and counts them.
pub(crate) struct Sender {
    agent: HttpAgent,
    user_agent: HeaderValue,
    /// How many retries one page or token has.
    retries: u32,
    pub(crate) counters: Counters,
    /// Whether any response came: only then can a connection have been kept.
    has_responded: AtomicBool,
}

/// What was sent so far.
#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) requests: AtomicU64,
    pub(crate) challenges: AtomicU64,
    pub(crate) retries: AtomicU64,
}

impl Sender {
    pub(crate) fn new(agent: HttpAgent, user_agent: HeaderValue, retries: u32) -> Self {
        let (counters, has_responded) = (Counters::default(), AtomicBool::new(false));
        Sender { agent, user_agent, retries, counters, has_responded }
    }

    /// The retries of one page or token.
    pub(super) fn new_retries(&self) -> Retries {
        Retries::new(self.retries)
    }

    /// Sends a message, and counts it.
    pub(super) fn exchange(
        &self,
        request: &ApiRequest,
        message: Request<Vec<u8>>,
        deadline: Deadline,
        needs_new_connection: bool,
    ) -> Result<Response<Vec<u8>>, Error> {
        self.counters.requests.fetch_add(1, Relaxed);
        let start = Instant::now();
        let response = exchange(&self.agent, request, message, deadline, needs_new_connection)?;
        self.has_responded.store(true, Relaxed);
        let (status, bytes) = (response.status().as_u16(), response.body().len());
        log::debug!("HTTP {status}, {bytes} bytes in {} ms", start.elapsed().as_millis());
        Ok(response)
    }

    /// Whether an exchange may have broken only because the server had closed a kept connection.
    pub(super) fn may_have_lost_kept_connection(&self, error: &Error) -> bool {
        self.has_responded.load(Relaxed)
            && matches!(error, Error::Network { source, .. } if source.kind == NetworkErrorKind::Broken)
    }

    /// A message with the header fields of every request.
    pub(super) fn new_message(&self, request: &ApiRequest) -> Result<Request<()>, Error> {
        let message = Request::get(&request.url)
            .header(ACCEPT, &request.accept)
            .header(ACCEPT_ENCODING, "identity")
            .header(USER_AGENT, &self.user_agent)
            .body(());
        message.map_err(|error| InvalidInput::base_url(format!("cannot be used: {error}")).into())
    }

    /// Waits before a retry, or returns the error if there is to be none.
    pub(super) fn wait_before_retry(
        &self,
        error: Error,
        retries: &mut Retries,
        deadline: Deadline,
    ) -> Result<(), Error> {
        let Some(wait) = retries.wait_after(&error, deadline.time_left(), draw_random()) else {
            return Err(error);
        };
        log::debug!("{error}: trying again in {} ms", wait.as_millis());
        std::thread::sleep(wait);
        if !matches!(error, Error::RateLimited { .. }) {
            self.counters.retries.fetch_add(1, Relaxed);
        }
        Ok(())
    }
}

/// A random number for a back-off, or the largest if the system gives none. Digest reports that error itself.
fn draw_random() -> u16 {
    let mut random = [0xff; 2];
    let _ = rand::rngs::OsRng.try_fill_bytes(&mut random);
    u16::from_ne_bytes(random)
}
