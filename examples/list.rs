//! Lists the export buckets of one project.
//!
//!     cargo run --example list --features simulator

use atlas_export_buckets::simulator::Simulator;
use atlas_export_buckets::{ApiKey, Client, ProjectId};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // In your tool, `ClientBuilder::from_env()?.build()?` takes credentials and base URL from the environment.
    let atlas = Simulator::start()?;
    let api_key = ApiKey::new(atlas.public_key(), atlas.private_key())?;
    let client = Client::builder(api_key).base_url(atlas.base_url()).build()?;

    let project: ProjectId = atlas.project_id().parse()?;
    for bucket in client.export_buckets(&project) {
        let bucket = bucket?;
        println!("{}  {}  {}", bucket.id, bucket.cloud_provider, bucket.bucket_name);
    }
    Ok(())
}
