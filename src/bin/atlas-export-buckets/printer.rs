//! Prints projects in listing order, and keeps what the run comes to.

use std::io::{self, BufWriter};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use crate::failure::{self, Failure};
use crate::output::{Output, Style};
use crate::progress;
use crate::projects::NamedProject;
use crate::queue::{Event, InOrder, Queue, Sink};

/// The end of a run in good time: when, and how long that is from its start.
type End = Option<(Instant, Duration)>;

pub(crate) struct Printer {
    output: Output<BufWriter<progress::Stdout>>,
    end: End,
    /// Projects that are done, well or not.
    pub(crate) projects: usize,
    pub(crate) buckets: u64,
    /// The exit status of the first failure in listing order.
    first_failure: u8,
    is_out_of_time: bool,
    /// Why nobody takes the output any more.
    broken: Option<io::Error>,
}

impl Printer {
    pub(crate) fn new(style: Style, end: End) -> Self {
        Printer {
            output: Output::new(style, BufWriter::new(progress::Stdout(io::stdout().lock()))),
            end,
            projects: 0,
            buckets: 0,
            first_failure: failure::DONE,
            is_out_of_time: false,
            broken: None,
        }
    }

    /// Whether the run ended before all projects were done.
    pub(crate) fn has_stopped(&self) -> bool {
        self.is_out_of_time || self.broken.is_some()
    }

    /// Prints what the workers have listed. Those that were `named` are told of even if none began them.
    pub(crate) fn print(&mut self, named: &[NamedProject], queue: &Queue, in_order: &InOrder) {
        while let Some(begun) = self.wait_for(in_order) {
            let (project, events) = match begun {
                Ok(begun) => begun,
                Err(failure) => {
                    self.fail_the_rest(named, in_order, &failure);
                    return;
                }
            };
            let result = self.print_project(queue, &events);
            if self.broken.is_some() {
                return;
            }
            self.end_project(project.as_ref(), result);
            queue.next_turn();
        }
    }

    /// Prints a project as it comes.
    fn print_project(&mut self, queue: &Queue, events: &Receiver<Event>) -> Result<Option<u64>, Failure> {
        loop {
            match self.wait_for(events).transpose()? {
                Some(Event::Text { text, buckets }) => {
                    let bytes = text.len();
                    self.tell(Event::Text { text, buckets });
                    queue.printed(bytes);
                }
                Some(Event::End(result)) => return result,
                None => return Err(Failure::Unprintable(io::Error::other("its thread ended"))),
            }
            if self.broken.is_some() {
                return Ok(None);
            }
        }
    }

    /// A project, or the list of projects, is done.
    pub(crate) fn end_project(
        &mut self,
        project: Option<&NamedProject>,
        result: Result<Option<u64>, Failure>,
    ) {
        let result = result.and_then(|count| self.output.complete(count).map_err(Failure::Output));
        match result {
            Ok(()) => {}
            Err(Failure::Output(error)) => self.broken = Some(error),
            Err(failure) => self.fail(project, &failure),
        }
        self.projects += 1;
        progress::project_done();
    }

    fn fail(&mut self, project: Option<&NamedProject>, failure: &Failure) {
        self.is_out_of_time |= matches!(failure, Failure::MaxTime(_));
        self.output.failed(project, failure);
        failure.report(project);
        if self.first_failure == failure::DONE {
            self.first_failure = failure.exit_status();
        }
    }

    /// No project is begun any more: those that were named, or else the one whose turn it is, are told of.
    fn fail_the_rest(&mut self, named: &[NamedProject], in_order: &InOrder, failure: &Failure) {
        for project in named.get(self.projects..).unwrap_or_default() {
            self.fail(Some(project), failure);
        }
        if named.is_empty() {
            while let Ok((Some(project), _)) = in_order.try_recv() {
                self.fail(Some(&project), failure);
            }
            self.fail(None, failure);
        }
    }

    /// Waits for what comes next, but not beyond the end of the run. What was printed goes out before. `None` when nothing
    /// comes any more.
    fn wait_for<T>(&mut self, receiver: &Receiver<T>) -> Option<Result<T, Failure>> {
        /// How often the progress line is looked at.
        const TICK: Duration = Duration::from_millis(100);
        let mut tick = Duration::ZERO;
        loop {
            if let Some((_, limit)) =
                self.end.filter(|(end, _)| self.is_out_of_time || Instant::now() >= *end)
            {
                return Some(Err(Failure::MaxTime(limit)));
            }
            match receiver.recv_timeout(tick) {
                Ok(received) => return Some(Ok(received)),
                Err(RecvTimeoutError::Timeout) => progress::tick(),
                Err(RecvTimeoutError::Disconnected) => return None,
            }
            if let Err(error) = self.output.flush() {
                self.broken = Some(error);
                return None;
            }
            tick = TICK;
        }
    }

    /// Writes the end of the document. Returns the exit status.
    pub(crate) fn finish(&mut self) -> u8 {
        let finished = match self.broken.take() {
            None => self.output.finish(),
            Some(error) => Err(error),
        };
        // A reader that has enough does not make good what failed before.
        failure::exit_status_of_output(finished).max(self.first_failure)
    }
}

/// For projects that are listed on this thread.
impl Sink for Printer {
    fn reserve(&mut self, _: usize) {}

    fn release(&mut self, _: usize) {}

    fn tell(&mut self, event: Event) -> bool {
        if let Event::Text { text, buckets } = event {
            match self.output.text(&text).and_then(|()| self.output.flush()) {
                Ok(()) => self.buckets += buckets,
                Err(error) => self.broken = Some(error),
            }
        }
        self.broken.is_none()
    }
}
