//! A simulated Atlas on loopback, to test programs against: projects and their export buckets behind real
//! authentication, with faults on demand.
//!
//! ```
//! use std::io::{Read, Write};
//! use atlas_export_buckets::simulator::{Simulator, sample_buckets};
//!
//! let atlas = Simulator::builder().buckets(sample_buckets(1_234)).start()?;
//!
//! // Any HTTP client will do: `curl --digest --user PUBLIC:PRIVATE URL`, or a bare socket.
//! let mut socket = std::net::TcpStream::connect(atlas.base_url().trim_start_matches("http://"))?;
//! let path = format!("/api/atlas/v1.0/groups/{}/backup/exportBuckets", atlas.project_id());
//! write!(socket, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
//! let mut response = String::new();
//! socket.read_to_string(&mut response)?;
//! assert!(response.contains("Digest realm=\"MMS Public API\""));
//!
//! assert_eq!((atlas.stats().requests, atlas.stats().challenges), (1, 1));
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # What it is
//! | request | what for |
//! | --- | --- |
//! | `GET …/groups/{id}/backup/exportBuckets` | the export buckets of a project |
//! | `GET …/groups` | the projects that the credentials may read |
//! | `GET …/orgs/{id}/groups` | those of them that belong to an organization |
//! | `POST /api/oauth/token`, `/api/oauth/revoke` | access tokens for service accounts |
//!
//! The first three are there under `/api/atlas/v1.0` and `/api/atlas/v2`. In v2 `Accept` names a date, such as
//! `application/vnd.atlas.2024-05-30+json`, and gets the newest version that is not newer than that date.
//! `pageNum`, `itemsPerPage` (1 to 500, 100 by default), `includeCount`, `pretty` and `envelope` do what
//! they do in Atlas; a parameter that is out of range, repeated or unknown is refused with 400. Responses have
//! the form of those recorded from Atlas: a 401 is indented JSON, other errors of resources repeat their code
//! in `X-Error-Code`, and links lead to `http://localhost:8080`, an internal host of Atlas. So tools must not follow
//! them, but ask by `pageNum`. The simulator listens on 127.0.0.1 only and speaks plain HTTP/1.1.
//!
//! # Digest
//! It verifies as a strict server does: the nonce is known and alive, `nc` is above zero and has not come
//! before with this nonce, `uri` is the request-target byte for byte, realm and opaque are those of the
//! challenge, and the response is right. [`Simulator::rejections`] says what was wrong. The parser of
//! `Authorization` is its own, so that it and this crate's client cannot share a mistake; only the hash
//! functions come from [`digest`](crate::digest). [`DigestOffer`] has the variants of RFC 7616. curl and Python's
//! requests deviate from it, which is tolerated unless [`Builder::strict`] is set.
//!
//! # Service accounts
//! A token is issued for [`Simulator::client_id`] and [`Simulator::client_secret`], lives for
//! [`Builder::access_token_lifetime`], and can be revoked. A service account may have a hundred live tokens, and
//! may ask for ten a minute.
//!
//! # Faults
//! A [`Fault`] hits the requests that [`When`] names, from the start ([`Builder::fault`]) or from now on
//! ([`Simulator::inject`]); or a function decides for each request ([`Builder::script`]). [`TokenBucket`] is
//! Atlas's rate limit. [`Builder::limit_to_projects`] limits which projects credentials may read.
//!
//! # Limits
//! There is no TLS. The simulator holds all buckets in memory, and remembers the last 4,096 requests.

mod atlas;
mod auth;
mod builder;
mod faults;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod percent;
mod recorder;
mod request;
mod response;
mod server;
mod service;
mod wire;

pub use atlas::{TokenBucket, sample_buckets};
pub use auth::{DigestOffer, Rejection};
pub use builder::Builder;
pub use faults::{Fault, RequestInfo, RequestKind, When};
pub use recorder::ServerStats;
pub use request::RecordedRequest;
pub use response::Response;
pub use server::Simulator;
