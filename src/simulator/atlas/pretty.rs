//! JSON with line breaks, for `pretty=true`.

/// Indents JSON by two spaces a level. It works on the text, so that names keep their order and numbers
/// their spelling; what it gets must be JSON already.
pub(crate) fn pretty(json: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(json.len() * 2);
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    let new_line = |depth| format!("\n{}", "  ".repeat(depth)).into_bytes();
    let mut bytes = json.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            _ if in_string => {
                text.push(byte);
                in_string = escaped || byte != b'"';
                escaped = byte == b'\\' && !escaped;
            }
            b' ' | b'\t' | b'\r' | b'\n' => {}
            b':' => text.extend(b" : "),
            b',' => {
                text.push(byte);
                text.extend(new_line(depth));
            }
            b'{' | b'[' => {
                text.push(byte);
                while bytes.next_if(u8::is_ascii_whitespace).is_some() {}
                if let Some(close) = bytes.next_if(|next| matches!(next, b'}' | b']')) {
                    text.extend([b' ', close]);
                } else {
                    depth += 1;
                    text.extend(new_line(depth));
                }
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                text.extend(new_line(depth));
                text.push(byte);
            }
            _ => {
                in_string = byte == b'"';
                text.push(byte);
            }
        }
    }
    text
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
