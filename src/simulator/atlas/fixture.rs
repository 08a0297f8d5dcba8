//! Buckets from a JSON text.

use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::io;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::projects::{invalid, normal_id};
use crate::model::ExportBucket;

/// A bucket, and the project that it belongs to.
#[derive(Debug, PartialEq)]
pub(crate) struct FixtureBucket {
    pub(crate) project_id: String,
    pub(crate) project_name: Option<String>,
    pub(crate) json: String,
}

/// The fields that the program adds to a bucket.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AddedFields {
    group_id: Option<String>,
    group_name: Option<String>,
}

/// Reads an array of buckets, or an object whose `results` is one, such as a page of Atlas's. A bucket that names no project
/// belongs to the default one.
pub(crate) fn buckets_of_json(json: &str, default_project: &str) -> io::Result<Vec<FixtureBucket>> {
    let results = match serde_json::from_str::<HashMap<String, &RawValue>>(json) {
        Ok(page) => page.get("results").ok_or_else(|| invalid("the object has no \"results\""))?.get(),
        Err(_) => json,
    };
    let buckets: Vec<&RawValue> = serde_json::from_str(results).map_err(invalid)?;
    let mut ids = HashSet::new();
    let mut read = |bucket: &RawValue| -> Result<FixtureBucket, Box<dyn Error>> {
        let json = bucket.get();
        let ExportBucket { id, .. } = serde_json::from_str(json)?;
        let AddedFields { group_id, group_name } = serde_json::from_str(json)?;
        let project_id = match group_id {
            Some(id) => normal_id(&id).ok_or("its groupId does not have 24 hexadecimal digits")?,
            None => default_project.to_owned(),
        };
        if !ids.insert((project_id.clone(), id)) {
            return Err("an earlier one has the same id".into());
        }
        Ok(FixtureBucket { project_id, project_name: group_name, json: json.to_owned() })
    };
    let read =
        |(index, bucket)| read(bucket).map_err(|problem| invalid(format!("bucket {index}: {problem}")));
    buckets.into_iter().enumerate().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "32b6e34b3d91647abb20e7b8";

    #[test]
    fn buckets_are_read_from_an_array_or_a_page_byte_for_byte() {
        let bucket = |id: &str, more: &str| {
            format!(r#"{{"_id": "{id}","bucketName":"b","cloudProvider":"AWS"{more}}}"#)
        };
        let expected = |project_id: &str, project_name: Option<&str>, json: &str| FixtureBucket {
            project_id: project_id.to_owned(),
            project_name: project_name.map(str::to_owned),
            json: json.to_owned(),
        };
        let (plain, other) = (bucket("5", ""), bucket("6", r#", "new":1.50"#));
        let of_project = bucket("5", &format!(r#","groupId":"{}","groupName":"n""#, ID.to_uppercase()));
        let table = [
            ("[]".to_owned(), vec![]),
            (
                format!("[{plain}, {other}]"),
                vec![expected("default", None, &plain), expected("default", None, &other)],
            ),
            (
                format!(r#"{{"links":[],"results":[{other}],"totalCount":1}}"#),
                vec![expected("default", None, &other)],
            ),
            (
                format!("[{plain},{of_project}]"),
                vec![expected("default", None, &plain), expected(ID, Some("n"), &of_project)],
            ),
        ];
        for (json, buckets) in table {
            assert_eq!(buckets_of_json(&json, "default").unwrap(), buckets, "{json}");
        }
        let refused = [
            ("{}".to_owned(), "the object has no \"results\""),
            ("7".to_owned(), "invalid type: integer `7`, expected a sequence"),
            ("[".to_owned(), "EOF while parsing a list"),
            (format!(r#"[{plain},{{"_id":"6"}}]"#), "bucket 1: missing field `bucketName`"),
            (format!("[{plain},{other},{plain}]"), "bucket 2: an earlier one has the same id"),
            (format!("[{plain},{of_project}]"), "bucket 1: an earlier one has the same id"),
            (format!("[{}]", bucket("5", r#","groupId":"x""#)), "bucket 0: its groupId does not have 24"),
            (format!("[{}]", bucket("5", r#","groupId":5"#)), "bucket 0: invalid type: integer `5`"),
        ];
        for (json, problem) in refused {
            let error = buckets_of_json(&json, ID).unwrap_err();
            assert!(error.to_string().starts_with(problem), "{json}: {error}");
        }
    }
}
