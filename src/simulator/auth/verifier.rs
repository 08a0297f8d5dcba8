//! Makes challenges, verifies `Authorization: Digest …` as a strict server does (RFC 7616), and makes
//! `Authentication-Info`.

use std::time::Instant;

use super::account::Account;
use super::authorization::Authorization;
use super::digest_offer::{self, DigestOffer, quoted};
use super::nonces::IssuedNonces;
use super::rejection::Rejection;
use crate::digest::{Algorithm, HexHash, Qop};
use crate::simulator::percent;
use crate::simulator::request::RecordedRequest;
use crate::simulator::response::{Response, ResponseKind};

/// A correct `Authorization`, and what its `Authentication-Info` is made of.
#[derive(Debug)]
pub(crate) struct VerifiedAuthorization {
    pub(crate) public_key: String,
    sent: Authorization,
    algorithm: Algorithm,
    /// `None`: as RFC 2069 has it, without `nc` and `cnonce`.
    qop: Option<Qop>,
    ha1: HexHash,
    uses: u32,
}

impl VerifiedAuthorization {
    /// The `response` for a request with this method and body (3.4.1). That of an empty method for the body of a
    /// response is the server's `rspauth` (3.5).
    fn response(&self, method: &[u8], body: &[u8]) -> HexHash {
        let sent = |name| self.sent.get(name).unwrap_or_default();
        let hash = |parts: &[&[u8]]| hash(self.algorithm, parts);
        let ha2 = match self.qop {
            Some(Qop::AuthInt) => hash(&[method, sent("uri"), hash(&[body]).as_bytes()]),
            _ => hash(&[method, sent("uri")]),
        };
        let (ha1, ha2) = (self.ha1.as_bytes(), ha2.as_bytes());
        match self.qop {
            Some(qop) => hash(&[ha1, sent("nonce"), sent("nc"), sent("cnonce"), qop.name().as_bytes(), ha2]),
            None => hash(&[ha1, sent("nonce"), ha2]),
        }
    }
}

/// Digest's hashes are all of parts with colons between them.
fn hash(algorithm: Algorithm, parts: &[&[u8]]) -> HexHash {
    algorithm.hash.hash(&[&parts.join(&b':')])
}

#[derive(Debug, Default)]
pub(crate) struct DigestVerifier {
    pub(crate) keys: Vec<Account>,
    pub(crate) offer: DigestOffer,
    pub(crate) nonces: IssuedNonces,
    pub(crate) strict: bool,
    pub(crate) rspauth: bool,
    pub(crate) next_nonce_every: Option<u32>,
}

impl DigestVerifier {
    /// Verifies the value of an `Authorization` field. As in Jetty, the nonce is checked before the user and
    /// the hash: a wrong key with an old nonce gets `stale=true`.
    pub(crate) fn verify(
        &mut self,
        value: &[u8],
        request: &RecordedRequest,
        now: Instant,
    ) -> Result<VerifiedAuthorization, Rejection> {
        let sent = Authorization::parse(value, self.strict)?;
        self.check_echoes(&sent, &request.target)?;
        let algorithm = self.algorithm(&sent)?;
        let (qop, nc) = self.qop(&sent, algorithm)?.unzip();
        let nonce = sent.require("nonce")?.to_vec();
        let key = self.key(&sent, algorithm);
        self.nonces.check(&nonce, nc, now)?;
        let Account { name: public_key, secret } = key?;
        let response = sent.require("response")?.to_vec();
        let key_hash = hash(algorithm, &[public_key.as_bytes(), &self.offer.realm, secret.as_bytes()]);
        let sessions = self.sessions(&sent, algorithm);
        let mut verified = VerifiedAuthorization { public_key, sent, algorithm, qop, ha1: key_hash, uses: 0 };
        for session in sessions {
            if let Some(session) = &session {
                verified.ha1 = hash(algorithm, &[key_hash.as_bytes(), session]);
            }
            if verified.response(request.method.as_bytes(), &request.body).as_bytes() == response {
                verified.uses = self.nonces.record_use(&nonce, nc, session);
                return Ok(verified);
            }
        }
        Err(Rejection::WrongResponse)
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
        let sent = |name| verified.sent.get(name).unwrap_or_default();
        let mut parameters = Vec::new();
        if self.next_nonce_every.is_some_and(|every| verified.uses.is_multiple_of(every)) {
            let session = self.nonces.session(sent("nonce")).cloned();
            parameters.push(("nextnonce", quoted(self.nonces.issue(session, now).as_bytes())));
        }
        if let Some(qop) = verified.qop
            && (self.rspauth || wrong)
        {
            let rspauth =
                if wrong { hash(verified.algorithm, &[b"wrong"]) } else { verified.response(b"", body) };
            parameters.extend([
                ("rspauth", quoted(rspauth.as_bytes())),
                ("qop", qop.name().into()),
                ("cnonce", quoted(sent("cnonce"))),
                ("nc", sent("nc").to_vec()),
            ]);
        }
        (!parameters.is_empty()).then(|| digest_offer::join(parameters))
    }

    /// Adds a challenge to a 401.
    pub(crate) fn challenge(&mut self, response: Response, stale: bool) -> Response {
        let nonce = self.nonces.issue(None, Instant::now());
        let fields = self.offer.fields(&nonce, stale).into_iter();
        let response = fields.fold(response, |response, field| response.header("WWW-Authenticate", field));
        response.kind(ResponseKind::Challenge)
    }

    /// Checks what the client must repeat: realm, opaque, and the request-target.
    fn check_echoes(&self, sent: &Authorization, target: &[u8]) -> Result<(), Rejection> {
        let realm = sent.require("realm")?;
        if realm != self.offer.realm {
            return Err(Rejection::WrongRealm(lossy(realm)));
        }
        match (sent.get("opaque"), &self.offer.opaque) {
            (None, Some(_)) => return Err(Rejection::Missing("opaque")),
            (Some(_), None) => return Err(Rejection::Unexpected("opaque")),
            (Some(echo), Some(opaque)) if echo != opaque => return Err(Rejection::WrongOpaque(lossy(echo))),
            _ => {}
        }
        let uri = sent.require("uri")?;
        if uri != target {
            return Err(Rejection::WrongUri { uri: lossy(uri), target: lossy(target) });
        }
        Ok(())
    }

    fn algorithm(&self, sent: &Authorization) -> Result<Algorithm, Rejection> {
        let offered = match self.offer.algorithms.as_slice() {
            [] => &[Algorithm::MD5],
            offered => offered,
        };
        let Some(name) = sent.get("algorithm") else {
            let is_implied =
                self.offer.algorithms.is_empty() || (!self.strict && offered.contains(&Algorithm::MD5));
            return if is_implied { Ok(Algorithm::MD5) } else { Err(Rejection::Missing("algorithm")) };
        };
        let known = Algorithm::from_name(name).filter(|algorithm| offered.contains(algorithm));
        known.ok_or_else(|| Rejection::WrongAlgorithm(lossy(name)))
    }

    /// `qop` and the number in `nc`, unless RFC 2069 was offered, which has neither.
    fn qop(&self, sent: &Authorization, algorithm: Algorithm) -> Result<Option<(Qop, u32)>, Rejection> {
        let Some(name) = sent.get("qop") else {
            // 3.4: no cnonce without qop. But a -sess key needs one, so with -sess it must come all the same.
            return match sent.get("cnonce") {
                _ if !self.offer.qop.is_empty() => Err(Rejection::Missing("qop")),
                _ if sent.get("nc").is_some() => Err(Rejection::Unexpected("nc")),
                None if algorithm.session => Err(Rejection::Missing("cnonce")),
                Some(_) if !algorithm.session => Err(Rejection::Unexpected("cnonce")),
                _ => Ok(None),
            };
        };
        let nc = sent.require("nc")?;
        let qop = self.offer.qop.iter().find(|qop| qop.name().as_bytes() == name);
        let qop = *qop.ok_or_else(|| Rejection::WrongQop(lossy(name)))?;
        let nc = self.nc(nc).ok_or_else(|| Rejection::BadNc(lossy(nc)))?;
        sent.require("cnonce")?;
        Ok(Some((qop, nc)))
    }

    fn nc(&self, text: &[u8]) -> Option<u32> {
        let digit = |byte: &u8| byte.is_ascii_hexdigit() && !(self.strict && byte.is_ascii_uppercase());
        let well_formed = text.len() == 8 && text.iter().all(digit);
        u32::from_str_radix(&lossy(text), 16).ok().filter(|nc| well_formed && *nc > 0)
    }

    /// Finds the key of the user name: plain, hashed (3.4.4), or as RFC 8187 encodes it.
    fn key(&self, sent: &Authorization, algorithm: Algorithm) -> Result<Account, Rejection> {
        let hashed = match sent.get("userhash") {
            None | Some(b"false") => false,
            Some(b"true") if self.offer.userhash => true,
            Some(other) => return Err(Rejection::WrongUserhash(lossy(other))),
        };
        let name = match (sent.get("username"), sent.get("username*")) {
            (Some(name), None) => name.to_vec(),
            (None, Some(encoded)) if !hashed => extended(encoded)?,
            (None, None) => return Err(Rejection::Missing("username")),
            (_, Some(_)) => return Err(Rejection::Unexpected("username*")),
        };
        let has_this_name = |key: &&Account| match hashed {
            true => hash(algorithm, &[key.name.as_bytes(), &self.offer.realm]).as_bytes() == name,
            false => key.name.as_bytes() == name,
        };
        let key = self.keys.iter().find(has_this_name).cloned();
        key.ok_or_else(|| Rejection::UnknownUser(lossy(&name)))
    }

    /// The sessions that a `-sess` key may belong to (3.4.2): the one that began with this nonce. curl
    /// makes a new key for each request, from that request's own nonce and cnonce; unless strict, that is
    /// accepted too.
    fn sessions(&self, sent: &Authorization, algorithm: Algorithm) -> Vec<Option<Vec<u8>>> {
        let (Some(nonce), Some(cnonce), true) = (sent.get("nonce"), sent.get("cnonce"), algorithm.session)
        else {
            return vec![None];
        };
        let own = [nonce, cnonce].join(&b':');
        match self.nonces.session(nonce).cloned() {
            Some(begun) if self.strict => vec![Some(begun)],
            Some(begun) => vec![Some(begun), Some(own)],
            None => vec![Some(own)],
        }
    }
}

/// An ext-value of RFC 8187 in UTF-8: `UTF-8''J%C3%A4s%C3%B8n`.
fn extended(value: &[u8]) -> Result<Vec<u8>, Rejection> {
    let parts: Vec<&[u8]> = value.split(|&byte| byte == b'\'').collect();
    let decoded = match parts.as_slice() {
        [charset, _language, encoded] if charset.eq_ignore_ascii_case(b"UTF-8") => percent::decode(encoded),
        _ => None,
    };
    decoded.ok_or_else(|| Rejection::BadUsername(lossy(value)))
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests;
