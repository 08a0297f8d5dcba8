//! Decides when a list is complete, and when it can no longer become complete (pure). No other file decides that.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use crate::error::Incomplete;
use crate::model::{ListItem, Page};

/// What a listing has seen so far.
#[derive(Default)]
pub(super) struct Completeness {
    max_pages: u32,
    /// How many items came, duplicates included.
    received: u64,
    ids: IdSet,
    /// For each page that has a next one, the sum of its ids' hashes. A sum, because the same items in another order are the same page.
    page_sums: Vec<u64>,
    /// What the server counted first.
    first_count: Option<u64>,
    /// What the server counted last.
    pub(super) total_count: Option<u64>,
}

impl Completeness {
    /// No real list is longer than this.
    const MAX_ITEMS: u64 = 1_000_000;

    pub(super) fn new(max_pages: u32) -> Self {
        Completeness { max_pages, ..Completeness::default() }
    }

    /// Takes in a page, and says whether the list has a next one. Items that came before are removed from the page.
    ///
    /// A list is complete when there is no next page, at least as many distinct items came as the server counted first, and
    /// at least as many items, duplicates included, as it counted last. Items created during the listing may be missing.
    ///
    /// A page that is not full proves nothing, because a server may send fewer items than asked for. Without links, trust the
    /// count; with neither, an empty page ends the list.
    pub(super) fn record<T: ListItem>(&mut self, page: &mut Page<T>) -> Result<bool, Incomplete> {
        let is_empty = page.results.is_empty();
        self.received += page.results.len() as u64;
        let mut sum = 0_u64;
        page.results.retain(|item| {
            let hash = self.ids.hasher.hash_one(item.id());
            sum = sum.wrapping_add(hash);
            self.ids.insert(hash)
        });
        if self.ids.len() > Self::MAX_ITEMS {
            return Err(Incomplete::TooManyItems(Self::MAX_ITEMS));
        }
        if let (Some(from), Some(to)) = (self.total_count, page.total_count)
            && to < from
        {
            return Err(Incomplete::Shrunk { from, to });
        }
        self.total_count = page.total_count.or(self.total_count);
        self.first_count = self.first_count.or(page.total_count);
        // An item created meanwhile moves another one to the next page, where it arrives again. With links, that one counts too.
        // Without links, only the count can end the list, and a duplicate must not end it too early.
        let reached = if page.has_links() { self.received } else { self.ids.len() };
        let has_next = match (page.has_next(), self.total_count) {
            (true, _) if is_empty => return Err(Incomplete::Empty),
            (true, _) => true,
            // No link, but the count says that there is more: the next page decides.
            (false, Some(count)) => reached < count && !is_empty,
            (false, None) => !page.has_links() && !is_empty,
        };
        if has_next {
            self.check_progress(sum)?;
            return Ok(true);
        }
        let is_short = |received, count: Option<u64>| count.is_some_and(|count| received < count);
        if is_short(self.ids.len(), self.first_count) || is_short(self.received, self.total_count) {
            let total_count = self.total_count.unwrap_or_default();
            return Err(Incomplete::Short { received: self.ids.len(), total_count });
        }
        Ok(false)
    }

    fn check_progress(&mut self, sum: u64) -> Result<(), Incomplete> {
        if self.page_sums.contains(&sum) {
            return Err(Incomplete::Repeated);
        }
        self.page_sums.push(sum);
        if self.page_sums.len() as u64 >= u64::from(self.max_pages) {
            return Err(Incomplete::TooManyPages(self.max_pages));
        }
        Ok(())
    }
}

/// A set of ids, kept as hashes of 64 bits: about 12 bytes for each. A `HashSet` alone takes up to 30 while it grows.
///
/// Among a million ids, two share a hash in one of 37 million lists. Then the list counts as short by one. No server can
/// provoke that, because it does not know the hasher's key.
#[derive(Default)]
struct IdSet {
    sorted: Vec<u64>,
    /// At most `sorted.len() / 8 + 1000`, so that sorting them in is rare.
    recent: HashSet<u64>,
    hasher: RandomState,
}

impl IdSet {
    fn len(&self) -> u64 {
        (self.sorted.len() + self.recent.len()) as u64
    }

    /// Adds an id by its hash, and says whether it is new.
    fn insert(&mut self, hash: u64) -> bool {
        const MIN_RECENT: usize = 1000;
        if self.sorted.binary_search(&hash).is_ok() || !self.recent.insert(hash) {
            return false;
        }
        if self.recent.len() > self.sorted.len() / 8 + MIN_RECENT {
            self.sorted.reserve_exact(self.recent.len());
            self.sorted.extend(self.recent.drain());
            self.sorted.sort_unstable();
        }
        true
    }
}

#[cfg(test)]
mod tests;
