//! Given what happened and how much time is left: try again, and after how long? (pure)

use std::time::{Duration, SystemTime};

use crate::text::{self, number};

/// How often, and how long to wait in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Policy {
    /// The most retries for one page.
    pub(crate) retries: u32,
}

/// What to do after a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Send again after this time.
    RetryAfter(Duration),
    /// Report the fault.
    GiveUp,
}

impl Policy {
    /// The ceiling of the first wait; it doubles with every retry.
    const FIRST_BACKOFF: Duration = Duration::from_millis(250);
    /// The ceiling of any wait that the server does not ask for.
    const MAX_BACKOFF: Duration = Duration::from_secs(30);

    /// After a fault that trying again may cure.
    ///
    /// Exponential back-off with full jitter: `random`, evenly distributed, picks the wait between nothing and the
    /// ceiling, so that clients which failed together do not come back together. A time that the server asks for
    /// is waited in full. A wait that would not end within `time_left` is not begun.
    pub(crate) fn decide(
        self,
        retries_done: u32,
        retry_after: Option<Duration>,
        time_left: Duration,
        random: u32,
    ) -> Verdict {
        if retries_done >= self.retries {
            return Verdict::GiveUp;
        }
        let ceiling = Self::FIRST_BACKOFF
            .saturating_mul(1_u32.checked_shl(retries_done).unwrap_or(u32::MAX))
            .min(Self::MAX_BACKOFF);
        // In 65,537 steps, as `u32::MAX` is 0xffff times 0x1_0001.
        let backoff = ceiling * (random / 0xffff) / 0x1_0001;
        let wait = retry_after.filter(|wait| !wait.is_zero()).unwrap_or(backoff);
        if wait < time_left { Verdict::RetryAfter(wait) } else { Verdict::GiveUp }
    }
}

/// `Retry-After`: seconds, or a date (RFC 9110 10.2.3). `None` if it is neither.
pub(crate) fn parse_retry_after(value: &[u8], now: SystemTime) -> Option<Duration> {
    let value = std::str::from_utf8(value).ok()?.trim_ascii();
    if !value.is_empty() && text::all(value, |byte| byte.is_ascii_digit()) {
        // More digits than fit are an eternity all the same.
        return Some(Duration::from_secs(text::number(value.as_bytes()).unwrap_or(u64::MAX)));
    }
    let now_s = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    let date = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(parse_http_date(value, now_s)?))?;
    // A date that has passed means now.
    Some(date.duration_since(now).unwrap_or_default())
}

/// The three forms of a date (RFC 9110 5.6.7) to seconds since 1970. The day of the week says nothing new.
///
/// ```text
/// Sun, 06 Nov 1994 08:49:37 GMT
/// Sunday, 06-Nov-94 08:49:37 GMT
/// Sun Nov  6 08:49:37 1994
/// ```
fn parse_http_date(date: &str, now: u64) -> Option<u64> {
    // One word more than any form has.
    let mut words: [&[u8]; 9] = [b""; 9];
    let mut slots = words.iter_mut();
    for word in text::split(date, b" ,-:") {
        if !word.is_empty() {
            *slots.next()? = word;
        }
    }
    let (day, month_name, year, time) = match words {
        [_, day, month, year, hour, minute, second, b"GMT", b""] => {
            (day, month, year, [hour, minute, second])
        }
        [_, month, day, hour, minute, second, year, b"", b""] => (day, month, year, [hour, minute, second]),
        _ => return None,
    };
    const MONTHS: &[u8; 36] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
    let month = MONTHS.chunks_exact(3).position(|name| name == month_name)? as u64 + 1;
    let day = number(day).filter(|day| (1..=31).contains(day))?;
    let year = match year.len() {
        2 => full_year(number(year)?, now),
        _ => number(year).filter(|year| (1970..=9999).contains(year))?,
    };
    let (hour, minute, second) = (number(time[0])?, number(time[1])?, number(time[2])?);
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    Some(((days_since_1970(year, month, day) * 24 + hour) * 60 + minute) * 60 + second)
}

/// A year of two digits is the latest that lies at most 50 years ahead (RFC 9110 5.6.7).
fn full_year(two_digits: u64, now: u64) -> u64 {
    const SECONDS_PER_YEAR: u64 = 31_556_952;
    let latest = 1970 + now / SECONDS_PER_YEAR + 50;
    let year = latest - latest % 100 + two_digits % 100;
    let year = if year > latest { year - 100 } else { year };
    year.max(1970)
}

fn days_since_1970(year: u64, month: u64, day: u64) -> u64 {
    // Days before the month in a year that begins in March, so that the leap day comes last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year / 4 - year / 100 + year / 400;
    year * 365 + leap_days + (month * 153 + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: u32 = u32::MAX;
    const HALF: u32 = u32::MAX / 2 + 1;

    #[test]
    fn retries_back_off_within_bounds() {
        use Verdict::{GiveUp, RetryAfter};
        let ms = Duration::from_millis;
        let minute = ms(60_000);
        let cases = [
            ("first, full jitter", 3, 0, None, minute, MAX, RetryAfter(ms(250))),
            ("first, no jitter", 3, 0, None, minute, 0, RetryAfter(ms(0))),
            ("second doubles", 3, 1, None, minute, MAX, RetryAfter(ms(500))),
            ("third doubles again", 3, 2, None, minute, MAX, RetryAfter(ms(1000))),
            ("none left", 3, 3, None, minute, MAX, GiveUp),
            ("none allowed", 0, 0, None, minute, MAX, GiveUp),
            ("the ceiling has a ceiling", 99, 40, None, minute, MAX, RetryAfter(ms(30_000))),
            ("Retry-After is obeyed", 3, 0, Some(ms(7000)), minute, 0, RetryAfter(ms(7000))),
            ("Retry-After 0 backs off", 3, 0, Some(ms(0)), minute, MAX, RetryAfter(ms(250))),
            ("Retry-After beyond the deadline", 3, 0, Some(ms(60_000)), minute, 0, GiveUp),
            ("Retry-After of an eternity", 3, 0, Some(Duration::MAX), minute, 0, GiveUp),
            ("back-off beyond the deadline", 3, 0, None, ms(250), MAX, GiveUp),
            ("no time left", 3, 0, None, ms(0), 0, GiveUp),
        ];
        for (name, retries, done, retry_after, time_left, random, expected) in cases {
            let verdict = Policy { retries }.decide(done, retry_after, time_left, random);
            assert_eq!(verdict, expected, "{name}");
        }
        let RetryAfter(wait) = (Policy { retries: 1 }).decide(0, None, minute, HALF) else { panic!() };
        assert!(wait.abs_diff(ms(125)) < ms(1), "{wait:?}");
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
            ("Fri, 31 Dec 1999 23:59:60 GMT", seconds(946_684_800 - 784_111_777)),
            ("Thu, 01 Jan 1970 00:00:00 GMT", seconds(0)),
            ("Sunday, 06-Nov-94 08:50:37 GMT", seconds(60)),
            ("Tuesday, 29-Feb-00 00:00:00 GMT", seconds(951_782_400 - 784_111_777)),
            ("Sunday, 06-Nov-44 08:49:37 GMT", seconds(2_362_034_977 - 784_111_777)),
            ("Monday, 06-Nov-45 08:49:37 GMT", seconds(0)),
            ("Tuesday, 31-Dec-96 00:00:00 GMT", seconds(851_990_400 - 784_111_777)),
            ("Saturday, 06-Nov-93 08:50:37 GMT", seconds(0)),
            ("Sun Nov  6 08:50:37 1994", seconds(60)),
            ("Sun Nov 16 08:49:37 1994", seconds(864_000)),
            ("Sun Nov  6 08:49:37 94 GMT x", None),
            ("Sun 6 Nov 08:49:37 1994", None),
            ("", None),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
            ("Sun, 06 Nov 1994 08:49:37", None),
            ("Sun, 06 Nov 1994 08:49:37 CET", None),
            ("Sun, 06 Nov 1994 24:49:37 GMT", None),
            ("Sun, 00 Nov 1994 08:49:37 GMT", None),
            ("Sun, 06 Foo 1994 08:49:37 GMT", None),
            ("Sun, 06 Nov 99999 08:49:37 GMT", None),
            ("Sun, 06 Nov 1994 08:49 GMT", None),
            ("\u{fe}", None),
        ];
        for (value, expected) in cases {
            assert_eq!(parse_retry_after(value.as_bytes(), now), expected, "{value}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_date_is_a_reason_to_panic(
            date in "[A-Z][a-z]{2,8},? {1,2}([0-9]{1,2}[ -])?(Jan|Feb|Dec)[ -][0-9]{1,5} [0-9:]{3,24}( GMT| [0-9]{1,4})",
            now_s in 0_u64..300_000_000_000,
        ) {
            let now = SystemTime::UNIX_EPOCH + Duration::from_secs(now_s);
            let _ = parse_retry_after(date.as_bytes(), now);
        }
    }
}
