//! Many projects at once: through the program, and through the library as its docs show.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::time::Duration;

use atlas_export_buckets::simulator::{
    Builder, Fault, Response, Simulator, TokenBucket, When, sample_buckets,
};
use atlas_export_buckets::{ApiVersion, Error};
use support::program::{Program, Run, program, program_after};
use support::{client, client_builder, project, sample_ids};

const PRIVATE_KEY: &str = "f00dfeed-0000-4000-8000-5ec7e75ec7e7";

fn project_id(index: usize) -> String {
    format!("{index:024x}")
}

/// Projects of 0 to 6 buckets, which are 1 to 3 pages of 2.
fn buckets_of(index: usize) -> usize {
    (index * 5) % 7
}

fn atlas(projects: usize) -> Builder {
    (0..projects).fold(Simulator::builder().strict(true).key("public", PRIVATE_KEY), |builder, index| {
        builder.project(project_id(index), sample_buckets(buckets_of(index)))
    })
}

/// Lists all projects, 8 at once, with their ids from standard input.
fn list_all(atlas: &Simulator, args: &[&str]) -> Run {
    list_all_with(program(), atlas, args)
}

fn list_all_with(mut program: Program, atlas: &Simulator, args: &[&str]) -> Run {
    let ids: Vec<&str> = atlas.project_ids().iter().map(String::as_str).collect();
    program
        .args(["list", "--project-id", "-", "--jobs", "8", "--limit", "2"].iter().chain(args))
        .key("public", PRIVATE_KEY)
        .env("MONGODB_ATLAS_OPS_MANAGER_URL", atlas.base_url())
        .stdin(ids.join("\n"))
        .run()
}

/// `project id` of each line that `-o ndjson` must print, in order.
fn expected(projects: usize) -> Vec<(String, String)> {
    let ids = sample_ids(6);
    let of_project = |index| {
        ids[..buckets_of(index)].iter().map(move |id| (project_id(index), id.clone())).collect::<Vec<_>>()
    };
    (0..projects).flat_map(of_project).collect()
}

fn printed(run: &Run) -> Vec<(String, String)> {
    let parse = |line: &str| {
        let bucket: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| bucket[name].as_str().unwrap().to_owned();
        (text("groupId"), text("_id"))
    };
    run.stdout.lines().map(parse).collect()
}

#[test]
fn a_thousand_projects_cost_their_pages_and_at_most_8_challenges_on_8_connections() {
    let atlas = atlas(1000).start().unwrap();
    let run = list_all(&atlas, &["-o", "ndjson"]);
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""));
    assert_eq!(printed(&run), expected(1000));
    let stats = atlas.stats();
    let pages: u64 = (0..1000).map(|index| buckets_of(index).div_ceil(2).max(1) as u64).sum();
    assert_eq!(stats.pages, pages);
    assert!(stats.requests <= pages + 8, "{stats:?}");
    assert!(stats.connections <= 8, "{stats:?}");
    assert_eq!(atlas.rejections(), []);
}

#[test]
fn under_a_rate_limit_all_slow_down_together_and_no_project_fails() {
    // 100 tokens; a token in 2 ms instead of 600.
    let limit = TokenBucket::new(100, Duration::from_millis(2)).retry_after(Duration::as_secs);
    let atlas = atlas(1000).rate_limit(limit).start().unwrap();
    let run = list_all(&atlas, &["-o", "ndjson"]);
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""));
    assert_eq!(printed(&run), expected(1000));
    let stats = atlas.stats();
    assert!(stats.rate_limited * 20 <= stats.requests, "more than 5 % wasted: {stats:?}");
}

#[test]
fn one_projects_failure_is_told_and_the_others_go_on() {
    let forbidden = Response::atlas_error(403, "USER_UNAUTHORIZED", "Not in this project.", &[]);
    let atlas = atlas(5)
        .fault(When::always().in_project(&project_id(2)).with_authorization(), Fault::Response(forbidden))
        .start()
        .unwrap();
    let run = list_all(&atlas, &["-o", "json"]);
    assert_eq!((run.status, run.stderr.lines().count()), (Some(3), 2), "{run:?}");
    assert!(
        run.stderr.contains(&project_id(2)) && run.stderr.contains("Not in this project."),
        "{}",
        run.stderr
    );
    let output: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let results = output["results"].as_array().unwrap();
    let printed: Vec<_> =
        results.iter().map(|bucket| bucket["groupId"].as_str().unwrap().to_owned()).collect();
    let others: Vec<_> =
        expected(5).into_iter().map(|(project, _)| project).filter(|id| *id != project_id(2)).collect();
    assert_eq!(printed, others);
    assert_eq!(output["errors"][0]["groupId"], project_id(2));
    assert_eq!(output["errors"].as_array().unwrap().len(), 1);
}

#[test]
fn the_same_advice_is_given_once_and_again_after_another() {
    let of_project = |index: usize| When::always().with_authorization().in_project(&project_id(index));
    let status = |status| Fault::Response(Response::atlas_error(status, "CODE", "The detail.", &[]));
    let atlas = atlas(5).fault(of_project(0), status(404)).fault(of_project(1), status(404));
    let atlas = atlas.fault(of_project(2), status(410)).fault(of_project(4), status(404)).start().unwrap();
    let run = list_all(&atlas, &["-o", "ndjson"]);
    let advised = run.stderr.lines().filter(|line| line.starts_with("  "));
    let advised: Vec<&str> = advised.map(|line| line.trim().split(' ').next().unwrap()).collect();
    assert_eq!((run.status, advised), (Some(4), vec!["check", "ask", "check"]), "{}", run.stderr);
    assert_eq!(run.stderr.matches("not found: ").count(), 3, "{}", run.stderr);
}

#[test]
fn when_all_of_several_projects_fail_json_says_so_in_an_object() {
    let forbidden = Response::atlas_error(403, "USER_UNAUTHORIZED", "No.", &[]);
    let atlas =
        atlas(2).fault(When::always().with_authorization(), Fault::Response(forbidden)).start().unwrap();
    let run = list_all(&atlas, &["-o", "json"]);
    let output: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((&output["results"], output.get("totalCount")), (&serde_json::json!([]), None));
    assert_eq!((run.status, output["errors"].as_array().unwrap().len()), (Some(3), 2));
}

/// The program in 4 GiB of address space, of which each of its threads takes so many.
#[cfg(target_os = "linux")]
fn program_with_threads_of_gib(gib: u64) -> Program {
    let mut program = program_after("ulimit -v 4194304; exec \"$0\" \"$@\"");
    program.env("RUST_MIN_STACK", (gib * 1024 * 1024 * 1024).to_string());
    program
}

#[cfg(target_os = "linux")]
#[test]
fn one_project_at_an_address_is_listed_without_another_thread() {
    let atlas = atlas(2).start().unwrap();
    let run = program_with_threads_of_gib(8)
        .args(["list", "-o", "ndjson", "--limit", "2", "--project-id", &project_id(1)])
        .key("public", PRIVATE_KEY)
        .env("MONGODB_ATLAS_BASE_URL", atlas.base_url())
        .run();
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""));
    assert_eq!(printed(&run), expected(2));
}

#[cfg(target_os = "linux")]
#[test]
fn where_threads_cannot_be_started_there_are_fewer_or_an_error_says_so() {
    const ALL: (i32, &str) = (0, "");
    const NO_WORKER: (i32, &str) = (1, "cannot start a thread: ");
    const NO_LOOK_UP: (i32, &str) = (6, "nothing could be sent: ");
    let atlas = atlas(40).start().unwrap();
    let port = atlas.base_url().rsplit_once(':').unwrap().1;
    for (host, gib, possible) in [
        ("127.0.0.1", 1, &[ALL][..]),
        ("127.0.0.1", 3, &[ALL]),
        ("127.0.0.1", 8, &[NO_WORKER]),
        // A name takes one more thread for each look-up, and the threads race for the space.
        ("localhost", 1, &[ALL, NO_LOOK_UP]),
        ("localhost", 3, &[NO_LOOK_UP]),
        ("localhost", 8, &[NO_WORKER]),
    ] {
        let base_url = format!("http://{host}:{port}");
        let args = ["-o", "ndjson", "--jobs", "16", "--base-url", &base_url];
        let run = list_all_with(program_with_threads_of_gib(gib), &atlas, &args);
        let name = format!("{host}, {gib} GiB: {run:?}");
        assert!(!run.stderr.contains("panicked"), "{name}");
        let (status, problem) =
            *possible.iter().find(|(status, _)| run.status == Some(*status)).expect(&name);
        assert!(run.stderr.contains(problem), "{name}");
        assert!(status != 0 || printed(&run) == expected(40), "{name}");
    }
}

#[test]
fn a_count_that_cannot_be_is_left_out_of_the_sum() {
    let atlas = atlas(2).fault(When::always(), Fault::Count(u64::MAX)).start().unwrap();
    let run = list_all(&atlas, &["-o", "json", "--page", "1"]);
    let output: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((run.status, output.get("totalCount")), (Some(0), None), "{run:?}");
}

#[test]
fn threads_of_the_library_share_one_challenge() {
    let atlas = atlas(8).start().unwrap();
    let client = client_builder(&atlas).items_per_page(2).build().unwrap();
    // The first request brings the nonce; all threads use it.
    client.export_bucket_page(&project(&atlas), 1).unwrap();
    let counts: Vec<usize> = std::thread::scope(|scope| {
        let list = |id: &String| {
            let (client, project) = (client.clone(), id.parse().unwrap());
            scope.spawn(move || client.export_buckets(&project).map(Result::unwrap).count())
        };
        let threads: Vec<_> = atlas.project_ids().iter().map(list).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(counts, (0..8).map(buckets_of).collect::<Vec<_>>());
    assert_eq!(atlas.stats().challenges, 1);
    assert_eq!(atlas.rejections(), []);
}

#[test]
fn where_atlas_cannot_count_it_is_asked_once_without_the_count() {
    let atlas = Simulator::builder()
        .strict(true)
        .buckets(sample_buckets(5))
        .fault(When::always(), Fault::CountRefused)
        .start()
        .unwrap();
    let client = client_builder(&atlas).items_per_page(2).build().unwrap();
    let pages: Vec<_> = client.export_bucket_pages(&project(&atlas)).map(Result::unwrap).collect();
    assert_eq!(
        pages.iter().map(|page| (page.results.len(), page.total_count)).collect::<Vec<_>>(),
        [(2, None), (2, None), (1, None)]
    );
    let counted: Vec<bool> = atlas
        .requests()
        .iter()
        .map(|request| !String::from_utf8_lossy(&request.target).contains("includeCount=false"))
        .collect();
    assert_eq!(counted, [true, true, false, false, false]);
}

#[test]
fn a_version_that_will_go_is_told_on_the_page_and_once_on_stderr() {
    let sunset = "Thu, 01 Jul 2027 00:00:00 GMT";
    let atlas = atlas(3).fault(When::always(), Fault::header("Sunset", sunset)).start().unwrap();
    let run = list_all(&atlas, &["-o", "ndjson"]);
    assert_eq!(run.status, Some(0));
    assert_eq!((run.stderr.lines().count(), run.stderr.contains(sunset)), (1, true), "{}", run.stderr);
    assert_eq!(list_all(&atlas, &["-o", "ndjson", "-q"]).stderr, "");
    let client = client_builder(&atlas).api_version(ApiVersion::V2024_05_30).build().unwrap();
    let page = client.export_bucket_page(&project(&atlas), 1).unwrap();
    assert_eq!((page.sunset.as_deref(), page.deprecation), (Some(sunset), None));
}

#[test]
fn rate_limit_headers_are_on_the_page() {
    let atlas =
        Simulator::builder().rate_limit(TokenBucket::new(7, Duration::from_secs(3600))).start().unwrap();
    let page = client(&atlas).export_bucket_page(&project(&atlas), 1).unwrap();
    assert_eq!((page.rate_limit.limit, page.rate_limit.remaining), (Some(7), Some(6)));
}

#[test]
fn a_field_that_is_missing_is_named_with_its_page_and_index() {
    let answer = Response::new(200).header("Content-Type", "application/json").body(
        r#"{"results":[{"_id":"5","bucketName":"b","cloudProvider":"AWS"},{"_id":"6","bucketName":"c"}],"totalCount":2}"#,
    );
    let atlas = Simulator::builder()
        .fault(When::always().with_authorization(), Fault::Response(answer))
        .start()
        .unwrap();
    let error = client(&atlas).export_bucket_page(&project(&atlas), 3).unwrap_err();
    assert!(matches!(error, Error::Malformed { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("page 3 of the export buckets of project 32b6e34b3d91647abb20e7b8"), "{text}");
    assert!(text.contains("results[1]: missing field `cloudProvider`"), "{text}");
}
