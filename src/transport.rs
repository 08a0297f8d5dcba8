//! One authenticated GET, with its deadline and its retries. `transport/exchange.rs` sends it.

mod agent;
mod exchange;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant, SystemTime};

use rand::RngCore as _;

use crate::digest::{self, Attempt, Session};
use crate::endpoint::PageRequest;
use crate::error::{ApiError, Error, NetworkError, NetworkPhase, OneLine, Refusal};
use crate::page::{self, BadBody, Content, Page};
use crate::retry::{self, Policy, Verdict};
use crate::throttle::{NoPermit, Permit, Throttle};

pub(crate) use agent::{AgentOptions, new_agent};
pub(crate) use exchange::Agent;
use exchange::{
    AUTHENTICATION_INFO, Answer, DEPRECATION, Fault, Get, LOCATION, RETRY_AFTER, SUNSET, WWW_AUTHENTICATE,
};

/// Sends requests to one host, as one user.
pub(crate) struct Transport {
    pub(crate) agent: Agent,
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
    Challenged(Answer),
    /// Any other answer.
    Answered(Answer),
    /// No whole answer.
    Broken(Error),
}

// What is marked `inline(never)` would be inlined into `get`, as it is called once: a function of 18 KB, which a user's
// build would take longer to optimise. See CONTRIBUTING.md.
impl Transport {
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
                    let info = answer.all(&AUTHENTICATION_INFO);
                    self.session
                        .accepted(attempt, &to_hash, info, &answer.body)
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
    #[inline(never)]
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

    #[inline(never)]
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
        answer: &Answer,
    ) -> Result<Attempt, Error> {
        let challenges = answer.all(&WWW_AUTHENTICATE);
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
    #[inline(never)]
    fn wait_before_retry(&self, fault: &Error, retries_done: u32, deadline: &Deadline) -> Option<Duration> {
        let retry_after = match fault {
            Error::RateLimited { retry_after, .. } | Error::Status { retry_after, .. } => *retry_after,
            _ => None,
        };
        if !fault.is_retryable() || matches!(fault, Error::Deadline { .. }) {
            return None;
        }
        // Without randomness there is no cnonce either; the next attempt will say so.
        let mut random = [0xff; 4];
        let _ = rand::rngs::OsRng.try_fill_bytes(&mut random);
        let random = u32::from_ne_bytes(random);
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
        let get = Get {
            url: &request.url,
            accept: request.accept,
            user_agent: &self.user_agent,
            // What is not ASCII cannot be sent. Of a challenge that is an error; a `nextnonce` can be done without, as
            // what is sent without credentials is challenged again.
            authorization: attempt.authorization().filter(|value| value.is_ascii()),
            max_body: self.max_body,
        };
        let answer = match self.agent.exchange(&get, deadline) {
            Ok(answer) => answer,
            Err(fault) => return Outcome::Broken(broken(request, fault, deadline, last_fault)),
        };
        log::debug!("HTTP {}, {} bytes", answer.status, answer.body.len());
        if answer.status != 401 {
            return Outcome::Answered(answer);
        }
        self.counters.challenges.fetch_add(1, Relaxed);
        for challenge in answer.all(&WWW_AUTHENTICATE) {
            log::debug!("challenged: {}", OneLine(&String::from_utf8_lossy(challenge)));
        }
        Outcome::Challenged(answer)
    }
}

/// Sorts the answers that are not challenges.
#[inline(never)]
fn judge(request: &PageRequest, answer: Answer) -> Result<Page, Error> {
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
            let location = answer.field(&LOCATION).map(str::to_owned);
            return Err(refusal(request, Refusal::Redirect { status, location }));
        }
        status => page::parse_error(status, &answer.body),
    };
    let retry_after = answer
        .field(&RETRY_AFTER)
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
fn to_page(request: &PageRequest, content: Content, answer: Answer) -> Page {
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

/// Turns what broke an exchange into an error.
#[cold]
#[inline(never)]
fn broken(request: &PageRequest, fault: Fault, deadline: &Deadline, last_fault: &mut Option<Error>) -> Error {
    let boxed = request.boxed();
    match fault {
        Fault::Late => {
            let cause = last_fault.take().map(Box::new);
            Error::Deadline { request: boxed, timeout: deadline.timeout, cause }
        }
        Fault::Refused(reason) => Error::Refused { request: boxed, reason },
        Fault::Network(source) => Error::Network { request: boxed, source },
        Fault::NotHttp(problem) => {
            let problem = format!("not HTTP: {problem}");
            Error::Malformed { request: boxed, problem, source: None }
        }
    }
}

/// The time that one page may take.
pub(crate) struct Deadline {
    start: Instant,
    timeout: Duration,
}

impl Deadline {
    fn time_left(&self) -> Duration {
        self.timeout.saturating_sub(self.start.elapsed())
    }
}

#[cfg(test)]
mod tests;
