//! What `src/fuzzing.rs` cannot reach from where it stands.

use ureq::http::{HeaderMap, HeaderName, HeaderValue};

use super::exchange::Answer;

/// See [`crate::fuzzing`].
pub fn read_rate_limit(fields: &[(&str, &[u8])]) -> (Option<u64>, Option<u64>) {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(*name), HeaderValue::from_bytes(value)) {
            headers.append(name, value);
        }
    }
    let rate_limit = Answer { status: 200, headers, body: Vec::new() }.rate_limit();
    (rate_limit.limit, rate_limit.remaining)
}
