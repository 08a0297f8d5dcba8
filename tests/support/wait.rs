//! Waiting for what another process does.

use std::thread;
use std::time::{Duration, Instant};

/// Looks again and again until there is something, for at most ten seconds. The pauses grow from one millisecond to
/// fifty.
pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    const LONGEST_PAUSE: Duration = Duration::from_millis(50);
    let deadline = Instant::now() + Duration::from_secs(10);
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited ten seconds in vain for {what}");
        thread::sleep(pause);
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
