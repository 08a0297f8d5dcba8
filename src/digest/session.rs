//! The life of nonces: from the first challenge, over reuse with a growing `nc`, to the one that is refused.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rand::TryRng as _;

use super::authentication_info::AuthenticationInfo;
use super::authorization::{Answer, Credentials, Request, RequestId};
use super::challenge::{Challenge, NoChallenge};

/// Authenticates any number of requests to one host with one set of credentials, from any number of threads.
///
/// It keeps the nonces that the server accepted. A request takes one that no other request is using, so
/// that under each nonce `nc` arrives in order, as strict servers demand; it shares one, with an `nc` of its
/// own, only if all are in use; and goes without credentials, to be challenged, only if there is none. As
/// a refused nonce is replaced by the one that came with the refusal, there are never more nonces than
/// requests were under way at once.
///
/// See the [module](super) for an example.
pub struct Session {
    credentials: Credentials,
    /// Accepted at least once, the latest last.
    nonces: Mutex<Vec<Arc<Nonce>>>,
}

/// A nonce under which requests can be sent. One that only the session holds is not in use.
struct Nonce {
    challenge: Challenge,
    answer: Answer,
    /// The `nc` of the last request; changed under the session's lock only.
    nc: AtomicU32,
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
    authorization: Option<Vec<u8>>,
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
    nonce: Arc<Nonce>,
    nc: u32,
    cnonce: Cnonce,
}

impl Used {
    fn id(&self) -> RequestId<'_> {
        RequestId { nc: self.nc, cnonce: self.nonce.answer.session_cnonce().unwrap_or(&self.cnonce) }
    }
}

impl Attempt {
    /// The value of `Authorization`; `None` if the request goes without, to be challenged.
    ///
    /// It is ASCII unless the server's realm, nonce or opaque is not.
    pub fn authorization(&self) -> Option<&[u8]> {
        self.authorization.as_deref()
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

    /// A session that has not been challenged yet.
    pub fn new(credentials: Credentials) -> Self {
        Session { credentials, nonces: Mutex::new(Vec::new()) }
    }

    /// The first attempt at a request.
    ///
    /// # Errors
    ///
    /// [`Error::NoRandomness`].
    pub fn authorize(&self, request: &Request<'_>) -> Result<Attempt, Error> {
        match self.take_nonce() {
            Some((nonce, nc)) => Attempt::new(Basis::Reused, nonce, nc, request),
            None => Ok(Attempt { basis: Basis::Unauthenticated, used: None, authorization: None }),
        }
    }

    /// The next attempt, after `attempt` was answered with 401 and these `WWW-Authenticate` fields.
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
            self.give_up(&refused.nonce);
        }
        if attempt.basis == Basis::Fresh {
            let stale = challenge.is_ok_and(|challenge| challenge.stale);
            return Err(Error::Refused { stale });
        }
        let challenge = challenge?;
        // A `-sess` needs the cnonce here; for the rest each request draws its own.
        let cnonce = if challenge.algorithm.session { draw_cnonce()? } else { [b'0'; 32] };
        let answer = Answer::new(&challenge, &self.credentials, &cnonce);
        // It joins the session's nonces only when it is accepted, so that no other request can use it up before.
        let nonce = Arc::new(Nonce { challenge, answer, nc: 1.into() });
        Attempt::new(Basis::Fresh, nonce, 1, request)
    }

    /// `attempt` was answered with anything but 401.
    ///
    /// `authentication_info` is the value of that field, if present. `body` is the answer's content; it counts
    /// for `auth-int` only.
    ///
    /// # Errors
    ///
    /// [`Error::WrongRspauth`]: do not trust the answer.
    pub fn accepted(
        &self,
        attempt: Attempt,
        request: &Request<'_>,
        authentication_info: Option<&[u8]>,
        body: &[u8],
    ) -> Result<(), Error> {
        let Some(used) = &attempt.used else {
            return Ok(());
        };
        let info = authentication_info.map(AuthenticationInfo::parse).unwrap_or_default();
        if let Some(rspauth) = info.rspauth {
            let expected = used.nonce.answer.rspauth(used.id(), info.qop, request.uri, body);
            if !expected.as_bytes().eq_ignore_ascii_case(&rspauth) {
                self.give_up(&used.nonce);
                return Err(Error::WrongRspauth);
            }
        }
        if let Some(nextnonce) = info.nextnonce {
            let next = used.nonce.succeeded_by(nextnonce, &self.credentials);
            self.give_up(&used.nonce);
            self.keep(Arc::new(next));
        } else if attempt.basis == Basis::Fresh {
            self.keep(Arc::clone(&used.nonce));
        }
        Ok(())
    }

    fn keep(&self, nonce: Arc<Nonce>) {
        let mut nonces = self.nonces();
        nonces.push(nonce);
        if nonces.len() > Self::MAX_NONCES {
            nonces.remove(0);
        }
    }

    fn give_up(&self, refused: &Arc<Nonce>) {
        self.nonces().retain(|nonce| !Arc::ptr_eq(nonce, refused));
    }

    /// A nonce and its next `nc`: the latest one that is not in use, or else the one that the fewest use.
    fn take_nonce(&self) -> Option<(Arc<Nonce>, u32)> {
        let mut nonces = self.nonces();
        // `nc` has eight hexadecimal digits: one that would overflow is used up.
        nonces.retain(|nonce| nonce.nc.load(Relaxed) < u32::MAX);
        let nonce = nonces.iter().rev().min_by_key(|nonce| Arc::strong_count(nonce))?;
        let nc = nonce.nc.fetch_add(1, Relaxed) + 1;
        Some((Arc::clone(nonce), nc))
    }

    fn nonces(&self) -> MutexGuard<'_, Vec<Arc<Nonce>>> {
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
    fn new(basis: Basis, nonce: Arc<Nonce>, nc: u32, request: &Request<'_>) -> Result<Self, Error> {
        let cnonce = if nonce.answer.needs_cnonce() { draw_cnonce()? } else { [b'0'; 32] };
        let used = Used { nonce, nc, cnonce };
        let authorization = used.nonce.answer.authorization(used.id(), request);
        Ok(Attempt { basis, used: Some(used), authorization: Some(authorization) })
    }
}

impl Nonce {
    /// What follows it by `nextnonce`; its first request will have `nc` 1.
    fn succeeded_by(&self, nonce: Vec<u8>, credentials: &Credentials) -> Nonce {
        let challenge = Challenge { nonce, ..self.challenge.clone() };
        let answer = self.answer.with_next_nonce(&challenge, credentials);
        Nonce { challenge, answer, nc: 0.into() }
    }
}

fn draw_cnonce() -> Result<Cnonce, Error> {
    let mut random = [0; 16];
    rand::rngs::SysRng.try_fill_bytes(&mut random).map_err(|_| Error::NoRandomness)?;
    let mut cnonce = [b'0'; 32];
    // It cannot fail: sixteen bytes, thirty-two digits.
    let _ = hex::encode_to_slice(random, &mut cnonce);
    Ok(cnonce)
}
