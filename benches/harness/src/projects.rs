//! The program over a thousand projects, one by one and several at once.

use std::process::Command;
use std::time::Duration;

use atlas_export_buckets::simulator::{Fault, Simulator, When, sample_buckets};

use crate::Context;
use crate::commands::list;
use crate::measured::{Measured, measure as run, median};
use crate::table::{Bound, print};

const PROJECTS: usize = 1000;
const LATENCY: Duration = Duration::from_millis(20);
const ROUNDS: usize = 3;

pub fn measure(context: &Context) -> Vec<Bound> {
    let builder = Simulator::builder().fault(When::always(), Fault::Delay(LATENCY));
    let ids = (1..=PROJECTS).map(|number| format!("{number:024x}"));
    let atlas = ids.fold(builder, |builder, id| builder.project(id, sample_buckets(1)));
    let atlas = atlas.start().expect("the simulator");
    let jobs = ["1", "16"];
    let mut runs: [Vec<Measured>; 2] = Default::default();
    for _ in 0..context.rounds(ROUNDS) {
        for (jobs, runs) in jobs.iter().zip(&mut runs) {
            let run = run(context, &program(context, &atlas, jobs));
            assert_eq!(run.output.lines().count(), PROJECTS, "--jobs {jobs}");
            runs.push(Measured { output: String::new(), ..run });
        }
    }
    let median = |index: usize, figure: fn(&Measured) -> f64| median(runs[index].iter().map(figure));
    let row = |index: usize| {
        vec![
            jobs[index].to_owned(),
            format!("{:.0}", median(index, |run| run.wall)),
            format!("{:.0}", median(index, |run| run.cpu)),
            format!("{:.1}", median(index, |run| run.memory)),
        ]
    };
    let title = format!("Listing {PROJECTS} projects by the program, {} ms a request", LATENCY.as_millis());
    print(&title, &["jobs", "wall clock, ms", "CPU, ms", "memory, MiB"], &[row(0), row(1)]);
    let ratio = median(1, |run| run.wall) / median(0, |run| run.wall);
    vec![Bound::new("A thousand projects: wall clock of 16 jobs to that of 1", ratio, 1.0 / 14.0)]
}

fn program(context: &Context, atlas: &Simulator, jobs: &str) -> Command {
    let mut command = list(context, [atlas.public_key(), atlas.private_key()], atlas.base_url());
    command.args(["--all-projects", "--jobs", jobs]);
    command
}
