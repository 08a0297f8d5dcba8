//! What the simulator counts and remembers, for tests to assert on.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex};

use super::auth::Rejection;
use super::faults::Delivery;
use super::lock::lock;
use super::request::ReceivedRequest;
use super::response::{Response, ResponseKind};

/// How many requests and rejections are remembered. The counters have no such limit.
const REMEMBERED: usize = 4096;

/// What has happened since the start, or since [`Simulator::reset_stats`](super::Simulator::reset_stats).
///
/// A response is counted before it is sent, so a client that has it sees it counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerStats {
    /// Connections accepted.
    pub connections: u64,
    /// Requests received, whatever became of them.
    pub requests: u64,
    /// 401 responses sent with a Digest challenge.
    pub challenges: u64,
    /// Pages sent whole: responses with 200 that list buckets and that no fault replaced or cut.
    pub pages: u64,
    /// The same of the lists of projects.
    pub project_pages: u64,
    /// Access tokens sent.
    pub tokens: u64,
    /// Revocations confirmed.
    pub revocations: u64,
    /// `Authorization` fields refused, for whatever reason.
    pub rejections: u64,
    /// 429 responses sent because of a rate limit.
    pub rate_limited: u64,
}

/// A request, as it came and as it was answered. `Debug` shows header fields as text, of `Authorization` the scheme
/// only, and of the body its length.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordedRequest {
    /// Which request it is, over all connections, from 1.
    pub number: u64,
    /// Which connection it came on, from 1.
    pub connection: u64,
    /// The method.
    pub method: String,
    /// The request-target, byte for byte.
    pub target: Vec<u8>,
    /// The header fields: names in lower case, values as bytes. Fields of the same name keep their order.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body: the form, if the request is for a token.
    pub body: Vec<u8>,
    /// The status sent; `None` if a fault kept it back.
    pub status: Option<u16>,
    /// The `X-Error-Code` sent: Atlas's word for what was wrong.
    pub error_code: Option<String>,
    /// Why its `Authorization` was refused, if it was.
    pub rejection: Option<Rejection>,
}

impl RecordedRequest {
    /// The record of a request with this number, to which `response` is the answer.
    pub(crate) fn new(
        number: u64,
        request: &ReceivedRequest,
        response: &Response,
        delivery: &Delivery,
        rejection: Option<Rejection>,
    ) -> RecordedRequest {
        let sent = delivery.tells_status().then_some(response);
        let code = sent.and_then(|response| response.headers.get("x-error-code")?.to_str().ok());
        let fields = request.headers.iter();
        RecordedRequest {
            number,
            connection: request.connection,
            method: request.method.to_string(),
            target: request.target.clone(),
            headers: fields.map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect(),
            body: request.body.clone(),
            status: sent.map(|response| response.status.as_u16()),
            error_code: code.map(str::to_owned),
            rejection,
        }
    }

    /// The value of the first header field of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        let mut fields = self.headers.iter();
        fields.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_slice())
    }
}

impl fmt::Debug for RecordedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |(name, value): &(String, Vec<u8>)| {
            let value = String::from_utf8_lossy(value).into_owned();
            let value = match name.as_str() {
                "authorization" | "proxy-authorization" | "cookie" => redacted(&value),
                _ => value,
            };
            (name.clone(), value)
        };
        f.debug_struct("RecordedRequest")
            .field("number", &self.number)
            .field("connection", &self.connection)
            .field("method", &self.method)
            .field("target", &String::from_utf8_lossy(&self.target))
            .field("headers", &self.headers.iter().map(shown).collect::<Vec<_>>())
            .field("body", &format_args!("{} bytes", self.body.len()))
            .field("status", &self.status)
            .field("error_code", &self.error_code)
            .field("rejection", &self.rejection)
            .finish()
    }
}

/// Credentials without their secret: the scheme, if there is one.
fn redacted(credentials: &str) -> String {
    match credentials.split_once(' ') {
        Some((scheme, _)) => format!("{scheme} .."),
        None => "..".to_owned(),
    }
}

/// A function that is shown each request as it is answered.
pub(crate) type Observer = Arc<dyn Fn(&RecordedRequest) + Send + Sync>;

/// The counters and the records, and who observes them.
#[derive(Default)]
pub(crate) struct Recorder {
    state: Mutex<Records>,
    observers: Vec<Observer>,
}

#[derive(Debug, Default)]
struct Records {
    stats: ServerStats,
    numbered: u64,
    requests: VecDeque<RecordedRequest>,
    rejections: VecDeque<Rejection>,
}

impl Records {
    fn count(&mut self, kind: ResponseKind, delivery: &Delivery) {
        let (begins, is_whole) = (u64::from(delivery.tells_status()), u64::from(delivery.is_whole()));
        match kind {
            ResponseKind::Challenge => self.stats.challenges += begins,
            ResponseKind::RateLimited => self.stats.rate_limited += begins,
            ResponseKind::Page => self.stats.pages += is_whole,
            ResponseKind::ProjectPage => self.stats.project_pages += is_whole,
            ResponseKind::Token => self.stats.tokens += is_whole,
            ResponseKind::Revocation => self.stats.revocations += is_whole,
            ResponseKind::Other => {}
        }
    }
}

impl Recorder {
    pub(crate) fn new(observers: Vec<Observer>) -> Recorder {
        Recorder { state: Mutex::default(), observers }
    }

    /// Counts a request and numbers it, from 1. A reset does not restart the numbers.
    pub(crate) fn number(&self) -> u64 {
        let mut records = lock(&self.state);
        records.numbered += 1;
        records.stats.requests += 1;
        records.numbered
    }

    /// Remembers a request and counts what it came to.
    pub(crate) fn record(&self, request: RecordedRequest, kind: ResponseKind, delivery: &Delivery) {
        for observer in &self.observers {
            observer(&request);
        }
        let mut records = lock(&self.state);
        records.count(kind, delivery);
        if let Some(rejection) = request.rejection.clone() {
            records.stats.rejections += 1;
            remember(&mut records.rejections, rejection);
        }
        remember(&mut records.requests, request);
    }

    pub(crate) fn count_connection(&self) {
        lock(&self.state).stats.connections += 1;
    }

    pub(crate) fn stats(&self) -> ServerStats {
        lock(&self.state).stats
    }

    pub(crate) fn requests(&self) -> Vec<RecordedRequest> {
        lock(&self.state).requests.iter().cloned().collect()
    }

    pub(crate) fn rejections(&self) -> Vec<Rejection> {
        lock(&self.state).rejections.iter().cloned().collect()
    }

    pub(crate) fn reset(&self) {
        let mut records = lock(&self.state);
        *records = Records { numbered: records.numbered, ..Records::default() };
    }
}

fn remember<T>(queue: &mut VecDeque<T>, item: T) {
    if queue.len() == REMEMBERED {
        queue.pop_front();
    }
    queue.push_back(item);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recorded_request_shows_its_fields_as_text_and_no_secret() {
        let field = |name: &str, value: &str| (name.to_owned(), value.as_bytes().to_vec());
        let request = RecordedRequest {
            number: 7,
            connection: 2,
            method: "POST".into(),
            target: b"/api/oauth/revoke".to_vec(),
            headers: vec![
                field("host", "localhost"),
                field("authorization", "Basic c2VjcmV0"),
                field("authorization", "c2VjcmV0"),
            ],
            body: b"token=c2VjcmV0".to_vec(),
            status: Some(200),
            error_code: None,
            rejection: None,
        };
        assert_eq!(
            format!("{request:?}"),
            "RecordedRequest { number: 7, connection: 2, method: \"POST\", target: \"/api/oauth/revoke\", \
             headers: [(\"host\", \"localhost\"), (\"authorization\", \"Basic ..\"), (\"authorization\", \"..\")], \
             body: 14 bytes, status: Some(200), error_code: None, rejection: None }"
        );
    }
}
