//! The life of nonces: from the first challenge, over reuse with a growing `nc`, to the one that is refused.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rand::RngCore as _;

use super::algorithm::write_hex;
use super::authentication_info::AuthenticationInfo;
use super::authorization::{Answer, Credentials, Request, RequestId};
use super::challenge::{Challenge, NoChallenge};
use super::grammar::eq_ignore_case;

/// Authenticates any number of requests to one host with one set of credentials, from any number of threads.
///
/// It keeps the nonces that the server accepted. A request takes one that no other request is using, so
/// that under each nonce `nc` arrives in order, as strict servers demand; it shares one, with an `nc` of its
/// own, only if all are in use; and goes without credentials, to be challenged, only if there is none, or if those
/// in use served many requests already. As a refused nonce is replaced by the one that came with the refusal, there are never more nonces than
/// requests were under way at once.
///
/// See the [module](super) for an example.
pub struct Session {
    credentials: Credentials,
    /// Accepted at least once, the latest last.
    nonces: Mutex<Vec<Nonce>>,
}

/// A nonce under which requests can be sent. It is in use while an attempt holds its answer, too.
struct Nonce {
    answer: Arc<Answer>,
    /// The `nc` of the last request.
    nc: u32,
}

/// Where the nonce of an attempt comes from. What a 401 means depends on it:
///
/// ```text
///                     401                            401
///  Unauthenticated ─────────┐                ┌─────────────▶ the credentials are wrong: stop
///                           ├──▶ Fresh ──────┤
///  Reused ──────────────────┘                └─────────────▶ its nonce serves later attempts: Reused
///     ▲               401                      other       │
///     └────────────────────────────────────────────────────┘
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// There is none yet: sent without credentials, to be challenged.
    Unauthenticated,
    /// From an earlier request. A refusal may just mean that it grew old.
    Reused,
    /// From the challenge to this very request. A refusal means that the credentials are wrong.
    Fresh,
}

/// One sending of one request: what to put into `Authorization`, and what to tell the session of the answer.
///
/// If the answer never comes, drop it.
#[must_use = "send its authorization, then tell the session what came back"]
pub struct Attempt {
    basis: Basis,
    used: Option<Used>,
}

impl fmt::Display for Basis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Basis::Unauthenticated => "without credentials",
            Basis::Reused => "on a known nonce",
            Basis::Fresh => "answering the challenge",
        })
    }
}

/// A client nonce: 128 random bits in hexadecimal.
type Cnonce = [u8; 32];

/// What an attempt with credentials was made of.
struct Used {
    answer: Arc<Answer>,
    nc: u32,
    cnonce: Cnonce,
    authorization: Vec<u8>,
}

impl Attempt {
    /// The value of `Authorization`; `None` if the request goes without, to be challenged.
    ///
    /// It is ASCII unless the server's realm, nonce or opaque is not. Then it is still legal in HTTP (`obs-text`, RFC
    /// 9110 5.5), but not every HTTP client sends it: `ureq` does not.
    pub fn authorization(&self) -> Option<&[u8]> {
        self.used.as_ref().map(|used| used.authorization.as_slice())
    }

    /// Where its nonce comes from.
    pub fn basis(&self) -> Basis {
        self.basis
    }
}

/// Shows no value of `Authorization`, which is good for a replay to some servers.
impl fmt::Debug for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempt").field("basis", &self.basis).finish_non_exhaustive()
    }
}

/// Why a request cannot be authenticated.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The 401 has no challenge that can be answered.
    NoChallenge(NoChallenge),
    /// The answer to the server's own fresh challenge was refused.
    Refused {
        /// The server says that not the credentials are wrong, but the nonce that it had just issued is too old.
        /// Servers behind one address that do not share their nonces do this.
        stale: bool,
    },
    /// The server's `rspauth` is wrong: it does not know the password, so the answer is not from it.
    WrongRspauth,
    /// The operating system's random number generator failed.
    NoRandomness,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::NoChallenge(none) => none.fmt(f),
            Error::Refused { stale: false } => f.write_str("the credentials were refused"),
            Error::Refused { stale: true } => {
                f.write_str("the server calls the nonce stale that it has just issued")
            }
            Error::WrongRspauth => {
                f.write_str("the answer's rspauth is wrong: whoever sent it does not know the password")
            }
            Error::NoRandomness => f.write_str("the operating system's random number generator failed"),
        }
    }
}

impl std::error::Error for Error {}

impl Session {
    /// Beyond this many nonces the oldest is given up. More requests at once than this share nonces.
    const MAX_NONCES: usize = 256;
    /// Requests after which a nonce is no longer shared, and stands behind those that were used less: under heavy use
    /// each thread comes to have its own, before all run into the end of one.
    const SPREAD: u32 = 128;

    /// A session that has not been challenged yet.
    pub fn new(credentials: Credentials) -> Self {
        Session { credentials, nonces: Mutex::new(Vec::new()) }
    }

    /// The first attempt at a request: on a nonce of an earlier one, or without credentials (RFC 7616 3.6).
    ///
    /// # Errors
    ///
    /// [`Error::NoRandomness`]: there is no cnonce without.
    pub fn authorize(&self, request: &Request<'_>) -> Result<Attempt, Error> {
        match self.take_nonce() {
            Some((answer, nc)) => Ok(Attempt::new(Basis::Reused, answer, nc, draw_cnonce()?, request)),
            None => Ok(Attempt { basis: Basis::Unauthenticated, used: None }),
        }
    }

    /// The next attempt, after `attempt` was answered with 401 and these `WWW-Authenticate` fields (RFC 7616 3.3).
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if `attempt` already answered a fresh challenge, [`Error::NoChallenge`],
    /// [`Error::NoRandomness`].
    pub fn challenged<'f>(
        &self,
        attempt: Attempt,
        www_authenticate: impl IntoIterator<Item = &'f [u8]>,
        request: &Request<'_>,
    ) -> Result<Attempt, Error> {
        let challenge = Challenge::select(www_authenticate).map_err(Error::NoChallenge);
        if let Some(refused) = &attempt.used {
            self.give_up(&refused.answer);
        }
        if attempt.basis == Basis::Fresh {
            let stale = challenge.is_ok_and(|challenge| challenge.stale);
            return Err(Error::Refused { stale });
        }
        let (challenge, cnonce) = (challenge?, draw_cnonce()?);
        let answer = Arc::new(Answer::new(challenge, &self.credentials, &cnonce));
        // Its nonce joins the session's only when it is accepted, so that no other request can use it up before.
        Ok(Attempt::new(Basis::Fresh, answer, 1, cnonce, request))
    }

    /// To be told when `attempt` was answered with anything but 401 (RFC 7616 3.5).
    ///
    /// `authentication_info` are the values of these fields, if there are any. `body` is the answer's content, as
    /// it was sent: with its content coding. It counts for `auth-int` only.
    ///
    /// # Errors
    ///
    /// [`Error::WrongRspauth`]: do not trust the answer.
    pub fn accepted<'f>(
        &self,
        attempt: Attempt,
        request: &Request<'_>,
        authentication_info: impl IntoIterator<Item = &'f [u8]>,
        body: &[u8],
    ) -> Result<(), Error> {
        let Some(used) = attempt.used else {
            return Ok(());
        };
        let info = AuthenticationInfo::parse(authentication_info);
        if let Some(rspauth) = info.rspauth {
            let expected = used.answer.rspauth(used.id(), info.qop, request.uri, body);
            if !eq_ignore_case(expected.as_bytes(), &rspauth) {
                self.give_up(&used.answer);
                return Err(Error::WrongRspauth);
            }
        }
        match info.nextnonce {
            // The same nonce once more is no news: its count goes on.
            Some(nextnonce) if nextnonce != used.answer.nonce() => {
                self.give_up(&used.answer);
                let answer = Arc::new(used.answer.with_next_nonce(nextnonce, &self.credentials));
                self.keep(Nonce { answer, nc: 0 });
            }
            _ if attempt.basis == Basis::Fresh => self.keep(Nonce { answer: used.answer, nc: used.nc }),
            _ => {}
        }
        Ok(())
    }

    /// Adds a nonce, unless it is there: a server may announce the same one in the answers to several requests,
    /// and under each nonce there must be one count only.
    #[inline(never)]
    fn keep(&self, nonce: Nonce) {
        let mut nonces = self.nonces();
        if nonces.iter().any(|known| known.answer.nonce() == nonce.answer.nonce()) {
            return;
        }
        nonces.push(nonce);
        if nonces.len() > Self::MAX_NONCES {
            nonces.remove(0);
        }
    }

    #[inline(never)]
    fn give_up(&self, refused: &Arc<Answer>) {
        let mut nonces = self.nonces();
        if let Some(index) = nonces.iter().position(|nonce| Arc::ptr_eq(&nonce.answer, refused)) {
            nonces.remove(index);
        }
    }

    /// The answer under a nonce, and the next `nc` of that: the latest one that is not in use, or else the one
    /// that the fewest use.
    #[inline(never)]
    fn take_nonce(&self) -> Option<(Arc<Answer>, u32)> {
        let mut nonces = self.nonces();
        // `nc` has eight hexadecimal digits: a nonce whose count would overflow is used up. There is one such at most, as
        // each call counts once.
        if let Some(index) = nonces.iter().position(|nonce| nonce.nc == u32::MAX) {
            nonces.remove(index);
        }
        // The latest lives longest; but heavy use is spread, as a nonce serves only so many requests (Jetty: 1,024).
        let cost = |nonce: &&mut Nonce| (Arc::strong_count(&nonce.answer), nonce.nc / Self::SPREAD);
        let nonce = nonces.iter_mut().rev().min_by_key(cost)?;
        if Arc::strong_count(&nonce.answer) > 1 && nonce.nc >= Self::SPREAD {
            return None;
        }
        nonce.nc += 1;
        Some((Arc::clone(&nonce.answer), nonce.nc))
    }

    fn nonces(&self) -> MutexGuard<'_, Vec<Nonce>> {
        // No code that holds the lock can leave the list half changed.
        self.nonces.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shows how many nonces there are, and nothing of the credentials.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("nonces", &self.nonces().len()).finish_non_exhaustive()
    }
}

impl Attempt {
    fn new(basis: Basis, answer: Arc<Answer>, nc: u32, cnonce: Cnonce, request: &Request<'_>) -> Self {
        let mut used = Used { answer, nc, cnonce, authorization: Vec::new() };
        used.authorization = used.answer.authorization(used.id(), request);
        Attempt { basis, used: Some(used) }
    }
}

impl Used {
    fn id(&self) -> RequestId<'_> {
        RequestId { nc: self.nc, cnonce: self.answer.session_cnonce().unwrap_or(&self.cnonce) }
    }
}

#[inline(never)]
fn draw_cnonce() -> Result<Cnonce, Error> {
    let mut random = [0; 16];
    rand::rngs::OsRng.try_fill_bytes(&mut random).map_err(|_| Error::NoRandomness)?;
    let mut cnonce = [b'0'; 32];
    write_hex(&random, &mut cnonce);
    Ok(cnonce)
}

#[cfg(test)]
mod tests;
