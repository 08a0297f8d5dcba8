//! What of the transport can be tested without a server.

use super::exchange::explain;
use super::*;

#[test]
fn the_end_of_the_deadline_is_no_timeout_of_the_agent() {
    let fault = |timeout_s, reason| {
        let start = Instant::now() - Duration::from_secs(10);
        let deadline = Deadline { start, timeout: Duration::from_secs(timeout_s) };
        explain(ureq::Error::Timeout(reason).into_io(), &deadline)
    };
    assert!(matches!(fault(10, ureq::Timeout::Global), Fault::Late));
    assert!(matches!(fault(10, ureq::Timeout::Connect), Fault::Late));
    assert!(matches!(fault(60, ureq::Timeout::Connect), Fault::Network(_)));
}
