//! A token bucket, as Atlas limits its rate.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::simulator::response::{Response, ResponseKind};

/// How often authenticated requests are answered before they get Atlas's 429.
///
/// A bucket holds up to `capacity` tokens and gains one every `refill`; a request takes one. Responses for
/// resources carry `RateLimit-Limit` and `RateLimit-Remaining`; a 429 has `Retry-After` and the error code
/// `RATE_LIMITED`. Challenges cost nothing.
///
/// ```
/// use atlas_export_buckets::simulator::TokenBucket;
/// use std::time::Duration;
/// // 100 a minute, as Atlas might have it, and the same in a hundredth of the time, for tests:
/// let atlas = TokenBucket::new(100, Duration::from_millis(600));
/// let quick = TokenBucket::new(100, Duration::from_millis(6)).retry_after(Duration::as_secs);
/// ```
#[derive(Clone, Debug)]
pub struct TokenBucket {
    pub(crate) capacity: u32,
    refill: Duration,
    seconds: fn(&Duration) -> u64,
    retry_after: bool,
    per_project: bool,
}

impl TokenBucket {
    /// A bucket of `capacity` tokens (at least one) that starts full and gains one token every `refill`.
    pub fn new(capacity: u32, refill: Duration) -> TokenBucket {
        TokenBucket {
            capacity: capacity.max(1),
            refill: refill.max(Duration::from_nanos(1)),
            seconds: rounded_up,
            retry_after: true,
            per_project: false,
        }
    }

    /// Sets how the time until the next token is rounded to whole seconds, for `Retry-After` and the body. Default:
    /// rounded up, so never 0. With `Duration::as_secs` it is rounded down, which lets tests work in milliseconds.
    pub fn retry_after(mut self, seconds: fn(&Duration) -> u64) -> TokenBucket {
        self.seconds = seconds;
        self
    }

    /// Sends no `Retry-After`: only the body tells how long to wait.
    pub fn without_retry_after(mut self) -> TokenBucket {
        self.retry_after = false;
        self
    }

    /// Each project has a bucket of its own. Default: all share one.
    pub fn per_project(mut self) -> TokenBucket {
        self.per_project = true;
        self
    }
}

fn rounded_up(wait: &Duration) -> u64 {
    wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0))
}

/// The buckets of a limit.
#[derive(Debug)]
pub(crate) struct TokenBuckets {
    pub(crate) limit: TokenBucket,
    start: Instant,
    /// When each bucket is full again, counted from the start: it lacks a token for each refill until then.
    full_at: HashMap<String, Duration>,
}

impl TokenBuckets {
    pub(crate) fn new(limit: TokenBucket) -> TokenBuckets {
        TokenBuckets { limit, start: Instant::now(), full_at: HashMap::new() }
    }

    /// Takes a token and says how many are left, or how long it takes until there is one. `scope` is a project, or,
    /// where tokens are issued, a service account.
    pub(crate) fn take(&mut self, scope: &str, now: Instant) -> Result<u32, Duration> {
        let TokenBucket { capacity, refill, .. } = self.limit;
        let scope = if self.limit.per_project { scope } else { "" };
        let now = now.saturating_duration_since(self.start);
        let full_at = self.full_at.entry(scope.to_owned()).or_default();
        let until_full = full_at.saturating_sub(now);
        let missing = until_full.as_nanos().div_ceil(refill.as_nanos());
        match u32::try_from(missing) {
            Ok(missing) if missing < capacity => {
                *full_at = now.saturating_add(until_full).saturating_add(refill);
                Ok(capacity - 1 - missing)
            }
            _ => Err(until_full.saturating_sub(refill.saturating_mul(capacity - 1))),
        }
    }

    /// Atlas's 429. Its parameters are the endpoint, the seconds to wait, the capacity, the tokens of a refill, and
    /// the seconds between refills.
    pub(crate) fn refusal(&self, path: &str, wait: Duration) -> Response {
        let TokenBucket { capacity, refill, seconds, .. } = self.limit;
        self.refusal_with(path, wait, json!([path, seconds(&wait), capacity, 1, rounded_up(&refill)]))
    }

    /// The same, with parameters of one's own.
    pub(crate) fn refusal_with(&self, path: &str, wait: Duration, parameters: Value) -> Response {
        let wait = (self.limit.seconds)(&wait);
        let detail = format!("Rate limit exceeded for {path}. Please retry after {wait} seconds.");
        let response = Response::error_document(429, "RATE_LIMITED", &detail, parameters);
        let response = response.kind(ResponseKind::RateLimited);
        if self.limit.retry_after { response.header("Retry-After", wait.to_string()) } else { response }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_bucket_empties_refills_one_by_one_and_says_how_long_to_wait() {
        let mut buckets = TokenBuckets::new(TokenBucket::new(2, 600 * MS));
        let start = Instant::now();
        let mut take = |after: u32| match buckets.take("p", start + after * MS) {
            Ok(remaining) => (remaining, None),
            Err(wait) => (0, Some(rounded_up(&wait))),
        };
        let table = [
            ("full", 0, (1, None)),
            ("the last token", 0, (0, None)),
            ("empty", 100, (0, Some(1))),
            ("one token came", 650, (0, None)),
            ("the next comes on time", 1_199, (0, Some(1))),
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
        let refused = |limit: TokenBucket| {
            let mut buckets = TokenBuckets::new(limit);
            buckets.take("p", now).unwrap();
            let wait = buckets.take("p", now).unwrap_err();
            let field = buckets.refusal("/path", wait).get("retry-after").map(<[u8]>::to_vec);
            field.map(|value| String::from_utf8(value).unwrap())
        };
        let limit = TokenBucket::new(1, 5 * MS);
        assert_eq!(refused(limit.clone()).as_deref(), Some("1"));
        assert_eq!(refused(limit.clone().retry_after(Duration::as_secs)).as_deref(), Some("0"));
        assert_eq!(refused(limit.without_retry_after()), None);
    }

    #[test]
    fn a_429_says_in_its_body_what_the_limit_is() {
        let now = Instant::now();
        let mut buckets = TokenBuckets::new(TokenBucket::new(1, 6_000 * MS));
        buckets.take("p", now).unwrap();
        let wait = buckets.take("p", now).unwrap_err();
        let response = buckets.refusal("/path", wait);
        let body: Value = serde_json::from_slice(&response.body).unwrap();
        assert_eq!(body["parameters"], serde_json::json!(["/path", 6, 1, 1, 6]));
        assert_eq!(body["detail"], "Rate limit exceeded for /path. Please retry after 6 seconds.");
        assert_eq!(response.get("x-error-code"), Some(b"RATE_LIMITED".as_slice()));
    }

    #[test]
    fn projects_share_a_bucket_unless_each_has_its_own() {
        let now = Instant::now();
        let limit = TokenBucket::new(1, 1_000 * MS);
        for (limit, refused) in [(limit.clone(), true), (limit.per_project(), false)] {
            let mut buckets = TokenBuckets::new(limit);
            buckets.take("a", now).unwrap();
            assert_eq!(buckets.take("b", now).is_err(), refused);
        }
    }
}
