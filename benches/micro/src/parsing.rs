//! A page of 500 buckets, from bytes to structs.

use std::hint::black_box;

use atlas_export_buckets::fuzzing::count_buckets;
use atlas_export_buckets::simulator::sample_buckets;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Case;

/// A page as Atlas sends it today.
pub const KNOWN: &[Case] = &[
    Case { what: "page", who: "ours", prepare: || parse_ours(&page()) },
    Case { what: "page", who: "plain derived struct", prepare: || parse::<PlainPage>(&page()) },
    Case { what: "page", who: "serde_json::Value", prepare: || parse::<Value>(&page()) },
];

/// A page as a later Atlas may send it: each bucket has two more fields, which the plain struct loses.
pub const UNKNOWN: &[Case] = &[
    Case { what: "page with new fields", who: "ours", prepare: || parse_ours(&later_page()) },
    Case {
        what: "page with new fields",
        who: "plain derived struct",
        prepare: || parse::<PlainPage>(&later_page()),
    },
    Case {
        what: "page with new fields",
        who: "serde_json::Value",
        prepare: || parse::<Value>(&later_page()),
    },
];

/// The body of a page of 500 buckets.
pub fn page() -> Vec<u8> {
    body(sample_buckets(500))
}

fn later_page() -> Vec<u8> {
    let add = |bucket: &String| {
        bucket.replacen('{', r#"{"createdAt":"2027-01-01T00:00:00Z","usage":{"exports":12},"#, 1)
    };
    body(sample_buckets(500).iter().map(add).collect())
}

fn body(buckets: Vec<String>) -> Vec<u8> {
    let href =
        "https://cloud.mongodb.com/api/atlas/v1.0/groups/32b6e34b3d91647abb20e7b8/backup/exportBuckets";
    let links = format!(r#"[{{"href":"{href}?pageNum=1&itemsPerPage=500","rel":"self"}}]"#);
    let results = buckets.join(",");
    format!(r#"{{"links":{links},"results":[{results}],"totalCount":500}}"#).into_bytes()
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Box<dyn FnMut()> {
    let body = body.to_vec();
    Box::new(move || _ = black_box(serde_json::from_slice::<T>(black_box(&body)).unwrap()))
}

/// As a client does it, which keeps the body.
fn parse_ours(body: &[u8]) -> Box<dyn FnMut()> {
    let body = body.to_vec();
    Box::new(move || assert_eq!(black_box(count_buckets(black_box(body.clone()))), Some(500)))
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct PlainPage {
    links: Vec<PlainLink>,
    results: Vec<PlainBucket>,
    #[serde(rename = "totalCount")]
    total_count: u64,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct PlainLink {
    href: String,
    rel: String,
}

#[derive(Deserialize)]
#[allow(dead_code)]
#[serde(rename_all = "camelCase")]
struct PlainBucket {
    #[serde(rename = "_id")]
    id: String,
    bucket_name: String,
    cloud_provider: PlainProvider,
    iam_role_id: Option<String>,
    region: Option<String>,
    require_private_networking: Option<bool>,
    role_id: Option<String>,
    service_url: Option<String>,
    tenant_id: Option<String>,
    links: Option<Vec<PlainLink>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum PlainProvider {
    Aws,
    Azure,
    Gcp,
}
