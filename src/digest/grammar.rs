//! The grammar that challenges, credentials and `Authentication-Info` share: tokens, quoted strings, `auth-param`,
//! `token68` and the comma-separated list (RFC 9110 5.6 and 11.2 to 11.6).
//!
//! It works on bytes, because header values are bytes. An element that does not fit the grammar is
//! [`Content::Malformed`], and spoils no other element.
//!
//! It also accepts two forms that RFC 9110 keeps for old senders: white space around `=` (`BWS`), and bytes above 0x7F in
//! quoted strings (`obs-text`).

use std::borrow::Cow;

/// One element of the comma-separated list. A challenge of several parameters spans several elements,
/// because the commas of the list and those of the parameters are the same commas (RFC 9110 11.6.1).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Element<'a> {
    /// The scheme, if a new challenge begins here.
    pub(super) scheme: Option<&'a [u8]>,
    pub(super) content: Content<'a>,
}

/// What an element holds besides its scheme.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Content<'a> {
    /// Nothing, or a `token68`.
    NoParameter,
    Parameter(Parameter<'a>),
    Malformed,
}

/// `auth-param`: a name, and a value with its quoting undone.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parameter<'a> {
    pub(super) name: &'a [u8],
    pub(super) value: Cow<'a, [u8]>,
}

/// Reads the elements of one field value, one after the other.
pub(super) struct Elements<'a> {
    rest: &'a [u8],
}

impl<'a> Elements<'a> {
    pub(super) fn new(field: &'a [u8]) -> Self {
        Elements { rest: field }
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        // Empty list elements are legal (RFC 9110 5.6.1.2).
        while let [b' ' | b'\t' | b',', rest @ ..] = self.rest {
            self.rest = rest;
        }
        self.rest.first()?;
        let token = self.token();
        let is_spaced = self.skip_white_space();
        if self.rest.starts_with(b"=") {
            return Some(Element { scheme: None, content: self.parameter(token) });
        }
        let is_alone = self.is_at_end();
        if token.is_empty() || !(is_alone || is_spaced) {
            self.skip_element();
            return Some(Element { scheme: None, content: Content::Malformed });
        }
        let content = if is_alone || self.skip_token68() {
            Content::NoParameter
        } else {
            let name = self.token();
            self.parameter(name)
        };
        Some(Element { scheme: Some(token), content })
    }
}

impl<'a> Elements<'a> {
    /// Reads what follows the name of a parameter, `BWS "=" BWS ( token / quoted-string )`, to the element's end.
    fn parameter(&mut self, name: &'a [u8]) -> Content<'a> {
        match self.value() {
            Some(value) if !name.is_empty() && self.is_at_end() => {
                Content::Parameter(Parameter { name, value })
            }
            _ => {
                self.skip_element();
                Content::Malformed
            }
        }
    }

    fn value(&mut self) -> Option<Cow<'a, [u8]>> {
        self.skip_white_space();
        self.rest = self.rest.strip_prefix(b"=")?;
        self.skip_white_space();
        if self.rest.starts_with(b"\"") {
            return self.quoted_string();
        }
        Some(self.token()).filter(|token| !token.is_empty()).map(Cow::Borrowed)
    }

    /// The content of a quoted string with its quoted pairs undone (RFC 9110 5.6.4). If it has a character that is not
    /// allowed, or never ends, this returns `None` and reads nothing.
    fn quoted_string(&mut self) -> Option<Cow<'a, [u8]>> {
        let content = self.rest.strip_prefix(b"\"")?;
        let (plain, rest) = split_where(content, |byte| !is_qdtext(byte));
        if let Some(rest) = rest.strip_prefix(b"\"") {
            self.rest = rest;
            return Some(Cow::Borrowed(plain));
        }
        let mut value = plain.to_vec();
        let mut bytes = rest.iter();
        loop {
            match *bytes.next()? {
                b'"' => break,
                b'\\' => value.push(*bytes.next().filter(|&&byte| is_text(byte))?),
                byte if is_text(byte) => value.push(byte),
                _ => return None,
            }
        }
        self.rest = bytes.as_slice();
        Some(Cow::Owned(value))
    }

    /// Skips a `token68` that ends the element (RFC 9110 11.2). Returns whether there was one.
    fn skip_token68(&mut self) -> bool {
        let is_character = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
        let (characters, rest) = split_where(self.rest, |byte| !is_character(byte));
        let mut after = Elements { rest: split_where(rest, |byte| byte != b'=').1 };
        let is_token68 = !characters.is_empty() && after.is_at_end();
        if is_token68 {
            self.rest = after.rest;
        }
        is_token68
    }

    /// Skips white space. Returns whether a comma or the end follows.
    fn is_at_end(&mut self) -> bool {
        self.skip_white_space();
        matches!(self.rest.first(), None | Some(b','))
    }

    /// Skips to the next comma that is not in a quoted string.
    fn skip_element(&mut self) {
        let mut is_quoted = false;
        let mut is_escaped = false;
        while let [byte, rest @ ..] = self.rest {
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' if is_quoted => is_escaped = true,
                b'"' => is_quoted = !is_quoted,
                b',' if !is_quoted => return,
                _ => {}
            }
            self.rest = rest;
        }
    }

    /// Skips optional white space (RFC 9110 5.6.3). Returns whether there was any.
    fn skip_white_space(&mut self) -> bool {
        let before = self.rest.len();
        while let [b' ' | b'\t', rest @ ..] = self.rest {
            self.rest = rest;
        }
        self.rest.len() < before
    }

    /// A token, or nothing.
    fn token(&mut self) -> &'a [u8] {
        let (token, rest) = split_where(self.rest, |byte| !is_tchar(byte));
        self.rest = rest;
        token
    }
}

/// Splits before the first byte for which `is_such` is true, or else at the end.
fn split_where(text: &[u8], is_such: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    text.split_at(text.iter().position(|&byte| is_such(byte)).unwrap_or(text.len()))
}

/// Appends `before`, and `value` as a quoted string, with quoted pairs where they are needed (RFC 9110 5.6.4).
///
/// The value must have no control characters: see [`fits_quoted_string`].
pub(super) fn write_quoted(out: &mut Vec<u8>, before: &str, value: &[u8]) {
    out.extend_from_slice(before.as_bytes());
    out.push(b'"');
    if value.contains(&b'"') || value.contains(&b'\\') {
        for &byte in value {
            if matches!(byte, b'"' | b'\\') {
                out.push(b'\\');
            }
            out.push(byte);
        }
    } else {
        out.extend_from_slice(value);
    }
    out.push(b'"');
}

/// Whether `value` can be sent as a quoted string: it has no control character but the tab.
pub(super) fn fits_quoted_string(value: &[u8]) -> bool {
    value.iter().all(|&byte| is_text(byte))
}

/// What a quoted string may contain, as it is or in a quoted pair: anything but control characters, except the tab.
fn is_text(byte: u8) -> bool {
    byte >= b' ' && byte != 0x7F || byte == b'\t'
}

/// What a quoted string may contain as it is (RFC 9110 5.6.4).
fn is_qdtext(byte: u8) -> bool {
    is_text(byte) && byte != b'"' && byte != b'\\'
}

/// What a token consists of (RFC 9110 5.6.2).
fn is_tchar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scheme(name: &str) -> Element<'_> {
        Element { scheme: Some(name.as_bytes()), content: Content::NoParameter }
    }

    fn parameter<'a>(name: &'a str, value: &'a str) -> Content<'a> {
        Content::Parameter(Parameter { name: name.as_bytes(), value: Cow::Borrowed(value.as_bytes()) })
    }

    #[test]
    fn elements_are_read_as_rfc_9110_has_them() {
        let p = |name, value| Element { scheme: None, content: parameter(name, value) };
        let s = |scheme: &'static str, name, value| Element {
            scheme: Some(scheme.as_bytes()),
            content: parameter(name, value),
        };
        let malformed = || Element { scheme: None, content: Content::Malformed };
        let malformed_scheme =
            |scheme: &'static str| Element { scheme: Some(scheme.as_bytes()), content: Content::Malformed };
        let cases: Vec<(&str, &str, Vec<Element<'_>>)> = vec![
            ("nothing", "", vec![]),
            ("commas and spaces alone", " , ,\t,", vec![]),
            ("a scheme alone", "Negotiate", vec![scheme("Negotiate")]),
            ("a token68", "Negotiate YII=", vec![scheme("Negotiate")]),
            ("a token68 with two equals signs", "Basic QQ==", vec![scheme("Basic")]),
            ("a token68 without padding", "Bearer abc/+~._-", vec![scheme("Bearer")]),
            ("a token", "Digest a=b", vec![s("Digest", "a", "b")]),
            ("a quoted string", r#"Digest a="b c""#, vec![s("Digest", "a", "b c")]),
            ("a comma in quotes", r#"Digest a="b,c""#, vec![s("Digest", "a", "b,c")]),
            (
                "no space after a comma",
                r#"Digest a=b,c="d",e=f"#,
                vec![s("Digest", "a", "b"), p("c", "d"), p("e", "f")],
            ),
            (
                "white space around everything",
                "Digest \t a = b\t,\tc\t=\t\"d\" ,",
                vec![s("Digest", "a", "b"), p("c", "d")],
            ),
            ("quoted pairs", r#"Digest a="\"\\\x""#, vec![s("Digest", "a", r#""\x"#)]),
            ("an empty quoted string", r#"Digest a="""#, vec![s("Digest", "a", "")]),
            ("empty elements between", "Digest a=b,, ,c=d", vec![s("Digest", "a", "b"), p("c", "d")]),
            (
                "two schemes",
                "Basic realm=x, Digest realm=y",
                vec![s("Basic", "realm", "x"), s("Digest", "realm", "y")],
            ),
            ("a parameter of no scheme", "a=b", vec![p("a", "b")]),
            ("a missing value", "Digest a=b, c=, d=e", vec![s("Digest", "a", "b"), malformed(), p("d", "e")]),
            ("an open quote", r#"Digest a="b, c=d"#, vec![malformed_scheme("Digest")]),
            ("an open quote at a quoted pair", r#"Digest a="b\"#, vec![malformed_scheme("Digest")]),
            (
                "text behind a quoted string",
                r#"Digest a="b"c, d=e"#,
                vec![malformed_scheme("Digest"), p("d", "e")],
            ),
            ("a missing comma", "Digest a=b c=d, e=f", vec![malformed_scheme("Digest"), p("e", "f")]),
            ("a control character in quotes", "Digest a=\"b\nc\"", vec![malformed_scheme("Digest")]),
            ("a control character in a pair", "Digest a=\"b\\\n\"", vec![malformed_scheme("Digest")]),
            ("no token at all", "@, Digest a=b", vec![malformed(), s("Digest", "a", "b")]),
            ("a comma in quotes within rubbish", r#"(a "b,c", d=e"#, vec![malformed(), p("d", "e")]),
            ("an escaped quote in rubbish", r#"(a "b\",c", d=e"#, vec![malformed(), p("d", "e")]),
            ("a token before rubbish", "a(b), c=d", vec![malformed(), p("c", "d")]),
            ("a scheme before rubbish", "a (b), c=d", vec![malformed_scheme("a"), p("c", "d")]),
        ];
        for (name, input, expected) in cases {
            assert_eq!(Elements::new(input.as_bytes()).collect::<Vec<_>>(), expected, "{name}: {input}");
        }
    }

    #[test]
    fn bytes_above_ascii_stand_in_quoted_strings_only() {
        let read: Vec<_> = Elements::new(b"Digest a=\"\xC3\xA4\xFF\", b=\xC3").collect();
        let value = Cow::Borrowed(&b"\xC3\xA4\xFF"[..]);
        let content = Content::Parameter(Parameter { name: b"a", value });
        assert_eq!(
            read,
            [
                Element { scheme: Some(b"Digest"), content },
                Element { scheme: None, content: Content::Malformed }
            ]
        );
    }

    #[test]
    fn a_value_without_quoted_pairs_is_not_copied() {
        let element = Elements::new(br#"a="bc""#).next().unwrap();
        assert!(matches!(element.content, Content::Parameter(Parameter { value: Cow::Borrowed(b"bc"), .. })));
    }

    #[test]
    fn quoting_escapes_quotes_and_backslashes_only() {
        let mut out = Vec::new();
        write_quoted(&mut out, "", br#"a"b\c,d"#);
        assert_eq!(out, br#""a\"b\\c,d""#);
        out.clear();
        write_quoted(&mut out, "", br#"\""#);
        assert_eq!(out, br#""\\\"""#);
    }

    #[test]
    fn tokens_and_quoted_strings_have_the_characters_that_rfc_9110_lists() {
        for byte in 0..=u8::MAX {
            let tchar = matches!(byte,
                b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'0'..=b'9' | b'A'..=b'Z' | b'^'..=b'z' | b'|' | b'~');
            let qdtext = matches!(byte, b'\t' | b' ' | 0x21 | 0x23..=0x5B | 0x5D..=0x7E | 0x80..=0xFF);
            assert_eq!((is_tchar(byte), is_qdtext(byte)), (tchar, qdtext), "{byte:#04x}");
        }
    }
}
