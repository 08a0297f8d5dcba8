//! What needs no network: Digest and parsing, by the program `micro`.

use std::collections::HashMap;
use std::process::Command;

use crate::Context;
use crate::measured::output;
use crate::table::{Bound, print, thousands};

pub fn measure(context: &Context) -> Vec<Bound> {
    let figures = Figures { nanoseconds: nanoseconds(context), context };
    let digest = ["ours", "digest_auth", "http-auth", "bare hash"];
    let (answer, parse) = ("answer", "parse and answer");
    let columns = ["Digest", "answer: instructions", "ns", "parse and answer: instructions", "ns"];
    let row = |who: &&str| {
        let mut row = vec![who.to_string()];
        for what in [answer, parse] {
            row.push(thousands(figures.instructions(what, who, 1000)));
            row.push(thousands(figures.nanoseconds(what, who) as u64));
        }
        row
    };
    print("Digest", &columns, &digest.iter().map(row).collect::<Vec<_>>());

    let into = ["ours", "derived struct", "derived struct by from_reader", "serde_json::Value"];
    let columns = ["500 buckets into", "instructions", "µs", "2 unknown fields each: instructions", "µs"];
    let row = |who: &&str| {
        let mut row = vec![who.to_string()];
        for what in ["page", "later page"] {
            row.push(thousands(figures.instructions(what, who, 5)));
            row.push(format!("{:.0}", figures.nanoseconds(what, who) / 1e3));
        }
        row
    };
    print("Parsing", &columns, &into.iter().map(row).collect::<Vec<_>>());

    let ratio = |what, other| figures.nanoseconds(what, "ours") / figures.nanoseconds(what, other);
    vec![
        Bound::new("instructions to answer", figures.instructions(answer, "ours", 1000) as f64, 8_000.0),
        Bound::new(
            "instructions to parse and answer",
            figures.instructions(parse, "ours", 1000) as f64,
            16_000.0,
        ),
        Bound::new(
            "parsing: time to that of `Value`, unknown fields kept",
            ratio("later page", into[3]),
            1.0 / 1.2,
        ),
        Bound::new("parsing: time to that of `Value`", ratio("page", into[3]), 1.0 / 1.2),
        Bound::new(
            "parsing: time to that of a derived struct, no unknown fields",
            ratio("page", into[1]),
            1.0,
        ),
    ]
}

struct Figures<'a> {
    context: &'a Context,
    nanoseconds: HashMap<(String, String), f64>,
}

impl Figures<'_> {
    fn nanoseconds(&self, what: &str, who: &str) -> f64 {
        self.nanoseconds[&(what.to_owned(), who.to_owned())]
    }

    /// How many instructions a case takes: what twice as many runs take more, so that the start falls out.
    fn instructions(&self, what: &str, who: &str, runs: u64) -> u64 {
        let log = self.context.scratch.join("callgrind.log");
        let total = |runs: u64| {
            let mut valgrind = Command::new("valgrind");
            valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
            valgrind.arg(format!("--log-file={}", log.display())).arg(self.context.programs.join("micro"));
            output(valgrind.args(["repeat", what, who, &runs.to_string()]));
            let report = std::fs::read_to_string(&log).expect("callgrind's log");
            let count = report.split("Collected :").nth(1).and_then(|rest| rest.split_whitespace().next());
            count.and_then(|count| count.parse::<u64>().ok()).unwrap_or_else(|| panic!("{report}"))
        };
        (total(2 * runs) - total(runs)) / runs
    }
}

/// By what was done, and by whom.
fn nanoseconds(context: &Context) -> HashMap<(String, String), f64> {
    let mut micro = Command::new(context.programs.join("micro"));
    // Otherwise it is the luck of the heap's layout whether each page is given back to the system.
    micro.env("MALLOC_TRIM_THRESHOLD_", "1000000000").env("MALLOC_MMAP_THRESHOLD_", "1000000000");
    let printed = output(micro.args(["time", &context.rounds(301).to_string()]));
    let figure = |line: &str| {
        let [what, who, time] = line.split('|').collect::<Vec<_>>()[..] else { panic!("{line}") };
        ((what.to_owned(), who.to_owned()), time.parse().expect("a time"))
    };
    printed.lines().map(figure).collect()
}
