//! The projects and their buckets, kept as the texts that they were given in.

use std::collections::HashMap;
use std::io;

/// The buckets of every project. A bucket is kept as text, so that a page is made by copying, in time
/// that follows from the size of the page alone, and says byte for byte what the test put in.
#[derive(Debug, Default)]
pub(super) struct Projects {
    ids: Vec<String>,
    buckets: HashMap<String, Vec<Box<str>>>,
}

impl Projects {
    /// Adds a project. The error says what is wrong with its id or with one of its buckets.
    pub(super) fn add(&mut self, id: &str, buckets: Vec<String>) -> io::Result<()> {
        let id = normal_id(id)
            .ok_or_else(|| invalid(format!("a project id has 24 hexadecimal digits, not {id:?}")))?;
        let mut checked = Vec::with_capacity(buckets.len());
        for (index, bucket) in buckets.into_iter().enumerate() {
            check_bucket(&bucket)
                .map_err(|error| invalid(format!("bucket {index} of project {id}: {error}")))?;
            checked.push(bucket.into_boxed_str());
        }
        if self.buckets.insert(id.clone(), checked).is_some() {
            return Err(invalid(format!("project {id} is given twice")));
        }
        self.ids.push(id);
        Ok(())
    }

    pub(super) fn ids(&self) -> &[String] {
        &self.ids
    }

    pub(super) fn buckets(&self, id: &str) -> Option<&[Box<str>]> {
        self.buckets.get(&normal_id(id)?).map(Vec::as_slice)
    }

    /// Puts a bucket before the one at `index`, or at the end if there are fewer.
    pub(super) fn insert(&mut self, id: &str, index: usize, bucket: &str) {
        if let Some(buckets) = self.buckets_mut(id) {
            buckets.insert(index.min(buckets.len()), bucket.into());
        }
    }

    /// Takes the bucket at `index` away, if there is one.
    pub(super) fn delete(&mut self, id: &str, index: usize) {
        if let Some(buckets) = self.buckets_mut(id)
            && index < buckets.len()
        {
            buckets.remove(index);
        }
    }

    fn buckets_mut(&mut self, id: &str) -> Option<&mut Vec<Box<str>>> {
        self.buckets.get_mut(&normal_id(id)?)
    }
}

/// The id in lower case, if it is one: 24 hexadecimal digits.
pub(super) fn normal_id(id: &str) -> Option<String> {
    let well_formed = id.len() == 24 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    well_formed.then(|| id.to_ascii_lowercase())
}

/// Whether this is the text of a JSON object.
fn check_bucket(text: &str) -> serde_json::Result<()> {
    serde_json::from_str::<HashMap<String, &serde_json::value::RawValue>>(text).map(drop)
}

pub(super) fn invalid(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "32B6E34B3D91647ABB20E7B8";

    #[test]
    fn what_is_no_project_is_refused_with_the_reason() {
        let table: [(&str, &[&str], &str); 4] = [
            ("short", &[], "24 hexadecimal digits"),
            (ID, &["{}", "[]"], "bucket 1 of project 32b6e34b3d91647abb20e7b8"),
            (ID, &["{"], "bucket 0"),
            (ID, &["{} {}"], "bucket 0"),
        ];
        for (id, buckets, expected) in table {
            let buckets = buckets.iter().map(|text| text.to_string()).collect();
            let error = Projects::default().add(id, buckets).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            assert!(error.to_string().contains(expected), "{error}");
        }
        let mut projects = Projects::default();
        projects.add(ID, vec![]).unwrap();
        assert!(projects.add(&ID.to_lowercase(), vec![]).is_err());
    }

    #[test]
    fn buckets_can_be_inserted_and_deleted_anywhere() {
        let mut projects = Projects::default();
        projects.add(ID, vec![r#"{"a":1}"#.into()]).unwrap();
        projects.insert(ID, 0, "{}");
        projects.insert(ID, 99, r#"{"z":1}"#);
        projects.delete(ID, 1);
        projects.delete(ID, 99);
        let left: Vec<&str> = projects.buckets(ID).unwrap().iter().map(|text| &**text).collect();
        assert_eq!(left, ["{}", r#"{"z":1}"#]);
    }
}
