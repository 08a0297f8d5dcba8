//! `Project`: one item of *Get All Projects*. The API also calls a project a group.

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

use super::item::{ItemText, Sealed, deserialize_item};
use super::link::{MAX_ITEM_LINKS, read_links};
use super::{Link, ListItem};

/// A project, as *Get All Projects* describes it.
///
/// Like an [`ExportBucket`](crate::ExportBucket), it keeps the JSON it arrived in, and serialising writes that.
///
/// ```
/// use atlas_export_buckets::Project;
///
/// let json = r#"{"id":"32b6e34b3d91647abb20e7b8","name":"billing","orgId":"5e4e593f70dfbf1010295836"}"#;
/// let project: Project = serde_json::from_str(json)?;
/// assert_eq!((project.name.as_str(), project.cluster_count), ("billing", None));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Project {
    /// `id`: the project's id, 24 hexadecimal digits.
    pub id: String,
    /// `name`: the project's name.
    pub name: String,
    /// `orgId`: the id of its organization.
    pub org_id: String,
    /// `clusterCount`: how many clusters it has.
    pub cluster_count: Option<u64>,
    /// `created`: when it was created, in ISO 8601 form such as `2016-07-14T14:19:33Z`.
    pub created: Option<String>,
    /// `links`: related resources.
    pub links: Option<Vec<Link>>,
    raw: ItemText,
}

/// The fields as Atlas names them.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fields {
    id: String,
    name: String,
    org_id: String,
    cluster_count: Option<u64>,
    created: Option<String>,
    #[serde(default, deserialize_with = "read_links::<_, MAX_ITEM_LINKS>")]
    links: Option<Vec<Link>>,
}

impl ListItem for Project {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Sealed for Project {
    type Fields<'a> = Fields;

    fn new(fields: Fields, raw: ItemText) -> Result<Self, serde_json::Error> {
        let Fields { id, name, org_id, cluster_count, created, links } = fields;
        Ok(Project { id, name, org_id, cluster_count, created, links, raw })
    }
}

impl Project {
    /// The JSON object as it arrived, byte for byte.
    pub fn raw(&self) -> &str {
        self.raw.as_str()
    }
}

impl<'de> Deserialize<'de> for Project {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize_item(deserializer)
    }
}

/// Writes the fields as they arrived.
impl Serialize for Project {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.raw.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_is_read_and_written_again() {
        let json = r#"{"clusterCount":2,"created":"2016-07-14T14:19:33Z","id":"5","links":[],"name":"n","orgId":"o","x":1.0}"#;
        let project: Project = serde_json::from_str(json).unwrap();
        assert_eq!((ListItem::id(&project), &*project.name, &*project.org_id), ("5", "n", "o"));
        assert_eq!(
            (project.cluster_count, project.created.as_deref()),
            (Some(2), Some("2016-07-14T14:19:33Z"))
        );
        assert_eq!((project.raw(), serde_json::to_string(&project).unwrap()), (json, json.to_owned()));
    }
}
