//! HTTP Digest authentication (RFC 7616), client side, sans I/O.

mod algorithm;

pub use algorithm::{Algorithm, HashFunction, HexHash};
