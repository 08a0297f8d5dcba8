//! What needs no network: Digest and parsing, by the program `micro`.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::table::{Row, thousands};

type Key = (String, String);

/// What criterion, `micro` and callgrind say, by what was done and by whom.
struct Figures {
    programs: PathBuf,
    nanoseconds: HashMap<Key, f64>,
    allocations: HashMap<Key, (u64, u64)>,
    page_bytes: f64,
}

const DIGEST_PEERS: [&str; 2] = ["digest_auth", "http-auth"];
const BARE_HASH: &str = "bare hash";
const PLAIN: &str = "plain derived struct";
const VALUE: &str = "serde_json::Value";

/// Measures everything. `workspace` is the directory of the benches.
pub fn rows(programs: &Path, workspace: &Path, scratch: &Path) -> Vec<Row> {
    let figures = Figures::measure(programs, workspace, scratch);
    let mut rows = Vec::new();
    for (what, most) in [("answer", 8_000), ("parse and answer", 16_000)] {
        rows.extend(figures.digest(what, most));
    }
    rows.extend(figures.parsing("page", "page of 500 buckets"));
    rows.extend(figures.parsing("page with new fields", "the same with 2 unknown fields a bucket"));
    rows
}

impl Figures {
    fn measure(programs: &Path, workspace: &Path, scratch: &Path) -> Figures {
        let lines = |program: &str, args: &[&str]| {
            let output = output(Command::new(programs.join(program)).args(args));
            let fields = |line: &str| line.split('|').map(str::to_owned).collect::<Vec<_>>();
            output.lines().map(fields).collect::<Vec<_>>()
        };
        let key = |fields: &[String]| (fields[0].clone(), fields[1].clone());
        let allocations = lines("micro-allocations", &[]);
        Figures {
            programs: programs.to_owned(),
            nanoseconds: nanoseconds(workspace, &scratch.join("criterion")),
            allocations: allocations
                .iter()
                .map(|line| (key(line), (line[2].parse().expect("a count"), line[3].parse().expect("bytes"))))
                .collect(),
            page_bytes: lines("micro", &["page-size"])[0][0].parse().expect("a size"),
        }
    }

    fn nanoseconds(&self, what: &str, who: &str) -> f64 {
        self.nanoseconds[&(what.to_owned(), who.to_owned())]
    }

    fn allocations(&self, what: &str, who: &str) -> String {
        let (count, bytes) = self.allocations[&(what.to_owned(), who.to_owned())];
        format!("{} / {}", thousands(count), thousands(bytes))
    }

    /// How many instructions a case takes: what twice as many runs take more, so that the start falls out.
    fn instructions(&self, what: &str, who: &str, runs: u64) -> u64 {
        let total = |runs: u64| {
            let mut valgrind = Command::new("valgrind");
            valgrind
                .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
                .arg(self.programs.join("micro"));
            let output = valgrind.args([what, who, &runs.to_string()]).output().expect("valgrind");
            let report = String::from_utf8_lossy(&output.stderr).into_owned();
            let collected =
                report.split("Collected :").nth(1).and_then(|rest| rest.split_whitespace().next());
            collected.and_then(|count| count.parse::<u64>().ok()).unwrap_or_else(|| panic!("{report}"))
        };
        (total(2 * runs) - total(runs)) / runs
    }

    fn digest(&self, what: &str, most: u64) -> Vec<Row> {
        let row = |measure: &str, figure: &dyn Fn(&'static str) -> String| {
            let others = DIGEST_PEERS.map(|peer| (peer, figure(peer))).into();
            Row::new(format!("Digest, {what}: {measure}"), figure("ours"), figure(BARE_HASH), others)
        };
        let instructions = |who| self.instructions(what, who, 1000);
        let ours = instructions("ours");
        let must_hold = format!("≤ {}", thousands(most));
        vec![
            row("instructions", &|who| thousands(if who == "ours" { ours } else { instructions(who) }))
                .must_hold(must_hold, ours <= most),
            row("ns", &|who| thousands(self.nanoseconds(what, who).round() as u64)),
            row("allocations / bytes", &|who| self.allocations(what, who)),
        ]
    }

    fn parsing(&self, what: &str, name: &str) -> Vec<Row> {
        let row = |measure: &str, figure: &dyn Fn(&'static str) -> String| {
            Row::new(
                format!("{name}: {measure}"),
                figure("ours"),
                figure(PLAIN),
                vec![(VALUE, figure(VALUE))],
            )
        };
        let ratio = self.nanoseconds(what, PLAIN) / self.nanoseconds(what, "ours");
        let speed = match what {
            "page" => {
                row("MB/s", &|who| format!("{:.0}", self.page_bytes * 1e3 / self.nanoseconds(what, who)))
            }
            // Another page, of another size.
            _ => row("µs", &|who| format!("{:.0}", self.nanoseconds(what, who) / 1e3)),
        };
        let speed = speed.must_hold(format!("≥ 0.9 of the plain struct, is {ratio:.2}"), ratio >= 0.9);
        let mut rows = vec![speed];
        rows.push(row("instructions", &|who| thousands(self.instructions(what, who, 5))));
        rows.push(row("allocations / bytes", &|who| self.allocations(what, who)));
        rows
    }
}

/// Runs criterion, and reads the medians that it leaves in a directory of each case.
fn nanoseconds(workspace: &Path, results: &Path) -> HashMap<Key, f64> {
    let mut cargo = Command::new("cargo");
    cargo.args(["bench", "--quiet", "--locked", "--package", "micro", "--bench", "timings"]);
    output(cargo.current_dir(workspace).env("CRITERION_HOME", results));
    let groups = directories(results).into_iter();
    let cases = groups.flat_map(|group| directories(&group)).map(|case| case.join("new"));
    let cases = cases.filter(|case| case.join("estimates.json").exists());
    cases.map(|case| (key_of(&case), median(&case))).collect()
}

fn directories(parent: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).unwrap_or_else(|error| panic!("{}: {error}", parent.display()));
    entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_dir()).collect()
}

/// What was done, and by whom.
fn key_of(case: &Path) -> Key {
    let names = json(&case.join("benchmark.json"));
    let name = |field: &str| names[field].as_str().expect("a name").to_owned();
    (name("group_id"), name("function_id"))
}

fn median(case: &Path) -> f64 {
    json(&case.join("estimates.json"))["median"]["point_estimate"].as_f64().expect("a time")
}

fn json(path: &Path) -> serde_json::Value {
    let text = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).expect("JSON")
}

fn output(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}");
    String::from_utf8(output.stdout).expect("text")
}
