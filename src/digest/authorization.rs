//! From a challenge, user credentials and a request to the value of `Authorization` (RFC 7616 3.4).

use std::fmt;

use super::algorithm::{Algorithm, HexHash, write_hex};
use super::challenge::{Challenge, Qop};
use super::grammar::{fits_quoted_string, write_quoted};

/// A user name and password.
///
/// Its `Debug` shows neither. The password leaves it only as part of a hash.
#[derive(Clone)]
pub struct UserCredentials {
    username: String,
    password: String,
}

impl UserCredentials {
    /// Both are hashed in UTF-8 (RFC 7616 4), without normalisation: give them in Unicode NFC.
    ///
    /// A name in ASCII without control characters is sent as it is. Any other is sent as `username*` (RFC 8187), which
    /// servers before RFC 7616 do not know. If the server wants the hash of the name (3.4.4), that is sent instead. RFC
    /// 7616 4 excludes the colon from names, because the hash cannot tell it from the one that ends the name (3.4.2). This
    /// is not checked.
    pub fn new(username: impl Into<String>, password: impl Into<String>) -> Self {
        UserCredentials { username: username.into(), password: password.into() }
    }
}

impl fmt::Debug for UserCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserCredentials(..)")
    }
}

/// The parts of a request that are hashed (RFC 7616 3.4.3).
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The method, as sent.
    pub method: &'a str,
    /// The request-target, byte for byte as sent: usually path and query (RFC 9112 3.2). It is not checked: an illegal
    /// request-target makes an illegal `Authorization`.
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

/// What all credentials (RFC 7616 3.4) that answer one challenge have in common, whatever the request.
#[derive(Clone)]
pub(super) struct PreparedCredentials {
    challenge: Challenge,
    /// H(A1): as good as the password in this realm. Never shown.
    ha1: HexHash,
    /// `-sess`: the cnonce that H(A1) was made with, which then goes with every request.
    session_cnonce: Option<Vec<u8>>,
}

impl PreparedCredentials {
    /// Only `-sess` uses the cnonce: it makes A1 with that of the session's first request (3.4.2).
    pub(super) fn new(challenge: Challenge, user: &UserCredentials, cnonce: &[u8]) -> Self {
        let Algorithm { hash, session } = challenge.algorithm;
        let UserCredentials { username, password } = user;
        let mut ha1 = hash.hash(&[username.as_bytes(), b":", &challenge.realm, b":", password.as_bytes()]);
        if session {
            ha1 = hash.hash(&[ha1.as_bytes(), b":", &challenge.nonce, b":", cnonce]);
        }
        PreparedCredentials { challenge, ha1, session_cnonce: session.then(|| cnonce.to_vec()) }
    }

    /// The same session under the nonce that `Authentication-Info` announced (RFC 7616 3.5): H(A1) stays,
    /// also for `-sess`, where it is bound to the session's first nonce (3.4.2).
    pub(super) fn with_next_nonce(&self, nonce: Vec<u8>) -> Self {
        let challenge = Challenge { nonce, ..self.challenge.clone() };
        PreparedCredentials { challenge, ..self.clone() }
    }

    /// Whether this answers exactly this challenge.
    pub(super) fn is_for(&self, challenge: &Challenge) -> bool {
        self.challenge == *challenge
    }

    /// The server's nonce.
    pub(super) fn nonce(&self) -> &[u8] {
        &self.challenge.nonce
    }

    /// The cnonce to use: the one that was drawn for the request, or with `-sess` that of the session.
    fn cnonce<'a>(&'a self, drawn: &'a [u8]) -> &'a [u8] {
        self.session_cnonce.as_deref().unwrap_or(drawn)
    }

    /// The value of `Authorization` for one request. RFC 7616 3.4 says which parameters are quoted.
    pub(super) fn authorization(
        &self,
        user: &UserCredentials,
        nc: u32,
        drawn_cnonce: &[u8],
        request: &Request<'_>,
    ) -> Vec<u8> {
        let cnonce = self.cnonce(drawn_cnonce);
        let Challenge { realm, nonce, opaque, algorithm_name, qop, userhash, .. } = &self.challenge;
        let mut value = Vec::with_capacity(512);
        value.extend_from_slice(b"Digest ");
        self.write_username(&mut value, &user.username);
        write_quoted(&mut value, ", realm=", realm);
        write_quoted(&mut value, ", nonce=", nonce);
        write_quoted(&mut value, ", uri=", request.uri.as_bytes());
        value.extend_from_slice(b", response=\"");
        value.extend_from_slice(self.response(nc, cnonce, *qop, request).as_bytes());
        value.push(b'"');
        if *userhash {
            value.extend_from_slice(b", userhash=true");
        }
        if let Some(algorithm) = algorithm_name {
            value.extend_from_slice(b", algorithm=");
            value.extend_from_slice(algorithm);
        }
        if let Some(opaque) = opaque {
            write_quoted(&mut value, ", opaque=", opaque);
        }
        if let Some(qop) = qop {
            value.extend_from_slice(b", qop=");
            value.extend_from_slice(qop.name().as_bytes());
            value.extend_from_slice(b", nc=");
            value.extend_from_slice(&nc_digits(nc));
        }
        // RFC 2617 3.2.2 forbids a cnonce without qop, but the server needs it to make a `-sess` A1.
        if qop.is_some() || self.session_cnonce.is_some() {
            value.extend_from_slice(b", cnonce=\"");
            value.extend_from_slice(cnonce);
            value.push(b'"');
        }
        value
    }

    /// `username`, or `username*` for a name that does not fit a quoted string in ASCII.
    fn write_username(&self, value: &mut Vec<u8>, username: &str) {
        if self.challenge.userhash {
            let hash = self.challenge.algorithm.hash;
            let userhash = hash.hash(&[username.as_bytes(), b":", &self.challenge.realm]);
            write_quoted(value, "username=", userhash.as_bytes());
        } else if username.is_ascii() && fits_quoted_string(username.as_bytes()) {
            write_quoted(value, "username=", username.as_bytes());
        } else {
            value.extend_from_slice(b"username*=UTF-8''");
            value.extend_from_slice(encode_value_chars(username).as_bytes());
        }
    }

    /// What the server must send as `rspauth` (RFC 7616 3.5). It is computed like `response`, but with an empty method and
    /// the response's content. `qop` is what `Authentication-Info` says, or else that of the request. A request without
    /// qop had no `nc`, so its `rspauth` has no qop either.
    pub(super) fn rspauth(
        &self,
        nc: u32,
        drawn_cnonce: &[u8],
        qop: Option<Qop>,
        uri: &str,
        body: &[u8],
    ) -> HexHash {
        let qop = self.challenge.qop.map(|requested| qop.unwrap_or(requested));
        self.response(nc, self.cnonce(drawn_cnonce), qop, &Request { method: "", uri, body })
    }

    /// `response` (RFC 7616 3.4.1; without qop, RFC 2069 2.1.2).
    fn response(&self, nc: u32, cnonce: &[u8], qop: Option<Qop>, request: &Request<'_>) -> HexHash {
        let hash = self.challenge.algorithm.hash;
        let (method, uri) = (request.method.as_bytes(), request.uri.as_bytes());
        let ha2 = match qop {
            Some(Qop::AuthInt) => {
                hash.hash(&[method, b":", uri, b":", hash.hash(&[request.body]).as_bytes()])
            }
            Some(Qop::Auth) | None => hash.hash(&[method, b":", uri]),
        };
        let (ha1, ha2, nonce) = (self.ha1.as_bytes(), ha2.as_bytes(), self.nonce());
        match qop {
            None => hash.hash(&[ha1, b":", nonce, b":", ha2]),
            Some(qop) => {
                let (nc, qop) = (nc_digits(nc), qop.name().as_bytes());
                hash.hash(&[ha1, b":", nonce, b":", &nc, b":", cnonce, b":", qop, b":", ha2])
            }
        }
    }
}

/// `nc` has exactly eight digits (RFC 7616 3.4).
fn nc_digits(nc: u32) -> [u8; 8] {
    let mut digits = [0; 8];
    write_hex(&nc.to_be_bytes(), &mut digits);
    digits
}

/// `value-chars` of RFC 8187 3.2.1: everything but `attr-char` is percent-encoded.
fn encode_value_chars(text: &str) -> String {
    let encode = |byte: u8| match byte {
        _ if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}
