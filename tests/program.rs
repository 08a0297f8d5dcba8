//! The program as its users see it: what it prints, where, and with which exit status.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::time::Duration;

use atlas_export_buckets::simulator::{Fault, Response, Simulator, When, sample_buckets};
use support::program::{Program, Run, program};
use support::sample_ids;

const PROJECT: &str = "32b6e34b3d91647abb20e7b8";
const PRIVATE_KEY: &str = "f00dfeed-0000-4000-8000-5ec7e75ec7e7";

fn simulator(buckets: usize) -> Simulator {
    Simulator::builder()
        .strict(true)
        .key("public", PRIVATE_KEY)
        .buckets(sample_buckets(buckets))
        .start()
        .unwrap()
}

/// `list`, to be run, with the key and the address of the simulator in its environment.
fn listing(atlas: &Simulator, args: &[&str]) -> Program {
    let mut program = program();
    program
        .args(["list"].iter().chain(args))
        .key("public", PRIVATE_KEY)
        .env("MONGODB_ATLAS_OPS_MANAGER_URL", atlas.base_url());
    program
}

fn list(atlas: &Simulator, args: &[&str]) -> Run {
    listing(atlas, args).run()
}

#[test]
fn raw_is_what_atlas_sent_page_by_page() {
    let atlas = simulator(5);
    let run =
        list(&atlas, &["--project-id", PROJECT, "-o", "raw", "--page", "2", "--limit", "2", "--pretty"]);
    assert_eq!(run.status, Some(0), "{run:?}");
    let body: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(body["results"].as_array().unwrap().len(), 2);
    assert!(run.stdout.contains("\n  "), "indented by the server: {}", run.stdout);
    let run = list(&atlas, &["--project-id", PROJECT, "-o", "raw", "--limit", "2"]);
    let pages: Vec<serde_json::Value> =
        serde_json::Deserializer::from_str(&run.stdout).into_iter().map(Result::unwrap).collect();
    assert_eq!(pages.len(), 3);
}

#[test]
fn json_has_the_buckets_as_atlas_sent_them_and_their_count() {
    let atlas = simulator(5);
    let run = list(&atlas, &["--project-id", PROJECT, "-o", "json", "--limit", "2"]);
    let with_project = |bucket: &String| bucket.replacen('{', &format!("{{\"groupId\":\"{PROJECT}\","), 1);
    let expected: Vec<serde_json::Value> =
        sample_buckets(5).iter().map(|bucket| serde_json::from_str(&with_project(bucket)).unwrap()).collect();
    let output: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(output, serde_json::json!({ "results": expected, "totalCount": 5 }));
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""));
    assert_eq!(atlas.rejections(), []);
}

#[test]
fn the_options_reach_atlas() {
    let atlas = simulator(3);
    let cases: [(&[&str], &str); 4] = [
        (
            &["--limit", "7"],
            "/api/atlas/v1.0/groups/32b6e34b3d91647abb20e7b8/backup/exportBuckets?pageNum=1&itemsPerPage=7",
        ),
        (
            &["--no-count"],
            "/api/atlas/v1.0/groups/32b6e34b3d91647abb20e7b8/backup/exportBuckets?pageNum=1&itemsPerPage=500&includeCount=false",
        ),
        (
            &["--envelope", "--pretty"],
            "/api/atlas/v1.0/groups/32b6e34b3d91647abb20e7b8/backup/exportBuckets?pageNum=1&itemsPerPage=500&pretty=true&envelope=true",
        ),
        (
            &["--api-version", "2024-05-30"],
            "/api/atlas/v2/groups/32b6e34b3d91647abb20e7b8/backup/exportBuckets?pageNum=1&itemsPerPage=500",
        ),
    ];
    for (args, target) in cases {
        atlas.reset_stats();
        // In capital letters, and from the environment.
        let mut program = program();
        program
            .args(["list", "-o", "ndjson"].iter().chain(args))
            .key("public", PRIVATE_KEY)
            .env("MONGODB_ATLAS_PROJECT_ID", PROJECT.to_uppercase())
            .env("MONGODB_ATLAS_OPS_MANAGER_URL", atlas.base_url());
        let run = program.run();
        assert_eq!((run.status, run.stdout.lines().count()), (Some(0), 3), "{run:?}");
        assert_eq!(String::from_utf8_lossy(&atlas.requests()[0].target), target);
    }
}

#[test]
fn a_wrong_key_ends_with_status_3_and_the_words_of_atlas_after_2_requests() {
    let atlas = simulator(1);
    let run = program()
        .args(["list", "--project-id", PROJECT, "-v"])
        .key("public", "f00dfeed-wrong")
        .env("MONGODB_ATLAS_OPS_MANAGER_URL", atlas.base_url())
        .run();
    assert_eq!((run.status, run.stdout.as_str()), (Some(3), ""));
    let expected = format!(
        "atlas-export-buckets: the API key was refused: page 1 of the export buckets of project {PROJECT} at {} (HTTP \
         401 UNEXPECTED_ERROR \"You are not authorized for this resource.\")\n  check both halves of the key, and that it \
         was not deleted\n",
        atlas.base_url()
    );
    assert!(run.stderr.contains(&expected), "{}", run.stderr);
    assert!(!run.stderr.contains("f00dfeed"), "{}", run.stderr);
    assert_eq!(atlas.stats().requests, 2);
}

#[test]
fn a_private_half_in_the_place_of_the_public_one_is_not_shown() {
    let atlas = simulator(1);
    let mut swapped = listing(&atlas, &["--project-id", PROJECT, "-v"]);
    swapped.key(PRIVATE_KEY, "public");
    let run = swapped.run();
    let refused = "atlas-export-buckets: the API key's public half looks like a private half: perhaps the two \
                   are swapped\n";
    assert_eq!((run.status, run.stderr.as_str()), (Some(2), refused));
    assert_eq!(atlas.stats().connections, 0);
}

/// What the server answers, and the exit status.
const ANSWERS: &[(u16, i32)] =
    &[(400, 1), (401, 3), (403, 3), (404, 4), (429, 5), (500, 7), (501, 1), (502, 7), (503, 7), (504, 7)];

#[test]
fn the_exit_status_says_what_kind_of_failure_it_was() {
    for &(status, expected) in ANSWERS {
        let answer = Response::atlas_error(status, "CODE", "The detail.", &[]);
        let atlas = Simulator::builder()
            .key("public", PRIVATE_KEY)
            .fault(When::always().with_authorization(), Fault::Response(answer));
        // A 429 that names no wait is asked again until the deadline.
        let args = ["--project-id", PROJECT, "-o", "json", "--retries", "0", "--timeout", "2"];
        let run = list(&atlas.start().unwrap(), &args);
        assert_eq!((run.status, run.stdout.as_str()), (Some(expected), ""), "{status}: {run:?}");
    }
    for (name, fault, expected) in
        [("a count that shrinks", Fault::Count(1), 7), ("a count that is too high", Fault::Count(9), 7)]
    {
        let atlas = Simulator::builder().key("public", PRIVATE_KEY).buckets(sample_buckets(4));
        let atlas = atlas.fault(When::always().on_page(2), fault).start().unwrap();
        let run = list(&atlas, &["--project-id", PROJECT, "-o", "json", "--limit", "2"]);
        assert_eq!((run.status, run.stdout.as_str()), (Some(expected), ""), "{name}: {run:?}");
    }
}

#[test]
fn max_time_ends_the_run_and_tells_every_project_that_was_not_listed() {
    let other = "aaaaaaaaaaaaaaaaaaaaaaaa";
    let never = Fault::Delay(Duration::from_secs(3600));
    let atlas = Simulator::builder()
        .key("public", PRIVATE_KEY)
        .buckets(sample_buckets(2))
        .project(other, sample_buckets(1))
        .fault(When::always().in_project(other), never)
        .start()
        .unwrap();
    let args = ["--project-id", PROJECT, "--project-id", other, "-o", "json", "--max-time", "1.5"];
    let run = list(&atlas, &args);
    let output: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let message = "not listed within --max-time 1.5 s";
    let expected = format!(
        "atlas-export-buckets: {message}: project {other}\n  allow more time, or list fewer projects\n"
    );
    assert_eq!((run.status, run.stderr), (Some(6), expected));
    assert_eq!(output["results"].as_array().unwrap().len(), 2);
    let error = serde_json::json!({ "groupId": other, "message": message, "exitStatus": 6 });
    assert_eq!(output["errors"], serde_json::json!([error]));
}

#[test]
fn max_time_ends_the_listing_of_a_single_project() {
    let never = Fault::Delay(Duration::from_secs(3600));
    let atlas = Simulator::builder().key("public", PRIVATE_KEY).buckets(sample_buckets(4));
    let atlas = atlas.fault(When::always().on_page(2), never).start().unwrap();
    let run = list(&atlas, &["--project-id", PROJECT, "-o", "json", "--limit", "2", "--max-time", "1"]);
    let expected = format!(
        "atlas-export-buckets: not listed within --max-time 1 s: project {PROJECT}\n  allow more time, or list fewer \
         projects\n"
    );
    assert_eq!((run.status, run.stdout.as_str(), run.stderr), (Some(6), "", expected));
}

#[test]
fn verbose_tells_requests_and_challenges_but_no_secret() {
    let atlas = simulator(3);
    let run = list(&atlas, &["--project-id", PROJECT, "-v", "--limit", "2"]);
    assert_eq!(run.status, Some(0));
    for line in ["credentials: API key public\n", "proxy: none\n", "root certificates: built in\n"] {
        assert!(run.stderr.contains(&format!("atlas-export-buckets: {line}")), "{line}: {}", run.stderr);
    }
    let count = |text: &str| run.stderr.lines().filter(|line| line.contains(text)).count();
    assert_eq!(count(": GET http://127.0.0.1:"), 3);
    assert_eq!(count(" (answering the challenge)"), 1, "{}", run.stderr);
    let answers: Vec<&str> = run.stderr.lines().filter(|line| line.contains(": HTTP ")).collect();
    assert_eq!(answers.len(), 3, "{}", run.stderr);
    assert!(answers.iter().all(|line| line.contains(" bytes in ") && line.ends_with(" ms")), "{answers:?}");
    for request in atlas.requests() {
        let authorization = request.header("authorization").unwrap_or(b"nothing sent");
        assert!(!run.stderr.contains(&*String::from_utf8_lossy(authorization)));
    }
    assert!(!run.stderr.contains(PRIVATE_KEY) && !run.stderr.contains("response="), "{}", run.stderr);
}

#[test]
fn an_unknown_project_ends_with_status_4_and_no_network_with_6() {
    let atlas = simulator(1);
    let run = list(&atlas, &["--project-id", "000000000000000000000000", "-o", "json"]);
    assert_eq!((run.status, run.stdout.as_str()), (Some(4), ""), "{run:?}");
    let expected = format!(
        "atlas-export-buckets: not found: page 1 of the export buckets of project 000000000000000000000000 at {} (HTTP \
         404 GROUP_NOT_FOUND \"No group with ID 000000000000000000000000 exists.\")\n  check the id, and that the \
         credentials belong to its organization\n",
        atlas.base_url()
    );
    assert_eq!(run.stderr, expected);
    // A header alone would look like a project without buckets.
    let run = list(&atlas, &["--project-id", "000000000000000000000000", "-o", "csv"]);
    assert_eq!((run.status, run.stdout.as_str()), (Some(4), ""), "{run:?}");
    let closed = support::closed_port();
    let base_url = format!("http://127.0.0.1:{closed}");
    let run = list(&atlas, &["--project-id", PROJECT, "--base-url", &base_url, "--retries", "0"]);
    assert_eq!((run.status, run.stdout.as_str()), (Some(6), ""), "{run:?}");
    assert!(run.stderr.contains("cannot connect: ") && run.stderr.lines().count() == 2, "{}", run.stderr);
}

#[test]
fn several_projects_are_listed_in_the_order_given_each_once() {
    let other = "aaaaaaaaaaaaaaaaaaaaaaaa";
    let atlas = Simulator::builder()
        .strict(true)
        .key("public", PRIVATE_KEY)
        .buckets(sample_buckets(2))
        .project(other, sample_buckets(1))
        .start()
        .unwrap();
    let unknown = "000000000000000000000000";
    let args = ["--project-id", "-", "--group-id", unknown, "--projectId", PROJECT, "-o", "json"];
    let run = listing(&atlas, &args)
        .stdin(format!("\u{feff}# a comment\n\n  {other}\n{other} # again\n{PROJECT}#\r\n"))
        .run();
    assert_eq!(run.status, Some(4), "{run:?}");
    let output: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let results: Vec<_> =
        output["results"].as_array().unwrap().iter().map(|b| (&b["_id"], &b["groupId"])).collect();
    let ids = sample_ids(2);
    assert_eq!(
        results,
        [
            (&ids[0].clone().into(), &other.into()),
            (&ids[0].clone().into(), &PROJECT.into()),
            (&ids[1].clone().into(), &PROJECT.into())
        ]
    );
    assert_eq!(output.get("totalCount"), None);
    let (message, _advice) = run.stderr.split_once('\n').unwrap();
    let message = message.trim_start_matches("atlas-export-buckets: ");
    let error = serde_json::json!({ "groupId": unknown, "message": message, "status": 404, "exitStatus": 4 });
    assert_eq!(output["errors"], serde_json::json!([error]));
}

#[test]
fn json_tells_the_status_of_every_failure_that_came_with_one() {
    let moved = Response::redirect(302, "https://elsewhere.invalid/");
    for (answer, expected) in [
        (Response::html(404, "not here"), 404.into()),
        (Response::atlas_error(500, "UNEXPECTED_ERROR", "no", &[]), 500.into()),
        (moved, 302.into()),
    ] {
        let expected: serde_json::Value = expected;
        let atlas = Simulator::builder().key("public", PRIVATE_KEY).buckets(sample_buckets(1));
        let atlas = atlas.project("32b6e34b3d91647abb20e7b9", sample_buckets(1));
        let atlas =
            atlas.fault(When::always().with_authorization(), Fault::Response(answer)).start().unwrap();
        let projects = ["--project-id", PROJECT, "--project-id", "32b6e34b3d91647abb20e7b9"];
        let run = list(&atlas, &[&projects[..], &["-o", "json", "--retries", "0"]].concat());
        let output: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        let statuses: Vec<_> = output["errors"].as_array().unwrap().iter().map(|e| &e["status"]).collect();
        assert_eq!(statuses, [&expected, &expected], "{}", run.stderr);
    }
}

#[test]
fn what_is_printed_at_once_does_not_wait_for_the_next_page() {
    for (format, lines) in [("ndjson", 2), ("csv", 3)] {
        let never = Fault::Delay(Duration::from_secs(3600));
        // The challenge, the first page, and the second, which does not come.
        let atlas =
            Simulator::builder().buckets(sample_buckets(4)).fault(When::nth(3), never).start().unwrap();
        let running = program()
            .args(["list", "--project-id", atlas.project_id(), "-o", format, "--limit", "2"])
            .key(atlas.public_key(), atlas.private_key())
            .env("MONGODB_ATLAS_OPS_MANAGER_URL", atlas.base_url())
            .start();
        let printed = running.first_lines(lines);
        assert!(printed.iter().all(|line| !line.is_empty()), "{format}: {printed:?}");
        let ids = sample_ids(2);
        assert!(printed[lines - 1].contains(&ids[1]), "{format}: {printed:?}");
    }
}

#[test]
fn the_summary_counts_the_buckets_of_every_format() {
    let atlas = simulator(5);
    for format in ["table", "json", "ndjson", "csv", "raw"] {
        let run = list(&atlas, &["--project-id", PROJECT, "-v", "--limit", "2", "-o", format]);
        let summary = "atlas-export-buckets: projects: 1, buckets: 5, requests: ";
        assert!(run.stderr.lines().any(|line| line.starts_with(summary)), "{format}: {}", run.stderr);
    }
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let atlas = simulator(5000);
    let run = list(&atlas, &["--project-id", PROJECT, "-o", "ndjson"]).stdout.len();
    assert!(run > 100_000);
    let (status, stderr) = program()
        .args(["list", "--project-id", PROJECT, "-o", "ndjson"])
        .key("public", PRIVATE_KEY)
        .env("MONGODB_ATLAS_OPS_MANAGER_URL", atlas.base_url())
        .run_and_close_stdout_after_a_line();
    assert_eq!((status, stderr.as_str()), (Some(0), ""));
}

#[test]
fn a_closed_pipe_does_not_make_good_what_failed_before() {
    let atlas = simulator(5000);
    let (status, stderr) = program()
        .args(["list", "--project-id", "000000000000000000000000", "--project-id", PROJECT, "-o", "ndjson"])
        .key("public", PRIVATE_KEY)
        .env("MONGODB_ATLAS_OPS_MANAGER_URL", atlas.base_url())
        .run_and_close_stdout_after_a_line();
    assert_eq!((status, stderr.lines().count()), (Some(4), 2), "{stderr}");
}

#[test]
fn what_cannot_be_said_on_stderr_is_not_said_and_the_work_goes_on() {
    let atlas = simulator(3);
    let list = |args: &[&str]| {
        program()
            .args(["list", "-o", "ndjson"].iter().chain(args))
            .key("public", PRIVATE_KEY)
            .env("MONGODB_ATLAS_OPS_MANAGER_URL", atlas.base_url())
            .run_with_full_stderr()
    };
    let (status, stdout) = list(&["--project-id", PROJECT, "-v"]);
    assert_eq!((status, stdout.lines().count()), (Some(0), 3));
    assert_eq!(list(&["--project-id", "000000000000000000000000"]), (Some(4), String::new()));
    assert_eq!(list(&["--bogus"]), (Some(2), String::new()));
}

#[cfg(unix)]
#[test]
fn variables_that_are_not_unicode_are_refused_and_not_passed_over() {
    use std::os::unix::ffi::OsStrExt as _;
    let bad = std::ffi::OsStr::from_bytes(b"http://127.0.0.1:1\xFF");
    for variable in
        ["MONGODB_ATLAS_OPS_MANAGER_URL", "MONGODB_ATLAS_PROJECT_ID", "MONGODB_ATLAS_PUBLIC_API_KEY"]
    {
        let run = program()
            .args(["list"].iter())
            .key("public", PRIVATE_KEY)
            .env("MONGODB_ATLAS_PROJECT_ID", PROJECT)
            .env(variable, bad)
            .run();
        assert_eq!(run.status, Some(2), "{run:?}");
        assert!(run.stderr.contains(&format!("{variable} is not Unicode")), "{}", run.stderr);
    }
}

#[test]
fn a_proxy_that_cannot_be_used_is_refused_and_not_passed_over() {
    for bad in ["htp://127.0.0.1:1", "http://[", " http://127.0.0.1:1"] {
        let run = program()
            .args(["list", "--project-id", PROJECT, "--base-url", "https://cloud.invalid"].iter())
            .key("public", PRIVATE_KEY)
            .env("HTTPS_PROXY", bad)
            .run();
        assert_eq!(run.status, Some(2), "{bad}: {run:?}");
        assert!(run.stderr.contains("the environment variable HTTPS_PROXY is not a proxy"), "{}", run.stderr);
    }
    // To this machine no proxy is used, so it does not matter there.
    let atlas = simulator(1);
    let run = program()
        .args(["list", "--project-id", PROJECT].iter())
        .key("public", PRIVATE_KEY)
        .env("MONGODB_ATLAS_OPS_MANAGER_URL", atlas.base_url())
        .env("HTTPS_PROXY", "http://127.0.0.1:1")
        .run();
    assert_eq!(run.status, Some(0), "{run:?}");
}
