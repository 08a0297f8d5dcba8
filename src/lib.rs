//! Lists the snapshot export buckets of MongoDB Atlas projects, synchronously.
//!
//! The resource is *Get All Snapshot Export Buckets* of the Atlas Administration API, which version 2 calls
//! [*Return All Snapshot Export Buckets*][resource]. You get the complete list or a typed [`Error`] within a deadline, never a
//! short list that looks complete.
//!
//! [resource]: https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/2024-11-13/operation/operation-listgroupbackupexportbuckets
//!
//! ```no_run
//! use atlas_export_buckets::{ClientBuilder, ProjectId};
//!
//! let client = ClientBuilder::from_env()?.build()?;
//! let project: ProjectId = "32b6e34b3d91647abb20e7b8".parse()?;
//! for bucket in client.export_buckets(&project) {
//!     let bucket = bucket?;
//!     println!("{} {}", bucket.id, bucket.bucket_name);
//! }
//! # Ok::<(), atlas_export_buckets::Error>(())
//! ```
//!
//! `from_env` takes a service account, an API key or an access token from the environment, under the names that MongoDB's tools use.
//! The credentials need the role *Project Read Only*, and your machine's address on their access list.
//!
//! # Where to go from here
//!
//! | to | see |
//! | --- | --- |
//! | list export buckets and projects | [`Client`] |
//! | set deadline, retries, API version, base URL, root certificates | [`ClientBuilder`] |
//! | read what Atlas says about a bucket | [`ExportBucket`] |
//! | handle failures | [`Error`], and the guide [`errors`](guides::errors) |
//! | get credentials | [`Credentials`], and the guide [`credentials`](guides::credentials) |
//! | list all projects of an organization | the guide [`many_projects`](guides::many_projects) |
//! | go through a proxy, or bring your own `ureq` agent | the guide [`own_agent`](guides::own_agent) |
//! | test your tool | the module `simulator`, and the guide [`testing`](guides::testing) |
//! | list in a build script | the guide [`build_scripts`](guides::build_scripts) |
//! | call this from async code | the guide [`async_callers`](guides::async_callers) |
//! | use HTTP Digest with another HTTP client | [`digest`] |
//!
//! # Features
//!
//! | feature | default | adds |
//! | --- | --- | --- |
//! | `rustls` | yes | TLS, with Mozilla's root certificates compiled in |
//! | `sha2` | yes | SHA-256 and SHA-512-256 for Digest; Atlas itself uses MD5 |
//! | `socks` | | SOCKS proxies |
//! | `simulator` | | the module `simulator`: an Atlas for tests |
//! | `cli` | | the program `atlas-export-buckets`, with `simulator` and `socks` |
//!
//! # Security
//!
//! An API key's private half leaves the process only as part of a hash. TLS is required, except to your own machine or if you
//! [allow otherwise](ClientBuilder::allow_plain_http). No redirect and no link is followed, and everything a server controls is
//! bounded. `SECURITY.md` has the threat model.
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
// Text only. Its examples need the simulator.
#[cfg(all(doc, any(not(doctest), feature = "simulator")))]
pub mod guides;
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
/// The HTTP client underneath, for callers that pass an [agent](ClientBuilder::agent) of their own. Its major version is part of
/// this crate's interface.
pub use ureq;

/// The README's examples are tested with the rest.
#[cfg(all(doctest, feature = "simulator"))]
#[doc = include_str!("../README.md")]
struct Readme;
