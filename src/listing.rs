//! The iterators over pages and items: when to ask for the next page, when to stop.

mod completeness;

use std::fmt;
use std::iter::FusedIterator;
use std::sync::Arc;

use crate::error::Error;
use crate::http::{Deadline, HttpClient};
use crate::model::{ListItem, Page};
use crate::request::Resource;
use completeness::Completeness;

/// Iterates over the pages of a list: see [`Client::export_bucket_pages`](crate::Client::export_bucket_pages).
///
/// A page is requested when `next` asks for it. The last item is the last page of a complete list, or an error.
#[must_use = "nothing is sent before the first page is asked for"]
pub struct Pages<T> {
    http: Arc<HttpClient>,
    resource: Resource,
    /// `None` when the list has ended.
    next_page: Option<u32>,
    include_count: bool,
    completeness: Completeness,
    /// The deadline of the listing, which begins with its first page.
    deadline: Option<Deadline>,
    item: std::marker::PhantomData<fn() -> T>,
}

impl<T: ListItem> Pages<T> {
    pub(crate) fn new(http: Arc<HttpClient>, resource: Resource) -> Self {
        Pages {
            include_count: http.endpoint.options.for_list(&resource).include_count,
            completeness: Completeness::new(http.max_pages),
            http,
            resource,
            next_page: Some(1),
            deadline: None,
            item: std::marker::PhantomData,
        }
    }

    fn read(&mut self, page_num: u32) -> Result<Page<T>, Error> {
        let of_listing = *self.deadline.get_or_insert_with(|| Deadline::new(self.http.max_time));
        let deadline = Deadline::new(self.http.timeout).or_earlier(of_listing);
        let mut page = self.http.page(&self.resource, page_num, self.include_count, deadline)?;
        // If Atlas could not count once, do not ask it to count again.
        self.include_count &= page.total_count.is_some();
        let has_next = self.completeness.record(&mut page).map_err(|reason| {
            let request = self.http.endpoint.page(&self.resource, page_num, self.include_count);
            Error::Incomplete { request: Box::new(request), reason }
        })?;
        if has_next {
            self.next_page = page_num.checked_add(1);
        }
        Ok(page)
    }
}

impl<T: ListItem> Iterator for Pages<T> {
    type Item = Result<Page<T>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let page_num = self.next_page.take()?;
        Some(self.read(page_num))
    }
}

impl<T: ListItem> FusedIterator for Pages<T> {}

impl<T> fmt::Debug for Pages<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages")
            .field("resource", &self.resource)
            .field("next_page", &self.next_page)
            .finish_non_exhaustive()
    }
}

/// Iterates over the items of a list: see [`Client::export_buckets`](crate::Client::export_buckets).
///
/// If the list is not complete, the last item is an error. The lower bound of its `size_hint` is how many
/// items are at hand: they arrived, but were not returned yet.
#[must_use = "nothing is sent before the first item is asked for"]
pub struct Listing<T> {
    pages: Pages<T>,
    /// The rest of the latest page.
    page: std::vec::IntoIter<T>,
}

impl<T: ListItem> Listing<T> {
    pub(crate) fn new(pages: Pages<T>) -> Self {
        Listing { pages, page: Vec::new().into_iter() }
    }

    /// How many items there are in all, by the server's latest count. `None` before the first item, and without a count.
    pub fn total_count(&self) -> Option<u64> {
        self.pages.completeness.total_count
    }
}

impl<T: ListItem> Iterator for Listing<T> {
    type Item = Result<T, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.page.next() {
                return Some(Ok(item));
            }
            match self.pages.next()? {
                Ok(page) => self.page = page.results.into_iter(),
                Err(error) => return Some(Err(error)),
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let at_hand = self.page.len();
        (at_hand, self.pages.next_page.is_none().then_some(at_hand))
    }
}

impl<T: ListItem> FusedIterator for Listing<T> {}

impl<T> fmt::Debug for Listing<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listing").field("pages", &self.pages).field("at_hand", &self.page.len()).finish()
    }
}
