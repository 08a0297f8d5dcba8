//! What the simulator counts and remembers, for tests to assert on.

use std::collections::VecDeque;

use super::auth::Rejection;
use super::faults::Fault;
use super::request::RecordedRequest;
use super::response::ResponseKind;

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
    /// The same for lists of projects.
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

/// The counters and the records.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    pub(crate) stats: ServerStats,
    pub(crate) requests: VecDeque<RecordedRequest>,
    pub(crate) rejections: VecDeque<Rejection>,
    numbered: u64,
}

impl Recorder {
    /// Counts a request and numbers it, from 1. A reset does not restart the numbers.
    pub(crate) fn number(&mut self) -> u64 {
        self.numbered += 1;
        self.stats.requests += 1;
        self.numbered
    }

    /// Remembers a request and counts what it came to.
    pub(crate) fn record(&mut self, request: RecordedRequest, kind: ResponseKind, delivery: Option<&Fault>) {
        let has_status = u64::from(delivery.is_none_or(Fault::leaves_status));
        let is_whole = u64::from(delivery.is_none_or(Fault::leaves_all));
        match kind {
            ResponseKind::Challenge => self.stats.challenges += has_status,
            ResponseKind::RateLimited => self.stats.rate_limited += has_status,
            ResponseKind::Page => self.stats.pages += is_whole,
            ResponseKind::ProjectPage => self.stats.project_pages += is_whole,
            ResponseKind::Token => self.stats.tokens += is_whole,
            ResponseKind::Revocation => self.stats.revocations += is_whole,
            ResponseKind::Other => {}
        }
        if let Some(rejection) = request.rejection.clone() {
            self.stats.rejections += 1;
            remember(&mut self.rejections, rejection);
        }
        remember(&mut self.requests, request);
    }

    pub(crate) fn reset(&mut self) {
        *self = Recorder { numbered: self.numbered, ..Recorder::default() };
    }
}

fn remember<T>(queue: &mut VecDeque<T>, item: T) {
    if queue.len() == REMEMBERED {
        queue.pop_front();
    }
    queue.push_back(item);
}
