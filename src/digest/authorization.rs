//! Challenge + credentials + request to the value of `Authorization` (RFC 7616 3.4).

use std::fmt;

use super::algorithm::{Algorithm, HexHash, write_hex};
use super::challenge::{Challenge, Qop};
use super::grammar::{fits_quoted_string, write_quoted};

/// A user name and password.
///
/// Its `Debug` shows neither. The password leaves it only as part of a hash.
#[derive(Clone)]
pub struct Credentials {
    username: String,
    password: String,
}

impl Credentials {
    /// Both are hashed in UTF-8 (RFC 7616 4), without normalisation: give them in Unicode NFC.
    ///
    /// The name is sent as it is where it is ASCII without control characters, or else as `username*`
    /// (RFC 8187), which servers before RFC 7616 do not know; where the server wants it, its hash is sent instead
    /// (3.4.4). A name with a colon is taken, but in the hash it could end at the colon (3.4.2).
    pub fn new(username: impl Into<String>, password: impl Into<String>) -> Self {
        Credentials { username: username.into(), password: password.into() }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(..)")
    }
}

/// What of a request goes into the hash (RFC 7616 3.4.3).
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The method, as sent.
    pub method: &'a str,
    /// The request-target, byte for byte as sent: usually path and query (RFC 9112 3.2). It is not checked: what is
    /// no legal request-target makes no legal `Authorization` either.
    pub uri: &'a str,
    /// The content; empty if there is none. Hashed for `auth-int` only.
    pub body: &'a [u8],
}

impl<'a> Request<'a> {
    /// A `GET` without content.
    pub const fn get(uri: &'a str) -> Self {
        Request { method: "GET", uri, body: b"" }
    }
}

/// All of the answer to one challenge that does not change from request to request, ready made.
pub(super) struct Answer {
    challenge: Challenge,
    /// H(A1): as good as the password in this realm. Never shown.
    ha1: HexHash,
    /// `-sess`: the cnonce that H(A1) was made with, which then goes with every request.
    session_cnonce: Option<Vec<u8>>,
    /// The header value up to and including `uri=`.
    prefix: Vec<u8>,
    /// The unchanging parameters behind `response`.
    suffix: Vec<u8>,
}

/// What tells one request under a nonce from the others.
#[derive(Clone, Copy)]
pub(super) struct RequestId<'a> {
    /// The nonce count, from 1.
    pub(super) nc: u32,
    /// The client nonce.
    pub(super) cnonce: &'a [u8],
}

impl Answer {
    /// The cnonce counts for `-sess` only, whose A1 is made with that of the session's first request (3.4.2).
    pub(super) fn new(challenge: Challenge, credentials: &Credentials, cnonce: &[u8]) -> Self {
        let Algorithm { hash, session } = challenge.algorithm;
        let Credentials { username, password } = credentials;
        let mut ha1 = hash.hash(&[username.as_bytes(), b":", &challenge.realm, b":", password.as_bytes()]);
        if session {
            ha1 = hash.hash(&[ha1.as_bytes(), b":", &challenge.nonce, b":", cnonce]);
        }
        Answer::with_ha1(challenge, username, ha1, session.then(|| cnonce.to_vec()))
    }

    /// The same session under the nonce that `Authentication-Info` announced (RFC 7616 3.5): H(A1) stays,
    /// also for `-sess`, where it is bound to the session's first nonce (3.4.2).
    pub(super) fn with_next_nonce(&self, nonce: Vec<u8>, credentials: &Credentials) -> Self {
        let challenge = Challenge { nonce, ..self.challenge.clone() };
        Answer::with_ha1(challenge, &credentials.username, self.ha1, self.session_cnonce.clone())
    }

    fn with_ha1(challenge: Challenge, username: &str, ha1: HexHash, session_cnonce: Option<Vec<u8>>) -> Self {
        let prefix = fixed_prefix(&challenge, username);
        let suffix = fixed_suffix(&challenge);
        Answer { challenge, ha1, session_cnonce, prefix, suffix }
    }

    /// The server's nonce.
    pub(super) fn nonce(&self) -> &[u8] {
        &self.challenge.nonce
    }

    /// The cnonce that every request must carry, if the session fixes one.
    pub(super) fn session_cnonce(&self) -> Option<&[u8]> {
        self.session_cnonce.as_deref()
    }

    /// The value of `Authorization` for one request.
    pub(super) fn authorization(&self, id: RequestId<'_>, request: &Request<'_>) -> Vec<u8> {
        let qop = self.challenge.qop;
        let response = self.response(id, qop, request.method.as_bytes(), request.uri, request.body);
        let extra = ", response=, nc=, cnonce=".len() + 2 * 64 + 8 + 8;
        let mut value = Vec::with_capacity(self.prefix.len() + request.uri.len() + self.suffix.len() + extra);
        value.extend_from_slice(&self.prefix);
        write_quoted(&mut value, request.uri.as_bytes());
        value.extend_from_slice(b", response=\"");
        value.extend_from_slice(response.as_bytes());
        value.push(b'"');
        value.extend_from_slice(&self.suffix);
        if qop.is_some() {
            value.extend_from_slice(b", nc=");
            value.extend_from_slice(&nc_digits(id.nc));
        }
        // RFC 2617 3.2.2 forbids a cnonce without qop, but without it nobody could make a `-sess` A1.
        if qop.is_some() || self.session_cnonce.is_some() {
            value.extend_from_slice(b", cnonce=\"");
            value.extend_from_slice(id.cnonce);
            value.push(b'"');
        }
        value
    }

    /// What the server must send as `rspauth` (RFC 7616 3.5): as `response`, with an empty method and the
    /// answer's content. `qop` is what `Authentication-Info` says, or else that of the request. It cannot come
    /// in where the request had none, and so no `nc` and no cnonce that the server could know.
    pub(super) fn rspauth(&self, id: RequestId<'_>, qop: Option<Qop>, uri: &str, body: &[u8]) -> HexHash {
        let qop = self.challenge.qop.map(|requested| qop.unwrap_or(requested));
        self.response(id, qop, b"", uri, body)
    }

    /// `response` (RFC 7616 3.4.1), without qop that of RFC 2069 2.1.2.
    fn response(
        &self,
        id: RequestId<'_>,
        qop: Option<Qop>,
        method: &[u8],
        uri: &str,
        body: &[u8],
    ) -> HexHash {
        let (hash, uri) = (self.challenge.algorithm.hash, uri.as_bytes());
        let ha2 = match qop {
            Some(Qop::AuthInt) => {
                let content = hash.hash(&[body]);
                hash.hash(&[method, b":", uri, b":", content.as_bytes()])
            }
            Some(Qop::Auth) | None => hash.hash(&[method, b":", uri]),
        };
        let (ha1, ha2, nonce) = (self.ha1.as_bytes(), ha2.as_bytes(), self.nonce());
        match qop {
            None => hash.hash(&[ha1, b":", nonce, b":", ha2]),
            Some(qop) => {
                let qop = qop.name().as_bytes();
                hash.hash(&[ha1, b":", nonce, b":", &nc_digits(id.nc), b":", id.cnonce, b":", qop, b":", ha2])
            }
        }
    }
}

/// The header value up to and including `uri=`. Which parameters are quoted is fixed by RFC 7616 3.4.
fn fixed_prefix(challenge: &Challenge, username: &str) -> Vec<u8> {
    // Names and punctuation take 40 bytes, a user hash 64.
    let capacity = 104 + username.len() + challenge.realm.len() + challenge.nonce.len();
    let mut prefix = Vec::with_capacity(capacity);
    prefix.extend_from_slice(b"Digest ");
    if challenge.userhash {
        let userhash = challenge.algorithm.hash.hash(&[username.as_bytes(), b":", &challenge.realm]);
        prefix.extend_from_slice(b"username=");
        write_quoted(&mut prefix, userhash.as_bytes());
    } else if username.is_ascii() && fits_quoted_string(username.as_bytes()) {
        prefix.extend_from_slice(b"username=");
        write_quoted(&mut prefix, username.as_bytes());
    } else {
        prefix.extend_from_slice(b"username*=UTF-8''");
        write_ext_value(&mut prefix, username);
    }
    prefix.extend_from_slice(b", realm=");
    write_quoted(&mut prefix, &challenge.realm);
    prefix.extend_from_slice(b", nonce=");
    write_quoted(&mut prefix, &challenge.nonce);
    prefix.extend_from_slice(b", uri=");
    prefix
}

/// The unchanging parameters behind `response`: none of them quoted but `opaque` (RFC 7616 3.4).
fn fixed_suffix(challenge: &Challenge) -> Vec<u8> {
    let mut suffix = Vec::with_capacity(64);
    if challenge.userhash {
        suffix.extend_from_slice(b", userhash=true");
    }
    if let Some(algorithm) = &challenge.algorithm_name {
        suffix.extend_from_slice(b", algorithm=");
        suffix.extend_from_slice(algorithm);
    }
    if let Some(opaque) = &challenge.opaque {
        suffix.extend_from_slice(b", opaque=");
        write_quoted(&mut suffix, opaque);
    }
    if let Some(qop) = challenge.qop {
        suffix.extend_from_slice(b", qop=");
        suffix.extend_from_slice(qop.name().as_bytes());
    }
    suffix
}

/// `nc` has exactly eight digits (RFC 7616 3.4).
fn nc_digits(nc: u32) -> [u8; 8] {
    let mut digits = [b'0'; 8];
    write_hex(&nc.to_be_bytes(), &mut digits);
    digits
}

/// `value-chars` of RFC 8187 3.2.1: everything but `attr-char` is percent-encoded.
fn write_ext_value(out: &mut Vec<u8>, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            out.push(byte);
        } else {
            let mut digits = [0; 2];
            write_hex(&[byte], &mut digits);
            out.push(b'%');
            out.extend(digits.map(|digit| digit.to_ascii_uppercase()));
        }
    }
}
