//! JSON objects as they came, and the one way to read them.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{self, Serializer};
use serde_json::value::RawValue;

use super::ListItem;

/// Reads a JSON object into a struct. Serde's derive alone would also take an array of the fields' values.
pub(super) fn from_object<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, serde_json::Error> {
    let value = serde_json::from_str(json)?;
    if json.trim_ascii_start().starts_with('{') {
        Ok(value)
    } else {
        Err(de::Error::custom("expected a JSON object"))
    }
}

/// Deserialises an item that keeps its JSON.
pub(super) fn deserialize_item<'de, T: ListItem, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    let json = Box::<RawValue>::deserialize(deserializer)?;
    T::from_json(json.get()).map_err(de::Error::custom)
}

/// Serialises the fields of an item as they came. Unlike a `RawValue`, this works under `#[serde(flatten)]` too.
pub(super) fn serialize_item<S: Serializer>(json: &str, serializer: S) -> Result<S::Ok, S::Error> {
    let RawObject(fields) = serde_json::from_str(json).map_err(ser::Error::custom)?;
    serializer.collect_map(fields)
}

/// The fields of a JSON object in their order. Values stay text, however deep they nest.
pub(super) struct RawObject<'a>(pub(super) Vec<(Cow<'a, str>, &'a RawValue)>);

/// A field's name, borrowed from the text unless it has escapes.
#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Deserialize<'de> for RawObject<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor;
        impl<'de> Visitor<'de> for FieldsVisitor {
            type Value = RawObject<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some((Name(name), value)) = map.next_entry()? {
                    fields.push((name, value));
                }
                Ok(RawObject(fields))
            }
        }
        deserializer.deserialize_map(FieldsVisitor)
    }
}

/// A JSON array of at most `MAX` values, each kept as text.
pub(super) struct RawArray<'a, const MAX: usize>(pub(super) Vec<&'a RawValue>);

impl<'de: 'a, 'a, const MAX: usize> Deserialize<'de> for RawArray<'a, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ValuesVisitor<const MAX: usize>;
        impl<'de, const MAX: usize> Visitor<'de> for ValuesVisitor<MAX> {
            type Value = RawArray<'de, MAX>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "an array of at most {MAX} values")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = seq.next_element()? {
                    if values.len() == MAX {
                        return Err(de::Error::invalid_length(MAX + 1, &self));
                    }
                    values.push(value);
                }
                Ok(RawArray(values))
            }
        }
        deserializer.deserialize_seq(ValuesVisitor)
    }
}
