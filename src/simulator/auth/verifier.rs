//! Verifies `Authorization: Digest …` as a strict server does (RFC 7616), and makes `Authentication-Info`.

use std::time::Instant;

use super::authorization::Authorization;
use super::digest_offer::{DigestOffer, quoted};
use super::nonces::{IssuedNonces, Lifetime, SessionStart};
use super::rejection::Rejection;
use crate::digest::{Algorithm, HexHash, Qop};
use crate::simulator::percent;
use crate::simulator::request::ReceivedRequest;

/// A public key, which is the user name, and a private key, which is the password.
#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) public: String,
    pub(crate) private: String,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({:?}, ..)", self.public)
    }
}

/// The settings of a [`DigestVerifier`].
#[derive(Clone, Debug)]
pub(crate) struct DigestSettings {
    pub(crate) keys: Vec<Key>,
    pub(crate) offer: DigestOffer,
    pub(crate) lifetime: Lifetime,
    pub(crate) strict: bool,
    pub(crate) rspauth: bool,
    pub(crate) next_nonce_every: Option<u32>,
}

/// A correct `Authorization`, and what its `Authentication-Info` is made of.
#[derive(Debug)]
pub(crate) struct VerifiedAuthorization {
    pub(crate) public_key: String,
    algorithm: Algorithm,
    ha1: HexHash,
    uri: Vec<u8>,
    nonce: Vec<u8>,
    uses: u32,
    protection: Option<SentProtection>,
}

/// The parameters that come with a `qop`.
#[derive(Debug)]
struct SentProtection {
    qop: Qop,
    nc: u32,
    nc_text: Vec<u8>,
    cnonce: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct DigestVerifier {
    settings: DigestSettings,
    pub(crate) nonces: IssuedNonces,
}

impl DigestVerifier {
    pub(crate) fn new(settings: DigestSettings) -> DigestVerifier {
        let nonces = IssuedNonces::new(settings.lifetime);
        DigestVerifier { settings, nonces }
    }

    /// The `WWW-Authenticate` fields of a 401, with a fresh nonce.
    pub(crate) fn challenge(&mut self, stale: bool, now: Instant) -> Vec<Vec<u8>> {
        let nonce = self.nonces.issue(None, now);
        self.settings.offer.fields(&nonce, stale)
    }

    /// Forgets every nonce, as a restart does.
    pub(crate) fn forget_nonces(&mut self) {
        self.nonces.forget();
    }

    /// Verifies the value of an `Authorization` field. As in Jetty, the nonce is checked before the user and
    /// the hash: a wrong key with an old nonce gets `stale=true`.
    pub(crate) fn verify(
        &mut self,
        value: &[u8],
        request: &ReceivedRequest,
        now: Instant,
    ) -> Result<VerifiedAuthorization, Rejection> {
        let sent = Authorization::parse(value, self.settings.strict)?;
        self.check_echoes(&sent, request)?;
        let algorithm = self.algorithm(&sent)?;
        let protection = self.protection(&sent, algorithm)?;
        let nonce = sent.require("nonce")?.to_vec();
        let nc = protection.as_ref().map(|protection| protection.nc);
        let key = self.key(&sent, algorithm);
        self.nonces.check(&nonce, nc, now)?;
        let key = key?;
        let public_key = key.public.clone();
        let uri = sent.require("uri")?.to_vec();
        let (ha1, session) = self.matching_key(&sent, key, algorithm, &protection, request)?;
        let uses = self.nonces.record_use(&nonce, nc, session);
        Ok(VerifiedAuthorization { public_key, algorithm, ha1, uri, nonce, uses, protection })
    }

    /// `Authentication-Info` (3.5) for a response with this body, if it is to be sent. `wrong` makes its `rspauth`
    /// wrong, like that of a server that does not know the key.
    pub(crate) fn authentication_info(
        &mut self,
        verified: &VerifiedAuthorization,
        body: &[u8],
        wrong: bool,
        now: Instant,
    ) -> Option<Vec<u8>> {
        let mut parts: Vec<Vec<u8>> = Vec::new();
        if let Some(every) = self.settings.next_nonce_every
            && verified.uses.is_multiple_of(every)
        {
            let session = self.nonces.session(&verified.nonce).cloned();
            let next = self.nonces.issue(session, now);
            parts.push(format!("nextnonce=\"{next}\"").into_bytes());
        }
        if (self.settings.rspauth || wrong)
            && let Some(protection) = &verified.protection
        {
            let rspauth = if wrong {
                verified.algorithm.hash.hash(&[b"wrong"])
            } else {
                rspauth(verified, protection, body)
            };
            parts.push([b"rspauth=\"", rspauth.as_bytes(), b"\""].concat());
            parts.push(format!("qop={}", protection.qop.name()).into_bytes());
            parts.push([b"cnonce=".as_slice(), &quoted(&protection.cnonce)].concat());
            parts.push([b"nc=".as_slice(), &protection.nc_text].concat());
        }
        (!parts.is_empty()).then(|| parts.join(b", ".as_slice()))
    }

    /// Checks what the client must repeat: realm, opaque, and the request-target.
    fn check_echoes(&self, sent: &Authorization, request: &ReceivedRequest) -> Result<(), Rejection> {
        let offer = &self.settings.offer;
        let realm = sent.require("realm")?;
        if realm != offer.realm {
            return Err(Rejection::WrongRealm(lossy(realm)));
        }
        match (sent.get("opaque"), &offer.opaque) {
            (None, Some(_)) => return Err(Rejection::Missing("opaque")),
            (Some(_), None) => return Err(Rejection::Unexpected("opaque")),
            (Some(echo), Some(opaque)) if echo != opaque => return Err(Rejection::WrongOpaque(lossy(echo))),
            _ => {}
        }
        let uri = sent.require("uri")?;
        if uri != request.target {
            return Err(Rejection::WrongUri { uri: lossy(uri), target: lossy(&request.target) });
        }
        Ok(())
    }

    fn algorithm(&self, sent: &Authorization) -> Result<Algorithm, Rejection> {
        let offered = &self.settings.offer.algorithms;
        let Some(name) = sent.get("algorithm") else {
            let may_be_absent =
                offered.is_empty() || (!self.settings.strict && offered.contains(&Algorithm::MD5));
            return if may_be_absent { Ok(Algorithm::MD5) } else { Err(Rejection::Missing("algorithm")) };
        };
        let known = Algorithm::from_name(name);
        match known {
            Some(algorithm) if offered.contains(&algorithm) => Ok(algorithm),
            Some(Algorithm::MD5) if offered.is_empty() => Ok(Algorithm::MD5),
            _ => Err(Rejection::WrongAlgorithm(lossy(name))),
        }
    }

    fn protection(
        &self,
        sent: &Authorization,
        algorithm: Algorithm,
    ) -> Result<Option<SentProtection>, Rejection> {
        let offered = &self.settings.offer.qop;
        let Some(name) = sent.get("qop") else {
            if !offered.is_empty() {
                return Err(Rejection::Missing("qop"));
            }
            if sent.get("nc").is_some() {
                return Err(Rejection::Unexpected("nc"));
            }
            // 3.4: no cnonce without qop. But a -sess key needs one, so with -sess it must come all the same.
            if sent.get("cnonce").is_some() != algorithm.session {
                return Err(if algorithm.session {
                    Rejection::Missing("cnonce")
                } else {
                    Rejection::Unexpected("cnonce")
                });
            }
            return Ok(None);
        };
        let qop = offered.iter().find(|qop| qop.name().as_bytes() == name);
        let nc_text = sent.require("nc")?.to_vec();
        Ok(Some(SentProtection {
            qop: *qop.ok_or_else(|| Rejection::WrongQop(lossy(name)))?,
            nc: self.nc(&nc_text)?,
            nc_text,
            cnonce: sent.require("cnonce")?.to_vec(),
        }))
    }

    fn nc(&self, text: &[u8]) -> Result<u32, Rejection> {
        let digit =
            |byte: &u8| byte.is_ascii_hexdigit() && !(self.settings.strict && byte.is_ascii_uppercase());
        let well_formed = text.len() == 8 && text.iter().all(digit);
        let number = u32::from_str_radix(&lossy(text), 16).ok();
        number.filter(|nc| well_formed && *nc > 0).ok_or_else(|| Rejection::BadNc(lossy(text)))
    }

    /// Finds the key of the user name: plain, hashed (3.4.4), or as RFC 8187 encodes it.
    fn key(&self, sent: &Authorization, algorithm: Algorithm) -> Result<Key, Rejection> {
        let offer = &self.settings.offer;
        let hashed = match sent.get("userhash") {
            None | Some(b"false") => false,
            Some(b"true") if offer.userhash => true,
            Some(other) => return Err(Rejection::WrongUserhash(lossy(other))),
        };
        let name = match (sent.get("username"), sent.get("username*")) {
            (Some(_), Some(_)) => return Err(Rejection::Unexpected("username*")),
            (None, Some(_)) if hashed => return Err(Rejection::Unexpected("username*")),
            (None, Some(encoded)) => extended(encoded)?,
            (Some(name), None) => name.to_vec(),
            (None, None) => return Err(Rejection::Missing("username")),
        };
        let has_this_name = |key: &&Key| {
            if hashed {
                let hash = algorithm.hash.hash(&[key.public.as_bytes(), b":", &offer.realm]);
                hash.as_bytes() == name
            } else {
                key.public.as_bytes() == name
            }
        };
        let key = self.settings.keys.iter().find(has_this_name).cloned();
        key.ok_or_else(|| Rejection::UnknownUser(lossy(&name)))
    }

    /// H(A1) and its session, if the response was made with it.
    fn matching_key(
        &self,
        sent: &Authorization,
        key: Key,
        algorithm: Algorithm,
        protection: &Option<SentProtection>,
        request: &ReceivedRequest,
    ) -> Result<(HexHash, Option<SessionStart>), Rejection> {
        let hash = |parts: &[&[u8]]| algorithm.hash.hash(parts);
        let method = request.method.as_str().as_bytes();
        let nonce = sent.require("nonce")?;
        let response = sent.require("response")?;
        let ha2 = match protection {
            Some(SentProtection { qop: Qop::AuthInt, .. }) => {
                let body = hash(&[&request.body]);
                hash(&[method, b":", &request.target, b":", body.as_bytes()])
            }
            _ => hash(&[method, b":", &request.target]),
        };
        let realm = &self.settings.offer.realm;
        let base = hash(&[key.public.as_bytes(), b":", realm, b":", key.private.as_bytes()]);
        for session in self.sessions(sent, algorithm)? {
            let ha1 = match &session {
                Some(session) => hash(&[base.as_bytes(), b":", &session.nonce, b":", &session.cnonce]),
                None => base,
            };
            let (ha1_text, ha2_text) = (ha1.as_bytes(), ha2.as_bytes());
            let expected = match protection {
                Some(SentProtection { qop, nc_text, cnonce, .. }) => {
                    let qop = qop.name().as_bytes();
                    hash(&[ha1_text, b":", nonce, b":", nc_text, b":", cnonce, b":", qop, b":", ha2_text])
                }
                None => hash(&[ha1_text, b":", nonce, b":", ha2_text]),
            };
            if expected.as_bytes() == response {
                return Ok((ha1, session));
            }
        }
        Err(Rejection::WrongResponse)
    }

    /// The sessions that a `-sess` key may belong to (3.4.2): the one that began with this nonce. curl
    /// makes a new key for each request, from that request's own nonce and cnonce; unless strict, that is
    /// accepted too.
    fn sessions(
        &self,
        sent: &Authorization,
        algorithm: Algorithm,
    ) -> Result<Vec<Option<SessionStart>>, Rejection> {
        if !algorithm.session {
            return Ok(vec![None]);
        }
        let nonce = sent.require("nonce")?.to_vec();
        let cnonce = sent.require("cnonce")?.to_vec();
        let own = SessionStart { nonce: nonce.clone(), cnonce };
        Ok(match self.nonces.session(&nonce) {
            Some(begun) if self.settings.strict || *begun == own => vec![Some(begun.clone())],
            Some(begun) => vec![Some(begun.clone()), Some(own)],
            None => vec![Some(own)],
        })
    }
}

/// The server's `rspauth` (3.5): computed as the client's `response`, but without the method.
fn rspauth(verified: &VerifiedAuthorization, protection: &SentProtection, body: &[u8]) -> HexHash {
    let hash = verified.algorithm.hash;
    let ha2 = match protection.qop {
        Qop::Auth => hash.hash(&[b":", &verified.uri]),
        Qop::AuthInt => hash.hash(&[b":", &verified.uri, b":", hash.hash(&[body]).as_bytes()]),
    };
    hash.hash(&[
        verified.ha1.as_bytes(),
        b":",
        &verified.nonce,
        b":",
        &protection.nc_text,
        b":",
        &protection.cnonce,
        b":",
        protection.qop.name().as_bytes(),
        b":",
        ha2.as_bytes(),
    ])
}

/// An ext-value of RFC 8187 in UTF-8: `UTF-8''J%C3%A4s%C3%B8n`.
fn extended(value: &[u8]) -> Result<Vec<u8>, Rejection> {
    let bad = || Rejection::BadUsername(lossy(value));
    let mut parts = value.splitn(3, |&byte| byte == b'\'');
    let charset = parts.next().unwrap_or_default();
    let (Some(_language), Some(encoded)) = (parts.next(), parts.next()) else {
        return Err(bad());
    };
    if !charset.eq_ignore_ascii_case(b"UTF-8") || encoded.contains(&b'\'') {
        return Err(bad());
    }
    percent::decode(encoded).ok_or_else(bad)
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests;
