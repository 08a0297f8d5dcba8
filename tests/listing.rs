//! What a listing gives, and what it costs: against the simulated Atlas, a strict server that counts.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::time::{Duration, Instant};

use atlas_export_buckets::simulator::{
    Builder, Fault, Rejection, ServerStats, Simulator, When, sample_buckets,
};
use atlas_export_buckets::{ApiVersion, Client, CloudProvider, Error, ExportBucket, Incomplete};
use support::{client, client_builder, ids, project, sample_ids};

fn strict() -> Builder {
    Simulator::builder().strict(true)
}

fn list(client: &Client, atlas: &Simulator) -> Vec<String> {
    ids(client.export_buckets(&project(atlas))).unwrap()
}

/// Requests, challenges, connections; and that the strict server had nothing to complain of.
fn costs(atlas: &Simulator) -> (u64, u64, u64) {
    assert_eq!(atlas.rejections(), []);
    let ServerStats { requests, challenges, connections, .. } = atlas.stats();
    (requests, challenges, connections)
}

#[test]
fn lists_of_every_size_are_exact_and_cost_pages_plus_1_requests() {
    for (buckets, pages) in [(0, 1), (1, 1), (499, 1), (500, 1), (501, 2), (1000, 2), (1001, 3), (1234, 3)] {
        let atlas = strict().buckets(sample_buckets(buckets)).start().unwrap();
        assert_eq!(list(&client(&atlas), &atlas), sample_ids(buckets), "{buckets} buckets");
        assert_eq!(costs(&atlas), (pages + 1, 1, 1), "{buckets} buckets");
    }
}

#[test]
fn a_second_listing_needs_no_challenge() {
    let atlas = strict().buckets(sample_buckets(1234)).start().unwrap();
    let client = client(&atlas);
    list(&client, &atlas);
    list(&client.clone(), &atlas);
    assert_eq!(costs(&atlas), (7, 1, 1));
}

#[test]
fn small_pages_are_walked_to_the_end() {
    let atlas = strict().buckets(sample_buckets(11)).start().unwrap();
    let client = client_builder(&atlas).items_per_page(3).build().unwrap();
    assert_eq!(list(&client, &atlas), sample_ids(11));
    assert_eq!(costs(&atlas), (5, 1, 1));
}

#[test]
fn the_size_hint_says_how_many_are_at_hand() {
    let atlas = strict().buckets(sample_buckets(5)).start().unwrap();
    let mut buckets =
        client_builder(&atlas).items_per_page(3).build().unwrap().export_buckets(&project(&atlas));
    let mut hints = vec![buckets.size_hint()];
    while let Some(bucket) = buckets.next() {
        bucket.unwrap();
        hints.push(buckets.size_hint());
    }
    let expected = [(0, None), (2, None), (1, None), (0, None), (1, Some(1)), (0, Some(0))];
    assert_eq!(hints, expected);
}

#[test]
fn a_listing_tells_its_count_and_shows_where_it_stands() {
    let atlas = strict().buckets(sample_buckets(5)).start().unwrap();
    let client = client_builder(&atlas).items_per_page(3).build().unwrap();
    let mut buckets = client.export_buckets(&project(&atlas));
    assert_eq!(buckets.total_count(), None);
    buckets.next().unwrap().unwrap();
    assert_eq!(buckets.total_count(), Some(5));
    let pages = format!(
        "Pages {{ resource: ExportBuckets(ProjectId({})), next_page: Some(2), .. }}",
        atlas.project_id()
    );
    assert_eq!(format!("{buckets:?}"), format!("Listing {{ pages: {pages}, at_hand: 2 }}"));
}

#[test]
fn every_way_to_ask_gives_the_same_list() {
    type Setting = fn(atlas_export_buckets::ClientBuilder) -> atlas_export_buckets::ClientBuilder;
    let settings: [(&str, Setting); 5] = [
        ("without count", |builder| builder.include_count(false)),
        ("indented", |builder| builder.pretty(true)),
        ("in an envelope", |builder| builder.envelope(true)),
        ("API v2", |builder| builder.api_version(ApiVersion::V2024_05_30)),
        ("all of it", |builder| {
            builder.include_count(false).pretty(true).envelope(true).api_version(ApiVersion::V2024_05_30)
        }),
    ];
    for nested in [false, true] {
        for (name, setting) in settings {
            let atlas = strict().nested_envelope(nested).buckets(sample_buckets(501)).start().unwrap();
            let client = setting(client_builder(&atlas)).build().unwrap();
            assert_eq!(list(&client, &atlas), sample_ids(501), "{name}");
            assert_eq!(costs(&atlas), (3, 1, 1), "{name}");
        }
    }
}

#[test]
fn nothing_is_sent_before_the_list_is_asked_for_and_no_page_before_it_is_needed() {
    let atlas = strict().buckets(sample_buckets(4)).start().unwrap();
    let client = client_builder(&atlas).items_per_page(2).build().unwrap();
    let mut buckets = client.export_buckets(&project(&atlas));
    assert_eq!(atlas.stats().requests, 0);
    assert!(buckets.next().unwrap().is_ok() && buckets.next().unwrap().is_ok());
    assert_eq!(atlas.stats().requests, 2);
    assert_eq!(buckets.count(), 2);
    assert_eq!(atlas.stats().requests, 3);
}

#[test]
fn pages_tell_what_the_server_told() {
    let atlas = strict().buckets(sample_buckets(5)).start().unwrap();
    let client = client_builder(&atlas).items_per_page(2).build().unwrap();
    let pages: Vec<_> = client.export_bucket_pages(&project(&atlas)).map(Result::unwrap).collect();
    let summary: Vec<_> = pages
        .iter()
        .map(|page| (page.page_num, page.results.len(), page.total_count, page.has_next()))
        .collect();
    assert_eq!(summary, [(1, 2, Some(5), true), (2, 2, Some(5), true), (3, 1, Some(5), false)]);
    let page = client.export_bucket_page(&project(&atlas), 2).unwrap();
    assert_eq!(page.body(), pages[1].body());
}

#[test]
fn a_bucket_has_all_of_its_fields() {
    let sent = r#"{"_id":"5e4e593f70dfbf1010295836","bucketName":"example","cloudProvider":"AWS","iamRoleId":"5e4e593f70dfbf1010295838","region":"us-east-1","requirePrivateNetworking":true,"new":{"a":[1.50]}}"#;
    let atlas = strict().buckets([sent]).start().unwrap();
    let bucket: ExportBucket = client(&atlas).export_buckets(&project(&atlas)).next().unwrap().unwrap();
    assert_eq!(bucket.cloud_provider, CloudProvider::Aws);
    assert_eq!(bucket.iam_role_id.as_deref(), Some("5e4e593f70dfbf1010295838"));
    assert_eq!(serde_json::to_string(&bucket).unwrap(), sent);
}

#[test]
fn a_used_up_nonce_is_replaced_by_the_one_that_came_with_the_refusal() {
    let atlas = strict().nonce_uses(2).buckets(sample_buckets(10)).start().unwrap();
    let client = client_builder(&atlas).items_per_page(2).build().unwrap();
    assert_eq!(list(&client, &atlas), sample_ids(10));
    let ServerStats { requests, challenges, connections, .. } = atlas.stats();
    assert_eq!((requests, challenges, connections), (5 + 3, 3, 1));
    assert!(atlas.rejections().iter().all(Rejection::is_stale));
}

#[test]
fn a_server_that_forgot_its_nonces_is_answered_anew() {
    let atlas = strict().buckets(sample_buckets(4)).start().unwrap();
    let client = client_builder(&atlas).items_per_page(2).build().unwrap();
    let mut buckets = client.export_buckets(&project(&atlas));
    buckets.next().unwrap().unwrap();
    atlas.forget_nonces();
    assert_eq!(buckets.map(Result::unwrap).count(), 3);
    assert_eq!((atlas.stats().requests, atlas.stats().challenges), (4, 2));
}

#[test]
fn a_wrong_key_costs_2_requests_and_gives_the_words_of_atlas() {
    let atlas = Simulator::start().unwrap();
    let key = atlas_export_buckets::ApiKey::new(atlas.public_key(), "wrong").unwrap();
    let client = Client::builder(key).base_url(atlas.base_url()).build().unwrap();
    let mut buckets = client.export_buckets(&project(&atlas));
    let error = buckets.next().unwrap().unwrap_err();
    assert!(matches!(error, Error::NotAuthenticated { .. }), "{error:?}");
    assert_eq!(error.api().unwrap().detail.as_deref(), Some("You are not authorized for this resource."));
    assert!(error.to_string().contains("You are not authorized for this resource."), "{error}");
    assert!(buckets.next().is_none());
    assert_eq!(atlas.stats().requests, 2);
}

#[test]
fn an_unknown_project_is_an_error_of_its_own() {
    let atlas = Simulator::start().unwrap();
    let unknown = "000000000000000000000000".parse().unwrap();
    let error = client(&atlas).export_buckets(&unknown).next().unwrap().unwrap_err();
    let Error::NotFound { api, request, .. } = &error else { panic!("{error:?}") };
    assert_eq!((api.status, api.error_code.as_deref()), (404, Some("GROUP_NOT_FOUND")));
    assert!(
        request.to_string().starts_with(&format!("page 1 of the export buckets of project {unknown} at "))
    );
}

#[test]
fn several_projects_share_one_challenge_and_one_connection() {
    let second = "aaaaaaaaaaaaaaaaaaaaaaaa";
    let atlas = strict().buckets(sample_buckets(2)).project(second, sample_buckets(3)).start().unwrap();
    let client = client(&atlas);
    assert_eq!(list(&client, &atlas), sample_ids(2));
    assert_eq!(ids(client.export_buckets(&second.parse().unwrap())).unwrap(), sample_ids(3));
    assert_eq!(costs(&atlas), (3, 1, 1));
}

#[test]
fn what_is_sent_is_what_the_docs_say_and_nothing_else() {
    let atlas = strict().start().unwrap();
    list(&client(&atlas), &atlas);
    let requests = atlas.requests();
    let names = |index: usize| {
        let mut names: Vec<_> = requests[index].headers.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names
    };
    assert_eq!(names(0), ["accept", "accept-encoding", "host", "user-agent"]);
    assert_eq!(names(1), ["accept", "accept-encoding", "authorization", "host", "user-agent"]);
    assert_eq!(requests[1].header("accept"), Some(&b"application/json"[..]));
    let user_agent = concat!("atlas-export-buckets/", env!("CARGO_PKG_VERSION"));
    assert_eq!(requests[1].header("user-agent"), Some(user_agent.as_bytes()));
}

#[test]
fn the_deadline_of_a_listing_holds_over_all_its_pages() {
    let slow = Fault::Delay(Duration::from_millis(300));
    let atlas = strict().buckets(sample_buckets(20)).fault(When::always(), slow).start().unwrap();
    let limit = Duration::from_secs(1);
    let client = client_builder(&atlas).items_per_page(1).max_time(limit).build().unwrap();
    for _ in 0..2 {
        let start = Instant::now();
        let error = ids(client.export_buckets(&project(&atlas))).unwrap_err();
        assert!(matches!(error, Error::Deadline { timeout, .. } if timeout == limit), "{error:?}");
        assert!(start.elapsed() < limit * 3, "{:?}", start.elapsed());
    }
}

#[test]
fn a_listing_has_no_more_pages_than_it_may() {
    let atlas = strict().buckets(sample_buckets(5)).start().unwrap();
    let builder = client_builder(&atlas).items_per_page(1);
    let error =
        ids(builder.clone().max_pages(4).build().unwrap().export_buckets(&project(&atlas))).unwrap_err();
    assert!(matches!(error, Error::Incomplete { reason: Incomplete::TooManyPages(4), .. }), "{error:?}");
    assert_eq!(list(&builder.max_pages(5).build().unwrap(), &atlas), sample_ids(5));
}
