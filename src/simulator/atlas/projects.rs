//! The projects and their buckets.

use std::collections::HashMap;
use std::io;

use serde_json::value::RawValue;

use super::object_id::normal_id;

/// A project. Buckets are kept as text, so that a page repeats byte for byte what the test put in.
#[derive(Clone, Debug)]
pub(crate) struct SimulatedProject {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) organization: String,
    pub(crate) buckets: Vec<Box<str>>,
}

impl SimulatedProject {
    /// The project as Atlas describes it, with a link to itself under `base`.
    pub(crate) fn to_json(&self, base: &str) -> String {
        let SimulatedProject { id, organization, .. } = self;
        let name = serde_json::Value::from(self.name.as_str());
        let href = serde_json::Value::from(format!("{base}/groups/{id}"));
        format!(
            r#"{{"clusterCount":1,"created":"2021-03-15T13:37:38Z","id":"{id}","links":[{{"href":{href},"rel":"self"}}],"name":{name},"orgId":"{organization}"}}"#
        )
    }
}

/// All projects, in the order in which they were added.
#[derive(Debug, Default)]
pub(crate) struct ProjectStore {
    projects: Vec<SimulatedProject>,
    places: HashMap<String, usize>,
}

impl ProjectStore {
    /// Adds a project. The error says what is wrong with one of its ids or with one of its buckets.
    pub(crate) fn add(&mut self, mut project: SimulatedProject) -> io::Result<()> {
        for (what, id) in [("project", &mut project.id), ("organization", &mut project.organization)] {
            *id = normal_id(id).ok_or_else(|| {
                let article = if what == "project" { "a" } else { "an" };
                invalid(format!("{article} {what} id has 24 hexadecimal digits, not {id:?}"))
            })?;
        }
        for (index, bucket) in project.buckets.iter().enumerate() {
            check_bucket(bucket)
                .map_err(|error| invalid(format!("bucket {index} of project {}: {error}", project.id)))?;
        }
        if self.places.insert(project.id.clone(), self.projects.len()).is_some() {
            return Err(invalid(format!("project {} is given twice", project.id)));
        }
        self.projects.push(project);
        Ok(())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &SimulatedProject> {
        self.projects.iter()
    }

    pub(crate) fn get(&self, id: &str) -> Option<&SimulatedProject> {
        self.projects.get(*self.places.get(&normal_id(id)?)?)
    }

    /// Puts a bucket before the one at `index`, or at the end if there are fewer.
    pub(crate) fn insert_bucket(&mut self, id: &str, index: usize, bucket: &str) {
        if let Some(buckets) = self.buckets_mut(id) {
            buckets.insert(index.min(buckets.len()), bucket.into());
        }
    }

    /// Deletes the bucket at `index`, if there is one.
    pub(crate) fn delete_bucket(&mut self, id: &str, index: usize) {
        if let Some(buckets) = self.buckets_mut(id)
            && index < buckets.len()
        {
            buckets.remove(index);
        }
    }

    fn buckets_mut(&mut self, id: &str) -> Option<&mut Vec<Box<str>>> {
        let place = *self.places.get(&normal_id(id)?)?;
        self.projects.get_mut(place).map(|project| &mut project.buckets)
    }
}

/// Reads buckets from JSON: an array of them, or an object whose `results` is one, such as a page of Atlas's. With each comes
/// its `groupId`, if it has one.
pub(crate) fn buckets_of_json(json: &str) -> io::Result<Vec<(Option<String>, String)>> {
    let results = match serde_json::from_str::<HashMap<String, &RawValue>>(json) {
        Ok(page) => match page.get("results") {
            Some(results) => results.get(),
            None => return Err(invalid("the object has no \"results\"".to_owned())),
        },
        Err(_) => json,
    };
    let buckets: Vec<&RawValue> =
        serde_json::from_str(results).map_err(|error| invalid(error.to_string()))?;
    let group_id = |bucket: &RawValue| {
        let fields: HashMap<String, &RawValue> = serde_json::from_str(bucket.get()).ok()?;
        serde_json::from_str(fields.get("groupId")?.get()).ok()
    };
    Ok(buckets.iter().map(|bucket| (group_id(bucket), bucket.get().to_owned())).collect())
}

/// Whether this is the text of a JSON object.
fn check_bucket(text: &str) -> serde_json::Result<()> {
    serde_json::from_str::<HashMap<String, &RawValue>>(text).map(drop)
}

pub(crate) fn invalid(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
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
            let error = ProjectStore::default().add(project).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            assert!(error.to_string().contains(expected), "{error}");
        }
        let mut projects = ProjectStore::default();
        projects.add(project(ID, ID, &[])).unwrap();
        assert!(projects.add(project(&ID.to_lowercase(), ID, &[])).is_err());
    }

    #[test]
    fn buckets_can_be_inserted_and_deleted_anywhere() {
        let mut projects = ProjectStore::default();
        projects.add(project(ID, ID, &[r#"{"a":1}"#])).unwrap();
        projects.insert_bucket(ID, 0, "{}");
        projects.insert_bucket(ID, 99, r#"{"z":1}"#);
        projects.delete_bucket(ID, 1);
        projects.delete_bucket(ID, 99);
        let left: Vec<&str> = projects.get(ID).unwrap().buckets.iter().map(|text| &**text).collect();
        assert_eq!(left, ["{}", r#"{"z":1}"#]);
    }

    #[test]
    fn buckets_are_read_from_an_array_or_a_page_byte_for_byte() {
        let table = [
            ("[]", Ok(vec![])),
            (r#"[{"a": 1.50}, {}]"#, Ok(vec![(None, r#"{"a": 1.50}"#), (None, "{}")])),
            (r#"{"links":[],"results":[{"a":null}],"totalCount":1}"#, Ok(vec![(None, r#"{"a":null}"#)])),
            (
                r#"[{"groupId":"x"},{"groupId":5}]"#,
                Ok(vec![(Some("x"), r#"{"groupId":"x"}"#), (None, r#"{"groupId":5}"#)]),
            ),
            ("{}", Err("the object has no \"results\"")),
            ("7", Err("invalid type: integer `7`, expected a sequence")),
            ("[", Err("EOF while parsing a list")),
        ];
        for (json, expected) in table {
            match (buckets_of_json(json), expected) {
                (Ok(buckets), Ok(expected)) => {
                    let buckets: Vec<_> = buckets.iter().map(|(id, text)| (id.as_deref(), &**text)).collect();
                    assert_eq!(buckets, expected, "{json}");
                }
                (Err(error), Err(expected)) => assert!(error.to_string().starts_with(expected), "{error}"),
                (result, _) => panic!("{json}: {result:?}"),
            }
        }
    }
}
