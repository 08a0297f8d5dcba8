//! The nonces that the simulator has issued: which are alive, and how they were used.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::{Duration, Instant};

use base64::prelude::{BASE64_STANDARD, Engine as _};

use super::rejection::Rejection;
use super::unique::unique_bytes;

/// How many nonces are remembered, so that a client that asks for one each time cannot exhaust memory.
const REMEMBERED: usize = 16_384;

/// How long and how often a nonce may be used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lifetime {
    pub(crate) uses: u32,
    pub(crate) time: Duration,
}

/// The nonce and cnonce that a `-sess` key was made from (RFC 7616 3.4.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SessionStart {
    pub(crate) nonce: Vec<u8>,
    pub(crate) cnonce: Vec<u8>,
}

#[derive(Debug)]
struct IssuedNonce {
    issued: Instant,
    uses: u32,
    seen: HashSet<u32>,
    session: Option<SessionStart>,
}

#[derive(Debug)]
pub(crate) struct IssuedNonces {
    lifetime: Lifetime,
    alive: HashMap<Vec<u8>, IssuedNonce>,
    order: VecDeque<Vec<u8>>,
    issued: u64,
}

impl IssuedNonces {
    pub(crate) fn new(lifetime: Lifetime) -> IssuedNonces {
        IssuedNonces { lifetime, alive: HashMap::new(), order: VecDeque::new(), issued: 0 }
    }

    /// Issues a nonce: 32 characters of base64, as Atlas's are. A `nextnonce` continues the session
    /// of the nonce before it.
    pub(crate) fn issue(&mut self, session: Option<SessionStart>, now: Instant) -> String {
        self.issued += 1;
        let text = BASE64_STANDARD.encode(unique_bytes(self.issued));
        self.adopt(&text, session, now);
        text
    }

    /// Registers a nonce as issued now: one of our own, or that of a published example.
    pub(crate) fn adopt(&mut self, text: &str, session: Option<SessionStart>, now: Instant) {
        let nonce = IssuedNonce { issued: now, uses: 0, seen: HashSet::new(), session };
        self.alive.insert(text.into(), nonce);
        self.order.push_back(text.into());
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.alive.remove(&oldest);
        }
    }

    /// Checks that `nonce` may be used again, with this `nc` if there is one.
    ///
    /// As in Jetty, whose form Atlas's challenge has: an `nc` above the number of uses means that the nonce is
    /// used up, and gaps between two `nc` do not matter.
    pub(crate) fn check(&self, nonce: &[u8], nc: Option<u32>, now: Instant) -> Result<(), Rejection> {
        let known = self.alive.get(nonce).ok_or(Rejection::UnknownNonce)?;
        if now.saturating_duration_since(known.issued) >= self.lifetime.time {
            return Err(Rejection::ExpiredNonce);
        }
        match nc {
            Some(nc) if known.seen.contains(&nc) => Err(Rejection::RepeatedNc(nc)),
            Some(nc) if nc > self.lifetime.uses => Err(Rejection::ExhaustedNonce),
            None if known.uses >= self.lifetime.uses => Err(Rejection::ExhaustedNonce),
            _ => Ok(()),
        }
    }

    /// Records a use of `nonce`, and returns how many there were. The first use fixes its session.
    pub(crate) fn record_use(&mut self, nonce: &[u8], nc: Option<u32>, session: Option<SessionStart>) -> u32 {
        let Some(known) = self.alive.get_mut(nonce) else {
            return 0;
        };
        known.uses = known.uses.saturating_add(1);
        known.seen.extend(nc);
        if known.session.is_none() {
            known.session = session;
        }
        known.uses
    }

    pub(crate) fn session(&self, nonce: &[u8]) -> Option<&SessionStart> {
        self.alive.get(nonce).and_then(|known| known.session.as_ref())
    }

    pub(crate) fn forget(&mut self) {
        self.alive.clear();
        self.order.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nonces(uses: u32, seconds: u64) -> (IssuedNonces, Instant) {
        let time = Duration::from_secs(seconds);
        (IssuedNonces::new(Lifetime { uses, time }), Instant::now())
    }

    #[test]
    fn a_nonce_has_32_characters_of_base64_and_comes_once() {
        let (mut nonces, now) = nonces(1, 1);
        let all: HashSet<String> = (0..1_000).map(|_| nonces.issue(None, now)).collect();
        assert_eq!(all.len(), 1_000);
        let base64 = |c: char| c.is_ascii_alphanumeric() || c == '+' || c == '/';
        assert!(all.iter().all(|nonce| nonce.len() == 32 && nonce.chars().all(base64)));
    }

    #[test]
    fn a_nonce_serves_each_nc_once_in_any_order_up_to_its_uses() {
        let (mut nonces, now) = nonces(3, 60);
        let nonce = nonces.issue(None, now).into_bytes();
        for nc in [3, 1, 2] {
            assert_eq!(nonces.check(&nonce, Some(nc), now), Ok(()));
            nonces.record_use(&nonce, Some(nc), None);
            assert_eq!(nonces.check(&nonce, Some(nc), now), Err(Rejection::RepeatedNc(nc)));
        }
        assert_eq!(nonces.check(&nonce, Some(4), now), Err(Rejection::ExhaustedNonce));
    }

    #[test]
    fn without_nc_a_nonce_serves_as_often_as_it_may() {
        let (mut nonces, now) = nonces(2, 60);
        let nonce = nonces.issue(None, now).into_bytes();
        for _ in 0..2 {
            assert_eq!(nonces.check(&nonce, None, now), Ok(()));
            nonces.record_use(&nonce, None, None);
        }
        assert_eq!(nonces.check(&nonce, None, now), Err(Rejection::ExhaustedNonce));
    }

    #[test]
    fn old_and_unknown_nonces_are_stale() {
        let (mut nonces, now) = nonces(10, 60);
        let nonce = nonces.issue(None, now).into_bytes();
        let later = now + Duration::from_secs(60);
        assert_eq!(nonces.check(&nonce, Some(1), later), Err(Rejection::ExpiredNonce));
        assert_eq!(nonces.check(b"another", Some(1), now), Err(Rejection::UnknownNonce));
        nonces.forget();
        assert_eq!(nonces.check(&nonce, Some(1), now), Err(Rejection::UnknownNonce));
    }

    #[test]
    fn the_number_of_remembered_nonces_is_bounded() {
        let (mut nonces, now) = nonces(1, 60);
        let first = nonces.issue(None, now).into_bytes();
        for _ in 0..REMEMBERED {
            nonces.issue(None, now);
        }
        assert_eq!(nonces.check(&first, Some(1), now), Err(Rejection::UnknownNonce));
        assert_eq!(nonces.alive.len(), REMEMBERED);
    }
}
