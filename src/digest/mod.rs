//! HTTP Digest authentication (RFC 7616), the client's side, without I/O.
//!
//! A [`Session`] takes what the server said as bytes and gives what to send as bytes, so it serves any HTTP
//! client. [`Basis`] draws the states that a request goes through. This module needs nothing of the rest of the
//! crate.
//!
//! # A request of your own
//!
//! ```
//! use atlas_export_buckets::digest::{Error, Request, Session};
//! use atlas_export_buckets::ureq::{self, Agent, Body, http};
//!
//! type Answer = (http::StatusCode, Vec<u8>);
//!
//! /// Sends a `GET`, answers the challenge to it, and returns an answer that is not 401.
//! fn get(agent: &Agent, session: &Session, url: &http::Uri) -> Result<Answer, Box<dyn std::error::Error>> {
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
//!             // Ends in an error when the answer to a fresh challenge is refused, too.
//!             attempt = session.challenged(attempt, fields("www-authenticate"), &request)?;
//!         } else {
//!             session.accepted(attempt, &request, fields("authentication-info"), &content)?;
//!             return Ok((head.status, content));
//!         }
//!     }
//! }
//! # #[cfg(feature = "simulator")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use atlas_export_buckets::{digest::Credentials, simulator::Simulator};
//! # let atlas = Simulator::builder().strict(true).rspauth(true).start()?;
//! # let path = format!("/api/atlas/v1.0/groups/{}/backup/exportBuckets", atlas.project_id());
//! # let url = format!("{}{path}", atlas.base_url()).parse()?;
//! # let session = Session::new(Credentials::new(atlas.public_key(), atlas.private_key()));
//! # let agent = Agent::new_with_defaults();
//! # for _ in 0..2 {
//! #     assert_eq!(get(&agent, &session, &url)?.0, 200);
//! # }
//! # assert_eq!((atlas.stats().requests, atlas.stats().challenges), (3, 1));
//! # let wrong = Session::new(Credentials::new(atlas.public_key(), "wrong"));
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
//! Sections without a number of another RFC are those of RFC 7616.
//!
//! | clause | what | where |
//! | --- | --- | --- |
//! | RFC 9110 5.6, 11.2 to 11.6 | several challenges in one field or in several, schemes alone and with a `token68`, tokens and quoted strings, quoted pairs, bytes above 0x7F, white space around `=`, empty list elements, unknown parameters | [`Challenge::select`] |
//! | 3.2, 6.1 | MD5, SHA-256 and SHA-512/256 (the last two with the feature `sha2`) | [`HashFunction`] |
//! | 3.3 `realm`, `nonce`, `opaque` | any bytes up to 4,096, echoed exactly; an empty `opaque` too | [`Challenge`] |
//! | 3.3 `domain` | read, and not acted upon: a session serves one host, the whole of which RFC 7616 takes for the protection space where `domain` is absent or, as Atlas sends it, empty | [`Challenge::domain`] |
//! | 3.3 `stale` | told to the caller; a nonce that was used before is replaced with or without it | [`Basis`] |
//! | 3.3 `algorithm` | in any case, with and without `-sess`; MD5 if absent; echoed as the server spelt it | [`Algorithm`] |
//! | 3.3 `qop` | `auth`, or `auth-int` where only that is offered; unknown values are ignored | [`Qop`] |
//! | 3.4, 3.4.5 | which parameters are quoted and which are not; `nc` from 1 in eight digits; `uri` as the request-target | [`Attempt::authorization`] |
//! | 3.4, RFC 8187 3.2 | `username*` for a name that a quoted string in ASCII cannot say | [`Credentials`] |
//! | 3.4.1 to 3.4.3 | `response`, A1 also of `-sess`, A2 also of `auth-int` | [`Request`] |
//! | 3.4.4 | `userhash` where the server wants it | [`Challenge::userhash`] |
//! | 3.5, RFC 7615 | `nextnonce` serves the next request; `rspauth` is verified where it is present | [`Session::accepted`] |
//! | 3.6 | one challenge serves all later requests, from any thread | [`Session`] |
//! | 3.7 | the first challenge that can be answered, in the server's order; Basic never | [`Challenge::select`], [`NoChallenge`] |
//! | 4 | user name and password are hashed in UTF-8 | [`Credentials::new`] |
//! | RFC 2069 2.1.2 | the response to a challenge without `qop`, which RFC 7616 no longer has | [`Challenge::qop`] |
//!
//! # Where it departs from the letter
//!
//! - RFC 7616 3.3 takes a 401 without `stale=true` for wrong credentials. A nonce that served before may also have
//!   been forgotten by a restart or be unknown to another node, and not every server says so. Such a refusal
//!   is answered once with the fresh challenge; only the refusal of that is final.
//! - RFC 7616 3.6 ends a session at the next challenge. Here each challenge begins a session of its own
//!   beside the others, so that requests at once do not race for one `nc`, which strict servers want in order.
//! - RFC 7616 3.4 knows no `cnonce` without `qop`. With a `-sess` algorithm it is sent all the same: without
//!   it, nobody could make the key.
//! - A parameter that stands twice, or does not fit the grammar, makes its challenge unusable, and no other.
//!   An empty `qop` counts as none.
//!
//! # What is left out
//!
//! - **Several hosts in one session**, and with them `domain` as a border: make a session for each host. One that
//!   serves several works, but trades their nonces against each other.
//! - **Proxies** (407, RFC 7616 3.8): the same computation over other fields. Hand
//!   [`Session::challenged`] the values of `Proxy-Authenticate` and send what it gives as `Proxy-Authorization`;
//!   for the request-target of a `CONNECT` see RFC 9110 9.3.6.
//! - **Contents that are not in memory** for `auth-int`: [`Request::body`] and the answer's content are slices.
//!   An HTTP client that undoes a content coding takes away what `auth-int` hashes: ask for none.
//! - **`Authentication-Info` in a trailer**: take it from there, if your HTTP client shows trailers.
//! - **Unicode normalisation** (RFC 7616 4 wants NFC): [`Credentials::new`] takes names and passwords as they
//!   are.
//! - **`digest` of RFC 2069's `Authentication-Info`**, and `auth-param`s of one's own in `Authorization`.
//!
//! # Security considerations
//!
//! RFC 7616 5 has them whole; in brief:
//!
//! - Digest keeps the password off the wire, and protects little else. Without TLS whoever is on the way can
//!   read and change all but what is hashed, and can guess at the password offline (5.8, 5.11). MD5 is no worse
//!   for this than the password is weak; use long random ones, as Atlas's private keys are.
//! - A server, or who poses as one, chooses the nonce, and may offer MD5 or no `qop` only (5.6, 5.8, 5.9). That is
//!   answered, because Atlas and older servers have nothing else; Basic is not, because it would send the
//!   password.
//! - `rspauth` proves that the server knows the password too, and with `auth-int` that its answer is unchanged.
//!   But nothing protects `Authentication-Info` from being removed or, `rspauth` apart, from being changed, so
//!   its absence is no error. Do not rely on it instead of TLS.
//! - H(A1) is as good as the password in its realm (5.2). It stays in memory while the session lives, as the
//!   password does; neither is wiped, and no `Debug` shows them.
//! - What is compared with `rspauth` is new for every request, so a comparison in constant time would hide
//!   nothing.

mod algorithm;
mod authentication_info;
mod authorization;
mod challenge;
mod grammar;
#[cfg(test)]
mod naive;
#[cfg(test)]
mod properties;
mod session;
#[cfg(test)]
mod vectors;

pub use algorithm::{Algorithm, HashFunction, HexHash};
pub use authorization::{Credentials, Request};
pub use challenge::{Challenge, NoChallenge, Qop, Unanswerable};
pub use session::{Attempt, Basis, Error, Session};

#[cfg(test)]
mod tests {
    /// The module could be a crate of its own. Its tests are under the same rule but for `serde_json`.
    #[test]
    fn nothing_in_this_module_needs_the_rest_of_the_crate_or_ureq_or_serde() {
        let sources = [
            ("algorithm", include_str!("algorithm.rs")),
            ("authentication_info", include_str!("authentication_info.rs")),
            ("authorization", include_str!("authorization.rs")),
            ("challenge", include_str!("challenge.rs")),
            ("grammar", include_str!("grammar.rs")),
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
