//! `ExportBucket`: one item of *Get All Snapshot Export Buckets*.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::item::{ItemText, Sealed, deserialize_item};
use super::json::RawObject;
use super::link::{MAX_ITEM_LINKS, read_links};
use super::{Link, ListItem};

/// A snapshot export bucket, as the resource *Get All Snapshot Export Buckets* describes it.
///
/// Which of the optional fields are present depends on the cloud provider.
///
/// The bucket also keeps the JSON it arrived in. [`raw`](Self::raw) returns that byte for byte, and serialising writes its fields in
/// Atlas's order, including fields that this crate does not know. So what was received is what is written, even if you change a
/// field of this struct. The JSON is a part of the page's body, which the buckets of a page share: as long as one of them is kept, so is
/// that body (about 300 bytes a bucket, at most [`max_body_bytes`](crate::ClientBuilder::max_body_bytes)).
///
/// Deserialising works with `serde_json` only. That is also how to make a bucket in a unit test:
///
/// ```
/// use atlas_export_buckets::{CloudProvider, ExportBucket};
///
/// let json = r#"{"_id":"32b6e34b3d91647abb20e7b8","bucketName":"export","cloudProvider":"AWS","new":[1.0]}"#;
/// let bucket: ExportBucket = serde_json::from_str(json)?;
/// assert_eq!(bucket.cloud_provider, CloudProvider::Aws);
/// assert_eq!(bucket.field("new"), Some("[1.0]".into()));
/// assert_eq!(serde_json::to_string(&bucket)?, json);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExportBucket {
    /// `_id`: the bucket's id in Atlas, 24 hexadecimal digits. Read from `id` if there is no `_id`.
    pub id: String,
    /// `bucketName`: the bucket's name at the cloud provider (3 to 63 characters).
    pub bucket_name: String,
    /// `cloudProvider`: where the bucket is.
    pub cloud_provider: CloudProvider,
    /// `iamRoleId`, AWS: the id of the role that Atlas assumes to write there.
    pub iam_role_id: Option<String>,
    /// `region`, AWS.
    pub region: Option<String>,
    /// `requirePrivateNetworking`, AWS: whether Atlas writes there over private networking only.
    pub require_private_networking: Option<bool>,
    /// `roleId`, Azure and Google Cloud: the id of the role that Atlas assumes to write there.
    pub role_id: Option<String>,
    /// `serviceUrl`, Azure: the URL of the blob storage account.
    pub service_url: Option<String>,
    /// `tenantId`, Azure: the id of the tenant.
    pub tenant_id: Option<String>,
    /// `links`: related resources.
    pub links: Option<Vec<Link>>,
    raw: ItemText,
}

/// The fields as Atlas names them.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fields<'a> {
    #[serde(rename = "_id")]
    underscore_id: Option<String>,
    /// As text, because it may be anything if there is an `_id`.
    id: Option<&'a RawValue>,
    bucket_name: String,
    #[serde(borrow)]
    cloud_provider: Cow<'a, str>,
    iam_role_id: Option<String>,
    region: Option<String>,
    require_private_networking: Option<bool>,
    role_id: Option<String>,
    service_url: Option<String>,
    tenant_id: Option<String>,
    #[serde(default, deserialize_with = "read_links::<_, MAX_ITEM_LINKS>")]
    links: Option<Vec<Link>>,
}

impl ListItem for ExportBucket {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Sealed for ExportBucket {
    type Fields<'a> = Fields<'a>;

    fn new(fields: Fields<'_>, raw: ItemText) -> Result<Self, serde_json::Error> {
        let id = match (fields.underscore_id, fields.id) {
            (Some(id), _) => id,
            (None, Some(id)) => serde_json::from_str(id.get())?,
            (None, None) => return Err(serde_json::Error::missing_field("_id")),
        };
        Ok(ExportBucket {
            id,
            bucket_name: fields.bucket_name,
            cloud_provider: CloudProvider::from(&*fields.cloud_provider),
            iam_role_id: fields.iam_role_id,
            region: fields.region,
            require_private_networking: fields.require_private_networking,
            role_id: fields.role_id,
            service_url: fields.service_url,
            tenant_id: fields.tenant_id,
            links: fields.links,
            raw,
        })
    }
}

impl ExportBucket {
    /// The JSON object as it arrived, byte for byte.
    pub fn raw(&self) -> &str {
        self.raw.as_str()
    }

    /// The fields as they arrived: Atlas's names in Atlas's order, and the JSON text of each value.
    pub fn fields(&self) -> impl Iterator<Item = (Cow<'_, str>, &str)> {
        let fields = serde_json::from_str(self.raw()).map(|RawObject(fields)| fields);
        // The text was read before, so it is an object.
        fields.unwrap_or_default().into_iter().map(|(name, value)| (name, value.get()))
    }

    /// The JSON text of one field as it arrived, by Atlas's name; `None` if there is no such field.
    pub fn field(&self, name: &str) -> Option<String> {
        self.fields().find(|(known, _)| known == name).map(|(_, value)| value.to_owned())
    }
}

impl<'de> Deserialize<'de> for ExportBucket {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize_item(deserializer)
    }
}

/// Writes the fields as they arrived.
impl Serialize for ExportBucket {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.raw.serialize(serializer)
    }
}

/// The cloud provider of a bucket.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Deserialize, serde::Serialize)]
#[serde(from = "String", into = "String")]
#[non_exhaustive]
pub enum CloudProvider {
    /// `AWS`: Amazon Web Services.
    Aws,
    /// `AZURE`: Microsoft Azure.
    Azure,
    /// `GCP`: Google Cloud.
    Gcp,
    /// A provider that this crate does not know, with its name in the API.
    Other(String),
}

impl CloudProvider {
    /// The name in the API.
    pub fn as_str(&self) -> &str {
        match self {
            CloudProvider::Aws => "AWS",
            CloudProvider::Azure => "AZURE",
            CloudProvider::Gcp => "GCP",
            CloudProvider::Other(name) => name,
        }
    }
}

impl From<&str> for CloudProvider {
    fn from(name: &str) -> Self {
        match name {
            "AWS" => CloudProvider::Aws,
            "AZURE" => CloudProvider::Azure,
            "GCP" => CloudProvider::Gcp,
            _ => CloudProvider::Other(name.to_owned()),
        }
    }
}

impl From<String> for CloudProvider {
    fn from(name: String) -> Self {
        name.as_str().into()
    }
}

impl From<CloudProvider> for String {
    fn from(provider: CloudProvider) -> Self {
        provider.as_str().to_owned()
    }
}

impl fmt::Display for CloudProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(json: &str) -> String {
        serde_json::to_string(&serde_json::from_str::<ExportBucket>(json).unwrap()).unwrap()
    }

    #[test]
    fn what_was_read_is_written_again() {
        let cases = [
            (
                "AWS",
                r#""cloudProvider":"AWS","iamRoleId":"r","region":"us-east-1","requirePrivateNetworking":false"#,
            ),
            ("AZURE", r#""cloudProvider":"AZURE","roleId":"r","serviceUrl":"https://x","tenantId":"t""#),
            (
                "GCP, with links",
                r#""cloudProvider":"GCP","roleId":"r","links":[{"href":"h","rel":"self","x":1}]"#,
            ),
            ("an unknown provider", r#""cloudProvider":"OCI""#),
            (
                "unknown fields in their order, numbers as they were",
                r#""cloudProvider":"AWS","z":1.0e400,"a":{"y":[1, 2 ],"b":null},"n":123456789012345678901234567890"#,
            ),
            ("id beside _id", r#""cloudProvider":"AWS","id":"é\"\u00366""#),
            ("id of another type beside _id", r#""cloudProvider":"AWS","id":null"#),
            ("nulls in known fields", r#""cloudProvider":"AWS","region":null,"links":null"#),
            ("an escaped field name", r#""cloudProvider":"AWS","a\"b":true"#),
        ];
        for (name, fields) in cases {
            let json = format!(r#"{{"_id":"5","bucketName":"b",{fields}}}"#);
            assert_eq!(round_trip(&json), json, "{name}");
        }
        let json = r#"{"id":"5","bucketName":"b","cloudProvider":"AWS"}"#;
        assert_eq!(round_trip(json), json, "id for _id");
    }

    #[test]
    fn white_space_is_kept_in_the_raw_text_and_goes_when_written() {
        let json = "{ \"_id\" : \"5\",\n\"bucketName\":\"b\",\"cloudProvider\":\"AWS\" }";
        let bucket: ExportBucket = serde_json::from_str(json).unwrap();
        assert_eq!(bucket.raw(), json);
        assert_eq!(round_trip(json), r#"{"_id":"5","bucketName":"b","cloudProvider":"AWS"}"#);
    }

    #[test]
    fn the_fields_come_in_their_order_with_the_text_of_their_values() {
        let json = r#"{"z" : 1.50,"_id":"5","bucketName":"b","cloudProvider":"AWS","a\u0022":[1, null]}"#;
        let bucket: ExportBucket = serde_json::from_str(json).unwrap();
        let fields: Vec<(Cow<'_, str>, &str)> = bucket.fields().collect();
        let expected = [
            ("z", "1.50"),
            ("_id", "\"5\""),
            ("bucketName", "\"b\""),
            ("cloudProvider", "\"AWS\""),
            ("a\"", "[1, null]"),
        ];
        assert_eq!(fields, expected.map(|(name, value)| (name.into(), value)));
    }

    #[test]
    fn buckets_are_equal_if_all_that_they_came_with_is() {
        let read = |new: u32| {
            let json = format!(r#"{{"_id":"5","bucketName":"b","cloudProvider":"AWS","new":{new}}}"#);
            serde_json::from_str::<ExportBucket>(&json).unwrap()
        };
        assert_eq!(read(1), read(1));
        assert_ne!(read(1), read(2));
        assert!(format!("{:?}", read(7)).contains(r#"\"new\":7"#));
    }

    #[test]
    fn a_bucket_can_be_flattened_into_another_struct() {
        #[derive(serde::Serialize)]
        struct Row {
            project: &'static str,
            #[serde(flatten)]
            bucket: ExportBucket,
        }
        let bucket =
            serde_json::from_str(r#"{"_id":"5","bucketName":"b","cloudProvider":"AWS","n":1.0}"#).unwrap();
        let row = serde_json::to_string(&Row { project: "p", bucket }).unwrap();
        assert_eq!(row, r#"{"project":"p","_id":"5","bucketName":"b","cloudProvider":"AWS","n":1.0}"#);
    }

    #[test]
    fn known_fields_are_read() {
        let json = r#"{"region":"r","cloudProvider":"AWS","bucketName":"b","_id":"5","requirePrivateNetworking":true,"new":[1]}"#;
        let bucket: ExportBucket = serde_json::from_str(json).unwrap();
        assert_eq!(
            (&*bucket.id, &*bucket.bucket_name, &bucket.cloud_provider),
            ("5", "b", &CloudProvider::Aws)
        );
        assert_eq!((bucket.region.as_deref(), bucket.require_private_networking), (Some("r"), Some(true)));
        assert_eq!((bucket.field("new").as_deref(), bucket.field("old")), (Some("[1]"), None));
    }

    #[test]
    fn cloud_providers_have_their_names_in_the_api() {
        let cases = [
            ("AWS", CloudProvider::Aws),
            ("AZURE", CloudProvider::Azure),
            ("GCP", CloudProvider::Gcp),
            ("OCI", CloudProvider::Other("OCI".into())),
        ];
        for (name, provider) in cases {
            let json = format!("\"{name}\"");
            assert_eq!(serde_json::from_str::<CloudProvider>(&json).unwrap(), provider);
            assert_eq!(
                (provider.to_string(), serde_json::to_string(&provider).unwrap()),
                (name.into(), json)
            );
        }
    }

    #[test]
    fn what_is_no_bucket_says_why() {
        let cases = [
            (r#"{"bucketName":"b","cloudProvider":"AWS"}"#, "missing field `_id`"),
            (r#"{"_id":"5","cloudProvider":"AWS"}"#, "missing field `bucketName`"),
            (r#"{"_id":"5","bucketName":"b"}"#, "missing field `cloudProvider`"),
            (r#"{"_id":5}"#, "invalid type: integer `5`, expected a string at line 1 column 8"),
            (
                r#"{"id":5,"bucketName":"b","cloudProvider":"AWS"}"#,
                "invalid type: integer `5`, expected a string",
            ),
            (r#"{"_id":"5","id":"6","id":"7"}"#, "duplicate field `id`"),
            (r#"{"region":1}"#, "invalid type: integer `1`, expected a string"),
            (r#"{"region":null,"region":"b"}"#, "duplicate field `region`"),
            (
                r#"["5","6","b","AWS",null,null,null,null,null,null,null]"#,
                "invalid type: sequence, expected a JSON object",
            ),
        ];
        for (json, expected) in cases {
            let error = serde_json::from_str::<ExportBucket>(json).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{json}: {error}");
        }
    }
}
