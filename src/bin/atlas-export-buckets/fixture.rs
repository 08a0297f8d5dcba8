//! The file of `simulate --fixture`: what `list` or another tool has once written.

use std::collections::BTreeMap;

use atlas_export_buckets::simulator::{Builder, Simulator};
use serde_json::Value;
use serde_json::value::RawValue;

/// An Atlas with these buckets, each in the project that its `groupId` names.
pub(crate) fn read(json: &[u8]) -> serde_json::Result<Builder> {
    let buckets = buckets_in(json)?;
    // In the order in which projects come first.
    let mut projects: Vec<(Option<String>, Vec<&RawValue>)> = Vec::new();
    for bucket in &buckets {
        let fields: Value = serde_json::from_str(bucket.get()).unwrap_or_default();
        let project = fields.get("groupId").and_then(Value::as_str).map(str::to_owned);
        match projects.iter_mut().find(|(known, _)| *known == project) {
            Some((_, buckets)) => buckets.push(bucket),
            None => projects.push((project, vec![bucket])),
        }
    }
    if projects.is_empty() {
        projects.push((None, Vec::new()));
    }
    Ok(projects.into_iter().fold(Simulator::builder(), |builder, (project, buckets)| match project {
        Some(project) => builder.project(project, buckets),
        None => builder.buckets(buckets),
    }))
}

/// The buckets of an array, or of an object's `results`, as they are written.
fn buckets_in(json: &[u8]) -> serde_json::Result<Vec<Box<RawValue>>> {
    let fields: serde_json::Result<BTreeMap<String, Box<RawValue>>> = serde_json::from_slice(json);
    match fields.ok().and_then(|mut fields| fields.remove("results")) {
        Some(results) => serde_json::from_str(results.get()),
        None => serde_json::from_slice(json),
    }
}
