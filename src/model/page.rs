//! `Page`: one page of a list.

use std::sync::Arc;

use serde_json::value::RawValue;

use super::document::{BodyError, PageContent, malformed, read_content, read_text};
use super::item::{Body, ItemText, read_item};
use super::json::Object;
use super::{Link, ListItem};

/// One page of a list.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Page<T> {
    /// `pageNum`: the number of this page, from 1.
    pub page_num: u32,
    /// `results`: the items. In a listing, without those that came before.
    pub results: Vec<T>,
    /// `totalCount`: how many items the server counts in all pages; Atlas calls it an estimate. Absent with
    /// `includeCount=false`.
    pub total_count: Option<u64>,
    /// `links`: to this page and its neighbours; `None` if the server sent none. Only `rel` is used.
    pub links: Option<Vec<Link>>,
    /// The rate limit in the response's header.
    pub rate_limit: RateLimit,
    /// `Deprecation` in the response's header: since when this version of the API has been deprecated (RFC 9745).
    pub deprecation: Option<String>,
    /// `Sunset` in the response's header: when this version of the API will be removed (RFC 8594).
    pub sunset: Option<String>,
    body: Arc<Body>,
}

/// The token bucket that limits this resource (`RateLimit-Limit`, `RateLimit-Remaining`). Atlas sends the fields with API version 2,
/// but not always.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimit {
    /// How many tokens the bucket holds.
    pub limit: Option<u64>,
    /// How many tokens are left.
    pub remaining: Option<u64>,
}

/// Reads the body of a response with status 200. The caller adds what the response's header says.
pub(crate) fn read_page<T: ListItem>(page_num: u32, body: Vec<u8>) -> Result<Page<T>, BodyError> {
    let body = Arc::new(Body::new(read_text(body)?));
    let PageContent { results: objects, total_count, links } =
        read_content(&body.text).map_err(|error| find_cause::<T>(&body.text).unwrap_or(error))?;
    let mut results = Vec::with_capacity(objects.len());
    for (index, Object(fields)) in objects.into_iter().enumerate() {
        let item = T::new(fields, ItemText::in_page(&body, index));
        results.push(item.map_err(|error| malformed_item(index, &error))?);
    }
    let rate_limit = RateLimit::default();
    Ok(Page { page_num, results, total_count, links, rate_limit, deprecation: None, sunset: None, body })
}

/// Reads a body again that could not be read as a page, to find out what is wrong: one of its items, or something else.
fn find_cause<T: ListItem>(text: &str) -> Option<BodyError> {
    let items: Vec<&RawValue> = match read_content(text) {
        Ok(content) => content.results,
        Err(error) => return Some(error),
    };
    let read = |(index, item): (usize, &RawValue)| {
        let error = read_item::<T>(item.get()).err()?;
        Some(malformed_item(index, &error))
    };
    items.into_iter().enumerate().find_map(read)
}

fn malformed_item(index: usize, error: &serde_json::Error) -> BodyError {
    malformed(format!("results[{index}]: {error}"))
}

impl<T> Page<T> {
    /// The response's body, byte for byte.
    pub fn body(&self) -> &str {
        &self.body.text
    }

    /// Whether the server says that there is a next page.
    pub fn has_next(&self) -> bool {
        self.relations().any(|relation| relation.eq_ignore_ascii_case("next"))
    }

    /// Whether the links say anything. An empty list does not, because a page of Atlas links at least to itself.
    pub(crate) fn has_links(&self) -> bool {
        self.relations().next().is_some()
    }

    fn relations(&self) -> impl Iterator<Item = &str> {
        self.links.iter().flatten().filter_map(|link| link.rel.as_deref())
    }
}

#[cfg(test)]
mod tests;
