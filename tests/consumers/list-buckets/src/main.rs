//! Prints the export buckets of the project that is its one argument, a line each.

use std::error::Error;

use atlas_export_buckets::{ApiKey, Client, ProjectId};

fn main() -> Result<(), Box<dyn Error>> {
    let project: ProjectId = std::env::args().nth(1).ok_or("usage: list-buckets PROJECT-ID")?.parse()?;
    let mut client = Client::builder(ApiKey::from_env()?);
    if let Ok(url) = std::env::var("MONGODB_ATLAS_OPS_MANAGER_URL") {
        client = client.base_url(url);
    }
    for bucket in client.build()?.export_buckets(&project) {
        let bucket = bucket?;
        println!("{} {} {}", bucket.id, bucket.bucket_name, bucket.cloud_provider.as_str());
    }
    Ok(())
}
