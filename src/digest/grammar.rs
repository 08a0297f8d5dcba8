//! The grammar that challenges and credentials share: tokens, quoted strings, `auth-param`, `token68`
//! and the comma-separated list (RFC 9110 5.6 and 11.2 to 11.6).
//!
//! Works on bytes, because header values are bytes. Reads in one pass and never fails as a whole: what
//! does not fit the grammar becomes an [`Element::Malformed`], and reading goes on behind the next comma.
//!
//! Where it is more liberal than the ABNF: white space around `=` is accepted (RFC 9110 calls it "bad"
//! and tells recipients to accept it), and so are bytes above 0x7F in quoted strings (`obs-text`).

use std::borrow::Cow;

/// One element of the comma-separated list. A challenge of several parameters spans several elements,
/// because the commas of the list and those of the parameters are the same commas (RFC 9110 11.6.1).
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Element<'a> {
    /// `scheme`, alone or before a `token68`.
    Scheme(&'a [u8]),
    /// `scheme name=value`: a scheme and its first parameter.
    SchemeWithParam(&'a [u8], Param<'a>),
    /// `name=value`: a further parameter.
    Param(Param<'a>),
    /// `scheme` followed by what is neither a parameter nor a `token68`.
    MalformedScheme(&'a [u8]),
    /// Anything else that is not in the grammar.
    Malformed,
}

/// `auth-param`: a name, and a value of which the quoting is already undone.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Param<'a> {
    pub(super) name: &'a [u8],
    pub(super) value: Cow<'a, [u8]>,
}

/// Iterates over the elements of one field value.
pub(super) struct Elements<'a> {
    rest: &'a [u8],
}

impl<'a> Elements<'a> {
    pub(super) fn new(field_value: &'a [u8]) -> Self {
        Elements { rest: field_value }
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
        let name = self.token();
        let spaced = self.skip_white_space();
        if self.rest.first() == Some(&b'=') {
            return Some(self.param(name).map_or(Element::Malformed, Element::Param));
        }
        if !name.is_empty() && self.at_element_end() {
            return Some(Element::Scheme(name));
        }
        if name.is_empty() || !spaced {
            self.skip_element();
            return Some(Element::Malformed);
        }
        let after_scheme = self.rest;
        if self.skip_token68() {
            return Some(Element::Scheme(name));
        }
        self.rest = after_scheme;
        let first = self.token();
        Some(match self.param(first) {
            Some(param) => Element::SchemeWithParam(name, param),
            None => Element::MalformedScheme(name),
        })
    }
}

impl<'a> Elements<'a> {
    /// `BWS "=" BWS ( token / quoted-string )` behind the name of a parameter, up to the element's end.
    /// Whatever it finds, it leaves the position there.
    fn param(&mut self, name: &'a [u8]) -> Option<Param<'a>> {
        let value = self.param_value().filter(|_| !name.is_empty());
        if value.is_some() && self.at_element_end() {
            return value.map(|value| Param { name, value });
        }
        self.skip_element();
        None
    }

    fn param_value(&mut self) -> Option<Cow<'a, [u8]>> {
        self.skip_white_space();
        self.rest = self.rest.strip_prefix(b"=")?;
        self.skip_white_space();
        if self.rest.first() == Some(&b'"') {
            return self.quoted_string();
        }
        let token = self.token();
        (!token.is_empty()).then_some(Cow::Borrowed(token))
    }

    /// The content of a quoted string with its quoted pairs undone (RFC 9110 5.6.4), without a copy
    /// unless there are some. `None` if a character is not allowed in it, or if it never ends.
    #[inline(never)]
    fn quoted_string(&mut self) -> Option<Cow<'a, [u8]>> {
        let content = self.rest.strip_prefix(b"\"")?;
        let plain = content.iter().position(|&byte| !class(byte).qdtext)?;
        let (plain, rest) = content.split_at_checked(plain)?;
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

    /// Whether a `token68` stands here and ends the element (RFC 9110 11.2).
    fn skip_token68(&mut self) -> bool {
        let before = self.rest.len();
        while let [byte, rest @ ..] = self.rest
            && (byte.is_ascii_alphanumeric() || b"-._~+/".contains(byte))
        {
            self.rest = rest;
        }
        let is_empty = self.rest.len() == before;
        while let [b'=', rest @ ..] = self.rest {
            self.rest = rest;
        }
        !is_empty && self.at_element_end()
    }

    /// Whether only white space stands before the next comma or the end; skips it.
    fn at_element_end(&mut self) -> bool {
        self.skip_white_space();
        matches!(self.rest.first(), None | Some(b','))
    }

    /// Skips to the next comma that is not within a quoted string.
    fn skip_element(&mut self) {
        let mut quoted = false;
        let mut escaped = false;
        while let [byte, rest @ ..] = self.rest {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' => quoted = !quoted,
                b',' if !quoted => return,
                _ => {}
            }
            self.rest = rest;
        }
    }

    /// Optional white space (RFC 9110 5.6.3); whether there was some.
    fn skip_white_space(&mut self) -> bool {
        let before = self.rest.len();
        while let [b' ' | b'\t', rest @ ..] = self.rest {
            self.rest = rest;
        }
        self.rest.len() < before
    }

    /// A token, or nothing.
    fn token(&mut self) -> &'a [u8] {
        let length = self.rest.iter().position(|&byte| !class(byte).tchar).unwrap_or(self.rest.len());
        let (token, rest) = self.rest.split_at_checked(length).unwrap_or_default();
        self.rest = rest;
        token
    }
}

/// Whether two words are the same where case says nothing: names (RFC 9110 11.1 and 11.2), values that are names, and
/// hexadecimal digits.
pub(super) fn eq_ignore_case(one: &[u8], other: &[u8]) -> bool {
    one.eq_ignore_ascii_case(other)
}

/// Appends `value` as a quoted string, with quoted pairs where they are needed (RFC 9110 5.6.4).
///
/// The caller sees to it that the value has no control characters: see [`fits_quoted_string`].
#[inline(never)]
pub(super) fn write_quoted(out: &mut Vec<u8>, value: &[u8]) {
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

/// What may stand in a quoted string, quoted or as it is: anything but control characters.
const fn is_text(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7F)
}

/// What a byte may be part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Class {
    /// A token (RFC 9110 5.6.2).
    tchar: bool,
    /// A quoted string, without a backslash before it (RFC 9110 5.6.4).
    qdtext: bool,
}

impl Class {
    const fn of(byte: u8) -> Class {
        let tchar = byte.is_ascii_alphanumeric()
            || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~');
        Class { tchar, qdtext: is_text(byte) && !matches!(byte, b'"' | b'\\') }
    }
}

/// The class of a byte. A table, because it is asked of every byte of a challenge.
fn class(byte: u8) -> Class {
    #[expect(clippy::indexing_slicing, reason = "a wrong index would not compile")]
    static CLASSES: [Class; 256] = {
        let mut classes = [Class::of(0); 256];
        let mut byte = 0;
        while byte < classes.len() {
            classes[byte] = Class::of(byte as u8);
            byte += 1;
        }
        classes
    };
    CLASSES.get(usize::from(byte)).copied().unwrap_or(Class::of(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn param<'a>(name: &'a str, value: &'a str) -> Param<'a> {
        Param { name: name.as_bytes(), value: Cow::Borrowed(value.as_bytes()) }
    }

    fn scheme(name: &str) -> Element<'_> {
        Element::Scheme(name.as_bytes())
    }

    #[test]
    fn elements_are_read_as_rfc_9110_has_them() {
        use Element::{Malformed, MalformedScheme, SchemeWithParam};
        let p = |name, value| Element::Param(param(name, value));
        let s = |scheme: &'static str, name, value| SchemeWithParam(scheme.as_bytes(), param(name, value));
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
            ("a missing value", "Digest a=b, c=, d=e", vec![s("Digest", "a", "b"), Malformed, p("d", "e")]),
            ("an open quote", r#"Digest a="b, c=d"#, vec![MalformedScheme(b"Digest")]),
            ("an open quote at a quoted pair", r#"Digest a="b\"#, vec![MalformedScheme(b"Digest")]),
            (
                "text behind a quoted string",
                r#"Digest a="b"c, d=e"#,
                vec![MalformedScheme(b"Digest"), p("d", "e")],
            ),
            ("a missing comma", "Digest a=b c=d, e=f", vec![MalformedScheme(b"Digest"), p("e", "f")]),
            ("a control character in quotes", "Digest a=\"b\nc\"", vec![MalformedScheme(b"Digest")]),
            ("a control character in a pair", "Digest a=\"b\\\n\"", vec![MalformedScheme(b"Digest")]),
            ("no token at all", "@, Digest a=b", vec![Malformed, s("Digest", "a", "b")]),
            ("a comma in quotes within rubbish", r#"(a "b,c", d=e"#, vec![Malformed, p("d", "e")]),
            ("an escaped quote in rubbish", r#"(a "b\",c", d=e"#, vec![Malformed, p("d", "e")]),
            ("a token before rubbish", "a(b), c=d", vec![Malformed, p("c", "d")]),
            ("a scheme before rubbish", "a (b), c=d", vec![MalformedScheme(b"a"), p("c", "d")]),
        ];
        for (name, input, expected) in cases {
            assert_eq!(Elements::new(input.as_bytes()).collect::<Vec<_>>(), expected, "{name}: {input}");
        }
    }

    #[test]
    fn bytes_above_ascii_stand_in_quoted_strings_only() {
        let elements: Vec<_> = Elements::new(b"Digest a=\"\xC3\xA4\xFF\", b=\xC3").collect();
        let value = Cow::Borrowed(&b"\xC3\xA4\xFF"[..]);
        assert_eq!(
            elements,
            [Element::SchemeWithParam(b"Digest", Param { name: b"a", value }), Element::Malformed]
        );
    }

    #[test]
    fn a_value_without_quoted_pairs_is_not_copied() {
        let element = Elements::new(br#"a="bc""#).next();
        assert!(matches!(element, Some(Element::Param(Param { value: Cow::Borrowed(b"bc"), .. }))));
    }

    #[test]
    fn quoting_escapes_quotes_and_backslashes_only() {
        let mut out = Vec::new();
        write_quoted(&mut out, br#"a"b\c,d"#);
        assert_eq!(out, br#""a\"b\\c,d""#);
        out.clear();
        write_quoted(&mut out, br#"\""#);
        assert_eq!(out, br#""\\\"""#);
    }

    #[test]
    fn bytes_have_the_classes_that_rfc_9110_lists() {
        for byte in 0..=u8::MAX {
            let tchar = byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
            let qdtext = matches!(byte, b'\t' | b' ' | 0x21 | 0x23..=0x5B | 0x5D..=0x7E | 0x80..=0xFF);
            assert_eq!(class(byte), Class { tchar, qdtext }, "{byte:#04x}");
        }
    }
}
