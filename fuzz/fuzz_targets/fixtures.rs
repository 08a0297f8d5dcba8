//! `simulate --fixture`: only an array, or an object with an array `results`, is accepted, and an array of plain buckets is; and
//! an Atlas starts with it, or says why not.
#![no_main]

use std::collections::HashSet;

use atlas_export_buckets::simulator::Simulator;
use fuzz::json;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|text: &str| {
    let value: Result<Value, _> = serde_json::from_str(text);
    match (Simulator::builder().buckets_json(text), value) {
        (Ok(builder), Ok(value)) => {
            assert!(value.is_array() || value["results"].is_array(), "{value}");
            match builder.start() {
                Ok(atlas) => assert!(atlas.base_url().starts_with("http://127.0.0.1:")),
                Err(error) => assert!(!error.to_string().is_empty()),
            }
        }
        // What is left as text is not looked into: a number that is too large, a surrogate that stands alone.
        (Ok(_), Err(_)) => {}
        (Err(problem), _) => {
            assert!(!json::parse(text.as_bytes()).is_some_and(|value| is_fixture(&value)), "{problem}")
        }
    }
});

/// Whether it is an array of the plainest buckets, without an id twice.
fn is_fixture(value: &Value) -> bool {
    let Some(buckets) = value.as_array() else { return false };
    let is_bucket = |bucket: &Value| {
        let names = ["_id", "bucketName", "cloudProvider"];
        bucket.as_object().is_some_and(|fields| fields.len() == 3)
            && names.iter().all(|name| bucket[*name].is_string())
    };
    let ids: HashSet<_> = buckets.iter().map(|bucket| bucket["_id"].as_str()).collect();
    buckets.iter().all(is_bucket) && ids.len() == buckets.len()
}
