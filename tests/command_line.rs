//! The command line: what is said about mistakes in it, help, `simulate` and `demo`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use atlas_export_buckets::simulator::{Simulator, sample_buckets};
use support::program::{Program, program};
use support::sample_ids;
use support::temp_dir::TempDir;

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
        .env("MONGODB_ATLAS_BASE_URL", atlas.base_url());
    program
}

/// What a newcomer types, and what he is told: the mistake, and what to type instead.
const NEWCOMER_MISTAKES: &[(&str, &str, &str)] = &[
    (
        "32b6e34b3d91647abb20e7b8",
        "unrecognized subcommand '32b6e34b3d91647abb20e7b8'",
        "did you mean list --project-id 32b6e34b3d91647abb20e7b8?; see atlas-export-buckets --help",
    ),
    (
        "list 32b6e34b3d91647abb20e7b8",
        "unexpected argument '32b6e34b3d91647abb20e7b8' found",
        "did you mean --project-id 32b6e34b3d91647abb20e7b8?; see atlas-export-buckets list --help",
    ),
    (
        "lst --project-id 32b6e34b3d91647abb20e7b8",
        "unrecognized subcommand 'lst'",
        "did you mean list?; see atlas-export-buckets --help",
    ),
    (
        "--project-id 32b6e34b3d91647abb20e7b8",
        "unexpected argument '--project-id' found",
        "options follow their command: atlas-export-buckets list --project-id; see atlas-export-buckets --help",
    ),
    (
        "list --project 32b6e34b3d91647abb20e7b8",
        "unexpected argument '--project' found",
        "use --project-id; see atlas-export-buckets list --help",
    ),
    (
        "list --outptu json",
        "unexpected argument '--outptu' found",
        "did you mean --output?; see atlas-export-buckets list --help",
    ),
    (
        "list --json",
        "unexpected argument '--json' found",
        "use --output json; see atlas-export-buckets list --help",
    ),
    (
        "list --format=json",
        "unexpected argument '--format' found",
        "use --output with table, json, ndjson, csv or raw; see atlas-export-buckets list --help",
    ),
    (
        "list -o yaml",
        "invalid value 'yaml' for '--output <FORMAT>' [possible values: table, json, ndjson, csv, raw]",
        "see atlas-export-buckets list --help",
    ),
    (
        "list --limit 1000",
        "invalid value '1000' for '--items-per-page <N>': use a whole number from 1 to 500",
        "see atlas-export-buckets list --help",
    ),
    (
        "list --profile default",
        "unexpected argument '--profile' found",
        "profiles of the Atlas CLI are not read; set MONGODB_ATLAS_PUBLIC_API_KEY and \
         MONGODB_ATLAS_PRIVATE_API_KEY, or MONGODB_ATLAS_CLIENT_ID and MONGODB_ATLAS_CLIENT_SECRET; see \
         atlas-export-buckets list --help",
    ),
    (
        "list --api-key f00dfeed",
        "unexpected argument '--api-key' found",
        "no option takes a secret, because arguments are public; set MONGODB_ATLAS_PUBLIC_API_KEY and \
         MONGODB_ATLAS_PRIVATE_API_KEY; see atlas-export-buckets list --help",
    ),
    (
        "list --token=f00dfeed",
        "unexpected argument '--token' found",
        "no option takes a secret, because arguments are public; set MONGODB_ATLAS_ACCESS_TOKEN; see \
         atlas-export-buckets list --help",
    ),
    (
        "list --proxy http://proxy:3128",
        "unexpected argument '--proxy' found",
        "set HTTPS_PROXY; NO_PROXY names the hosts that are reached without it; see atlas-export-buckets list --help",
    ),
    (
        "list -k",
        "unexpected argument '-k' found",
        "certificates are always checked; --ca-file PEM trusts the roots in a file; see atlas-export-buckets list \
         --help",
    ),
    (
        "list --all-projects --org-id 32b6e34b3d91647abb20e7b8",
        "the argument '--all-projects' cannot be used with '--org-id <ID>'",
        "see atlas-export-buckets list --help",
    ),
];

#[test]
fn a_newcomer_s_mistake_is_answered_with_what_to_type_instead() {
    for (line, mistake, instead) in NEWCOMER_MISTAKES {
        let run = program().args(line.split(' ')).run();
        let expected = format!("atlas-export-buckets: {mistake}\n  {instead}\n");
        assert_eq!((run.status, run.stdout.as_str(), run.stderr), (Some(2), "", expected), "{line}");
    }
}

#[test]
fn nothing_at_all_is_answered_with_help_on_standard_error() {
    let run = program().run();
    assert_eq!((run.status, run.stdout.as_str()), (Some(2), ""));
    assert_eq!(run.stderr, program().args(["-h"]).run().stdout);
}

/// What it is, the arguments, with `ID` for a good `--project-id`, a variable that is set to something else, and how the
/// message begins.
const BAD_INPUT: &[(&str, &str, &str, &str)] = &[
    ("a short project id", "--project-id 32b6", "", "not a project id: one has 24 hexadecimal digits"),
    (
        "the second of two project ids",
        "ID --project-id f00dfeed",
        "",
        "--project-id, number 2: not a project id: one has 24 hexadecimal digits",
    ),
    ("other digits", "--project-id g2b6e34b3d91647abb20e7b8", "", "not a project id: "),
    (
        "a project id of the environment in quotes",
        "",
        "MONGODB_ATLAS_PROJECT_ID='32b6e34b3d91647abb20e7b8'",
        "MONGODB_ATLAS_PROJECT_ID: not a project id: ",
    ),
    (
        "several ids in one",
        "--project-id 32b6e34b3d91647abb20e7b8,32b6e34b3d91647abb20e7b9",
        "",
        "not a project id: one has 24 hexadecimal digits, such as 32b6e34b3d91647abb20e7b8; for several, repeat \
         --project-id",
    ),
    (
        "an organization id of one digit",
        "--org-id 5",
        "",
        "not an organization id: one has 24 hexadecimal digits",
    ),
    (
        "two organizations",
        "--org-id 5e4e593f70dfbf1010295836 --org-id 5e4e593f70dfbf1010295837",
        "",
        "one organization at a time: give --org-id once",
    ),
    (
        "a client secret as a public half",
        "ID -v",
        "MONGODB_ATLAS_PUBLIC_API_KEY=mdb_sa_sk_f00dfeed",
        "the API key's public half belongs to a service account",
    ),
    ("no project", "", "", "which project? use --project-id, --all-projects or --org-id, or set MONGODB_"),
    (
        "an organization in the environment",
        "",
        "MONGODB_ATLAS_ORG_ID=5e4e593f70dfbf1010295836",
        "which project? use --project-id, --all-projects or --org-id, or set MONGODB_ATLAS_PROJECT_ID \
         (MONGODB_ATLAS_ORG_ID is set, but not read)",
    ),
    (
        "no public half",
        "ID",
        "MONGODB_ATLAS_PUBLIC_API_KEY=",
        "the environment variable MONGODB_ATLAS_PUBLIC_API_KEY is not set",
    ),
    (
        "no private half",
        "ID",
        "MONGODB_ATLAS_PRIVATE_API_KEY=",
        "the environment variable MONGODB_ATLAS_PRIVATE_API_KEY is not set",
    ),
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
        "MONGODB_ATLAS_BASE_URL=http://localhost.example",
        "MONGODB_ATLAS_BASE_URL: the base URL is plain http",
    ),
    (
        "no client secret",
        "--all-projects",
        "MONGODB_ATLAS_CLIENT_ID=f00dfeed",
        "the environment variable MONGODB_ATLAS_CLIENT_SECRET is not set",
    ),
    (
        "no client id",
        "ID",
        "MONGODB_ATLAS_CLIENT_SECRET=f00dfeed",
        "the environment variable MONGODB_ATLAS_CLIENT_ID is not set",
    ),
    ("a bad token", "ID", "MONGODB_ATLAS_ACCESS_TOKEN=f00d feed", "the access token has characters that no"),
    (
        "no CA file from the environment",
        "ID",
        "SSL_CERT_FILE=/nowhere",
        "SSL_CERT_FILE: cannot read /nowhere",
    ),
    ("no CA file", "ID --ca-file /nowhere", "", "cannot read /nowhere"),
    (
        "a CA file without certificates",
        "ID --ca-file /dev/null",
        "",
        "/dev/null: the CA certificates are none, or",
    ),
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
fn blanks_around_an_id_are_ignored() {
    let atlas = simulator(3);
    let id = format!(" {PROJECT}\r\n");
    let of_environment = listing(&atlas, &[]).env("MONGODB_ATLAS_PROJECT_ID", &id).run();
    let of_option = listing(&atlas, &["--project-id", &id]).run();
    let of_options = listing(&atlas, &["--project-id", &id, "--project-id", PROJECT]).run();
    let of_input = listing(&atlas, &["--project-id", "-"]).stdin(id).run();
    for run in [of_environment, of_option, of_options, of_input] {
        assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""), "{run:?}");
    }
}

#[test]
fn a_bad_base_url_of_the_environment_is_told_with_its_variable() {
    let atlas = simulator(1);
    for variable in ["MONGODB_ATLAS_BASE_URL", "MONGODB_ATLAS_OPS_MANAGER_URL"] {
        let mut program = listing(&atlas, &["--project-id", PROJECT]);
        program.env("MONGODB_ATLAS_BASE_URL", "").env(variable, "https://f00dfeed:x@h");
        assert_refused(variable, &mut program, &format!("{variable}: the base URL has user information"));
    }
}

#[cfg(unix)]
#[test]
fn the_base_url_of_the_option_wins_over_one_of_the_environment_that_cannot_be_used() {
    use std::os::unix::ffi::OsStrExt as _;
    let atlas = simulator(3);
    for bad in ["ftp://h".as_bytes(), b"http://\xff"] {
        let args = ["--project-id", PROJECT, "--base-url", atlas.base_url()];
        let run =
            listing(&atlas, &args).env("MONGODB_ATLAS_BASE_URL", std::ffi::OsStr::from_bytes(bad)).run();
        assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""), "{run:?}");
    }
}

#[test]
fn an_organization_may_be_named_twice() {
    let atlas = simulator(3);
    let id = atlas.organization_id();
    let run = listing(&atlas, &["--org-id", id, "--org-id", &format!(" {}", id.to_uppercase())]).run();
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""), "{run:?}");
}

#[test]
fn standard_input_that_is_no_list_of_ids_is_refused() {
    let atlas = simulator(1);
    let cases = [
        ("nothing", Vec::new(), "there is no project id on standard input"),
        ("comments only", b"# 1\n\n".to_vec(), "there is no project id on standard input"),
        (
            "no id",
            format!("{PROJECT} # the first\n\n5 # the second\n").into_bytes(),
            "standard input, line 3: not a project id: one has 24 hexadecimal digits",
        ),
        ("no text", b"\xff\n".to_vec(), "standard input, line 1: not a project id"),
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
fn text_from_arguments_cannot_drive_the_terminal() {
    let bad = "\u{1b}[31m\nx\u{202e}";
    for (args, lines) in [
        (vec!["list".to_owned(), format!("--{bad}")], 2),
        (vec!["list".into(), "--project-id".into(), PROJECT.into(), "--ca-file".into(), bad.into()], 1),
        (vec!["list".into(), "--output".into(), bad.into()], 2),
        (vec!["simulate".into(), "--".into(), bad.into()], 1),
        (vec![bad.into()], 2),
    ] {
        let run = program().args(&args).key("p", "p").run();
        let status = if args.contains(&"--".to_owned()) { 127 } else { 2 };
        assert_eq!((run.status, run.stderr.lines().count()), (Some(status), lines), "{run:?}");
        assert!(!run.stderr.contains(['\u{1b}', '\u{202e}']), "{run:?}");
    }
}

#[test]
fn help_and_version_go_to_standard_output() {
    let version = concat!("atlas-export-buckets ", env!("CARGO_PKG_VERSION"), "\n");
    for line in
        ["-V", "--version", "list --version", "demo -V", "simulate -V", "completions -V", "man --version"]
    {
        let run = program().args(line.split(' ')).run();
        assert_eq!((run.status, run.stdout.as_str(), run.stderr.as_str()), (Some(0), version, ""), "{line}");
    }
    for line in
        ["--help", "-h", "help", "list --help", "list -h", "help list", "demo -h", "simulate -h", "man -h"]
    {
        let run = program().args(line.split(' ')).run();
        assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""), "{line}");
        assert!(run.stdout.contains("\nUsage: atlas-export-buckets"), "{line}: {}", run.stdout);
        assert!(run.stdout.contains("Example"), "{line}: {}", run.stdout);
        assert!(!run.stdout.contains('\u{1b}'), "{line}: {}", run.stdout);
    }
}

#[test]
fn long_help_says_more_than_short_help() {
    let help = |line: &str| program().args(line.split(' ')).run().stdout;
    let (short, long) = (help("list -h"), help("list --help"));
    assert_eq!(long, help("help list"));
    for text in [&short, &long] {
        for heading in ["What to list:", "Output:", "Connection:", "Environment:", "Examples:"] {
            assert!(text.lines().any(|line| line == heading), "{heading}: {text}");
        }
    }
    assert!(!short.contains("--group-id") && long.contains("--group-id"), "{long}");
    let simulate = help("simulate --help");
    assert!(simulate.contains("A signal sent only to simulate leaves the command"), "{simulate}");
}

#[test]
fn verbose_may_stand_before_the_command_or_behind_it() {
    for line in ["-v demo -o csv", "demo -v -o csv", "demo -o csv --verbose"] {
        let run = program().args(line.split(' ')).run();
        assert_eq!(run.status, Some(0), "{line}: {run:?}");
        assert!(run.stderr.contains(": HTTP 200, "), "{line}: {}", run.stderr);
    }
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

/// Runs `simulate` around a shell script.
fn simulate(args: &[&str], script: &str) -> support::program::Run {
    let shell = ["--", "/bin/sh", "-c", script];
    program()
        .args(["simulate"].iter().chain(args).chain(&shell))
        .env("PROGRAM", env!("CARGO_BIN_EXE_atlas-export-buckets"))
        .run()
}

#[test]
fn simulate_runs_a_command_in_its_environment_and_ends_with_its_status() {
    for (name, script, status, stdout) in [
        ("what list needs", "\"$PROGRAM\" list -o ndjson --limit 5 | wc -l", 0, "12\n"),
        ("a status", "exit 7", 7, ""),
        ("a status of list", "\"$PROGRAM\" list --project-id 000000000000000000000000", 4, ""),
        ("a signal", "kill -9 $$", 137, ""),
        ("no proxy", "echo $NO_PROXY $no_proxy", 0, "127.0.0.1 127.0.0.1\n"),
        (
            "the user's own too",
            "NO_PROXY=a,b \"$PROGRAM\" simulate -- sh -c 'echo $NO_PROXY'",
            0,
            "127.0.0.1,a,b\n",
        ),
    ] {
        let run = simulate(&[], script);
        assert_eq!((run.status, run.stdout.as_str()), (Some(status), stdout), "{name}: {run:?}");
    }
    for (program_name, status) in [("/nonexistent", 127), ("/dev/null", 126)] {
        let run = program().args(["simulate", "--", program_name]).run();
        assert_eq!((run.status, run.stdout.as_str()), (Some(status), ""), "{run:?}");
        let expected = format!("atlas-export-buckets: cannot run {program_name}: ");
        assert!(run.stderr.starts_with(&expected), "{}", run.stderr);
    }
    let run = program()
        .args(["simulate", "--", "/bin/sh", "-c", "\"$PROGRAM\" list -o ndjson | wc -l"])
        .env("PROGRAM", env!("CARGO_BIN_EXE_atlas-export-buckets"))
        .env("MONGODB_ATLAS_ACCESS_TOKEN", "f00dfeed")
        .run();
    assert_eq!((run.status, run.stdout.as_str()), (Some(0), "12\n"), "a token for the real Atlas: {run:?}");
    let run = program()
        .args(["simulate", "--", "/bin/sh", "-c", "env | grep -c ^MONGODB_ATLAS_"])
        .env("MONGODB_ATLAS_OTHER", "for the real Atlas")
        .run();
    assert_eq!((run.status, run.stdout.as_str()), (Some(0), "6\n"), "another variable: {run:?}");
    let run = simulate(&["--fault", "503=1"], "\"$PROGRAM\" list -v -o json");
    assert!(run.status == Some(0) && run.stderr.contains("HTTP 503 SIMULATED"), "{run:?}");
}

#[test]
fn simulate_shows_each_request_and_why_it_was_refused() {
    let target =
        "/api/atlas/v1.0/groups/32b6e34b3d91647abb20e7b8/backup/exportBuckets?pageNum=1&itemsPerPage=500";
    let list = "\"$PROGRAM\" list -o json";
    let shown = |script: &str| simulate(&["-v"], script).stderr;
    let request = |number: u32, answer: &str| {
        format!("atlas-export-buckets: request {number}: GET {target}: {answer}\n")
    };
    assert_eq!(shown(list), request(1, "HTTP 401") + &request(2, "HTTP 200"));
    let refused = shown(&format!("MONGODB_ATLAS_PRIVATE_API_KEY=wrong {list} -q"));
    let expected = request(2, "HTTP 401, because the response is wrong");
    assert!(refused.contains(&expected), "{refused}");
    assert_eq!(simulate(&[], list).stderr, "");
}

#[test]
fn simulate_serves_what_list_printed() {
    let dir = TempDir::new();
    let other = "aaaaaaaaaaaaaaaaaaaaaaaa";
    let array = r#"[{"_id":"5","bucketName":"b","cloudProvider":"AWS","new":1.50}]"#;
    let of_two = format!(
        "{{\"results\":[{{\"groupId\":\"{other}\",\"_id\":\"5\",\"bucketName\":\"b\",\"cloudProvider\":\"AWS\"}},\
         {{\"groupId\":\"{PROJECT}\",\"_id\":\"6\",\"bucketName\":\"c\",\"cloudProvider\":\"GCP\"}}],\"totalCount\":2}}"
    );
    let named = format!(
        "{{\"groupId\":\"{other}\",\"groupName\":\"prod\",\"_id\":\"5\",\"bucketName\":\"b\",\"cloudProvider\":\"AWS\"}}"
    );
    let of_named = format!("[{named}]");
    for (name, fixture, projects, expected) in [
        ("an array", array, "", format!("{{\"groupId\":\"{PROJECT}\",{}\n", &array[2..array.len() - 1])),
        ("an empty array", "[]", "", String::new()),
        (
            "what was printed of two projects",
            of_two.as_str(),
            "--project-id aaaaaaaaaaaaaaaaaaaaaaaa --project-id 32b6e34b3d91647abb20e7b8",
            format!(
                "{{\"groupId\":\"{other}\",\"_id\":\"5\",\"bucketName\":\"b\",\"cloudProvider\":\"AWS\"}}\n\
                 {{\"groupId\":\"{PROJECT}\",\"_id\":\"6\",\"bucketName\":\"c\",\"cloudProvider\":\"GCP\"}}\n"
            ),
        ),
        (
            "what was printed with the names of projects",
            of_named.as_str(),
            "--all-projects",
            format!("{named}\n"),
        ),
    ] {
        let file = dir.write("fixture.json", fixture);
        let list = format!("\"$PROGRAM\" list -o ndjson {projects}");
        let run = simulate(&["--fixture", file.to_str().unwrap()], &list);
        assert_eq!((run.status, run.stdout), (Some(0), expected), "{name}: {}", run.stderr);
    }
    for (name, fixture) in [
        ("no JSON", &b"["[..]),
        ("no list", b"{}"),
        ("text", b"\"x\""),
        ("no bucket", b"[{\"_id\":\"5\"}]"),
        ("not Unicode", b"[{\"_id\":\"\xff\"}]"),
    ] {
        let file = dir.write("fixture.json", fixture);
        let run = simulate(&["--fixture", file.to_str().unwrap()], "echo never");
        assert_eq!((run.status, run.stdout.as_str()), (Some(2), ""), "{name}: {run:?}");
        assert!(run.stderr.contains("fixture.json holds no list of buckets: "), "{name}: {}", run.stderr);
    }
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let run = program().args(["simulate", "--port", &port.to_string()]).run();
    let expected = format!(
        "atlas-export-buckets: cannot start the simulated Atlas: port {port} is in use\n  choose another --port, or \
         leave it out for a free one\n"
    );
    assert_eq!((run.status, run.stdout.as_str(), run.stderr), (Some(1), "", expected));
}
