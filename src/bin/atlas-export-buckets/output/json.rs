//! Buckets as Atlas sent them, each with its project; and the object around them.

use std::io;

use atlas_export_buckets::ExportBucket;
use atlas_export_buckets::escape::escape_json;
use serde::Serialize;

use crate::failure::Failure;
use crate::projects::NamedProject;

/// A bucket a line.
pub(super) fn lines(project: &NamedProject, buckets: &[ExportBucket]) -> io::Result<String> {
    buckets.iter().map(|bucket| Ok(object(project, bucket)? + "\n")).collect()
}

/// A bucket on one line, its project first. A `groupId` or `groupName` of the bucket's own gives way to
/// the project's, if that is known.
fn object(project: &NamedProject, bucket: &ExportBucket) -> io::Result<String> {
    let mut object = format!("{{\"groupId\":\"{}\"", project.id);
    if let Some(name) = &project.name {
        object.extend([",\"groupName\":", &serde_json::to_string(name)?]);
    }
    for (name, value) in bucket.fields() {
        if name != "groupId" && (name != "groupName" || project.name.is_none()) {
            object.extend([",", &serde_json::to_string(&name)?, ":", value]);
        }
    }
    object.push('}');
    Ok(escape_json(&object).into_owned())
}

/// A document, `{"results":[…],"totalCount":N}`; if any project failed, it has `errors` and no count.
pub(super) struct Document {
    /// The last line, which ends when it is known whether a comma follows. Only whole lines are printed, so that a terminal can
    /// show the line of progress between them.
    held: String,
    /// The buckets of a project that is not complete yet.
    pending: Vec<String>,
    has_results: bool,
    /// The sum of the projects' counts, if all are known.
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

impl Document {
    pub(super) fn new() -> Self {
        Document {
            held: "{\"results\":[".to_owned(),
            pending: Vec::new(),
            has_results: false,
            total_count: Some(0),
            errors: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, project: &NamedProject, buckets: &[ExportBucket]) -> io::Result<()> {
        for bucket in buckets {
            self.pending.push(object(project, bucket)?);
        }
        Ok(())
    }

    /// What is to be printed when a project is complete.
    pub(super) fn take_results(&mut self, count: Option<u64>) -> String {
        self.total_count = self.total_count.zip(count).and_then(|(sum, count)| sum.checked_add(count));
        let mut lines = String::new();
        for object in self.pending.drain(..) {
            lines.push_str(&std::mem::replace(&mut self.held, object));
            lines.push_str(if self.has_results { ",\n" } else { "\n" });
            self.has_results = true;
        }
        lines
    }

    pub(super) fn failed(&mut self, project: Option<&NamedProject>, failure: &Failure) {
        self.pending.clear();
        self.errors.push(ErrorEntry {
            group_id: project.map(|project| project.id.to_string()),
            message: failure.cause(),
            status: if let Failure::Atlas(error) = failure { error.status() } else { None },
            exit_status: failure.exit_status(),
        });
    }

    pub(super) fn end(&self) -> io::Result<String> {
        let line_end = if self.has_results { "\n" } else { "" };
        let rest = match self.total_count {
            _ if !self.errors.is_empty() => {
                format!(",\"errors\":{}", escape_json(&serde_json::to_string(&self.errors)?))
            }
            Some(total_count) => format!(",\"totalCount\":{total_count}"),
            None => String::new(),
        };
        Ok(format!("{}{line_end}]{rest}}}\n", self.held))
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
        let project = NamedProject::new(ID.parse().unwrap(), 1);
        for (name, received, expected) in cases {
            let bucket = serde_json::from_str(&received).unwrap();
            assert_eq!(object(&project, &bucket).unwrap(), expected, "{name}");
        }
    }

    #[test]
    fn only_whole_lines_are_printed_before_the_end() {
        let project = NamedProject::new(ID.parse().unwrap(), 1);
        let bucket = |id: u32| {
            let json = format!(r#"{{"_id":"{id}","bucketName":"b","cloudProvider":"AWS"}}"#);
            serde_json::from_str(&json).unwrap()
        };
        let mut document = Document::new();
        let mut printed = String::new();
        for ids in [0..0, 0..2, 2..2, 2..3] {
            document.add(&project, &ids.map(bucket).collect::<Vec<_>>()).unwrap();
            let text = document.take_results(None);
            assert!(text.is_empty() || text.ends_with('\n'), "{text}");
            printed += &text;
        }
        printed += &document.end().unwrap();
        let object = |id| object(&project, &bucket(id)).unwrap();
        let expected = format!("{{\"results\":[\n{},\n{},\n{}\n]}}\n", object(0), object(1), object(2));
        assert_eq!(printed, expected);
    }

    #[test]
    fn a_project_s_name_follows_its_id_and_hides_the_bucket_s_own() {
        let project =
            NamedProject { id: ID.parse().unwrap(), name: Some("Pro\"d\u{9b}".into()), project_count: None };
        let bucket = serde_json::from_str(&format!("{{{KNOWN},\"groupName\":\"x\"}}")).unwrap();
        let expected = format!("{START}\"groupName\":\"Pro\\\"d\\u009b\",{KNOWN}}}");
        assert_eq!(object(&project, &bucket).unwrap(), expected);
    }
}
