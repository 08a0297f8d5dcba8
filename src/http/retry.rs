//! Decides after an error whether to send again, and after how long (pure).

use std::time::{Duration, SystemTime};

use crate::error::{Error, NetworkErrorKind};

/// The retries of one page or token.
pub(crate) struct Retries {
    /// Retries that are left.
    left: u32,
    /// How many of these may follow a host that was not found, refused the connection, or was unreachable.
    left_without_host: u32,
    /// Retries and rate limits so far: each makes the next back-off longer.
    backoffs: u32,
}

impl Retries {
    /// The nominal first wait. Each further one is twice as long.
    const FIRST_BACKOFF: Duration = Duration::from_millis(500);
    /// The longest wait, unless the server asks for a longer one.
    const MAX_BACKOFF: Duration = Duration::from_secs(8);
    /// A host that is not there will usually not be there in a minute either. If nothing else failed before, two retries
    /// wait 1.5 s at most.
    const MAX_RETRIES_WITHOUT_HOST: u32 = 2;

    pub(crate) fn new(retries: u32) -> Self {
        Retries { left: retries, left_without_host: Self::MAX_RETRIES_WITHOUT_HOST, backoffs: 0 }
    }

    /// How long to wait before sending again; `None` to give up.
    ///
    /// The wait is the one that the server asks for, or else the back-off. A wait that would not end within `time_left` is
    /// not begun. A rate limit does not use up a retry: only the deadline bounds it. `random`, evenly distributed, sets the
    /// back-off to 50 to 100 % of its nominal length, so that clients which failed together do not come back together.
    pub(crate) fn wait_after(&mut self, error: &Error, time_left: Duration, random: u16) -> Option<Duration> {
        // If Atlas could not count, the listing asks without the count instead.
        if !error.is_retryable() || error.asks_for_no_count() {
            return None;
        }
        let is_rate_limit = matches!(error, Error::RateLimited { .. });
        let is_without_host = is_without_host(error);
        if !is_rate_limit && self.left == 0 || is_without_host && self.left_without_host == 0 {
            return None;
        }
        let wait = retry_after(error).filter(|wait| !wait.is_zero()).unwrap_or_else(|| self.backoff(random));
        if wait >= time_left {
            return None;
        }
        self.left -= u32::from(!is_rate_limit);
        self.left_without_host -= u32::from(is_without_host);
        self.backoffs += 1;
        Some(wait)
    }

    fn backoff(&self, random: u16) -> Duration {
        let factor = 1_u32.checked_shl(self.backoffs).unwrap_or(u32::MAX);
        let nominal = Self::FIRST_BACKOFF.saturating_mul(factor).min(Self::MAX_BACKOFF);
        nominal / 2 + nominal / 2 * u32::from(random) / u32::from(u16::MAX)
    }
}

fn is_without_host(error: &Error) -> bool {
    use NetworkErrorKind::{ConnectionRefused, HostNotFound, Unreachable};
    let Error::Network { source, .. } = error else { return false };
    matches!(source.kind, HostNotFound | ConnectionRefused | Unreachable)
}

/// The wait that the server asks for.
fn retry_after(error: &Error) -> Option<Duration> {
    match error {
        Error::RateLimited { retry_after, .. } | Error::Status { retry_after, .. } => *retry_after,
        _ => None,
    }
}

/// `Retry-After`: seconds, or a date (RFC 9110 10.2.3). `None` if it is neither.
pub(crate) fn parse_retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim_ascii();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number that does not fit is longer than any deadline.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    // A date that has passed means now.
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::NetworkError;
    use crate::model::ApiError;
    use crate::request::{Resource, tests::endpoint};

    const MAX: u16 = u16::MAX;

    fn status(status: u16, retry_after: Option<Duration>) -> Error {
        let request = Box::new(endpoint("https://h").page(&Resource::Projects, 1, false));
        let api = Box::new(ApiError { status, ..ApiError::default() });
        match status {
            429 => Error::RateLimited { request, api, retry_after },
            _ => Error::Status { request, api, retry_after },
        }
    }

    fn network(kind: NetworkErrorKind) -> Error {
        let request = Box::new(endpoint("https://h").page(&Resource::Projects, 1, false));
        Error::Network { request, source: NetworkError::new(kind, "x") }
    }

    #[test]
    fn waits_double_up_to_eight_seconds_and_are_drawn_from_their_upper_half() {
        let waits = |random| {
            let mut retries = Retries::new(7);
            let mut waits = Vec::new();
            while let Some(wait) = retries.wait_after(&status(503, None), Duration::MAX, random) {
                waits.push(wait.as_millis());
            }
            waits
        };
        assert_eq!(waits(MAX), [500, 1000, 2000, 4000, 8000, 8000, 8000]);
        assert_eq!(waits(0), [250, 500, 1000, 2000, 4000, 4000, 4000]);
        assert_eq!(waits(MAX / 2)[0], 374);
    }

    #[test]
    fn one_wait_is_as_the_server_asks_and_within_the_deadline() {
        let s = Duration::from_secs;
        let ms = Duration::from_millis;
        let minute = s(60);
        let cases = [
            ("503, back-off", 3, status(503, None), minute, Some(ms(500))),
            ("503, none left", 0, status(503, None), minute, None),
            ("503, Retry-After", 3, status(503, Some(s(7))), minute, Some(s(7))),
            ("503, Retry-After beyond the deadline", 3, status(503, Some(minute)), minute, None),
            ("503, back-off beyond the deadline", 3, status(503, None), ms(500), None),
            ("404", 3, status(404, None), minute, None),
            ("429 needs no retry", 0, status(429, Some(s(7))), minute, Some(s(7))),
            ("429 without a time", 0, status(429, None), minute, Some(ms(500))),
            ("429, Retry-After 0", 0, status(429, Some(s(0))), minute, Some(ms(500))),
            ("429 for an eternity", 3, status(429, Some(Duration::MAX)), minute, None),
            ("a broken connection", 1, network(NetworkErrorKind::Broken), minute, Some(ms(500))),
            ("a certificate", 3, network(NetworkErrorKind::Tls), minute, None),
        ];
        for (name, retries, error, time_left, expected) in cases {
            assert_eq!(Retries::new(retries).wait_after(&error, time_left, MAX), expected, "{name}");
        }
    }

    #[test]
    fn a_host_that_is_not_there_is_asked_three_times_at_most() {
        use NetworkErrorKind::{ConnectionRefused, HostNotFound, Unreachable};
        for kind in [HostNotFound, ConnectionRefused, Unreachable] {
            let mut retries = Retries::new(5);
            let mut wait = || retries.wait_after(&network(kind), Duration::MAX, MAX);
            assert_eq!(
                [wait(), wait(), wait()],
                [Some(Duration::from_millis(500)), Some(Duration::from_secs(1)), None]
            );
        }
    }

    #[test]
    fn a_host_that_restarts_in_between_costs_no_more_than_its_own_retries() {
        let refused = || network(NetworkErrorKind::ConnectionRefused);
        let unavailable = || status(503, None);
        let mut retries = Retries::new(5);
        let mut goes_on = |error| retries.wait_after(&error, Duration::MAX, MAX).is_some();
        assert_eq!([unavailable(), unavailable(), refused(), unavailable()].map(&mut goes_on), [true; 4]);
        assert_eq!([refused(), refused()].map(&mut goes_on), [true, false]);
        let mut retries = Retries::new(5);
        let mut goes_on = |error| retries.wait_after(&error, Duration::MAX, MAX).is_some();
        assert_eq!(
            [refused(), refused(), refused(), unavailable()].map(&mut goes_on),
            [true, true, false, true]
        );
    }

    #[test]
    fn rate_limits_use_up_no_retries() {
        let mut retries = Retries::new(1);
        for _ in 0..100 {
            assert!(
                retries.wait_after(&status(429, Some(Duration::from_secs(1))), Duration::MAX, MAX).is_some()
            );
        }
        assert!(retries.wait_after(&status(503, None), Duration::MAX, MAX).is_some());
        assert_eq!(retries.wait_after(&status(503, None), Duration::MAX, MAX), None);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        let cases = [
            ("0", seconds(0)),
            (" 120 ", seconds(120)),
            ("99999999999999999999999", seconds(u64::MAX)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", seconds(0)),
            ("Sun, 06 Nov 1994 08:50:37 GMT", seconds(60)),
            ("Tue, 29 Feb 2000 00:00:00 GMT", seconds(951_782_400 - 784_111_777)),
            ("Thu, 01 Jan 1970 00:00:00 GMT", seconds(0)),
            ("Sunday, 06-Nov-94 08:50:37 GMT", seconds(60)),
            ("Sun Nov  6 08:50:37 1994", seconds(60)),
            ("", None),
            ("-1", None),
            ("+1", None),
            ("1.5", None),
            ("soon", None),
            ("Sun, 06 Nov 1994 08:49:37", None),
            ("Sun, 06 Nov 1994 08:49:37 CET", None),
            ("Sun, 06 Nov 1994 24:49:37 GMT", None),
            ("Sun, 06 Foo 1994 08:49:37 GMT", None),
            ("\u{fe}", None),
        ];
        for (value, expected) in cases {
            assert_eq!(parse_retry_after(value, now), expected, "{value}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_date_is_a_reason_to_panic(
            date in "[A-Z][a-z]{2,8},? {1,2}([0-9]{1,2}[ -])?(Jan|Feb|Dec)[ -][0-9]{1,5} [0-9:]{3,24}( GMT| [0-9]{1,4})",
            now_s in 0_u64..300_000_000_000,
        ) {
            let _ = parse_retry_after(&date, SystemTime::UNIX_EPOCH + Duration::from_secs(now_s));
        }
    }
}
