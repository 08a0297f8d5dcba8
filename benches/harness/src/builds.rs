//! What a dependency adds to a build: crates, CPU seconds, bytes.

use std::collections::HashSet;
use std::path::Path;
use std::process::Command;

use crate::measured::{self, median};
use crate::table::{Row, thousands};

/// What is built: a package of the workspace, with these features.
struct Client {
    package: &'static str,
    features: &'static str,
}

/// Ours; `ureq` and `serde_json` as they come, which are 32 crates for `cargo tree`, as in the facts that the goal was
/// set on; the same with no more of `ureq` than ours asks for.
const CLIENTS: [Client; 3] = [
    Client { package: "client-ours", features: "" },
    Client { package: "client-floor", features: "as-it-comes" },
    Client { package: "client-floor", features: "" },
];
/// One round each. Two builds of the same often differ by more than ours and a floor, and a machine may slow down: so none
/// always comes before another.
const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [2, 1, 0], [1, 2, 0], [0, 2, 1], [2, 0, 1], [1, 0, 2]];
/// Differs by so much that one build is enough.
const OTHER: Client = Client { package: "client-reqwest-diqwest", features: "" };
/// How many times the CPU time of a floor ours may take.
const MOST: f64 = 1.12;

/// Measures everything. `workspace` is the directory of the benches.
pub fn rows(programs: &Path, workspace: &Path, scratch: &Path) -> Vec<Row> {
    let mut rounds = CLIENTS.each_ref().map(|_| Vec::new());
    for client in ORDERS.into_iter().flatten() {
        rounds[client].push(build(programs, workspace, scratch, &CLIENTS[client]));
    }
    let other = build(programs, workspace, scratch, &OTHER);
    let row = |what: &str, [ours, floor, narrow]: [String; 3], other: String| {
        let others = vec![("ureq without gzip + serde_json", narrow), ("reqwest + diqwest", other)];
        Row::new(format!("build: {what}"), ours, floor, others)
    };
    let crates = |client: &Client| count_crates(workspace, client).to_string();
    let seconds = |builds: &Vec<Build>| format!("{:.1}", median(builds.iter().map(|build| build.cpu_s)));
    let size = |builds: &Vec<Build>| thousands(builds[0].size);
    let [ours, floor, narrow] = &rounds;
    let program = std::fs::metadata(programs.join("atlas-export-buckets")).expect("the program").len();
    vec![
        row("crates", CLIENTS.each_ref().map(crates), crates(&OTHER)),
        row("CPU, s", rounds.each_ref().map(seconds), format!("{:.1}", other.cpu_s)),
        to_floor("the floor's", ours, floor),
        to_floor("that without gzip", ours, narrow),
        row("stripped program, bytes", rounds.each_ref().map(size), thousands(other.size)),
        Row::new(
            "the program `atlas-export-buckets`, bytes".into(),
            thousands(program),
            String::new(),
            Vec::new(),
        )
        .must_hold("≤ 2,200,000".into(), program <= 2_200_000),
    ]
}

/// The median of the rounds' ratios, as what is built in one round sees the same machine.
fn to_floor(name: &str, ours: &[Build], floor: &[Build]) -> Row {
    let mut ratios: Vec<_> = ours.iter().zip(floor).map(|(ours, floor)| ours.cpu_s / floor.cpu_s).collect();
    ratios.sort_by(f64::total_cmp);
    let ratio = median(ratios.iter().copied());
    let all: Vec<_> = ratios.iter().map(|ratio| format!("{ratio:.2}")).collect();
    Row::new(
        format!("build: CPU to {name}"),
        format!("{ratio:.3}"),
        String::new(),
        vec![("the rounds, sorted", all.join(", "))],
    )
    .must_hold(format!("≤ {MOST}"), ratio <= MOST)
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

struct Build {
    cpu_s: f64,
    /// Of the program.
    size: u64,
}

/// From nothing.
fn build(programs: &Path, workspace: &Path, scratch: &Path, client: &Client) -> Build {
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
    Build { cpu_s: measured.cpu.as_secs_f64(), size }
}
