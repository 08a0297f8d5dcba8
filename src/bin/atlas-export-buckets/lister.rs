//! Lists one project, a page at a time.

use std::iter;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use atlas_export_buckets::{Client, Error, ExportBucket, Page, ProjectId};

use crate::failure::Failure;
use crate::projects::NamedProject;

/// Lists projects.
#[derive(Clone)]
pub(crate) struct Lister {
    pub(crate) client: Client,
    /// The only page to list.
    pub(crate) page: Option<u32>,
    pub(crate) limit: Limit,
}

/// `--max-time`: when the run has begun, and how long it may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    pub(crate) start: Instant,
    pub(crate) time: Duration,
}

/// The pages of a project; a failure is the last one.
pub(crate) type Pages<'a> = Box<dyn Iterator<Item = Result<Page<ExportBucket>, Failure>> + 'a>;

/// A project with its pages, or why the projects could not be listed.
pub(crate) type Listed<'a> = Result<(NamedProject, Pages<'a>), Failure>;

impl Lister {
    /// Lists a project.
    pub(crate) fn pages(&self, id: &ProjectId) -> Pages<'_> {
        let (client, id) = (&self.client, id.clone());
        let explain = |page: Result<_, Error>| page.map_err(|error| self.failure(error));
        match self.page {
            Some(page) => Box::new(iter::once_with(move || explain(client.export_bucket_page(&id, page)))),
            None => Box::new(client.export_bucket_pages(&id).map(explain)),
        }
    }

    /// The library is given `--max-time` too, as the deadline of each listing, and may be the first to notice that it has passed.
    pub(crate) fn failure(&self, error: Error) -> Failure {
        match error {
            Error::Deadline { timeout, cause: None, .. } if timeout == self.limit.time => {
                Failure::MaxTime(timeout)
            }
            error => Failure::Atlas(error),
        }
    }
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
        match self.time_left() {
            Duration::ZERO => Err(self.failure()),
            time_left => receiver.recv_timeout(time_left).map_err(|_| self.failure()),
        }
    }

    /// Why nothing was received.
    pub(crate) fn failure(self) -> Failure {
        if self.is_over() {
            return Failure::MaxTime(self.time);
        }
        Failure::Other("the thread that listed this project has ended".into())
    }
}
