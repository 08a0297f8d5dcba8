//! What a listing may cost: requests, connections, allocations. These counts are exact, and printed with `--nocapture`.
//!
//! A budget is what was needed when it was set. Whoever needs more raises it in the commit that says what for.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use allocation_counter::{AllocationInfo, measure};
use atlas_export_buckets::digest::{Credentials, Request, Session};
use atlas_export_buckets::simulator::{Simulator, sample_buckets};
use support::{client, project};

const CHALLENGE: &str = r#"Digest realm="MMS Public API", domain="", nonce="Xm2oTqlVvBqHkQGq1LbqzMH4qp6BqFhY", algorithm=MD5, qop="auth", stale=false"#;
const TARGET: &str =
    "/api/atlas/v1.0/groups/32b6e34b3d91647abb20e7b8/backup/exportBuckets?pageNum=2&itemsPerPage=500";

#[track_caller]
fn within(what: &str, most: u64, counted: u64) {
    assert!(counted <= most, "{what}: {counted}, at most {most}");
    println!("{what}: {counted}, at most {most}, room for {}", most - counted);
}

#[test]
fn a_walk_costs_a_request_a_page_and_one_for_the_challenge() {
    let atlas = Simulator::builder().strict(true).buckets(sample_buckets(1234)).start().unwrap();
    let (client, project) = (client(&atlas), project(&atlas));
    assert_eq!(client.export_buckets(&project).flatten().count(), 1234);
    within("requests for a walk of 3 pages", 4, atlas.stats().requests);
    assert_eq!(client.export_buckets(&project).flatten().count(), 1234);
    within("requests for a second walk", 3, atlas.stats().requests - 4);
    within("connections for both", 1, atlas.stats().connections);
}

/// Challenges a session, which may keep the nonce or not.
fn challenge(session: &Session, is_accepted: bool) {
    let request = Request::get(TARGET);
    let attempt = session.authorize(&request).unwrap();
    let attempt = session.challenged(attempt, [CHALLENGE.as_bytes()], &request).unwrap();
    assert!(attempt.authorization().is_some());
    if is_accepted {
        session.accepted(attempt, &request, None, b"").unwrap();
    }
}

#[test]
fn a_challenge_is_answered_with_few_allocations() {
    let session = Session::new(Credentials::new("abcdefgh", "01234567-89ab-cdef-0123-456789abcdef"));
    let counted = measure(|| challenge(&session, false));
    within("allocations to answer a challenge", 8, counted.count_total);
}

#[test]
fn a_known_nonce_is_answered_with_one_allocation() {
    let session = Session::new(Credentials::new("abcdefgh", "01234567-89ab-cdef-0123-456789abcdef"));
    challenge(&session, true);
    let request = Request::get(TARGET);
    let counted = measure(|| {
        let attempt = session.authorize(&request).unwrap();
        assert!(attempt.authorization().is_some());
        session.accepted(attempt, &request, None, b"").unwrap();
    });
    within("allocations to answer on a known nonce", 1, counted.count_total);
}

/// What it takes to get a page of so many buckets on a connection that is open. The simulator's threads are not counted.
fn page(buckets: usize) -> AllocationInfo {
    let atlas = Simulator::builder().buckets(sample_buckets(buckets)).start().unwrap();
    let (client, project) = (client(&atlas), project(&atlas));
    client.export_bucket_page(&project, 1).unwrap();
    measure(|| {
        let page = client.export_bucket_page(&project, 1).unwrap();
        assert_eq!(page.results.len(), buckets);
    })
}

#[test]
fn a_page_allocates_what_its_buckets_hold_and_little_else() {
    let (empty, full) = (page(0), page(500));
    within("allocations for an empty page", 60, empty.count_total);
    // Five buckets have 19 strings.
    within("allocations for 500 buckets more", 1_940, full.count_total - empty.count_total);
    within("bytes allocated for 500 buckets more", 400_000, full.bytes_total - empty.bytes_total);
    within("most bytes at once for a page of 500 buckets", 320_000, full.bytes_max);
}
