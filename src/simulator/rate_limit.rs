//! A token bucket, as Atlas limits its rate.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::answer::Answer;

/// How often authenticated requests are answered before they get Atlas's 429.
///
/// A bucket holds up to `capacity` tokens and gains one every `refill`; a request takes one. Every answer
/// carries `RateLimit-Limit` and `RateLimit-Remaining`; a 429 also `Retry-After` and the error code
/// `RATE_LIMITED`. Challenges cost nothing.
///
/// ```
/// use atlas_export_buckets::simulator::RateLimit;
/// use std::time::Duration;
/// // 100 a minute, as Atlas might have it, and the same in a hundredth of the time, for tests:
/// let atlas = RateLimit::new(100, Duration::from_millis(600));
/// let quick = RateLimit::new(100, Duration::from_millis(6)).retry_after(Duration::as_secs);
/// ```
#[derive(Clone, Debug)]
pub struct RateLimit {
    capacity: u32,
    refill: Duration,
    retry_after: Option<fn(&Duration) -> u64>,
    per_project: bool,
}

impl RateLimit {
    /// A bucket of `capacity` tokens (at least one) that starts full and gains one token every `refill`.
    pub fn new(capacity: u32, refill: Duration) -> RateLimit {
        RateLimit {
            capacity: capacity.max(1),
            refill: refill.max(Duration::from_nanos(1)),
            retry_after: Some(rounded_up),
            per_project: false,
        }
    }

    /// How the time until the next token becomes the whole seconds of `Retry-After`. Default: rounded up,
    /// so never 0. With `Duration::as_secs` it is rounded down, which lets tests work in milliseconds.
    pub fn retry_after(mut self, seconds: fn(&Duration) -> u64) -> RateLimit {
        self.retry_after = Some(seconds);
        self
    }

    /// Sends no `Retry-After`.
    pub fn without_retry_after(mut self) -> RateLimit {
        self.retry_after = None;
        self
    }

    /// A bucket for each project instead of one for all.
    pub fn per_project(mut self) -> RateLimit {
        self.per_project = true;
        self
    }
}

fn rounded_up(wait: &Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

/// The buckets and what is in them.
#[derive(Debug)]
pub(super) struct Limiter {
    limit: RateLimit,
    levels: HashMap<String, Level>,
}

/// The tokens in a bucket at a moment; the moment is always that of a refill.
#[derive(Clone, Copy, Debug)]
struct Level {
    tokens: u32,
    at: Instant,
}

/// What the limiter says about one request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Decision {
    limit: u32,
    remaining: u32,
    refused: Option<Option<u64>>,
}

impl Limiter {
    pub(super) fn new(limit: RateLimit) -> Limiter {
        Limiter { limit, levels: HashMap::new() }
    }

    pub(super) fn take(&mut self, project: &str, now: Instant) -> Decision {
        let RateLimit { capacity, refill, .. } = self.limit;
        let scope = if self.limit.per_project { project } else { "" };
        let full = Level { tokens: capacity, at: now };
        let level = self.levels.entry(scope.to_owned()).or_insert(full);
        let gained = now.saturating_duration_since(level.at).as_nanos() / refill.as_nanos();
        let missing = capacity - level.tokens;
        match u32::try_from(gained) {
            Ok(gained) if gained < missing => {
                level.tokens += gained;
                level.at += refill * gained;
            }
            _ => *level = full,
        }
        let refused = if level.tokens == 0 {
            let wait = (level.at + refill).saturating_duration_since(now);
            Some(self.limit.retry_after.map(|seconds| seconds(&wait)))
        } else {
            level.tokens -= 1;
            None
        };
        Decision { limit: capacity, remaining: level.tokens, refused }
    }
}

impl Decision {
    /// Atlas's 429, if there was no token left.
    pub(super) fn refusal(&self, path: &str) -> Option<Answer> {
        let retry_after = self.refused?;
        let detail = format!("Rate limit exceeded. The limit of {} for {path} is used up.", self.limit);
        let answer = Answer::atlas_error(429, "RATE_LIMITED", &detail, &[path]);
        Some(match retry_after {
            Some(seconds) => answer.header("Retry-After", seconds.to_string()),
            None => answer,
        })
    }

    /// Adds the header fields that tell of the limit.
    pub(super) fn tell(&self, answer: Answer) -> Answer {
        answer
            .header("RateLimit-Limit", self.limit.to_string())
            .header("RateLimit-Remaining", self.remaining.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_bucket_empties_refills_one_by_one_and_says_how_long_to_wait() {
        let mut limiter = Limiter::new(RateLimit::new(2, 600 * MS));
        let start = Instant::now();
        let mut take = |after: u32| {
            let decision = limiter.take("p", start + after * MS);
            (decision.remaining, decision.refused)
        };
        let table = [
            ("full", 0, (1, None)),
            ("the last token", 0, (0, None)),
            ("empty", 100, (0, Some(Some(1)))),
            ("one token came", 650, (0, None)),
            ("the next comes on time", 1_199, (0, Some(Some(1)))),
            ("and it did", 1_200, (0, None)),
            ("never more than the capacity", 99_000, (1, None)),
        ];
        for (name, after, expected) in table {
            assert_eq!(take(after), expected, "{name}");
        }
    }

    #[test]
    fn retry_after_can_be_rounded_down_or_left_out() {
        let now = Instant::now();
        let refused = |limit: RateLimit| {
            let mut limiter = Limiter::new(limit);
            limiter.take("p", now);
            limiter.take("p", now).refusal("/path").unwrap().headers
        };
        let limit = RateLimit::new(1, 5 * MS);
        let value =
            |headers: Vec<(String, Vec<u8>)>| headers.into_iter().find(|(name, _)| name == "Retry-After");
        assert_eq!(value(refused(limit.clone())).unwrap().1, b"1");
        assert_eq!(value(refused(limit.clone().retry_after(Duration::as_secs))).unwrap().1, b"0");
        assert_eq!(value(refused(limit.without_retry_after())), None);
    }

    #[test]
    fn projects_share_a_bucket_unless_each_has_its_own() {
        let now = Instant::now();
        let limit = RateLimit::new(1, 1_000 * MS);
        for (limit, refused) in [(limit.clone(), true), (limit.per_project(), false)] {
            let mut limiter = Limiter::new(limit);
            limiter.take("a", now);
            assert_eq!(limiter.take("b", now).refused.is_some(), refused);
        }
    }
}
