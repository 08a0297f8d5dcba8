//! The program as its users meet it: what it prints, where, and with which exit status.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::time::Duration;

use atlas_export_buckets::simulator::{Fault, Simulator, When, sample_buckets};
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
        .env("MONGODB_ATLAS_PUBLIC_API_KEY", "public")
        .env("MONGODB_ATLAS_PRIVATE_API_KEY", PRIVATE_KEY)
        .env("MONGODB_ATLAS_OPS_MANAGER_URL", atlas.base_url());
    program
}

fn list(atlas: &Simulator, args: &[&str]) -> Run {
    listing(atlas, args).run()
}

/// What it is, the arguments, with `ID` for a good `--project-id`, a variable that is set to something else, and how the
/// message begins.
const BAD_INPUT: &[(&str, &str, &str, &str)] = &[
    ("a short project id", "--project-id 32b6", "", "a project id has 24 hexadecimal digits"),
    ("other digits", "--project-id g2b6e34b3d91647abb20e7b8", "", "a project id has 24"),
    ("no project", "", "", "which project? use --project-id, or set MONGODB_ATLAS_PROJECT_ID"),
    (
        "a project without its option",
        PROJECT,
        "",
        "unexpected argument \"32b6e34b3d91647abb20e7b8\"; did you mean",
    ),
    ("no public half", "ID", "MONGODB_ATLAS_PUBLIC_API_KEY=", "the API key's public half is empty"),
    ("no private half", "ID", "MONGODB_ATLAS_PRIVATE_API_KEY=", "the API key's private half is empty"),
    (
        "a line end in the key",
        "ID",
        "MONGODB_ATLAS_PRIVATE_API_KEY=f00dfeed\n",
        "the API key's private half has a control",
    ),
    (
        "a colon in the public half",
        "ID",
        "MONGODB_ATLAS_PUBLIC_API_KEY=f00d:feed",
        "the API key's public half has a colon",
    ),
    ("ftp", "ID --base-url ftp://h", "", "the base URL does not begin with https://"),
    ("a query", "ID --base-url https://h/?q", "", "the base URL has a query"),
    ("a fragment", "ID --base-url https://h/#f", "", "the base URL has a fragment"),
    ("user info", "ID --base-url https://f00dfeed:x@h", "", "the base URL has user information"),
    ("plain http", "ID --base-url http://192.0.2.1", "", "the base URL is plain http"),
    (
        "plain http from the environment",
        "ID",
        "MONGODB_ATLAS_OPS_MANAGER_URL=http://localhost.example",
        "the base URL is plain http",
    ),
    ("limit 0", "ID --limit 0", "", "--limit takes a whole number from 1 to 500, not \"0\""),
    ("limit 501", "ID --limit=501", "", "--limit takes a whole number from 1 to 500"),
    ("limit abc", "ID --limit abc", "", "--limit takes a whole number from 1 to 500"),
    (
        "an option for the key",
        "ID --private-key f00dfeed",
        "",
        "invalid option '--private-key': the API key is",
    ),
    ("a slip", "ID --outptu json", "", "invalid option '--outptu'; did you mean --output?"),
    ("no CA file", "ID --ca-file /nowhere", "", "cannot read /nowhere"),
    ("a CA file without certificates", "ID --ca-file /dev/null", "", "the CA file has no certificate"),
    ("a CA file without end", "ID --ca-file /dev/zero", "", "/dev/zero is longer than 16 MiB"),
];

/// Asserts that the program ends as with bad input: in one line, which begins like this, and without a secret.
fn assert_refused(name: &str, program: &mut Program, message: &str) {
    let run = program.run();
    assert_eq!((run.status, run.stdout.as_str()), (Some(2), ""), "{name}: {run:?}");
    let expected = format!("atlas-export-buckets: {message}");
    assert!(run.stderr.starts_with(&expected), "{name}: {}", run.stderr);
    assert_eq!(run.stderr.lines().count(), 1, "{name}: {}", run.stderr);
    assert!(!run.stderr.contains("f00d"), "{name}: {}", run.stderr);
}

#[test]
fn bad_input_is_refused_in_one_clear_line_with_status_2_and_nothing_is_sent() {
    let atlas = simulator(1);
    for (name, args, variable, message) in BAD_INPUT {
        let args = args.replace("ID", &format!("--project-id {PROJECT}"));
        let mut program = listing(&atlas, &args.split_whitespace().collect::<Vec<_>>());
        if let Some((variable, value)) = variable.split_once('=') {
            program.env(variable, value);
        }
        assert_refused(name, &mut program, message);
    }
    assert_eq!(atlas.stats().connections, 0);
}

#[test]
fn standard_input_that_is_no_list_of_ids_is_refused() {
    let atlas = simulator(1);
    let cases = [
        ("nothing", Vec::new(), "there is no project id on standard input"),
        ("comments only", b"# 1\n\n".to_vec(), "there is no project id on standard input"),
        ("no id", b"5\n".to_vec(), "a project id has 24 hexadecimal digits, \"5\" is not one"),
        ("no text", b"\xff\n".to_vec(), "standard input: "),
        ("much", vec![b'\n'; 16 * 1024 * 1024], "there is no project id on standard input"),
        ("too much", vec![b'\n'; 16 * 1024 * 1024 + 1], "standard input is longer than 16 MiB"),
    ];
    for (name, stdin, message) in cases {
        assert_refused(name, listing(&atlas, &["--project-id", "-"]).stdin(stdin), message);
    }
    assert_eq!(atlas.stats().connections, 0);
}

#[test]
fn a_missing_key_names_its_variable() {
    for missing in ["MONGODB_ATLAS_PUBLIC_API_KEY", "MONGODB_ATLAS_PRIVATE_API_KEY"] {
        let mut program = program();
        program.args(["list", "--project-id", PROJECT]);
        for variable in ["MONGODB_ATLAS_PUBLIC_API_KEY", "MONGODB_ATLAS_PRIVATE_API_KEY"] {
            if variable != missing {
                program.env(variable, "x");
            }
        }
        let run = program.run();
        assert_eq!(run.status, Some(2));
        assert!(run.stderr.contains(&format!("{missing} is not set")), "{}", run.stderr);
    }
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
    let expected: Vec<serde_json::Value> =
        sample_buckets(5).iter().map(|bucket| serde_json::from_str(bucket).unwrap()).collect();
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
            .env("MONGODB_ATLAS_PUBLIC_API_KEY", "public")
            .env("MONGODB_ATLAS_PRIVATE_API_KEY", PRIVATE_KEY)
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
        .env("MONGODB_ATLAS_PUBLIC_API_KEY", "public")
        .env("MONGODB_ATLAS_PRIVATE_API_KEY", "f00dfeed-wrong")
        .env("MONGODB_ATLAS_OPS_MANAGER_URL", atlas.base_url())
        .run();
    assert_eq!((run.status, run.stdout.as_str()), (Some(3), ""));
    let last = run.stderr.lines().find(|line| line.starts_with("atlas-export-buckets: page 1 of ")).unwrap();
    assert!(last.contains("the API key was refused: HTTP 401"), "{last}");
    assert!(
        last.contains("\"You are not authorized for this resource.\"; check both halves of the key"),
        "{last}"
    );
    assert!(!run.stderr.contains("f00dfeed"), "{}", run.stderr);
    assert_eq!(atlas.stats().requests, 2);
}

#[test]
fn verbose_tells_requests_and_challenges_but_no_secret() {
    let atlas = simulator(3);
    let run = list(&atlas, &["--project-id", PROJECT, "-v", "--limit", "2"]);
    assert_eq!(run.status, Some(0));
    assert_eq!(run.stderr.lines().filter(|line| line.contains(": GET http://127.0.0.1:")).count(), 3);
    assert_eq!(
        run.stderr
            .lines()
            .filter(|line| line.contains("challenged: Digest realm=\"MMS Public API\""))
            .count(),
        1
    );
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
    assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
    // A header alone would look like a project without buckets.
    let run = list(&atlas, &["--project-id", "000000000000000000000000", "-o", "csv"]);
    assert_eq!((run.status, run.stdout.as_str()), (Some(4), ""), "{run:?}");
    let closed = support::closed_port();
    let base_url = format!("http://127.0.0.1:{closed}");
    let run = list(&atlas, &["--project-id", PROJECT, "--base-url", &base_url, "--retries", "0"]);
    assert_eq!((run.status, run.stdout.as_str()), (Some(6), ""), "{run:?}");
    assert!(run.stderr.contains("cannot connect: ") && run.stderr.lines().count() == 1, "{}", run.stderr);
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
        .stdin(format!("\u{feff}# a comment\n\n  {other}\n{other}\n{PROJECT}\r\n"))
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
    assert_eq!(output["totalCount"], 3);
    let errors = output["errors"].as_array().unwrap();
    assert_eq!(
        (errors.len(), &errors[0]["groupId"], &errors[0]["errorCode"]),
        (1, &unknown.into(), &"GROUP_NOT_FOUND".into())
    );
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
            .env("MONGODB_ATLAS_PUBLIC_API_KEY", atlas.public_key())
            .env("MONGODB_ATLAS_PRIVATE_API_KEY", atlas.private_key())
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
        .env("MONGODB_ATLAS_PUBLIC_API_KEY", "public")
        .env("MONGODB_ATLAS_PRIVATE_API_KEY", PRIVATE_KEY)
        .env("MONGODB_ATLAS_OPS_MANAGER_URL", atlas.base_url())
        .run_and_close_stdout_after_a_line();
    assert_eq!((status, stderr.as_str()), (Some(0), ""));
}

#[test]
fn a_closed_pipe_does_not_make_good_what_failed_before() {
    let atlas = simulator(5000);
    let (status, stderr) = program()
        .args(["list", "--project-id", "000000000000000000000000", "--project-id", PROJECT, "-o", "ndjson"])
        .env("MONGODB_ATLAS_PUBLIC_API_KEY", "public")
        .env("MONGODB_ATLAS_PRIVATE_API_KEY", PRIVATE_KEY)
        .env("MONGODB_ATLAS_OPS_MANAGER_URL", atlas.base_url())
        .run_and_close_stdout_after_a_line();
    assert_eq!((status, stderr.lines().count()), (Some(4), 1), "{stderr}");
}

#[test]
fn what_cannot_be_said_on_stderr_is_not_said_and_the_work_goes_on() {
    let atlas = simulator(3);
    let list = |args: &[&str]| {
        program()
            .args(["list", "-o", "ndjson"].iter().chain(args))
            .env("MONGODB_ATLAS_PUBLIC_API_KEY", "public")
            .env("MONGODB_ATLAS_PRIVATE_API_KEY", PRIVATE_KEY)
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
            .env("MONGODB_ATLAS_PUBLIC_API_KEY", "public")
            .env("MONGODB_ATLAS_PRIVATE_API_KEY", PRIVATE_KEY)
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
            .env("MONGODB_ATLAS_PUBLIC_API_KEY", "public")
            .env("MONGODB_ATLAS_PRIVATE_API_KEY", PRIVATE_KEY)
            .env("HTTPS_PROXY", bad)
            .run();
        assert_eq!(run.status, Some(2), "{bad}: {run:?}");
        assert!(run.stderr.contains("HTTPS_PROXY is not a proxy that this build can use"), "{}", run.stderr);
    }
    // To this machine no proxy is used, so it does not matter there.
    let atlas = simulator(1);
    let run = program()
        .args(["list", "--project-id", PROJECT].iter())
        .env("MONGODB_ATLAS_PUBLIC_API_KEY", "public")
        .env("MONGODB_ATLAS_PRIVATE_API_KEY", PRIVATE_KEY)
        .env("MONGODB_ATLAS_OPS_MANAGER_URL", atlas.base_url())
        .env("HTTPS_PROXY", "http://127.0.0.1:1")
        .run();
    assert_eq!(run.status, Some(0), "{run:?}");
}

#[test]
fn text_from_arguments_cannot_drive_the_terminal() {
    let bad = "\u{1b}[31m\nx\u{202e}";
    for args in [
        vec!["list".to_owned(), format!("--{bad}")],
        vec!["list".into(), "--project-id".into(), PROJECT.into(), "--ca-file".into(), bad.into()],
        vec![bad.into()],
    ] {
        let run = program()
            .args(&args)
            .env("MONGODB_ATLAS_PUBLIC_API_KEY", "p")
            .env("MONGODB_ATLAS_PRIVATE_API_KEY", "p")
            .run();
        assert_eq!((run.status, run.stderr.lines().count()), (Some(2), 1), "{run:?}");
        assert!(!run.stderr.contains(['\u{1b}', '\u{202e}']), "{run:?}");
    }
}

#[test]
fn help_and_version_go_to_standard_output() {
    for args in
        [&["--help"][..], &["list", "--help"], &["list", "-V"], &["demo", "-h"], &["simulate", "-h"], &["-V"]]
    {
        let run = program().args(args.iter()).run();
        assert_eq!(
            (run.status, run.stderr.as_str(), run.stdout.is_empty()),
            (Some(0), "", false),
            "{args:?}"
        );
    }
    let run = program().run();
    assert_eq!((run.status, run.stdout.as_str()), (Some(2), ""));
}

#[test]
fn demo_lists_the_sample_buckets_as_list_would() {
    let run = program().args(["demo", "-q"].iter()).run();
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""));
    let lines: Vec<Vec<&str>> = run
        .stdout
        .lines()
        .map(|line| line.split("   ").map(str::trim).filter(|cell| !cell.is_empty()).collect())
        .collect();
    assert_eq!(lines[0], ["ID", "BUCKET NAME", "CLOUD PROVIDER", "IAM ROLE ID"]);
    let ids: Vec<&str> = lines[1..].iter().map(|cells| cells[0]).collect();
    assert_eq!(ids, sample_ids(12));
}

#[test]
fn simulate_prints_what_list_needs_to_find_it() {
    let atlas = program().args(["simulate", "--buckets", "3"].iter()).start();
    let variables: Vec<(String, String)> = atlas
        .first_lines(4)
        .iter()
        .map(|line| line.strip_prefix("export ").unwrap().split_once('=').unwrap())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let mut program = program();
    program.args(["list", "-o", "ndjson"].iter());
    for (name, value) in &variables {
        program.env(name, value);
    }
    let run = program.run();
    assert_eq!((run.status, run.stdout.lines().count()), (Some(0), 3), "{run:?}");
}
