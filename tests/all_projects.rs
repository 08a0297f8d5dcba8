//! `--all-projects` and `--org-id`: the buckets of projects are listed while the list of projects is still being read.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::collections::HashSet;
use std::time::Duration;

use atlas_export_buckets::simulator::{Builder, Fault, RequestKind, Response, Simulator, When};
use serde_json::{Value, json};
use support::program::{Program, Run, program};

const UNKNOWN: &str = "000000000000000000000000";

fn listing(atlas: &Simulator, args: &[&str]) -> Program {
    let mut program = program();
    program
        .args(["list"].iter().chain(args))
        .key(atlas.public_key(), atlas.private_key())
        .env("MONGODB_ATLAS_BASE_URL", atlas.base_url());
    program
}

fn list(atlas: &Simulator, args: &[&str]) -> Run {
    listing(atlas, args).run()
}

fn projects(count: usize) -> Builder {
    Simulator::builder().strict(true).projects(count, 1)
}

/// Projects on two pages, of which the second does not come.
fn projects_that_break_off(fault: Fault) -> Builder {
    let second_page = When::always().of_kind(RequestKind::Projects).on_page(2).with_authorization();
    projects(501).fault(second_page, fault)
}

/// `groupId` of each line of ndjson.
fn listed_projects(run: &Run) -> Vec<String> {
    let group_id =
        |line: &str| serde_json::from_str::<Value>(line).unwrap()["groupId"].as_str().unwrap().to_owned();
    run.stdout.lines().map(group_id).collect()
}

#[test]
fn a_project_with_a_bad_id_fails_alone() {
    const PROJECT: &str = "32b6e34b3d91647abb20e7b8";
    let named = |id: &str| format!(r#"{{"id":"{id}","name":"n","orgId":"{UNKNOWN}"}}"#);
    let body = format!(r#"{{"results":[{},{}],"totalCount":2}}"#, named("five"), named(PROJECT));
    let projects = When::always().of_kind(RequestKind::Projects).with_authorization();
    let answer = Fault::Response(Response::new(200).header("Content-Type", "application/json").body(body));
    let atlas = Simulator::builder().fault(projects, answer).start().unwrap();
    for jobs in ["1", "4"] {
        let run = list(&atlas, &["--all-projects", "-o", "json", "--jobs", jobs]);
        let output: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!((run.status, output["results"].as_array().unwrap().len()), (Some(1), 12), "{jobs}");
        let error = json!({ "message": "Atlas sent a project whose id is not valid", "exitStatus": 1 });
        assert_eq!(output["errors"], json!([error]), "{jobs}");
    }
}

#[test]
fn twelve_hundred_projects_cost_three_pages_and_a_request_each() {
    let atlas = projects(1200).start().unwrap();
    let run = list(&atlas, &["--all-projects", "-o", "ndjson", "--jobs", "4"]);
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""));
    assert_eq!(listed_projects(&run), atlas.project_ids());
    let stats = atlas.stats();
    assert_eq!(stats.requests - stats.challenges, 1203);
    assert!(stats.challenges <= 4, "{stats:?}");
    let organization = atlas.organization_id().to_owned();
    let run = list(&atlas, &["--org-id", &organization, "-o", "ndjson"]);
    assert_eq!((run.status, listed_projects(&run).len()), (Some(0), 1200));
}

#[test]
fn buckets_are_asked_for_while_projects_are_still_being_listed() {
    let never = Fault::Delay(Duration::from_secs(3600));
    let atlas = projects_that_break_off(never).start().unwrap();
    let running = listing(&atlas, &["--all-projects", "-o", "ndjson"]).start();
    assert_eq!(running.first_lines(500).iter().filter(|line| line.contains("\"groupId\"")).count(), 500);
}

#[test]
fn a_project_without_permission_is_told_and_the_others_are_listed() {
    let forbidden = Response::atlas_error(403, "USER_UNAUTHORIZED", "Not in this project.", &[]);
    let atlas = projects(3);
    let second = projects(3).start().unwrap().project_ids()[1].clone();
    let atlas = atlas
        .fault(When::always().in_project(&second).with_authorization(), Fault::Response(forbidden))
        .start()
        .unwrap();
    let run = list(&atlas, &["--all-projects", "-o", "json"]);
    let output: Value = serde_json::from_str(&run.stdout).unwrap();
    let ids: Vec<&Value> =
        output["results"].as_array().unwrap().iter().map(|bucket| &bucket["groupId"]).collect();
    assert_eq!(ids, [&json!(atlas.project_ids()[0]), &json!(atlas.project_ids()[2])]);
    assert_eq!((run.status, output["errors"].as_array().unwrap().len()), (Some(3), 1));
    assert_eq!(
        (&output["errors"][0]["groupId"], &output["errors"][0]["status"]),
        (&json!(second), &json!(403))
    );
}

#[test]
fn when_the_list_of_projects_breaks_off_what_was_listed_stays() {
    let broken = Response::atlas_error(500, "UNEXPECTED_ERROR", "No more.", &[]);
    let forbidden = Response::atlas_error(403, "USER_UNAUTHORIZED", "No.", &[]);
    let first = projects(1).start().unwrap().project_id().to_owned();
    // A project that fails, if any, and the exit status: that of the first failure in listing order.
    for (fails, status) in [(None, 7), (Some(&first), 3)] {
        let mut atlas = projects_that_break_off(Fault::Response(broken.clone()));
        if let Some(project) = fails {
            let when = When::always().in_project(project).with_authorization();
            atlas = atlas.fault(when, Fault::Response(forbidden.clone()));
        }
        let atlas = atlas.start().unwrap();
        let run = list(&atlas, &["--all-projects", "-o", "json", "--retries", "0"]);
        let output: Value = serde_json::from_str(&run.stdout).unwrap();
        let failed = usize::from(fails.is_some());
        assert_eq!(run.status, Some(status), "{}", run.stderr);
        assert_eq!(output["results"].as_array().unwrap().len(), 500 - failed);
        let errors = output["errors"].as_array().unwrap();
        assert_eq!((errors.len(), output.get("totalCount")), (1 + failed, None));
        let message = format!(
            "the server failed: page 2 of the projects at {} (HTTP 500 UNEXPECTED_ERROR \"No more.\")",
            atlas.base_url()
        );
        assert_eq!(errors[failed], json!({ "message": message, "status": 500, "exitStatus": 7 }));
        let told = format!("atlas-export-buckets: {message}\n  try again later\n");
        assert!(run.stderr.ends_with(&told), "{}", run.stderr);
    }
}

#[test]
fn the_name_of_a_project_stands_behind_its_id() {
    let atlas = projects(2).project_name("32b6e34b3d91647abb20e7b8", "Pröd, 1").start().unwrap();
    let ids = atlas.project_ids();
    let id = support::sample_ids(2);
    for (format, expected) in [
        ("ndjson", format!("{{\"groupId\":\"{}\",\"groupName\":\"Pröd, 1\",\"_id\":\"{}\",", ids[0], id[0])),
        ("json", format!("{{\"results\":[\n{{\"groupId\":\"{}\",\"groupName\":\"Pröd, 1\",", ids[0])),
        (
            "csv",
            format!(
                "groupId,groupName,id,bucketName,cloudProvider,iamRoleId,region,requirePrivateNetworking,roleId,serviceUrl,tenantId\n{},\"Pröd, 1\",{},",
                ids[0], id[0]
            ),
        ),
        (
            "table",
            format!(
                "PROJECT                    PROJECT NAME               ID                         BUCKET NAME                        \
             CLOUD PROVIDER   IAM ROLE ID\n{}   Pröd, 1                    {}   ",
                ids[0], id[0]
            ),
        ),
    ] {
        let run = list(&atlas, &["--all-projects", "-o", format]);
        assert!(run.status == Some(0) && run.stdout.starts_with(&expected), "{format}: {run:?}");
    }
}

#[test]
fn page_and_no_count_concern_buckets_only() {
    let atlas = projects(501).start().unwrap();
    let run = list(&atlas, &["--all-projects", "-o", "ndjson", "--page", "2", "--no-count", "--limit", "7"]);
    let told = "atlas-export-buckets: no export buckets on page 2 of any project\n";
    assert_eq!((run.status, run.stdout.as_str(), run.stderr.as_str()), (Some(0), "", told));
    let targets: HashSet<String> = atlas
        .requests()
        .iter()
        .map(|request| String::from_utf8_lossy(&request.target).into_owned())
        .filter(|target| target.contains("/groups?"))
        .collect();
    let page = |number: u32| format!("/api/atlas/v1.0/groups?pageNum={number}&itemsPerPage=500");
    assert_eq!(targets, HashSet::from([page(1), page(2)]));
    assert_eq!(atlas.stats().requests - atlas.stats().challenges, 503);
}

#[test]
fn no_project_at_all_is_an_empty_list_and_a_line_on_standard_error() {
    let builder = Simulator::builder().key("public", "private").limit_to_projects("public", [""; 0]);
    let atlas = builder.start().unwrap();
    for (format, expected) in [
        ("json", "{\"results\":[],\"totalCount\":0}\n"),
        ("ndjson", ""),
        ("csv", "groupId,groupName,id,"),
        ("table", "PROJECT   PROJECT NAME "),
    ] {
        let run = list(&atlas, &["--all-projects", "-o", format]);
        let stderr = "atlas-export-buckets: no projects\n";
        assert_eq!((run.status, run.stderr.as_str()), (Some(0), stderr), "{format}");
        assert!(run.stdout.starts_with(expected), "{format}: {}", run.stdout);
        assert_eq!(run.stdout.lines().count(), usize::from(!expected.is_empty()), "{format}: {}", run.stdout);
    }
}

/// What is asked for, the exit status, and the requests without challenges.
#[test]
fn one_of_the_three_ways_to_name_projects_is_taken_and_the_option_wins_over_the_environment() {
    let atlas = projects(2).start().unwrap();
    let organization = atlas.organization_id().to_owned();
    for (name, args, status, requests) in [
        ("the option wins", "--all-projects", 0, 3),
        ("also for an organization", &*format!("--org-id {organization}"), 0, 3),
        ("two ways", &*format!("--all-projects --project-id {UNKNOWN}"), 2, 0),
        ("two other ways", &*format!("--org-id {organization} --project-id {UNKNOWN}"), 2, 0),
        ("another organization", &*format!("--org-id {organization} --org-id {UNKNOWN}"), 2, 0),
        ("all three", &*format!("--org-id {organization} --all-projects --project-id -"), 2, 0),
        ("no such organization", &*format!("--org-id {UNKNOWN}"), 4, 1),
    ] {
        atlas.reset_stats();
        let args: Vec<&str> = args.split(' ').chain(["-o", "ndjson"]).collect();
        let run = listing(&atlas, &args).env("MONGODB_ATLAS_PROJECT_ID", UNKNOWN).run();
        assert_eq!(run.status, Some(status), "{name}: {run:?}");
        let stats = atlas.stats();
        assert_eq!(stats.requests - stats.challenges, requests, "{name}");
    }
}

#[test]
fn max_time_ends_the_run_while_projects_are_listed() {
    let never = Fault::Delay(Duration::from_secs(3600));
    let atlas = projects_that_break_off(never).start().unwrap();
    let run = list(&atlas, &["--all-projects", "-o", "json", "--max-time", "3"]);
    let output: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((run.status, output["results"].as_array().unwrap().len()), (Some(6), 500), "{}", run.stderr);
    assert_eq!(output["errors"], json!([{ "message": "not listed within --max-time 3 s", "exitStatus": 6 }]));
}
