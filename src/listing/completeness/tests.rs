use super::*;
use crate::model::{ExportBucket, read_page};

/// A page of the buckets with these ids. `links` is `-` for null, `[]` for an empty list, empty for `self` alone, or else
/// the `rel` of a second link.
fn page(ids: &str, total_count: Option<u64>, links: &str) -> Page<ExportBucket> {
    let bucket = |id| format!(r#"{{"_id":"{id}","bucketName":"b","cloudProvider":"AWS"}}"#);
    let results: Vec<String> = ids.split_whitespace().map(bucket).collect();
    let links = match links {
        "-" => "null".to_owned(),
        "[]" => "[]".to_owned(),
        "" => r#"[{"href":"h","rel":"self"}]"#.to_owned(),
        rel => format!(r#"[{{"href":"h","rel":"self"}},{{"href":"h","rel":"{rel}"}}]"#),
    };
    let count = total_count.map_or("null".to_owned(), |count| count.to_string());
    let body = format!(r#"{{"links":{links},"results":[{}],"totalCount":{count}}}"#, results.join(","));
    read_page(1, body.into()).unwrap()
}

const NEXT: Result<bool, Incomplete> = Ok(true);
const END: Result<bool, Incomplete> = Ok(false);

type Pages = Vec<(&'static str, Option<u64>, &'static str, Result<bool, Incomplete>)>;

fn check(cases: Vec<(&str, Pages)>) {
    for (name, pages) in cases {
        let mut completeness = Completeness::new(10_000);
        for (index, (ids, count, links, expected)) in pages.into_iter().enumerate() {
            let has_next = completeness.record(&mut page(ids, count, links));
            assert_eq!(has_next, expected, "{name}, page {}", index + 1);
        }
    }
}

fn short(received: u64, total_count: u64) -> Result<bool, Incomplete> {
    Err(Incomplete::Short { received, total_count })
}

#[test]
fn a_list_ends_when_the_server_says_so_and_not_before() {
    check(vec![
        ("one page", vec![("1 2", Some(2), "", END)]),
        ("no bucket", vec![("", Some(0), "", END)]),
        ("two pages", vec![("1 2", Some(3), "next", NEXT), ("3", Some(3), "previous", END)]),
        ("no count", vec![("1 2", None, "next", NEXT), ("3", None, "", END)]),
        ("no links", vec![("1 2", Some(3), "-", NEXT), ("3", Some(3), "-", END)]),
        ("neither", vec![("1 2", None, "-", NEXT), ("3", None, "-", NEXT), ("", None, "-", END)]),
        ("neither, links []", vec![("1", None, "[]", NEXT), ("2", None, "[]", NEXT), ("", None, "[]", END)]),
        ("neither, no bucket", vec![("", None, "-", END)]),
        ("a relation in capitals", vec![("1", None, "NEXT", NEXT), ("2", None, "", END)]),
        ("a link beyond the count", vec![("1", Some(1), "next", NEXT), ("2", Some(2), "", END)]),
        ("a count beyond the links", vec![("1", Some(2), "", NEXT), ("2", Some(2), "", END)]),
        ("a count that vanishes", vec![("1", Some(2), "next", NEXT), ("2", None, "", END)]),
        ("a count that grows", vec![("1", Some(1), "next", NEXT), ("1 2", Some(2), "", END)]),
        (
            "a bucket that moved to the next page",
            vec![("1 2", Some(3), "next", NEXT), ("2 3", Some(4), "", END)],
        ),
    ]);
}

#[test]
fn a_list_that_cannot_become_whole_is_an_error() {
    use Incomplete::{Empty, Repeated, Shrunk};
    check(vec![
        ("short", vec![("1", Some(2), "", NEXT), ("", Some(2), "", short(1, 2))]),
        ("short without links", vec![("", Some(2), "-", short(0, 2))]),
        (
            "a count that shrinks",
            vec![("1", Some(3), "next", NEXT), ("2", Some(2), "", Err(Shrunk { from: 3, to: 2 }))],
        ),
        ("a page again", vec![("1 2", None, "next", NEXT), ("1 2", None, "next", Err(Repeated))]),
        (
            "a page again, in another order",
            vec![("1 2", Some(4), "next", NEXT), ("2 1", Some(4), "next", Err(Repeated))],
        ),
        (
            "pages in a circle",
            vec![("1", None, "next", NEXT), ("2", None, "next", NEXT), ("1", None, "next", Err(Repeated))],
        ),
        ("an empty page with a next", vec![("1", None, "next", NEXT), ("", None, "next", Err(Empty))]),
        (
            "a far duplicate",
            vec![
                ("A B", Some(6), "next", NEXT),
                ("C D", Some(6), "next", NEXT),
                ("A E", Some(6), "", short(5, 6)),
            ],
        ),
        ("a duplicate within a page", vec![("A A", Some(2), "", short(1, 2))]),
        (
            "a far duplicate on a short page",
            vec![
                ("A B", Some(5), "next", NEXT),
                ("C D", Some(5), "next", NEXT),
                ("B", Some(5), "", short(4, 5)),
            ],
        ),
        ("a near duplicate", vec![("A B", Some(4), "next", NEXT), ("B C", Some(4), "", short(3, 4))]),
    ]);
}

#[test]
fn items_that_came_before_are_removed() {
    let mut completeness = Completeness::new(10_000);
    let mut left = |ids| {
        let mut page = page(ids, None, "next");
        completeness.record(&mut page).unwrap();
        page.results.into_iter().map(|bucket| bucket.id).collect::<Vec<_>>()
    };
    assert_eq!(left("1 2 1"), ["1", "2"]);
    assert_eq!(left("2 3"), ["3"]);
}

#[test]
fn pages_are_bounded_in_number() {
    let mut completeness = Completeness::new(2);
    assert_eq!(completeness.record(&mut page("1", None, "next")), NEXT);
    assert_eq!(completeness.record(&mut page("2", None, "next")), Err(Incomplete::TooManyPages(2)));
    let mut completeness = Completeness::new(2);
    assert_eq!(completeness.record(&mut page("1", None, "next")), NEXT);
    assert_eq!(completeness.record(&mut page("2", None, "")), END);
}

#[test]
fn items_are_bounded_in_number() {
    let mut completeness = Completeness::new(10_000);
    completeness.ids.sorted = (0..999_999).collect();
    assert_eq!(completeness.record(&mut page("1", None, "next")), NEXT);
    for links in ["", "next"] {
        assert_eq!(
            completeness.record(&mut page("2", None, links)),
            Err(Incomplete::TooManyItems(1_000_000))
        );
    }
}

#[test]
fn a_set_of_ids_knows_each_and_stays_within_twelve_bytes_an_id() {
    let mut ids = IdSet::default();
    let hashes: Vec<u64> = (0..100_000).map(|id| ids.hasher.hash_one(id.to_string())).collect();
    assert!(hashes.iter().all(|hash| ids.insert(*hash)));
    assert!(!hashes.iter().any(|hash| ids.insert(*hash)));
    assert_eq!(ids.len(), 100_000);
    // A hash set takes one more byte for each slot, and keeps at least an eighth of its slots free.
    let bytes = ids.sorted.capacity() * 8 + ids.recent.capacity() * 8 / 7 * 9;
    assert!(bytes <= 12 * 100_000, "{bytes}");
}
