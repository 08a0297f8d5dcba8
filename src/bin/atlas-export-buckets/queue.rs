//! Lists several projects at once, and hands them out in listing order. Those that are ready early wait, in bounded memory.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex};
use std::{iter, thread};

use atlas_export_buckets::{ExportBucket, Page};

use crate::failure::Failure;
use crate::lister::{Limit, Listed, Lister, Pages};
use crate::projects::{NamedProject, ProjectIter};

/// How many bytes the projects that wait for their turn may hold together, besides one page for each worker.
const MAX_BYTES: usize = 32 * 1024 * 1024;
/// Projects that wait for their turn, for each worker.
const PROJECTS_AHEAD: usize = 16;
/// Pages of a project that may be fetched before its turn, besides the one that its worker holds.
const PAGES_AHEAD: usize = 16;

/// Several projects, in listing order.
pub(crate) struct Queue {
    shared: Arc<Shared>,
    begun: Receiver<Result<Place, Failure>>,
    limit: Limit,
}

/// What the workers share.
struct Shared {
    /// Those that no worker has begun yet.
    projects: Mutex<ProjectIter>,
    /// How many bytes wait for their turn.
    held: AtomicUsize,
}

/// A page of a project; `None` behind the last one.
type Message = Option<Result<Page<ExportBucket>, Failure>>;

/// A project that a worker has begun, for the printer.
struct Place {
    project: NamedProject,
    pages: Receiver<Message>,
    /// Dropped when it is this project's turn, which ends the worker's `turn.recv()`.
    before_turn: Sender<()>,
}

/// The same project for its worker.
struct Job {
    project: NamedProject,
    pages: SyncSender<Message>,
    /// Closed when it is this project's turn.
    turn: Receiver<()>,
}

impl Queue {
    /// Starts so many workers, or fewer where no more threads can be started.
    pub(crate) fn start(lister: &Lister, projects: ProjectIter, workers: usize) -> Result<Queue, Failure> {
        let shared = Arc::new(Shared { projects: Mutex::new(projects), held: AtomicUsize::new(0) });
        let (places, begun) = sync_channel(workers * PROJECTS_AHEAD);
        for started in 0..workers {
            let (shared, lister, places) = (Arc::clone(&shared), lister.clone(), places.clone());
            let thread = thread::Builder::new().spawn(move || {
                while !lister.limit.is_over()
                    && let Some(job) = shared.begin(&places)
                {
                    shared.work(&lister, job);
                }
            });
            match thread {
                Ok(_) => {}
                Err(_) if started > 0 => break,
                Err(error) => return Err(Failure::Other(format!("cannot start a thread: {error}"))),
            }
        }
        Ok(Queue { shared, begun, limit: lister.limit })
    }

    /// All projects in their order, also those for which there was no time.
    pub(crate) fn listed(&self) -> impl Iterator<Item = Listed<'_>> {
        let in_time = iter::from_fn(|| self.limit.receive(&self.begun).ok());
        let in_time = in_time.map(|place| place.map(|place| (place.project.clone(), self.pages(place))));
        let late = iter::once_with(|| self.rest()).flatten();
        let no_pages = || -> Pages<'_> { Box::new(iter::once(Err(self.limit.failure()))) };
        in_time.chain(late.map(move |project| project.map(|project| (project, no_pages()))))
    }

    /// The pages of a project whose turn it is.
    fn pages(&self, place: Place) -> Pages<'_> {
        drop(place.before_turn);
        Box::new(iter::from_fn(move || {
            // A worker sends `None` at the end. If the channel closes without it, the worker failed.
            let message = self.limit.receive(&place.pages).unwrap_or_else(|failure| Some(Err(failure)));
            if let Some(Ok(page)) = &message {
                self.shared.held.fetch_sub(bytes_of(page), Relaxed);
            }
            message
        }))
    }

    /// The projects that were not handed out.
    fn rest(&self) -> Vec<Result<NamedProject, Failure>> {
        let begun = || self.begun.try_iter().map(|place| place.map(|place| place.project));
        // Empty `begun` before taking the lock: a worker may hold the lock while it waits for room in `begun`.
        let mut rest: Vec<_> = begun().collect();
        match self.shared.projects.lock() {
            Ok(mut projects) => rest.extend(begun().chain(projects.by_ref())),
            // A worker ended while it asked for more projects.
            Err(_) => rest.push(Err(self.limit.failure())),
        }
        rest
    }
}

impl Shared {
    /// The next project for a worker, when there is room for it; `None` if no project is left, or nobody prints any more.
    fn begin(&self, places: &SyncSender<Result<Place, Failure>>) -> Option<Job> {
        let mut projects = self.projects.lock().ok()?;
        loop {
            match projects.next()? {
                Ok(project) => {
                    let (place, job) = open(project);
                    places.send(Ok(place)).ok()?;
                    return Some(job);
                }
                Err(failure) => places.send(Err(failure)).ok()?,
            }
        }
    }

    fn work(&self, lister: &Lister, job: Job) {
        for page in lister.pages(&job.project.id) {
            let bytes = page.as_ref().map_or(0, bytes_of);
            if self.held.fetch_add(bytes, Relaxed) > MAX_BYTES {
                // Nothing is ever sent: this waits until the other end is dropped.
                let _ = job.turn.recv();
            }
            if job.pages.send(Some(page)).is_err() {
                return;
            }
        }
        let _ = job.pages.send(None);
    }
}

/// About how much memory a page takes.
fn bytes_of(page: &Page<ExportBucket>) -> usize {
    page.body().len() + page.results.len() * size_of::<ExportBucket>()
}

/// Both ends of a project's channels. A worker can send a small project whole, without waiting for its turn.
fn open(project: NamedProject) -> (Place, Job) {
    let (sender, pages) = sync_channel(PAGES_AHEAD);
    let (before_turn, turn) = channel();
    (Place { project: project.clone(), pages, before_turn }, Job { project, pages: sender, turn })
}

#[cfg(test)]
mod tests {
    use atlas_export_buckets::simulator::{Simulator, sample_buckets};
    use atlas_export_buckets::{ApiKey, Client};

    use std::time::{Duration, Instant};

    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    fn lister(atlas: &Simulator) -> Lister {
        let key = ApiKey::new(atlas.public_key(), atlas.private_key()).unwrap();
        let client = Client::builder(key).base_url(atlas.base_url()).build().unwrap();
        let limit = Limit { start: Instant::now(), time: Duration::MAX };
        Lister { client, page: None, limit }
    }

    fn projects(atlas: &Simulator) -> ProjectIter {
        let ids: Vec<_> = atlas.project_ids().iter().map(|id| id.parse().unwrap()).collect();
        Box::new(ids.into_iter().map(|id| Ok(NamedProject::new(id, 0))))
    }

    #[test]
    fn a_small_project_does_not_hold_its_worker_until_its_turn() {
        let (asked, requests) = channel();
        let atlas = Simulator::builder().projects(3, 1).observe(move |_| _ = asked.send(())).start().unwrap();
        // Nobody takes a page.
        let queue = Queue::start(&lister(&atlas), projects(&atlas), 1).unwrap();
        // A challenge, and a page of each project.
        for request in 0..4 {
            assert_eq!(requests.recv_timeout(LONG), Ok(()), "request {request}");
        }
        let order: Vec<String> = queue.listed().map(|listed| listed.unwrap().0.id.to_string()).collect();
        assert_eq!(order, atlas.project_ids());
    }

    #[test]
    fn above_the_limit_of_bytes_a_worker_waits_for_its_project_s_turn() {
        let atlas = Simulator::builder().buckets(sample_buckets(1)).start().unwrap();
        let queue = queue(0);
        queue.shared.held.store(MAX_BYTES + 1, Relaxed);
        let (place, job) = open(projects(&atlas).next().unwrap().unwrap());
        thread::scope(|scope| {
            let (shared, lister) = (&queue.shared, lister(&atlas));
            scope.spawn(move || shared.work(&lister, job));
            assert!(place.pages.recv_timeout(Duration::from_millis(200)).is_err(), "it did not wait");
            let pages: Vec<usize> = queue.pages(place).map(|page| page.unwrap().results.len()).collect();
            assert_eq!(pages, [1]);
        });
        assert_eq!(queue.shared.held.load(Relaxed), MAX_BYTES + 1, "what is printed is held no longer");
    }

    /// One that nobody works on.
    fn queue(projects: usize) -> Queue {
        let ids = (0..projects).map(|index| format!("{index:024x}").parse().unwrap());
        let projects = ids.map(|id| Ok(NamedProject::new(id, 0))).collect::<Vec<_>>();
        Queue::start(&lister(&Simulator::start().unwrap()), Box::new(projects.into_iter()), 0).unwrap()
    }

    #[test]
    fn a_worker_that_ends_early_leaves_no_list_that_looks_complete() {
        let queue = queue(0);
        let (place, job) = open(NamedProject::new("32b6e34b3d91647abb20e7b8".parse().unwrap(), 1));
        drop(job);
        let failure = queue.pages(place).next().unwrap().unwrap_err();
        assert_eq!(failure.cause(), "the thread that listed this project has ended");
    }

    #[test]
    fn what_was_not_printed_is_known_in_listing_order() {
        let queue = queue(3);
        let (places, begun) = sync_channel(3);
        let queue = Queue { begun, ..queue };
        let _job = queue.shared.begin(&places).unwrap();
        let rest: Vec<String> =
            queue.rest().into_iter().map(|project| project.unwrap().id.to_string()).collect();
        assert_eq!(rest, [0, 1, 2].map(|index| format!("{index:024x}")));
    }
}
