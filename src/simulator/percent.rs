//! Percent-encoding, which paths, queries, forms and RFC 8187 share.

/// Undoes percent-encoding (RFC 3986 2.1). `None` if a `%` is not followed by two hexadecimal digits.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(&byte) = bytes.next() {
        let mut digit = || char::from(*bytes.next()?).to_digit(16);
        decoded.push(if byte == b'%' { (digit()? * 16 + digit()?) as u8 } else { byte });
    }
    Some(decoded)
}

/// The same for a text: `None` also if it hides anything but UTF-8.
pub(crate) fn decode_text(text: &str) -> Option<String> {
    String::from_utf8(decode(text.as_bytes())?).ok()
}

/// The pairs of a query. A name without `=` has an empty value.
pub(crate) fn decode_pairs(query: &str) -> Option<Vec<(String, String)>> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.map(|(name, value)| Some((decode_text(name)?, decode_text(value)?))).collect()
}
