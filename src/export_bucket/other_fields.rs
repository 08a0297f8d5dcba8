//! The fields of an object that nobody knows yet: kept as JSON, unchanged and in their order.

use std::fmt;

use serde::de::MapAccess;
use serde::ser::SerializeMap;
use serde_json::value::RawValue;

/// The fields of an object that this crate does not know, as JSON.
#[derive(Clone, Default, PartialEq)]
pub struct OtherFields(Option<Box<Fields>>);

/// At least one.
#[derive(Clone, PartialEq)]
struct Fields {
    /// Names and values, one behind the other: to allocate each by itself would take longer than to read it.
    text: String,
    /// Where in it each name and each value ends.
    ends: Vec<(usize, usize)>,
}

impl OtherFields {
    /// How deep arrays and objects in an unknown field may nest; as deep as serde_json reads what is known.
    const MAX_DEPTH: usize = 128;

    /// The value of a field, in JSON, as it was received.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(known, _)| *known == name).map(|(_, json)| json)
    }

    /// Names and values, in JSON.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let (text, ends) = match &self.0 {
            Some(fields) => (fields.text.as_str(), fields.ends.as_slice()),
            None => Default::default(),
        };
        let mut start = 0;
        ends.iter().filter_map(move |&(name_end, end)| {
            let field = Some((text.get(start..name_end)?, text.get(name_end..end)?));
            start = end;
            field
        })
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    pub(super) fn push(&mut self, name: &str, json: &str) {
        // With room for a few.
        let new = || Box::new(Fields { text: String::with_capacity(128), ends: Vec::new() });
        let Fields { text, ends } = &mut **self.0.get_or_insert_with(new);
        text.push_str(name);
        let name_end = text.len();
        text.push_str(json);
        ends.push((name_end, text.len()));
    }

    pub(super) fn read<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        let value: Box<RawValue> = map.next_value()?;
        self.add(name, &value)
    }

    /// Adds a field with a value from outside.
    pub(super) fn add<E: serde::de::Error>(&mut self, name: &str, value: &RawValue) -> Result<(), E> {
        if is_deeper_than(Self::MAX_DEPTH, value.get()) {
            return Err(E::custom(format_args!("{name} nests deeper than {}", Self::MAX_DEPTH)));
        }
        self.push(name, value.get());
        Ok(())
    }

    pub(super) fn write<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        self.iter().try_for_each(|(name, json)| {
            let value: &RawValue = serde_json::from_str(json).map_err(serde::ser::Error::custom)?;
            map.serialize_entry(name, value)
        })
    }
}

impl fmt::Debug for OtherFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// Whether well-formed JSON nests deeper than that.
fn is_deeper_than(most: usize, json: &str) -> bool {
    // Each level is opened and closed, so most values are too short for it.
    json.len() > 2 * most && depth(json) > most
}

/// How deep well-formed JSON nests.
fn depth(json: &str) -> usize {
    let (mut depth, mut deepest, mut quoted, mut escaped) = (0_usize, 0, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ExportBucket;

    #[test]
    fn unknown_fields_may_nest_as_deep_as_known_ones_only() {
        let nested = |depth| format!(r#"{{"x":{}"\\\"["{}}}"#, "[".repeat(depth), "]".repeat(depth));
        assert_eq!(depth(&nested(100)), 101);
        // `id` is unknown where it stands beside `_id`.
        for name in ["x", "id"] {
            let bucket = |depth: usize| {
                let value = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
                let json =
                    format!(r#"{{"_id":"5","bucketName":"b","cloudProvider":"AWS","{name}":{value}}}"#);
                serde_json::from_str::<ExportBucket>(&json)
            };
            assert!(bucket(128).is_ok(), "{name}");
            for depth in [129, 100_000] {
                let error = bucket(depth).unwrap_err().to_string();
                assert!(error.starts_with(&format!("{name} nests deeper than 128")), "{error}");
            }
        }
    }

    #[test]
    fn fields_are_found_by_name_and_compared_one_by_one() {
        let fields = |fields: &[(&str, &str)]| {
            let mut other = OtherFields::default();
            fields.iter().for_each(|(name, json)| other.push(name, json));
            other
        };
        let two = fields(&[("a", "[1]"), ("", "\"é\"")]);
        assert_eq!((two.get("a"), two.get(""), two.get("b")), (Some("[1]"), Some("\"é\""), None));
        assert_eq!(two.iter().collect::<Vec<_>>(), [("a", "[1]"), ("", "\"é\"")]);
        assert!(!two.is_empty() && fields(&[]).is_empty());
        // The same text, but of other fields.
        assert_ne!(fields(&[("a", "11"), ("b", "2")]), fields(&[("a", "1"), ("1b", "2")]));
        assert_eq!(format!("{two:?}"), r#"{"a": "[1]", "": "\"é\""}"#);
    }
}
