//! What a listing may cost: requests and connections. These counts are exact, and printed with `--nocapture`.
//!
//! A budget is what was needed when it was set. Whoever needs more raises it in the commit that says what for.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use atlas_export_buckets::simulator::{Simulator, sample_buckets};
use support::{client, project};

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
