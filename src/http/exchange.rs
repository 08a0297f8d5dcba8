//! One request and its response. Of the library, only this file, `agent.rs` and `proxy.rs` call `ureq`.

mod explain;

use std::io::Read as _;
use std::time::Duration;

use ureq::http::header::CONTENT_ENCODING;
use ureq::http::{Request, Response, StatusCode};

use super::deadline::Deadline;
use crate::error::{Error, Refusal};
use crate::request::ApiRequest;

/// Sends requests to one host.
#[derive(Clone)]
pub(crate) struct HttpAgent {
    pub(super) agent: ureq::Agent,
    /// Whether the agent has a proxy that must not be used, as the host is this machine.
    pub(super) bypasses_proxy: bool,
    /// How many bytes a page's body may have.
    pub(super) max_body_bytes: u64,
}

impl HttpAgent {
    /// Sends a message and reads the response to its end, so that the connection can serve the next request.
    ///
    /// `request` is what an error quotes.
    pub(super) fn exchange(
        &self,
        request: &ApiRequest,
        message: Request<Vec<u8>>,
        deadline: &Deadline,
        needs_new_connection: bool,
    ) -> Result<Response<Vec<u8>>, Error> {
        /// At most this much of an error's body is read. A longer one costs the connection.
        const MAX_ERROR_BODY_BYTES: u64 = 64 * 1024;
        let response = self
            .send(message, deadline, needs_new_connection)
            .map_err(|error| explain::no_response(error, request, deadline))?;
        let (head, body) = response.into_parts();
        let is_success = head.status == StatusCode::OK;
        if let Some(coding) =
            head.headers.get(CONTENT_ENCODING).filter(|coding| is_success && *coding != "identity")
        {
            let reason = Refusal::ContentCoding(String::from_utf8_lossy(coding.as_bytes()).into_owned());
            return Err(Error::Refused { request: Box::new(request.clone()), reason });
        }
        let max = if is_success { self.max_body_bytes } else { MAX_ERROR_BODY_BYTES };
        let mut bytes = Vec::new();
        body.into_reader()
            .take(max.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|error| explain::no_body(error, request, deadline))?;
        if bytes.len() as u64 > max {
            if is_success {
                let reason = Refusal::BodyTooLarge(max);
                return Err(Error::Refused { request: Box::new(request.clone()), reason });
            }
            bytes.pop();
        }
        Ok(Response::from_parts(head, bytes))
    }

    fn send(
        &self,
        message: Request<Vec<u8>>,
        deadline: &Deadline,
        needs_new_connection: bool,
    ) -> Result<Response<ureq::Body>, ureq::Error> {
        /// `ureq` adds the timeout to the current time, which must not overflow.
        const LONGEST_TIMEOUT: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
        let timeout = deadline.time_left().min(LONGEST_TIMEOUT);
        if self.has_settings_for(timeout) && !needs_new_connection {
            return self.run(message);
        }
        let mut config = self
            .agent
            .configure_request(message)
            .timeout_global(Some(timeout))
            .http_status_as_error(false)
            // A redirect becomes `Refusal::Redirect`, which says where it leads.
            .max_redirects(0)
            .max_redirects_will_error(false);
        if self.bypasses_proxy {
            config = config.proxy(None);
        }
        if needs_new_connection {
            config = config.max_idle_age(Duration::ZERO);
        }
        self.run(config.build())
    }

    fn run(&self, message: Request<Vec<u8>>) -> Result<Response<ureq::Body>, ureq::Error> {
        if message.body().is_empty() { self.agent.run(message.map(|_| ())) } else { self.agent.run(message) }
    }

    /// Whether the agent's own settings suit a request with this timeout. They suit the first request of each page.
    ///
    /// `ureq` reuses its TLS configuration, and with it TLS sessions, only for requests without settings of their own.
    fn has_settings_for(&self, timeout: Duration) -> bool {
        const NEGLIGIBLE: Duration = Duration::from_millis(10);
        let config = self.agent.config();
        !self.bypasses_proxy
            && !config.http_status_as_error()
            && config.max_redirects() == 0
            && !config.max_redirects_will_error()
            && config.timeouts().global.is_some_and(|own| own.abs_diff(timeout) < NEGLIGIBLE)
    }
}

#[cfg(test)]
mod tests;
