//! A strict parser of `Authorization: Digest …` (RFC 7616 3.4, RFC 9110 11.4), written
//! independently of the client, so that the two cannot share a mistake.

use std::collections::HashMap;

use super::rejection::Rejection;

/// The parameters of one `Authorization` field by their names, with quoted pairs undone.
#[derive(Debug)]
pub(crate) struct Authorization {
    parameters: HashMap<String, Vec<u8>>,
}

/// RFC 7616 3.4: these values must be quoted…
const QUOTED: [&str; 7] = ["username", "realm", "nonce", "uri", "response", "cnonce", "opaque"];
/// …and these must not. (`username*` has no other form: RFC 8187.)
const BARE: [&str; 5] = ["algorithm", "qop", "nc", "userhash", "username*"];

impl Authorization {
    /// Parses the value of an `Authorization` field. Unless `strict`, a parameter that must not be quoted
    /// may be: Python's requests sends `qop="auth"` and `algorithm="MD5"`.
    pub(crate) fn parse(value: &[u8], strict: bool) -> Result<Authorization, Rejection> {
        let mut cursor = FieldCursor { rest: value };
        let scheme = cursor.token()?;
        if !scheme.eq_ignore_ascii_case("Digest") {
            return Err(Rejection::OtherScheme(scheme));
        }
        if cursor.spaces() == 0 {
            return Err(cursor.unexpected("a space after the scheme"));
        }
        let mut parameters = HashMap::new();
        loop {
            let name = cursor.token()?.to_ascii_lowercase();
            cursor.spaces();
            cursor.expect(b'=', "an equals sign")?;
            cursor.spaces();
            let quoted = cursor.rest.starts_with(b"\"");
            let value = if quoted { cursor.quoted_string()? } else { cursor.token()?.into_bytes() };
            if parameters.contains_key(&name) {
                return Err(Rejection::Duplicate(name));
            }
            let wrongly_quoted = quoted && strict && BARE.contains(&name.as_str());
            if wrongly_quoted || (!quoted && QUOTED.contains(&name.as_str())) {
                return Err(Rejection::Quoting { parameter: name, quoted });
            }
            parameters.insert(name, value);
            cursor.spaces();
            if cursor.rest.is_empty() {
                return Ok(Authorization { parameters });
            }
            cursor.expect(b',', "a comma between parameters")?;
            cursor.spaces();
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&[u8]> {
        self.parameters.get(name).map(Vec::as_slice)
    }

    pub(crate) fn require(&self, name: &'static str) -> Result<&[u8], Rejection> {
        self.get(name).ok_or(Rejection::Missing(name))
    }
}

/// Reads tokens and quoted strings off the front of a field value.
struct FieldCursor<'a> {
    rest: &'a [u8],
}

impl FieldCursor<'_> {
    fn token(&mut self) -> Result<String, Rejection> {
        let is_token_byte = |byte: &&u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
        let length = self.rest.iter().take_while(is_token_byte).count();
        let (token, rest) = self.rest.split_at_checked(length).unwrap_or_default();
        if token.is_empty() {
            return Err(self.unexpected("a token"));
        }
        self.rest = rest;
        Ok(String::from_utf8_lossy(token).into_owned())
    }

    fn quoted_string(&mut self) -> Result<Vec<u8>, Rejection> {
        let mut value = Vec::new();
        self.eat(b'"');
        while !self.eat(b'"') {
            let escaped = self.eat(b'\\');
            match self.rest {
                [byte @ (b'\t' | b' '..=b'~' | 0x80..), rest @ ..] => {
                    value.push(*byte);
                    self.rest = rest;
                }
                _ if escaped => return Err(self.unexpected("a character after the backslash")),
                _ => return Err(self.unexpected("text or a closing quote")),
            }
        }
        Ok(value)
    }

    fn spaces(&mut self) -> usize {
        let before = self.rest.len();
        while self.eat(b' ') || self.eat(b'\t') {}
        before - self.rest.len()
    }

    fn expect(&mut self, byte: u8, described: &str) -> Result<(), Rejection> {
        if self.eat(byte) { Ok(()) } else { Err(self.unexpected(described)) }
    }

    fn eat(&mut self, byte: u8) -> bool {
        let rest = self.rest.strip_prefix(&[byte]);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn unexpected(&self, expected: &str) -> Rejection {
        let found = self.rest.get(..20).unwrap_or(self.rest);
        Rejection::Syntax(format!("expected {expected}, found {:?}", String::from_utf8_lossy(found)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_with_quoted_pairs_undone() {
        let parsed = Authorization::parse(
            b"digest  username=\"a\\\"b\\\\c, d\" ,\trealm = \"\xc3\xa9\",nc=00000001, new=x",
            true,
        )
        .unwrap();
        assert_eq!(parsed.get("username"), Some(b"a\"b\\c, d".as_slice()));
        assert_eq!(parsed.get("realm"), Some("é".as_bytes()));
        assert_eq!(parsed.get("nc"), Some(b"00000001".as_slice()));
        assert_eq!(parsed.get("new"), Some(b"x".as_slice()));
        assert_eq!(parsed.get("qop"), None);
    }

    #[test]
    fn what_the_grammar_forbids_is_refused() {
        let table: [(&str, &[u8]); 14] = [
            ("nothing", b""),
            ("a scheme alone", b"Digest"),
            ("a scheme and a space", b"Digest "),
            ("no space after the scheme", b"Digest=x"),
            ("a name alone", b"Digest nonce"),
            ("no value", b"Digest nc="),
            ("an open string", b"Digest nonce=\"abc"),
            ("a backslash at the end", b"Digest nonce=\"abc\\"),
            ("a control character in a string", b"Digest nonce=\"a\x01\""),
            ("a space within a token", b"Digest nc=0 1"),
            ("no comma", b"Digest nonce=\"a\" nc=00000001"),
            ("an empty element", b"Digest nonce=\"a\",, nc=00000001"),
            ("a comma at the end", b"Digest nonce=\"a\", "),
            ("a value that goes on after its string", b"Digest nonce=\"a\"b"),
        ];
        for (name, value) in table {
            let refused = Authorization::parse(value, false);
            assert!(matches!(refused, Err(Rejection::Syntax(_))), "{name}: {refused:?}");
        }
    }

    #[test]
    fn quoting_is_checked_parameter_by_parameter() {
        let table = [
            ("username=a", false, false),
            ("uri=a", false, false),
            ("username=\"a\"", true, true),
            ("qop=auth", true, true),
            ("qop=\"auth\"", true, false),
            ("algorithm=\"MD5\"", true, false),
            ("nc=\"00000001\"", true, false),
            ("userhash=\"true\"", true, false),
            ("other=\"x\"", true, true),
        ];
        for (text, lenient, strict) in table {
            let field = format!("Digest {text}");
            let accepts = |strict| Authorization::parse(field.as_bytes(), strict).is_ok();
            assert_eq!((accepts(false), accepts(true)), (lenient, strict), "{text}");
        }
    }

    #[test]
    fn other_schemes_and_duplicates_are_named() {
        assert_eq!(
            Authorization::parse(b"Basic YTpi", false).unwrap_err(),
            Rejection::OtherScheme("Basic".into())
        );
        assert_eq!(
            Authorization::parse(b"Digest nonce=\"a\", NONCE=\"b\"", false).unwrap_err(),
            Rejection::Duplicate("nonce".into())
        );
    }
}
