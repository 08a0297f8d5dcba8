//! The time that a page, or a whole listing, may take (pure but for the clock).

use std::time::{Duration, Instant};

/// A span of time that has begun.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    start: Instant,
    /// The whole span.
    pub(crate) timeout: Duration,
}

impl Deadline {
    /// Begins now.
    pub(crate) fn new(timeout: Duration) -> Self {
        Deadline { start: Instant::now(), timeout }
    }

    pub(crate) fn time_left(&self) -> Duration {
        self.timeout.saturating_sub(self.start.elapsed())
    }

    /// Whichever of the two ends first.
    pub(crate) fn or_earlier(self, other: Deadline) -> Deadline {
        if other.time_left() < self.time_left() { other } else { self }
    }
}
