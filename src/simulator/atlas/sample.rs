//! Buckets to show and to test with: made by a rule, the same on every machine.

/// Makes `n` export buckets as Atlas describes them, each a JSON object.
///
/// The `_id`s are unique and have 24 hexadecimal digits. Of every five buckets three are `AWS`, one is
/// `AZURE` and one is `GCP`, each with the fields of its kind. A bucket of AWS has one of three forms, which its index
/// among all buckets decides. If the index is divisible by 4, it is the short form of the v1.0 documentation. Otherwise,
/// if it is divisible by 3, the bucket has all fields, `links` and `region` among them. If neither, it has the fields
/// that Atlas lists today. The same `n` gives the same buckets; a larger `n` gives these first, then more.
///
/// ```
/// let buckets = atlas_export_buckets::simulator::sample_buckets(2);
/// assert!(buckets[0].starts_with(r#"{"_id":"#) && buckets[0].contains(r#""cloudProvider":"AWS""#));
/// ```
pub fn sample_buckets(n: usize) -> Vec<String> {
    sample_buckets_from(0, n)
}

/// Makes `n` of them from the `start`-th on, so that projects can have different ones.
pub(crate) fn sample_buckets_from(start: usize, n: usize) -> Vec<String> {
    (start as u64..start.saturating_add(n) as u64).map(bucket).collect()
}

const AREAS: [&str; 6] = ["emea", "apac", "latam", "nordics", "us", "global"];
const SUBJECTS: [&str; 7] = ["orders", "billing", "audit", "metrics", "archive", "catalog", "ledger"];
const REGIONS: [&str; 4] = ["US_EAST_1", "EU_WEST_1", "EU_CENTRAL_1", "AP_SOUTHEAST_2"];

fn bucket(i: u64) -> String {
    let id = object_id(i, 1);
    let role = object_id(i, 2);
    let name = format!("export-{}-{}-{i:04}", pick(&AREAS, i), pick(&SUBJECTS, i));
    match i % 5 {
        3 => format!(
            r#"{{"_id":"{id}","bucketName":"{name}","cloudProvider":"AZURE","links":[],"roleId":"{role}","serviceUrl":"https://export{i:04}.blob.core.windows.net","tenantId":"{}"}}"#,
            tenant_id(i)
        ),
        4 => format!(
            r#"{{"_id":"{id}","bucketName":"{name}","cloudProvider":"GCP","links":[],"roleId":"{role}"}}"#
        ),
        _ if i.is_multiple_of(4) => {
            format!(r#"{{"_id":"{id}","bucketName":"{name}","cloudProvider":"AWS","iamRoleId":"{role}"}}"#)
        }
        _ if !i.is_multiple_of(3) => format!(
            r#"{{"_id":"{id}","bucketName":"{name}","cloudProvider":"AWS","iamRoleId":"{role}","requirePrivateNetworking":{}}}"#,
            i.is_multiple_of(2)
        ),
        _ => format!(
            r#"{{"_id":"{id}","bucketName":"{name}","cloudProvider":"AWS","iamRoleId":"{role}","links":[],"region":"{}","requirePrivateNetworking":{}}}"#,
            pick(&REGIONS, i),
            i.is_multiple_of(2)
        ),
    }
}

fn tenant_id(i: u64) -> String {
    let (high, low) = (scatter(i ^ 0x7e), scatter(i ^ 0xa7));
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        low >> 52,
        low & 0xffff_ffff_ffff
    )
}

/// Makes the `i`-th ObjectId of a kind: a time, a number that looks random, and a counter, which makes it unique.
pub(crate) fn object_id(i: u64, kind: u64) -> String {
    let random = scatter(i ^ (kind << 56)) & 0xff_ffff_ffff;
    let seconds = 0x604f_6322 + i * 61;
    format!("{:08x}{random:010x}{:06x}", seconds & 0xffff_ffff, i & 0xff_ffff)
}

/// The finaliser of SplitMix64, which maps neighbouring numbers to distant ones.
fn scatter(i: u64) -> u64 {
    let mut x = i.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

fn pick<'a>(from: &[&'a str], i: u64) -> &'a str {
    from.get(i as usize % from.len().max(1)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn sample_ids_are_unique_and_have_24_hexadecimal_digits() {
        let mut seen = HashSet::new();
        for text in sample_buckets(5_000) {
            let bucket: serde_json::Value = serde_json::from_str(&text).unwrap();
            let id = bucket["_id"].as_str().unwrap().to_owned();
            assert!(id.len() == 24 && id.bytes().all(|b| b.is_ascii_hexdigit()), "{id}");
            assert!((3..=63).contains(&bucket["bucketName"].as_str().unwrap().len()));
            assert!(seen.insert(id));
        }
    }

    #[test]
    fn a_few_buckets_show_every_cloud_and_every_form() {
        let fields = |text: &String| -> Vec<String> {
            let bucket: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text).unwrap();
            bucket.keys().cloned().collect()
        };
        let buckets = sample_buckets(7);
        let aws = ["_id", "bucketName", "cloudProvider", "iamRoleId"];
        assert_eq!(fields(&buckets[0]), aws);
        assert_eq!(fields(&buckets[1]), [&aws[..], &["requirePrivateNetworking"]].concat());
        assert_eq!(
            fields(&buckets[6]),
            [&aws[..], &["links", "region", "requirePrivateNetworking"]].concat()
        );
        assert_eq!(
            fields(&buckets[3]),
            ["_id", "bucketName", "cloudProvider", "links", "roleId", "serviceUrl", "tenantId"]
        );
        assert_eq!(fields(&buckets[4]), ["_id", "bucketName", "cloudProvider", "links", "roleId"]);
    }

    #[test]
    fn sample_buckets_can_start_anywhere() {
        assert_eq!(sample_buckets_from(3, 2), sample_buckets(5)[3..]);
    }
}
