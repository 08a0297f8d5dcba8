//! What a list consists of.

use serde::de::{Deserialize, Deserializer, Error as _};
use serde_json::value::RawValue;

use super::item_text::ItemText;
use super::json::Object;
use sealed::Sealed;

/// An item of a list: an [`ExportBucket`](crate::ExportBucket) or a [`Project`](crate::Project). Nothing else can be one.
pub trait ListItem: Sealed {
    /// The id, by which a listing recognises an item that occurs twice.
    fn id(&self) -> &str;
}

pub(super) mod sealed {
    use super::{Deserialize, ItemText};

    pub trait Sealed: Sized {
        /// The fields as Atlas names them.
        type Fields<'a>: Deserialize<'a>;

        fn new(fields: Self::Fields<'_>, raw: ItemText) -> Result<Self, serde_json::Error>;
    }
}

/// Reads an item from its own text, without a page.
pub(super) fn read_item<T: Sealed>(json: &str) -> Result<T, serde_json::Error> {
    let Object(fields) = serde_json::from_str(json)?;
    T::new(fields, ItemText::alone(json.to_owned()))
}

pub(super) fn deserialize_item<'de, T: Sealed, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let json = Box::<RawValue>::deserialize(deserializer)?;
    read_item(json.get()).map_err(D::Error::custom)
}
