//! A page of export buckets, as one would describe it by hand.

use serde::Deserialize;

#[derive(Deserialize)]
pub struct Page {
    links: Vec<Link>,
    pub results: Vec<ExportBucket>,
}

#[derive(Deserialize)]
struct Link {
    rel: String,
}

#[allow(dead_code)]
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExportBucket {
    #[serde(rename = "_id")]
    id: String,
    bucket_name: String,
    cloud_provider: String,
    iam_role_id: Option<String>,
    region: Option<String>,
    require_private_networking: Option<bool>,
    role_id: Option<String>,
    service_url: Option<String>,
    tenant_id: Option<String>,
}

impl Page {
    pub fn has_next(&self) -> bool {
        self.links.iter().any(|link| link.rel == "next")
    }
}
