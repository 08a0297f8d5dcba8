//! Buckets as Atlas sent them, each with its project; and the object around them.

use std::fmt;
use std::io::{self, Write};

use atlas_export_buckets::ExportBucket;
use atlas_export_buckets::escape::escape_json;
use serde::Serialize;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::failure::Failure;
use crate::projects::NamedProject;

/// A bucket a line.
pub(super) fn lines(project: &NamedProject, buckets: &[ExportBucket]) -> io::Result<String> {
    let mut lines = String::new();
    for bucket in buckets {
        lines.push_str(&object(project, bucket)?);
        lines.push('\n');
    }
    Ok(lines)
}

/// Elements of an array, each behind a comma.
pub(super) fn elements(project: &NamedProject, buckets: &[ExportBucket]) -> io::Result<String> {
    let mut elements = String::new();
    for bucket in buckets {
        elements.push_str(",\n");
        elements.push_str(&object(project, bucket)?);
    }
    Ok(elements)
}

/// A bucket with its project in front, on one line. A field of the bucket's own that is called so gives way.
fn object(project: &NamedProject, bucket: &ExportBucket) -> io::Result<String> {
    let Fields(fields) = serde_json::from_str(bucket.raw())?;
    let mut object = format!("{{\"groupId\":\"{}\"", project.id);
    if let Some(name) = &project.name {
        object.extend([",\"groupName\":", &escape_json(&serde_json::to_string(name)?)]);
    }
    for (name, value) in fields {
        let is_ours = match serde_json::from_str::<String>(name.get())?.as_str() {
            "groupId" => true,
            "groupName" => project.name.is_some(),
            _ => false,
        };
        if !is_ours {
            object.extend([",", &escape_json(name.get()), ":", &escape_json(value.get())]);
        }
    }
    object.push('}');
    Ok(object)
}

/// The fields of a JSON object in their order, names and values as they are written.
struct Fields<'a>(Vec<(&'a RawValue, &'a RawValue)>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor;
        impl<'de> Visitor<'de> for FieldsVisitor {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(FieldsVisitor)
    }
}

/// `{"results":[…],"totalCount":N}`, with `errors` in place of the count if any project failed.
pub(super) struct Object {
    has_begun: bool,
    has_results: bool,
    /// The sum over the projects, if all are known.
    total_count: Option<u64>,
    errors: Vec<ErrorEntry>,
}

/// Why a project, or the list of projects, is missing.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ErrorEntry {
    #[serde(skip_serializing_if = "Option::is_none")]
    group_id: Option<String>,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    exit_status: u8,
}

impl Object {
    pub(super) fn new() -> Self {
        Object { has_begun: false, has_results: false, total_count: Some(0), errors: Vec::new() }
    }

    pub(super) fn begin(&mut self, out: &mut impl Write) -> io::Result<()> {
        if std::mem::replace(&mut self.has_begun, true) {
            return Ok(());
        }
        out.write_all(b"{\"results\":[")
    }

    pub(super) fn elements(&mut self, elements: &[u8], out: &mut impl Write) -> io::Result<()> {
        if elements.is_empty() || std::mem::replace(&mut self.has_results, true) {
            return out.write_all(elements);
        }
        out.write_all(elements.strip_prefix(b",").unwrap_or(elements))
    }

    pub(super) fn add_count(&mut self, count: Option<u64>) {
        self.total_count = self.total_count.zip(count).and_then(|(sum, count)| sum.checked_add(count));
    }

    pub(super) fn failed(&mut self, project: Option<&NamedProject>, failure: &Failure) {
        self.errors.push(ErrorEntry {
            group_id: project.map(|project| project.id.to_string()),
            message: failure.message(),
            status: failure.http_status(),
            exit_status: failure.exit_status(),
        });
    }

    pub(super) fn finish(&mut self, out: &mut impl Write) -> io::Result<()> {
        self.begin(out)?;
        let line_end = if self.has_results { "\n" } else { "" };
        write!(out, "{line_end}]")?;
        if !self.errors.is_empty() {
            write!(out, ",\"errors\":{}", escape_json(&serde_json::to_string(&self.errors)?))?;
        } else if let Some(total_count) = self.total_count {
            write!(out, ",\"totalCount\":{total_count}")?;
        }
        out.write_all(b"}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "32b6e34b3d91647abb20e7b8";
    const START: &str = r#"{"groupId":"32b6e34b3d91647abb20e7b8","#;
    const KNOWN: &str = r#""_id":"5","bucketName":"b","cloudProvider":"AWS""#;

    #[test]
    fn a_bucket_is_printed_as_it_came_behind_its_project() {
        let cases = [
            ("known fields", format!("{{{KNOWN}}}"), format!("{START}{KNOWN}}}")),
            (
                "number forms, nulls and order",
                format!("{{{KNOWN},\"z\":1.50,\"a\":null,\"m\":1e3}}"),
                format!("{START}{KNOWN},\"z\":1.50,\"a\":null,\"m\":1e3}}"),
            ),
            (
                "a project of its own",
                format!("{{{KNOWN},\"groupId\":\"x\",\"\\u0067roupId\":1}}"),
                format!("{START}{KNOWN}}}"),
            ),
            (
                "indented",
                format!("{{{KNOWN},\"new\":{{\r\n\t\"a\": [1,\n 2]}}}}"),
                format!("{START}{KNOWN},\"new\":{{\"a\": [1, 2]}}}}"),
            ),
            (
                "unprintable characters",
                format!("{{{KNOWN},\"n\u{202e}\":\"\u{9b}\u{61c}\"}}"),
                format!("{START}{KNOWN},\"n\\u202e\":\"\\u009b\\u061c\"}}"),
            ),
        ];
        let project = NamedProject::from(ID.parse::<atlas_export_buckets::ProjectId>().unwrap());
        for (name, received, expected) in cases {
            let bucket = serde_json::from_str(&received).unwrap();
            assert_eq!(object(&project, &bucket).unwrap(), expected, "{name}");
        }
    }

    #[test]
    fn a_project_s_name_follows_its_id_and_hides_the_bucket_s_own() {
        let project = NamedProject { id: ID.parse().unwrap(), name: Some("Pro\"d\u{9b}".into()) };
        let bucket = serde_json::from_str(&format!("{{{KNOWN},\"groupName\":\"x\"}}")).unwrap();
        let expected = format!("{START}\"groupName\":\"Pro\\\"d\\u009b\",{KNOWN}}}");
        assert_eq!(object(&project, &bucket).unwrap(), expected);
    }
}
