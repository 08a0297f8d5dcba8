//! Slows all requests of a client down together when the server limits its rate, so that they do not all run into the
//! limit and use up their retries.
//!
//! Atlas limits by a token bucket, tells with each answer how many tokens are left, and with a 429 when there will be one
//! again. While tokens are left, requests go at once. When none is left, one request goes ahead after a pause, and its
//! answer tells how many may follow. What a pause lasts too long is not lost: the tokens pile up in the bucket. A
//! server that says nothing about tokens is not waited for, but after a 429.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Shared by all requests to one host.
#[derive(Default)]
pub(crate) struct Throttle {
    state: Mutex<State>,
    changed: Condvar,
}

/// The right to send one request; give it back with [`Throttle::answered`], or drop it if no answer came, or one that says
/// nothing about tokens.
#[must_use]
pub(crate) struct Permit<'a>(&'a Throttle);

/// Why there is no permit in time.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NoPermit {
    /// The server's limit lasts longer: at least so long.
    Limited(Duration),
    /// What was under way took all the time.
    Late,
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.0.lock().in_flight -= 1;
        self.0.changed.notify_all();
    }
}

impl Throttle {
    /// Waits for its turn.
    pub(crate) fn permit(&self, time_left: Duration) -> Result<Permit<'_>, NoPermit> {
        let deadline = Instant::now().checked_add(time_left);
        let mut state = self.lock();
        loop {
            let now = Instant::now();
            let longest = deadline.map_or(Duration::MAX, |deadline| deadline.saturating_duration_since(now));
            let wait = match state.turn(now) {
                Turn::Now => return Ok(Permit(self)),
                Turn::After(wait) if wait >= longest => return Err(NoPermit::Limited(wait)),
                Turn::After(wait) => wait,
                Turn::AfterAnAnswer if longest.is_zero() => return Err(NoPermit::Late),
                Turn::AfterAnAnswer => longest,
            };
            let woken = self.changed.wait_timeout(state, wait);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// An answer came: how many tokens are left, if it says so, and the time to wait if it was a 429.
    pub(crate) fn answered(&self, permit: Permit<'_>, remaining: Option<u64>, limited: Option<Duration>) {
        self.lock().answered(Instant::now(), remaining, limited);
        drop(permit);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When a request may go.
#[derive(Debug, PartialEq, Eq)]
enum Turn {
    Now,
    After(Duration),
    /// The answers under way will tell.
    AfterAnAnswer,
}

#[derive(Default)]
struct State {
    /// How many requests may go; `None` if the server does not limit them, as far as is known.
    budget: Option<u64>,
    in_flight: u64,
    /// No request goes before this time.
    not_before: Option<Instant>,
    /// The last wait that the server asked for.
    pause: Duration,
}

impl State {
    /// The shortest pause: a `Retry-After` of 0 means less than a second, not nothing.
    const MIN_PAUSE: Duration = Duration::from_millis(250);

    fn turn(&mut self, now: Instant) -> Turn {
        if let Some(not_before) = self.not_before {
            let wait = not_before.saturating_duration_since(now);
            if !wait.is_zero() {
                return Turn::After(wait);
            }
            // The pause is over: one goes ahead.
            self.not_before = None;
            self.budget = Some(1);
        }
        match &mut self.budget {
            None => {}
            Some(0) if self.in_flight > 0 => return Turn::AfterAnAnswer,
            Some(0) => {
                let pause = self.pause.max(Self::MIN_PAUSE);
                self.not_before = now.checked_add(pause);
                return Turn::After(pause);
            }
            Some(budget) => *budget -= 1,
        }
        self.in_flight += 1;
        Turn::Now
    }

    /// Called while the request that was answered still counts as in flight.
    fn answered(&mut self, now: Instant, remaining: Option<u64>, limited: Option<Duration>) {
        if let Some(wait) = limited {
            self.pause = wait;
            self.budget = Some(0);
            let not_before = now.checked_add(wait.max(Self::MIN_PAUSE));
            self.not_before = self.not_before.max(not_before);
        } else if self.not_before.is_none() {
            // The server has tokens again: how long it once had none says nothing of the next time.
            self.pause = Duration::ZERO;
            // The others that are under way may not have been counted yet, and may be answered out of order.
            let others = self.in_flight.saturating_sub(1);
            let budget = remaining.map(|remaining| remaining.saturating_sub(others));
            self.budget = match (self.budget, budget) {
                (Some(known), Some(told)) if others > 0 => Some(told.min(known)),
                (_, told) => told,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    /// Sends as many as may go at once, at most 9.
    fn burst(state: &mut State, now: Instant) -> (u64, Turn) {
        for sent in 0..9 {
            match state.turn(now) {
                Turn::Now => {}
                turn => return (sent, turn),
            }
        }
        (9, Turn::Now)
    }

    fn answer(state: &mut State, now: Instant, remaining: Option<u64>, limited: Option<Duration>) {
        state.answered(now, remaining, limited);
        state.in_flight -= 1;
    }

    #[test]
    fn without_a_limit_all_go_at_once() {
        let mut state = State::default();
        assert_eq!(burst(&mut state, Instant::now()), (9, Turn::Now));
    }

    #[test]
    fn no_more_go_than_tokens_are_left_and_the_answers_decide() {
        let (mut state, now) = (State::default(), Instant::now());
        assert_eq!(state.turn(now), Turn::Now);
        answer(&mut state, now, Some(3), None);
        assert_eq!(burst(&mut state, now), (3, Turn::AfterAnAnswer));
        // Two are still under way, and their answers may be older news.
        answer(&mut state, now, Some(4), None);
        assert_eq!(burst(&mut state, now), (0, Turn::AfterAnAnswer));
        answer(&mut state, now, Some(5), None);
        answer(&mut state, now, Some(4), None);
        assert_eq!(burst(&mut state, now), (4, Turn::AfterAnAnswer));
    }

    #[test]
    fn when_no_token_is_left_one_goes_ahead_after_a_pause() {
        let (mut state, now) = (State::default(), Instant::now());
        assert_eq!(state.turn(now), Turn::Now);
        answer(&mut state, now, Some(0), None);
        assert_eq!(state.turn(now), Turn::After(MS(250)));
        assert_eq!(burst(&mut state, now + MS(249)), (0, Turn::After(MS(1))));
        assert_eq!(burst(&mut state, now + MS(250)), (1, Turn::AfterAnAnswer));
        answer(&mut state, now + MS(260), Some(2), None);
        assert_eq!(burst(&mut state, now + MS(260)), (2, Turn::AfterAnAnswer));
    }

    #[test]
    fn a_429_holds_all_back_for_the_time_it_names() {
        let (mut state, now) = (State::default(), Instant::now());
        assert_eq!(burst(&mut state, now), (9, Turn::Now));
        answer(&mut state, now, Some(0), Some(MS(2000)));
        // What was under way and came through does not lift it, nor does a shorter wait.
        answer(&mut state, now, Some(50), None);
        answer(&mut state, now, Some(0), Some(MS(1000)));
        assert_eq!(state.turn(now), Turn::After(MS(2000)));
        assert_eq!(burst(&mut state, now + MS(2000)), (1, Turn::AfterAnAnswer));
    }

    #[test]
    fn a_pause_is_as_long_as_the_last_429_asked_for_only_until_there_are_tokens_again() {
        let (mut state, now) = (State::default(), Instant::now());
        assert_eq!(state.turn(now), Turn::Now);
        answer(&mut state, now, Some(0), Some(MS(3000)));
        let later = now + MS(3000);
        assert_eq!(state.turn(later), Turn::Now);
        answer(&mut state, later, Some(0), None);
        assert_eq!(state.turn(later), Turn::After(MS(250)));
    }

    #[test]
    fn a_server_that_says_nothing_of_tokens_is_free_again_after_the_first_success() {
        let (mut state, now) = (State::default(), Instant::now());
        assert_eq!(state.turn(now), Turn::Now);
        answer(&mut state, now, None, Some(MS(0)));
        assert_eq!(burst(&mut state, now + MS(250)), (1, Turn::AfterAnAnswer));
        answer(&mut state, now + MS(251), None, None);
        assert_eq!(burst(&mut state, now + MS(251)), (9, Turn::Now));
    }

    #[test]
    fn a_turn_that_does_not_come_in_time_is_not_waited_for() {
        let throttle = Throttle::default();
        let permit = throttle.permit(MS(1)).unwrap();
        throttle.answered(permit, None, Some(Duration::from_secs(3600)));
        assert!(
            throttle
                .permit(MS(60_000))
                .is_err_and(|refused| matches!(refused, NoPermit::Limited(wait) if wait > MS(3_500_000)))
        );
        let throttle = Throttle::default();
        let permit = throttle.permit(MS(1)).unwrap();
        throttle.answered(permit, Some(1), None);
        let _in_flight = throttle.permit(MS(1)).unwrap();
        assert_eq!(throttle.permit(Duration::ZERO).err(), Some(NoPermit::Late));
    }
}
