//! The limits that a user can set, at their smallest and largest values.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::time::Duration;

use atlas_export_buckets::simulator::{Fault, Response, Simulator, TokenBucket, When, sample_buckets};
use atlas_export_buckets::{Error, ProjectId, Refusal};
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
    let length = page.body().len() as u64;
    // Twice each: a body that was read to its end leaves a connection to go on with, one that is too long does not.
    for (max, connections) in [(length, 1), (length - 1, 2)] {
        let client = client_builder(&atlas).max_body_bytes(max).build().unwrap();
        let before = atlas.stats().connections;
        for _ in 0..2 {
            match ids(client.export_buckets(&project(&atlas))) {
                Ok(list) => assert_eq!((list, max), (sample_ids(3), length)),
                Err(Error::Refused { reason: Refusal::BodyTooLarge(limit), .. }) => {
                    assert_eq!((limit, max), (length - 1, length - 1));
                }
                Err(error) => panic!("{error:?}"),
            }
        }
        assert_eq!(atlas.stats().connections - before, connections, "at most {max} bytes");
    }
}

#[test]
fn of_a_long_error_its_beginning_is_read() {
    // As long as it may be, and one byte longer: JSON that is cut off explains nothing.
    for (longer, expected) in [(0, "NotFound"), (1, "NotAtlas 404")] {
        let mut body = br#"{"error":404,"errorCode":"x","filler":""#.to_vec();
        body.resize(64 * 1024 + longer - 2, b'.');
        body.extend(br#""}"#);
        let answer = Response::new(404).body(body);
        let atlas = Simulator::builder().fault(When::nth(2), Fault::Response(answer)).start().unwrap();
        let client = client_builder(&atlas).build().unwrap();
        let error = client.export_bucket_page(&project(&atlas), 1).unwrap_err();
        assert_eq!(support::faults::kind(&error), expected, "{longer} bytes too long");
    }
}

#[test]
fn a_page_is_refused_for_its_content_coding_and_an_error_is_not() {
    let unknown: ProjectId = "000000000000000000000000".parse().unwrap();
    for (coding, is_known, expected) in [
        ("identity", true, ""),
        ("gzip", true, "the answer has a content coding, although none was accepted: "),
        ("gzip", false, "not found: "),
    ] {
        let with_coding = Fault::header("Content-Encoding", coding);
        let atlas = Simulator::builder().fault(When::always(), with_coding).start().unwrap();
        let id = if is_known { project(&atlas) } else { unknown.clone() };
        let result = client_builder(&atlas).build().unwrap().export_bucket_page(&id, 1);
        let told = result.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(told.starts_with(expected) && told.is_empty() == expected.is_empty(), "{coding}: {told}");
    }
}

#[test]
fn a_token_bucket_delays_a_listing_and_does_not_change_it() {
    let limit = TokenBucket::new(2, Duration::from_millis(50)).retry_after(Duration::as_secs);
    let atlas = Simulator::builder().rate_limit(limit).buckets(sample_buckets(10)).start().unwrap();
    let client = client_builder(&atlas).items_per_page(1).retries(0).build().unwrap();
    assert_eq!(ids(client.export_buckets(&project(&atlas))).unwrap(), sample_ids(10));
    assert!(atlas.stats().rate_limited > 0);
    assert_eq!(client.stats().retries, 0);
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
    assert_eq!(support::faults::kind(&error), "Network Broken");
    assert!(error.is_retryable() && error.to_string().contains("the agent's own timeout"), "{error}");
    assert_eq!(atlas.stats().requests, 2);
}
