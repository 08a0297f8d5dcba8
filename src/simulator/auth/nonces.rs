//! The nonces that the simulator has issued: which are alive, and how they were used.

use std::collections::{HashSet, VecDeque};
use std::time::{Duration, Instant};

use base64::prelude::{BASE64_STANDARD, Engine as _};

use super::rejection::Rejection;
use super::unique::unique_bytes;

/// How many nonces are remembered, so that a client that asks for one each time cannot exhaust memory.
const REMEMBERED: usize = 16_384;

#[derive(Debug)]
struct IssuedNonce {
    text: Vec<u8>,
    issued: Instant,
    uses: u32,
    seen: HashSet<u32>,
    session: Option<Vec<u8>>,
}

/// The nonces from old to new.
#[derive(Debug, Default)]
pub(crate) struct IssuedNonces {
    /// How often and how long a nonce may be used.
    pub(crate) uses: u32,
    pub(crate) lifetime: Duration,
    alive: VecDeque<IssuedNonce>,
    issued: u64,
}

impl IssuedNonces {
    /// Issues a nonce: 32 characters of base64, as Atlas's are. A `nextnonce` continues the session
    /// of the nonce before it.
    pub(crate) fn issue(&mut self, session: Option<Vec<u8>>, now: Instant) -> String {
        self.issued += 1;
        let text = BASE64_STANDARD.encode(unique_bytes(self.issued));
        self.adopt(&text, session, now);
        text
    }

    /// Registers a nonce as issued now: one of our own, or that of a published example.
    pub(crate) fn adopt(&mut self, text: &str, session: Option<Vec<u8>>, now: Instant) {
        if self.alive.len() == REMEMBERED {
            self.alive.pop_front();
        }
        let text = text.into();
        self.alive.push_back(IssuedNonce { text, issued: now, uses: 0, seen: HashSet::new(), session });
    }

    /// Checks that `nonce` may be used again, with this `nc` if there is one.
    ///
    /// As in Jetty, whose form Atlas's challenge has: an `nc` above the number of uses means that the nonce is
    /// used up, and gaps between two `nc` do not matter.
    pub(crate) fn check(&self, nonce: &[u8], nc: Option<u32>, now: Instant) -> Result<(), Rejection> {
        let known = self.find(nonce).ok_or(Rejection::UnknownNonce)?;
        if now.saturating_duration_since(known.issued) >= self.lifetime {
            return Err(Rejection::ExpiredNonce);
        }
        match nc {
            Some(nc) if known.seen.contains(&nc) => Err(Rejection::RepeatedNc(nc)),
            Some(nc) if nc > self.uses => Err(Rejection::ExhaustedNonce),
            None if known.uses >= self.uses => Err(Rejection::ExhaustedNonce),
            _ => Ok(()),
        }
    }

    /// Records a use of `nonce`, and returns how many there were. The first use fixes its session.
    pub(crate) fn record_use(&mut self, nonce: &[u8], nc: Option<u32>, session: Option<Vec<u8>>) -> u32 {
        let Some(known) = self.alive.iter_mut().rfind(|known| known.text == nonce) else {
            return 0;
        };
        known.uses = known.uses.saturating_add(1);
        known.seen.extend(nc);
        known.session = known.session.take().or(session);
        known.uses
    }

    /// What H(A1) of a `-sess` algorithm is made of beside the key (RFC 7616 3.4.2): the nonce and the cnonce of the
    /// session's first request, with a colon between them.
    pub(crate) fn session(&self, nonce: &[u8]) -> Option<&Vec<u8>> {
        self.find(nonce).and_then(|known| known.session.as_ref())
    }

    pub(crate) fn forget(&mut self) {
        self.alive.clear();
    }

    /// Clients mostly use a nonce that is new.
    fn find(&self, nonce: &[u8]) -> Option<&IssuedNonce> {
        self.alive.iter().rfind(|known| known.text == nonce)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nonces(uses: u32, seconds: u64) -> (IssuedNonces, Instant) {
        let lifetime = Duration::from_secs(seconds);
        (IssuedNonces { uses, lifetime, ..IssuedNonces::default() }, Instant::now())
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
