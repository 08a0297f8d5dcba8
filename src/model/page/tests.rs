use super::*;
use crate::model::{ApiError, ExportBucket, read_error};

const BUCKET: &str = r#"{"_id":"5","bucketName":"b","cloudProvider":"AWS"}"#;

fn read(body: impl AsRef<[u8]>) -> Result<Page<ExportBucket>, BodyError> {
    read_page(1, body.as_ref().to_vec())
}

/// What is expected of a body: how many buckets, the count, and the links' `rel`; or an error's status and code.
type Expected<'a> = Result<(usize, Option<u64>, Option<Vec<&'a str>>), (u16, Option<&'a str>)>;

#[test]
fn every_shape_of_a_body_is_read() {
    let cases: Vec<(&str, String, Expected<'_>)> = vec![
        (
            "a page",
            format!(r#"{{"links":[{{"href":"h","rel":"self"}}],"results":[{BUCKET}],"totalCount":1}}"#),
            Ok((1, Some(1), Some(vec!["self"]))),
        ),
        ("no count, no links", format!(r#"{{"results":[{BUCKET},{BUCKET}]}}"#), Ok((2, None, None))),
        ("nulls", r#"{"results":[],"totalCount":null,"links":null}"#.into(), Ok((0, None, None))),
        ("unknown fields", r#"{"results":[],"new":{"results":[]}}"#.into(), Ok((0, None, None))),
        (
            "the envelope of a list",
            r#"{"status":200,"results":[],"totalCount":0}"#.into(),
            Ok((0, Some(0), None)),
        ),
        (
            "an envelope around a list",
            r#"{"status":200,"envelope":{"results":[],"totalCount":0}}"#.into(),
            Ok((0, Some(0), None)),
        ),
        (
            "an envelope before its status",
            r#"{"content":{"results":[]},"status":200}"#.into(),
            Ok((0, None, None)),
        ),
        (
            "the same count outside and inside",
            r#"{"content":{"results":[],"totalCount":0},"totalCount":0}"#.into(),
            Ok((0, Some(0), None)),
        ),
        (
            "an error in the envelope of a list",
            r#"{"status":404,"error":404,"errorCode":"GROUP_NOT_FOUND"}"#.into(),
            Err((404, Some("GROUP_NOT_FOUND"))),
        ),
        (
            "an envelope around an error",
            r#"{"status":200,"envelope":{"error":403,"errorCode":"X"}}"#.into(),
            Err((403, Some("X"))),
        ),
        ("a status alone", r#"{"status":500,"results":[]}"#.into(), Err((500, None))),
        ("an error with status 200", r#"{"error":401,"detail":null,"reason":null}"#.into(), Err((401, None))),
        (
            "an error outside, a list inside",
            r#"{"error":503,"errorCode":"X","envelope":{"results":[]}}"#.into(),
            Err((503, Some("X"))),
        ),
        ("a status of another type", r#"{"status":"OK","results":[]}"#.into(), Ok((0, None, None))),
    ];
    for (name, body, expected) in cases {
        match (read(&body), expected) {
            (Ok(content), Ok((count, total_count, rels))) => {
                assert_eq!((content.results.len(), content.total_count), (count, total_count), "{name}");
                let found = content.links.as_ref();
                let found =
                    found.map(|links| links.iter().map(|link| link.rel.as_deref().unwrap()).collect());
                assert_eq!(found, rels, "{name}");
            }
            (Err(BodyError::Api(api)), Err(expected)) => {
                assert_eq!((api.status, api.error_code.as_deref()), expected, "{name}");
            }
            (other, _) => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn what_is_no_page_says_what_is_wrong_and_where() {
    let many = |value: &str, count| vec![value; count].join(",");
    let cases = [
        ("nothing", "".into(), "it is empty"),
        (
            "HTML",
            "<html>x".into(),
            "it is not JSON (expected value at line 1 column 1); it begins with \"<html>x\"",
        ),
        (
            "text behind the page",
            r#"{"results":[]} x"#.into(),
            "it is not JSON (trailing characters at line 1 column 16)",
        ),
        ("an array", "[]".into(), "invalid type: sequence, expected a JSON object"),
        (
            "an array of a page's values",
            "[[],0,[],null,null,null,null,null,null,null,null]".into(),
            "invalid type: sequence, expected a JSON object",
        ),
        ("no results", r#"{"totalCount":0}"#.into(), "there is no \"results\" in it"),
        (
            "results of another type",
            r#"{"results":{}}"#.into(),
            "invalid type: map, expected an array of at most 10000",
        ),
        ("results twice", r#"{"results":[],"results":[]}"#.into(), "duplicate field `results`"),
        (
            "a count twice",
            r#"{"totalCount":2,"results":[],"totalCount":0}"#.into(),
            "duplicate field `totalCount`",
        ),
        (
            "links twice",
            r#"{"links":[{"rel":"next"}],"results":[],"links":[]}"#.into(),
            "duplicate field `links`",
        ),
        (
            "a link that is an array",
            r#"{"links":[["h","next"]],"results":[]}"#.into(),
            "links[0]: invalid type: sequence, expected a JSON object",
        ),
        (
            "a bucket without a name",
            format!(r#"{{"results":[{BUCKET},{{"_id":"6","cloudProvider":"GCP"}}]}}"#),
            "results[1]: missing field `bucketName`",
        ),
        (
            "a count of another type",
            r#"{"results":[],"totalCount":"1"}"#.into(),
            "invalid type: string \"1\", expected u64",
        ),
        (
            "10,001 results",
            format!(r#"{{"results":[{}]}}"#, many("1", 10_001)),
            "invalid length 10001, expected an array of at most 10000",
        ),
        (
            "1,001 links",
            format!(r#"{{"results":[],"links":[{}]}}"#, many("{}", 1001)),
            "invalid length 1001, expected an array of at most 1000",
        ),
        (
            "21 links of a bucket",
            format!(
                r#"{{"results":[{}]}}"#,
                BUCKET.replace('}', &format!(r#","links":[{}]}}"#, many("{}", 21)))
            ),
            "results[0]: invalid length 21, expected an array of at most 20",
        ),
        (
            "two envelopes",
            r#"{"envelope":{"results":[]},"content":{"results":[]}}"#.into(),
            "there are two envelopes",
        ),
        (
            "an envelope twice",
            r#"{"envelope":{"results":[]},"envelope":{"results":[]}}"#.into(),
            "duplicate field `envelope`",
        ),
        (
            "an envelope in the envelope",
            r#"{"envelope":{"results":[],"content":{}}}"#.into(),
            "there is an envelope in the envelope",
        ),
        (
            "results beside the envelope",
            r#"{"results":[],"content":{"results":[]}}"#.into(),
            "what is outside of the envelope",
        ),
        (
            "another count outside",
            r#"{"totalCount":9,"content":{"results":[],"totalCount":0}}"#.into(),
            "what is outside of the envelope",
        ),
        (
            "another link outside",
            r#"{"links":[{"rel":"next"}],"content":{"results":[]}}"#.into(),
            "what is outside of the envelope",
        ),
        (
            "an error that is no status",
            r#"{"error":1000000,"results":[]}"#.into(),
            "it reports an error whose status is not an HTTP status",
        ),
        (
            "an error that is a word",
            r#"{"error":"x","results":[]}"#.into(),
            "its \"error\" is no error status: \"x\"",
        ),
    ];
    for (name, body, expected) in cases {
        match read(&body) {
            Err(BodyError::Malformed(problem)) => assert!(problem.starts_with(expected), "{name}: {problem}"),
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn each_bucket_has_its_own_text_in_an_envelope_too() {
    let buckets = [BUCKET, r#"{ "_id":"6","bucketName":"é","cloudProvider":"GCP","new":[{}, "]"]}"#, BUCKET];
    let list = format!(r#"{{"totalCount":3,"results":[ {} ]}}"#, buckets.join(" ,\n"));
    for body in [format!(r#"{{"status":200,"content":{list}}}"#), list] {
        let page = read(&body).unwrap();
        assert_eq!(page.body(), body);
        assert_eq!(page.results.iter().map(ExportBucket::raw).collect::<Vec<_>>(), buckets, "{body}");
        assert_eq!(page.results[0], page.results[2]);
        assert_ne!(page.results[0], page.results[1]);
    }
}

#[test]
fn unknown_fields_may_nest_as_deep_as_they_like() {
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let bucket = BUCKET.replace('}', &format!(r#","new":{deep}}}"#));
    let content = read(format!(r#"{{"new":{deep},"results":[{bucket}]}}"#)).unwrap();
    assert_eq!(content.results[0].raw(), bucket);
}

#[test]
fn another_encoding_is_told_from_a_body_that_ends_within_a_character() {
    match read(b"{\"results\":[\"\xff\"]}") {
        Err(BodyError::Malformed(problem)) => assert!(
            problem.starts_with("it is not UTF-8 (")
                && problem.ends_with("it begins with \"{\\\"results\\\":[\\\"\u{fffd}\\\"]}\""),
            "{problem}"
        ),
        other => panic!("{other:?}"),
    }
    let cut = "{\"results\":[\"é".as_bytes().split_last().unwrap().1;
    assert!(matches!(read(cut), Err(BodyError::Truncated)));
}

#[test]
fn a_body_that_ends_early_is_truncated_wherever_it_ends() {
    let body = format!(r#"{{"links":[{{"href":"h"}}],"results":[{BUCKET},{BUCKET}],"totalCount":2}}"#);
    for end in 1..body.len() {
        let result = read(&body[..end]);
        assert!(matches!(result, Err(BodyError::Truncated)), "{end}: {result:?}");
    }
}

#[test]
fn error_documents_are_read_as_far_as_they_go() {
    let document = r#"{"detail":"No group","error":404,"errorCode":"GROUP_NOT_FOUND","parameters":["a",1],"reason":"Not Found"}"#;
    let text = |text: &str| Some(text.to_owned());
    let expected = ApiError {
        status: 404,
        error_code: text("GROUP_NOT_FOUND"),
        reason: text("Not Found"),
        detail: text("No group"),
        parameters: vec!["a".into(), "1".into()],
    };
    assert_eq!(read_error(404, document.as_bytes()), expected);
    assert_eq!(read_error(404, format!(r#"{{"status":404,"envelope":{document}}}"#).as_bytes()), expected);
    for body in
        ["", "<html>", "[]", r#"{"error":"x","errorCode":1,"reason":[],"detail":{},"parameters":null}"#]
    {
        let expected = ApiError { status: 500, ..ApiError::default() };
        assert_eq!(read_error(500, body.as_bytes()), expected, "{body}");
    }
    let not_unicode = [b"{\"errorCode\":\"X\",\"new\":\"\xff\"}".as_slice(), b"\xff"];
    for body in not_unicode {
        assert!(!read_error(404, body).is_from_atlas(), "{body:?}");
    }
}
