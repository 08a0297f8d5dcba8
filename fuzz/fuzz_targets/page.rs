//! A page: what is read is what `serde_json::Value` says, what is written again is the same, and what is a page beyond
//! doubt is read.
#![no_main]

use std::collections::HashMap;

use atlas_export_buckets::fuzzing::{NoPage, read_page};
use atlas_export_buckets::{ExportBucket, Page};
use fuzz::json;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use serde_json::value::RawValue;

fuzz_target!(|body: &[u8]| {
    let read = read_page(body.to_vec());
    let document = json::parse(body);
    match &read {
        Ok(page) => {
            assert!(serde_json::from_slice::<&RawValue>(body).is_ok(), "read, but no JSON");
            if let Some(document) = &document {
                agrees(page, document);
                numbers_keep_their_form(page, body);
            }
            ends_nowhere_else(body);
        }
        Err(problem) => {
            if let Some(document) = &document {
                assert_ne!(*problem, NoPage::Truncated, "a whole document");
                assert!(!is_plain(content(document)) || is_error(document), "a page is refused: {problem:?}");
            }
            if let NoPage::Error(status) = problem {
                assert!(*status >= 400, "{status}");
                assert!(document.as_ref().is_none_or(is_error), "no error: {problem:?}");
            }
        }
    }
});

/// Without the envelope around it, if there is one.
fn content(document: &Value) -> &Value {
    const ENVELOPES: [&str; 2] = ["envelope", "content"];
    let has_any = |document: &Value, names: &[&str]| names.iter().any(|name| document.get(name).is_some());
    let is_list = has_any(document, &["results", "totalCount", "links"]);
    let mut enclosed = ENVELOPES.into_iter().filter_map(|name| document.get(name));
    match (enclosed.next(), enclosed.next()) {
        (None, _) => document,
        (Some(one), None) if !is_list && !has_any(one, &ENVELOPES) => one,
        // Of two lists, nobody can say which one counts.
        (Some(_), _) => &Value::Null,
    }
}

/// Whether an error stands in it, inside or outside of an envelope.
fn is_error(document: &Value) -> bool {
    let documents = [Some(document), document.get("envelope"), document.get("content")];
    documents.into_iter().flatten().any(|document| {
        document.get("error").is_some_and(|error| !error.is_null())
            || document.get("status").and_then(Value::as_u64).is_some_and(|status| status >= 400)
    })
}

fn agrees(page: &Page<ExportBucket>, document: &Value) {
    let content = content(document);
    // In an envelope, what it encloses comes first.
    assert!(!std::ptr::eq(content, document) || !is_error(document), "an error is read as a page");
    if content.is_null() {
        return;
    }
    let results = content["results"].as_array().expect("results");
    assert_eq!(page.total_count, content.get("totalCount").and_then(Value::as_u64));
    let rels: Option<Vec<Option<String>>> = content.get("links").and_then(Value::as_array).map(|links| {
        links.iter().map(|link| link.get("rel").and_then(Value::as_str).map(str::to_owned)).collect()
    });
    let read_rels = page.links.as_ref().map(|links| links.iter().map(|link| link.rel.clone()).collect());
    assert_eq!(read_rels, rels);
    assert_eq!(page.results.len(), results.len());
    for (bucket, result) in page.results.iter().zip(results) {
        let id = result.get("_id").or_else(|| result.get("id"));
        assert_eq!(Some(bucket.id.as_str()), id.and_then(Value::as_str));
        assert_eq!(Some(bucket.bucket_name.as_str()), result["bucketName"].as_str());
        let written = written(bucket);
        assert_eq!(json::parse(written.as_bytes()).as_ref(), Some(result), "written as {written}");
    }
}

/// A number is written as it came: `1.0` is not `1`, and `1e400` is no infinity.
fn numbers_keep_their_form(page: &Page<ExportBucket>, body: &[u8]) {
    let results = results(body).unwrap_or_default();
    for (bucket, result) in page.results.iter().zip(results) {
        let written = written(bucket);
        assert_eq!(json::numbers(&written), json::numbers(result), "{result} is written as {written}");
    }
}

fn written(bucket: &ExportBucket) -> String {
    serde_json::to_string(bucket).expect("a bucket that was read can be written")
}

/// The texts of the buckets.
fn results(body: &[u8]) -> Option<Vec<&str>> {
    let fields = |text| serde_json::from_str::<HashMap<String, &RawValue>>(text).ok();
    let mut content = fields(str::from_utf8(body).ok()?)?;
    if let Some(enclosed) = content.get("envelope").or_else(|| content.get("content")) {
        content = fields(enclosed.get())?;
    }
    let results: Vec<&RawValue> = serde_json::from_str(content.get("results")?.get()).ok()?;
    Some(results.into_iter().map(RawValue::get).collect())
}

/// A body that ends early is told from one that is wrong, wherever it ends.
fn ends_nowhere_else(body: &[u8]) {
    let body = body.trim_ascii();
    let cut =
        body.iter().fold(1, |sum: usize, &byte| sum.wrapping_mul(31).wrapping_add(byte.into())) % body.len();
    let cut = cut.max(1);
    // Known: serde_json takes the end within a number for a wrong number, and the library does so, too.
    if matches!(body[cut - 1], b'-' | b'+' | b'.' | b'e' | b'E') {
        return;
    }
    assert_eq!(
        read_page(body[..cut].to_vec()).err(),
        Some(NoPage::Truncated),
        "{:?}",
        String::from_utf8_lossy(&body[..cut])
    );
}

/// Whether it is a page beyond doubt: all that is known has the type that the documentation gives it, or is null.
fn is_plain(content: &Value) -> bool {
    let is_bucket = |bucket: &Value| {
        ["bucketName", "cloudProvider"].iter().all(|name| bucket.get(name).is_some_and(Value::is_string))
            && bucket.get("_id").or_else(|| bucket.get("id")).is_some_and(Value::is_string)
            && ["iamRoleId", "region", "roleId", "serviceUrl", "tenantId"]
                .iter()
                .all(|name| bucket.get(name).is_none_or(|value| value.is_string() || value.is_null()))
            && bucket
                .get("requirePrivateNetworking")
                .is_none_or(|value| value.is_boolean() || value.is_null())
            && bucket.get("links").is_none_or(|links| are_links(links, 20))
    };
    content.get("results").and_then(Value::as_array).is_some_and(|results| results.iter().all(is_bucket))
        && content.get("totalCount").is_none_or(|count| count.is_u64() || count.is_null())
        && content.get("links").is_none_or(|links| are_links(links, 1000))
}

fn are_links(links: &Value, most: usize) -> bool {
    let is_text = |value: Option<&Value>| value.is_none_or(|value| value.is_string() || value.is_null());
    let is_link = |link: &Value| link.is_object() && is_text(link.get("href")) && is_text(link.get("rel"));
    links.is_null() || links.as_array().is_some_and(|links| links.len() <= most && links.iter().all(is_link))
}
