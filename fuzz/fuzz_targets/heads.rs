//! `Retry-After` and the RateLimit fields. The first line is a field's value; the rest makes a date, which is written in
//! the forms of HTTP and must be read as it was meant.
#![no_main]

use std::time::{Duration, SystemTime};

use atlas_export_buckets::fuzzing::{read_rate_limit, read_retry_after};
use fuzz::calendar::{Form, write};
use libfuzzer_sys::fuzz_target;

/// Wed, 25 Nov 2026 00:00:00 GMT
const NOW: u64 = 1_795_564_800;
const DAY: u64 = 86_400;
/// The first second of the year 10000.
const END: u64 = 253_402_300_800;

fuzz_target!(|data: &[u8]| {
    let mut parts = data.splitn(2, |&byte| byte == b'\n');
    let (value, rest) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    any_value(value);
    let number = rest.iter().fold(0_u64, |number, &byte| number.wrapping_mul(251).wrapping_add(byte.into()));
    dates(number);
});

fn any_value(value: &[u8]) {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(NOW);
    let wait = read_retry_after(value, now);
    let (limit, remaining) = read_rate_limit(&[("ratelimit-limit", value), ("ratelimit-remaining", value)]);
    assert_eq!(limit, remaining);
    assert_eq!(read_rate_limit(&[("RateLimit-Limit", value)]), (limit, None));

    let text = value.trim_ascii();
    if !text.is_empty() && text.iter().all(u8::is_ascii_digit) {
        let seconds = text
            .iter()
            .fold(0_u128, |sum, digit| sum.saturating_mul(10).saturating_add(u128::from(digit - b'0')));
        let bounded = u64::try_from(seconds);
        assert_eq!(wait, Some(Duration::from_secs(bounded.unwrap_or(u64::MAX))));
        // A control character is not allowed in a field's value, but a tab is.
        if value.iter().all(|&byte| byte == b'\t' || !byte.is_ascii_control()) {
            assert_eq!(limit, bounded.ok());
        }
    } else {
        assert_eq!(limit, None);
        assert!(wait.is_none_or(|wait| wait.as_secs() < END - NOW), "{wait:?}");
        if let Some(wait) = wait {
            assert!(text.iter().any(u8::is_ascii_digit) && text.iter().any(u8::is_ascii_alphabetic));
            // A date means the same later, when there is less to wait.
            assert_eq!(read_retry_after(text, now + wait), Some(Duration::ZERO));
        }
    }
}

fn dates(number: u64) {
    // Two digits of a year are unambiguous within 50 years.
    let near = NOW - 49 * 365 * DAY + number % (91 * 365 * DAY);
    for (seconds, form) in
        [(number % END, Form::Fixdate), (number % END, Form::Asctime), (near, Form::Rfc850)]
    {
        let date = write(seconds, form);
        for now in [0, NOW, seconds.saturating_sub(1), seconds + 1] {
            // Without the year's first digits, it matters when it is read.
            if matches!(form, Form::Rfc850) && now == 0 {
                continue;
            }
            let now_time = SystemTime::UNIX_EPOCH + Duration::from_secs(now);
            let expected = Duration::from_secs(seconds.saturating_sub(now));
            assert_eq!(read_retry_after(date.as_bytes(), now_time), Some(expected), "{date} at {now}");
        }
    }
}
