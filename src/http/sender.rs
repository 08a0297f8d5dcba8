//! What all requests of a client share: the agent, the header fields, the counters, and the retries.

use std::io::Read as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Instant;

use rand::RngCore as _;
use ureq::http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, HeaderValue, USER_AGENT};
use ureq::http::{Request, Response, StatusCode};

use super::agent::HttpAgent;
use super::deadline::Deadline;
use super::explain::explain;
use super::retry::Retries;
use crate::error::{Error, NetworkErrorKind, Refusal};
use crate::invalid_input::InvalidInput;
use crate::request::ApiRequest;

/// Sends requests to one host, and counts them.
pub(crate) struct Sender {
    agent: HttpAgent,
    user_agent: HeaderValue,
    /// How many retries one page or token has.
    retries: u32,
    /// How many bytes a page's body may have.
    max_body_bytes: u64,
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
    pub(crate) fn new(agent: HttpAgent, user_agent: HeaderValue, retries: u32, max_body_bytes: u64) -> Self {
        let (counters, has_responded) = (Counters::default(), AtomicBool::new(false));
        Sender { agent, user_agent, retries, max_body_bytes, counters, has_responded }
    }

    /// Makes attempts until one succeeds, and waits before each retry. It gives up when no retry or not enough time is left, or after
    /// an error that will not pass or that `is_final`. `attempt` is told whether it needs a new connection.
    pub(super) fn retry<T>(
        &self,
        deadline: Deadline,
        attempt: impl Fn(bool) -> Result<T, Error>,
        is_final: impl Fn(&Error) -> bool,
    ) -> Result<T, Error> {
        let mut retries = Retries::new(self.retries);
        let mut last_error = None;
        let mut may_resend = true;
        let mut needs_new_connection = false;
        loop {
            let error = match attempt(needs_new_connection) {
                Ok(value) => return Ok(value),
                Err(Error::Deadline { request, cause, .. }) => {
                    let cause = cause.or(last_error);
                    return Err(Error::Deadline { request, timeout: deadline.timeout, cause });
                }
                Err(error) if is_final(&error) => return Err(error),
                Err(error) => error,
            };
            // The server may have just closed a kept connection. Sending again then does not count as a retry (RFC 9112 9.5).
            needs_new_connection = may_resend && self.may_have_lost_kept_connection(&error);
            if needs_new_connection {
                log::debug!("{error}: sending again on a new connection");
                may_resend = false;
                continue;
            }
            let Some(wait) = retries.wait_after(&error, deadline.time_left(), draw_random()) else {
                return Err(error);
            };
            log::debug!("{error}: trying again in {} ms", wait.as_millis());
            std::thread::sleep(wait);
            if !matches!(error, Error::RateLimited { .. }) {
                self.counters.retries.fetch_add(1, Relaxed);
            }
            last_error = Some(Box::new(error));
        }
    }

    /// Whether an exchange may have broken only because the server had closed a kept connection.
    fn may_have_lost_kept_connection(&self, error: &Error) -> bool {
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

    /// Sends a message, counts it, and reads the response to its end, so that the connection can serve the next request.
    ///
    /// An error quotes `request`.
    pub(super) fn exchange(
        &self,
        request: &ApiRequest,
        message: Request<Vec<u8>>,
        deadline: Deadline,
        needs_new_connection: bool,
    ) -> Result<Response<Vec<u8>>, Error> {
        /// At most this much of an error's body is read. After a longer one, the connection is closed.
        const MAX_ERROR_BODY_BYTES: u64 = 64 * 1024;
        self.counters.requests.fetch_add(1, Relaxed);
        let start = Instant::now();
        let response = self
            .agent
            .send(message, deadline.time_left(), needs_new_connection)
            .map_err(|error| explain(&error, NetworkErrorKind::Broken, request, deadline))?;
        let (head, body) = response.into_parts();
        let is_success = head.status == StatusCode::OK;
        if let Some(coding) =
            head.headers.get(CONTENT_ENCODING).filter(|coding| is_success && *coding != "identity")
        {
            let coding = String::from_utf8_lossy(coding.as_bytes()).into_owned();
            return Err(Error::refused(request, Refusal::ContentCoding(coding)));
        }
        let max = if is_success { self.max_body_bytes } else { MAX_ERROR_BODY_BYTES };
        let mut bytes = Vec::new();
        body.into_reader()
            .take(max.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|error| explain(&error.into(), NetworkErrorKind::BrokenBody, request, deadline))?;
        if bytes.len() as u64 > max {
            if is_success {
                return Err(Error::refused(request, Refusal::BodyTooLarge(max)));
            }
            bytes.pop();
        }
        self.has_responded.store(true, Relaxed);
        let (status, length) = (head.status.as_u16(), bytes.len());
        log::debug!("HTTP {status}, {length} bytes in {} ms", start.elapsed().as_millis());
        Ok(Response::from_parts(head, bytes))
    }
}

/// A random number for a back-off, or the largest if the system gives none, which does no harm here.
fn draw_random() -> u16 {
    let mut random = [0xff; 2];
    let _ = rand::rngs::OsRng.try_fill_bytes(&mut random);
    u16::from_ne_bytes(random)
}
