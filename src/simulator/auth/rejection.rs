//! Why the simulator refused an `Authorization`.

use std::fmt;

/// Why an `Authorization` header field was refused, so that a test can say that its client makes no
/// such mistake. Sections without a number of another RFC are those of RFC 7616.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rejection {
    /// There was more than one `Authorization` field.
    SeveralFields,
    /// A scheme that has no place there: resources take Digest and Bearer, the OAuth endpoints Basic.
    OtherScheme(String),
    /// It does not follow the grammar (RFC 9110 11.4): what was expected, and what was found.
    Syntax(String),
    /// A parameter was quoted that must not be, or the other way round (3.4).
    Quoting {
        /// Its name.
        parameter: String,
        /// Whether it was quoted.
        quoted: bool,
    },
    /// A parameter came twice.
    Duplicate(String),
    /// A required parameter is missing.
    Missing(&'static str),
    /// A parameter that has no place in an answer to this challenge.
    Unexpected(&'static str),
    /// The realm is not that of the challenge.
    WrongRealm(String),
    /// `opaque` is not that of the challenge.
    WrongOpaque(String),
    /// An algorithm that was not offered, or that this build cannot compute.
    WrongAlgorithm(String),
    /// A `qop` that was not offered.
    WrongQop(String),
    /// `userhash` is neither `true` nor `false`, or was not offered.
    WrongUserhash(String),
    /// `uri` is not the request-target, byte for byte.
    WrongUri {
        /// What `uri` said.
        uri: String,
        /// What the request line said.
        target: String,
    },
    /// `username*` does not follow RFC 8187.
    BadUsername(String),
    /// No key has this user name.
    UnknownUser(String),
    /// `nc` is not eight hexadecimal digits (in lower case, if strict), or it is zero.
    BadNc(String),
    /// `nc` was used before with this nonce.
    RepeatedNc(u32),
    /// The simulator did not issue this nonce, or has forgotten it. Stale.
    UnknownNonce,
    /// The nonce is older than its lifetime. Stale.
    ExpiredNonce,
    /// The nonce was used as often as it may be. Stale.
    ExhaustedNonce,
    /// The hash is wrong: another private key, or a mistake in computing it.
    WrongResponse,
    /// What follows `Basic` is not the base64 of a form-encoded id, a colon and a form-encoded secret (RFC 6749
    /// 2.3.1).
    MalformedBasic,
    /// No service account has this id.
    UnknownClient(String),
    /// The secret is not that of the service account.
    WrongSecret,
    /// The simulator did not issue this access token, or has forgotten it.
    UnknownToken,
    /// The access token is older than its lifetime.
    ExpiredToken,
    /// The access token was revoked.
    RevokedToken,
}

impl Rejection {
    /// Whether only the nonce was refused, so that the 401 says `stale=true` (3.3).
    pub fn is_stale(&self) -> bool {
        matches!(self, Rejection::UnknownNonce | Rejection::ExpiredNonce | Rejection::ExhaustedNonce)
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rejection::SeveralFields => f.write_str("more than one Authorization field"),
            Rejection::OtherScheme(scheme) => write!(f, "the scheme {scheme} has no place here"),
            Rejection::Syntax(problem) => f.write_str(problem),
            Rejection::Quoting { parameter, quoted: true } => write!(f, "{parameter} must not be quoted"),
            Rejection::Quoting { parameter, quoted: false } => write!(f, "{parameter} must be quoted"),
            Rejection::Duplicate(name) => write!(f, "{name} came twice"),
            Rejection::Missing(name) => write!(f, "{name} is missing"),
            Rejection::Unexpected(name) => write!(f, "{name} has no place in an answer to this challenge"),
            Rejection::WrongRealm(realm) => write!(f, "the realm is not {realm:?}"),
            Rejection::WrongOpaque(opaque) => write!(f, "opaque is not {opaque:?}"),
            Rejection::WrongAlgorithm(name) => write!(f, "the algorithm {name:?} was not offered"),
            Rejection::WrongQop(qop) => write!(f, "the qop {qop:?} was not offered"),
            Rejection::WrongUserhash(value) => write!(f, "userhash {value:?} was not offered"),
            Rejection::WrongUri { uri, target } => {
                write!(f, "uri is {uri:?}, but the request is for {target:?}")
            }
            Rejection::BadUsername(value) => write!(f, "username* is not as RFC 8187 has it: {value:?}"),
            Rejection::UnknownUser(name) => write!(f, "there is no key {name:?}"),
            Rejection::BadNc(nc) => write!(f, "nc is not a count in eight hexadecimal digits: {nc:?}"),
            Rejection::RepeatedNc(nc) => write!(f, "nc {nc:08x} came twice"),
            Rejection::UnknownNonce => f.write_str("the nonce is unknown"),
            Rejection::ExpiredNonce => f.write_str("the nonce has expired"),
            Rejection::ExhaustedNonce => f.write_str("the nonce was used as often as it may be"),
            Rejection::WrongResponse => f.write_str("the response is wrong"),
            Rejection::MalformedBasic => f.write_str("Basic does not hold a form-encoded id and secret"),
            Rejection::UnknownClient(id) => write!(f, "there is no service account {id:?}"),
            Rejection::WrongSecret => f.write_str("the client secret is wrong"),
            Rejection::UnknownToken => f.write_str("the access token is unknown"),
            Rejection::ExpiredToken => f.write_str("the access token has expired"),
            Rejection::RevokedToken => f.write_str("the access token was revoked"),
        }
    }
}
