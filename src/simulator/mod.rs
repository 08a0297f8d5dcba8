//! An embedded Atlas on loopback, to test programs against: the export buckets of projects behind real
//! Digest authentication, with faults on demand.
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
//! let mut answer = String::new();
//! socket.read_to_string(&mut answer)?;
//! assert!(answer.contains("Digest realm=\"MMS Public API\""));
//!
//! assert_eq!((atlas.stats().requests, atlas.stats().challenges), (1, 1));
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # What it is
//! `GET` of `/api/atlas/v1.0/groups/{id}/backup/exportBuckets`, and of the same under `/api/atlas/v2`,
//! which takes an `Accept` of `application/vnd.atlas.2024-05-30+json` or the deprecated `2023-01-01`.
//! `pageNum`, `itemsPerPage` (1 to 500, 100 by default), `includeCount`, `pretty` and `envelope` do what
//! they do in Atlas; a parameter that is out of range, repeated or unknown is refused with 400. Errors have
//! Atlas's form. It listens on 127.0.0.1 only and speaks plain HTTP/1.1.
//!
//! # Digest
//! It judges as a strict server does: the nonce is known and alive, `nc` is above zero and has not come
//! before with this nonce, `uri` is the request-target byte for byte, realm and opaque are those of the
//! challenge, and the response is right. [`Simulator::rejections`] says what was wrong. Nothing in this
//! judgement comes from this crate's client but the hash functions, so the two cannot share a mistake.
//! [`Challenge`] has the variants of RFC 7616, [`Builder::strict`] ends the tolerance for the habits of
//! curl and Python's requests.
//!
//! # Faults
//! A [`Fault`] goes wrong [`When`] it is told to, from the start ([`Builder::fault`]) or from now on
//! ([`Simulator::inject`]); or a function decides for each request ([`Builder::script`]). [`RateLimit`] is
//! Atlas's token bucket.
//!
//! # Limits
//! A key reads every project: answer with `Fault::Answer(Answer::atlas_error(403, …))` for one that may
//! not. There is no TLS. It holds all buckets in memory, and remembers the last 4,096 requests.

mod answer;
mod authorization;
mod builder;
mod challenge;
mod connection;
mod connections;
mod delivery;
mod fault;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod nonces;
mod pretty;
mod projects;
mod rate_limit;
mod rejection;
mod resource;
mod sample;
mod server;
mod service;
mod stats;
mod target;
mod verifier;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use answer::Answer;
pub use builder::Builder;
pub use challenge::{Challenge, Qop};
pub use fault::{Fault, RequestInfo, When};
pub use rate_limit::RateLimit;
pub use rejection::Rejection;
pub use sample::sample_buckets;
pub use server::Simulator;
pub use stats::{RecordedRequest, Stats};

/// The key and the project of a simulator that was given none: in the forms of Atlas's own.
const DEFAULT_PUBLIC_KEY: &str = "embedded";
const DEFAULT_PRIVATE_KEY: &str = "1d0fb6a2-5e4c-4b6f-9a37-c0ffee5eed01";
const DEFAULT_PROJECT_ID: &str = "32b6e34b3d91647abb20e7b8";

/// Locks, also after a panic elsewhere: what a script of the user did must not stop the simulator.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
