//! Lists with a service account, and revokes its access token at the end.
//!
//!     cargo run --example service_account --features simulator

use std::time::Duration;

use atlas_export_buckets::simulator::Simulator;
use atlas_export_buckets::{Client, Error, ProjectId, ServiceAccount};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let atlas = Simulator::start()?;
    let account = ServiceAccount::new(atlas.client_id(), atlas.client_secret())?;
    let client = Client::builder(account).base_url(atlas.base_url()).build()?;

    let listed = print_buckets(&client, &atlas.project_id().parse()?);

    // Atlas lets a service account have 100 live tokens, each for an hour. A program that runs often should revoke its own.
    if let Err(error) = client.revoke_access_token(Duration::from_secs(5)) {
        eprintln!("the access token was not revoked and expires by itself: {error}");
    }
    println!("{} access tokens are left", atlas.access_tokens().len());
    Ok(listed?)
}

/// An access token is fetched before the first request, used for all pages, and replaced before it expires.
fn print_buckets(client: &Client, project: &ProjectId) -> Result<(), Error> {
    for bucket in client.export_buckets(project) {
        println!("{}", bucket?.bucket_name);
    }
    Ok(())
}
