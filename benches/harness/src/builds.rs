//! What a dependency adds to a build: crates, CPU seconds, bytes.

use std::collections::HashSet;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::measured::{self, median};
use crate::table::{Row, thousands};

/// What is built: a package of the workspace, with these features.
struct Client {
    package: &'static str,
    features: &'static str,
}

const OURS: usize = 0;
/// `ureq` with the features that ours uses, and `serde_json`.
const NARROW_FLOOR: usize = 1;
/// `ureq` and `serde_json` as they come.
const FLOOR: usize = 2;
const CLIENTS: [Client; 4] = [
    Client { package: "client-ours", features: "" },
    Client { package: "client-floor", features: "" },
    Client { package: "client-floor", features: "as-it-comes" },
    Client { package: "client-reqwest-diqwest", features: "" },
];
/// Of ours and the floors, whose CPU time differs by less than two builds of the same often do.
const ROUNDS: [usize; 4] = [7, 7, 7, 1];

/// Of the CPU time of a floor.
const MOST: f64 = 1.12;

/// Measures everything. `workspace` is the directory of the benches.
pub fn rows(programs: &Path, workspace: &Path, scratch: &Path) -> Vec<Row> {
    let crates = CLIENTS.each_ref().map(|client| count_crates(workspace, client));
    let mut builds = CLIENTS.each_ref().map(|_| Vec::new());
    for round in 0..ROUNDS[OURS] {
        let mut clients: Vec<_> = (0..CLIENTS.len()).filter(|&client| round < ROUNDS[client]).collect();
        // Each is the first in turn, as a machine may slow down.
        let first = round % clients.len();
        clients.rotate_left(first);
        for client in clients {
            builds[client].push(build(programs, workspace, scratch, &CLIENTS[client]));
        }
    }
    // Round by round, as those of one round see the same machine.
    let [narrow, floor] = [NARROW_FLOOR, FLOOR].map(|floor| {
        let rounds = builds[OURS].iter().zip(&builds[floor]);
        median(rounds.map(|(ours, floor)| ours.0.as_secs_f64() / floor.0.as_secs_f64()))
    });
    let cpu = builds.each_ref().map(|builds| median(builds.iter().map(|build| build.0.as_secs_f64())));
    let sizes = builds.map(|builds| builds[0].1);
    let row = |what: &str, figures: [String; 4]| {
        let [ours, narrow, floor, other] = figures;
        let others = vec![("ureq without gzip + serde_json", narrow), ("reqwest + diqwest", other)];
        Row::new(format!("build: {what}"), ours, floor, others)
    };
    let program = std::fs::metadata(programs.join("atlas-export-buckets")).expect("the program").len();
    vec![
        row("crates", crates.map(|count| count.to_string())),
        // With gzip is what the goal was set on, 32 crates by `cargo tree`; without is what we would rather be measured by.
        row("CPU, s", cpu.map(|seconds| format!("{seconds:.1}"))).must_hold(
            format!(
                "≤ {MOST} of the floor: of the one without gzip it is {narrow:.3}, **{}**; of this one {floor:.3}",
                if narrow <= MOST { "yes" } else { "no" }
            ),
            floor <= MOST,
        ),
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
fn count_crates(workspace: &Path, client: &Client) -> usize {
    let mut tree = Command::new("cargo");
    tree.args(["tree", "--quiet", "--edges", "normal,build", "--prefix", "none", "--format", "{p}"]);
    tree.args(["--package", client.package, "--features", client.features]);
    let output = tree.current_dir(workspace).output().expect("cargo tree");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let output = String::from_utf8_lossy(&output.stdout).into_owned();
    let names: HashSet<_> = output.lines().map(|line| line.split(" (").next()).collect();
    names.len() - 1
}

/// From nothing; gives CPU time and the size of the program.
fn build(programs: &Path, workspace: &Path, scratch: &Path, client: &Client) -> (Duration, u64) {
    let target = scratch.join("clean-build");
    let mut cargo = Command::new("cargo");
    cargo
        .args(["build", "--release", "--locked", "--quiet", "--package", client.package])
        .args(["--features", client.features, "--target-dir"])
        .arg(&target);
    cargo.env("CARGO_INCREMENTAL", "0").current_dir(workspace);
    let measured = measured::run(programs, &cargo);
    let size = std::fs::metadata(target.join("release").join(client.package)).expect("a program").len();
    std::fs::remove_dir_all(&target).expect("a directory to remove");
    (measured.cpu, size)
}
