//! What of the transport can be tested without a server.

use super::*;
use crate::endpoint::tests::endpoint;

#[test]
fn the_end_of_the_deadline_is_no_timeout_of_the_agent() {
    let request = endpoint("https://h").page(&"32b6e34b3d91647abb20e7b8".parse().unwrap(), 1, true);
    let explain = |timeout_s, reason| {
        let start = Instant::now() - Duration::from_secs(10);
        let deadline = Deadline { start, timeout: Duration::from_secs(timeout_s) };
        deadline.explain(&request, &ureq::Error::Timeout(reason), &mut None)
    };
    assert!(matches!(explain(10, ureq::Timeout::Global), Error::Deadline { .. }));
    assert!(matches!(explain(10, ureq::Timeout::Connect), Error::Deadline { .. }));
    assert!(matches!(explain(60, ureq::Timeout::Connect), Error::Network { .. }));
}
