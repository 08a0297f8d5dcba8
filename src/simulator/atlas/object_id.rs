//! MongoDB's ObjectIds.

/// The id in lower case, if it is one: 24 hexadecimal digits.
pub(crate) fn normal_id(id: &str) -> Option<String> {
    let well_formed = id.len() == 24 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    well_formed.then(|| id.to_ascii_lowercase())
}

/// Makes the `i`-th id of a kind: a time, a number that looks random, and a counter, which makes it unique.
pub(crate) fn object_id(i: u64, kind: u64) -> String {
    let random = scatter(i ^ (kind << 56)) & 0xff_ffff_ffff;
    let seconds = 0x604f_6322 + i * 61;
    format!("{:08x}{random:010x}{:06x}", seconds & 0xffff_ffff, i & 0xff_ffff)
}

/// The finaliser of SplitMix64, which maps neighbouring numbers to distant ones.
pub(crate) fn scatter(i: u64) -> u64 {
    let mut x = i.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
