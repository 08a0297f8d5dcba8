//! The limits that a user can set, at their ends.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::time::Duration;

use atlas_export_buckets::simulator::{Fault, RateLimit, Simulator, When, sample_buckets};
use atlas_export_buckets::{Error, Refusal};
use support::{client_builder, ids, project, sample_ids};

#[test]
fn settings_without_bounds_are_no_reason_to_panic() {
    let length = b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n{\"results\":[]}".to_vec();
    let atlas = Simulator::builder().fault(When::nth(2), Fault::Raw(length)).start().unwrap();
    let builder = client_builder(&atlas).max_body_bytes(u64::MAX).timeout(Duration::MAX).retries(u32::MAX);
    let client = builder.build().unwrap();
    assert_eq!(ids(client.export_buckets(&project(&atlas))).unwrap(), sample_ids(12));
}

#[test]
fn a_body_may_be_as_long_as_the_limit_and_no_longer() {
    let atlas = Simulator::builder().buckets(sample_buckets(3)).start().unwrap();
    let page = client_builder(&atlas).build().unwrap().export_bucket_page(&project(&atlas), 1).unwrap();
    let length = page.body.len() as u64;
    let list = |max| {
        ids(client_builder(&atlas).max_body_bytes(max).build().unwrap().export_buckets(&project(&atlas)))
    };
    assert_eq!(list(length).unwrap(), sample_ids(3));
    let error = list(length - 1).unwrap_err();
    let Error::Refused { reason: Refusal::BodyTooLarge(max), .. } = error else { panic!("{error:?}") };
    assert_eq!(max, length - 1);
}

#[test]
fn a_token_bucket_delays_a_listing_and_does_not_change_it() {
    let limit = RateLimit::new(2, Duration::from_millis(50)).retry_after(Duration::as_secs);
    let atlas = Simulator::builder().rate_limit(limit).buckets(sample_buckets(10)).start().unwrap();
    let client = client_builder(&atlas).items_per_page(1).retries(20).build().unwrap();
    assert_eq!(ids(client.export_buckets(&project(&atlas))).unwrap(), sample_ids(10));
    // The client follows the tokens that the server reports, so it hardly runs into the limit.
    assert!(atlas.stats().rate_limited <= 1);
}

#[test]
fn an_agents_own_timeout_is_a_network_error_and_not_the_deadline() {
    let atlas =
        Simulator::builder().fault(When::always(), Fault::Delay(Duration::from_secs(60))).start().unwrap();
    let own = Some(Duration::from_millis(100));
    let agent =
        atlas_export_buckets::ureq::Agent::config_builder().timeout_recv_response(own).build().new_agent();
    let client = client_builder(&atlas).agent(agent).retries(1).build().unwrap();
    let error = ids(client.export_buckets(&project(&atlas))).unwrap_err();
    assert_eq!(support::faults::kind(&error), "Network Exchange");
    assert!(error.is_retryable() && error.to_string().contains("the agent's own timeout"), "{error}");
    assert_eq!(atlas.stats().requests, 2);
}
