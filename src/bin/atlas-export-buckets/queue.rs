//! Projects that are being listed: each has its place in listing order, and those that are ready early wait there, in
//! bounded memory.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::failure::Failure;
use crate::progress;
use crate::projects::{NamedProject, Projects};

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
    /// The end: how many buckets the server counts, if that is known, or why the list is not whole.
    End(Result<Option<u64>, Failure>),
}

/// What takes in the buckets of a project.
pub(crate) trait Sink {
    /// Waits until there is room for so many bytes more.
    fn reserve(&mut self, bytes: usize);

    /// Gives up room for what is not printed after all.
    fn release(&mut self, bytes: usize);

    /// Takes in text for which room was reserved. Returns whether anybody wants more.
    fn tell(&mut self, event: Event) -> bool;
}

/// A project that was begun, and what its worker tells of it; without a project, why there are no more.
pub(crate) type Begun = (Option<NamedProject>, Receiver<Event>);

/// What the printer takes projects from, in listing order.
pub(crate) type InOrder = Receiver<Begun>;

/// The projects that no worker has begun yet, and the order of those that were begun.
pub(crate) struct Queue {
    /// `None` when there are no more.
    waiting: Mutex<Option<(Projects, SyncSender<Begun>)>>,
    memory: Memory,
}

/// The place of a project in listing order.
pub(crate) struct Place<'q> {
    number: usize,
    events: SyncSender<Event>,
    memory: &'q Memory,
}

/// The projects, for so many workers and a printer.
pub(crate) fn queue(projects: Projects, workers: usize) -> (Queue, InOrder) {
    let (begun, in_order) = sync_channel(workers * PROJECTS_AHEAD);
    (Queue { waiting: Mutex::new(Some((projects, begun))), memory: Memory::default() }, in_order)
}

impl Queue {
    /// The next project for a worker; `None` when there is none, or nobody prints any more.
    pub(crate) fn begin(&self) -> Option<(NamedProject, Place<'_>)> {
        let mut waiting = self.lock();
        let (projects, begun) = waiting.as_mut()?;
        let project = projects.next();
        progress::projects(projects.total());
        // For some text and the end: a small project does not hold its worker until its turn.
        let (events, receiver) = sync_channel(2);
        match project {
            Some(Ok(project)) => {
                let number = self.memory.add_project();
                // It fails if the printer has ended.
                begun.send((Some(project.clone()), receiver)).ok()?;
                Some((project, Place { number, events, memory: &self.memory }))
            }
            Some(Err(failure)) => {
                // There is room for it, and if the printer has ended, nobody has to know.
                let _ = events.send(Event::End(Err(failure)));
                let _ = begun.send((None, receiver));
                *waiting = None;
                None
            }
            None => {
                *waiting = None;
                None
            }
        }
    }

    /// The projects that no worker has begun, which then none begins.
    pub(crate) fn take_projects(&self) -> Option<Projects> {
        self.lock().take().map(|(projects, _)| projects)
    }

    /// The printer has printed so many bytes of the project whose turn it is.
    pub(crate) fn printed(&self, bytes: usize) {
        self.memory.release(bytes);
    }

    /// The printer has done with a project.
    pub(crate) fn next_turn(&self) {
        self.memory.next_turn();
    }

    fn lock(&self) -> MutexGuard<'_, Option<(Projects, SyncSender<Begun>)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink for Place<'_> {
    /// The project whose turn it is always has room.
    fn reserve(&mut self, bytes: usize) {
        self.memory.reserve(self.number, bytes);
    }

    fn release(&mut self, bytes: usize) {
        self.memory.release(bytes);
    }

    fn tell(&mut self, event: Event) -> bool {
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

    fn projects(count: usize) -> Projects {
        let project = |index| NamedProject { id: format!("{index:024x}").parse().unwrap(), name: None };
        Projects::Named((0..count).map(project).collect::<Vec<_>>().into_iter())
    }

    #[test]
    fn a_small_project_does_not_hold_its_worker_until_its_turn() {
        let (queue, in_order) = queue(projects(2), 1);
        // Nobody takes an event.
        while let Some((project, mut place)) = queue.begin() {
            place.reserve(24);
            let text = project.id.to_string().into_bytes();
            assert!(place.tell(Event::Text { text, buckets: 1 }));
            assert!(place.tell(Event::End(Ok(None))));
        }
        let first_text = |(_, events): Begun| match events.recv() {
            Ok(Event::Text { text, .. }) => String::from_utf8(text).unwrap(),
            _ => panic!(),
        };
        let order: Vec<String> = in_order.try_iter().map(first_text).collect();
        assert_eq!(order, [format!("{:024x}", 0), format!("{:024x}", 1)]);
    }

    #[test]
    fn what_waits_is_bounded_and_the_project_whose_turn_it_is_never_waits() {
        let (queue, _in_order) = queue(projects(3), 1);
        let begin = || queue.begin().unwrap().1;
        let (mut first, mut second, mut third) = (begin(), begin(), begin());
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
