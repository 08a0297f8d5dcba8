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
    /// The realm: any bytes that a header field may have. Quotes and backslashes are written as quoted pairs.
    pub fn realm(mut self, realm: impl Into<Vec<u8>>) -> DigestOffer {
        self.realm = realm.into();
        self
    }

    /// The algorithms, one challenge for each, in this order. If empty: one challenge without `algorithm`,
    /// which means MD5. An algorithm that this build lacks is offered but never accepted.
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> DigestOffer {
        self.algorithms = algorithms.into_iter().collect();
        self
    }

    /// The values of `qop`. If empty: no `qop` at all, which is RFC 2069.
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

    /// Sends `userhash=true` (RFC 7616 3.4.4) and accepts a hashed user name as well as a plain one. Default:
    /// off.
    pub fn userhash(mut self, offered: bool) -> DigestOffer {
        self.userhash = offered;
        self
    }

    /// Sends `charset=UTF-8`. Default: off.
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
        let mut challenges: Vec<Vec<u8>> =
            self.algorithms.iter().map(|algorithm| self.challenge(Some(*algorithm), nonce, stale)).collect();
        if challenges.is_empty() {
            challenges.push(self.challenge(None, nonce, stale));
        }
        if self.separate_fields { challenges } else { vec![challenges.join(b", ".as_slice())] }
    }

    fn challenge(&self, algorithm: Option<Algorithm>, nonce: &str, stale: &str) -> Vec<u8> {
        // No space after the comma: legal, and several clients fail on it.
        let qop = self.qop.iter().map(|qop| qop.name()).collect::<Vec<_>>().join(",");
        let parameters = [
            Some(("Digest realm", quoted(&self.realm))),
            self.domain.as_ref().map(|domain| ("domain", quoted(domain.as_bytes()))),
            Some(("nonce", quoted(nonce.as_bytes()))),
            self.opaque.as_ref().map(|opaque| ("opaque", quoted(opaque))),
            algorithm.map(|algorithm| ("algorithm", algorithm.name().into())),
            (!qop.is_empty()).then(|| ("qop", quoted(qop.as_bytes()))),
            Some(("stale", stale.into())),
            self.charset.then(|| ("charset", "UTF-8".into())),
            self.userhash.then(|| ("userhash", "true".into())),
        ];
        join(parameters.into_iter().flatten())
    }
}

/// A list of parameters. The values are tokens or quoted strings.
pub(crate) fn join<'a>(parameters: impl IntoIterator<Item = (&'a str, Vec<u8>)>) -> Vec<u8> {
    let write = |(name, value): (&str, Vec<u8>)| [name.as_bytes(), b"=", &value].concat();
    parameters.into_iter().map(write).collect::<Vec<_>>().join(b", ".as_slice())
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
