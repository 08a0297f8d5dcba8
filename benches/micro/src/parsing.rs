//! A page of 500 buckets, from bytes to structs.

use std::hint::black_box;

use atlas_export_buckets::fuzzing;
use atlas_export_buckets::simulator::sample_buckets;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Case;
use crate::page::Page;

/// A page as Atlas sends it today.
pub const KNOWN: &[Case] = &[
    Case { what: "page", who: "ours", prepare: || parse_ours(page()) },
    Case { what: "page", who: "derived struct", prepare: || parse::<Page>(page()) },
    Case { what: "page", who: "derived struct by from_reader", prepare: || read(page()) },
    Case { what: "page", who: "serde_json::Value", prepare: || parse::<Value>(page()) },
];

/// A page as a later Atlas may send it: each bucket has two more fields, which the derived struct loses.
pub const UNKNOWN: &[Case] = &[
    Case { what: "later page", who: "ours", prepare: || parse_ours(later_page()) },
    Case { what: "later page", who: "derived struct", prepare: || parse::<Page>(later_page()) },
    Case { what: "later page", who: "derived struct by from_reader", prepare: || read(later_page()) },
    Case { what: "later page", who: "serde_json::Value", prepare: || parse::<Value>(later_page()) },
];

fn page() -> Vec<u8> {
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

// Each takes the body, and so gets a copy.

fn parse<T: DeserializeOwned>(body: Vec<u8>) -> Box<dyn FnMut()> {
    Box::new(move || _ = black_box(serde_json::from_slice::<T>(&black_box(body.clone())).unwrap()))
}

/// As `read_json` of `ureq` does it.
fn read(body: Vec<u8>) -> Box<dyn FnMut()> {
    Box::new(move || _ = black_box(serde_json::from_reader::<_, Page>(&*black_box(body.clone())).unwrap()))
}

fn parse_ours(body: Vec<u8>) -> Box<dyn FnMut()> {
    Box::new(move || assert_eq!(fuzzing::read_page(black_box(body.clone())).unwrap().results.len(), 500))
}
