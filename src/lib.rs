//! Lists the snapshot export buckets of MongoDB Atlas projects.

mod client;
mod credentials;
pub mod digest;
mod endpoint;
mod error;
mod export_bucket;
mod listing;
mod page;
mod retry;
#[cfg(feature = "simulator")]
pub mod simulator;
mod transport;

pub use client::{Client, ClientBuilder};
pub use credentials::ApiKey;
pub use endpoint::{ApiVersion, PageRequest, ProjectId};
pub use error::{ApiError, Error, Incomplete, InvalidInput, NetworkError, NetworkPhase, Refusal};
pub use export_bucket::{CloudProvider, ExportBucket, Link, OtherFields};
pub use listing::{ExportBuckets, Pages};
pub use page::{Page, RateLimit};
pub use ureq;
