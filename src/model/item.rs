//! What a list consists of. The JSON of an item stays in the page's body until somebody asks for it.

use std::ops::Range;
use std::sync::{Arc, OnceLock};
use std::{fmt, iter};

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Error as _, Serializer};
use serde_json::value::RawValue;

use super::document::read_content;
use super::json::{Object, RawObject};

/// An item of a list: an [`ExportBucket`](crate::ExportBucket) or a [`Project`](crate::Project). Nothing else can be one.
pub trait ListItem: Sealed {
    /// The id, by which a listing recognises an item that occurs twice.
    fn id(&self) -> &str;
}

/// What only this crate can call. Its module is private.
pub trait Sealed: Sized {
    /// The fields as Atlas names them.
    type Fields<'a>: Deserialize<'a>;

    fn new(fields: Self::Fields<'_>, raw: ItemText) -> Result<Self, serde_json::Error>;
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

/// The body of a page.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) text: String,
    /// Where its items are. Most callers never need it, and finding them takes a quarter of the time of reading the page.
    items: OnceLock<Vec<Range<usize>>>,
}

impl Body {
    pub(super) fn new(mut text: String) -> Self {
        // It may be kept for long, and the buffer that it was read into has spare room.
        text.shrink_to_fit();
        Body { text, items: OnceLock::new() }
    }

    fn items(&self) -> &[Range<usize>] {
        self.items.get_or_init(|| {
            let range_of = |item: &RawValue| {
                let start = item.get().as_ptr().addr() - self.text.as_ptr().addr();
                start..start + item.get().len()
            };
            // The text was read before, so it can be read again.
            read_content(&self.text)
                .map_or(Vec::new(), |content| content.results.into_iter().map(range_of).collect())
        })
    }
}

/// The JSON of an item: a part of the body that it came in.
#[derive(Clone)]
pub struct ItemText {
    body: Arc<Body>,
    index: usize,
}

impl ItemText {
    pub(super) fn in_page(body: &Arc<Body>, index: usize) -> Self {
        ItemText { body: Arc::clone(body), index }
    }

    /// The text of an item that came alone.
    pub(super) fn alone(text: String) -> Self {
        let whole = iter::once(0..text.len());
        let items = OnceLock::from(whole.collect::<Vec<_>>());
        ItemText { body: Arc::new(Body { text, items }), index: 0 }
    }

    pub(super) fn as_str(&self) -> &str {
        let item = self.body.items().get(self.index).and_then(|range| self.body.text.get(range.clone()));
        // The item was read from there.
        item.unwrap_or_default()
    }

    /// Serialises the fields as they came. Unlike a `RawValue`, this works under `#[serde(flatten)]` too.
    pub(super) fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let RawObject(fields) = serde_json::from_str(self.as_str()).map_err(S::Error::custom)?;
        serializer.collect_map(fields)
    }
}

impl PartialEq for ItemText {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for ItemText {}

impl fmt::Debug for ItemText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}
