//! The table through the program: the cause and the advice on standard error, the exit status of the contract, no JSON.

use std::time::{Duration, Instant};

use atlas_export_buckets::simulator::Simulator;

use crate::row::{Expected, Row};
use crate::support::faults::{exit_status, run_all};
use crate::support::program::{Run, program};
use crate::support::sample_ids;
use crate::support::secrets::{PRIVATE_KEY, Secrets};
use crate::table::table;

#[test]
fn every_fault_gives_its_cause_and_advice_on_stderr_its_status_and_no_json_and_verbosity_shows_no_secret() {
    let trap = Simulator::start().unwrap();
    let cases: Vec<(Row, bool)> = [false, true]
        .into_iter()
        .flat_map(|verbose| table(trap.base_url()).into_iter().map(move |row| (row, verbose)))
        .collect();
    let problems = run_all(cases, 8, |(row, verbose)| check(&row, verbose));
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
    assert_eq!(trap.stats().connections, 0, "the server that a link or a redirect leads to was contacted");
}

#[test]
fn a_simulator_with_faults_lets_a_tool_be_rehearsed() {
    let simulator =
        program().args(["simulate", "--buckets=5", "--fault=503=1", "--fault", "cap-page=2"]).start();
    let mut list = program();
    for line in simulator.first_lines(4) {
        let (name, value) = line.trim_start_matches("export ").split_once('=').unwrap();
        list.env(name, value);
    }
    let run = list.args(["list", "-o", "json", "--verbose"]).run();
    assert_eq!((run.status, listed(&run.stdout)), (Some(0), sample_ids(5)), "{}", run.stderr);
    assert!(run.stderr.contains("HTTP 503 SIMULATED"), "{}", run.stderr);
    let run = program().args(["simulate", "--fault", "gremlins"]).run();
    assert_eq!((run.status, run.stdout.as_str(), run.stderr.lines().count()), (Some(2), "", 2));
    assert!(run.stderr.contains("use an error status such as 503, or one of rate-limit, reset"));
}

/// Runs a row. Returns all that is wrong.
fn check(row: &Row, verbose: bool) -> Vec<String> {
    let atlas = row.start(PRIVATE_KEY);
    let start = Instant::now();
    let run = program()
        .args(row.args(&atlas))
        .args(verbose.then_some("--verbose"))
        .key("public", PRIVATE_KEY)
        .run();
    let elapsed = start.elapsed();
    let Run { status, stdout, stderr } = &run;
    let lines = stderr.lines().count();
    let mut problems = Vec::new();
    let mut expect = |holds: bool, problem: &str| {
        if !holds {
            let shown: String = format!("{run:?}").chars().take(1000).collect();
            problems.push(format!("{}, verbose {verbose}: {problem}: {shown}", row.name));
        }
    };
    match &row.expected {
        Expected::List(indices) => {
            expect(*status == Some(0), "status");
            expect(
                listed(stdout) == indices.iter().map(|&i| sample_ids(10)[i].clone()).collect::<Vec<_>>(),
                "list",
            );
            // That there is nothing is said.
            expect(verbose || lines == usize::from(indices.is_empty()), "stderr");
        }
        Expected::Error { kind, detail, .. } => {
            expect(*status == Some(exit_status(kind)), "status");
            expect(stdout.is_empty(), "stdout");
            // The advice stands on a line of its own.
            expect(stderr.replace("\n  ", "; ").contains(detail), "what it tells");
            expect(verbose || lines == 1 || (lines == 2 && stderr.contains("\n  ")), "lines");
        }
    }
    let requests = atlas.stats().requests;
    expect(requests == row.requests, &format!("{requests} requests, not {}", row.requests));
    // Some of it is the start of the program.
    expect(elapsed <= row.time_limit() + Duration::from_secs(2), &format!("took {elapsed:?}"));
    let secrets = Secrets::default();
    secrets.learn(&atlas.requests());
    expect(secrets.found_in(&format!("{stdout}{stderr}")).is_empty(), "a secret");
    problems
}

fn listed(stdout: &str) -> Vec<String> {
    // Typed, because a `Value` cannot nest as deep as an unknown field may.
    #[derive(serde::Deserialize)]
    struct Output {
        results: Vec<Bucket>,
    }
    #[derive(serde::Deserialize)]
    struct Bucket {
        _id: String,
    }
    let output = serde_json::from_str::<Output>(stdout);
    output.map_or(Vec::new(), |output| output.results.into_iter().map(|bucket| bucket._id).collect())
}
