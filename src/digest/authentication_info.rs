//! `Authentication-Info`: `rspauth` and `nextnonce` (RFC 7616 3.5).

use super::challenge::{Challenge, Qop};
use super::grammar::{Content, Element, Elements, Parameter};

/// What the server says in the response to an authenticated request.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct AuthenticationInfo {
    /// The nonce to use for the next request.
    pub(super) nextnonce: Option<Vec<u8>>,
    /// The server's proof that it knows H(A1).
    pub(super) rspauth: Option<Vec<u8>>,
    /// The quality of protection that `rspauth` was made with.
    pub(super) qop: Option<Qop>,
}

impl AuthenticationInfo {
    /// Reads the fields, which are one list. What does not fit the grammar counts as absent. Absence cannot be an error,
    /// because nothing protects the fields from being removed on the way.
    pub(super) fn parse<'f>(fields: impl IntoIterator<Item = &'f [u8]>) -> Self {
        let mut info = AuthenticationInfo::default();
        for element in fields.into_iter().flat_map(Elements::new) {
            if let Element { scheme: None, content: Content::Parameter(parameter) } = element {
                info.set(parameter);
            }
        }
        info
    }

    fn set(&mut self, Parameter { name, value }: Parameter<'_>) {
        if name.eq_ignore_ascii_case(b"rspauth") {
            self.rspauth = Some(value.into_owned());
        } else if name.eq_ignore_ascii_case(b"qop") {
            self.qop = Qop::from_name(&value);
        } else if name.eq_ignore_ascii_case(b"nextnonce") {
            let is_usable = (1..=Challenge::MAX_VALUE).contains(&value.len());
            self.nextnonce = is_usable.then(|| value.into_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(nextnonce: Option<&str>, rspauth: Option<&str>, qop: Option<Qop>) -> AuthenticationInfo {
        let bytes = |text: &str| text.as_bytes().to_vec();
        AuthenticationInfo { nextnonce: nextnonce.map(bytes), rspauth: rspauth.map(bytes), qop }
    }

    #[test]
    fn the_field_is_read_in_every_form_it_takes() {
        let long = format!("nextnonce=\"{}\"", "n".repeat(4097));
        let cases = [
            (
                "as Apache sends it",
                r#"rspauth="0af", cnonce="x", nc=00000001, qop=auth"#,
                info(None, Some("0af"), Some(Qop::Auth)),
            ),
            ("a next nonce", r#"nextnonce="abc==""#, info(Some("abc=="), None, None)),
            (
                "names in any case, no space",
                r#"NextNonce="a",RSPAUTH=b,qop="auth-int""#,
                info(Some("a"), Some("b"), Some(Qop::AuthInt)),
            ),
            ("nothing", "", info(None, None, None)),
            ("rubbish", "=, \"", info(None, None, None)),
            ("rubbish before and between", r#"Digest x, ==, rspauth="r", @"#, info(None, Some("r"), None)),
            ("an unknown qop", r#"rspauth="r", qop=auth-conf"#, info(None, Some("r"), None)),
            ("quoted pairs", r#"nextnonce="a\"b\\c""#, info(Some(r#"a"b\c"#), None, None)),
            ("an empty next nonce", r#"nextnonce="""#, info(None, None, None)),
            ("an overlong next nonce", &long, info(None, None, None)),
        ];
        for (name, field, expected) in cases {
            assert_eq!(AuthenticationInfo::parse([field.as_bytes()]), expected, "{name}");
        }
    }

    #[test]
    fn several_fields_are_one_list() {
        let fields: [&[u8]; 3] = [b"nextnonce=\"n\"", b"", b"rspauth=\"r\", qop=auth"];
        assert_eq!(AuthenticationInfo::parse(fields), info(Some("n"), Some("r"), Some(Qop::Auth)));
    }
}
