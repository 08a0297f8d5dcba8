//! The wire structs of one bucket: `ExportBucket`, `CloudProvider`, `Link`, and the fields that nobody knows yet.
//!
//! Deserialised by hand: serde's derive would cost the user's build five more crates, and its way to keep unknown
//! fields (`flatten`) would buffer every bucket.

mod other_fields;

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

pub use other_fields::OtherFields;

/// A snapshot export bucket, as the resource *Get All Snapshot Export Buckets* describes it.
///
/// Which of the optional fields are there depends on the cloud provider. Serialising gives what was deserialised:
/// Atlas's names, the same values, and the fields that this crate does not know.
///
/// ```
/// use atlas_export_buckets::{CloudProvider, ExportBucket};
///
/// let json = r#"{"_id":"32b6e34b3d91647abb20e7b8","bucketName":"export","cloudProvider":"AWS","new":[1]}"#;
/// let bucket: ExportBucket = serde_json::from_str(json)?;
/// assert_eq!((bucket.cloud_provider.clone(), bucket.other.get("new")), (CloudProvider::Aws, Some("[1]")));
/// assert_eq!(serde_json::to_string(&bucket)?, json);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ExportBucket {
    /// `_id`: the bucket's id in Atlas, 24 hexadecimal digits. Read from `id` if there is no `_id`.
    pub id: String,
    /// `bucketName`: the bucket's name at the cloud provider (3 to 63 characters).
    pub bucket_name: String,
    /// `cloudProvider`: where the bucket is.
    pub cloud_provider: CloudProvider,
    /// `iamRoleId`, AWS: the id of the role that Atlas takes on to write there.
    pub iam_role_id: Option<String>,
    /// `region`, AWS.
    pub region: Option<String>,
    /// `requirePrivateNetworking`, AWS: whether Atlas writes there over private networking only.
    pub require_private_networking: Option<bool>,
    /// `roleId`, Azure and Google Cloud: the id of the role that Atlas takes on to write there.
    pub role_id: Option<String>,
    /// `serviceUrl`, Azure: the URL of the blob storage account.
    pub service_url: Option<String>,
    /// `tenantId`, Azure: the id of the tenant.
    pub tenant_id: Option<String>,
    /// `links`: related resources.
    pub links: Option<Vec<Link>>,
    /// Fields that this crate does not know, unchanged and in their order.
    pub other: OtherFields,
    /// Whether the server called the id `id`.
    plain_id: bool,
}

/// The cloud provider of a bucket.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CloudProvider {
    /// `AWS`: Amazon Web Services.
    Aws,
    /// `AZURE`: Microsoft Azure.
    Azure,
    /// `GCP`: Google Cloud.
    Gcp,
    /// One that this crate does not know, by its name.
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

impl fmt::Display for CloudProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A link to a related resource. This crate follows none.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Link {
    /// The URL.
    pub href: Option<String>,
    /// What it is to this resource, such as `next`.
    pub rel: Option<String>,
    /// Fields that this crate does not know, unchanged and in their order.
    pub other: OtherFields,
}

/// The name of a field while it is read, without a copy where the parser can lend it.
pub(crate) struct FieldName<'de>(pub(crate) Cow<'de, str>);

impl<'de> Deserialize<'de> for FieldName<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;
        impl<'de> Visitor<'de> for NameVisitor {
            type Value = FieldName<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a field name")
            }

            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<FieldName<'de>, E> {
                Ok(FieldName(Cow::Borrowed(name)))
            }

            fn visit_str<E>(self, name: &str) -> Result<FieldName<'de>, E> {
                Ok(FieldName(Cow::Owned(name.to_owned())))
            }
        }
        deserializer.deserialize_str(NameVisitor)
    }
}

/// Reads a field that must not be null. An error names the field, which serde's own errors do not.
pub(crate) fn read<'de, T: Deserialize<'de>, A: MapAccess<'de>>(
    slot: &mut Option<T>,
    map: &mut A,
    name: &str,
) -> Result<(), A::Error> {
    match map.next_value() {
        Ok(_) if slot.is_some() => Err(wrong(name, &" stands twice")),
        Ok(value) => {
            *slot = Some(value);
            Ok(())
        }
        Err(error) => Err(wrong(name, &format_args!(": {error}"))),
    }
}

#[cold]
fn wrong<E: serde::de::Error>(name: &str, problem: &dyn fmt::Display) -> E {
    E::custom(format_args!("{name}{problem}"))
}

/// Reads a field that may be null.
pub(crate) fn read_nullable<'de, T: Deserialize<'de>, A: MapAccess<'de>>(
    slot: &mut Option<T>,
    map: &mut A,
    name: &str,
) -> Result<(), A::Error> {
    let mut value: Option<Option<T>> = slot.take().map(Some);
    read(&mut value, map, name)?;
    *slot = value.flatten();
    Ok(())
}

/// Reads a field that may be null; remembers it if it is, as the document would not be the same without it.
fn read_or_null<'de, T: Deserialize<'de>, A: MapAccess<'de>>(
    slot: &mut Option<T>,
    map: &mut A,
    name: &str,
    other: &mut OtherFields,
) -> Result<(), A::Error> {
    read_nullable(slot, map, name)?;
    if slot.is_none() {
        other.push(name, "null");
    }
    Ok(())
}

/// A bucket while its fields are read.
struct Draft {
    underscore_id: Option<String>,
    /// As JSON, because beside `_id` it is just another field, which is kept as it came.
    plain_id: Option<Box<RawValue>>,
    bucket_name: Option<String>,
    cloud_provider: Option<CloudProvider>,
    /// The fields that a bucket may do without. `finish` fills in the others.
    bucket: ExportBucket,
}

impl Draft {
    fn new() -> Self {
        let bucket = ExportBucket {
            id: String::new(),
            bucket_name: String::new(),
            cloud_provider: CloudProvider::Aws,
            iam_role_id: None,
            region: None,
            require_private_networking: None,
            role_id: None,
            service_url: None,
            tenant_id: None,
            links: None,
            other: OtherFields::default(),
            plain_id: false,
        };
        Draft { underscore_id: None, plain_id: None, bucket_name: None, cloud_provider: None, bucket }
    }

    fn read<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        let bucket = &mut self.bucket;
        match name {
            "_id" => read(&mut self.underscore_id, map, name),
            "id" => read(&mut self.plain_id, map, name),
            "bucketName" => read(&mut self.bucket_name, map, name),
            "cloudProvider" => read(&mut self.cloud_provider, map, name),
            "iamRoleId" => read_or_null(&mut bucket.iam_role_id, map, name, &mut bucket.other),
            "region" => read_or_null(&mut bucket.region, map, name, &mut bucket.other),
            "requirePrivateNetworking" => {
                read_or_null(&mut bucket.require_private_networking, map, name, &mut bucket.other)
            }
            "roleId" => read_or_null(&mut bucket.role_id, map, name, &mut bucket.other),
            "serviceUrl" => read_or_null(&mut bucket.service_url, map, name, &mut bucket.other),
            "tenantId" => read_or_null(&mut bucket.tenant_id, map, name, &mut bucket.other),
            "links" => read_or_null(&mut bucket.links, map, name, &mut bucket.other),
            _ => bucket.other.read(name, map),
        }
    }

    fn finish<E: serde::de::Error>(self) -> Result<ExportBucket, E> {
        let mut bucket = self.bucket;
        bucket.id = match (self.underscore_id, self.plain_id) {
            (Some(id), None) => id,
            (Some(id), Some(plain_id)) => {
                // Both were sent: `_id` is the id, and `id` is just another field.
                bucket.other.add("id", &plain_id)?;
                id
            }
            (None, Some(plain_id)) => {
                bucket.plain_id = true;
                serde_json::from_str(plain_id.get()).map_err(|_| E::custom("id: not a string"))?
            }
            (None, None) => return Err(E::missing_field("_id")),
        };
        bucket.bucket_name = self.bucket_name.ok_or_else(|| E::missing_field("bucketName"))?;
        bucket.cloud_provider = self.cloud_provider.ok_or_else(|| E::missing_field("cloudProvider"))?;
        Ok(bucket)
    }
}

impl<'de> Deserialize<'de> for ExportBucket {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BucketVisitor;
        impl<'de> Visitor<'de> for BucketVisitor {
            type Value = ExportBucket;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an export bucket, a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ExportBucket, A::Error> {
                let mut draft = Draft::new();
                while let Some(FieldName(name)) = map.next_key()? {
                    draft.read(&name, &mut map)?;
                }
                draft.finish()
            }
        }
        deserializer.deserialize_map(BucketVisitor)
    }
}

impl Serialize for ExportBucket {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(if self.plain_id { "id" } else { "_id" }, &self.id)?;
        map.serialize_entry("bucketName", &self.bucket_name)?;
        map.serialize_entry("cloudProvider", &self.cloud_provider)?;
        write(&mut map, "iamRoleId", &self.iam_role_id, &self.other)?;
        write(&mut map, "region", &self.region, &self.other)?;
        write(&mut map, "requirePrivateNetworking", &self.require_private_networking, &self.other)?;
        write(&mut map, "roleId", &self.role_id, &self.other)?;
        write(&mut map, "serviceUrl", &self.service_url, &self.other)?;
        write(&mut map, "tenantId", &self.tenant_id, &self.other)?;
        write(&mut map, "links", &self.links, &self.other)?;
        self.other.write(&mut map)?;
        map.end()
    }
}

fn write<M: SerializeMap, T: Serialize>(
    map: &mut M,
    name: &'static str,
    value: &Option<T>,
    other: &OtherFields,
) -> Result<(), M::Error> {
    match value {
        // Not if it was null when read, and was given a value since: a name stands once.
        Some(value) if other.get(name).is_none() => map.serialize_entry(name, value),
        _ => Ok(()),
    }
}

impl<'de> Deserialize<'de> for CloudProvider {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ProviderVisitor;
        impl Visitor<'_> for ProviderVisitor {
            type Value = CloudProvider;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a cloud provider")
            }

            fn visit_str<E>(self, name: &str) -> Result<CloudProvider, E> {
                Ok(CloudProvider::from(name))
            }
        }
        deserializer.deserialize_str(ProviderVisitor)
    }
}

impl Serialize for CloudProvider {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Link {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct LinkVisitor;
        impl<'de> Visitor<'de> for LinkVisitor {
            type Value = Link;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a link, a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Link, A::Error> {
                let mut link = Link::default();
                while let Some(FieldName(name)) = map.next_key()? {
                    match &*name {
                        "href" => read_or_null(&mut link.href, &mut map, &name, &mut link.other)?,
                        "rel" => read_or_null(&mut link.rel, &mut map, &name, &mut link.other)?,
                        _ => link.other.read(&name, &mut map)?,
                    }
                }
                Ok(link)
            }
        }
        deserializer.deserialize_map(LinkVisitor)
    }
}

impl Serialize for Link {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        write(&mut map, "href", &self.href, &self.other)?;
        write(&mut map, "rel", &self.rel, &self.other)?;
        self.other.write(&mut map)?;
        map.end()
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
                r#"{"_id":"5","bucketName":"b","cloudProvider":"AWS","iamRoleId":"r","region":"us-east-1","requirePrivateNetworking":false}"#,
            ),
            (
                "AZURE",
                r#"{"_id":"5","bucketName":"b","cloudProvider":"AZURE","roleId":"r","serviceUrl":"https://x","tenantId":"t"}"#,
            ),
            (
                "GCP, with links",
                r#"{"_id":"5","bucketName":"b","cloudProvider":"GCP","roleId":"r","links":[{"href":"h","rel":"self","x":1}]}"#,
            ),
            ("an unknown provider", r#"{"_id":"5","bucketName":"b","cloudProvider":"OCI"}"#),
            (
                "unknown fields in their order, numbers as they were",
                r#"{"_id":"5","bucketName":"b","cloudProvider":"AWS","z":1.0e400,"a":{"y":[1, 2 ],"b":null},"n":123456789012345678901234567890}"#,
            ),
            ("id for _id", r#"{"id":"5","bucketName":"b","cloudProvider":"AWS"}"#),
            ("both", r#"{"_id":"5","bucketName":"b","cloudProvider":"AWS","id":"é\"\u00366"}"#),
            ("both, one of another type", r#"{"_id":"5","bucketName":"b","cloudProvider":"AWS","id":null}"#),
            (
                "nulls in known fields",
                r#"{"_id":"5","bucketName":"b","cloudProvider":"AWS","region":null,"links":null}"#,
            ),
            ("an escaped field name", r#"{"_id":"5","bucketName":"b","cloudProvider":"AWS","a\"b":true}"#),
        ];
        for (name, json) in cases {
            assert_eq!(round_trip(json), json, "{name}");
        }
    }

    #[test]
    fn known_fields_are_read() {
        let bucket: ExportBucket = serde_json::from_str(
            r#"{"region":"r","cloudProvider":"AWS","bucketName":"b","_id":"5","requirePrivateNetworking":true,"new":[1]}"#,
        )
        .unwrap();
        assert_eq!(
            (&*bucket.id, &*bucket.bucket_name, bucket.cloud_provider),
            ("5", "b", CloudProvider::Aws)
        );
        assert_eq!((bucket.region.as_deref(), bucket.require_private_networking), (Some("r"), Some(true)));
        assert_eq!(bucket.other.get("new"), Some("[1]"));
    }

    #[test]
    fn errors_name_the_field() {
        let cases = [
            (r#"{"bucketName":"b","cloudProvider":"AWS"}"#, "missing field `_id`"),
            (r#"{"_id":"5","cloudProvider":"AWS"}"#, "missing field `bucketName`"),
            (r#"{"_id":"5","bucketName":"b"}"#, "missing field `cloudProvider`"),
            (r#"{"_id":5}"#, "_id: invalid type: integer `5`, expected a string"),
            (r#"{"_id":null}"#, "_id: invalid type: null, expected a string"),
            (r#"{"id":5,"bucketName":"b","cloudProvider":"AWS"}"#, "id: not a string at line 1 column 47"),
            (r#"{"_id":"5","id":"6","id":"7"}"#, "id stands twice"),
            (r#"{"region":1}"#, "region: invalid type: integer `1`, expected a string"),
            (r#"{"region":"a","region":"b"}"#, "region stands twice"),
            ("[]", "invalid type: sequence, expected an export bucket, a JSON object"),
        ];
        for (json, expected) in cases {
            let error = serde_json::from_str::<ExportBucket>(json).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{json}: {error}");
        }
    }
}
