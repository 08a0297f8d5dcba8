//! Links of a page or of an item.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::json::{Array, Object};

/// The most links that a page may have.
pub(super) const MAX_PAGE_LINKS: usize = 1000;
/// The most links that an item may have. Atlas sends one or two. A hundred in each of 10,000 items would take 48 MB.
pub(super) const MAX_ITEM_LINKS: usize = 20;

/// A link to a related resource. This crate follows none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Link {
    /// `href`: the URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub href: Option<String>,
    /// `rel`: the relation, such as `self` or `next`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rel: Option<String>,
}

/// Reads an array of at most `MAX` links, or null.
pub(super) fn read_links<'de, D: Deserializer<'de>, const MAX: usize>(
    deserializer: D,
) -> Result<Option<Vec<Link>>, D::Error> {
    let Some(Array::<&RawValue, MAX>(values)) = Option::deserialize(deserializer)? else { return Ok(None) };
    let links = values.iter().enumerate().map(|(index, value)| match serde_json::from_str(value.get()) {
        Ok(Object(link)) => Ok(link),
        Err(error) => Err(D::Error::custom(format_args!("links[{index}]: {error}"))),
    });
    links.collect::<Result<_, _>>().map(Some)
}
