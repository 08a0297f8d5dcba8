//! Lists one project, a page at a time.

use std::iter;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use atlas_export_buckets::{Client, Error, ExportBucket, Listing, Page, ProjectId};

use crate::failure::Failure;
use crate::projects::NamedProject;

/// Lists projects.
#[derive(Clone)]
pub(crate) struct Lister {
    pub(crate) client: Client,
    /// The only page to list.
    pub(crate) page: Option<u32>,
    /// Whether bodies are printed. A page then has all its buckets, also those that were on an earlier page.
    pub(crate) has_bodies: bool,
    pub(crate) limit: Limit,
}

/// `--max-time`: when the run has begun, and how long it may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    pub(crate) start: Instant,
    pub(crate) time: Duration,
}

/// The buckets of a page.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) buckets: Vec<ExportBucket>,
    /// The body of the page; it may be empty where only buckets are printed.
    pub(crate) body: String,
    /// How many buckets the project has, if the server counts them.
    pub(crate) total_count: Option<u64>,
}

/// The parts of a project; a failure is the last one.
pub(crate) type Parts<'a> = Box<dyn Iterator<Item = Result<Part, Failure>> + 'a>;

/// A project with its parts, or why the projects could not be listed.
pub(crate) type Listed<'a> = Result<(NamedProject, Parts<'a>), Failure>;

impl Part {
    /// About how much memory it takes.
    pub(crate) fn bytes(&self) -> usize {
        let of_bucket = |bucket: &ExportBucket| bucket.raw().len() + size_of::<ExportBucket>();
        self.body.len() + self.buckets.iter().map(of_bucket).sum::<usize>()
    }
}

impl From<Page<ExportBucket>> for Part {
    fn from(page: Page<ExportBucket>) -> Self {
        Part { body: page.body().to_owned(), buckets: page.results, total_count: page.total_count }
    }
}

impl Lister {
    /// Lists a project.
    pub(crate) fn parts(&self, id: &ProjectId) -> Parts<'_> {
        let (client, id) = (&self.client, id.clone());
        let parts: Box<dyn Iterator<Item = Result<Part, Error>>> = match self.page {
            Some(page) => Box::new(iter::once_with(move || Ok(client.export_bucket_page(&id, page)?.into()))),
            None if self.has_bodies => {
                Box::new(client.export_bucket_pages(&id).map(|page| page.map(Part::from)))
            }
            None => {
                let mut listing = client.export_buckets(&id);
                Box::new(iter::from_fn(move || next_part(&mut listing)))
            }
        };
        Box::new(parts.map(|part| part.map_err(|error| self.failure(error))))
    }

    /// The library has the time of `--max-time` too, and may be the first to notice that it has passed.
    pub(crate) fn failure(&self, error: Error) -> Failure {
        match error {
            Error::Deadline { timeout, cause: None, .. } if timeout == self.limit.time => {
                Failure::MaxTime(timeout)
            }
            error => Failure::Atlas(error),
        }
    }
}

/// The buckets at hand, or, if there are none, those of the next page.
fn next_part(listing: &mut Listing<ExportBucket>) -> Option<Result<Part, Error>> {
    let first = listing.next()?;
    let at_hand = listing.size_hint().0;
    let buckets: Result<_, _> = iter::once(first).chain(listing.take(at_hand)).collect();
    Some(buckets.map(|buckets| Part { buckets, body: String::new(), total_count: listing.total_count() }))
}

impl Limit {
    fn time_left(self) -> Duration {
        self.time.saturating_sub(self.start.elapsed())
    }

    pub(crate) fn is_over(self) -> bool {
        self.time_left().is_zero()
    }

    /// Waits for what a worker sends, but not beyond the end of the run. After the end, nothing is received.
    pub(crate) fn receive<T>(self, receiver: &Receiver<T>) -> Result<T, Failure> {
        let time_left = self.time_left();
        if time_left.is_zero() {
            return Err(self.failure());
        }
        receiver.recv_timeout(time_left).map_err(|_| self.failure())
    }

    /// Why nothing was received.
    pub(crate) fn failure(self) -> Failure {
        if self.is_over() {
            return Failure::MaxTime(self.time);
        }
        Failure::Other("the thread that listed this project has ended".into())
    }
}
