//! A page of results: bytes to `Page` or to Atlas's error, with the envelope taken off in both its shapes (pure).

use std::error::Error;
use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::value::RawValue;

use crate::error::ApiError;
use crate::export_bucket::{ExportBucket, FieldName, Link, read, read_nullable};
use crate::text;

/// One page of export buckets.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Page {
    /// Its number, from 1.
    pub page_num: u32,
    /// `results`: the buckets.
    pub results: Vec<ExportBucket>,
    /// `totalCount`: how many buckets there are in all pages, the server says; the API calls it an estimate. Absent
    /// without `includeCount`.
    pub total_count: Option<u64>,
    /// `links`: to this page and its neighbours; `None` if the server sent none. They are read for their `rel` only.
    pub links: Option<Vec<Link>>,
    /// The rate limit that the answer told, if it did.
    pub rate_limit: RateLimit,
    /// The answer's `Deprecation` field: this version of the API will go. RFC 9745.
    pub deprecation: Option<String>,
    /// The answer's `Sunset` field: when this version of the API will go. RFC 8594.
    pub sunset: Option<String>,
    /// The answer's body, byte for byte.
    pub body: Vec<u8>,
}

/// The state of the token bucket that limits this resource (`RateLimit-Limit`, `RateLimit-Remaining`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimit {
    /// How many tokens the bucket holds.
    pub limit: Option<u64>,
    /// How many are left.
    pub remaining: Option<u64>,
}

impl Page {
    /// A page from its parsed content and its bytes; what the head of the answer says is yet to come.
    pub(crate) fn new(page_num: u32, content: Content, body: Vec<u8>) -> Page {
        let Content { results, total_count, links } = content;
        Page {
            page_num,
            results,
            total_count,
            links,
            rate_limit: RateLimit::default(),
            deprecation: None,
            sunset: None,
            body,
        }
    }

    /// Whether the server says that there is a next page.
    pub fn has_next(&self) -> bool {
        let is_next = |link: &Link| link.rel.as_deref().is_some_and(|rel| rel.eq_ignore_ascii_case("next"));
        self.links.as_ref().is_some_and(|links| links.iter().any(is_next))
    }

    /// Whether the links say anything. A page links at least to itself; an empty list says no more than none.
    pub(crate) fn has_links(&self) -> bool {
        self.links.as_ref().is_some_and(|links| links.iter().any(|link| link.rel.is_some()))
    }
}

/// What a body with status 200 contains.
#[derive(Debug, PartialEq)]
pub(crate) struct Content {
    pub(crate) results: Vec<ExportBucket>,
    pub(crate) total_count: Option<u64>,
    pub(crate) links: Option<Vec<Link>>,
}

/// Why a body with status 200 is no page.
#[derive(Debug)]
pub(crate) enum BadBody {
    /// It is an error, in an envelope.
    Error(ApiError),
    /// It ends too early: the connection broke.
    Truncated,
    /// It is something else.
    Malformed(String, Option<Box<dyn Error + Send + Sync>>),
}

pub(crate) fn parse(body: &[u8]) -> Result<Content, BadBody> {
    // At once, as it takes a sixth of the time to look at the text of every field instead.
    let text = str::from_utf8(body).map_err(|error| match error.error_len() {
        Some(_) => BadBody::Malformed(format!("it is not UTF-8 ({error}); {}", beginning(body)), None),
        None => BadBody::Truncated,
    })?;
    let document: Document = serde_json::from_str(text).map_err(|error| explain(text, error))?;
    let Document { fields, enclosed } = document;
    let status = fields.status;
    let fields = match enclosed {
        Some(enclosed) => *enclosed,
        None => fields,
    };
    let status = fields.status.or(status).unwrap_or(200);
    if fields.api.status >= 400 || status >= 400 {
        let status = if fields.api.status >= 400 { fields.api.status } else { status };
        return Err(BadBody::Error(ApiError { status, ..fields.api }));
    }
    match fields.results {
        Some(results) => Ok(Content { results, total_count: fields.total_count, links: fields.links }),
        None => Err(BadBody::Malformed("there is no \"results\" in it".into(), None)),
    }
}

/// Reads the body of an answer with an error status; what is not there, or not in Atlas's form, stays absent.
pub(crate) fn parse_error(status: u16, body: &[u8]) -> ApiError {
    let text = str::from_utf8(body).unwrap_or_default();
    let document: Option<Document> = serde_json::from_str(text).ok();
    let fields = document.map(|document| document.enclosed.map_or(document.fields, |enclosed| *enclosed));
    let api = fields.map(|fields| fields.api).unwrap_or_default();
    ApiError { status, ..api }
}

fn explain(body: &str, error: serde_json::Error) -> BadBody {
    let syntax = serde_json::from_str::<IgnoredAny>(body).err();
    match syntax {
        Some(syntax) if body.trim_ascii().is_empty() => {
            BadBody::Malformed("it is empty".into(), Some(syntax.into()))
        }
        Some(syntax) if syntax.is_eof() => BadBody::Truncated,
        Some(syntax) => {
            let problem = format!("it is not JSON ({syntax}); {}", beginning(body.as_bytes()));
            BadBody::Malformed(problem, Some(syntax.into()))
        }
        None => BadBody::Malformed(format!("{error}"), Some(error.into())),
    }
}

fn beginning(body: &[u8]) -> String {
    format!("it begins with {:?}", String::from_utf8_lossy(body.get(..40).unwrap_or(body)))
}

/// A list, an error, or an envelope around either; the list may also carry the envelope's `status` itself.
#[derive(Default)]
struct Document {
    fields: Fields,
    enclosed: Option<Box<Fields>>,
}

#[derive(Default)]
struct Fields {
    results: Option<Vec<ExportBucket>>,
    total_count: Option<u64>,
    links: Option<Vec<Link>>,
    status: Option<u16>,
    api: ApiError,
}

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (fields, enclosed) = deserializer.deserialize_map(FieldsVisitor { may_enclose: true })?;
        Ok(Document { fields, enclosed })
    }
}

/// Reads the fields of a document; of an outer one also those that it encloses.
struct FieldsVisitor {
    may_enclose: bool,
}

impl<'de> DeserializeSeed<'de> for FieldsVisitor {
    type Value = (Fields, Option<Box<Fields>>);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = (Fields, Option<Box<Fields>>);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a page of results, a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Fields::default();
        let mut enclosed = None;
        while let Some(FieldName(name)) = map.next_key()? {
            match &*name {
                // Atlas's documentation of v1.0 calls it `envelope`, that of other versions `content`.
                "envelope" | "content" if self.may_enclose => {
                    let (inner, _) = map.next_value_seed(FieldsVisitor { may_enclose: false })?;
                    enclosed = Some(Box::new(inner));
                }
                _ => fields.read(&name, &mut map)?,
            }
        }
        Ok((fields, enclosed))
    }
}

impl Fields {
    #[inline(never)]
    fn read<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "results" => {
                let mut results: Option<Results> = self.results.take().map(Results);
                read(&mut results, map, name)?;
                self.results = results.map(|Results(results)| results);
            }
            "totalCount" => read_nullable(&mut self.total_count, map, name)?,
            "links" => read_nullable(&mut self.links, map, name)?,
            // These only explain an error: of another type than expected they count as absent, as an error about an error
            // helps nobody.
            "status" => self.status = status(json(map)?.get()),
            "error" => self.api.status = status(json(map)?.get()).unwrap_or_default(),
            "errorCode" => self.api.error_code = string(json(map)?.get()),
            "reason" => self.api.reason = string(json(map)?.get()),
            "detail" => self.api.detail = string(json(map)?.get()),
            "parameters" => self.api.parameters = strings(json(map)?.get()),
            _ => _ = map.next_value::<IgnoredAny>()?,
        }
        Ok(())
    }
}

/// The next value, whatever it is. Called for six names, so that a user's build has one copy of it.
#[inline(never)]
fn json<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Box<RawValue>, A::Error> {
    map.next_value()
}

/// An HTTP status, if it is one.
fn status(json: &str) -> Option<u16> {
    u16::try_from(text::number(json.as_bytes())?).ok()
}

/// The text of a JSON string, if it is one.
fn string(json: &str) -> Option<String> {
    serde_json::from_str(json).ok()
}

/// The texts in a JSON array, if it is one. Values that are not strings stay JSON.
fn strings(json: &str) -> Vec<String> {
    let values: Vec<&RawValue> = serde_json::from_str(json).unwrap_or_default();
    let mut strings = Vec::new();
    for value in values {
        strings.push(string(value.get()).unwrap_or_else(|| value.get().to_owned()));
    }
    strings
}

/// `results`; an error tells the index.
struct Results(Vec<ExportBucket>);

impl<'de> Deserialize<'de> for Results {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ResultsVisitor;
        impl<'de> Visitor<'de> for ResultsVisitor {
            type Value = Results;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of export buckets")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Results, A::Error> {
                let mut results = Vec::new();
                loop {
                    let next = seq.next_element();
                    match next.map_err(|error| A::Error::custom(format!("[{}] {error}", results.len())))? {
                        Some(bucket) => results.push(bucket),
                        None => return Ok(Results(results)),
                    }
                }
            }
        }
        deserializer.deserialize_seq(ResultsVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUCKET: &str = r#"{"_id":"5","bucketName":"b","cloudProvider":"AWS"}"#;

    fn page(count: usize, total_count: Option<u64>, links: Option<Vec<Link>>) -> Result<Content, ApiError> {
        Ok(Content { results: vec![serde_json::from_str(BUCKET).unwrap(); count], total_count, links })
    }

    fn error(status: u16, error_code: Option<&str>) -> Result<Content, ApiError> {
        Err(ApiError { status, error_code: error_code.map(str::to_owned), ..ApiError::default() })
    }

    #[test]
    fn every_shape_of_a_body_is_read() {
        let link = || serde_json::from_str::<Link>(r#"{"href":"h","rel":"self"}"#).unwrap();
        let cases = [
            (
                "a page",
                format!(r#"{{"links":[{{"href":"h","rel":"self"}}],"results":[{BUCKET}],"totalCount":1}}"#),
                page(1, Some(1), Some(vec![link()])),
            ),
            ("no count, no links", format!(r#"{{"results":[{BUCKET},{BUCKET}]}}"#), page(2, None, None)),
            ("nulls", r#"{"results":[],"totalCount":null,"links":null}"#.into(), page(0, None, None)),
            ("unknown fields", r#"{"results":[],"new":{"results":[]}}"#.into(), page(0, None, None)),
            (
                "an envelope of a list",
                r#"{"status":200,"results":[],"totalCount":0}"#.into(),
                page(0, Some(0), None),
            ),
            (
                "an envelope around",
                r#"{"status":200,"envelope":{"results":[],"totalCount":0}}"#.into(),
                page(0, Some(0), None),
            ),
            (
                "an envelope before its status",
                r#"{"content":{"results":[]},"status":200}"#.into(),
                page(0, None, None),
            ),
            (
                "an enclosed error",
                r#"{"status":404,"error":404,"errorCode":"GROUP_NOT_FOUND"}"#.into(),
                error(404, Some("GROUP_NOT_FOUND")),
            ),
            (
                "an enclosed error around",
                r#"{"status":403,"envelope":{"error":403,"errorCode":"X"}}"#.into(),
                error(403, Some("X")),
            ),
            ("a status alone", r#"{"status":500,"results":[]}"#.into(), error(500, None)),
            (
                "an error with status 200",
                r#"{"error":401,"detail":null,"reason":null}"#.into(),
                error(401, None),
            ),
        ];
        for (name, body, expected) in cases {
            let parsed = parse(body.as_bytes()).map_err(|bad| match bad {
                BadBody::Error(api) => api,
                other => panic!("{name}: {other:?}"),
            });
            assert_eq!(parsed, expected, "{name}");
        }
    }

    #[test]
    fn what_is_no_page_says_where() {
        let cases = [
            ("nothing", "".into(), "it is empty"),
            (
                "HTML",
                "<html>x".into(),
                "it is not JSON (expected value at line 1 column 1); it begins with \"<html>x\"",
            ),
            (
                "text behind",
                r#"{"results":[]} x"#.into(),
                "it is not JSON (trailing characters at line 1 column 16)",
            ),
            (
                "another type",
                "[]".into(),
                "invalid type: sequence, expected a page of results, a JSON object at line 1 column 0",
            ),
            ("no results", r#"{"totalCount":0}"#.into(), "there is no \"results\" in it"),
            (
                "results of another type",
                r#"{"results":{}}"#.into(),
                "results: invalid type: map, expected an array of export buckets",
            ),
            ("results twice", r#"{"results":[],"results":[]}"#.into(), "results stands twice"),
            (
                "totalCount twice",
                r#"{"totalCount":2,"results":[],"totalCount":0}"#.into(),
                "totalCount stands twice",
            ),
            (
                "links twice",
                r#"{"links":[{"rel":"next"}],"results":[],"links":[]}"#.into(),
                "links stands twice",
            ),
            (
                "a bucket without a name",
                format!(r#"{{"results":[{BUCKET},{{"_id":"6","cloudProvider":"GCP"}}]}}"#),
                "results: [1] missing field `bucketName` at line 1",
            ),
            (
                "a count of another type",
                r#"{"results":[],"totalCount":"1"}"#.into(),
                "totalCount: invalid type: string \"1\", expected u64",
            ),
            ("deep nesting", "[".repeat(100_000), "it is not JSON"),
        ];
        for (name, body, expected) in cases {
            match parse(body.as_bytes()) {
                Err(BadBody::Malformed(problem, _)) => {
                    assert!(problem.starts_with(expected), "{name}: {problem}")
                }
                other => assert!(
                    name == "deep nesting" && matches!(other, Err(BadBody::Truncated)),
                    "{name}: {other:?}"
                ),
            }
        }
    }

    #[test]
    fn another_encoding_is_told_from_a_body_that_ends_within_a_character() {
        match parse(b"{\"results\":[\"\xff\"]}") {
            Err(BadBody::Malformed(problem, None)) => assert!(
                problem.starts_with("it is not UTF-8 (")
                    && problem.ends_with("it begins with \"{\\\"results\\\":[\\\"\u{fffd}\\\"]}\""),
                "{problem}"
            ),
            other => panic!("{other:?}"),
        }
        assert!(matches!(
            parse("{\"results\":[\"é".as_bytes().split_last().unwrap().1),
            Err(BadBody::Truncated)
        ));
    }

    #[test]
    fn a_body_that_ends_early_is_truncated_wherever_it_ends() {
        let body = format!(r#"{{"links":[{{"href":"h"}}],"results":[{BUCKET},{BUCKET}],"totalCount":2}}"#);
        for end in 1..body.len() {
            let result = parse(&body.as_bytes()[..end]);
            assert!(matches!(result, Err(BadBody::Truncated)), "{end}: {result:?}");
        }
    }

    #[test]
    fn error_documents_are_read_as_far_as_they_go() {
        let api = parse_error(
            404,
            br#"{"detail":"No group","error":404,"errorCode":"GROUP_NOT_FOUND","parameters":["a",1],"reason":"Not Found"}"#,
        );
        let text = |text: &str| Some(text.to_owned());
        let expected = ApiError {
            status: 404,
            error_code: text("GROUP_NOT_FOUND"),
            reason: text("Not Found"),
            detail: text("No group"),
            parameters: vec!["a".into(), "1".into()],
        };
        assert_eq!(api, expected);
        for body in
            ["", "<html>", "[]", r#"{"error":"x","errorCode":1,"reason":[],"detail":{},"parameters":null}"#]
        {
            assert_eq!(
                parse_error(500, body.as_bytes()),
                ApiError { status: 500, ..ApiError::default() },
                "{body}"
            );
        }
    }
}
