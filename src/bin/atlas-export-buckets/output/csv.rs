//! Comma-separated values as in RFC 4180, except that lines end in `\n`.

use std::io;

use atlas_export_buckets::ExportBucket;
use atlas_export_buckets::escape::escape_text;

use super::Style;
use crate::projects::NamedProject;

/// A field of a bucket.
type Field = fn(&ExportBucket) -> Option<&str>;

/// The columns after the project's: their titles, and their fields.
const COLUMNS: [(&str, Field); 9] = [
    ("id", |bucket| Some(&bucket.id)),
    ("bucketName", |bucket| Some(&bucket.bucket_name)),
    ("cloudProvider", |bucket| Some(bucket.cloud_provider.as_str())),
    ("iamRoleId", |bucket| bucket.iam_role_id.as_deref()),
    ("region", |bucket| bucket.region.as_deref()),
    ("requirePrivateNetworking", |bucket| {
        bucket.require_private_networking.map(|is| if is { "true" } else { "false" })
    }),
    ("roleId", |bucket| bucket.role_id.as_deref()),
    ("serviceUrl", |bucket| bucket.service_url.as_deref()),
    ("tenantId", |bucket| bucket.tenant_id.as_deref()),
];

pub(super) fn header(style: Style) -> io::Result<Vec<u8>> {
    let project = ["groupId"].into_iter().chain(style.has_names.then_some("groupName"));
    write([project.chain(COLUMNS.map(|(title, _)| title))])
}

pub(super) fn records(style: Style, project: &NamedProject, buckets: &[ExportBucket]) -> io::Result<Vec<u8>> {
    let name = style.has_names.then_some(project.name.as_deref().unwrap_or_default());
    write(buckets.iter().map(|bucket| {
        let fields = COLUMNS.map(|(_, field)| field(bucket).unwrap_or_default());
        [project.id.as_str()].into_iter().chain(name).chain(fields)
    }))
}

fn write<'a>(records: impl IntoIterator<Item = impl Iterator<Item = &'a str>>) -> io::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for record in records {
        writer.write_record(record.map(|field| escape_text(field).into_owned()))?;
    }
    writer.into_inner().map_err(|error| error.into_error())
}
