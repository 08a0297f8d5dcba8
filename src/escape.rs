//! Text from outside, made safe to print: which characters could mislead a terminal, a log or a reader, and what to write
//! instead.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

/// Whether a character is unsafe to print: it moves the cursor, ends a line, changes the direction of reading, or cannot be seen.
///
/// These are the control characters (C0, DEL and C1), and of Unicode's format characters those that are invisible or
/// reorder text: soft hyphen, directional marks, separators, fillers, annotation marks, musical controls, tags.
pub fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{115f}'
                | '\u{1160}'
                | '\u{17b4}'
                | '\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// Text for people: unsafe characters are written as Rust writes them, `\n` or `\u{9b}`.
pub fn escape_text(text: &str) -> Cow<'_, str> {
    escape(text, |escaped, character| escaped.extend(character.escape_default()))
}

/// A JSON value on one line: unsafe characters in its strings are written as JSON writes them, `\u009b`, and line ends
/// and tabs between its tokens are removed.
pub fn escape_json(json: &str) -> Cow<'_, str> {
    escape(json, |escaped, character| {
        // JSON allows these between tokens only; in strings they are escaped already.
        if matches!(character, '\n' | '\r' | '\t') {
            return;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            // Writing to a `String` cannot fail.
            let _ = write!(escaped, "\\u{unit:04x}");
        }
    })
}

fn escape(text: &str, write_unsafe: impl Fn(&mut String, char)) -> Cow<'_, str> {
    // There is nothing to escape in most text.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if is_unsafe(character) {
            write_unsafe(&mut escaped, character);
        } else {
            escaped.push(character);
        }
    }
    Cow::Owned(escaped)
}

/// Text from outside, for one line of a message: unsafe characters are escaped, and the text ends after 300 characters.
pub(crate) struct OneLine<'a>(pub(crate) &'a str);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MAX_CHARACTERS: usize = 300;
        let end = self.0.char_indices().nth(MAX_CHARACTERS).map(|(end, _)| end);
        match end.and_then(|end| self.0.get(..end)) {
            Some(beginning) => write!(f, "{}…", escape_text(beginning)),
            None => f.write_str(&escape_text(self.0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn server_text_cannot_leave_its_line_or_flood_it() {
        assert_eq!(OneLine("a\nb\x1b[31m\u{202e}c\u{9b}").to_string(), r"a\nb\u{1b}[31m\u{202e}c\u{9b}");
        assert_eq!(OneLine(&"x".repeat(301)).to_string(), "x".repeat(300) + "…");
    }

    /// A character by its name, and how it is written in text and in JSON.
    const UNPRINTABLE: &[(&str, char, &str, &str)] = &[
        ("escape", '\u{1b}', r"\u{1b}", r"\u001b"),
        ("delete", '\u{7f}', r"\u{7f}", r"\u007f"),
        ("a C1 control", '\u{9b}', r"\u{9b}", r"\u009b"),
        ("next line", '\u{85}', r"\u{85}", r"\u0085"),
        ("soft hyphen", '\u{ad}', r"\u{ad}", r"\u00ad"),
        ("Arabic letter mark", '\u{61c}', r"\u{61c}", r"\u061c"),
        ("zero width space", '\u{200b}', r"\u{200b}", r"\u200b"),
        ("right-to-left override", '\u{202e}', r"\u{202e}", r"\u202e"),
        ("line separator", '\u{2028}', r"\u{2028}", r"\u2028"),
        ("byte order mark", '\u{feff}', r"\u{feff}", r"\ufeff"),
        ("a tag", '\u{e0041}', r"\u{e0041}", r"\udb40\udc41"),
    ];

    #[test]
    fn what_could_mislead_is_escaped_in_text_and_in_json() {
        for &(name, character, in_text, in_json) in UNPRINTABLE {
            assert_eq!(escape_text(&format!("a{character}b")), format!("a{in_text}b"), "{name}");
            assert_eq!(escape_json(&format!("\"a{character}b\"")), format!("\"a{in_json}b\""), "{name}");
            let read: String = serde_json::from_str(&escape_json(&format!("\"{character}\""))).unwrap();
            assert_eq!(read, character.to_string(), "{name}");
        }
    }

    #[test]
    fn what_can_be_seen_stays_as_it_is() {
        for text in
            ["", "example-bucket", "東京-バケット", "é \u{301}", "👩‍🚀".trim_matches('\u{200d}'), "a\\u009b"]
        {
            let seen: String = text.chars().filter(|character| !is_unsafe(*character)).collect();
            assert_eq!(
                (escape_text(&seen), escape_json(&seen)),
                (seen.as_str().into(), seen.as_str().into())
            );
        }
    }

    #[test]
    fn line_ends_are_escaped_in_text_and_taken_out_between_the_tokens_of_json() {
        assert_eq!(escape_text("a\r\nb\tc"), r"a\r\nb\tc");
        assert_eq!(escape_json("{\r\n\t\"a\": \"\\n\"\n}"), r#"{"a": "\n"}"#);
    }
}
