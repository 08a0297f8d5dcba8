//! Lists the snapshot export buckets of MongoDB Atlas projects: the resource *Get All Snapshot Export Buckets* of the Atlas
//! Administration API, which its version 2 calls [*Return All Snapshot Export Buckets*][resource]. Synchronous, with its own
//! HTTP Digest authentication, and few dependencies.
//!
//! [resource]: https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/2024-11-13/operation/operation-listgroupbackupexportbuckets
//!
//! # Install
//! ```toml
//! [dependencies]
//! atlas-export-buckets = "0.1"
//! ```
//!
//! | feature | default | what it adds |
//! | --- | --- | --- |
//! | `rustls` | yes | TLS, with the Mozilla roots compiled in |
//! | `sha2` | yes | SHA-256 and SHA-512-256 for Digest; Atlas itself speaks MD5 |
//! | `simulator` | | the module `simulator`: an embedded Atlas |
//! | `cli` | | the program `atlas-export-buckets` (and `simulator`) |
//!
//! You need an API key with the role *Project Read Only*, and this machine's address on the key's access list.
//!
//! # Five lines
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
//! [`ApiKey::from_env`] reads `MONGODB_ATLAS_PUBLIC_API_KEY` and `MONGODB_ATLAS_PRIVATE_API_KEY`. Everything that can be set
//! is set at [`Client::builder`]: [`ClientBuilder`] has the defaults.
//!
//! # Pages
//! [`Client::export_buckets`] asks for pages of 500 as they are needed, and ends only when the server says that the list is
//! complete. A list that may be cut off is an error, [`Error::Incomplete`], so collect before you act on what is *missing*:
//!
//! ```no_run
//! # use atlas_export_buckets::{Client, Error, ExportBucket, ProjectId};
//! fn all(client: &Client, project: &ProjectId) -> Result<Vec<ExportBucket>, Error> {
//!     client.export_buckets(project).collect()
//! }
//! ```
//!
//! [`Client::export_bucket_pages`] gives whole pages, with [links, count, rate limit and the body](Page) as it came, and
//! [`Client::export_bucket_page`] a single one.
//!
//! # Many threads, many projects
//! A [`Client`] is cheap to clone and serves any number of threads. They share one Digest session and its connections, so one
//! challenge serves all of them, and when Atlas limits the rate they slow down together. `Client`'s page has a function
//! that lists many projects with scoped threads.
//!
//! # Errors
//! Everything is an [`Error`], one line long, that says what was asked for, what came back, and what to do. Before it comes,
//! what may pass was retried within the page's [deadline](ClientBuilder::timeout).
//!
//! ```no_run
//! # use atlas_export_buckets::{Client, Error, ProjectId};
//! fn count(client: &Client, project: &ProjectId) -> Result<Option<usize>, Error> {
//!     let mut count = 0;
//!     for bucket in client.export_buckets(project) {
//!         match bucket {
//!             Ok(_) => count += 1,
//!             // The project was deleted, or the key cannot see it.
//!             Err(Error::NotFound { .. }) => return Ok(None),
//!             Err(error) => {
//!                 if error.is_retryable() {
//!                     eprintln!("perhaps later: {error}");
//!                 }
//!                 return Err(error);
//!             }
//!         }
//!     }
//!     Ok(Some(count))
//! }
//! ```
//!
//! With the `log` crate's levels: *warn* tells that Atlas will drop this version of its API, *debug* tells requests,
//! challenges, retries and waits.
//!
//! # Your own agent
//! A proxy comes from `ALL_PROXY`, `HTTPS_PROXY` or `HTTP_PROXY`, and roots from
//! [`ClientBuilder::ca_certificates`]. For all else (other TLS backends, the platform's roots, SOCKS, gzip, a resolver) turn on
//! the feature of [`ureq`] in your `Cargo.toml`, and hand in your agent:
//!
//! ```no_run
//! use atlas_export_buckets::ureq::{Agent, Proxy};
//! use atlas_export_buckets::{ApiKey, Client};
//!
//! let proxy = Proxy::new("http://proxy.example:3128")?;
//! let agent = Agent::config_builder().proxy(Some(proxy)).build().new_agent();
//! let client = Client::builder(ApiKey::from_env()?).agent(agent).build()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Testing your tool
//! With the feature `simulator` your tests have an Atlas of their own, on loopback, with real Digest and faults on demand:
//!
//! ```
//! # #[cfg(feature = "simulator")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use atlas_export_buckets::simulator::{Response, Fault, Simulator, When, sample_buckets};
//! use atlas_export_buckets::{ApiKey, Client};
//!
//! let atlas = Simulator::builder()
//!     .buckets(sample_buckets(501))
//!     .fault(When::nth(1), Fault::Response(Response::new(503)))
//!     .start()?;
//! let key = ApiKey::new(atlas.public_key(), atlas.private_key())?;
//! let client = Client::builder(key).base_url(atlas.base_url()).build()?;
//!
//! assert_eq!(client.export_buckets(&atlas.project_id().parse()?).count(), 501);
//! // The 503, the challenge, and two pages.
//! assert_eq!((client.stats().requests, client.stats().retries), (4, 1));
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "simulator"))]
//! # fn main() {}
//! ```
//!
//! # In a build script
//! Set a short [`ClientBuilder::timeout`], decide which errors fail the build and which fall back, and do not name the private
//! key in `cargo::rerun-if-env-changed`: cargo would write its value into the target directory.
//!
//! # Security
//! The private key leaves the process only as part of a hash. Digest does not hide answers or prove who the server is, so TLS
//! is required: plain http goes to this machine only, unless you [say otherwise](ClientBuilder::allow_plain_http). No redirect
//! and no link is followed, Basic is never sent, and everything that a server decides is bounded. The threat model is in
//! `SECURITY.md`. [`digest`] is usable by itself, and lists what of RFC 7616 it does and why.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod authentication;
mod client;
mod credentials;
pub mod digest;
mod error;
#[doc(hidden)]
pub mod escape;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod http;
mod invalid_input;
mod listing;
mod model;
mod request;
#[cfg(feature = "simulator")]
#[cfg_attr(docsrs, doc(cfg(feature = "simulator")))]
pub mod simulator;

pub use client::{Client, ClientBuilder, Stats};
pub use credentials::{AccessToken, ApiKey, Credentials, ServiceAccount};
pub use error::{
    AuthenticationError, CertificateError, Error, Incomplete, NetworkError, NetworkErrorKind, Refusal,
};
pub use invalid_input::InvalidInput;
pub use listing::{Listing, Pages};
pub use model::{ApiError, CloudProvider, ExportBucket, Link, ListItem, Page, Project, RateLimit};
pub use request::{ApiRequest, ApiVersion, Operation, OrganizationId, ProjectId, Resource};
/// The HTTP client underneath, for those who hand in an [agent](ClientBuilder::agent) of their own.
pub use ureq;

/// The README's code is tested with the rest.
#[cfg(all(doctest, feature = "simulator"))]
#[doc = include_str!("../README.md")]
struct Readme;
