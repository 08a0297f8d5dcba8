//! Lists a project with atlas-export-buckets, and prints how many buckets it has.
//!
//! `client-ours BASE-URL PROJECT-ID CA-FILE`, with the API key in the environment. The same arguments for every client.

use std::error::Error;

use atlas_export_buckets::{ApiKey, Client};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let mut argument = || args.next().ok_or("an argument is missing");
    let (base_url, project, ca_file) = (argument()?, argument()?.parse()?, argument()?);
    let client = Client::builder(ApiKey::from_env()?)
        .base_url(base_url)
        .ca_certificates(std::fs::read(ca_file)?)
        .build()?;
    let mut count = 0;
    for bucket in client.export_buckets(&project) {
        bucket?;
        count += 1;
    }
    println!("{count}");
    Ok(())
}
