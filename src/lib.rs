//! Lists the snapshot export buckets of MongoDB Atlas projects: the resource *Get All Snapshot Export Buckets* of the
//! Atlas Administration API. Synchronous, with its own HTTP Digest authentication, and few dependencies.
//!
//! ```no_run
//! use atlas_export_buckets::{ApiKey, Client, ProjectId};
//!
//! let client = Client::new(ApiKey::from_env()?)?;
//! let project: ProjectId = "32b6e34b3d91647abb20e7b8".parse()?;
//! for bucket in client.export_buckets(&project) {
//!     let bucket = bucket?;
//!     println!("{} {}", bucket.id, bucket.bucket_name);
//! }
//! # Ok::<(), atlas_export_buckets::Error>(())
//! ```
//!
//! A listing gives the complete list or an [`Error`], within a deadline for each page. What may pass is retried, with
//! [limits](ClientBuilder::retries). [`Client`] is for any number of threads: they share one Digest session.
//!
//! # Your own agent
//! TLS backends, platform roots, gzip or SOCKS are features of [`ureq`]: turn them on in your `Cargo.toml`, and hand your
//! `ureq::Agent` to [`ClientBuilder::agent`].
//!
//! # Where things are
//! Arrows point downwards only, and `transport` is the one door to the network:
//!
//! | file | what is in it |
//! | --- | --- |
//! | `client.rs` | [`Client`] and its builder: what a user configures |
//! | `listing.rs` | the iterators: when to ask for the next page, when to stop |
//! | `transport.rs` | the main loop: one authenticated GET with its deadline and retries; the only file that knows `ureq` |
//! | `endpoint.rs` | base URL, API version, project id, options to URL and `Accept` |
//! | `page.rs`, `export_bucket.rs` | bytes to [`Page`] and [`ExportBucket`] |
//! | `retry.rs` | given what happened and how much time is left: again, and after how long? |
//! | `throttle.rs` | a rate limit slows all requests of a client down together |
//! | `credentials.rs` | [`ApiKey`] |
//! | `error.rs`, `invalid_input.rs` | [`Error`], and what is wrong before anything is sent |
//! | `digest/` | RFC 7616, without I/O, and without knowing the rest |
//! | `simulator/` | the embedded Atlas |
//! | `bin/atlas-export-buckets/` | the program, on the public library only |
#![cfg_attr(docsrs, feature(doc_cfg))]

mod client;
mod credentials;
pub mod digest;
mod endpoint;
mod error;
mod export_bucket;
mod invalid_input;
mod listing;
mod page;
mod retry;
#[cfg(feature = "simulator")]
#[cfg_attr(docsrs, doc(cfg(feature = "simulator")))]
pub mod simulator;
mod throttle;
mod transport;

pub use client::{Client, ClientBuilder, Stats};
pub use credentials::ApiKey;
pub use endpoint::{ApiVersion, PageRequest, ProjectId};
pub use error::{ApiError, Error, Incomplete, NetworkError, NetworkPhase, Refusal};
pub use export_bucket::{CloudProvider, ExportBucket, Link, OtherFields};
pub use invalid_input::InvalidInput;
pub use listing::{ExportBuckets, Pages};
pub use page::{Page, RateLimit};
/// The HTTP client underneath, for those who hand in an [agent](ClientBuilder::agent) of their own.
pub use ureq;

/// The README's code is tested with the rest.
#[cfg(all(doctest, feature = "simulator"))]
#[doc = include_str!("../README.md")]
struct Readme;
