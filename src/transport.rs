//! One authenticated GET, with its deadline and its retries.
//!
//! With `transport/agent.rs`, which makes the agent, all of the library that works with `ureq`.

mod agent;

use std::fmt;
use std::io::Read as _;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant, SystemTime};

use rand::TryRng as _;
use ureq::http::header::{self, HeaderMap, HeaderName};

use crate::digest::{self, Attempt, Session};
use crate::endpoint::PageRequest;
use crate::error::{ApiError, Error, NetworkError, NetworkPhase, OneLine, Refusal};
use crate::page::{self, BadBody, Content, Page, RateLimit};
use crate::retry::{self, Policy, Verdict};
use crate::text;
use crate::throttle::{NoPermit, Permit, Throttle};

pub(crate) use agent::{AgentOptions, new_agent};

static AUTHENTICATION_INFO: HeaderName = HeaderName::from_static("authentication-info");
static DEPRECATION: HeaderName = HeaderName::from_static("deprecation");
static RATELIMIT_LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
static RATELIMIT_REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
static SUNSET: HeaderName = HeaderName::from_static("sunset");

/// Sends requests to one host, as one user.
pub(crate) struct Transport {
    pub(crate) agent: ureq::Agent,
    pub(crate) session: Session,
    pub(crate) user_agent: String,
    /// For one page, everything included.
    pub(crate) timeout: Duration,
    pub(crate) policy: Policy,
    /// The most bytes of a body that is read as a page.
    pub(crate) max_body: u64,
    pub(crate) throttle: Throttle,
    pub(crate) counters: Counters,
}

/// What was sent so far.
#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) requests: AtomicU64,
    pub(crate) challenges: AtomicU64,
    pub(crate) retries: AtomicU64,
}

/// What came of sending a request once.
enum Outcome {
    /// 401: the request must be sent again, with credentials for one of these challenges.
    Challenged(RawAnswer),
    /// Any other answer.
    Answered(RawAnswer),
    /// No whole answer.
    Broken(Error),
}

/// An answer with any status, its body read.
struct RawAnswer {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl RawAnswer {
    /// A header field, if it is text.
    fn field(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    fn rate_limit(&self) -> RateLimit {
        let count = |name| text::number(self.field(name)?.trim_ascii().as_bytes());
        RateLimit { limit: count(&RATELIMIT_LIMIT), remaining: count(&RATELIMIT_REMAINING) }
    }

    /// All values of a header field.
    fn all(&self, name: &HeaderName) -> impl Iterator<Item = &[u8]> {
        self.headers.get_all(name).iter().map(|value| value.as_bytes())
    }
}

// What is marked `inline(never)` would be inlined into `get`, as it is called once: a function of 18 KB, which a user's
// build would take longer to optimise.
impl Transport {
    /// Bodies that are no pages: what is longer is not read to its end, and costs the connection.
    const MAX_ERROR_BODY: u64 = 64 * 1024;
    /// `ureq` adds its timeout to the time of now, which has an end.
    const LONGEST_WAIT: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

    /// The time that a page may take, from now on.
    pub(crate) fn deadline(&self) -> Deadline {
        Deadline { start: Instant::now(), timeout: self.timeout }
    }

    /// Gets a page: the main loop of the crate.
    ///
    /// Each turn sends the request once. Then either the session answers a challenge, or the retry policy judges a
    /// fault, or there is a result. It ends because a challenge is answered at most once between two retries
    /// ([`digest::Basis`]), retries are counted, and every turn is under the deadline.
    pub(crate) fn get(&self, request: &PageRequest, deadline: &Deadline) -> Result<Page, Error> {
        let to_hash = digest::Request::get(request.target());
        let mut retries_done = 0;
        let mut last_fault = None;
        let mut challenged = None;
        loop {
            let (permit, attempt) = match challenged.take() {
                Some(answering) => answering,
                None => {
                    let permit = self.permit(request, deadline, &mut last_fault)?;
                    (permit, self.session.authorize(&to_hash).map_err(|error| refused(request, error))?)
                }
            };
            let fault = match self.send(request, &attempt, deadline, &mut last_fault) {
                Outcome::Challenged(answer) => {
                    // Challenges cost no token: what was permitted is still to be sent.
                    challenged = Some((permit, self.answer_challenge(request, attempt, &answer)?));
                    continue;
                }
                Outcome::Answered(answer) => {
                    self.session
                        .accepted(attempt, &to_hash, answer.all(&AUTHENTICATION_INFO), &answer.body)
                        .map_err(|error| refused(request, error))?;
                    let remaining = answer.rate_limit().remaining;
                    let result = judge(request, answer);
                    self.tell_throttle(permit, remaining, &result);
                    match result {
                        Ok(page) => return Ok(page),
                        Err(fault) => fault,
                    }
                }
                Outcome::Broken(fault) => {
                    // The wait below is no request under way, so nobody should wait for its answer.
                    drop(permit);
                    fault
                }
            };
            let wait = self.wait_before_retry(&fault, retries_done, deadline);
            let Some(wait) = wait else { return Err(fault) };
            log::debug!("{fault}: trying again in {} ms", wait.as_millis());
            std::thread::sleep(wait);
            self.counters.retries.fetch_add(1, Relaxed);
            retries_done += 1;
            last_fault = Some(fault);
        }
    }

    /// Waits until the rate limit lets the next request go.
    fn permit(
        &self,
        request: &PageRequest,
        deadline: &Deadline,
        last_fault: &mut Option<Error>,
    ) -> Result<Permit<'_>, Error> {
        self.throttle.permit(deadline.time_left()).map_err(|refused| match (last_fault.take(), refused) {
            // What this request was told itself says more than what others were told.
            (Some(fault), _) => fault,
            (None, NoPermit::Limited(wait)) => Error::RateLimited {
                request: request.boxed(),
                api: Box::new(ApiError { status: 429, ..ApiError::default() }),
                retry_after: Some(wait),
            },
            (None, NoPermit::Late) => {
                Error::Deadline { request: request.boxed(), timeout: deadline.timeout, cause: None }
            }
        })
    }

    fn tell_throttle(&self, permit: Permit<'_>, remaining: Option<u64>, result: &Result<Page, Error>) {
        match result {
            Err(Error::RateLimited { retry_after, .. }) => {
                self.throttle.answered(permit, remaining, Some(retry_after.unwrap_or_default()));
            }
            Ok(_) => self.throttle.answered(permit, remaining, None),
            Err(_) if remaining.is_some() => self.throttle.answered(permit, remaining, None),
            // Most errors say nothing about tokens.
            Err(_) => drop(permit),
        }
    }

    #[inline(never)]
    fn answer_challenge(
        &self,
        request: &PageRequest,
        attempt: Attempt,
        answer: &RawAnswer,
    ) -> Result<Attempt, Error> {
        let challenges = answer.all(&header::WWW_AUTHENTICATE);
        let challenged =
            self.session.challenged(attempt, challenges, &digest::Request::get(request.target()));
        let attempt = challenged.map_err(|reason| match reason {
            digest::Error::NoRandomness => refused(request, reason),
            reason => {
                let api = Box::new(page::parse_error(answer.status, &answer.body));
                Error::NotAuthenticated { request: request.boxed(), reason, api }
            }
        })?;
        match attempt.authorization() {
            Some(value) if !value.is_ascii() => Err(refusal(request, Refusal::ChallengeNotAscii)),
            _ => Ok(attempt),
        }
    }

    /// How long to wait before sending again; `None` to give up.
    fn wait_before_retry(&self, fault: &Error, retries_done: u32, deadline: &Deadline) -> Option<Duration> {
        let retry_after = match fault {
            Error::RateLimited { retry_after, .. } | Error::Status { retry_after, .. } => *retry_after,
            _ => None,
        };
        if !fault.is_retryable() || matches!(fault, Error::Deadline { .. }) {
            return None;
        }
        // Without randomness there is no cnonce either; the next attempt will say so.
        let random = rand::rngs::SysRng.try_next_u32().unwrap_or(u32::MAX);
        match self.policy.decide(retries_done, retry_after, deadline.time_left(), random) {
            Verdict::RetryAfter(wait) => Some(wait),
            Verdict::GiveUp => None,
        }
    }

    /// Sends the request once and reads the answer to its end, so that the connection can serve the next request.
    #[inline(never)]
    fn send(
        &self,
        request: &PageRequest,
        attempt: &Attempt,
        deadline: &Deadline,
        last_fault: &mut Option<Error>,
    ) -> Outcome {
        log::debug!("GET {} ({})", request.url, attempt.basis());
        self.counters.requests.fetch_add(1, Relaxed);
        let answer = match self.exchange(request, attempt, deadline) {
            Ok(answer) => answer,
            Err(Fault::Refused(reason)) => return Outcome::Broken(refusal(request, reason)),
            Err(Fault::Ureq(error)) => {
                return Outcome::Broken(deadline.explain(request, &error, last_fault));
            }
        };
        log::debug!("HTTP {}, {} bytes", answer.status, answer.body.len());
        if answer.status != 401 {
            return Outcome::Answered(answer);
        }
        self.counters.challenges.fetch_add(1, Relaxed);
        for challenge in answer.all(&header::WWW_AUTHENTICATE) {
            log::debug!("challenged: {}", OneLine(&String::from_utf8_lossy(challenge)));
        }
        Outcome::Challenged(answer)
    }

    #[inline(never)]
    fn exchange(
        &self,
        request: &PageRequest,
        attempt: &Attempt,
        deadline: &Deadline,
    ) -> Result<RawAnswer, Fault> {
        let mut builder = self
            .agent
            .get(request.url.as_str())
            .config()
            .timeout_global(Some(deadline.time_left().min(Self::LONGEST_WAIT)))
            .http_status_as_error(false)
            // An answer that redirects is an error of its own, which says where to.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .build()
            .header(header::ACCEPT, request.accept)
            .header(header::USER_AGENT, self.user_agent.as_str());
        // What is not ASCII cannot be sent. Of a challenge that is an error; a `nextnonce` can be done without, as what is
        // sent without credentials is challenged again.
        let authorization = attempt.authorization().filter(|value| value.is_ascii());
        if let Some(authorization) = authorization.and_then(|value| str::from_utf8(value).ok()) {
            builder = builder.header(header::AUTHORIZATION, authorization);
        }
        let response = builder.call().map_err(Fault::from)?;
        let (head, body) = response.into_parts();
        let status = head.status.as_u16();
        let max = if status == 200 { self.max_body } else { Self::MAX_ERROR_BODY };
        let body = read_body(body, max, status == 200)?;
        Ok(RawAnswer { status, headers: head.headers, body })
    }
}

/// Reads a body of at most `max` bytes. Of a longer one nothing is of use if it had to be `whole`; otherwise what was
/// read has to do, and dropping the rest closes the connection.
fn read_body(body: ureq::Body, max: u64, whole: bool) -> Result<Vec<u8>, Fault> {
    // What the server announces is a hint, not a reason to take memory that may never be filled.
    const MAX_ANNOUNCED: u64 = 1024 * 1024;
    let announced = body.content_length().unwrap_or(0).min(max).min(MAX_ANNOUNCED);
    let mut bytes = Vec::with_capacity(usize::try_from(announced).unwrap_or(0));
    // Read one byte more than allowed, to tell an end from a cut; an end also gives the connection back.
    let mut reader = body.into_reader().take(max.saturating_add(1));
    match reader.read_to_end(&mut bytes) {
        Ok(_) if bytes.len() as u64 <= max => Ok(bytes),
        Ok(_) if whole => Err(Fault::Refused(Refusal::BodyTooLarge(max))),
        Ok(_) => {
            bytes.truncate(usize::try_from(max).unwrap_or(usize::MAX));
            Ok(bytes)
        }
        Err(error) => Err(Fault::from(ureq::Error::from(error))),
    }
}

/// Sorts the answers that are not challenges.
#[inline(never)]
fn judge(request: &PageRequest, answer: RawAnswer) -> Result<Page, Error> {
    let api = match answer.status {
        200 => match page::parse(&answer.body) {
            Ok(content) => return Ok(to_page(request, content, answer)),
            Err(BadBody::Error(enclosed)) => enclosed,
            Err(BadBody::Truncated) => return Err(truncated(request)),
            Err(BadBody::Malformed(problem, source)) => {
                return Err(Error::Malformed { request: request.boxed(), problem, source });
            }
        },
        status @ 300..400 => {
            let location = answer.field(&header::LOCATION).map(str::to_owned);
            return Err(refusal(request, Refusal::Redirect { status, location }));
        }
        status => page::parse_error(status, &answer.body),
    };
    let retry_after = answer
        .field(&header::RETRY_AFTER)
        .and_then(|value| retry::parse_retry_after(value.as_bytes(), SystemTime::now()));
    let (request, status, api) = (request.boxed(), api.status, Box::new(api));
    Err(match status {
        401 => Error::NotAuthenticated { request, reason: digest::Error::Refused { stale: false }, api },
        403 => Error::Forbidden { request, api },
        404 => Error::NotFound { request, api },
        429 => Error::RateLimited { request, api, retry_after },
        _ => Error::Status { request, api, retry_after },
    })
}

/// The page with what the head of its answer says.
fn to_page(request: &PageRequest, content: Content, answer: RawAnswer) -> Page {
    let text = |name| answer.field(name).map(str::to_owned);
    let (deprecation, sunset) = (text(&DEPRECATION), text(&SUNSET));
    let rate_limit = answer.rate_limit();
    Page { rate_limit, deprecation, sunset, ..Page::new(request.page_num, content, answer.body) }
}

/// A body without a length that the connection's end cut off: only its content tells.
fn truncated(request: &PageRequest) -> Error {
    let source = NetworkError {
        phase: NetworkPhase::Exchange,
        message: "the answer ends too early".into(),
        is_transient: true,
    };
    Error::Network { request: request.boxed(), source }
}

fn refusal(request: &PageRequest, reason: Refusal) -> Error {
    Error::Refused { request: request.boxed(), reason }
}

fn refused(request: &PageRequest, reason: digest::Error) -> Error {
    refusal(request, Refusal::Digest(reason))
}

/// Why there is no answer.
enum Fault {
    Refused(Refusal),
    Ureq(ureq::Error),
}

impl From<ureq::Error> for Fault {
    fn from(error: ureq::Error) -> Self {
        Fault::Ureq(error)
    }
}

/// The time that one page may take.
pub(crate) struct Deadline {
    start: Instant,
    timeout: Duration,
}

impl Deadline {
    /// `ureq` gives each address of a host a share of the time, rounded down, and tells the end of the last share as a
    /// timeout of connecting.
    const ROUNDING: Duration = Duration::from_millis(20);

    fn time_left(&self) -> Duration {
        self.timeout.saturating_sub(self.start.elapsed())
    }

    /// Turns an error of `ureq` into ours.
    #[cold]
    fn explain(&self, request: &PageRequest, error: &ureq::Error, last_fault: &mut Option<Error>) -> Error {
        use NetworkPhase::{Connect, Exchange, Tls};
        let request = request.boxed();
        let (phase, is_transient, message): (_, _, &dyn fmt::Display) = match error {
            ureq::Error::Timeout(timeout)
                if *timeout == ureq::Timeout::Global || self.time_left() < Self::ROUNDING =>
            {
                let cause = last_fault.take().map(Box::new);
                return Error::Deadline { request, timeout: self.timeout, cause };
            }
            // The agent that the user handed in has timeouts of its own.
            ureq::Error::Timeout(timeout) => {
                (Exchange, true, &format!("the agent's own timeout \"{timeout}\" passed"))
            }
            ureq::Error::HostNotFound => (Connect, true, &"the host name is not known"),
            ureq::Error::ConnectionFailed => (Connect, true, &"no address answers"),
            ureq::Error::ConnectProxyFailed(message) => (Connect, false, &format!("the proxy: {message}")),
            ureq::Error::Io(error) => {
                let (phase, is_transient) = classify(error);
                (phase, is_transient, error)
            }
            ureq::Error::LargeResponseHeader(..) => {
                return Error::Refused { request, reason: Refusal::HeadTooLarge };
            }
            // The type of this error is not public in ureq.
            ureq::Error::Protocol(error) => {
                let problem = error.to_string();
                return if problem.ends_with("too many headers") {
                    Error::Refused { request, reason: Refusal::HeadTooLarge }
                } else {
                    Error::Malformed { request, problem: format!("not HTTP: {problem}"), source: None }
                };
            }
            #[cfg(feature = "rustls")]
            ureq::Error::Rustls(error) => (Tls, false, error),
            ureq::Error::Tls(message) => (Tls, false, message),
            ureq::Error::TlsRequired => (Tls, false, error),
            _ => (Exchange, false, error),
        };
        let message = message.to_string();
        Error::Network { request, source: NetworkError { phase, message, is_transient } }
    }
}

/// Where an I/O error belongs, and whether it may pass.
fn classify(error: &std::io::Error) -> (NetworkPhase, bool) {
    use std::io::ErrorKind as Kind;
    match error.kind() {
        // rustls reports what it does not accept this way.
        Kind::InvalidData => (NetworkPhase::Tls, false),
        // An end within rustls's handshake comes without a text, that of a connection in use with one.
        Kind::UnexpectedEof if error.get_ref().is_none() => (NetworkPhase::Tls, true),
        Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe | Kind::UnexpectedEof => {
            (NetworkPhase::Exchange, true)
        }
        _ => (NetworkPhase::Connect, true),
    }
}

#[cfg(test)]
mod tests;
