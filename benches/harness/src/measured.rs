//! Running commands.

use std::process::Command;

use crate::Context;
use crate::commands::{on_cpu, run_by};

/// What a command cost and printed.
pub struct Measured {
    /// Milliseconds from its start to its end.
    pub wall: f64,
    /// The most memory that it had at once, in MiB.
    pub memory: f64,
    /// Milliseconds of CPU, those of its children included.
    pub cpu: f64,
    /// How often it gave its CPU away or lost it, its children included.
    pub context_switches: f64,
    pub output: String,
}

/// Runs `command` under `measure`; it has to succeed.
pub fn measure(context: &Context, command: &Command) -> Measured {
    measure_by(Command::new(context.programs.join("measure")), command)
}

/// The same, on one CPU. A server on the same CPU would take it away from its client again and again.
pub fn measure_on_cpu(context: &Context, number: u32, command: &Command) -> Measured {
    measure_by(on_cpu(number, context.programs.join("measure")), command)
}

fn measure_by(measure: Command, command: &Command) -> Measured {
    let mut measure = run_by(measure, command);
    if let Some(directory) = command.get_current_dir() {
        measure.current_dir(directory);
    }
    let printed = output(&mut measure);
    let printed = printed.trim_end();
    let (output, figures) = printed.rsplit_once('\n').unwrap_or(("", printed));
    let figures: Vec<f64> = figures.split(' ').map(|figure| figure.parse().expect("a figure")).collect();
    Measured {
        wall: figures[0] / 1e3,
        memory: figures[1] / 1024.0,
        cpu: figures[2] / 1e3,
        context_switches: figures[3],
        output: output.to_owned(),
    }
}

/// What `command` prints; it has to succeed.
pub fn output(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {stdout}{stderr}");
    stdout.into_owned()
}

/// The middle one.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
