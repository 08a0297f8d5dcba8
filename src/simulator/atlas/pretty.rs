//! JSON with line breaks, for `pretty=true`.

/// Indents JSON by two spaces a level. It works on the text, so that names keep their order and numbers
/// their spelling; what it gets must be JSON already.
pub(crate) fn pretty(json: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(json.len() * 2);
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    let mut bytes = json.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if in_string {
            text.push(byte);
            in_string = escaped || byte != b'"';
            escaped = byte == b'\\' && !escaped;
            continue;
        }
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => {}
            b'"' => {
                in_string = true;
                text.push(byte);
            }
            b':' => text.extend_from_slice(b" : "),
            b',' => {
                text.push(byte);
                new_line(&mut text, depth);
            }
            b'{' | b'[' => {
                text.push(byte);
                while bytes.next_if(u8::is_ascii_whitespace).is_some() {}
                if let Some(close) = bytes.next_if(|next| matches!(next, b'}' | b']')) {
                    text.extend_from_slice(&[b' ', close]);
                } else {
                    depth += 1;
                    new_line(&mut text, depth);
                }
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                new_line(&mut text, depth);
                text.push(byte);
            }
            _ => text.push(byte),
        }
    }
    text
}

fn new_line(text: &mut Vec<u8>, depth: usize) {
    text.push(b'\n');
    for _ in 0..depth {
        text.extend_from_slice(b"  ");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_indented_and_keeps_its_meaning_and_order() {
        let json = r#"{"b":[1.50,{"x" : "a\"{[,:\\"},[ ],{}],"a":null}"#;
        let text = String::from_utf8(pretty(json.as_bytes())).unwrap();
        assert_eq!(
            text,
            "{\n  \"b\" : [\n    1.50,\n    {\n      \"x\" : \"a\\\"{[,:\\\\\"\n    },\n    [ ],\n    { }\n  ],\n  \"a\" : null\n}"
        );
        let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(value(&text), value(json));
    }
}
