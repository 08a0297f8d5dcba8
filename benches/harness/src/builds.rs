//! What a dependency adds to a build: crates, CPU seconds, bytes.

use std::collections::HashSet;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::measured::{self, median};
use crate::table::{Row, thousands};

/// Ours, its floor, and the other.
const CLIENTS: [&str; 3] = ["client-ours", "client-floor", "client-reqwest-diqwest"];
/// Of ours and the floor, whose CPU time differs by less than two builds of the same often do; the other's by far more.
const ROUNDS: usize = 7;
const ROUNDS_OF_OTHER: usize = 1;

/// Measures everything. `workspace` is the directory of the benches.
pub fn rows(programs: &Path, workspace: &Path, scratch: &Path) -> Vec<Row> {
    let crates = CLIENTS.map(|client| count_crates(workspace, client));
    let mut builds = CLIENTS.map(|_| Vec::new());
    for round in 0..ROUNDS {
        // Each is the first in turn, as a machine may slow down.
        let pair = if round % 2 == 0 { [0, 1] } else { [1, 0] };
        let other = (round < ROUNDS_OF_OTHER).then_some(2);
        for index in pair.into_iter().chain(other) {
            builds[index].push(build(programs, workspace, scratch, CLIENTS[index]));
        }
    }
    // Round by round, as those of one round see the same machine.
    let to_floor = median(
        builds[0].iter().zip(&builds[1]).map(|(ours, floor)| ours.0.as_secs_f64() / floor.0.as_secs_f64()),
    );
    let cpu = builds.each_ref().map(|builds| median(builds.iter().map(|build| build.0.as_secs_f64())));
    let sizes = builds.map(|builds| builds[0].1);
    let row = |what: &str, figures: [String; 3]| {
        let [ours, floor, other] = figures;
        Row::new(format!("build: {what}"), ours, floor, vec![("reqwest + diqwest", other)])
    };
    let program = std::fs::metadata(programs.join("atlas-export-buckets")).expect("the program").len();
    vec![
        row("crates", crates.map(|count| count.to_string())),
        row("CPU, s", cpu.map(|seconds| format!("{seconds:.1}")))
            .must_hold(format!("≤ 1.12 of the floor, is {to_floor:.3}"), to_floor <= 1.12),
        row("stripped program, bytes", sizes.map(thousands)),
        Row::new(
            "the program `atlas-export-buckets`, bytes".into(),
            thousands(program),
            String::new(),
            Vec::new(),
        )
        .must_hold("≤ 2,200,000".into(), program <= 2_200_000),
    ]
}

/// How many crates a build compiles, the client itself not counted.
fn count_crates(workspace: &Path, client: &str) -> usize {
    let mut tree = Command::new("cargo");
    tree.args(["tree", "--quiet", "--edges", "normal,build", "--prefix", "none", "--format", "{p}"]);
    let output = tree.args(["--package", client]).current_dir(workspace).output().expect("cargo tree");
    let output = String::from_utf8_lossy(&output.stdout).into_owned();
    let names: HashSet<_> = output.lines().map(|line| line.split(" (").next()).collect();
    names.len() - 1
}

/// From nothing; gives CPU time and the size of the program.
fn build(programs: &Path, workspace: &Path, scratch: &Path, client: &str) -> (Duration, u64) {
    let target = scratch.join("clean-build");
    let mut cargo = Command::new("cargo");
    cargo
        .args(["build", "--release", "--locked", "--quiet", "--package", client, "--target-dir"])
        .arg(&target);
    cargo.env("CARGO_INCREMENTAL", "0").current_dir(workspace);
    let measured = measured::run(programs, &cargo);
    let size = std::fs::metadata(target.join("release").join(client)).expect("a program").len();
    std::fs::remove_dir_all(&target).expect("a directory to remove");
    (measured.cpu, size)
}
