//! `WWW-Authenticate` fields to the challenge that will be answered (RFC 7616 3.3 and 3.7).

use std::borrow::Cow;
use std::fmt;

use super::algorithm::Algorithm;
use super::grammar::{Element, Elements, Param, eq_ignore_case};

/// A Digest challenge that this build can answer (RFC 7616 3.3).
///
/// Made by [`Challenge::select`]. Values are bytes with the quoting undone; RFC 7616 gives them no other
/// meaning than to be hashed and sent back, except where a field says so.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Challenge {
    /// What the credentials are for; hashed and sent back.
    pub realm: Vec<u8>,
    /// The server's nonce.
    pub nonce: Vec<u8>,
    /// Sent back unchanged, if present; an empty one too.
    pub opaque: Option<Vec<u8>>,
    /// The URIs of the protection space, as the server wrote them, separated by spaces. Kept for
    /// information only: a [`Session`](super::Session) serves one host, and takes every path there to be in the space.
    pub domain: Option<Vec<u8>>,
    /// The algorithm; MD5 if the server named none.
    pub algorithm: Algorithm,
    /// The algorithm's name in the server's spelling, which is echoed; `None` if it named none.
    pub algorithm_name: Option<Vec<u8>>,
    /// The quality of protection to answer with; `None` if the server offered none (RFC 2069).
    pub qop: Option<Qop>,
    /// The refused credentials were right, only their nonce was too old.
    pub stale: bool,
    /// The server wants to get the hash of the user name instead of the name (RFC 7616 3.4.4).
    pub userhash: bool,
    /// The server says `charset=UTF-8` (RFC 7616 4). UTF-8 is what is hashed in any case.
    pub charset_utf8: bool,
}

/// The quality of protection of a request (RFC 7616 3.3 and 3.4, `qop`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Qop {
    /// Method and request-target are protected. Preferred.
    Auth,
    /// The request's content too. Taken where only it is offered.
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
        [Qop::Auth, Qop::AuthInt].into_iter().find(|qop| eq_ignore_case(name, qop.name().as_bytes()))
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
    /// A parameter stands in it twice.
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
            Unanswerable::DuplicateParameter => "a parameter stands twice",
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

/// No challenge of an answer can be answered; lists what was offered, in the server's order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoChallenge {
    /// Each challenge as `scheme`, or `scheme algorithm`, with the reason. At most 16; longer names are cut.
    pub offered: Vec<(String, Unanswerable)>,
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
    /// The longest realm, nonce or opaque that is taken.
    const MAX_VALUE: usize = 4096;

    /// Picks the first challenge, in the server's order, that can be answered (RFC 7616 3.7).
    ///
    /// `fields` are the values of all `WWW-Authenticate` fields of one answer, each with any number of
    /// challenges of any scheme. A challenge that cannot be answered does not spoil the others.
    ///
    /// # Errors
    ///
    /// [`NoChallenge`], with what was offered.
    pub fn select<'a>(fields: impl IntoIterator<Item = &'a [u8]>) -> Result<Challenge, NoChallenge> {
        let mut selection = Selection { draft: None, none: NoChallenge { offered: Vec::new() } };
        // Several fields are one list (RFC 9110 5.3), so a challenge may even go on in the next one.
        for field in fields {
            for element in Elements::new(field) {
                if let Some(challenge) = selection.next(element) {
                    return Ok(challenge);
                }
            }
        }
        selection.finish_draft().ok_or(selection.none)
    }
}

/// The challenges so far.
struct Selection<'a> {
    /// The one that is being read.
    draft: Option<Draft<'a>>,
    /// Those before it.
    none: NoChallenge,
}

impl<'a> Selection<'a> {
    const MAX_OFFERED: usize = 16;

    /// Reads on; returns a challenge that has come to its end and can be answered.
    fn next(&mut self, element: Element<'a>) -> Option<Challenge> {
        let next = match element {
            // A parameter before any scheme belongs to nothing.
            Element::Param(param) => {
                if let Some(draft) = &mut self.draft {
                    draft.add(param);
                }
                return None;
            }
            Element::Malformed => {
                if let Some(draft) = &mut self.draft {
                    draft.refuse(Unanswerable::Malformed);
                }
                return None;
            }
            Element::Scheme(scheme) => Draft::new(scheme),
            Element::SchemeWithParam(scheme, param) => {
                let mut next = Draft::new(scheme);
                next.add(param);
                next
            }
            Element::MalformedScheme(scheme) => {
                let mut next = Draft::new(scheme);
                next.refuse(Unanswerable::Malformed);
                next
            }
        };
        let challenge = self.finish_draft();
        self.draft = Some(next);
        challenge
    }

    /// The challenge, if it can be answered; if it cannot, it is listed.
    #[inline(never)]
    fn finish_draft(&mut self) -> Option<Challenge> {
        match self.draft.as_mut()?.finish() {
            Ok(challenge) => Some(challenge),
            Err(refused) => {
                if self.none.offered.len() < Self::MAX_OFFERED {
                    self.none.offered.push(refused);
                }
                None
            }
        }
    }
}

/// A challenge while its parameters are read.
struct Draft<'a> {
    scheme: &'a [u8],
    refused: Option<Unanswerable>,
    values: [Option<Cow<'a, [u8]>>; Known::COUNT],
    unknown: Vec<&'a [u8]>,
}

/// The parameters that RFC 7616 3.3 defines; a draft keeps their values at these indexes.
#[derive(Clone, Copy)]
enum Known {
    Realm,
    Nonce,
    Opaque,
    Domain,
    Algorithm,
    Qop,
    Stale,
    Userhash,
    Charset,
}

impl Known {
    const COUNT: usize = 9;

    fn from_name(name: &[u8]) -> Option<Known> {
        // The length tells them apart almost alone, which saves most of the comparisons.
        let (known, expected) = match name.len() {
            3 => (Known::Qop, "qop"),
            6 if matches!(name.first(), Some(b'o' | b'O')) => (Known::Opaque, "opaque"),
            6 => (Known::Domain, "domain"),
            8 => (Known::Userhash, "userhash"),
            9 => (Known::Algorithm, "algorithm"),
            7 => (Known::Charset, "charset"),
            5 => match name.first() {
                Some(b'r' | b'R') => (Known::Realm, "realm"),
                Some(b'n' | b'N') => (Known::Nonce, "nonce"),
                _ => (Known::Stale, "stale"),
            },
            _ => return None,
        };
        eq_ignore_case(name, expected.as_bytes()).then_some(known)
    }
}

impl<'a> Draft<'a> {
    /// Enough for any honest challenge; keeps the search for duplicates short for a dishonest one.
    const MAX_UNKNOWN: usize = 64 - Known::COUNT;

    fn new(scheme: &'a [u8]) -> Self {
        let refused = (!eq_ignore_case(scheme, b"Digest")).then_some(Unanswerable::Scheme);
        Draft { scheme, refused, values: Default::default(), unknown: Vec::new() }
    }

    fn refuse(&mut self, reason: Unanswerable) {
        self.refused.get_or_insert(reason);
    }

    fn add(&mut self, param: Param<'a>) {
        if self.refused.is_some() {
            return;
        }
        let slot = Known::from_name(param.name).and_then(|known| self.values.get_mut(known as usize));
        let duplicate = match slot {
            Some(slot) => slot.replace(param.value).is_some(),
            None if self.unknown.len() == Self::MAX_UNKNOWN => return self.refuse(Unanswerable::TooLong),
            None => {
                let duplicate = self.unknown.iter().any(|name| eq_ignore_case(name, param.name));
                self.unknown.push(param.name);
                duplicate
            }
        };
        if duplicate {
            self.refuse(Unanswerable::DuplicateParameter);
        }
    }

    fn get(&self, known: Known) -> Option<&[u8]> {
        self.values.get(known as usize)?.as_deref()
    }

    #[inline(never)]
    fn take(&mut self, known: Known) -> Option<Vec<u8>> {
        Some(self.values.get_mut(known as usize)?.take()?.into_owned())
    }

    fn is(&self, known: Known, value: &str) -> bool {
        self.get(known).is_some_and(|given| eq_ignore_case(given, value.as_bytes()))
    }

    /// Leaves nothing behind that is of use.
    fn finish(&mut self) -> Result<Challenge, (String, Unanswerable)> {
        match self.check() {
            Ok((algorithm, qop)) => Ok(Challenge {
                algorithm,
                qop,
                stale: self.is(Known::Stale, "true"),
                userhash: self.is(Known::Userhash, "true"),
                charset_utf8: self.is(Known::Charset, "UTF-8"),
                realm: self.take(Known::Realm).unwrap_or_default(),
                nonce: self.take(Known::Nonce).unwrap_or_default(),
                opaque: self.take(Known::Opaque),
                domain: self.take(Known::Domain),
                algorithm_name: self.take(Known::Algorithm),
            }),
            Err(reason) => Err((self.name(), reason)),
        }
    }

    fn check(&self) -> Result<(Algorithm, Option<Qop>), Unanswerable> {
        if let Some(reason) = &self.refused {
            return Err(reason.clone());
        }
        let realm = self.get(Known::Realm).ok_or(Unanswerable::NoRealm)?;
        let nonce = self.get(Known::Nonce).ok_or(Unanswerable::NoNonce)?;
        let opaque = self.get(Known::Opaque).unwrap_or_default();
        if [realm, nonce, opaque].iter().any(|value| value.len() > Challenge::MAX_VALUE) {
            return Err(Unanswerable::TooLong);
        }
        let algorithm = match self.get(Known::Algorithm) {
            None => Algorithm::MD5,
            Some(name) => Algorithm::from_name(name).ok_or_else(|| unknown_algorithm(name))?,
        };
        Ok((algorithm, self.qop()?))
    }

    /// `auth` before `auth-int`, unknown values ignored; an absent or empty list is RFC 2069.
    fn qop(&self) -> Result<Option<Qop>, Unanswerable> {
        let Some(list) = self.get(Known::Qop) else {
            return Ok(None);
        };
        let (mut offered, mut is_empty) = (None, true);
        for name in list.split(|&byte| byte == b',') {
            let name = name.trim_ascii();
            is_empty = is_empty && name.is_empty();
            match Qop::from_name(name) {
                Some(Qop::Auth) => return Ok(Some(Qop::Auth)),
                other => offered = offered.or(other),
            }
        }
        if offered.is_some() || is_empty { Ok(offered) } else { Err(Unanswerable::UnknownQop) }
    }

    /// What stood there, for the error: the server's text, so escaped and cut.
    fn name(&self) -> String {
        let cut = |text: &[u8]| format!("{}", text.get(..64).unwrap_or(text).escape_ascii());
        match self.get(Known::Algorithm) {
            Some(algorithm) => format!("{} {}", cut(self.scheme), cut(algorithm)),
            None => cut(self.scheme),
        }
    }
}

fn unknown_algorithm(name: &[u8]) -> Unanswerable {
    const SHA2: [&str; 4] = ["SHA-256", "SHA-256-sess", "SHA-512-256", "SHA-512-256-sess"];
    if SHA2.iter().any(|sha2| eq_ignore_case(name, sha2.as_bytes())) {
        Unanswerable::NeedsFeatureSha2
    } else {
        Unanswerable::UnknownAlgorithm
    }
}

#[cfg(test)]
mod tests;
