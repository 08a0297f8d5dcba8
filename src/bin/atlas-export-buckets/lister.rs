//! Lists one project, chunk by chunk as it is printed.

use std::iter;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use atlas_export_buckets::{Client, Error, ExportBucket, Listing, Page};

use crate::cli::Format;
use crate::failure::Failure;
use crate::output::Style;
use crate::progress;
use crate::projects::NamedProject;

/// Lists projects.
pub(crate) struct Lister {
    pub(crate) client: Client,
    /// The only page to list.
    pub(crate) page: Option<u32>,
    pub(crate) style: Style,
    pub(crate) limit: Option<Limit>,
}

/// `--max-time`: when the run has to end, and how long that is from its start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    pub(crate) end: Instant,
    pub(crate) time: Duration,
}

/// Some buckets of a project, ready to be printed.
#[derive(Debug, Default)]
pub(crate) struct Chunk {
    pub(crate) text: Vec<u8>,
    pub(crate) buckets: u64,
    /// How many buckets the project has, if the server counts them.
    pub(crate) total_count: Option<u64>,
}

/// The chunks of a project; an error is the last one.
pub(crate) type Chunks<'a> = Box<dyn Iterator<Item = Result<Chunk, Failure>> + 'a>;

impl Lister {
    /// Lists a project: a chunk for each page, or one for all of it where the format needs that.
    pub(crate) fn chunks<'a>(&'a self, project: &'a NamedProject) -> Chunks<'a> {
        let pages = self.pages(project).inspect(|page| {
            if let Ok(page) = page {
                progress::page(page.total_count);
            }
        });
        if !self.style.needs_whole_projects() {
            return Box::new(pages);
        }
        let whole = pages.reduce(|sum, page| {
            let (mut sum, page) = (sum?, page?);
            sum.text.extend_from_slice(&page.text);
            Ok(Chunk { text: sum.text, buckets: sum.buckets + page.buckets, total_count: page.total_count })
        });
        Box::new(whole.into_iter())
    }

    fn pages<'a>(&'a self, project: &'a NamedProject) -> Chunks<'a> {
        let id = &project.id;
        let as_chunk = |page: Result<Page<ExportBucket>, Error>| {
            let page = page.map_err(|error| self.failure(error))?;
            match self.style.format {
                Format::Raw => Ok(Chunk {
                    buckets: page.results.len() as u64,
                    total_count: page.total_count,
                    text: page.body,
                }),
                _ => self.render(project, &page.results, page.total_count),
            }
        };
        match (self.page, self.style.format) {
            (Some(page), _) => {
                Box::new(iter::once_with(move || as_chunk(self.client.export_bucket_page(id, page))))
            }
            (None, Format::Raw) => Box::new(self.client.export_bucket_pages(id).map(as_chunk)),
            (None, _) => {
                let mut listing = self.client.export_buckets(id);
                Box::new(iter::from_fn(move || {
                    let page = next_page(&mut listing)?.map_err(|error| self.failure(error));
                    Some(page.and_then(|page| self.render(project, &page, listing.total_count())))
                }))
            }
        }
    }

    fn render(
        &self,
        project: &NamedProject,
        buckets: &[ExportBucket],
        total_count: Option<u64>,
    ) -> Result<Chunk, Failure> {
        let text = self.style.render(project, buckets);
        let text = text.map_err(|error| Failure::Other(format!("cannot print a bucket: {error}")))?;
        Ok(Chunk { text, buckets: buckets.len() as u64, total_count })
    }

    /// The deadline of a single project's listing is that of the run.
    fn failure(&self, error: Error) -> Failure {
        match (error, self.limit) {
            (Error::Deadline { timeout, cause: None, .. }, Some(limit)) if timeout == limit.time => {
                Failure::MaxTime(limit.time)
            }
            (error, _) => Failure::Atlas(error),
        }
    }
}

/// The buckets that are at hand, or come with the next request.
fn next_page(listing: &mut Listing<ExportBucket>) -> Option<Result<Vec<ExportBucket>, Error>> {
    let first = listing.next()?;
    let at_hand = listing.size_hint().0;
    Some(iter::once(first).chain(listing.take(at_hand)).collect())
}

impl Limit {
    pub(crate) fn is_over(&self) -> bool {
        Instant::now() >= self.end
    }

    /// Waits for what comes next, but not beyond the end of the run; `None` if nothing comes any more.
    pub(crate) fn receive<T>(limit: Option<Limit>, receiver: &Receiver<T>) -> Option<Result<T, Failure>> {
        let Some(Limit { end, time }) = limit else { return receiver.recv().ok().map(Ok) };
        match receiver.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(received) => Some(Ok(received)),
            Err(RecvTimeoutError::Timeout) => Some(Err(Failure::MaxTime(time))),
            Err(RecvTimeoutError::Disconnected) => None,
        }
    }
}
