//! `Page`: one page of a list.

use super::Link;

/// One page of a list.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Page<T> {
    /// `pageNum`: the number of this page, from 1.
    pub page_num: u32,
    /// `results`: the items.
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
    /// The response's body, byte for byte.
    pub body: Vec<u8>,
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

impl<T> Page<T> {
    /// Whether the server says that there is a next page.
    pub fn has_next(&self) -> bool {
        self.links.as_deref().unwrap_or_default().iter().any(Link::is_next)
    }

    /// Whether the links say anything. An empty list does not, because a page of Atlas links at least to itself.
    pub(crate) fn has_links(&self) -> bool {
        self.links.as_deref().unwrap_or_default().iter().any(|link| link.rel.is_some())
    }
}
