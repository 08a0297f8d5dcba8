//! Random bytes for nonces and access tokens.

use rand::RngCore as _;

/// Random bytes, mixed with `count`. Nonces and tokens must be unique, but they protect test data only, so a
/// failing random number generator is not an error.
pub(crate) fn unique_bytes(count: u64) -> [u8; 24] {
    let mut bytes = [0; 24];
    let _ = rand::rngs::OsRng.try_fill_bytes(&mut bytes);
    for (byte, count) in bytes.iter_mut().zip(count.to_le_bytes()) {
        *byte ^= count;
    }
    bytes
}
