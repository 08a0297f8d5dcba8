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

    pub(crate) fn time_left(self) -> Duration {
        self.timeout.saturating_sub(self.start.elapsed())
    }

    /// Whichever of the two ends first.
    pub(crate) fn or_earlier(self, other: Deadline) -> Deadline {
        if other.time_left() < self.time_left() { other } else { self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earlier_of_two_deadlines_counts() {
        let (short, long) = (Deadline::new(Duration::from_secs(60)), Deadline::new(Duration::from_secs(600)));
        assert_eq!(short.or_earlier(long).timeout, short.timeout);
        assert_eq!(long.or_earlier(short).timeout, short.timeout);
        // What counts is when it ends, not how long it is.
        let Some(start) = Instant::now().checked_sub(Duration::from_secs(590)) else { return };
        let begun = Deadline { start, ..long };
        assert_eq!(short.or_earlier(begun).timeout, long.timeout);
    }
}
