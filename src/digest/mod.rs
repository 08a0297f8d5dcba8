//! HTTP Digest authentication (RFC 7616), client side, sans I/O.

mod algorithm;
mod authentication_info;
mod authorization;
mod challenge;
mod grammar;
#[cfg(test)]
mod naive;
mod session;
#[cfg(test)]
mod vectors;

pub use algorithm::{Algorithm, HashFunction, HexHash};
pub use authorization::{Credentials, Request};
pub use challenge::{Challenge, NoChallenge, Qop, Unanswerable};
pub use session::{Attempt, Basis, Error, Session};
