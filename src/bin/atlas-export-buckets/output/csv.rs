//! Comma-separated values, as RFC 4180 has them but for the line ends, which are `\n`.

use std::io;

use atlas_export_buckets::ExportBucket;
use atlas_export_buckets::escape::escape_text;

use super::Style;
use crate::projects::NamedProject;

const FIELDS: [&str; 9] = [
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

pub(super) fn header(style: Style) -> io::Result<Vec<u8>> {
    let project = ["groupId"].into_iter().chain(style.has_names.then_some("groupName"));
    write([project.chain(FIELDS)])
}

pub(super) fn records(style: Style, project: &NamedProject, buckets: &[ExportBucket]) -> io::Result<Vec<u8>> {
    let id = project.id.to_string();
    let name = style.has_names.then(|| escape_text(project.name.as_deref().unwrap_or_default()).into_owned());
    write(buckets.iter().map(|bucket| [id.clone()].into_iter().chain(name.clone()).chain(fields(bucket))))
}

fn fields(bucket: &ExportBucket) -> [String; FIELDS.len()] {
    let private = bucket.require_private_networking.map(|is_required| is_required.to_string());
    let fields: [Option<&str>; FIELDS.len()] = [
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
    fields.map(|field| escape_text(field.unwrap_or_default()).into_owned())
}

fn write(
    records: impl IntoIterator<Item = impl IntoIterator<Item = impl AsRef<[u8]>>>,
) -> io::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for record in records {
        writer.write_record(record)?;
    }
    writer.into_inner().map_err(|error| error.into_error())
}
