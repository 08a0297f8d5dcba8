//! The iterators over pages and buckets: when to ask for the next page, when to stop.

use std::collections::BinaryHeap;
use std::hash::{BuildHasher, RandomState};
use std::iter::FusedIterator;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::endpoint::{Endpoint, ProjectId};
use crate::error::{Error, Incomplete, OneLine};
use crate::export_bucket::ExportBucket;
use crate::page::Page;
use crate::transport::Transport;

/// What a listing needs: where to ask, and by what.
pub(crate) struct Source {
    pub(crate) transport: Transport,
    pub(crate) endpoint: Endpoint,
    /// Whether the user was already told that this version of the API will go.
    pub(crate) has_warned: AtomicBool,
}

impl Source {
    pub(crate) fn page(&self, project_id: &ProjectId, page_num: u32) -> Result<Page, Error> {
        let mut include_count = self.endpoint.include_count;
        self.get(project_id, page_num, &mut include_count)
    }

    /// Gets a page, without the count if Atlas says that it cannot make one; then none is asked for from there on.
    fn get(&self, project_id: &ProjectId, page_num: u32, include_count: &mut bool) -> Result<Page, Error> {
        let request = self.endpoint.page(project_id, page_num, *include_count);
        let deadline = self.transport.deadline();
        let mut result = self.transport.get(&request, &deadline);
        if *include_count && result.as_ref().is_err_and(cannot_count) {
            log::debug!(
                "{request}: the server cannot count the buckets, so it is asked again without the count"
            );
            *include_count = false;
            let request = self.endpoint.page(project_id, page_num, false);
            result = self.transport.get(&request, &deadline);
        }
        let page = result?;
        self.warn_of_sunset(&page);
        Ok(page)
    }

    fn warn_of_sunset(&self, page: &Page) {
        let Some(date) = page.sunset.as_deref().or(page.deprecation.as_deref()) else { return };
        if !self.has_warned.swap(true, Ordering::Relaxed) {
            let version = self.endpoint.api_version;
            log::warn!(
                "Atlas says that version {version} of its API is deprecated or will go: {}",
                OneLine(date)
            );
        }
    }
}

/// Atlas tells what to do by its words only: "Retry with includeCount=false."
fn cannot_count(error: &Error) -> bool {
    const ADVICE: &[u8] = b"includeCount=false";
    let detail = error.api().and_then(|api| api.detail.as_deref());
    matches!(error, Error::Status { .. })
        && detail.is_some_and(|detail| detail.as_bytes().windows(ADVICE.len()).any(|part| part == ADVICE))
}

/// Iterates over the pages of a project's export buckets. Made by
/// [`Client::export_bucket_pages`](crate::Client::export_bucket_pages).
///
/// A page is requested when it is asked for. After an error there is nothing more.
pub struct Pages {
    source: Arc<Source>,
    project_id: ProjectId,
    /// `None` when the walk has ended.
    next_page: Option<u32>,
    include_count: bool,
    walk: Walk,
}

impl Pages {
    pub(crate) fn new(source: Arc<Source>, project_id: ProjectId) -> Self {
        let include_count = source.endpoint.include_count;
        Pages { source, project_id, next_page: Some(1), include_count, walk: Walk::default() }
    }
}

impl Iterator for Pages {
    type Item = Result<Page, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let page_num = self.next_page.take()?;
        let page = match self.source.get(&self.project_id, page_num, &mut self.include_count) {
            Ok(page) => page,
            Err(error) => return Some(Err(error)),
        };
        match self.walk.step(&page) {
            Ok(Step::End) => {}
            Ok(Step::Next) => self.next_page = Some(page_num.saturating_add(1)),
            Err(reason) => return Some(Err(self.incomplete(page_num, reason))),
        }
        Some(Ok(page))
    }
}

impl Pages {
    fn incomplete(&self, page_num: u32, reason: Incomplete) -> Error {
        let request = self.source.endpoint.page(&self.project_id, page_num, self.include_count);
        Error::Incomplete { request: Box::new(request), reason }
    }
}

impl FusedIterator for Pages {}

/// Iterates over the export buckets of a project. Made by [`Client::export_buckets`](crate::Client::export_buckets).
///
/// Ends with `None` only if the list is complete; an error is the last item. The lower bound of its `size_hint`
/// is how many buckets are at hand, for which nothing has to be sent.
pub struct ExportBuckets {
    pages: Pages,
    /// What is left of the page that came last.
    page: std::vec::IntoIter<ExportBucket>,
    /// How many came, each counted once.
    received: u64,
    /// How many there were, the server said first.
    first_count: Option<u64>,
}

impl ExportBuckets {
    pub(crate) fn new(pages: Pages) -> Self {
        ExportBuckets { pages, page: Vec::new().into_iter(), received: 0, first_count: None }
    }

    /// How many buckets there are in all, the server said last; `None` before the first bucket, and without a count.
    pub fn total_count(&self) -> Option<u64> {
        self.pages.walk.total_count
    }
}

impl Iterator for ExportBuckets {
    type Item = Result<ExportBucket, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(bucket) = self.page.next() {
                return Some(Ok(bucket));
            }
            let ids_before = std::mem::take(&mut self.pages.walk.ids);
            let page = match self.pages.next()? {
                Ok(page) => page,
                Err(error) => return Some(Err(error)),
            };
            // A server may send far more than was asked for, so they are looked up in order. A heap sorts with less code than
            // `sort`, which a user's build would compile once more.
            let ids_before = BinaryHeap::from(ids_before).into_sorted_vec();
            let mut results = page.results;
            // A bucket that moved from the page before to this one is given once.
            let mut ids = self.pages.walk.ids.iter();
            results.retain(|_| ids.next().is_none_or(|id| ids_before.binary_search(id).is_err()));
            self.received += results.len() as u64;
            self.first_count = self.first_count.or(page.total_count);
            // What was added while the list was read may be missing in it, but not what was there before: the buckets that
            // came twice hid others.
            if self.pages.next_page.is_none()
                && let Some(total_count) = self.first_count.filter(|&count| self.received < count)
            {
                let reason = Incomplete::Short { received: self.received, total_count };
                return Some(Err(self.pages.incomplete(page.page_num, reason)));
            }
            self.page = results.into_iter();
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let at_hand = self.page.len();
        (at_hand, self.pages.next_page.is_none().then_some(at_hand))
    }
}

impl FusedIterator for ExportBuckets {}

/// What comes after a page.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    Next,
    End,
}

/// What a walk over pages remembers, to know its end from a fault.
#[derive(Default)]
struct Walk {
    /// How many buckets came.
    received: u64,
    /// What the last page said.
    total_count: Option<u64>,
    /// The ids in the last page, each by its hash. Two pages of 500 have different ids with the same hash once in 10^14,
    /// whatever a server sends, as it does not know the hasher's key. Then the second bucket counts as the first, and
    /// the list as short by one.
    ids: Vec<u64>,
    /// The sum of each page's ids: eight bytes a page, and few enough pages to look at them all.
    seen: Vec<u64>,
    hasher: RandomState,
}

impl Walk {
    /// The list is complete when the server says so: with no link to a next page, and as many buckets as it counts.
    /// How full a page is says nothing, as servers may cap pages. Without links the count alone has to do, and
    /// without either an empty page.
    fn step(&mut self, page: &Page) -> Result<Step, Incomplete> {
        let is_empty = page.results.is_empty();
        self.ids.clear();
        for bucket in &page.results {
            self.ids.push(self.hasher.hash_one(&bucket.id));
        }
        if !is_empty {
            // A sum, because the same buckets in another order are the same page.
            let sum = self.ids.iter().copied().fold(0, u64::wrapping_add);
            if self.seen.contains(&sum) {
                return Err(Incomplete::Repeated);
            }
            self.seen.push(sum);
        }
        if let (Some(from), Some(to)) = (self.total_count, page.total_count)
            && to < from
        {
            return Err(Incomplete::Shrunk { from, to });
        }
        self.total_count = page.total_count.or(self.total_count);
        self.received += page.results.len() as u64;
        let missing = self.total_count.filter(|&total_count| self.received < total_count);
        match (page.has_next(), missing) {
            (true, _) if is_empty => Err(Incomplete::Empty),
            (true, _) => Ok(Step::Next),
            (false, Some(total_count)) if is_empty => {
                Err(Incomplete::Short { received: self.received, total_count })
            }
            // No link, but the count says that there is more: ask, so that the answer decides.
            (false, Some(_)) => Ok(Step::Next),
            (false, None) if page.has_links() || self.total_count.is_some() || is_empty => Ok(Step::End),
            (false, None) => Ok(Step::Next),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::tests::endpoint;
    use crate::page;

    /// A page of the buckets with these ids: `(ids, count, links)`, where links is `-` for none at all, `[]` for an
    /// empty list, `` for no next.
    fn page(ids: &str, total_count: Option<u64>, links: &str) -> Page {
        let bucket = |id| format!(r#"{{"_id":"{id}","bucketName":"b","cloudProvider":"AWS"}}"#);
        let results: Vec<String> = ids.split_whitespace().map(bucket).collect();
        let links = match links {
            "-" => "null".to_owned(),
            "[]" => "[]".to_owned(),
            "" => r#"[{"href":"h","rel":"self"}]"#.to_owned(),
            rel => format!(r#"[{{"href":"h","rel":"self"}},{{"href":"h","rel":"{rel}"}}]"#),
        };
        let count = total_count.map_or("null".to_owned(), |count| count.to_string());
        let body = format!(r#"{{"links":{links},"results":[{}],"totalCount":{count}}}"#, results.join(","));
        Page::new(1, page::parse(body.as_bytes()).unwrap(), body.into())
    }

    #[test]
    fn that_atlas_cannot_count_is_seen_by_its_words() {
        let request =
            Box::new(endpoint("https://h").page(&"32b6e34b3d91647abb20e7b8".parse().unwrap(), 1, true));
        for (detail, expected) in [
            (Some("Unable to calculate the total number of results. Retry with includeCount=false."), true),
            (Some("retry with \"includeCount=false\""), true),
            (Some("includeCount is not a flag"), false),
            (Some(""), false),
            (None, false),
        ] {
            let api = crate::ApiError { detail: detail.map(str::to_owned), ..Default::default() };
            let error = Error::Status { request: request.clone(), api: Box::new(api), retry_after: None };
            assert_eq!(cannot_count(&error), expected, "{detail:?}");
        }
    }

    #[test]
    fn a_walk_ends_when_the_server_says_so_and_not_before() {
        use Incomplete::{Empty, Repeated, Short, Shrunk};
        const NEXT: Result<Step, Incomplete> = Ok(Step::Next);
        const END: Result<Step, Incomplete> = Ok(Step::End);
        type Pages = Vec<(&'static str, Option<u64>, &'static str, Result<Step, Incomplete>)>;
        let cases: Vec<(&str, Pages)> = vec![
            ("one page", vec![("1 2", Some(2), "", END)]),
            ("no bucket", vec![("", Some(0), "", END)]),
            ("two pages", vec![("1 2", Some(3), "next", NEXT), ("3", Some(3), "previous", END)]),
            ("no count", vec![("1 2", None, "next", NEXT), ("3", None, "", END)]),
            ("no links", vec![("1 2", Some(3), "-", NEXT), ("3", Some(3), "-", END)]),
            ("neither", vec![("1 2", None, "-", NEXT), ("3", None, "-", NEXT), ("", None, "-", END)]),
            (
                "neither, links []",
                vec![("1", None, "[]", NEXT), ("2", None, "[]", NEXT), ("", None, "[]", END)],
            ),
            ("neither, no bucket", vec![("", None, "-", END)]),
            ("a name of the relation in capitals", vec![("1", None, "NEXT", NEXT), ("2", None, "", END)]),
            ("a link beyond the count", vec![("1", Some(1), "next", NEXT), ("2", Some(2), "", END)]),
            ("a count beyond the links", vec![("1", Some(2), "", NEXT), ("2", Some(2), "", END)]),
            (
                "short",
                vec![("1", Some(2), "", NEXT), ("", Some(2), "", Err(Short { received: 1, total_count: 2 }))],
            ),
            ("short without links", vec![("", Some(2), "-", Err(Short { received: 0, total_count: 2 }))]),
            ("a count that vanishes", vec![("1", Some(2), "next", NEXT), ("2", None, "", END)]),
            ("a count that grows", vec![("1", Some(1), "next", NEXT), ("1 2", Some(2), "", END)]),
            (
                "a count that shrinks",
                vec![("1", Some(3), "next", NEXT), ("2", Some(2), "", Err(Shrunk { from: 3, to: 2 }))],
            ),
            ("a page again", vec![("1 2", None, "next", NEXT), ("1 2", None, "next", Err(Repeated))]),
            (
                "a page again in another order",
                vec![("1 2", Some(4), "next", NEXT), ("2 1", Some(4), "", Err(Repeated))],
            ),
            (
                "pages in a circle",
                vec![
                    ("1", None, "next", NEXT),
                    ("2", None, "next", NEXT),
                    ("1", None, "next", Err(Repeated)),
                ],
            ),
            ("an empty page with a next", vec![("1", None, "next", NEXT), ("", None, "next", Err(Empty))]),
        ];
        for (name, pages) in cases {
            let mut walk = Walk::default();
            for (index, (ids, count, links, expected)) in pages.into_iter().enumerate() {
                assert_eq!(walk.step(&page(ids, count, links)), expected, "{name}, page {}", index + 1);
            }
        }
    }
}
