//! Service accounts and access tokens, against the simulated Atlas.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::thread;
use std::time::{Duration, Instant};

use atlas_export_buckets::simulator::{
    Builder, Fault, RequestKind, Response, Simulator, TokenBucket, When, sample_buckets,
};
use atlas_export_buckets::{AccessToken, AuthenticationError, Client, Error, ServiceAccount};
use support::secrets::{capture_logs, own_logs};
use support::{ids, project, sample_ids, service_account_builder};

const SECOND: Duration = Duration::from_secs(1);

fn atlas() -> Builder {
    Simulator::builder().strict(true).buckets(sample_buckets(8)).token_rate_limit(None)
}

/// How many requests of this kind came.
fn requests(atlas: &Simulator, kind: RequestKind) -> usize {
    let path = match kind {
        RequestKind::Token => "/api/oauth/token",
        RequestKind::Revocation => "/api/oauth/revoke",
        _ => "/backup/exportBuckets",
    };
    let requests = atlas.requests();
    requests.iter().filter(|request| String::from_utf8_lossy(&request.target).contains(path)).count()
}

fn two_a_page(atlas: &Simulator) -> Client {
    service_account_builder(atlas).items_per_page(2).build().unwrap()
}

fn reason(error: &Error) -> &AuthenticationError {
    let Error::NotAuthenticated { reason, .. } = error else { panic!("{error:?}") };
    reason
}

#[test]
fn four_pages_cost_a_token_four_pages_a_revocation_and_one_connection() {
    let atlas = atlas().start().unwrap();
    let client = two_a_page(&atlas);
    assert_eq!(ids(client.export_buckets(&project(&atlas))).unwrap(), sample_ids(8));
    assert_eq!(atlas.access_tokens().len(), 1);
    client.revoke_access_token(SECOND).unwrap();
    client.revoke_access_token(SECOND).unwrap();
    assert_eq!(atlas.access_tokens().len(), 0);
    assert_eq!(requests(&atlas, RequestKind::Token), 1);
    assert_eq!(requests(&atlas, RequestKind::ExportBuckets), 4);
    assert_eq!(requests(&atlas, RequestKind::Revocation), 1);
    assert_eq!((atlas.stats().connections, client.stats().requests), (1, 6));
    assert_eq!(atlas.rejections(), []);
}

#[test]
fn what_is_sent_is_what_the_rfc_says() {
    let atlas = Simulator::builder().service_account("id:1", "s k/é").start().unwrap();
    let client = service_account_builder(&atlas).build().unwrap();
    client.export_bucket_page(&project(&atlas), 1).unwrap();
    let sent = atlas.requests();
    assert_eq!((sent[0].method.as_str(), &*sent[0].target), ("POST", &b"/api/oauth/token"[..]));
    // Base64 of `id%3A1:s+k%2F%C3%A9`.
    assert_eq!(sent[0].header("authorization"), Some(&b"Basic aWQlM0ExOnMrayUyRiVDMyVBOQ=="[..]));
    assert_eq!(sent[0].header("content-type"), Some(&b"application/x-www-form-urlencoded"[..]));
    assert_eq!(sent[0].header("accept"), Some(&b"application/json"[..]));
    assert!(sent[1].header("authorization").unwrap().starts_with(b"Bearer "));
    assert_eq!(sent[1].header("accept"), Some(&b"application/vnd.atlas.2024-05-30+json"[..]));
    assert_eq!(sent.len(), 2);
}

#[test]
fn a_token_that_is_refused_in_the_middle_of_a_list_is_replaced_once() {
    let revoke = (When::nth(3), Fault::RevokeToken);
    let atlas = atlas().fault(revoke.0, revoke.1).start().unwrap();
    let client = two_a_page(&atlas);
    assert_eq!(ids(client.export_buckets(&project(&atlas))).unwrap(), sample_ids(8));
    assert_eq!(requests(&atlas, RequestKind::Token), 2);
    assert_eq!(requests(&atlas, RequestKind::ExportBuckets), 5);
}

#[test]
fn tokens_of_a_second_are_renewed_before_they_end_and_the_list_is_whole() {
    let atlas = atlas().access_token_lifetime(SECOND);
    let atlas = atlas.fault(When::always(), Fault::Delay(SECOND * 3 / 10)).start().unwrap();
    let client = service_account_builder(&atlas).items_per_page(1).build().unwrap();
    assert_eq!(ids(client.export_buckets(&project(&atlas))).unwrap(), sample_ids(8));
    let tokens = requests(&atlas, RequestKind::Token);
    assert!((2..=8).contains(&tokens), "{tokens} tokens");
}

#[test]
fn a_wrong_secret_costs_one_request_and_gives_the_words_of_oauth() {
    let atlas = atlas().start().unwrap();
    let account = ServiceAccount::new(atlas.client_id(), "mdb_sa_sk_wrong").unwrap();
    let client = Client::builder(account).base_url(atlas.base_url()).build().unwrap();
    let error = ids(client.export_buckets(&project(&atlas))).unwrap_err();
    let AuthenticationError::ServiceAccount { error: code, .. } = reason(&error) else { panic!("{error:?}") };
    assert_eq!((code.as_str(), error.status()), ("invalid_client", Some(401)));
    let text = error.to_string();
    assert!(
        text.starts_with("the service account was refused: an access token at http://127.0.0.1:"),
        "{text}"
    );
    assert!(text.contains("invalid_client \"") && text.ends_with("neither has expired"), "{text}");
    // The secret does not get right by asking again.
    assert!(ids(client.export_buckets(&project(&atlas))).is_err());
    assert_eq!(atlas.stats().requests, 1);
}

#[test]
fn a_token_that_was_just_issued_and_is_refused_ends_the_list() {
    let atlas = atlas().fault(When::always(), Fault::RevokeToken).start().unwrap();
    let error = ids(two_a_page(&atlas).export_buckets(&project(&atlas))).unwrap_err();
    assert_eq!(reason(&error), &AuthenticationError::IssuedTokenRefused);
    assert_eq!((requests(&atlas, RequestKind::Token), requests(&atlas, RequestKind::ExportBuckets)), (1, 1));
}

#[test]
fn a_project_that_may_not_be_seen_costs_no_new_token() {
    let (mine, other) = ("aaaaaaaaaaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbbbbbbbbbb");
    let builder = Simulator::builder().service_account("id", "secret").limit_to_projects("id", [mine]);
    let atlas = builder.project(mine, sample_buckets(1)).project(other, sample_buckets(1)).start().unwrap();
    let client = service_account_builder(&atlas).build().unwrap();
    client.export_bucket_page(&mine.parse().unwrap(), 1).unwrap();
    let error = client.export_bucket_page(&other.parse().unwrap(), 1).unwrap_err();
    assert_eq!(reason(&error), &AuthenticationError::IssuedTokenRefused);
    assert!(error.to_string().contains("the credentials are known, but may not see this"), "{error}");
    client.export_bucket_page(&mine.parse().unwrap(), 1).unwrap();
    assert_eq!(requests(&atlas, RequestKind::Token), 1);
}

#[test]
fn sixty_four_threads_that_start_at_once_share_one_token() {
    let slow = Fault::Delay(SECOND / 5);
    let atlas = atlas().fault(When::always().token_requests(), slow).start().unwrap();
    let client = service_account_builder(&atlas).build().unwrap();
    thread::scope(|scope| {
        for _ in 0..64 {
            scope.spawn(|| assert_eq!(ids(client.export_buckets(&project(&atlas))).unwrap(), sample_ids(8)));
        }
    });
    assert_eq!(requests(&atlas, RequestKind::Token), 1);
}

#[test]
fn an_access_token_that_was_given_is_used_and_neither_renewed_nor_revoked() {
    let atlas = atlas().start().unwrap();
    let token = AccessToken::new(atlas.issue_access_token().unwrap()).unwrap();
    let client = Client::builder(token).base_url(atlas.base_url()).build().unwrap();
    assert_eq!(ids(client.export_buckets(&project(&atlas))).unwrap(), sample_ids(8));
    client.revoke_access_token(SECOND).unwrap();
    assert_eq!((atlas.access_tokens().len(), atlas.stats().requests), (1, 1));
    atlas.revoke_access_tokens();
    let error = ids(client.export_buckets(&project(&atlas))).unwrap_err();
    assert_eq!(reason(&error), &AuthenticationError::TokenRefused);
    assert!(error.to_string().ends_with("fetch a new access token"), "{error}");
    assert_eq!(atlas.stats().requests, 2);
}

/// What goes wrong with the token request, how many of them come, and what the error says; `""` for a whole list.
#[test]
fn a_token_is_asked_for_again_only_if_it_cannot_have_been_issued() {
    let busy = |status| Fault::Response(Response::new(status).header("Retry-After", "1"));
    let redirect = Fault::Response(Response::redirect(307, "http://127.0.0.1:1/"));
    let not_json = Fault::Response(Response::html(200, "<html>"));
    let cases = [
        ("503 once", When::nth(1), busy(503), 2, ""),
        ("429 once", When::nth(1), busy(429), 2, ""),
        ("reset", When::always(), Fault::Reset, 1, "the connection broke: an access token at"),
        ("a cut body", When::always(), Fault::CutBody, 1, "the connection broke: an access token at"),
        (
            "503 for ever",
            When::always(),
            Fault::Response(Response::new(503)),
            2,
            "the server failed: an access token at",
        ),
        ("a redirect", When::always(), redirect, 1, "a redirect, which is not followed: an access token at"),
        ("HTML", When::always(), not_json, 1, "no token response of OAuth 2.0"),
    ];
    for (name, when, fault, expected, text) in cases {
        let atlas = atlas().fault(when.token_requests(), fault).start().unwrap();
        let client = service_account_builder(&atlas).retries(1).build().unwrap();
        match ids(client.export_buckets(&project(&atlas))) {
            Ok(list) => assert_eq!((list, text), (sample_ids(8), ""), "{name}"),
            Err(error) => assert!(!text.is_empty() && error.to_string().contains(text), "{name}: {error}"),
        }
        assert_eq!(requests(&atlas, RequestKind::Token), expected, "{name}");
    }
}

#[test]
fn the_rate_limit_of_tokens_is_waited_for_within_the_deadline() {
    let limit = TokenBucket::new(1, SECOND).without_retry_after();
    let atlas = atlas().token_rate_limit(Some(limit)).start().unwrap();
    for _ in 0..2 {
        let client = service_account_builder(&atlas).retries(0).build().unwrap();
        assert_eq!(ids(client.export_buckets(&project(&atlas))).unwrap(), sample_ids(8));
    }
    assert!(atlas.stats().rate_limited > 0);
}

#[test]
fn a_hundred_tokens_that_live_are_the_most_and_atlas_says_so() {
    let atlas = atlas().start().unwrap();
    for _ in 0..100 {
        atlas.issue_access_token().unwrap();
    }
    let client = service_account_builder(&atlas).build().unwrap();
    let error = ids(client.export_buckets(&project(&atlas))).unwrap_err();
    assert_eq!(error.status(), Some(403));
    assert!(error.to_string().contains("access_denied"), "{error}");
}

#[test]
fn a_token_endpoint_that_hangs_ends_with_the_deadline_of_each_page_that_waits() {
    let atlas = atlas().fault(When::always().token_requests(), Fault::Delay(SECOND * 60)).start().unwrap();
    let client = service_account_builder(&atlas).timeout(SECOND).build().unwrap();
    let start = Instant::now();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let error = ids(client.export_buckets(&project(&atlas))).unwrap_err();
                assert!(matches!(error, Error::Deadline { .. }), "{error:?}");
            });
        }
    });
    assert!(start.elapsed() < SECOND * 4, "{:?}", start.elapsed());
}

#[test]
fn neither_secret_nor_token_stands_in_any_log_record_of_ours() {
    capture_logs();
    let atlas = atlas().start().unwrap();
    let client = two_a_page(&atlas);
    ids(client.export_buckets(&project(&atlas))).unwrap();
    let token = atlas.access_tokens().remove(0);
    let debug = format!("{client:?} {:?}", service_account_builder(&atlas));
    client.revoke_access_token(SECOND).unwrap();
    for secret in [atlas.client_secret(), &token] {
        let leaks: Vec<String> = own_logs().into_iter().filter(|record| record.contains(secret)).collect();
        assert!(leaks.is_empty() && !debug.contains(secret), "{leaks:?}");
    }
    assert!(own_logs().iter().any(|record| record.contains("POST")), "records were captured");
}

#[test]
fn the_projects_of_the_credentials_and_of_an_organization_are_listed() {
    let atlas = Simulator::builder().projects(501, 1).start().unwrap();
    let client = service_account_builder(&atlas).build().unwrap();
    let mut found = Vec::new();
    for project in client.projects() {
        let project = project.unwrap();
        assert_eq!(project.org_id, atlas.organization_id());
        found.push(project.id);
    }
    assert_eq!(found, atlas.project_ids());
    let organization = atlas.organization_id().parse().unwrap();
    assert_eq!(client.organization_projects(&organization).map(Result::unwrap).count(), 501);
    let unknown = "000000000000000000000000".parse().unwrap();
    let error = client.organization_projects(&unknown).next().unwrap().unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }), "{error:?}");
    assert!(error.to_string().contains("projects of organization 000000000000000000000000"), "{error}");
    // A token, two pages, two pages, an error.
    assert_eq!(atlas.stats().requests, 6);
}
