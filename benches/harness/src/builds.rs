//! What a dependency adds to a build: crates, CPU seconds, bytes.

use std::collections::HashSet;
use std::process::Command;

use crate::Context;
use crate::measured::{measure as run, median, output};
use crate::table::{Bound, print, thousands};

const CLIENTS: [(&str, &str); 3] = [
    ("client-ours", "ours"),
    ("client-by-hand", "floor: ureq + serde + digest_auth by hand"),
    ("client-reqwest-diqwest", "reqwest + diqwest"),
];

pub fn measure(context: &Context) -> Vec<Bound> {
    let rounds = context.rounds(6);
    let mut builds: [Vec<Build>; 3] = Default::default();
    for round in 0..rounds {
        // A machine may slow down, so none always comes before another. The last is so far off that once is enough.
        let order = if round % 2 == 0 { [0, 1] } else { [1, 0] };
        for index in order.into_iter().chain((round == 0).then_some(2)) {
            builds[index].push(build(context, CLIENTS[index].0));
        }
    }
    let cpu = |index: usize| median(builds[index].iter().map(|build: &Build| build.cpu_s));
    let row = |index: usize| {
        let (package, name) = CLIENTS[index];
        let all: Vec<_> = builds[index].iter().map(|build| format!("{:.1}", build.cpu_s)).collect();
        let (crates, size) = (count_crates(context, package), thousands(builds[index][0].size));
        vec![name.to_owned(), crates.to_string(), format!("{:.1}", cpu(index)), all.join(", "), size]
    };
    let columns =
        ["a release build from nothing", "crates", "CPU, s", "each round", "stripped program, bytes"];
    print("Build", &columns, &[row(0), row(1), row(2)]);
    // The median of the rounds' ratios, as what is built in one round sees the same machine.
    let ratios = builds[0].iter().zip(&builds[1]).map(|(ours, floor)| ours.cpu_s / floor.cpu_s);
    let program =
        std::fs::metadata(context.programs.join("atlas-export-buckets")).expect("the program").len();
    vec![
        Bound::new("CPU of the build to the floor's", median(ratios), 0.95),
        Bound::new("bytes of the program `atlas-export-buckets`", program as f64, 2_900_000.0),
    ]
}

/// How many crates a build compiles, the client itself not counted.
fn count_crates(context: &Context, package: &str) -> usize {
    let mut tree = Command::new("cargo");
    tree.args(["tree", "--quiet", "--edges", "normal,build", "--prefix", "none", "--format", "{p}"]);
    let printed = output(tree.args(["--package", package]).current_dir(&context.workspace));
    printed.lines().map(|line| line.split(" (").next()).collect::<HashSet<_>>().len() - 1
}

struct Build {
    cpu_s: f64,
    /// Of the program.
    size: u64,
}

/// From nothing.
fn build(context: &Context, package: &str) -> Build {
    let target = context.scratch.join("clean-build");
    let mut cargo = Command::new("cargo");
    cargo
        .args(["build", "--release", "--locked", "--quiet", "--package", package, "--target-dir"])
        .arg(&target);
    cargo.env("CARGO_INCREMENTAL", "0").current_dir(&context.workspace);
    let cpu_s = run(context, &cargo).cpu / 1e3;
    let size = std::fs::metadata(target.join("release").join(package)).expect("a program").len();
    std::fs::remove_dir_all(&target).expect("a directory to remove");
    Build { cpu_s, size }
}
