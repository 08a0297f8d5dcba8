//! Running a command under `measure`.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// What a command cost and printed.
#[derive(Clone, Debug)]
pub struct Measured {
    /// From its start to its end.
    pub wall: Duration,
    /// The most memory that it had at once.
    pub memory_kib: u64,
    /// That of its children included.
    pub cpu: Duration,
    /// What it printed.
    pub output: String,
}

/// Runs `command`; it has to succeed.
pub fn run(programs: &Path, command: &Command) -> Measured {
    let mut measure = Command::new(programs.join("measure"));
    measure.arg(command.get_program()).args(command.get_args());
    measure.envs(command.get_envs().filter_map(|(name, value): (&OsStr, _)| Some((name, value?))));
    if let Some(directory) = command.get_current_dir() {
        measure.current_dir(directory);
    }
    let output = measure.output().expect("measure");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{command:?}: {printed}{}", String::from_utf8_lossy(&output.stderr));
    let (output, figures) = printed.trim_end().rsplit_once('\n').unwrap_or(("", printed.trim_end()));
    let figures: Vec<u64> = figures.split(' ').map(|figure| figure.parse().expect("a figure")).collect();
    Measured {
        wall: Duration::from_micros(figures[0]),
        memory_kib: figures[1],
        cpu: Duration::from_micros(figures[2]),
        output: output.to_owned(),
    }
}

/// The middle one.
pub fn median<T: Copy + PartialOrd>(values: impl IntoIterator<Item = T>) -> T {
    let mut values: Vec<_> = values.into_iter().collect();
    values.sort_by(|a, b| a.partial_cmp(b).expect("comparable"));
    values[values.len() / 2]
}
