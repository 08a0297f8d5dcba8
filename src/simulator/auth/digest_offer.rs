//! What a 401 of the simulator offers (RFC 7616 3.3), and how it is written.

use crate::digest::{Algorithm, Qop};

/// What the simulator's 401 offers, and what its verifier then insists on.
///
/// The default is Atlas's own: `Digest realm="MMS Public API", domain="", nonce="…", algorithm=MD5,
/// qop="auth", stale=false`.
///
/// ```
/// use atlas_export_buckets::digest::{Algorithm, Qop};
/// use atlas_export_buckets::simulator::DigestOffer;
/// let preferred = Algorithm::from_name(b"SHA-256-sess");
/// let modern = DigestOffer::default()
///     .algorithms(preferred.into_iter().chain([Algorithm::MD5]))
///     .qop([Qop::AuthInt])
///     .userhash(true);
/// ```
#[derive(Clone, Debug)]
pub struct DigestOffer {
    pub(crate) realm: Vec<u8>,
    pub(crate) opaque: Option<Vec<u8>>,
    pub(crate) algorithms: Vec<Algorithm>,
    pub(crate) qop: Vec<Qop>,
    pub(crate) userhash: bool,
    domain: Option<String>,
    charset: bool,
    separate_fields: bool,
    template: Option<Vec<String>>,
}

impl Default for DigestOffer {
    fn default() -> Self {
        DigestOffer {
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

impl DigestOffer {
    /// The realm: any bytes. Quotes and backslashes are written as quoted pairs.
    pub fn realm(mut self, realm: impl Into<Vec<u8>>) -> DigestOffer {
        self.realm = realm.into();
        self
    }

    /// The algorithms, one challenge for each, in this order. None: one challenge without `algorithm`,
    /// which means MD5. An algorithm that this build lacks is offered but never accepted.
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> DigestOffer {
        self.algorithms = algorithms.into_iter().collect();
        self
    }

    /// The values of `qop`. None: no `qop` at all, which is RFC 2069.
    pub fn qop(mut self, qop: impl IntoIterator<Item = Qop>) -> DigestOffer {
        self.qop = qop.into_iter().collect();
        self
    }

    /// `opaque`, which the client must echo exactly, also if it is empty. Default: not sent.
    pub fn opaque(mut self, opaque: impl Into<Vec<u8>>) -> DigestOffer {
        self.opaque = Some(opaque.into());
        self
    }

    /// `domain`. Default: the empty string that Atlas sends. `None`: not sent.
    pub fn domain(mut self, domain: Option<&str>) -> DigestOffer {
        self.domain = domain.map(str::to_owned);
        self
    }

    /// Sends `userhash=true` (RFC 7616 3.4.4) and accepts a hashed user name, beside a plain one.
    pub fn userhash(mut self, offered: bool) -> DigestOffer {
        self.userhash = offered;
        self
    }

    /// Sends `charset=UTF-8`.
    pub fn charset_utf8(mut self, sent: bool) -> DigestOffer {
        self.charset = sent;
        self
    }

    /// Sends each challenge in a `WWW-Authenticate` field of its own. Default: all in one field.
    pub fn separate_fields(mut self, separate: bool) -> DigestOffer {
        self.separate_fields = separate;
        self
    }

    /// Sends these `WWW-Authenticate` fields, to try odd and hostile spellings. `{nonce}` is replaced with a
    /// fresh nonce, `{stale}` with `true` or `false`. The other settings still say what is accepted.
    pub fn written_as<T: Into<String>>(mut self, fields: impl IntoIterator<Item = T>) -> DigestOffer {
        self.template = Some(fields.into_iter().map(Into::into).collect());
        self
    }

    /// The values of the `WWW-Authenticate` fields.
    pub(crate) fn fields(&self, nonce: &str, stale: bool) -> Vec<Vec<u8>> {
        let stale = if stale { "true" } else { "false" };
        if let Some(template) = &self.template {
            let fill =
                |field: &String| field.replace("{nonce}", nonce).replace("{stale}", stale).into_bytes();
            return template.iter().map(fill).collect();
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
            // No space after the comma: legal, and several clients fail on it.
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
pub(crate) fn quoted(value: &[u8]) -> Vec<u8> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::HashFunction;

    fn written(challenge: DigestOffer) -> String {
        String::from_utf8(challenge.fields("N0", false).join(b"\n".as_slice())).unwrap()
    }

    #[test]
    fn challenges_are_written_as_their_settings_say() {
        let sha = Algorithm { hash: HashFunction::Md5, session: true };
        let table = [
            (
                "Atlas's own",
                DigestOffer::default(),
                r#"Digest realm="MMS Public API", domain="", nonce="N0", algorithm=MD5, qop="auth", stale=false"#,
            ),
            (
                "RFC 2069",
                DigestOffer::default().algorithms([]).qop([]).domain(None),
                r#"Digest realm="MMS Public API", nonce="N0", stale=false"#,
            ),
            (
                "two algorithms in one field",
                DigestOffer::default().domain(None).realm("r").algorithms([sha, Algorithm::MD5]),
                r#"Digest realm="r", nonce="N0", algorithm=MD5-sess, qop="auth", stale=false, Digest realm="r", nonce="N0", algorithm=MD5, qop="auth", stale=false"#,
            ),
            (
                "two algorithms in two fields",
                DigestOffer::default()
                    .domain(None)
                    .realm("r")
                    .qop([])
                    .algorithms([sha, Algorithm::MD5])
                    .separate_fields(true),
                "Digest realm=\"r\", nonce=\"N0\", algorithm=MD5-sess, stale=false\nDigest realm=\"r\", nonce=\"N0\", algorithm=MD5, stale=false",
            ),
            (
                "everything, with quoted pairs",
                DigestOffer::default()
                    .realm(r#"a "b\c", d"#)
                    .opaque("")
                    .qop([Qop::Auth, Qop::AuthInt])
                    .charset_utf8(true)
                    .userhash(true),
                r#"Digest realm="a \"b\\c\", d", domain="", nonce="N0", opaque="", algorithm=MD5, qop="auth,auth-int", stale=false, charset=UTF-8, userhash=true"#,
            ),
            (
                "a text of one's own",
                DigestOffer::default().written_as(["Basic realm=x", "DIGEST Nonce={nonce} , stale={stale}"]),
                "Basic realm=x\nDIGEST Nonce=N0 , stale=false",
            ),
        ];
        for (name, challenge, expected) in table {
            assert_eq!(written(challenge), expected, "{name}");
        }
    }
}
