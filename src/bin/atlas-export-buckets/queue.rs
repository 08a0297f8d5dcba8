//! Projects that are being listed: each has its place in listing order, and those that are ready early wait there, in
//! bounded memory.

use std::slice::Iter;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::failure::Failure;
use crate::projects::Project;

/// What all projects that wait for their turn hold together.
const MAX_BYTES: usize = 32 * 1024 * 1024;
/// What a waiting project takes beside its text.
const OVERHEAD: usize = 1024;
/// Projects that wait for their turn, for each worker.
const PROJECTS_AHEAD: usize = 16;

/// What a worker tells of its project.
pub(crate) enum Event {
    /// Text to print, and how many buckets it has.
    Text { text: Vec<u8>, buckets: u64 },
    /// The end: how many buckets the server counts, if that is known, or why the list is not complete.
    End(Result<Option<u64>, Failure>),
}

/// The projects that no worker has begun yet, and the order of those that were begun.
pub(crate) struct Queue<'p> {
    waiting: Mutex<(Iter<'p, Project>, SyncSender<Receiver<Event>>)>,
    memory: Memory,
}

/// What the printer takes projects from, in listing order.
pub(crate) type InOrder = Receiver<Receiver<Event>>;

/// A project in a worker's hands.
pub(crate) struct Place<'p, 'q> {
    pub(crate) project: &'p Project,
    number: usize,
    events: SyncSender<Event>,
    memory: &'q Memory,
}

/// The projects, for so many workers and a printer.
pub(crate) fn queue(projects: &[Project], workers: usize) -> (Queue<'_>, InOrder) {
    let (begun, in_order) = sync_channel(workers * PROJECTS_AHEAD);
    (Queue { waiting: Mutex::new((projects.iter(), begun)), memory: Memory::default() }, in_order)
}

impl<'p> Queue<'p> {
    /// The next project for a worker; `None` when there is none, or nobody prints any more.
    pub(crate) fn begin(&self) -> Option<Place<'p, '_>> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let project = waiting.0.next()?;
        // For some text and the end: a small project does not hold its worker until its turn.
        let (events, receiver) = sync_channel(2);
        let number = self.memory.add_project();
        // It fails if the printer has ended.
        waiting.1.send(receiver).ok()?;
        Some(Place { project, number, events, memory: &self.memory })
    }

    /// The printer has printed so many bytes of the project whose turn it is.
    pub(crate) fn printed(&self, bytes: usize) {
        self.memory.release(bytes);
    }

    /// The printer has done with a project.
    pub(crate) fn next_turn(&self) {
        self.memory.next_turn();
    }
}

impl Place<'_, '_> {
    /// Waits until there is room for so many bytes more. The project whose turn it is always has room.
    pub(crate) fn reserve(&self, bytes: usize) {
        self.memory.reserve(self.number, bytes);
    }

    /// Gives up room for what is not printed after all.
    pub(crate) fn release(&self, bytes: usize) {
        self.memory.release(bytes);
    }

    /// Tells the printer, for whose text room was reserved. Returns whether anybody listens.
    pub(crate) fn tell(&self, event: Event) -> bool {
        self.events.send(event).is_ok()
    }
}

/// Counts what is held for projects that wait.
#[derive(Default)]
struct Memory {
    usage: Mutex<Usage>,
    changed: Condvar,
}

#[derive(Default)]
struct Usage {
    bytes: usize,
    begun: usize,
    /// The number of the project whose turn it is.
    turn: usize,
}

impl Memory {
    fn lock(&self) -> MutexGuard<'_, Usage> {
        self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add_project(&self) -> usize {
        let mut usage = self.lock();
        usage.bytes += OVERHEAD;
        usage.begun += 1;
        usage.begun - 1
    }

    fn reserve(&self, number: usize, bytes: usize) {
        let has_to_wait = |usage: &mut Usage| usage.turn != number && usage.bytes + bytes > MAX_BYTES;
        let usage = self.changed.wait_while(self.lock(), has_to_wait);
        usage.unwrap_or_else(PoisonError::into_inner).bytes += bytes;
    }

    fn release(&self, bytes: usize) {
        let mut usage = self.lock();
        usage.bytes = usage.bytes.saturating_sub(bytes);
        self.changed.notify_all();
    }

    fn next_turn(&self) {
        self.lock().turn += 1;
        self.release(OVERHEAD);
    }
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::Duration;

    use super::*;

    fn projects(count: usize) -> Vec<Project> {
        let project = |index| Project { id: format!("{index:024x}").parse().unwrap(), name: None };
        (0..count).map(project).collect()
    }

    #[test]
    fn a_small_project_does_not_hold_its_worker_until_its_turn() {
        let projects = projects(2);
        let (queue, in_order) = queue(&projects, 1);
        // Nobody takes an event.
        while let Some(place) = queue.begin() {
            place.reserve(24);
            let text = place.project.id.to_string().into_bytes();
            assert!(place.tell(Event::Text { text, buckets: 1 }));
            assert!(place.tell(Event::End(Ok(None))));
        }
        let first_text = |events: Receiver<Event>| match events.recv() {
            Ok(Event::Text { text, .. }) => String::from_utf8(text).unwrap(),
            _ => panic!(),
        };
        let order: Vec<String> = in_order.try_iter().map(first_text).collect();
        assert_eq!(order, [format!("{:024x}", 0), format!("{:024x}", 1)]);
    }

    #[test]
    fn what_waits_is_bounded_and_the_project_whose_turn_it_is_never_waits() {
        let projects = projects(3);
        let (queue, _in_order) = queue(&projects, 1);
        let (first, second, third) = (queue.begin().unwrap(), queue.begin().unwrap(), queue.begin().unwrap());
        second.reserve(MAX_BYTES - 3 * OVERHEAD);
        first.reserve(MAX_BYTES);
        let (done, is_done) = sync_channel(1);
        thread::scope(|scope| {
            scope.spawn(|| {
                third.reserve(1);
                done.send(()).unwrap();
            });
            assert!(is_done.recv_timeout(Duration::from_millis(50)).is_err(), "there is no room");
            queue.printed(MAX_BYTES);
            assert!(is_done.recv_timeout(Duration::from_millis(50)).is_err(), "there is still none");
            queue.next_turn();
            assert_eq!(is_done.recv_timeout(Duration::from_secs(20)), Ok(()));
        });
    }
}
