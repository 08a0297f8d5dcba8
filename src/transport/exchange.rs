//! One request and its answer over HTTP. With `agent.rs`, which makes the agent, all of the library that calls `ureq`.

use std::fmt;
use std::io::{self, Read as _};
use std::sync::Arc;
use std::time::Duration;

use ureq::http::header::{self, HeaderMap, HeaderName};

use super::Deadline;
use crate::error::{NetworkError, NetworkPhase, Refusal};
use crate::page::RateLimit;
use crate::text;

pub(super) static AUTHENTICATION_INFO: HeaderName = HeaderName::from_static("authentication-info");
pub(super) static DEPRECATION: HeaderName = HeaderName::from_static("deprecation");
pub(super) static LOCATION: HeaderName = header::LOCATION;
static RATELIMIT_LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
static RATELIMIT_REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
pub(super) static RETRY_AFTER: HeaderName = header::RETRY_AFTER;
pub(super) static SUNSET: HeaderName = HeaderName::from_static("sunset");
pub(super) static WWW_AUTHENTICATE: HeaderName = header::WWW_AUTHENTICATE;

/// A request to be sent as it is.
pub(super) struct Get<'a> {
    pub(super) url: &'a str,
    pub(super) accept: &'a str,
    pub(super) user_agent: &'a str,
    /// The value of `Authorization`, in ASCII; `None` to send none.
    pub(super) authorization: Option<&'a [u8]>,
    /// The most bytes of a body with status 200.
    pub(super) max_body: u64,
}

/// An answer with any status, its body read.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// A header field, if it is text; the first, if there are several.
    pub(super) fn field(&self, name: &'static HeaderName) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(known, _)| *known == name)?;
        value.to_str().ok()
    }

    pub(super) fn rate_limit(&self) -> RateLimit {
        let count = |name| text::number(self.field(name)?.trim_ascii().as_bytes());
        RateLimit { limit: count(&RATELIMIT_LIMIT), remaining: count(&RATELIMIT_REMAINING) }
    }

    /// All values of a header field.
    pub(super) fn all(&self, name: &'static HeaderName) -> impl Iterator<Item = &[u8]> {
        // Not by `get_all`, which would bring the hash map's code: there are few fields.
        let fields = self.headers.iter();
        fields.filter(move |(known, _)| *known == name).map(|(_, value)| value.as_bytes())
    }
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Fault {
    /// The deadline passed.
    Late,
    /// There is one, but we do not accept it.
    Refused(Refusal),
    Network(NetworkError),
    /// What came is not HTTP.
    NotHttp(String),
}

/// Sends requests and receives answers.
pub(super) trait Exchange: Send + Sync {
    /// Reads the answer to its end, so that the connection can serve the next request.
    fn exchange(&self, get: &Get<'_>, deadline: &Deadline) -> Result<Answer, Fault>;
}

/// A `ureq::Agent`, known by what it does only: the code to drop one would else be compiled once in each codegen unit
/// that has to do with a client.
#[derive(Clone)]
pub(crate) struct Agent(Arc<dyn Exchange>);

impl From<ureq::Agent> for Agent {
    fn from(agent: ureq::Agent) -> Self {
        Agent(Arc::new(agent))
    }
}

impl Agent {
    pub(super) fn exchange(&self, get: &Get<'_>, deadline: &Deadline) -> Result<Answer, Fault> {
        self.0.exchange(get, deadline)
    }
}

impl Exchange for ureq::Agent {
    fn exchange(&self, get: &Get<'_>, deadline: &Deadline) -> Result<Answer, Fault> {
        /// Bodies that are no pages: what is longer is not read to its end, and costs the connection.
        const MAX_ERROR_BODY: u64 = 64 * 1024;
        /// `ureq` adds its timeout to the time of now, which has an end.
        const LONGEST_WAIT: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
        let mut builder = self
            .get(get.url)
            .config()
            .timeout_global(Some(deadline.time_left().min(LONGEST_WAIT)))
            .http_status_as_error(false)
            // An answer that redirects is an error of its own, which says where to.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .build()
            // Not `header`: it is generic, so that a user's build would compile it, and the hash map below it, once more.
            .header_raw("accept", get.accept.as_bytes())
            .header_raw("user-agent", get.user_agent.as_bytes());
        if let Some(authorization) = get.authorization {
            builder = builder.header_raw("authorization", authorization);
        }
        // As an I/O error, like one of reading the body, it is dropped by code that the user's build already has.
        let response = builder.call().map_err(|error| explain(error.into_io(), deadline))?;
        let (head, body) = response.into_parts();
        let status = head.status.as_u16();
        let max = if status == 200 { get.max_body } else { MAX_ERROR_BODY };
        let (body, is_whole) = read_body(body, max).map_err(|error| explain(error, deadline))?;
        // Of an error, what was read has to do.
        if status == 200 && !is_whole {
            return Err(Fault::Refused(Refusal::BodyTooLarge(max)));
        }
        Ok(Answer { status, headers: head.headers, body })
    }
}

/// Reads a body, but at most `max` bytes of it, and tells whether that is all. To drop the rest closes the connection.
#[inline(never)]
pub(super) fn read_body(body: ureq::Body, max: u64) -> io::Result<(Vec<u8>, bool)> {
    // What the server announces is a hint, not a reason to take memory that may never be filled.
    const MAX_ANNOUNCED: u64 = 1024 * 1024;
    let announced = body.content_length().unwrap_or(0).min(max).min(MAX_ANNOUNCED);
    let mut bytes = Vec::with_capacity(usize::try_from(announced).unwrap_or(0));
    let mut reader = body.into_reader();
    // Not by `read_to_end`: it is generic, and alone a hundredth of what a user's build compiles of this crate.
    let mut chunk = [0; 8 * 1024];
    loop {
        // Also after the last byte, as only an end gives the connection back.
        let len = match reader.read(&mut chunk) {
            Ok(0) => return Ok((bytes, true)),
            Ok(len) => len,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        bytes.extend_from_slice(chunk.get(..len).unwrap_or_default());
        if bytes.len() as u64 > max {
            bytes.truncate(usize::try_from(max).unwrap_or(usize::MAX));
            return Ok((bytes, false));
        }
    }
}

/// What an error of `ureq`, or of reading a body, is to the user.
#[cold]
#[inline(never)]
pub(super) fn explain(error: io::Error, deadline: &Deadline) -> Fault {
    use NetworkPhase::{Connect, Exchange, Tls};
    let Some(of_ureq) = error.get_ref().and_then(|inner| inner.downcast_ref::<ureq::Error>()) else {
        return explain_io(&error);
    };
    match of_ureq {
        // Not by `ureq` itself, but a connector of the user's may wrap one.
        ureq::Error::Io(error) => explain_io(error),
        ureq::Error::Timeout(timeout) if is_end_of(deadline, *timeout) => Fault::Late,
        // The agent that the user handed in has timeouts of its own.
        ureq::Error::Timeout(timeout) => {
            network(Exchange, true, format_args!("the agent's own timeout \"{timeout}\" passed"))
        }
        ureq::Error::HostNotFound => network(Connect, true, format_args!("the host name is not known")),
        ureq::Error::ConnectionFailed => network(Connect, true, format_args!("no address answers")),
        ureq::Error::ConnectProxyFailed(problem) => {
            network(Connect, false, format_args!("the proxy: {problem}"))
        }
        ureq::Error::LargeResponseHeader(..) => Fault::Refused(Refusal::HeadTooLarge),
        // The type of this error is not public in ureq.
        ureq::Error::Protocol(error) => {
            let problem = format!("{error}");
            if problem.ends_with("too many headers") {
                Fault::Refused(Refusal::HeadTooLarge)
            } else {
                Fault::NotHttp(problem)
            }
        }
        #[cfg(feature = "rustls")]
        ureq::Error::Rustls(error) => network(Tls, false, format_args!("{error}")),
        ureq::Error::Tls(problem) => network(Tls, false, format_args!("{problem}")),
        ureq::Error::TlsRequired => network(Tls, false, format_args!("{of_ureq}")),
        _ => network(Exchange, false, format_args!("{of_ureq}")),
    }
}

/// The message is formatted here, so that the errors in it need not become `dyn Display`, whose code would include how
/// to drop them: much of rustls.
fn network(phase: NetworkPhase, is_transient: bool, message: fmt::Arguments<'_>) -> Fault {
    Fault::Network(NetworkError { phase, message: fmt::format(message), is_transient })
}

/// Whether a timeout is that of the page, not one of the agent's own.
fn is_end_of(deadline: &Deadline, timeout: ureq::Timeout) -> bool {
    /// `ureq` gives each address of a host a share of the time, rounded down, and tells the end of the last share as a
    /// timeout of connecting.
    const ROUNDING: Duration = Duration::from_millis(20);
    timeout == ureq::Timeout::Global || deadline.time_left() < ROUNDING
}

/// Where an I/O error belongs, and whether it may pass.
fn explain_io(error: &io::Error) -> Fault {
    use io::ErrorKind as Kind;
    let (phase, is_transient) = match error.kind() {
        // rustls reports what it does not accept this way.
        Kind::InvalidData => (NetworkPhase::Tls, false),
        // An end within rustls's handshake comes without a text, that of a connection in use with one.
        Kind::UnexpectedEof if error.get_ref().is_none() => (NetworkPhase::Tls, true),
        Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe | Kind::UnexpectedEof => {
            (NetworkPhase::Exchange, true)
        }
        _ => (NetworkPhase::Connect, true),
    };
    network(phase, is_transient, format_args!("{error}"))
}
