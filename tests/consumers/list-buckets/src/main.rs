//! Prints the export buckets of the project that is its one argument, a line each.

use std::error::Error;

use atlas_export_buckets::{ClientBuilder, ProjectId};

fn main() -> Result<(), Box<dyn Error>> {
    let project: ProjectId = std::env::args().nth(1).ok_or("usage: list-buckets PROJECT-ID")?.parse()?;
    let client = ClientBuilder::from_env()?.build()?;
    for bucket in client.export_buckets(&project) {
        let bucket = bucket?;
        println!("{} {} {}", bucket.id, bucket.bucket_name, bucket.cloud_provider);
    }
    Ok(())
}
