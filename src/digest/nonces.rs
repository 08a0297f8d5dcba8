//! The nonces of a session, with one `nc` count for each (RFC 7616 3.4).

use std::sync::Arc;

use super::authorization::{PreparedCredentials, UserCredentials};
use super::challenge::Challenge;

/// A nonce under which requests were sent. It is in use while an attempt shares its credentials.
pub(super) struct Nonce {
    pub(super) credentials: Arc<PreparedCredentials>,
    /// The `nc` of the last request.
    pub(super) nc: u32,
}

impl Nonce {
    fn is(&self, value: &[u8]) -> bool {
        self.credentials.nonce() == value
    }
}

/// The nonces that a session knows, each once. A server whose nonces are timestamps gives the same one to several
/// requests, and takes a repeated `nc` for a replay.
#[derive(Default)]
pub(super) struct Nonces {
    /// Those that serve later requests, the latest last.
    pub(super) accepted: Vec<Nonce>,
    /// Those that were not accepted yet, or were refused, the latest last. If the server issues one of them again, its
    /// count goes on.
    others: Vec<Nonce>,
}

impl Nonces {
    /// Beyond this many of either kind, the oldest is forgotten. If more requests than this run at once, they share nonces.
    const MAX: usize = 256;
    /// After this many requests, a nonce is no longer shared, and nonces that served fewer are preferred. Servers limit the
    /// requests on a nonce (Jetty: 1,024), so under heavy use each thread should have its own before any is used up.
    const SPREAD: u32 = 128;

    /// Takes the next `nc` of an accepted nonce: the latest that is not in use, or else the one that the fewest use.
    pub(super) fn reuse(&mut self) -> Option<(Arc<PreparedCredentials>, u32)> {
        // `nc` has eight hexadecimal digits: a nonce whose count would overflow is used up.
        self.accepted.retain(|nonce| nonce.nc < u32::MAX);
        // The latest lives longest, but heavy use is spread.
        let cost = |nonce: &&mut Nonce| (Arc::strong_count(&nonce.credentials), nonce.nc / Self::SPREAD);
        let nonce = self.accepted.iter_mut().rev().min_by_key(cost)?;
        if Arc::strong_count(&nonce.credentials) > 1 && nonce.nc >= Self::SPREAD {
            return None;
        }
        nonce.nc += 1;
        Some((Arc::clone(&nonce.credentials), nonce.nc))
    }

    /// Takes the next `nc` of the nonce that came with a challenge.
    ///
    /// A new nonce is not accepted yet, so no other request can use it up first.
    pub(super) fn answer(
        &mut self,
        challenge: Challenge,
        user: &UserCredentials,
        cnonce: &[u8],
    ) -> (Arc<PreparedCredentials>, u32) {
        let mut all = self.accepted.iter_mut().chain(&mut self.others);
        if let Some(known) = all.find(|nonce| nonce.is(&challenge.nonce)) {
            known.nc = known.nc.checked_add(1).unwrap_or(1);
            if !known.credentials.is_for(&challenge) {
                known.credentials = Arc::new(PreparedCredentials::new(challenge, user, cnonce));
            }
            return (Arc::clone(&known.credentials), known.nc);
        }
        let credentials = Arc::new(PreparedCredentials::new(challenge, user, cnonce));
        push(&mut self.others, Nonce { credentials: Arc::clone(&credentials), nc: 1 });
        (credentials, 1)
    }

    /// Lets a nonce serve later requests. `nc` is its last one, unless the session knows a count for it.
    pub(super) fn accept(&mut self, credentials: Arc<PreparedCredentials>, nc: u32) {
        let value = credentials.nonce();
        if self.accepted.iter().any(|nonce| nonce.is(value)) {
            return;
        }
        let known = self.others.iter().position(|nonce| nonce.is(value));
        let nc = known.map_or(nc, |index| self.others.remove(index).nc);
        push(&mut self.accepted, Nonce { credentials, nc });
    }

    /// Lets a nonce serve no later request.
    pub(super) fn give_up(&mut self, value: &[u8]) {
        if let Some(index) = self.accepted.iter().position(|nonce| nonce.is(value)) {
            push(&mut self.others, self.accepted.remove(index));
        }
    }
}

fn push(nonces: &mut Vec<Nonce>, nonce: Nonce) {
    nonces.push(nonce);
    if nonces.len() > Nonces::MAX {
        nonces.remove(0);
    }
}
