//! A token bucket, as Atlas limits its rate.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::simulator::response::{Response, ResponseKind};

/// How often authenticated requests are answered before they get Atlas's 429.
///
/// A bucket holds up to `capacity` tokens and gains one every `refill`; a request takes one. Every answer
/// carries `RateLimit-Limit` and `RateLimit-Remaining`; a 429 also `Retry-After` and the error code
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
    capacity: u32,
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

    /// How the time until the next token becomes the whole seconds of `Retry-After` and of the body. Default:
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

    /// A bucket for each project instead of one for all.
    pub fn per_project(mut self) -> TokenBucket {
        self.per_project = true;
        self
    }
}

fn rounded_up(wait: &Duration) -> u64 {
    wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0))
}

/// The buckets and their levels.
#[derive(Debug)]
pub(crate) struct TokenBuckets {
    limit: TokenBucket,
    levels: HashMap<String, BucketLevel>,
}

/// The tokens in a bucket at the time of a refill.
#[derive(Clone, Copy, Debug)]
struct BucketLevel {
    tokens: u32,
    at: Instant,
}

/// What the buckets say about one request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RateDecision {
    limit: u32,
    remaining: u32,
    refused: Option<RateRefusal>,
}

/// Why a request is not answered: there was no token left.
#[derive(Debug, PartialEq, Eq)]
struct RateRefusal {
    /// The seconds until there is one again.
    wait: u64,
    retry_after: bool,
    refill_seconds: u64,
}

impl TokenBuckets {
    pub(crate) fn new(limit: TokenBucket) -> TokenBuckets {
        TokenBuckets { limit, levels: HashMap::new() }
    }

    pub(crate) fn take(&mut self, project: &str, now: Instant) -> RateDecision {
        let TokenBucket { capacity, refill, .. } = self.limit;
        let scope = if self.limit.per_project { project } else { "" };
        let full = BucketLevel { tokens: capacity, at: now };
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
            let wait = refill.saturating_sub(now.saturating_duration_since(level.at));
            Some(RateRefusal {
                wait: (self.limit.seconds)(&wait),
                retry_after: self.limit.retry_after,
                refill_seconds: rounded_up(&refill),
            })
        } else {
            level.tokens -= 1;
            None
        };
        RateDecision { limit: capacity, remaining: level.tokens, refused }
    }
}

impl RateDecision {
    /// The capacity of the bucket.
    pub(crate) fn limit(&self) -> u32 {
        self.limit
    }

    /// Atlas's 429, if there was no token left. Its parameters are the endpoint, the seconds to wait, the
    /// capacity, the tokens of a refill, and the seconds between refills.
    pub(crate) fn refusal(&self, path: &str) -> Option<Response> {
        let RateRefusal { wait, refill_seconds, .. } = *self.refused.as_ref()?;
        let parameters: [Value; 5] =
            [path.into(), wait.into(), self.limit.into(), 1.into(), refill_seconds.into()];
        self.refusal_with(path, &parameters)
    }

    /// The same, with parameters of one's own.
    pub(crate) fn refusal_with(&self, path: &str, parameters: &[Value]) -> Option<Response> {
        let RateRefusal { wait, retry_after, .. } = *self.refused.as_ref()?;
        let detail = format!("Rate limit exceeded for {path}. Please retry after {wait} seconds.");
        let response = Response::error_document(429, "RATE_LIMITED", &detail, parameters);
        let response = response.kind(ResponseKind::RateLimited);
        Some(if retry_after { response.header("Retry-After", wait.to_string()) } else { response })
    }

    /// Adds `RateLimit-Limit` and `RateLimit-Remaining`.
    pub(crate) fn add_headers(&self, response: Response) -> Response {
        response
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
        let mut buckets = TokenBuckets::new(TokenBucket::new(2, 600 * MS));
        let start = Instant::now();
        let mut take = |after: u32| {
            let decision = buckets.take("p", start + after * MS);
            (decision.remaining, decision.refused.map(|refused| refused.wait))
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
            buckets.take("p", now);
            buckets.take("p", now).refusal("/path").unwrap().headers
        };
        let limit = TokenBucket::new(1, 5 * MS);
        assert_eq!(refused(limit.clone())["retry-after"], "1");
        assert_eq!(refused(limit.clone().retry_after(Duration::as_secs))["retry-after"], "0");
        assert_eq!(refused(limit.without_retry_after()).get("retry-after"), None);
    }

    #[test]
    fn a_429_says_in_its_body_what_the_limit_is() {
        let now = Instant::now();
        let mut buckets = TokenBuckets::new(TokenBucket::new(1, 6_000 * MS));
        buckets.take("p", now);
        let response = buckets.take("p", now).refusal("/path").unwrap();
        let body: Value = serde_json::from_slice(&response.body).unwrap();
        assert_eq!(body["parameters"], serde_json::json!(["/path", 6, 1, 1, 6]));
        assert_eq!(body["detail"], "Rate limit exceeded for /path. Please retry after 6 seconds.");
        assert_eq!(response.headers["x-error-code"], "RATE_LIMITED");
    }

    #[test]
    fn projects_share_a_bucket_unless_each_has_its_own() {
        let now = Instant::now();
        let limit = TokenBucket::new(1, 1_000 * MS);
        for (limit, refused) in [(limit.clone(), true), (limit.per_project(), false)] {
            let mut buckets = TokenBuckets::new(limit);
            buckets.take("a", now);
            assert_eq!(buckets.take("b", now).refused.is_some(), refused);
        }
    }
}
