//! Service accounts and access tokens, as the users of the program see them.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::time::{Duration, Instant};

use atlas_export_buckets::simulator::{
    Builder, Fault, RequestKind, Response, Simulator, When, sample_buckets,
};
use support::program::{Program, Run, program};

const PRIVATE_KEY: &str = "f00dfeed-0000-4000-8000-5ec7e75ec7e7";

/// Eight buckets, which are four pages.
fn atlas() -> Builder {
    Simulator::builder().key("public", PRIVATE_KEY).strict(true).buckets(sample_buckets(8))
}

fn listing(atlas: &Simulator) -> Program {
    let mut program = program();
    program
        .args(["list", "-v", "-o", "ndjson", "--limit", "2", "--project-id", atlas.project_id()])
        .env("MONGODB_ATLAS_BASE_URL", atlas.base_url());
    program
}

fn with_service_account(atlas: &Simulator) -> Program {
    let mut program = listing(atlas);
    program
        .env("MONGODB_ATLAS_CLIENT_ID", atlas.client_id())
        .env("MONGODB_ATLAS_CLIENT_SECRET", atlas.client_secret());
    program
}

/// The kinds of the requests, in order.
fn kinds(atlas: &Simulator) -> Vec<&'static str> {
    let kind = |target: &[u8]| match String::from_utf8_lossy(target).as_ref() {
        "/api/oauth/token" => "token",
        "/api/oauth/revoke" => "revoke",
        _ => "page",
    };
    atlas.requests().iter().map(|request| kind(&request.target)).collect()
}

fn assert_no_secret(run: &Run, secrets: &[&str]) {
    let output = format!("{}{}", run.stdout, run.stderr);
    for secret in secrets {
        assert!(!output.contains(secret), "{output}");
    }
}

#[test]
fn four_pages_cost_a_token_four_requests_and_a_revocation_on_one_connection() {
    let atlas = atlas().start().unwrap();
    let run = with_service_account(&atlas).run();
    assert_eq!((run.status, run.stdout.lines().count()), (Some(0), 8), "{run:?}");
    assert_eq!(kinds(&atlas), ["token", "page", "page", "page", "page", "revoke"]);
    assert_eq!((atlas.stats().connections, atlas.access_tokens()), (1, Vec::new()));
    let told = format!("atlas-export-buckets: credentials: service account {}\n", atlas.client_id());
    assert!(run.stderr.contains(&told), "{}", run.stderr);
    let tokens: Vec<String> = atlas
        .requests()
        .iter()
        .filter_map(|request| String::from_utf8(request.header("authorization")?.to_vec()).ok())
        .map(|authorization| authorization.split_once(' ').unwrap().1.to_owned())
        .collect();
    let mut secrets: Vec<&str> = tokens.iter().map(String::as_str).collect();
    secrets.push(atlas.client_secret());
    assert_eq!(secrets.len(), 7);
    assert_no_secret(&run, &secrets);
}

#[test]
fn a_token_is_revoked_after_a_failure_too() {
    let forbidden = Response::atlas_error(403, "USER_UNAUTHORIZED", "No.", &[]);
    let page_3 = When::always().on_page(3);
    for (name, fault, args, status, requests) in [
        ("a failure", Fault::Response(forbidden), "", 3, 5),
        ("the end of the run", Fault::Delay(Duration::from_secs(3600)), "--max-time=1", 6, 5),
    ] {
        let atlas = atlas().fault(page_3.clone(), fault).start().unwrap();
        let run = with_service_account(&atlas).args(args.split_whitespace()).run();
        assert_eq!((run.status, atlas.access_tokens()), (Some(status), Vec::new()), "{name}: {run:?}");
        assert_eq!((kinds(&atlas).last(), kinds(&atlas).len()), (Some(&"revoke"), requests), "{name}");
    }
}

#[test]
fn a_revocation_that_fails_or_hangs_changes_nothing_and_takes_two_seconds_at_most() {
    let busy = Response::atlas_error(503, "SIMULATED", "No.", &[]);
    for fault in [Fault::Response(busy), Fault::Reset, Fault::Delay(Duration::from_secs(3600))] {
        let atlas =
            atlas().fault(When::always().of_kind(RequestKind::Revocation), fault.clone()).start().unwrap();
        let start = Instant::now();
        let run = with_service_account(&atlas).run();
        assert_eq!((run.status, run.stdout.lines().count()), (Some(0), 8), "{fault:?}: {run:?}");
        assert!(run.stderr.contains(": the access token was not revoked: "), "{fault:?}: {}", run.stderr);
        assert!(start.elapsed() < Duration::from_secs(4), "{fault:?}: {:?}", start.elapsed());
    }
}

#[test]
fn a_wrong_secret_ends_with_status_3_after_one_request_for_a_token() {
    let atlas = atlas().start().unwrap();
    let mut program = listing(&atlas);
    program
        .env("MONGODB_ATLAS_CLIENT_ID", atlas.client_id())
        .env("MONGODB_ATLAS_CLIENT_SECRET", "mdb_sa_sk_f00d");
    let run = program.run();
    assert_eq!((run.status, run.stdout.as_str()), (Some(3), ""), "{run:?}");
    assert!(run.stderr.contains("atlas-export-buckets: the service account was refused: "), "{}", run.stderr);
    assert!(run.stderr.contains("\n  check the client id and the client secret"), "{}", run.stderr);
    assert_eq!(kinds(&atlas), ["token"]);
    assert_no_secret(&run, &["mdb_sa_sk_f00d"]);
}

#[test]
fn a_token_that_was_given_is_used_and_not_revoked() {
    let atlas = atlas().start().unwrap();
    let token = atlas.issue_access_token().unwrap();
    let run = listing(&atlas).env("MONGODB_ATLAS_ACCESS_TOKEN", &token).run();
    assert_eq!((run.status, run.stdout.lines().count()), (Some(0), 8), "{run:?}");
    assert_eq!((kinds(&atlas), atlas.access_tokens()), (vec!["page"; 4], vec![token.clone()]));
    assert!(run.stderr.contains("atlas-export-buckets: credentials: access token\n"), "{}", run.stderr);
    assert_no_secret(&run, &[&token]);
}

#[test]
fn the_first_kind_of_credentials_that_is_set_is_the_one() {
    let atlas = atlas().start().unwrap();
    let token = atlas.issue_access_token().unwrap();
    let (id, secret) = (atlas.client_id(), atlas.client_secret());
    let key = [("MONGODB_ATLAS_PUBLIC_API_KEY", "public"), ("MONGODB_ATLAS_PRIVATE_API_KEY", PRIVATE_KEY)];
    let account = [("MONGODB_ATLAS_CLIENT_ID", id), ("MONGODB_ATLAS_CLIENT_SECRET", secret)];
    let empty = [("MONGODB_ATLAS_CLIENT_ID", ""), ("MONGODB_ATLAS_ACCESS_TOKEN", "")];
    let token = [("MONGODB_ATLAS_ACCESS_TOKEN", token.as_str())];
    for (name, variables, used) in [
        ("a token", [&token[..], &account, &key].concat(), "access token"),
        ("a token and half a key", [&token[..], &key[..1]].concat(), "access token"),
        ("a service account", [&account[..], &key].concat(), &*format!("service account {id}")),
        ("a key", [&empty[..], &key].concat(), "API key public"),
        ("half a service account", [&account[..1], &key].concat(), ""),
        ("half a key", key[1..].to_vec(), ""),
    ] {
        atlas.reset_stats();
        let mut program = listing(&atlas);
        for (variable, value) in variables {
            program.env(variable, value);
        }
        let run = program.run();
        let told = format!("atlas-export-buckets: credentials: {used}\n");
        let status = if used.is_empty() { 2 } else { 0 };
        assert_eq!((run.status, run.stderr.contains(&told)), (Some(status), status == 0), "{name}: {run:?}");
        assert!(status == 0 || atlas.stats().requests == 0, "{name}: {:?}", atlas.stats());
    }
}

/// Runs `list` with these arguments and variables only. Returns its status and standard error.
fn refusal(
    atlas: &Simulator,
    args: &[&str],
    variables: &[(&str, &str)],
    stdin: &str,
) -> (Option<i32>, String) {
    let mut program = program();
    program.args(["list"]).args(args).env("MONGODB_ATLAS_BASE_URL", atlas.base_url());
    for (name, value) in variables {
        program.env(name, value);
    }
    let run = program.stdin(stdin).run();
    assert_eq!((run.stdout.as_str(), atlas.stats().connections), ("", 0), "{args:?} {variables:?}");
    (run.status, run.stderr)
}

#[test]
fn a_key_in_the_place_of_an_id_is_not_shown() {
    const NOT_A_PROJECT: &str =
        "not a project id: one has 24 hexadecimal digits, such as 32b6e34b3d91647abb20e7b8\n";
    let atlas = atlas().start().unwrap();
    for key in [PRIVATE_KEY, "abcdefgh"] {
        let key_variables =
            [("MONGODB_ATLAS_PUBLIC_API_KEY", "abcdefgh"), ("MONGODB_ATLAS_PRIVATE_API_KEY", PRIVATE_KEY)];
        let told = |args: &[&str], variables: &[(&str, &str)], stdin: &str| {
            let variables = [&key_variables, variables].concat();
            let (status, stderr) = refusal(&atlas, args, &variables, stdin);
            assert!(!stderr.contains(key), "{args:?}: {stderr}");
            assert_eq!(status, Some(2), "{args:?}: {stderr}");
            stderr
        };
        let expected = format!("atlas-export-buckets: {NOT_A_PROJECT}");
        assert_eq!(told(&["--project-id", key], &[], ""), expected);
        assert_eq!(told(&[&format!("--projectId={key}")], &[], ""), expected);
        assert_eq!(told(&["--group-id", key], &[], ""), expected);
        let expected = format!("atlas-export-buckets: standard input, line 1: {NOT_A_PROJECT}");
        assert_eq!(told(&["--project-id", "-"], &[], key), expected);
        let expected = format!("atlas-export-buckets: MONGODB_ATLAS_PROJECT_ID: {NOT_A_PROJECT}");
        assert_eq!(told(&[], &[("MONGODB_ATLAS_PROJECT_ID", key)], ""), expected);
        let expected = "atlas-export-buckets: not an organization id: one has 24 hexadecimal digits, such as \
                        5e4e593f70dfbf1010295836\n";
        assert_eq!(told(&["--org-id", key], &[], ""), expected);
        assert_eq!(told(&[&format!("--org-id={key}")], &[], ""), expected);
    }
}

#[test]
fn a_secret_in_the_wrong_argument_is_not_shown() {
    let atlas = atlas().start().unwrap();
    for secret in [PRIVATE_KEY, "mdb_sa_sk_f00dfeed", "eyJhbGciOiJFUzUxMiJ9.f00dfeed"] {
        let option = |name| format!("{name}={secret}");
        for args in [
            &[secret][..],
            &["--private-key", secret],
            &[&format!("abcdefgh:{secret}")],
            &[&option("--private-key")],
            &["--jobs", secret],
            &[&option("--output")],
            &["--api-version", secret],
            &["--base-url", secret],
            &["--timeout", secret],
        ] {
            let (status, stderr) = refusal(&atlas, args, &[], "");
            assert_eq!((status, stderr.contains("f00dfeed")), (Some(2), false), "{args:?}: {stderr}");
        }
    }
}

#[test]
fn a_key_that_was_copied_badly_is_told_before_anything_is_sent_and_not_shown() {
    let atlas = atlas().start().unwrap();
    let quoted = &*format!("\"{PRIVATE_KEY}\"");
    let with_blank = &*format!("{PRIVATE_KEY} ");
    let with_line_end = &*format!("{PRIVATE_KEY}\n");
    for (public, private, problem) in [
        ("'abcdefgh'", PRIVATE_KEY, "the API key's public half is in quotes: leave them off"),
        ("abcdefgh", quoted, "the API key's private half is in quotes: leave them off"),
        (" abcdefgh", PRIVATE_KEY, "the API key's public half has blanks at its ends: leave them off"),
        ("abcdefgh", with_blank, "the API key's private half has blanks at its ends: leave them off"),
        (
            "abcdefgh",
            with_line_end,
            "the API key's private half has a control character, perhaps a line end: copy it again from Atlas",
        ),
        (
            PRIVATE_KEY,
            "abcdefgh",
            "the API key's public half looks like a private half: perhaps the two are swapped",
        ),
    ] {
        let variables =
            [("MONGODB_ATLAS_PUBLIC_API_KEY", public), ("MONGODB_ATLAS_PRIVATE_API_KEY", private)];
        let expected = format!("atlas-export-buckets: {problem}\n");
        assert_eq!(refusal(&atlas, &["--all-projects"], &variables, ""), (Some(2), expected));
    }
}

#[test]
fn variables_of_other_names_are_named_beside_those_that_are_read() {
    let atlas = atlas().start().unwrap();
    let wanted = "set MONGODB_ATLAS_CLIENT_ID and MONGODB_ATLAS_CLIENT_SECRET of a service account, or \
                  MONGODB_ATLAS_PUBLIC_API_KEY and MONGODB_ATLAS_PRIVATE_API_KEY of an API key\n";
    for name in [
        "MONGODB_ATLAS_PUBLIC_KEY",
        "MONGODB_ATLAS_PRIVATE_KEY",
        "MCLI_PUBLIC_API_KEY",
        "MCLI_PRIVATE_API_KEY",
    ] {
        let expected = format!(
            "atlas-export-buckets: no credentials in the environment ({name} is set, but not read): {wanted}"
        );
        let told = refusal(&atlas, &["--all-projects"], &[(name, PRIVATE_KEY)], "");
        assert_eq!(told, (Some(2), expected));
    }
    let expected = format!("atlas-export-buckets: no credentials in the environment: {wanted}");
    assert_eq!(refusal(&atlas, &["--all-projects"], &[], ""), (Some(2), expected));
}

#[test]
fn simulate_gives_the_command_a_service_account_if_told_so() {
    let list = "\"$PROGRAM\" list --all-projects -v -o ndjson | wc -l";
    let run = program()
        .args([
            "simulate",
            "--service-account",
            "--projects",
            "3",
            "--buckets",
            "2",
            "--",
            "/bin/sh",
            "-c",
            list,
        ])
        .env("PROGRAM", env!("CARGO_BIN_EXE_atlas-export-buckets"))
        .env("MONGODB_ATLAS_PUBLIC_API_KEY", "of the real Atlas")
        .env("MONGODB_ATLAS_ACCESS_TOKEN", "f00dfeed")
        .run();
    assert_eq!((run.status, run.stdout.trim()), (Some(0), "6"), "{run:?}");
    assert!(run.stderr.contains("credentials: service account mdb_sa_id_"), "{}", run.stderr);
}
