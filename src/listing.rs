//! The iterators over pages and items: when to ask for the next page, when to stop.

mod completeness;

use std::fmt;
use std::iter::FusedIterator;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::error::{Error, Incomplete};
use crate::escape::OneLine;
use crate::http::{Deadline, HttpClient};
use crate::model::{ListItem, Page};
use crate::request::Resource;
use completeness::{Completeness, Step};

/// What every listing of a client needs.
pub(crate) struct Source {
    pub(crate) http: HttpClient,
    /// The deadline of a page.
    pub(crate) timeout: Duration,
    /// The deadline of a listing.
    pub(crate) max_time: Duration,
    /// How many pages a listing may have.
    pub(crate) max_pages: u32,
    /// Whether the log already has the warning about this version of the API.
    pub(crate) has_warned: AtomicBool,
}

impl Source {
    /// Gets one page. If Atlas says that it cannot count the items, asks again without the count.
    pub(crate) fn page<T: ListItem>(
        &self,
        resource: &Resource,
        page_num: u32,
        include_count: bool,
        deadline: Deadline,
    ) -> Result<Page<T>, Error> {
        let request = self.http.options.page(resource, page_num, include_count);
        let page = match self.http.get(&request, deadline) {
            Err(error) if error.asks_for_no_count() => {
                log::debug!("{error}: asking without the count");
                self.http.get(&self.http.options.page(resource, page_num, false), deadline)
            }
            result => result,
        }?;
        self.warn_of_deprecation(&page);
        Ok(page)
    }

    fn warn_of_deprecation<T>(&self, page: &Page<T>) {
        let change = match (&page.deprecation, &page.sunset) {
            (_, Some(date)) => format!("will be removed on {}", OneLine(date)),
            (Some(date), None) => format!("has been deprecated since {}", OneLine(date)),
            (None, None) => return,
        };
        if !self.has_warned.swap(true, Ordering::Relaxed) {
            log::warn!("version {} of the Atlas API {change}", self.http.options.api_version);
        }
    }
}

/// Iterates over the pages of a list: see [`Client::export_bucket_pages`](crate::Client::export_bucket_pages).
///
/// A page is requested when `next` asks for it. The last item is the last page of a complete list, or an error.
#[must_use = "nothing is sent before the first page is asked for"]
pub struct Pages<T> {
    source: Arc<Source>,
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
    pub(crate) fn new(source: Arc<Source>, resource: Resource) -> Self {
        Pages {
            include_count: source.http.options.includes_count(&resource),
            completeness: Completeness::new(source.max_pages),
            source,
            resource,
            next_page: Some(1),
            deadline: None,
            item: std::marker::PhantomData,
        }
    }

    fn page_deadline(&mut self) -> Deadline {
        let listing = *self.deadline.get_or_insert_with(|| Deadline::new(self.source.max_time));
        Deadline::new(self.source.timeout).or_earlier(listing)
    }

    fn incomplete(&self, page_num: u32, reason: Incomplete) -> Error {
        let request = self.source.http.options.page(&self.resource, page_num, self.include_count);
        Error::Incomplete { request: Box::new(request), reason }
    }
}

impl<T: ListItem> Iterator for Pages<T> {
    type Item = Result<Page<T>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let page_num = self.next_page.take()?;
        let deadline = self.page_deadline();
        let mut page = match self.source.page(&self.resource, page_num, self.include_count, deadline) {
            Ok(page) => page,
            Err(error) => return Some(Err(error)),
        };
        // If Atlas could not count once, do not ask it to count again.
        self.include_count &= page.total_count.is_some();
        match self.completeness.record(&mut page) {
            Ok(Step::End) => {}
            Ok(Step::NextPage) => self.next_page = page_num.checked_add(1),
            Err(reason) => return Some(Err(self.incomplete(page_num, reason))),
        }
        Some(Ok(page))
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
/// It ends with `None` only if the list is complete; an error is the last item. The lower bound of its `size_hint` is how many
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
        self.pages.completeness.total_count()
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
