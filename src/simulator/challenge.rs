//! What a 401 of the simulator offers (RFC 7616 3.3), and how it is written.

use crate::digest::Algorithm;

/// A quality of protection (RFC 7616 3.3, `qop`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Qop {
    /// `auth`: the request line is authenticated.
    Auth,
    /// `auth-int`: the request line and the body are.
    AuthInt,
}

impl Qop {
    pub(super) fn name(self) -> &'static str {
        match self {
            Qop::Auth => "auth",
            Qop::AuthInt => "auth-int",
        }
    }
}

/// What the simulator's 401 offers, and what its verifier then insists on.
///
/// The default is Atlas's own: `Digest realm="MMS Public API", domain="", nonce="…", algorithm=MD5,
/// qop="auth", stale=false`.
///
/// ```
/// use atlas_export_buckets::digest::Algorithm;
/// use atlas_export_buckets::simulator::{Challenge, Qop};
/// let preferred = Algorithm::from_name(b"SHA-256-sess");
/// let modern = Challenge::default()
///     .algorithms(preferred.into_iter().chain([Algorithm::MD5]))
///     .qop([Qop::AuthInt])
///     .userhash(true);
/// ```
#[derive(Clone, Debug)]
pub struct Challenge {
    pub(super) realm: Vec<u8>,
    pub(super) opaque: Option<Vec<u8>>,
    pub(super) algorithms: Vec<Algorithm>,
    pub(super) qop: Vec<Qop>,
    pub(super) userhash: bool,
    domain: Option<String>,
    charset: bool,
    separate_fields: bool,
    template: Option<Vec<Vec<u8>>>,
}

impl Default for Challenge {
    fn default() -> Self {
        Challenge {
            realm: b"MMS Public API".to_vec(),
            opaque: None,
            algorithms: vec![Algorithm::MD5],
            qop: vec![Qop::Auth],
            userhash: false,
            domain: Some(String::new()),
            charset: false,
            separate_fields: false,
            template: None,
        }
    }
}

impl Challenge {
    /// The realm: any bytes. Quotes and backslashes are written as quoted pairs.
    pub fn realm(mut self, realm: impl Into<Vec<u8>>) -> Challenge {
        self.realm = realm.into();
        self
    }

    /// The algorithms, one challenge for each, in this order. None: one challenge without `algorithm`,
    /// which means MD5. An algorithm that this build cannot compute is offered but never accepted.
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Challenge {
        self.algorithms = algorithms.into_iter().collect();
        self
    }

    /// The values of `qop`. None: no `qop` at all, which is RFC 2069.
    pub fn qop(mut self, qop: impl IntoIterator<Item = Qop>) -> Challenge {
        self.qop = qop.into_iter().collect();
        self
    }

    /// `opaque`, which the client must echo exactly, also if it is empty. Default: not sent.
    pub fn opaque(mut self, opaque: impl Into<Vec<u8>>) -> Challenge {
        self.opaque = Some(opaque.into());
        self
    }

    /// `domain`. Default: the empty string that Atlas sends. `None`: not sent.
    pub fn domain(mut self, domain: Option<&str>) -> Challenge {
        self.domain = domain.map(str::to_owned);
        self
    }

    /// Sends `userhash=true` (RFC 7616 3.4.4) and accepts a hashed user name, beside a plain one.
    pub fn userhash(mut self, offered: bool) -> Challenge {
        self.userhash = offered;
        self
    }

    /// Sends `charset=UTF-8`.
    pub fn charset_utf8(mut self, sent: bool) -> Challenge {
        self.charset = sent;
        self
    }

    /// Several challenges come each in a `WWW-Authenticate` field of its own. Default: all in one field.
    pub fn separate_fields(mut self, separate: bool) -> Challenge {
        self.separate_fields = separate;
        self
    }

    /// Writes the `WWW-Authenticate` fields exactly so, one for each element, to try odd spellings and
    /// hostile ones. `{nonce}` becomes a fresh nonce and `{stale}` becomes `true` or `false`; without
    /// them the text goes out as it is. What is accepted still follows from the other settings.
    pub fn written_as<T: Into<Vec<u8>>>(mut self, fields: impl IntoIterator<Item = T>) -> Challenge {
        self.template = Some(fields.into_iter().map(Into::into).collect());
        self
    }

    /// The values of the `WWW-Authenticate` fields.
    pub(super) fn fields(&self, nonce: &str, stale: bool) -> Vec<Vec<u8>> {
        let stale = if stale { "true" } else { "false" };
        if let Some(template) = &self.template {
            return template
                .iter()
                .map(|field| {
                    let field = replace(field, b"{nonce}", nonce.as_bytes());
                    replace(&field, b"{stale}", stale.as_bytes())
                })
                .collect();
        }
        let challenges: Vec<Vec<u8>> = if self.algorithms.is_empty() {
            vec![self.one(None, nonce, stale)]
        } else {
            let each = self.algorithms.iter();
            each.map(|algorithm| self.one(Some(*algorithm), nonce, stale)).collect()
        };
        if self.separate_fields { challenges } else { vec![challenges.join(b", ".as_slice())] }
    }

    fn one(&self, algorithm: Option<Algorithm>, nonce: &str, stale: &str) -> Vec<u8> {
        let mut text = b"Digest realm=".to_vec();
        text.extend(quoted(&self.realm));
        let mut add = |name: &str, value: &[u8]| {
            text.extend_from_slice(b", ");
            text.extend_from_slice(name.as_bytes());
            text.push(b'=');
            text.extend_from_slice(value);
        };
        if let Some(domain) = &self.domain {
            add("domain", &quoted(domain.as_bytes()));
        }
        add("nonce", &quoted(nonce.as_bytes()));
        if let Some(opaque) = &self.opaque {
            add("opaque", &quoted(opaque));
        }
        if let Some(algorithm) = algorithm {
            add("algorithm", algorithm.name().as_bytes());
        }
        if !self.qop.is_empty() {
            let names: Vec<&str> = self.qop.iter().map(|qop| qop.name()).collect();
            // Without a space after the comma: legal, and more than one client stumbles over it.
            add("qop", &quoted(names.join(",").as_bytes()));
        }
        add("stale", stale.as_bytes());
        if self.charset {
            add("charset", b"UTF-8");
        }
        if self.userhash {
            add("userhash", b"true");
        }
        text
    }
}

/// A quoted string (RFC 9110 5.6.4).
pub(super) fn quoted(value: &[u8]) -> Vec<u8> {
    let mut text = vec![b'"'];
    for &byte in value {
        if matches!(byte, b'"' | b'\\') {
            text.push(b'\\');
        }
        text.push(byte);
    }
    text.push(b'"');
    text
}

fn replace(text: &[u8], pattern: &[u8], by: &[u8]) -> Vec<u8> {
    let mut result = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, tail)) = rest.split_first() {
        if let Some(after) = rest.strip_prefix(pattern) {
            result.extend_from_slice(by);
            rest = after;
        } else {
            result.push(first);
            rest = tail;
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::HashFunction;

    fn written(challenge: Challenge) -> String {
        String::from_utf8(challenge.fields("N0", false).join(b"\n".as_slice())).unwrap()
    }

    #[test]
    fn challenges_are_written_as_their_settings_say() {
        let sha = Algorithm { hash: HashFunction::Md5, session: true };
        let table = [
            (
                "Atlas's own",
                Challenge::default(),
                r#"Digest realm="MMS Public API", domain="", nonce="N0", algorithm=MD5, qop="auth", stale=false"#,
            ),
            (
                "RFC 2069",
                Challenge::default().algorithms([]).qop([]).domain(None),
                r#"Digest realm="MMS Public API", nonce="N0", stale=false"#,
            ),
            (
                "two algorithms in one field",
                Challenge::default().domain(None).realm("r").algorithms([sha, Algorithm::MD5]),
                r#"Digest realm="r", nonce="N0", algorithm=MD5-sess, qop="auth", stale=false, Digest realm="r", nonce="N0", algorithm=MD5, qop="auth", stale=false"#,
            ),
            (
                "two algorithms in two fields",
                Challenge::default()
                    .domain(None)
                    .realm("r")
                    .qop([])
                    .algorithms([sha, Algorithm::MD5])
                    .separate_fields(true),
                "Digest realm=\"r\", nonce=\"N0\", algorithm=MD5-sess, stale=false\nDigest realm=\"r\", nonce=\"N0\", algorithm=MD5, stale=false",
            ),
            (
                "everything, with quoted pairs",
                Challenge::default()
                    .realm(r#"a "b\c", d"#)
                    .opaque("")
                    .qop([Qop::Auth, Qop::AuthInt])
                    .charset_utf8(true)
                    .userhash(true),
                r#"Digest realm="a \"b\\c\", d", domain="", nonce="N0", opaque="", algorithm=MD5, qop="auth,auth-int", stale=false, charset=UTF-8, userhash=true"#,
            ),
            (
                "a text of one's own",
                Challenge::default().written_as(["Basic realm=x", "DIGEST Nonce={nonce} , stale={stale}"]),
                "Basic realm=x\nDIGEST Nonce=N0 , stale=false",
            ),
        ];
        for (name, challenge, expected) in table {
            assert_eq!(written(challenge), expected, "{name}");
        }
    }
}
