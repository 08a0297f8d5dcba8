//! The line on a terminal that says what is waited for. Without a terminal, or when nothing takes half a second, there is
//! none.

use std::io::{self, IsTerminal as _, StdoutLock, Write};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::terminal;

/// A wait that is shorter needs no explanation.
const SHOWN_AFTER: Duration = Duration::from_millis(500);

/// The one line; unset if there is none.
static LINE: OnceLock<Line> = OnceLock::new();

struct Line {
    bar: ProgressBar,
    items_per_page: u64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    has_answer: bool,
    /// How many projects there are, once that is known.
    projects: Option<u64>,
    projects_done: u64,
    pages: u64,
    /// How many buckets the project has, if that is known.
    buckets: Option<u64>,
    /// Why a request is sent again, until it is answered.
    retry: Option<String>,
}

/// Begins the line, if standard error is a terminal that has nothing else to show.
pub(crate) fn start(projects: Option<usize>, items_per_page: u32) {
    if terminal::is_quiet() || terminal::is_verbose() || !io::stderr().is_terminal() {
        return;
    }
    let state = State { projects: projects.map(|count| count as u64), ..State::default() };
    let line = Line {
        bar: ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden()),
        items_per_page: items_per_page.into(),
        state: Mutex::new(state),
    };
    if let Ok(style) = ProgressStyle::with_template("{wide_msg}") {
        line.bar.set_style(style);
    }
    let _ = LINE.set(line);
    // Without a thread for it, there is no line.
    let _ = thread::Builder::new().spawn(|| {
        thread::sleep(SHOWN_AFTER);
        let Some(line) = LINE.get() else { return };
        update(|_| ());
        line.bar.set_draw_target(ProgressDrawTarget::stderr());
        line.bar.tick();
    });
}

/// So many projects there are.
pub(crate) fn projects(count: Option<u64>) {
    update(|state| state.projects = count);
}

/// A page came, of a project with so many buckets.
pub(crate) fn page(buckets: Option<u64>) {
    update(|state| {
        state.pages += 1;
        state.buckets = buckets;
    });
}

/// A project is done, well or not.
pub(crate) fn project_done() {
    update(|state| state.projects_done += 1);
}

/// Takes in what the library logs of its requests.
pub(crate) fn observe(record: &str) {
    update(|state| {
        if record.starts_with("HTTP ") {
            state.has_answer = true;
            state.retry = None;
        } else if let Some(retry) = retry_in(record) {
            state.retry = Some(retry);
        }
    });
}

/// `FAULT: trying again in 4000 ms` in fewer words.
fn retry_in(record: &str) -> Option<String> {
    let (fault, wait) = record.split_once(": trying again in ")?;
    let seconds = wait.split(' ').next()?.parse::<f64>().ok()? / 1000.0;
    let status = fault.split_once("HTTP ").and_then(|(_, rest)| rest.get(..3));
    let reason = status.map_or("a network error".to_owned(), |status| format!("HTTP {status}"));
    let precision = usize::from(seconds < 1.0);
    Some(format!("retrying in {seconds:.precision$} s because of {reason}"))
}

fn update(change: impl FnOnce(&mut State)) {
    let Some(line) = LINE.get() else { return };
    let text = {
        let mut state = line.state.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut state);
        line.text(&state)
    };
    line.bar.set_message(text);
}

impl Line {
    fn text(&self, state: &State) -> String {
        let page = state.pages + 1;
        let place = match state.buckets.map(|buckets| buckets.div_ceil(self.items_per_page)) {
            _ if state.projects.is_none() => format!("project {}", state.projects_done + 1),
            _ if state.projects > Some(1) => {
                let projects = state.projects.unwrap_or_default();
                format!("project {} of {projects}", state.projects_done + 1)
            }
            Some(pages) if page <= pages => format!("page {page} of {pages}"),
            _ => format!("page {page}"),
        };
        match &state.retry {
            Some(retry) => format!("{place}: {retry}"),
            None if !state.has_answer => format!("{place}: connecting"),
            None => format!("{place}: waiting for Atlas"),
        }
    }
}

/// Takes the line away while something else is printed.
pub(crate) fn beside<T>(print: impl FnOnce() -> T) -> T {
    match LINE.get() {
        Some(line) => line.bar.suspend(print),
        None => print(),
    }
}

/// Takes the line away.
pub(crate) fn finish() {
    if let Some(line) = LINE.get() {
        line.bar.finish_and_clear();
    }
}

/// Standard output, which may be the same terminal.
pub(crate) struct Stdout(pub(crate) StdoutLock<'static>);

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        beside(|| self.0.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_is_told_with_its_wait_and_its_reason() {
        for (record, expected) in [
            (
                "page 1 of x at https://h: the server failed: HTTP 503 SIMULATED \"Failed.\"; later: trying again in 4000 ms",
                Some("retrying in 4 s because of HTTP 503"),
            ),
            (
                "page 1 of x at https://h: cannot connect: refused; check it: trying again in 250 ms",
                Some("retrying in 0.2 s because of a network error"),
            ),
            ("GET https://h", None),
        ] {
            assert_eq!(retry_in(record).as_deref(), expected, "{record}");
        }
    }
}
