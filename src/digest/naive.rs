//! A second reader and a second writer for the tests, which share nothing with `grammar.rs`.

/// One parameter: its name as sent, its value with quoted pairs undone, and whether it was quoted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) name: String,
    pub(super) value: Vec<u8>,
    pub(super) quoted: bool,
}

/// Reads an `Authorization` in exactly the form in which we write it, and accepts no other.
pub(super) fn authorization(value: &[u8]) -> Vec<Sent> {
    let mut rest = value.strip_prefix(b"Digest ").expect("the scheme and one space");
    let mut parameters = Vec::new();
    loop {
        let equals = rest.iter().position(|&byte| byte == b'=').expect("an equals sign");
        let name = String::from_utf8(rest[..equals].to_vec()).expect("a name in ASCII");
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'*'), "{name}");
        rest = &rest[equals + 1..];
        let quoted = rest.first() == Some(&b'"');
        let (value, length) = if quoted { unquote(rest) } else { bare(rest) };
        parameters.push(Sent { name, value, quoted });
        rest = &rest[length..];
        if rest.is_empty() {
            return parameters;
        }
        rest = rest.strip_prefix(b", ").expect("a comma and a space");
    }
}

/// The value of one parameter, which must be there at most once.
pub(super) fn parameter(authorization_value: &[u8], name: &str) -> Option<String> {
    let mut found = authorization(authorization_value).into_iter().filter(|sent| sent.name == name);
    let sent = found.next()?;
    assert_eq!(found.next(), None, "{name} is there twice");
    Some(String::from_utf8(sent.value).expect("UTF-8"))
}

/// The value of the quoted string at the beginning, and how many bytes it took.
fn unquote(text: &[u8]) -> (Vec<u8>, usize) {
    let mut value = Vec::new();
    let mut index = 1;
    while text[index] != b'"' {
        if text[index] == b'\\' {
            index += 1;
            assert!(matches!(text[index], b'"' | b'\\'), "a quoted pair that need not be one");
        }
        assert!(text[index] == b'\t' || text[index] >= 0x20 && text[index] != 0x7F, "a control character");
        value.push(text[index]);
        index += 1;
    }
    (value, index + 1)
}

/// The token at the beginning, and how many bytes it took.
fn bare(text: &[u8]) -> (Vec<u8>, usize) {
    let length = text.iter().position(|&byte| byte == b',').unwrap_or(text.len());
    let value = text[..length].to_vec();
    let separators = b"()<>@,;:\\\"/[]?={} \t";
    let is_token = value.iter().all(|byte| byte.is_ascii_graphic() && !separators.contains(byte));
    assert!(is_token && length > 0, "not a token: {}", value.escape_ascii());
    (value, length)
}

/// A quoted string.
pub(super) fn quote(value: &[u8]) -> Vec<u8> {
    let escaped = value.iter().flat_map(|&byte| match byte {
        b'"' => vec![b'\\', b'"'],
        b'\\' => vec![b'\\', b'\\'],
        byte => vec![byte],
    });
    [b'"'].into_iter().chain(escaped).chain([b'"']).collect()
}
