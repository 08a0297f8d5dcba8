//! Text that is ASCII where it matters, byte by byte: to find and split by characters, as `str` does, takes a user's
//! build ten times the code, and each closure its own copy. What is not generic is not inlined, for the same reason.

/// Whether all bytes are such.
#[inline(never)]
pub(crate) fn all(text: &str, is_such: fn(u8) -> bool) -> bool {
    text.bytes().all(is_such)
}

/// Splits before the first byte that is one of these.
#[inline(never)]
pub(crate) fn split_before<'a>(text: &'a str, any_of: &[u8]) -> (&'a str, &'a str) {
    let at = text.bytes().position(|byte| any_of.contains(&byte)).unwrap_or(text.len());
    // Within a character only if `any_of` has bytes that are not ASCII.
    text.split_at_checked(at).unwrap_or((text, ""))
}

/// What stands between the bytes that are one of these, empty parts too.
pub(crate) fn split<'a>(text: &'a str, any_of: &'static [u8]) -> impl Iterator<Item = &'a [u8]> {
    text.as_bytes().split(move |byte| any_of.contains(byte))
}

/// Digits, and nothing else, to a number; `None` also for one that is too large.
#[inline(never)]
pub(crate) fn number(digits: &[u8]) -> Option<u64> {
    // The one thing that Rust takes beyond digits.
    if digits.first() == Some(&b'+') {
        return None;
    }
    str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_split_where_it_should_be() {
        assert_eq!(split_before("host:1:2", b":"), ("host", ":1:2"));
        assert_eq!(split_before("é?", b"#?"), ("é", "?"));
        assert_eq!(split_before("host", b":"), ("host", ""));
        assert_eq!(split("a b,,é", b" ,").collect::<Vec<_>>(), [&b"a"[..], b"b", b"", "é".as_bytes()]);
    }

    #[test]
    fn numbers_are_digits() {
        assert_eq!(number(b"007"), Some(7));
        assert_eq!(number(b"18446744073709551615"), Some(u64::MAX));
        for bad in ["18446744073709551616", "", "+1", "-1", " 1", "1.0", "١"] {
            assert_eq!(number(bad.as_bytes()), None, "{bad}");
        }
    }
}
