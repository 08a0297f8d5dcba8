//! HTTP Digest authentication (RFC 7616), the client's side, without I/O.
//!
//! A [`Session`] reads header values and makes header values, and leaves sending them to you, so it works with any HTTP
//! client. [`Basis`] has a diagram of a request's states. This module uses nothing from the rest of the crate.
//!
//! # A request of your own
//!
//! ```
//! use atlas_export_buckets::digest::{Error, Request, Session};
//! use atlas_export_buckets::ureq::{self, Agent, Body, http};
//!
//! type Response = (http::StatusCode, Vec<u8>);
//!
//! /// Sends a `GET`, answers the challenge, and returns the first response that is not 401.
//! fn get(agent: &Agent, session: &Session, url: &http::Uri) -> Result<Response, Box<dyn std::error::Error>> {
//!     // The request-target, byte for byte as it goes out.
//!     let target = url.path_and_query().map_or("/", |target| target.as_str());
//!     let request = Request::get(target);
//!     let mut attempt = session.authorize(&request)?;
//!     loop {
//!         let mut builder = agent.get(url).config().http_status_as_error(false).build();
//!         if let Some(authorization) = attempt.authorization() {
//!             builder = builder.header("authorization", authorization);
//!         }
//!         let (head, mut body) = builder.call()?.into_parts();
//!         // To the end, so that the connection can serve the next request.
//!         let content = body.read_to_vec()?;
//!         let fields = |name: &str| head.headers.get_all(name).into_iter().map(|value| value.as_bytes());
//!         if head.status == 401 {
//!             // This fails when the server refuses the answer to its own fresh challenge, so the loop ends.
//!             attempt = session.answer_challenge(attempt, fields("www-authenticate"), &request)?;
//!         } else {
//!             session.record_success(attempt, &request, fields("authentication-info"), &content)?;
//!             return Ok((head.status, content));
//!         }
//!     }
//! }
//! # #[cfg(feature = "simulator")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use atlas_export_buckets::{digest::UserCredentials, simulator::Simulator};
//! # let atlas = Simulator::builder().strict(true).rspauth(true).start()?;
//! # let path = format!("/api/atlas/v1.0/groups/{}/backup/exportBuckets", atlas.project_id());
//! # let url = format!("{}{path}", atlas.base_url()).parse()?;
//! # let session = Session::new(UserCredentials::new(atlas.public_key(), atlas.private_key()));
//! # let agent = Agent::new_with_defaults();
//! # for _ in 0..2 {
//! #     assert_eq!(get(&agent, &session, &url)?.0, 200);
//! # }
//! # assert_eq!((atlas.stats().requests, atlas.stats().challenges), (3, 1));
//! # let wrong = Session::new(UserCredentials::new(atlas.public_key(), "wrong"));
//! # let error = get(&agent, &wrong, &url).unwrap_err();
//! # assert_eq!(error.downcast_ref(), Some(&Error::Refused { stale: false }));
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "simulator"))]
//! # fn main() {}
//! ```
//!
//! # What is implemented
//!
//! Sections for which no RFC is named are those of RFC 7616.
//!
//! | clause | what | where |
//! | --- | --- | --- |
//! | RFC 9110 5.6, 11.2 to 11.6 | several challenges in one field or in several, schemes alone and with a `token68`, tokens and quoted strings, quoted pairs, bytes above 0x7F, white space around `=`, empty list elements, unknown parameters | [`Challenge::select`] |
//! | 3.2, 6.1 | MD5, SHA-256 and SHA-512/256 (the last two with the feature `sha2`) | [`HashFunction`] |
//! | 3.3 `realm`, `nonce`, `opaque` | any bytes up to 4,096, echoed exactly; an empty `opaque` too | [`Challenge`] |
//! | 3.3 `domain` | read, but not acted upon: a session serves one host. Where `domain` is absent (or empty, as Atlas sends it), RFC 7616 takes the whole host as the protection space | [`Challenge::domain`] |
//! | 3.3 `stale` | a nonce that was used before is replaced, whether or not the server calls it stale; if a fresh one is called stale, the caller gets an error | [`Basis`], [`Error::Refused`] |
//! | 3.3 `algorithm` | in any case, with and without `-sess`; MD5 if absent; echoed in the server's spelling | [`Algorithm`] |
//! | 3.3 `qop` | `auth`, or `auth-int` where only that is offered; unknown values are ignored | [`Qop`] |
//! | 3.4, 3.4.5 | which parameters are quoted and which are not; `nc` in eight digits, counted from 1 for each nonce, even if the server gives the same nonce to several requests; `uri` as the request-target | [`Attempt::authorization`] |
//! | 3.4, RFC 8187 3.2 | `username*` for a name that does not fit a quoted string in ASCII | [`UserCredentials`] |
//! | 3.4.1 to 3.4.3 | `response`, A1 also of `-sess`, A2 also of `auth-int` | [`Request`] |
//! | 3.4.4 | `userhash` where the server wants it | [`Challenge::userhash`] |
//! | 3.5, RFC 7615 | `nextnonce` serves the next request; `rspauth` is verified where it is present | [`Session::record_success`] |
//! | 3.6 | one challenge serves later requests, from any thread | [`Session`] |
//! | 3.7 | the first challenge that can be answered, in the server's order; Basic never | [`Challenge::select`], [`NoChallenge`] |
//! | 4 | user name and password are hashed in UTF-8 | [`UserCredentials::new`] |
//! | RFC 2069 2.1.2 | the response to a challenge without `qop`, which RFC 7616 no longer has | [`Challenge::qop`] |
//!
//! # Where it departs from the RFC
//!
//! - RFC 7616 3.3 reads a 401 without `stale=true` as wrong credentials. But a server may also have forgotten a nonce in
//!   a restart, or another node may not know it, and not every server says so. When a nonce that served before is
//!   refused, the fresh challenge is answered once; only the refusal of that answer is final.
//! - RFC 7616 3.6 ends a session at the next challenge. Here the nonces of earlier challenges stay in use beside the new
//!   one. So concurrent requests can each use a nonce of their own, and its `nc` arrives in order, as strict servers
//!   demand.
//! - RFC 7616 3.4 has no `cnonce` without `qop`. With a `-sess` algorithm it is sent all the same: without it, the
//!   server could not compute A1.
//! - A duplicate parameter, or one that does not fit the grammar, makes only its own challenge unusable.
//!   An empty `qop` counts as none.
//!
//! # What is left out
//!
//! - **Several hosts in one session**, limited by `domain`: make a session for each host. Sharing a session
//!   between hosts works, but each evicts the other's nonces.
//! - **Proxies** (407, RFC 7616 3.8): the computation is the same. Pass the values of `Proxy-Authenticate` to
//!   [`Session::answer_challenge`], and send the result as `Proxy-Authorization`; RFC 9110 9.3.6 has the request-target
//!   of a `CONNECT`.
//! - **Streamed contents** with `auth-int`: [`Request::body`] and the response's content are slices. `auth-int` hashes
//!   the content as it was sent, so ask for no content coding if your HTTP client undoes it.
//! - **`Authentication-Info` in a trailer**: take it from there, if your HTTP client shows trailers.
//! - **Unicode normalisation** (RFC 7616 4 wants NFC): [`UserCredentials::new`] takes names and passwords as they
//!   are.
//! - **`digest` of RFC 2069's `Authentication-Info`**, and additional parameters in `Authorization`.
//!
//! # Security considerations
//!
//! RFC 7616 5 has them in full; in brief:
//!
//! - Digest keeps the password off the wire, and protects little else. Without TLS an attacker on the path can read
//!   everything, change whatever is not hashed, and guess the password offline (5.8, 5.11). A long random password, as
//!   Atlas's private keys are, withstands that even with MD5.
//! - The server, or an impostor, chooses the nonce, and may offer only MD5 or no `qop` (5.6, 5.8, 5.9). Such challenges
//!   are answered, because Atlas and older servers offer nothing else. Basic is not, because it would send the
//!   password.
//! - `rspauth` proves that the server knows the password too, and with `auth-int` that its response is unchanged.
//!   But an attacker can remove `Authentication-Info`, or change anything in it but `rspauth`, so its absence is no
//!   error. Do not rely on it instead of TLS.
//! - H(A1) is as good as the password in its realm (5.2). It stays in memory as long as the session, like the password;
//!   neither is wiped, and no `Debug` shows them.
//! - `rspauth` is not compared in constant time. Its expected value is new for every request, so timing reveals nothing
//!   of use.

mod algorithm;
mod authentication_info;
mod authorization;
mod challenge;
mod grammar;
#[cfg(test)]
mod naive;
mod nonces;
mod offered_challenge;
#[cfg(test)]
mod properties;
mod session;
#[cfg(test)]
mod vectors;

pub use algorithm::{Algorithm, HashFunction, HexHash};
pub use authorization::{Request, UserCredentials};
pub use challenge::{Challenge, NoChallenge, Qop, Unanswerable};
pub use session::{Attempt, Basis, Error, Session};

#[cfg(test)]
mod tests {
    /// The module could be a crate of its own. Its tests need `serde_json` and `proptest` too.
    #[test]
    fn nothing_in_this_module_needs_the_rest_of_the_crate_or_ureq_or_serde() {
        let sources = [
            ("algorithm", include_str!("algorithm.rs")),
            ("authentication_info", include_str!("authentication_info.rs")),
            ("authorization", include_str!("authorization.rs")),
            ("challenge", include_str!("challenge.rs")),
            ("grammar", include_str!("grammar.rs")),
            ("nonces", include_str!("nonces.rs")),
            ("offered_challenge", include_str!("offered_challenge.rs")),
            ("session", include_str!("session.rs")),
        ];
        for (name, source) in sources {
            let code = source.split("#[cfg(test)]").next().unwrap();
            let lines = code.lines().map(str::trim).filter(|line| !line.starts_with("//"));
            for line in lines {
                for foreign in ["crate::", "super::super", "ureq", "serde", "std::net", "log::"] {
                    assert!(!line.contains(foreign), "{name}: {line}");
                }
            }
        }
    }
}
