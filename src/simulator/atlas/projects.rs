//! The projects and their buckets.

use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::io;

use serde_json::json;
use serde_json::value::RawValue;

/// A project. Buckets are kept as text, so that a page repeats byte for byte what the test put in.
#[derive(Clone, Debug)]
pub(crate) struct SimulatedProject {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) organization: String,
    pub(crate) buckets: Vec<String>,
}

impl SimulatedProject {
    /// The project as Atlas describes it, with a link to itself under `base`.
    pub(crate) fn to_json(&self, base: &str) -> String {
        let project = json!({
            "clusterCount": 1,
            "created": "2021-03-15T13:37:38Z",
            "id": self.id,
            "links": [{ "href": format!("{base}/groups/{}", self.id), "rel": "self" }],
            "name": self.name,
            "orgId": self.organization,
        });
        project.to_string()
    }
}

/// Writes the ids in lower case. The error says what is wrong with one of them or with a bucket.
pub(crate) fn check_projects(projects: &mut [SimulatedProject]) -> io::Result<()> {
    let mut known = HashSet::new();
    for SimulatedProject { id, organization, buckets, .. } in projects {
        *id = normal_id(id)
            .ok_or_else(|| invalid(format!("a project id has 24 hexadecimal digits, not {id:?}")))?;
        *organization = normal_id(organization).ok_or_else(|| {
            invalid(format!("an organization id has 24 hexadecimal digits, not {organization:?}"))
        })?;
        for (index, bucket) in buckets.iter().enumerate() {
            // Any JSON object.
            serde_json::from_str::<HashMap<String, &RawValue>>(bucket)
                .map_err(|error| invalid(format!("bucket {index} of project {id}: {error}")))?;
        }
        if !known.insert(id.clone()) {
            return Err(invalid(format!("project {id} is given twice")));
        }
    }
    Ok(())
}

/// An ObjectId in lower case, if it is one: 24 hexadecimal digits.
pub(crate) fn normal_id(id: &str) -> Option<String> {
    let well_formed = id.len() == 24 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    well_formed.then(|| id.to_ascii_lowercase())
}

pub(crate) fn invalid(problem: impl Into<Box<dyn Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "32B6E34B3D91647ABB20E7B8";

    fn project(id: &str, organization: &str, buckets: &[&str]) -> SimulatedProject {
        SimulatedProject {
            id: id.into(),
            name: "name".into(),
            organization: organization.into(),
            buckets: buckets.iter().map(|&bucket| bucket.into()).collect(),
        }
    }

    #[test]
    fn what_is_no_project_is_refused_with_the_reason() {
        let table = [
            (project("short", ID, &[]), "a project id has 24 hexadecimal digits, not \"short\""),
            (project(ID, "short", &[]), "an organization id has 24 hexadecimal digits"),
            (project(ID, ID, &["{}", "[]"]), "bucket 1 of project 32b6e34b3d91647abb20e7b8"),
            (project(ID, ID, &["{"]), "bucket 0"),
            (project(ID, ID, &["{} {}"]), "bucket 0"),
        ];
        for (project, expected) in table {
            let error = check_projects(&mut [project]).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            assert!(error.to_string().contains(expected), "{error}");
        }
        let mut twice = [project(ID, ID, &[]), project(&ID.to_lowercase(), ID, &[])];
        assert!(check_projects(&mut twice).is_err());
    }
}
