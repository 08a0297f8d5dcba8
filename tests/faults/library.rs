//! The table through the library, with every log record and every `Debug` searched for secrets.

use std::error::Error as _;
use std::time::Instant;

use atlas_export_buckets::digest::{Request, Session, UserCredentials};
use atlas_export_buckets::simulator::{RecordedRequest, Simulator};
use atlas_export_buckets::{ApiKey, Error};

use crate::row::{Expected, Row};
use crate::support::faults::{kind, run_all};
use crate::support::secrets::{PRIVATE_KEY, Secrets, capture_logs};
use crate::support::{ids, project, sample_ids};
use crate::table::table;

#[test]
fn every_fault_ends_in_the_exact_list_or_in_its_error_within_its_time_and_shows_no_secret() {
    capture_logs();
    let trap = Simulator::start().unwrap();
    let rows = table(trap.base_url());
    let count = rows.len();
    let secrets = Secrets::default();
    let problems = run_all(rows, 8, |row| check(&row, &secrets));
    let leaks = secrets.leaks_in_logs();
    assert!(problems.is_empty() && leaks.is_empty(), "\n{}\n{}", problems.join("\n"), leaks.join("\n"));
    assert_eq!(trap.stats().connections, 0, "the server that a link or a redirect leads to was contacted");
    assert!(count >= 60, "{count} rows");
    assert!(
        secrets.are_on_the_wire(),
        "ureq-proto shows nothing any more: the docs of Client need not warn of it"
    );
    println!("{count} faults, {} Authorization values searched for", secrets.count());
}

#[test]
fn nothing_that_can_be_printed_shows_a_key() {
    let atlas = Simulator::builder().key("public", PRIVATE_KEY).start().unwrap();
    let credentials = UserCredentials::new("public", PRIVATE_KEY);
    let session = Session::new(credentials.clone());
    let request = Request::get("/");
    let first = session.authorize(&request).unwrap();
    let mut shown = format!("{credentials:?} {session:#?} {first:?} {atlas:#?}");
    let challenge = &b"Digest realm=\"MMS Public API\", nonce=\"n\", qop=\"auth\""[..];
    let attempt = session.answer_challenge(first, [challenge], &request).unwrap();
    let authorization = String::from_utf8(attempt.authorization().unwrap().to_vec()).unwrap();
    shown += &format!("{attempt:#?}");
    session.record_success(attempt, &request, None, b"").unwrap();
    shown += &format!("{session:?} {:?}", session.authorize(&request).unwrap());
    let refused = ApiKey::new("public\n", PRIVATE_KEY).unwrap_err();
    shown += &format!("{refused} {refused:?} {:?}", Simulator::builder().key("public", PRIVATE_KEY));
    let response = authorization.split("response=\"").nth(1).unwrap().split('"').next().unwrap();
    assert!(Secrets::default().found_in(&shown).is_empty() && !shown.contains(response), "{shown}");
    assert!(
        Secrets::default().found_in(&format!("{shown}{PRIVATE_KEY}")) == [PRIVATE_KEY],
        "it is searched for"
    );
}

/// Runs a row. Returns all that is wrong.
fn check(row: &Row, secrets: &Secrets) -> Vec<String> {
    let atlas = row.start(PRIVATE_KEY);
    let builder = row.client_builder(&atlas);
    let client = builder.clone().build().unwrap();
    let start = Instant::now();
    let mut buckets = client.export_buckets(&project(&atlas));
    let result = ids(buckets.by_ref());
    let elapsed = start.elapsed();
    let mut problems = Vec::new();
    let mut expect = |holds: bool, problem: String| {
        if !holds {
            problems.push(format!("{}: {problem}", row.name));
        }
    };
    expect(buckets.next().is_none(), "something follows the end".into());
    check_result(row, &result, &mut expect);
    let requests = atlas.stats().requests;
    expect(requests == row.requests, format!("{requests} requests, not {}", row.requests));
    expect(elapsed <= row.time_limit(), format!("took {elapsed:?}"));
    let sent = atlas.requests();
    expect(sent.iter().all(is_harmless), format!("a strange request among {sent:?}"));
    secrets.learn(&sent);
    let key = ApiKey::new("public", PRIVATE_KEY).unwrap();
    let shown = format!("{result:?} {result:#?} {client:?} {builder:?} {key:?}");
    let leaks = secrets.found_in(&shown);
    expect(leaks.is_empty(), format!("{leaks:?} in {shown}"));
    problems
}

fn check_result(row: &Row, result: &Result<Vec<String>, Error>, expect: &mut impl FnMut(bool, String)) {
    match (&row.expected, result) {
        (Expected::List(indices), Ok(list)) => {
            let sample = sample_ids(10);
            let expected: Vec<&String> = indices.iter().map(|&index| &sample[index]).collect();
            expect(list.iter().eq(expected), format!("lists {list:?}"));
        }
        (Expected::Error { kind: expected, detail, is_retryable }, Err(error)) => {
            let text = error.to_string();
            expect(kind(error) == *expected, format!("{} ({error}), not {expected}", kind(error)));
            expect(text.contains(detail), format!("{text:?} does not tell {detail:?}"));
            expect(error.is_retryable() == *is_retryable, format!("retryable: {}", error.is_retryable()));
            expect(text.len() < 1000 && !text.chars().any(char::is_control), format!("not a line: {text:?}"));
            expect(text.contains(&error.request().unwrap().to_string()), format!("of what? {text}"));
            check_sources(error, expect);
        }
        (Expected::List(_), Err(error)) => expect(false, format!("{} ({error})", kind(error))),
        (Expected::Error { kind, .. }, Ok(list)) => expect(false, format!("lists {list:?}, not {kind}")),
    }
}

/// Every error below has a text of one line, and there is one where something lies below.
fn check_sources(error: &Error, expect: &mut impl FnMut(bool, String)) {
    let has_source = matches!(error, Error::NotAuthenticated { .. } | Error::Network { .. })
        || matches!(error, Error::Deadline { cause: Some(_), .. });
    expect(!has_source || error.source().is_some(), format!("{error} has no source"));
    let mut source = error.source();
    while let Some(below) = source {
        let text = below.to_string();
        expect(!text.is_empty() && !text.chars().any(char::is_control), format!("source: {text:?}"));
        source = below.source();
    }
}

/// Whatever the server says, a request is a GET of a page with these header fields and no other.
fn is_harmless(request: &RecordedRequest) -> bool {
    let mut names: Vec<&str> = request.headers.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names.retain(|&name| name != "authorization");
    request.method == "GET"
        && names == ["accept", "accept-encoding", "host", "user-agent"]
        && request.headers.len() <= 5
        && request
            .target
            .starts_with(b"/api/atlas/v1.0/groups/32b6e34b3d91647abb20e7b8/backup/exportBuckets?pageNum=")
}
