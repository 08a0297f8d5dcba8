//! From `WWW-Authenticate` fields to the challenge that will be answered (RFC 7616 3.3 and 3.7).

use std::fmt;

use super::algorithm::Algorithm;
use super::offered_challenge::OfferedChallenge;

/// A Digest challenge that this build can answer (RFC 7616 3.3).
///
/// Made by [`Challenge::select`]. Values are bytes with the quoting undone. Unless a field says otherwise, they are only
/// hashed and sent back.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Challenge {
    /// What the credentials are for; hashed and sent back.
    pub realm: Vec<u8>,
    /// The server's nonce.
    pub nonce: Vec<u8>,
    /// Sent back unchanged, if present; an empty one too.
    pub opaque: Option<Vec<u8>>,
    /// The URIs of the protection space, as the server wrote them, separated by spaces. For information only: a
    /// [`Session`](super::Session) serves one host, and takes all of it as the space.
    pub domain: Option<Vec<u8>>,
    /// The algorithm; MD5 if the server named none.
    pub algorithm: Algorithm,
    /// The algorithm's name in the server's spelling, which is echoed; `None` if it named none.
    pub algorithm_name: Option<Vec<u8>>,
    /// The quality of protection to answer with; `None` if the server offered none (RFC 2069).
    pub qop: Option<Qop>,
    /// The server says that only the nonce was wrong: it was too old.
    pub stale: bool,
    /// The server wants the hash of the user name instead of the name (RFC 7616 3.4.4).
    pub userhash: bool,
    /// The server says `charset=UTF-8` (RFC 7616 4). UTF-8 is hashed in any case.
    pub charset_utf8: bool,
}

/// The quality of protection of a request (RFC 7616 3.3 and 3.4, `qop`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Qop {
    /// Method and request-target are protected. Preferred.
    Auth,
    /// The request's content too. Used only if `auth` is not offered.
    AuthInt,
}

impl Qop {
    /// The value as it is sent.
    pub const fn name(self) -> &'static str {
        match self {
            Qop::Auth => "auth",
            Qop::AuthInt => "auth-int",
        }
    }

    pub(super) fn from_name(name: &[u8]) -> Option<Qop> {
        [Qop::Auth, Qop::AuthInt].into_iter().find(|qop| name.eq_ignore_ascii_case(qop.name().as_bytes()))
    }
}

/// Why an offered challenge cannot be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unanswerable {
    /// Another scheme than Digest. Basic is never answered: it would send the password.
    Scheme,
    /// It does not fit the grammar of RFC 9110 11.
    Malformed,
    /// It has the same parameter twice.
    DuplicateParameter,
    /// It has more than 64 parameters, or a realm, nonce or opaque of more than 4096 bytes.
    TooLong,
    /// It has no `realm`.
    NoRealm,
    /// It has no `nonce`.
    NoNonce,
    /// RFC 7616 does not define the algorithm.
    UnknownAlgorithm,
    /// The crate was built without its feature `sha2`.
    NeedsFeatureSha2,
    /// None of the values of `qop` is known.
    UnknownQop,
}

impl fmt::Display for Unanswerable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unanswerable::Scheme => "not Digest",
            Unanswerable::Malformed => "malformed",
            Unanswerable::DuplicateParameter => "a parameter occurs twice",
            Unanswerable::TooLong => "too long",
            Unanswerable::NoRealm => "no realm",
            Unanswerable::NoNonce => "no nonce",
            Unanswerable::UnknownAlgorithm => "unknown algorithm",
            Unanswerable::NeedsFeatureSha2 => {
                "this build lacks the algorithm: enable the feature `sha2` of atlas-export-buckets"
            }
            Unanswerable::UnknownQop => "unknown qop",
        })
    }
}

/// None of a response's challenges can be answered. Lists what was offered, in the server's order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoChallenge {
    /// Each challenge as `scheme`, or `scheme algorithm`, with the reason. At most 16; each name is cut after 64 bytes.
    pub offered: Vec<(String, Unanswerable)>,
}

impl NoChallenge {
    const MAX_OFFERED: usize = 16;
}

impl fmt::Display for NoChallenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.offered.is_empty() {
            return f.write_str("the server offered no authentication challenge");
        }
        f.write_str("the server offered no Digest challenge that can be answered, only: ")?;
        for (index, (name, reason)) in self.offered.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{name} ({reason})")?;
        }
        Ok(())
    }
}

impl std::error::Error for NoChallenge {}

impl Challenge {
    /// The longest realm, nonce or opaque that is accepted.
    pub(super) const MAX_VALUE: usize = 4096;
    /// Enough for any honest challenge; keeps the search for duplicates short in a dishonest one.
    const MAX_PARAMETERS: usize = 64;

    /// Picks the first challenge, in the server's order, that can be answered (RFC 7616 3.7).
    ///
    /// `fields` are the values of all `WWW-Authenticate` fields of one response, each with any number of
    /// challenges of any scheme. A challenge that cannot be answered does not spoil the others.
    ///
    /// # Errors
    ///
    /// [`NoChallenge`], with what was offered.
    pub fn select<'a>(fields: impl IntoIterator<Item = &'a [u8]>) -> Result<Challenge, NoChallenge> {
        let mut none = NoChallenge { offered: Vec::new() };
        for offered in &OfferedChallenge::read_all(fields) {
            match Challenge::try_from(offered) {
                Ok(challenge) => return Ok(challenge),
                Err(reason) => none.offered.push((describe(offered), reason)),
            }
        }
        none.offered.truncate(NoChallenge::MAX_OFFERED);
        Err(none)
    }
}

impl TryFrom<&OfferedChallenge<'_>> for Challenge {
    type Error = Unanswerable;

    fn try_from(offered: &OfferedChallenge<'_>) -> Result<Challenge, Unanswerable> {
        if !offered.is_digest() {
            return Err(Unanswerable::Scheme);
        }
        if offered.is_malformed {
            return Err(Unanswerable::Malformed);
        }
        if offered.parameters.len() > Challenge::MAX_PARAMETERS {
            return Err(Unanswerable::TooLong);
        }
        if offered.has_duplicates() {
            return Err(Unanswerable::DuplicateParameter);
        }
        let is = |name, expected: &str| {
            offered.value(name).is_some_and(|value| value.eq_ignore_ascii_case(expected.as_bytes()))
        };
        let algorithm_name = offered.value("algorithm");
        Ok(Challenge {
            realm: read_echoed(offered, "realm")?.ok_or(Unanswerable::NoRealm)?,
            nonce: read_echoed(offered, "nonce")?.ok_or(Unanswerable::NoNonce)?,
            opaque: read_echoed(offered, "opaque")?,
            domain: offered.value("domain").map(<[u8]>::to_vec),
            algorithm: algorithm_name.map_or(Ok(Algorithm::MD5), read_algorithm)?,
            algorithm_name: algorithm_name.map(<[u8]>::to_vec),
            qop: offered.value("qop").map_or(Ok(None), choose_qop)?,
            stale: is("stale", "true"),
            userhash: is("userhash", "true"),
            charset_utf8: is("charset", "UTF-8"),
        })
    }
}

/// A value that every request will carry.
fn read_echoed(offered: &OfferedChallenge<'_>, name: &str) -> Result<Option<Vec<u8>>, Unanswerable> {
    match offered.value(name) {
        Some(value) if value.len() > Challenge::MAX_VALUE => Err(Unanswerable::TooLong),
        value => Ok(value.map(<[u8]>::to_vec)),
    }
}

fn read_algorithm(name: &[u8]) -> Result<Algorithm, Unanswerable> {
    const SHA2: [&str; 4] = ["SHA-256", "SHA-256-sess", "SHA-512-256", "SHA-512-256-sess"];
    Algorithm::from_name(name).ok_or_else(|| {
        let is_sha2 = SHA2.iter().any(|sha2| name.eq_ignore_ascii_case(sha2.as_bytes()));
        if is_sha2 { Unanswerable::NeedsFeatureSha2 } else { Unanswerable::UnknownAlgorithm }
    })
}

/// Prefers `auth` to `auth-int`. Unknown values are ignored, and an empty list counts as none (RFC 2069).
fn choose_qop(list: &[u8]) -> Result<Option<Qop>, Unanswerable> {
    let mut names =
        list.split(|&byte| byte == b',').map(<[u8]>::trim_ascii).filter(|name| !name.is_empty()).peekable();
    if names.peek().is_none() {
        return Ok(None);
    }
    let preferred = names.filter_map(Qop::from_name).min_by_key(|&qop| qop == Qop::AuthInt);
    preferred.map(Some).ok_or(Unanswerable::UnknownQop)
}

/// What was offered, for the error. It is the server's text, so it is escaped and cut.
fn describe(offered: &OfferedChallenge<'_>) -> String {
    let cut = |text: &[u8]| text.get(..64).unwrap_or(text).escape_ascii().to_string();
    match offered.value("algorithm").filter(|_| offered.is_digest()) {
        Some(algorithm) => format!("{} {}", cut(offered.scheme), cut(algorithm)),
        None => cut(offered.scheme),
    }
}

#[cfg(test)]
mod tests;
