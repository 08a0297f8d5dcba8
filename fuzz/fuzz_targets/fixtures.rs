//! `simulate --fixture`: an array, or an object with an array `results`, is accepted; and an Atlas starts with it, or says
//! why not.
#![no_main]

use atlas_export_buckets::simulator::Simulator;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|json: &str| {
    let value: Result<Value, _> = serde_json::from_str(json);
    match (Simulator::builder().buckets_json(json), value) {
        (Ok(builder), Ok(value)) => {
            assert!(value.is_array() || value["results"].is_array(), "{value}");
            match builder.start() {
                Ok(atlas) => assert!(atlas.base_url().starts_with("http://127.0.0.1:")),
                Err(error) => assert!(!error.to_string().is_empty()),
            }
        }
        // What is left as text is not looked into: a number that is too large, a surrogate that stands alone.
        (Ok(_), Err(_)) => {}
        (Err(_), value) => assert!(!value.is_ok_and(|value| value.is_array()), "an array is refused"),
    }
});
