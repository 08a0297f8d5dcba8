//! The programs in `examples/` do what they say. Each starts a simulated Atlas of its own.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::env;
use std::path::PathBuf;
use std::process::Command;

use support::process::Run;

/// Where cargo puts examples: beside the directory of this test.
fn path_of(example: &str) -> PathBuf {
    let directory = env::current_exe().unwrap().parent().unwrap().with_file_name("examples");
    let path = directory.join(example);
    assert!(
        path.exists(),
        "`cargo test` builds {example}; with `--test examples` alone, run `cargo build --all-features --examples` first"
    );
    path
}

/// Runs an example without the variables that could lead it elsewhere.
fn run(example: &str) -> Run {
    let run: Run = Command::new(path_of(example)).env_clear().output().unwrap().into();
    assert_eq!(run.status, Some(0), "{run:?}");
    run
}

#[test]
fn list_prints_each_bucket_of_the_project() {
    let run = run("list");
    assert_eq!(run.stdout.lines().count(), 12);
    assert!(
        run.stdout.starts_with("604f63222411bbb661000000  AWS  export-emea-orders-0000\n"),
        "{}",
        run.stdout
    );
}

#[test]
fn many_projects_lists_each_project_once() {
    let run = run("many_projects");
    let mut lines: Vec<&str> = run.stdout.lines().collect();
    lines.sort_unstable();
    let expected: Vec<String> = (0..10).map(|number| format!("project-{number:04}  3 buckets")).collect();
    assert_eq!(lines, expected);
}

#[test]
fn own_agent_looks_the_host_up_once_for_four_requests() {
    let run = run("own_agent");
    assert_eq!(run.stdout, "1234 buckets in 4 requests\n");
    assert!(
        run.stderr.starts_with("looking up 127.0.0.1:") && run.stderr.lines().count() == 1,
        "{}",
        run.stderr
    );
}

#[test]
fn service_account_leaves_no_access_token_behind() {
    let run = run("service_account");
    assert!(run.stdout.ends_with("\n0 access tokens are left\n"), "{}", run.stdout);
    assert_eq!((run.stdout.lines().count(), run.stderr.as_str()), (13, ""));
}
