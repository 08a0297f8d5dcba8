//! Projects that are being listed: each has its place in listing order, and those that are ready early wait there, in
//! bounded memory.

use std::iter;
use std::sync::mpsc::{Receiver, Sender, SyncSender, sync_channel};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::failure::Failure;
use crate::lister::{Chunk, Limit, Lister};
use crate::projects::{NamedProject, ProjectIter};

/// What all projects that wait for their turn hold together.
const MAX_BYTES: usize = 32 * 1024 * 1024;
/// Projects that wait for their turn, for each worker.
const PROJECTS_AHEAD: usize = 16;

/// The projects that no worker has begun yet, and the order of those that were begun.
pub(crate) struct Queue {
    waiting: Mutex<ProjectIter>,
    /// The most projects that may wait for their turn.
    max_ahead: usize,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// What is held for projects that wait.
    bytes: usize,
    /// How many projects were begun.
    begun: usize,
    /// The number of the project whose turn it is.
    turn: usize,
    is_closed: bool,
}

/// A project that a worker has begun.
pub(crate) struct Begun {
    /// `None` where the projects could not be listed.
    pub(crate) project: Option<NamedProject>,
    /// Its chunks, and `None` behind them.
    chunks: Receiver<Option<Result<Chunk, Failure>>>,
}

/// A project in a worker's hands.
struct Place {
    project: Result<NamedProject, Failure>,
    number: usize,
    chunks: SyncSender<Option<Result<Chunk, Failure>>>,
}

impl Queue {
    /// A queue for so many workers.
    pub(crate) fn new(projects: ProjectIter, workers: usize) -> Queue {
        Queue {
            waiting: Mutex::new(projects),
            max_ahead: workers * PROJECTS_AHEAD,
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// Lists projects until there are no more. The printer takes them from `in_order`, in listing order.
    pub(crate) fn work(&self, lister: &Lister, in_order: &Sender<Begun>) {
        while let Some(Place { project, number, chunks }) = self.begin(in_order) {
            let send = |chunk| chunks.send(Some(chunk)).is_ok();
            let is_read = match project {
                Ok(project) => lister.chunks(&project).all(|chunk| {
                    self.reserve(number, chunk.as_ref().map_or(0, |chunk| chunk.text.len()));
                    send(chunk)
                }),
                Err(failure) => send(Err(failure)),
            };
            if is_read {
                // If nobody reads it any more, nobody needs it.
                let _ = chunks.send(None);
            }
        }
    }

    /// The next project for a worker, when there is room for it; `None` when there is none, or nobody prints any more.
    fn begin(&self, in_order: &Sender<Begun>) -> Option<Place> {
        let is_full = |state: &mut State| state.begun - state.turn >= self.max_ahead && !state.is_closed;
        if self.wait_while(is_full).is_closed {
            return None;
        }
        let mut waiting = lock(&self.waiting);
        let project = waiting.next()?;
        // A small project does not hold its worker until its turn: there is room for a chunk and the end.
        let (chunks, receiver) = sync_channel(2);
        in_order.send(Begun { project: project.as_ref().ok().cloned(), chunks: receiver }).ok()?;
        let mut state = lock(&self.state);
        state.begun += 1;
        Some(Place { project, number: state.begun - 1, chunks })
    }

    /// The chunks of a project, for the printer.
    pub(crate) fn chunks(
        &self,
        begun: &Begun,
        limit: Option<Limit>,
    ) -> impl Iterator<Item = Result<Chunk, Failure>> {
        iter::from_fn(move || match Limit::receive(limit, &begun.chunks) {
            Some(Ok(chunk)) => {
                if let Some(Ok(chunk)) = &chunk {
                    self.release(chunk.text.len());
                }
                chunk
            }
            Some(Err(failure)) => Some(Err(failure)),
            // It sends `None` before it ends.
            None => Some(Err(Failure::Other("the thread that listed it has ended".into()))),
        })
    }

    /// The printer has done with a project.
    pub(crate) fn next_turn(&self) {
        lock(&self.state).turn += 1;
        self.changed.notify_all();
    }

    /// Lets no worker begin another project. Returns those that were not printed.
    pub(crate) fn close(&self, in_order: &Receiver<Begun>) -> Vec<Option<NamedProject>> {
        lock(&self.state).is_closed = true;
        self.changed.notify_all();
        let mut waiting = lock(&self.waiting);
        let rest = waiting.by_ref().map(Result::ok);
        in_order.try_iter().map(|begun| begun.project).chain(rest).collect()
    }

    /// Whether a thread ended while it listed the projects: then there may be more.
    pub(crate) fn has_lost_projects(&self) -> bool {
        self.waiting.is_poisoned()
    }

    /// Waits until there is room for so many bytes more. The project whose turn it is always has room.
    fn reserve(&self, number: usize, bytes: usize) {
        let is_full =
            |state: &mut State| state.turn != number && state.bytes + bytes > MAX_BYTES && !state.is_closed;
        self.wait_while(is_full).bytes += bytes;
    }

    fn release(&self, bytes: usize) {
        lock(&self.state).bytes -= bytes;
        self.changed.notify_all();
    }

    fn wait_while(&self, condition: impl FnMut(&mut State) -> bool) -> MutexGuard<'_, State> {
        let state = self.changed.wait_while(lock(&self.state), condition);
        state.unwrap_or_else(PoisonError::into_inner)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::thread;
    use std::time::Duration;

    use super::*;

    fn projects(count: usize) -> ProjectIter {
        Box::new(
            (0..count)
                .map(|index| Ok(NamedProject { id: format!("{index:024x}").parse().unwrap(), name: None })),
        )
    }

    #[test]
    fn a_small_project_does_not_hold_its_worker_until_its_turn() {
        let queue = Queue::new(projects(2), 1);
        let (sender, in_order) = channel();
        // Nobody takes a chunk.
        while let Some(place) = queue.begin(&sender) {
            let text = place.project.unwrap().id.to_string().into_bytes();
            place.chunks.send(Some(Ok(Chunk { text, ..Chunk::default() }))).unwrap();
            place.chunks.send(None).unwrap();
        }
        let first_text = |begun: Begun| match begun.chunks.recv() {
            Ok(Some(Ok(chunk))) => String::from_utf8(chunk.text).unwrap(),
            _ => panic!(),
        };
        let order: Vec<String> = in_order.try_iter().map(first_text).collect();
        assert_eq!(order, [format!("{:024x}", 0), format!("{:024x}", 1)]);
    }

    #[test]
    fn what_waits_is_bounded_and_the_project_whose_turn_it_is_never_waits() {
        let queue = Queue::new(projects(0), 1);
        queue.reserve(1, MAX_BYTES);
        queue.reserve(0, MAX_BYTES);
        let (done, is_done) = sync_channel(1);
        thread::scope(|scope| {
            scope.spawn(|| {
                queue.reserve(2, 1);
                done.send(()).unwrap();
            });
            assert!(is_done.recv_timeout(Duration::from_millis(50)).is_err(), "there is no room");
            queue.release(MAX_BYTES);
            assert!(is_done.recv_timeout(Duration::from_millis(50)).is_err(), "there is still none");
            queue.next_turn();
            assert!(is_done.recv_timeout(Duration::from_millis(50)).is_err(), "it is not its turn");
            queue.next_turn();
            assert_eq!(is_done.recv_timeout(Duration::from_secs(20)), Ok(()));
        });
    }

    #[test]
    fn a_queue_that_is_closed_gives_back_what_was_not_printed_in_listing_order() {
        let queue = Queue::new(projects(3), 1);
        let (sender, in_order) = channel();
        let begun = queue.begin(&sender);
        let rest: Vec<String> =
            queue.close(&in_order).into_iter().map(|project| project.unwrap().id.to_string()).collect();
        assert_eq!(rest, [0, 1, 2].map(|index| format!("{index:024x}")));
        assert!(begun.is_some() && queue.begin(&sender).is_none());
    }
}
