//! The line on the terminal that tells what is done and what is left; and all else that goes to standard error, so that
//! the two do not write over each other.

use std::fmt::Arguments;
use std::io::{self, IsTerminal as _, Write};
use std::sync::OnceLock;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The one line; unset if there is none.
static LINE: OnceLock<ProgressBar> = OnceLock::new();

/// Prints a line to standard error. If nobody can read it there, the work goes on all the same.
pub(crate) fn tell(message: Arguments<'_>) {
    let line = format!("atlas-export-buckets: {}\n", printable(&message.to_string()));
    beside(|| _ = io::stderr().write_all(line.as_bytes()));
}

/// Escapes what could leave its line, move the cursor, or disguise text.
pub(crate) fn printable(text: &str) -> String {
    let is_harmful = |character: char| {
        character.is_control()
            || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let mut printable = String::with_capacity(text.len());
    for character in text.chars() {
        if is_harmful(character) {
            printable.extend(character.escape_default());
        } else {
            printable.push(character);
        }
    }
    printable
}

/// Takes the progress line away while something else is printed.
fn beside<T>(print: impl FnOnce() -> T) -> T {
    match LINE.get() {
        Some(line) => line.suspend(print),
        None => print(),
    }
}

/// Standard output, which may be the same terminal.
pub(crate) struct Stdout(pub(crate) io::StdoutLock<'static>);

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        beside(|| self.0.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Counts projects and buckets as they are printed.
pub(crate) struct Progress {
    projects: usize,
    pub(crate) projects_done: usize,
    pub(crate) buckets: u64,
}

impl Progress {
    /// The line is shown on a terminal only, and not if `is_silent`, or among the lines of `--verbose`.
    pub(crate) fn new(projects: usize, is_silent: bool) -> Self {
        if !is_silent && io::stderr().is_terminal() {
            let line = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template("{msg}") {
                line.set_style(style);
            }
            let _ = LINE.set(line);
        }
        Progress { projects, projects_done: 0, buckets: 0 }
    }

    /// Buckets were printed, of so many in their project.
    pub(crate) fn add(&mut self, buckets: u64, of: Option<u64>) {
        // Fewer are done before anybody can read how far it is.
        const STEP: u64 = 100;
        let steps = self.buckets / STEP;
        self.buckets += buckets;
        if self.buckets / STEP > steps {
            self.show(of);
        }
    }

    /// A project is done, well or not.
    pub(crate) fn project(&mut self) {
        self.projects_done += 1;
        if self.projects > 1 {
            self.show(None);
        }
    }

    fn show(&self, of: Option<u64>) {
        let Some(line) = LINE.get() else { return };
        let buckets = self.buckets;
        line.set_message(match (self.projects, of) {
            (1, Some(of)) => format!("{buckets} of {of} buckets"),
            (1, None) => format!("{buckets} buckets"),
            (projects, _) => format!("{} of {projects} projects, {buckets} buckets", self.projects_done),
        });
    }

    /// Takes the line away.
    pub(crate) fn finish(&self) {
        if let Some(line) = LINE.get() {
            line.finish_and_clear();
        }
    }
}
