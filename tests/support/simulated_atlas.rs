//! The simulated Atlas, and what is known of its sample buckets.

use atlas_export_buckets::simulator::{Simulator, sample_buckets};
use atlas_export_buckets::{ApiKey, Client, ClientBuilder, Error, ExportBucket, ProjectId, ServiceAccount};

/// A client for the simulated Atlas, with its key.
pub fn client_builder(atlas: &Simulator) -> ClientBuilder {
    let api_key = ApiKey::new(atlas.public_key(), atlas.private_key()).unwrap();
    Client::builder(api_key).base_url(atlas.base_url())
}

/// The same, built.
pub fn client(atlas: &Simulator) -> Client {
    client_builder(atlas).build().unwrap()
}

/// The first project of the simulated Atlas.
pub fn project(atlas: &Simulator) -> ProjectId {
    atlas.project_id().parse().unwrap()
}

/// The ids of a list, in its order.
pub fn ids(buckets: impl Iterator<Item = Result<ExportBucket, Error>>) -> Result<Vec<String>, Error> {
    buckets.map(|bucket| bucket.map(|bucket| bucket.id)).collect()
}

/// The ids of so many sample buckets, read without the crate's own structs.
pub fn sample_ids(count: usize) -> Vec<String> {
    let id = |bucket: String| {
        let bucket: serde_json::Value = serde_json::from_str(&bucket).unwrap();
        bucket["_id"].as_str().unwrap().to_owned()
    };
    sample_buckets(count).into_iter().map(id).collect()
}

/// A client for the simulated Atlas, with its service account.
pub fn service_account_builder(atlas: &Simulator) -> ClientBuilder {
    let account = ServiceAccount::new(atlas.client_id(), atlas.client_secret()).unwrap();
    Client::builder(account).base_url(atlas.base_url())
}
