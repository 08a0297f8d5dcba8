//! What needs no network: Digest and parsing, by the program `micro`.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;

use crate::table::{Row, thousands};

type Key = (String, String);

/// What `micro` and callgrind say, by what was done and by whom.
struct Figures {
    programs: std::path::PathBuf,
    nanoseconds: HashMap<Key, f64>,
    allocations: HashMap<Key, (u64, u64)>,
    page_bytes: f64,
}

const DIGEST_PEERS: [&str; 2] = ["digest_auth", "http-auth"];
const BARE_HASH: &str = "bare hash";
const PLAIN: &str = "plain derived struct";
const VALUE: &str = "serde_json::Value";

/// Measures everything.
pub fn rows(programs: &Path) -> Vec<Row> {
    let figures = Figures::measure(programs);
    let mut rows = Vec::new();
    for (what, most) in [("answer", 8_000), ("parse and answer", 14_000)] {
        rows.extend(figures.digest(what, most));
    }
    rows.extend(figures.parsing("page", "page of 500 buckets"));
    rows.extend(figures.parsing("page with new fields", "the same with 2 unknown fields a bucket"));
    rows
}

impl Figures {
    fn measure(programs: &Path) -> Figures {
        let lines = |program: &str, args: &[&str]| {
            let output = output(Command::new(programs.join(program)).args(args));
            let fields = |line: &str| line.split('|').map(str::to_owned).collect::<Vec<_>>();
            output.lines().map(fields).collect::<Vec<_>>()
        };
        let key = |fields: &[String]| (fields[0].clone(), fields[1].clone());
        let times = lines("micro", &["time"]);
        let allocations = lines("micro-allocations", &[]);
        Figures {
            programs: programs.to_owned(),
            nanoseconds: times.iter().map(|line| (key(line), line[2].parse().expect("a time"))).collect(),
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
        let mut speed =
            row("MB/s", &|who| format!("{:.0}", self.page_bytes * 1e3 / self.nanoseconds(what, who)));
        let mut rows = Vec::new();
        if what == "page" {
            let ratio = self.nanoseconds(what, PLAIN) / self.nanoseconds(what, "ours");
            speed = speed.must_hold(format!("≥ 0.9 of the plain struct, is {ratio:.2}"), ratio >= 0.9);
        } else {
            // Another page, of another size.
            speed = row("µs", &|who| format!("{:.0}", self.nanoseconds(what, who) / 1e3));
        }
        rows.push(speed);
        rows.push(row("instructions", &|who| thousands(self.instructions(what, who, 5))));
        rows.push(row("allocations / bytes", &|who| self.allocations(what, who)));
        rows
    }
}

fn output(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}");
    String::from_utf8(output.stdout).expect("text")
}
