//! A session: from the first challenge, through reuse of its nonce with a growing `nc`, to the refusal of the nonce.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rand::RngCore as _;

use super::algorithm::write_hex;
use super::authentication_info::AuthenticationInfo;
use super::authorization::{PreparedCredentials, Request, UserCredentials};
use super::challenge::{Challenge, NoChallenge};
use super::nonces::Nonces;

/// Authenticates any number of requests to one host with one user's credentials, from any number of threads.
///
/// It keeps the nonces that the server accepted. A request takes a nonce that no other request is using, so
/// that `nc` arrives in order under each nonce, as strict servers demand. If all are in use, requests share one, each
/// with an `nc` of its own. If there is none, or if those in use have served many requests already, the request goes
/// without credentials, to be challenged. A refused nonce is replaced by the one that came with the refusal, so there
/// are never more nonces than there were requests under way at the busiest moment.
///
/// See the [module](super) for an example.
pub struct Session {
    user: UserCredentials,
    nonces: Mutex<Nonces>,
}

/// Where the nonce of an attempt comes from. What a 401 means depends on it:
///
/// ```text
///                    401                      401
///  Unauthenticated ────────┐            ┌─────────────▶ the credentials are wrong: stop
///                          │            │ 401, stale
///                          ├──▶ Fresh ──┼─────────────▶ the nonce grew old: begin again with `authorize`
///                          │            │ other
///  Reused ─────────────────┘            └─────────────▶ its nonce serves later attempts: Reused
///                    401
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// There is none to use: the request goes without credentials, to be challenged.
    Unauthenticated,
    /// From an earlier request. A refusal may just mean that it grew old.
    Reused,
    /// From the challenge to this very request. Unless the server calls it stale, a refusal means that the credentials
    /// are wrong.
    Fresh,
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

/// One attempt to send a request: what to put into `Authorization`, and what the session must know when the response comes.
///
/// If no response comes, drop the attempt.
#[must_use = "send its authorization, then tell the session what came back"]
pub struct Attempt {
    basis: Basis,
    credentials: Option<RequestCredentials>,
}

/// A client nonce: 128 random bits in hexadecimal.
type Cnonce = [u8; 32];

/// The credentials of one request.
struct RequestCredentials {
    prepared: Arc<PreparedCredentials>,
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
        self.credentials.as_ref().map(|credentials| credentials.authorization.as_slice())
    }

    /// Where its nonce comes from.
    pub fn basis(&self) -> Basis {
        self.basis
    }
}

/// Shows no value of `Authorization`, which some servers accept a second time.
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
        /// The server says that the credentials may be right, but the nonce that it had just issued is too old.
        /// This comes from servers behind one address that do not share their nonces, and from servers that keep one
        /// nonce for each user. A new attempt may succeed; limit how often you make one, as a server may call every nonce stale.
        stale: bool,
    },
    /// `rspauth` is wrong: whoever sent the response does not know the password.
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
                f.write_str("the server has just issued the nonce, and calls it stale")
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
    /// A session that has not been challenged yet.
    pub fn new(user: UserCredentials) -> Self {
        Session { user, nonces: Mutex::default() }
    }

    /// The first attempt at a request: on a nonce of an earlier one, or without credentials (RFC 7616 3.6).
    ///
    /// # Errors
    ///
    /// [`Error::NoRandomness`]: without it there is no cnonce.
    pub fn authorize(&self, request: &Request<'_>) -> Result<Attempt, Error> {
        let reused = self.nonces().reuse();
        match reused {
            Some((prepared, nc)) => Ok(self.attempt(Basis::Reused, prepared, nc, draw_cnonce()?, request)),
            None => Ok(Attempt { basis: Basis::Unauthenticated, credentials: None }),
        }
    }

    /// The next attempt, after the response to `attempt` was 401 with these `WWW-Authenticate` fields (RFC 7616 3.3).
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if `attempt` already answered a fresh challenge, [`Error::NoChallenge`],
    /// [`Error::NoRandomness`].
    pub fn answer_challenge<'f>(
        &self,
        attempt: Attempt,
        www_authenticate: impl IntoIterator<Item = &'f [u8]>,
        request: &Request<'_>,
    ) -> Result<Attempt, Error> {
        if let Some(refused) = &attempt.credentials {
            self.nonces().give_up(refused.prepared.nonce());
        }
        let challenge = Challenge::select(www_authenticate);
        if attempt.basis == Basis::Fresh {
            let stale = challenge.is_ok_and(|challenge| challenge.stale);
            return Err(Error::Refused { stale });
        }
        let (challenge, cnonce) = (challenge.map_err(Error::NoChallenge)?, draw_cnonce()?);
        let (prepared, nc) = self.nonces().answer(challenge, &self.user, &cnonce);
        Ok(self.attempt(Basis::Fresh, prepared, nc, cnonce, request))
    }

    /// Learns from the response to `attempt`, if it is anything but 401 (RFC 7616 3.5).
    ///
    /// `authentication_info` are the values of the `Authentication-Info` fields, if there are any. `body` is the response's
    /// content as it was sent, with its content coding. Only `auth-int` uses it.
    ///
    /// # Errors
    ///
    /// [`Error::WrongRspauth`]: do not trust the response.
    pub fn record_success<'f>(
        &self,
        attempt: Attempt,
        request: &Request<'_>,
        authentication_info: impl IntoIterator<Item = &'f [u8]>,
        body: &[u8],
    ) -> Result<(), Error> {
        let Some(RequestCredentials { prepared, nc, cnonce, .. }) = attempt.credentials else {
            return Ok(());
        };
        let info = AuthenticationInfo::parse(authentication_info);
        if let Some(rspauth) = info.rspauth {
            let expected = prepared.rspauth(nc, &cnonce, info.qop, request.uri, body);
            if !rspauth.eq_ignore_ascii_case(expected.as_bytes()) {
                self.nonces().give_up(prepared.nonce());
                return Err(Error::WrongRspauth);
            }
        }
        match info.nextnonce {
            Some(nextnonce) => {
                let mut nonces = self.nonces();
                nonces.give_up(prepared.nonce());
                nonces.accept(Arc::new(prepared.with_next_nonce(nextnonce)), 0);
            }
            None if attempt.basis == Basis::Fresh => self.nonces().accept(prepared, nc),
            // The nonce was accepted before. If another request has given it up since, leave it so.
            None => {}
        }
        Ok(())
    }

    fn attempt(
        &self,
        basis: Basis,
        prepared: Arc<PreparedCredentials>,
        nc: u32,
        cnonce: Cnonce,
        request: &Request<'_>,
    ) -> Attempt {
        let authorization = prepared.authorization(&self.user, nc, &cnonce, request);
        Attempt { basis, credentials: Some(RequestCredentials { prepared, nc, cnonce, authorization }) }
    }

    fn nonces(&self) -> MutexGuard<'_, Nonces> {
        // No code that holds the lock can leave the lists half changed.
        self.nonces.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shows how many nonces there are, and nothing of the credentials.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("nonces", &self.nonces().accepted.len()).finish_non_exhaustive()
    }
}

fn draw_cnonce() -> Result<Cnonce, Error> {
    let mut random = [0; 16];
    rand::rngs::OsRng.try_fill_bytes(&mut random).map_err(|_| Error::NoRandomness)?;
    let mut cnonce = [0; 32];
    write_hex(&random, &mut cnonce);
    Ok(cnonce)
}

#[cfg(test)]
mod tests;
