//! The hash algorithms of RFC 7616: MD5, SHA-256 and SHA-512-256, each also as `-sess`.

/// A hash function that Digest may use (RFC 7616 3.3 and 6.1: `algorithm` without its `-sess`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HashFunction {
    /// MD5 (RFC 1321). What Atlas uses; kept by RFC 7616 for backward compatibility.
    Md5,
    /// SHA-256 (FIPS 180-4).
    #[cfg(feature = "sha2")]
    Sha256,
    /// SHA-512/256 (FIPS 180-4 5.3.6.2, not a truncated SHA-512).
    #[cfg(feature = "sha2")]
    Sha512_256,
}

impl HashFunction {
    /// Hashes the concatenation of `parts` and returns it in lower-case hexadecimal, the only form
    /// in which RFC 7616 uses a hash (3.2).
    pub fn hash(self, parts: &[&[u8]]) -> HexHash {
        match self {
            HashFunction::Md5 => hash_with::<md5::Md5>(parts),
            #[cfg(feature = "sha2")]
            HashFunction::Sha256 => hash_with::<sha2::Sha256>(parts),
            #[cfg(feature = "sha2")]
            HashFunction::Sha512_256 => hash_with::<sha2::Sha512_256>(parts),
        }
    }
}

fn hash_with<H: md5::Digest>(parts: &[&[u8]]) -> HexHash {
    let mut hasher = H::new();
    for part in parts {
        hasher.update(part);
    }
    let hash = hasher.finalize();
    let mut digits = [0; HexHash::MAX_LEN];
    let len = 2 * hash.len();
    if let Some(digits) = digits.get_mut(..len) {
        write_hex(&hash, digits);
    }
    HexHash { digits, len }
}

/// Writes bytes in lower-case hexadecimal, two digits for each.
pub(super) fn write_hex(bytes: &[u8], digits: &mut [u8]) {
    // It fails only if there are not twice as many digits as bytes, and every caller has as many.
    let _ = hex::encode_to_slice(bytes, digits);
}

/// A hash in lower-case hexadecimal: 32 characters for MD5, 64 for the SHA-2 functions.
///
/// `Debug` does not show the value, because whoever reads H(A1) needs no password (RFC 7616 5.2).
#[derive(Clone, Copy)]
pub struct HexHash {
    digits: [u8; HexHash::MAX_LEN],
    len: usize,
}

impl HexHash {
    const MAX_LEN: usize = 64;

    /// The hexadecimal digits.
    pub fn as_bytes(&self) -> &[u8] {
        self.digits.get(..self.len).unwrap_or_default()
    }
}

impl std::fmt::Debug for HexHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HexHash(..)")
    }
}

/// The value of `algorithm` in a challenge: a hash function, and whether A1 is that of a session
/// (RFC 7616 3.4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Algorithm {
    /// The hash function.
    pub hash: HashFunction,
    /// The `-sess` suffix: A1 is hashed once more, with the session's first nonce and cnonce.
    pub session: bool,
}

impl Algorithm {
    /// MD5, which is also what a challenge without `algorithm` means (RFC 7616 3.3).
    pub const MD5: Algorithm = Algorithm { hash: HashFunction::Md5, session: false };

    const KNOWN: &'static [(&'static str, Algorithm)] = &[
        ("MD5", Algorithm::MD5),
        ("MD5-sess", Algorithm { hash: HashFunction::Md5, session: true }),
        #[cfg(feature = "sha2")]
        ("SHA-256", Algorithm { hash: HashFunction::Sha256, session: false }),
        #[cfg(feature = "sha2")]
        ("SHA-256-sess", Algorithm { hash: HashFunction::Sha256, session: true }),
        #[cfg(feature = "sha2")]
        ("SHA-512-256", Algorithm { hash: HashFunction::Sha512_256, session: false }),
        #[cfg(feature = "sha2")]
        ("SHA-512-256-sess", Algorithm { hash: HashFunction::Sha512_256, session: true }),
    ];

    /// The algorithm of this name, in any case. `None` if RFC 7616 does not define it, or if it is a SHA-2 algorithm and
    /// the feature `sha2` is off.
    pub fn from_name(name: &[u8]) -> Option<Algorithm> {
        let known = Self::KNOWN.iter().find(|(known, _)| name.eq_ignore_ascii_case(known.as_bytes()));
        known.map(|&(_, algorithm)| algorithm)
    }

    /// The name as RFC 7616 registers it.
    pub fn name(self) -> &'static str {
        let known = Self::KNOWN.iter().find(|(_, known)| *known == self);
        known.map_or("", |&(name, _)| name)
    }
}

impl std::fmt::Display for Algorithm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
