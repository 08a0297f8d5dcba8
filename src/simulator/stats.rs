//! What the simulator counts and remembers, for tests to assert on.

use std::collections::VecDeque;
use std::sync::Mutex;

use super::lock;
use super::rejection::Rejection;

/// How many requests and how many rejections are remembered; they are counted without end.
const REMEMBERED: usize = 4096;

/// What has happened since the start, or since [`Simulator::reset_stats`](super::Simulator::reset_stats).
///
/// An answer is counted before it is sent, so a client that has it sees it counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Connections accepted.
    pub connections: u64,
    /// Requests received, whatever became of them.
    pub requests: u64,
    /// 401 answers sent with a Digest challenge.
    pub challenges: u64,
    /// Pages sent whole: answers with 200 that list buckets and that no fault replaced or cut.
    pub pages: u64,
    /// `Authorization` fields refused, for whatever reason.
    pub rejections: u64,
    /// 429 answers of the token bucket.
    pub rate_limited: u64,
}

/// A request, as it came and as it was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordedRequest {
    /// Which connection it came on, from 1.
    pub connection: u64,
    /// The method.
    pub method: String,
    /// The request-target, byte for byte.
    pub target: Vec<u8>,
    /// The header fields: names in lower case, values as bytes. Fields of the same name keep their order.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The status sent, `None` if a fault let none out.
    pub status: Option<u16>,
    /// Why its `Authorization` was refused, if it was.
    pub rejection: Option<Rejection>,
}

impl RecordedRequest {
    /// The value of the first header field of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        let mut fields = self.headers.iter();
        fields.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_slice())
    }
}

/// The counters and the memory behind them.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    state: Mutex<Memory>,
}

#[derive(Debug, Default)]
struct Memory {
    stats: Stats,
    numbered: u64,
    requests: VecDeque<RecordedRequest>,
    rejections: VecDeque<Rejection>,
}

impl Recorder {
    /// Counts a request that came in, and numbers it from 1; a reset does not begin anew.
    pub(super) fn number(&self) -> u64 {
        let mut memory = lock(&self.state);
        memory.numbered += 1;
        memory.stats.requests += 1;
        memory.numbered
    }

    /// Remembers a request and adds to the counters what it came to.
    pub(super) fn record(&self, request: RecordedRequest, count: impl FnOnce(&mut Stats)) {
        let mut memory = lock(&self.state);
        count(&mut memory.stats);
        if let Some(rejection) = request.rejection.clone() {
            memory.stats.rejections += 1;
            remember(&mut memory.rejections, rejection);
        }
        remember(&mut memory.requests, request);
    }

    pub(super) fn count_connection(&self) {
        lock(&self.state).stats.connections += 1;
    }

    pub(super) fn stats(&self) -> Stats {
        lock(&self.state).stats
    }

    pub(super) fn requests(&self) -> Vec<RecordedRequest> {
        lock(&self.state).requests.iter().cloned().collect()
    }

    pub(super) fn rejections(&self) -> Vec<Rejection> {
        lock(&self.state).rejections.iter().cloned().collect()
    }

    pub(super) fn reset(&self) {
        let mut memory = lock(&self.state);
        *memory = Memory { numbered: memory.numbered, ..Memory::default() };
    }
}

fn remember<T>(queue: &mut VecDeque<T>, item: T) {
    if queue.len() == REMEMBERED {
        queue.pop_front();
    }
    queue.push_back(item);
}
