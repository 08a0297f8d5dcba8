//! The forms of output. Standard output carries data only, and nothing that looks complete and is not.

use std::io::{self, Write};

use atlas_export_buckets::{Error, ExportBucket, ProjectId};
use serde_json::json;
use unicode_width::UnicodeWidthStr as _;

use crate::options::Format;
use crate::{progress, status};

/// How the output looks beside its format.
#[derive(Clone, Copy)]
pub(crate) struct Style {
    /// With several projects each bucket says to which it belongs.
    pub(crate) has_several_projects: bool,
    /// Whether headings are bold, which terminals can show.
    pub(crate) is_bold: bool,
}

/// Prints projects one after the other, in one of the formats.
pub(crate) struct Output<W> {
    out: W,
    style: Style,
    form: Form,
}

enum Form {
    /// Aligned columns: a project's rows wait until all are there.
    Table { rows: Vec<[String; 4]>, is_first: bool },
    /// One object: a project's buckets wait until all are there.
    Json(Json),
    /// A bucket a line, at once.
    Ndjson,
    /// A bucket a record, at once.
    Csv { has_begun: bool },
    /// The bodies as they came, at once.
    Raw,
}

impl Style {
    fn heading(self, text: &str) -> String {
        if self.is_bold { format!("\x1b[1m{text}\x1b[0m") } else { text.to_owned() }
    }
}

impl<W: Write> Output<W> {
    pub(crate) fn new(format: Format, style: Style, out: W) -> Self {
        let form = match format {
            Format::Table => Form::Table { rows: Vec::new(), is_first: true },
            Format::Json => Form::Json(Json { total_count: Some(0), ..Json::default() }),
            Format::Ndjson => Form::Ndjson,
            Format::Csv => Form::Csv { has_begun: false },
            Format::Raw => Form::Raw,
        };
        Output { out, style, form }
    }

    /// A page's body, for `raw`.
    pub(crate) fn body(&mut self, body: &[u8]) -> io::Result<()> {
        self.out.write_all(body)
    }

    /// A bucket, for every other format.
    pub(crate) fn bucket(&mut self, project: &ProjectId, bucket: &ExportBucket) -> io::Result<()> {
        let project = self.style.has_several_projects.then_some(project);
        match &mut self.form {
            Form::Table { rows, .. } => rows.push(table_row(bucket)),
            Form::Json(json) => json.pending.push(to_json(project, bucket)?),
            Form::Ndjson => writeln!(self.out, "{}", to_json(project, bucket)?)?,
            Form::Csv { has_begun } => {
                if !std::mem::replace(has_begun, true) {
                    write_csv_header(&mut self.out, project.is_some())?;
                }
                write_csv_record(&mut self.out, project, bucket)?;
            }
            Form::Raw => {}
        }
        Ok(())
    }

    /// All of a project was given. `total_count` is how many buckets it has, if that is known.
    pub(crate) fn complete(&mut self, project: &ProjectId, total_count: Option<u64>) -> io::Result<()> {
        match &mut self.form {
            Form::Table { rows, is_first } => {
                if self.style.has_several_projects {
                    let separator = if *is_first { "" } else { "\n" };
                    writeln!(self.out, "{separator}{}", self.style.heading(&format!("Project {project}")))?;
                }
                *is_first = false;
                write_table(&mut self.out, rows, self.style)?;
                rows.clear();
            }
            Form::Json(json) => json.complete(&mut self.out, total_count)?,
            Form::Csv { has_begun } => {
                if !std::mem::replace(has_begun, true) {
                    write_csv_header(&mut self.out, self.style.has_several_projects)?;
                }
            }
            Form::Ndjson | Form::Raw => {}
        }
        // The next project may take its time.
        self.out.flush()
    }

    /// A project's list is not complete: what still waits is dropped.
    pub(crate) fn failed(&mut self, project: &ProjectId, error: &Error) -> io::Result<()> {
        match &mut self.form {
            Form::Table { rows, .. } => rows.clear(),
            Form::Json(json) => json.failed(project, error),
            Form::Ndjson | Form::Csv { .. } | Form::Raw => {}
        }
        self.out.flush()
    }

    /// Lets out what was printed so far.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    pub(crate) fn finish(mut self) -> io::Result<()> {
        match &mut self.form {
            Form::Json(json) if self.style.has_several_projects || json.errors.is_empty() => {
                json.finish(&mut self.out)?;
            }
            _ => {}
        }
        self.out.flush()
    }
}

#[derive(Default)]
struct Json {
    /// The buckets of a project that is not complete yet.
    pending: Vec<String>,
    /// Whether the object was begun.
    has_begun: bool,
    /// Whether there is a bucket in it already.
    has_results: bool,
    /// The sum over the projects, if all are known.
    total_count: Option<u64>,
    errors: Vec<serde_json::Value>,
}

impl Json {
    fn begin(&mut self, out: &mut impl Write) -> io::Result<()> {
        if std::mem::replace(&mut self.has_begun, true) {
            return Ok(());
        }
        out.write_all(b"{\"results\":[")
    }

    fn complete(&mut self, out: &mut impl Write, total_count: Option<u64>) -> io::Result<()> {
        self.begin(out)?;
        self.total_count = self.total_count.zip(total_count).and_then(|(sum, count)| sum.checked_add(count));
        for bucket in self.pending.drain(..) {
            if std::mem::replace(&mut self.has_results, true) {
                out.write_all(b",")?;
            }
            write!(out, "\n{bucket}")?;
        }
        Ok(())
    }

    fn failed(&mut self, project: &ProjectId, error: &Error) {
        self.pending.clear();
        let mut entry = json!({
            "groupId": project.as_str(),
            "message": error.to_string(),
            "exitStatus": status::of(error),
        });
        if let (Some(entry), Some(api)) = (entry.as_object_mut(), error.api()) {
            entry.insert("status".into(), api.status.into());
            entry.insert("errorCode".into(), api.error_code.clone().into());
        }
        self.errors.push(entry);
    }

    fn finish(&mut self, out: &mut impl Write) -> io::Result<()> {
        self.begin(out)?;
        let line_end = if self.has_results { "\n" } else { "" };
        write!(out, "{line_end}]")?;
        if let Some(total_count) = self.total_count {
            write!(out, ",\"totalCount\":{total_count}")?;
        }
        if !self.errors.is_empty() {
            write!(out, ",\"errors\":{}", serde_json::to_string(&self.errors)?)?;
        }
        out.write_all(b"}\n")
    }
}

/// The bucket as Atlas sent it, with several projects also its project.
fn to_json(project: Option<&ProjectId>, bucket: &ExportBucket) -> io::Result<String> {
    let mut json = serde_json::to_string(bucket)?;
    // In fields that are kept as they came the server may have indented; in JSON a line end is white space always.
    if json.bytes().any(|byte| matches!(byte, b'\n' | b'\r')) {
        json.retain(|character| !matches!(character, '\n' | '\r'));
    }
    if let Some(project) = project
        && bucket.other.get("groupId").is_none()
        && json.pop() == Some('}')
    {
        json.push_str(&format!(",\"groupId\":\"{project}\"}}"));
    }
    Ok(json)
}

fn table_row(bucket: &ExportBucket) -> [String; 4] {
    let role = bucket.iam_role_id.as_deref().or(bucket.role_id.as_deref()).unwrap_or_default();
    [&bucket.id, &bucket.bucket_name, bucket.cloud_provider.as_str(), role].map(progress::printable)
}

fn write_table(out: &mut impl Write, rows: &[[String; 4]], style: Style) -> io::Result<()> {
    let header = ["ID", "BUCKET NAME", "CLOUD PROVIDER", "IAM ROLE ID"].map(str::to_owned);
    let mut widths = [0; 4];
    for row in std::iter::once(&header).chain(rows) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.width().max(*width);
        }
    }
    writeln!(out, "{}", style.heading(&aligned(&header, &widths)))?;
    for row in rows {
        writeln!(out, "{}", aligned(row, &widths))?;
    }
    Ok(())
}

fn aligned(row: &[String; 4], widths: &[usize; 4]) -> String {
    const GAP: usize = 3;
    let mut line = String::new();
    for (width, cell) in widths.iter().zip(row) {
        line.push_str(cell);
        line.extend(std::iter::repeat_n(' ', width + GAP - cell.width()));
    }
    line.truncate(line.trim_end().len());
    line
}

const CSV_FIELDS: [&str; 9] = [
    "id",
    "bucketName",
    "cloudProvider",
    "iamRoleId",
    "region",
    "requirePrivateNetworking",
    "roleId",
    "serviceUrl",
    "tenantId",
];

fn write_csv_header(out: &mut impl Write, with_project: bool) -> io::Result<()> {
    let project = if with_project { "groupId," } else { "" };
    write!(out, "{project}{}\r\n", CSV_FIELDS.join(","))
}

/// RFC 4180.
fn write_csv_record(
    out: &mut impl Write,
    project: Option<&ProjectId>,
    bucket: &ExportBucket,
) -> io::Result<()> {
    let private = bucket.require_private_networking.map(|is_required| is_required.to_string());
    let fields: [Option<&str>; CSV_FIELDS.len()] = [
        Some(&bucket.id),
        Some(&bucket.bucket_name),
        Some(bucket.cloud_provider.as_str()),
        bucket.iam_role_id.as_deref(),
        bucket.region.as_deref(),
        private.as_deref(),
        bucket.role_id.as_deref(),
        bucket.service_url.as_deref(),
        bucket.tenant_id.as_deref(),
    ];
    let fields = fields.into_iter().map(|field| csv_field(field.unwrap_or_default()));
    let record: Vec<String> = project.map(ToString::to_string).into_iter().chain(fields).collect();
    write!(out, "{}\r\n", record.join(","))
}

fn csv_field(text: &str) -> String {
    if text.contains(['"', ',', '\r', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
