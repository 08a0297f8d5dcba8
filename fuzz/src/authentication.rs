//! A second reader of challenges and credentials (RFC 7616, RFC 9110 11), which cuts the text at the list's commas first.

/// One element of the comma-separated list.
#[derive(Debug, PartialEq, Eq)]
pub enum Element {
    /// `name=value`
    Param(Param),
    /// A scheme: alone, before a `token68`, before its first parameter, or before something malformed.
    Scheme(Vec<u8>, First),
    /// Something else.
    Malformed,
}

/// What stands behind a scheme in its element.
#[derive(Debug, PartialEq, Eq)]
pub enum First {
    Nothing,
    Param(Param),
    Malformed,
}

/// A parameter: its name in lower case, and its value without quoting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Param {
    pub name: Vec<u8>,
    pub value: Vec<u8>,
    pub is_quoted: bool,
}

/// The elements of one field.
pub fn elements(field: &[u8]) -> Vec<Element> {
    cut_at_commas(field).into_iter().map(trim).filter(|text| !text.is_empty()).map(element).collect()
}

/// The parameters of an `Authorization: Digest`, if all of it is well formed.
pub fn credentials(field: &[u8]) -> Option<Vec<Param>> {
    let mut elements = elements(field).into_iter();
    let Some(Element::Scheme(scheme, First::Param(first))) = elements.next() else {
        return None;
    };
    let mut params = vec![first];
    for element in elements {
        match element {
            Element::Param(param) => params.push(param),
            _ => return None,
        }
    }
    scheme.eq_ignore_ascii_case(b"Digest").then_some(params)
}

/// The value of a parameter.
pub fn value<'a>(params: &'a [Param], name: &str) -> Option<&'a [u8]> {
    params.iter().find(|param| param.name == name.as_bytes()).map(|param| param.value.as_slice())
}

/// A Digest challenge that can be answered.
#[derive(Debug, PartialEq, Eq)]
pub struct Challenge {
    pub realm: Vec<u8>,
    pub nonce: Vec<u8>,
    pub opaque: Option<Vec<u8>>,
    pub domain: Option<Vec<u8>>,
    pub algorithm: Option<Vec<u8>>,
    pub auth: bool,
    pub auth_int: bool,
    pub stale: bool,
    pub userhash: bool,
    pub charset_utf8: bool,
}

/// The first challenge, in the order of the fields, that can be answered.
pub fn first_challenge(fields: &[&[u8]]) -> Option<Challenge> {
    let mut all: Vec<(Vec<u8>, Option<Vec<Param>>)> = Vec::new();
    for element in fields.iter().flat_map(|field| elements(field)) {
        match (element, all.last_mut()) {
            (Element::Scheme(scheme, First::Nothing), _) => all.push((scheme, Some(Vec::new()))),
            (Element::Scheme(scheme, First::Param(param)), _) => all.push((scheme, Some(vec![param]))),
            (Element::Scheme(scheme, First::Malformed), _) => all.push((scheme, None)),
            (Element::Param(param), Some((_, Some(params)))) => params.push(param),
            (Element::Malformed, Some((_, params))) => *params = None,
            (Element::Param(_) | Element::Malformed, _) => {}
        }
    }
    let digest = all.into_iter().filter(|(scheme, _)| scheme.eq_ignore_ascii_case(b"Digest"));
    digest.filter_map(|(_, params)| answerable(&params?)).next()
}

fn answerable(params: &[Param]) -> Option<Challenge> {
    const KNOWN: [&str; 9] =
        ["realm", "nonce", "opaque", "domain", "algorithm", "qop", "stale", "userhash", "charset"];
    const ALGORITHMS: [&str; 6] =
        ["md5", "md5-sess", "sha-256", "sha-256-sess", "sha-512-256", "sha-512-256-sess"];
    let mut names: Vec<&[u8]> = params.iter().map(|param| param.name.as_slice()).collect();
    names.sort();
    if names.windows(2).any(|pair| pair[0] == pair[1]) {
        return None;
    }
    names.retain(|name| KNOWN.iter().all(|known| known.as_bytes() != *name));
    let owned = |name| value(params, name).map(<[u8]>::to_vec);
    let is = |name, word: &str| {
        value(params, name).is_some_and(|value| value.eq_ignore_ascii_case(word.as_bytes()))
    };
    let qop: Vec<Vec<u8>> = match value(params, "qop") {
        Some(list) => list.split(|&byte| byte == b',').map(|word| trim(word).to_ascii_lowercase()).collect(),
        None => Vec::new(),
    };
    let offers = |word: &str| qop.iter().any(|offered| offered == word.as_bytes());
    let challenge = Challenge {
        realm: owned("realm")?,
        nonce: owned("nonce")?,
        opaque: owned("opaque"),
        domain: owned("domain"),
        algorithm: owned("algorithm"),
        auth: offers("auth"),
        auth_int: offers("auth-int"),
        stale: is("stale", "true"),
        userhash: is("userhash", "true"),
        charset_utf8: is("charset", "utf-8"),
    };
    let has_known_qop = challenge.auth || challenge.auth_int || qop.iter().all(Vec::is_empty);
    let has_known_algorithm =
        challenge.algorithm.is_none() || ALGORITHMS.iter().any(|known| is("algorithm", known));
    let longest = [Some(&challenge.realm), Some(&challenge.nonce), challenge.opaque.as_ref()];
    let fits = names.len() <= 55 && longest.into_iter().flatten().all(|value| value.len() <= 4096);
    (has_known_qop && has_known_algorithm && fits).then_some(challenge)
}

/// Cuts at every comma that is not in a quoted string.
fn cut_at_commas(field: &[u8]) -> Vec<&[u8]> {
    let (mut parts, mut start, mut index, mut quoted) = (Vec::new(), 0, 0, false);
    while index < field.len() {
        match field[index] {
            b'"' => quoted = !quoted,
            b'\\' if quoted => index += 1,
            b',' if !quoted => {
                parts.push(&field[start..index]);
                start = index + 1;
            }
            _ => {}
        }
        index += 1;
    }
    parts.push(&field[start..]);
    parts
}

fn element(text: &[u8]) -> Element {
    let length = text.iter().take_while(|byte| is_tchar(**byte)).count();
    let (word, rest) = (&text[..length], trim(&text[length..]));
    if word.is_empty() {
        return Element::Malformed;
    }
    if rest.first() == Some(&b'=') {
        return param(text).map_or(Element::Malformed, Element::Param);
    }
    let is_spaced = text.get(length).is_none_or(|byte| b" \t".contains(byte));
    if !is_spaced {
        return Element::Malformed;
    }
    let first = if rest.is_empty() || is_token68(rest) {
        First::Nothing
    } else {
        param(rest).map_or(First::Malformed, First::Param)
    };
    Element::Scheme(word.to_vec(), first)
}

fn param(text: &[u8]) -> Option<Param> {
    let equals = text.iter().position(|&byte| byte == b'=')?;
    let (name, value) = (trim(&text[..equals]), trim(&text[equals + 1..]));
    let is_quoted = value.first() == Some(&b'"');
    let value =
        if is_quoted { unquoted(value)? } else { Some(value).filter(|value| is_token(value))?.to_vec() };
    is_token(name).then(|| Param { name: name.to_ascii_lowercase(), value, is_quoted })
}

fn unquoted(text: &[u8]) -> Option<Vec<u8>> {
    let mut value = Vec::new();
    let mut bytes = text.strip_prefix(b"\"")?.iter().copied();
    loop {
        let byte = match bytes.next()? {
            b'"' => break,
            b'\\' => bytes.next()?,
            byte => byte,
        };
        if byte.is_ascii_control() && byte != b'\t' {
            return None;
        }
        value.push(byte);
    }
    bytes.next().is_none().then_some(value)
}

/// A quoted string.
pub fn quoted(value: &[u8]) -> Vec<u8> {
    let mut text = vec![b'"'];
    for &byte in value {
        if b"\"\\".contains(&byte) {
            text.push(b'\\');
        }
        text.push(byte);
    }
    text.push(b'"');
    text
}

fn is_token68(text: &[u8]) -> bool {
    let padding = text.iter().rev().take_while(|&&byte| byte == b'=').count();
    let content = &text[..text.len() - padding];
    !content.is_empty() && content.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(byte))
}

fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|byte| is_tchar(*byte))
}

fn is_tchar(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"\"(),/:;<=>?@[\\]{}".contains(&byte)
}

/// Without spaces and tabs around it.
fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}
