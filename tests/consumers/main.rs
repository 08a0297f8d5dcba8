//! What users build on the crate: packages of their own, built by cargo as theirs would be, and run against the
//! simulated Atlas. They are not in the published package, where these tests are shown as ignored.

// Nothing of a program is reachable from outside.
#![allow(unreachable_pub)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are tests; clippy knows them by #[test], which this harness does without"
)]

mod consumer;
mod readme;

#[path = "../support/mod.rs"]
mod support;

use std::path::PathBuf;
use std::process::ExitCode;

use atlas_export_buckets::simulator::{Fault, Response, Simulator, When, sample_buckets};
use consumer::Consumer;
use libtest_mimic::{Arguments, Completion, Trial};
use readme::the_readme_s_dependency_line_and_program_work_as_they_stand_there;
use support::process::Run;
use support::proxy::RelayingProxy;
use support::sample_ids;
use support::temp_dir::TempDir;
use support::tls::{Authority, Conduct, Flaw, Front};

const PUBLIC_KEY: &str = "MONGODB_ATLAS_PUBLIC_API_KEY";
const PRIVATE_KEY: &str = "MONGODB_ATLAS_PRIVATE_API_KEY";
const PROJECT: &str = "MONGODB_ATLAS_PROJECT_ID";
const URL: &str = "MONGODB_ATLAS_OPS_MANAGER_URL";
const UNKNOWN: &str = "000000000000000000000000";

/// One trial for each function, named after it.
macro_rules! trials {
    ($($test:ident),* $(,)?) => { vec![$(trial(stringify!($test), $test)),*] };
}

fn main() -> ExitCode {
    let trials = trials![
        a_synchronous_program_lists_buckets,
        the_mistakes_of_a_new_user_are_told_in_one_line,
        a_build_script_writes_a_table_and_asks_again_only_when_it_should,
        an_audit_finds_what_is_not_allowed,
        an_audit_that_cannot_see_all_says_so,
        an_audit_goes_through_its_own_proxy_and_trusts_its_own_root,
        the_readme_s_dependency_line_and_program_work_as_they_stand_there,
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn trial(name: &str, test: fn()) -> Trial {
    Trial::ignorable_test(name, move || {
        if !consumer::are_here() {
            return Ok(Completion::ignored_with(
                "cargo leaves packages within a package out when it publishes",
            ));
        }
        test();
        Ok(Completion::Completed)
    })
}

fn atlas(buckets: usize) -> Simulator {
    Simulator::builder().strict(true).buckets(sample_buckets(buckets)).start().unwrap()
}

/// What leads a consumer to the simulated Atlas.
fn environment(atlas: &Simulator) -> Vec<(&'static str, String)> {
    vec![
        (PUBLIC_KEY, atlas.public_key().to_owned()),
        (PRIVATE_KEY, atlas.private_key().to_owned()),
        (PROJECT, atlas.project_id().to_owned()),
        (URL, atlas.base_url().to_owned()),
    ]
}

/// The same with one variable set to something else.
fn with(atlas: &Simulator, variable: &str, value: &str) -> Vec<(&'static str, String)> {
    let mut environment = environment(atlas);
    environment.iter_mut().filter(|(name, _)| *name == variable).for_each(|(_, old)| *old = value.to_owned());
    environment
}

/// A base URL where nobody answers.
fn nowhere() -> String {
    format!("http://127.0.0.1:{}", support::closed_port())
}

/// The first words of the lines.
fn first_words(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.split_whitespace().next()).collect()
}

fn a_synchronous_program_lists_buckets() {
    let atlas = atlas(501);
    let program = Consumer::built("list-buckets");
    let run = program.run(&[atlas.project_id()], &environment(&atlas));
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""));
    assert_eq!(first_words(&run.stdout), sample_ids(501));
    assert_eq!(atlas.stats().requests, 3);
}

fn the_mistakes_of_a_new_user_are_told_in_one_line() {
    let atlas = atlas(1);
    let program = Consumer::built("list-buckets");
    let (project, nowhere) = (atlas.project_id(), nowhere());
    let cases = [
        ("no credentials", project, vec![], "no credentials in the environment: set "),
        ("a wrong key", project, with(&atlas, PRIVATE_KEY, "f00d"), "the API key was refused: page 1"),
        ("a wrong project", UNKNOWN, environment(&atlas), "check the id"),
        ("no network", project, with(&atlas, URL, &nowhere), "cannot connect"),
        ("plain http", project, with(&atlas, URL, "http://192.0.2.1"), "use https"),
    ];
    for (name, project, environment, expected) in cases {
        let run = program.run(&[project], &environment);
        assert_eq!((run.status, run.stdout.as_str()), (Some(1), ""), "{name}: {run:?}");
        assert!(run.stderr.contains(expected) && run.stderr.lines().count() == 1, "{name}: {}", run.stderr);
    }
}

/// Its parts come one after the other, as they build the same package in the same place.
fn a_build_script_writes_a_table_and_asks_again_only_when_it_should() {
    let table = Consumer::named("bucket-table");
    without_credentials_it_falls_back_and_says_so(&table);
    it_asks_once_and_leaves_no_private_key_behind(&table);
    without_network_it_falls_back_and_the_next_build_asks_again(&table);
    a_refusal_fails_the_build(&table);
}

fn without_credentials_it_falls_back_and_says_so(table: &Consumer) {
    let problem =
        "built without the export buckets: no credentials in the environment: set MONGODB_ATLAS_CLIENT_ID";
    let build = table.build(&[]).succeeded();
    assert!(build.stderr.contains(&format!("warning: bucket-table@0.0.0: {problem}")), "{}", build.stderr);
    let printed = table.run(&[], &[]).stdout;
    assert!(printed.starts_with(problem) && printed.lines().count() == 1, "{printed}");
}

fn it_asks_once_and_leaves_no_private_key_behind(table: &Consumer) {
    let atlas = atlas(3);
    for build in 1..=2 {
        table.build(&environment(&atlas)).succeeded();
        assert_eq!(atlas.stats().requests, 2, "after build {build}");
    }
    assert_eq!(first_words(&table.run(&[], &[]).stdout), sample_ids(3));
    assert_eq!(table.files_with(atlas.private_key()), Vec::<PathBuf>::new());
    assert_ne!(table.files_with(atlas.base_url()), Vec::<PathBuf>::new(), "what is looked for is found");
}

fn without_network_it_falls_back_and_the_next_build_asks_again(table: &Consumer) {
    let atlas =
        Simulator::builder().fault(When::first(2), Fault::Response(Response::new(503))).start().unwrap();
    let build = table.build(&environment(&atlas)).succeeded();
    assert!(
        build.stderr.contains("built without the export buckets: the server failed: page 1 of"),
        "{}",
        build.stderr
    );
    assert_eq!(atlas.stats().requests, 2);
    table.build(&environment(&atlas)).succeeded();
    assert_eq!(first_words(&table.run(&[], &[]).stdout), sample_ids(12));

    let build = table.build(&with(&atlas, URL, &nowhere())).succeeded();
    assert!(build.stderr.contains("cannot connect"), "{}", build.stderr);
}

fn a_refusal_fails_the_build(table: &Consumer) {
    let atlas = atlas(1);
    for (variable, value, expected) in [
        (PRIVATE_KEY, "f00d", "the API key was refused: page 1"),
        (PROJECT, UNKNOWN, "(HTTP 404 GROUP_NOT_FOUND"),
        (PROJECT, "my-project", "not a project id: one has 24 hexadecimal digits"),
    ] {
        let build = table.build(&with(&atlas, variable, value));
        assert_eq!(build.status, Some(101), "{build:?}");
        let error = "error: bucket-table@0.0.0: the export buckets cannot be listed: ";
        assert!(build.stderr.contains(error) && build.stderr.contains(expected), "{}", build.stderr);
    }
}

const OTHER_PROJECT: &str = "aaaaaaaaaaaaaaaaaaaaaaaa";

/// Two projects: one with two buckets, one with the first of these.
fn two_projects() -> (Simulator, [String; 2]) {
    let builder = Simulator::builder().strict(true).buckets(sample_buckets(2));
    let atlas = builder.project(OTHER_PROJECT, sample_buckets(1)).start().unwrap();
    let names = sample_buckets(2).into_iter().map(|bucket| {
        let bucket: serde_json::Value = serde_json::from_str(&bucket).unwrap();
        bucket["bucketName"].as_str().unwrap().to_owned()
    });
    let names: Vec<String> = names.collect();
    (atlas, names.try_into().unwrap())
}

/// Audits the projects with these allowed names.
fn audit(environment: &[(&str, String)], allowed: &[String], projects: &[&str]) -> Run {
    let dir = TempDir::new();
    let file = dir.write("allowed", allowed.join("\n"));
    let args: Vec<&str> = [file.to_str().unwrap()].iter().chain(projects).copied().collect();
    Consumer::built("audit-buckets").run(&args, environment)
}

fn an_audit_finds_what_is_not_allowed() {
    let (atlas, names) = two_projects();
    let projects = [atlas.project_id(), OTHER_PROJECT];
    let run = audit(&environment(&atlas), &names, &projects);
    assert_eq!(
        (run.status, run.stdout.as_str()),
        (Some(0), "3 buckets, 0 not allowed, 0 projects not audited\n")
    );

    let run = audit(&environment(&atlas), &names[1..], &projects);
    let id = &sample_ids(1)[0];
    let expected = format!(
        "not allowed: {} {id} {:?}\nnot allowed: {OTHER_PROJECT} {id} {:?}\n3 buckets, 2 not allowed, 0 projects not audited\n",
        projects[0], names[0], names[0]
    );
    assert_eq!((run.status, run.stdout, run.stderr.as_str()), (Some(1), expected, ""));
}

fn an_audit_that_cannot_see_all_says_so() {
    let (atlas, names) = two_projects();
    let run = audit(&environment(&atlas), &names, &[UNKNOWN, OTHER_PROJECT]);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!((run.status, lines.len()), (Some(2), 2), "{run:?}");
    assert!(
        lines[0].starts_with("not audited: not found: page 1 of ") && lines[0].contains("GROUP_NOT_FOUND"),
        "{run:?}"
    );
    assert_eq!(lines[1], "1 buckets, 0 not allowed, 1 projects not audited");
}

fn an_audit_goes_through_its_own_proxy_and_trusts_its_own_root() {
    let (atlas, names) = two_projects();
    let authority = Authority::new("the company");
    let front = Front::start(&atlas, &authority, Flaw::None, Conduct::Honest);
    let proxy = RelayingProxy::start(front.address());
    let dir = TempDir::new();
    let root = dir.write("root.pem", authority.pem());
    let mut environment = with(&atlas, URL, &front.base_url());
    environment.push(("AUDIT_PROXY", format!("http://{}", proxy.address())));
    let run = audit(&environment, &names, &[OTHER_PROJECT]);
    assert_eq!(run.status, Some(2), "without the root: {run:?}");
    assert!(run.stdout.contains("has an unknown issuer"), "{}", run.stdout);

    environment.push(("AUDIT_CA_FILE", root.to_str().unwrap().to_owned()));
    let run = audit(&environment, &names, &[OTHER_PROJECT]);
    assert_eq!(
        (run.status, run.stdout.as_str()),
        (Some(0), "1 buckets, 0 not allowed, 0 projects not audited\n")
    );
    assert_eq!(proxy.requests(), vec![front.base_url().replace("https://", "CONNECT "); 2]);
}
