//! The resource "export buckets of a project": from a request-target to the bytes of a page or of an error.

use super::answer::Answer;
use super::pretty::pretty;
use super::projects::{Projects, normal_id};
use super::target::{ApiVersion, Query, Target};

/// The media type of a page, with the values of `Deprecation` and `Sunset` if its version is deprecated.
#[derive(Clone, Copy)]
struct MediaType {
    name: &'static str,
    end: Option<(&'static str, &'static str)>,
}

const V1: MediaType = MediaType { name: "application/json", end: None };
const V2: [MediaType; 2] = [
    MediaType { name: "application/vnd.atlas.2024-05-30+json", end: None },
    MediaType {
        name: "application/vnd.atlas.2023-01-01+json",
        end: Some(("Thu, 30 May 2024 00:00:00 GMT", "Thu, 01 Jul 2027 00:00:00 GMT")),
    },
];

/// Where pages differ from Atlas's: what the faults about pages ask for.
#[derive(Clone, Debug, Default)]
pub(super) struct Distortion {
    pub(super) cap: Option<u32>,
    pub(super) no_links: bool,
    pub(super) no_count: bool,
    pub(super) count: Option<u64>,
    pub(super) count_refused: bool,
    pub(super) ignore_page_num: bool,
    pub(super) next_for_ever: bool,
    pub(super) link_base: Option<String>,
}

/// What does not change from one request to the next.
#[derive(Clone, Debug)]
pub(super) struct Form {
    pub(super) base_url: String,
    pub(super) nested_envelope: bool,
}

/// Answers a GET for `target` that is authenticated: `Ok` is a page.
pub(super) fn answer(
    target: &Target,
    accept: &[u8],
    projects: &Projects,
    form: &Form,
    distortion: &Distortion,
) -> Result<Answer, Answer> {
    page(target, accept, projects, form, distortion)
        .map_err(|error| if target.wants_envelope() { enclosed(error, form) } else { error })
}

fn page(
    target: &Target,
    accept: &[u8],
    projects: &Projects,
    form: &Form,
    distortion: &Distortion,
) -> Result<Answer, Answer> {
    let Some((version, id)) = target.export_buckets() else {
        let detail = format!("Cannot find resource {}.", target.path);
        return Err(Answer::atlas_error(404, "RESOURCE_NOT_FOUND", &detail, &[&target.path]));
    };
    let media_type = match version {
        ApiVersion::V1 => V1,
        ApiVersion::V2 => media_type(accept)?,
    };
    if normal_id(id).is_none() {
        let detail = format!("An invalid group ID {id} was specified.");
        return Err(Answer::atlas_error(404, "INVALID_GROUP_ID", &detail, &[id]));
    }
    let Some(buckets) = projects.buckets(id) else {
        let detail = format!("No group with ID {id} exists.");
        return Err(Answer::atlas_error(404, "GROUP_NOT_FOUND", &detail, &[id]));
    };
    let query = target.query().map_err(|name| {
        let detail = format!("Invalid query parameter {name} specified.");
        Answer::atlas_error(400, "INVALID_QUERY_PARAMETER", &detail, &[name])
    })?;
    if distortion.count_refused && query.include_count {
        let detail = "Unable to calculate the total number of results. Retry with includeCount=false.";
        return Err(Answer::atlas_error(400, "CANNOT_CALCULATE_TOTAL_COUNT", detail, &[]));
    }
    let base = distortion.link_base.as_deref().unwrap_or(&form.base_url);
    let url = format!("{base}{}", target.path);
    let body = body(&url, buckets, &query, form, distortion);
    let body = if query.pretty { pretty(&body) } else { body };
    let answer = Answer::new(200).header("Content-Type", media_type.name).body(body);
    Ok(match media_type.end {
        Some((deprecation, sunset)) => answer.header("Deprecation", deprecation).header("Sunset", sunset),
        None => answer,
    })
}

/// Chooses the media type of v2 that `Accept` names.
fn media_type(accept: &[u8]) -> Result<MediaType, Answer> {
    let accept = String::from_utf8_lossy(accept).to_ascii_lowercase();
    let named = |range: &str| {
        let range = range.split(';').next().unwrap_or_default().trim().to_owned();
        V2.into_iter().find(|known| known.name == range)
    };
    accept.split(',').find_map(named).ok_or_else(|| {
        let detail = "Invalid accept header or version date.";
        Answer::atlas_error(406, "INVALID_VERSION_DATE", detail, &[])
    })
}

/// The JSON of one page, without line breaks.
fn body(url: &str, buckets: &[Box<str>], query: &Query, form: &Form, distortion: &Distortion) -> Vec<u8> {
    let size = query.items_per_page.min(distortion.cap.unwrap_or(u32::MAX)) as usize;
    let page_num = if distortion.ignore_page_num { 1 } else { query.page_num };
    let start = (page_num as usize - 1).saturating_mul(size).min(buckets.len());
    let end = start.saturating_add(size).min(buckets.len());
    let results = buckets.get(start..end).unwrap_or_default();

    let mut text = Vec::with_capacity(512 + results.iter().map(|bucket| bucket.len() + 1).sum::<usize>());
    match (query.envelope, form.nested_envelope) {
        (true, true) => text.extend_from_slice(br#"{"status":200,"envelope":{"links":["#),
        (true, false) => text.extend_from_slice(br#"{"status":200,"links":["#),
        (false, _) => text.extend_from_slice(br#"{"links":["#),
    }
    if !distortion.no_links {
        let more = end < buckets.len() || distortion.next_for_ever;
        text.extend(links(url, query, more));
    }
    text.extend_from_slice(br#"],"results":["#);
    for (i, bucket) in results.iter().enumerate() {
        if i > 0 {
            text.push(b',');
        }
        text.extend_from_slice(bucket.as_bytes());
    }
    text.push(b']');
    if query.include_count && !distortion.no_count {
        let count = distortion.count.unwrap_or(buckets.len() as u64);
        text.extend_from_slice(format!(r#","totalCount":{count}"#).as_bytes());
    }
    text.push(b'}');
    if query.envelope && form.nested_envelope {
        text.push(b'}');
    }
    text
}

fn links(url: &str, query: &Query, more: bool) -> Vec<u8> {
    let number = query.page_num;
    let mut pages = vec![("self", number)];
    if number > 1 {
        pages.push(("previous", number - 1));
    }
    if more {
        pages.push(("next", number.saturating_add(1)));
    }
    let link = |(rel, number): &(&str, u32)| {
        let href = serde_json::Value::from(format!("{url}?{}", query.for_page(*number)));
        format!(r#"{{"href":{href},"rel":"{rel}"}}"#).into_bytes()
    };
    let links: Vec<Vec<u8>> = pages.iter().map(link).collect();
    links.join(b",".as_slice())
}

/// An error within an envelope: HTTP says 200, and `status` says what happened.
fn enclosed(error: Answer, form: &Form) -> Answer {
    let body = if form.nested_envelope {
        let head = format!(r#"{{"status":{},"envelope":"#, error.status);
        [head.as_bytes(), &error.body, b"}"].concat()
    } else {
        let head = format!(r#"{{"status":{},"#, error.status);
        [head.as_bytes(), error.body.get(1..).unwrap_or_default()].concat()
    };
    Answer { status: 200, body, ..error }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const ID: &str = "32b6e34b3d91647abb20e7b8";

    fn ask(query: &str, buckets: usize, distortion: &Distortion) -> Answer {
        ask_for(&format!("v1.0/groups/{ID}/backup/exportBuckets?{query}"), b"", buckets, false, distortion)
    }

    fn ask_for(
        path: &str,
        accept: &[u8],
        buckets: usize,
        nested_envelope: bool,
        distortion: &Distortion,
    ) -> Answer {
        let mut projects = Projects::default();
        let buckets = (1..=buckets).map(|i| format!(r#"{{"_id":{i}}}"#)).collect();
        projects.add(ID, buckets).unwrap();
        let form = Form { base_url: "http://h:1".into(), nested_envelope };
        let target = Target::parse(format!("/api/atlas/{path}").as_bytes()).unwrap();
        answer(&target, accept, &projects, &form, distortion).unwrap_or_else(|error| error)
    }

    fn parsed(answer: &Answer) -> Value {
        serde_json::from_slice(&answer.body).unwrap()
    }

    fn ids(answer: &Answer) -> Vec<u64> {
        let body = parsed(answer);
        let results = body["results"].as_array().unwrap();
        results.iter().map(|bucket| bucket["_id"].as_u64().unwrap()).collect()
    }

    fn rels(answer: &Answer) -> Vec<String> {
        let body = parsed(answer);
        let links = body["links"].as_array().unwrap();
        links.iter().map(|link| link["rel"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn a_page_is_written_as_atlas_writes_it() {
        let answer = ask("pageNum=2&itemsPerPage=1", 3, &Distortion::default());
        let url = format!("http://h:1/api/atlas/v1.0/groups/{ID}/backup/exportBuckets");
        let link = |rel, page| format!(r#"{{"href":"{url}?pageNum={page}&itemsPerPage=1","rel":"{rel}"}}"#);
        assert_eq!(
            String::from_utf8(answer.body).unwrap(),
            format!(
                r#"{{"links":[{},{},{}],"results":[{{"_id":2}}],"totalCount":3}}"#,
                link("self", 2),
                link("previous", 1),
                link("next", 3)
            )
        );
    }

    #[test]
    fn pages_cover_the_list_exactly() {
        let table = [
            ("", 0, vec![], vec!["self"]),
            ("itemsPerPage=2", 2, vec![1, 2], vec!["self"]),
            ("itemsPerPage=2", 3, vec![1, 2], vec!["self", "next"]),
            ("itemsPerPage=2&pageNum=2", 3, vec![3], vec!["self", "previous"]),
            ("itemsPerPage=2&pageNum=3", 3, vec![], vec!["self", "previous"]),
            ("itemsPerPage=500&pageNum=4294967295", 3, vec![], vec!["self", "previous"]),
        ];
        for (query, buckets, expected, expected_rels) in table {
            let answer = ask(query, buckets, &Distortion::default());
            assert_eq!(
                (ids(&answer), rels(&answer)),
                (expected, expected_rels.into_iter().map(String::from).collect()),
                "{query} of {buckets}"
            );
            assert_eq!(parsed(&answer)["totalCount"], buckets, "{query} of {buckets}");
        }
    }

    #[test]
    fn the_options_of_the_query_change_the_form_and_nothing_else() {
        let plain = parsed(&ask("", 2, &Distortion::default()));
        assert!(parsed(&ask("includeCount=false", 2, &Distortion::default())).get("totalCount").is_none());
        let pretty = ask("pretty=true", 2, &Distortion::default());
        assert!(pretty.body.starts_with(b"{\n  \"links\" : [\n"));
        assert_eq!(parsed(&pretty)["results"], plain["results"]);
        let envelope = parsed(&ask("envelope=true", 2, &Distortion::default()));
        assert_eq!((&envelope["status"], &envelope["results"]), (&json!(200), &plain["results"]));
        let path = format!("v1.0/groups/{ID}/backup/exportBuckets?envelope=true");
        let nested = parsed(&ask_for(&path, b"", 2, true, &Distortion::default()));
        assert_eq!((&nested["status"], &nested["envelope"]["results"]), (&json!(200), &plain["results"]));
    }

    #[test]
    fn errors_have_atlas_s_form() {
        let table = [
            ("v1.0/groups/aaaaaaaaaaaaaaaaaaaaaaaa/backup/exportBuckets".to_owned(), 404, "GROUP_NOT_FOUND"),
            ("v1.0/groups/abc/backup/exportBuckets".to_owned(), 404, "INVALID_GROUP_ID"),
            (
                format!("v1.0/groups/{ID}/backup/exportBuckets?itemsPerPage=501"),
                400,
                "INVALID_QUERY_PARAMETER",
            ),
            (format!("v1.0/groups/{ID}/backup/exportBuckets?pageNumber=1"), 400, "INVALID_QUERY_PARAMETER"),
            (format!("v2/groups/{ID}/backup/exportBuckets"), 406, "INVALID_VERSION_DATE"),
            ("v1.0/clusters".to_owned(), 404, "RESOURCE_NOT_FOUND"),
        ];
        for (path, status, code) in table {
            let answer = ask_for(&path, b"application/json", 0, false, &Distortion::default());
            let body = parsed(&answer);
            assert_eq!((answer.status, &body["errorCode"]), (status, &json!(code)), "{path}");
            assert_eq!(body["error"], status, "{path}");
        }
        assert_eq!(
            parsed(&ask_for(
                "v1.0/groups/aaaaaaaaaaaaaaaaaaaaaaaa/backup/exportBuckets",
                b"",
                0,
                false,
                &Distortion::default()
            )),
            json!({
                "detail": "No group with ID aaaaaaaaaaaaaaaaaaaaaaaa exists.",
                "error": 404,
                "errorCode": "GROUP_NOT_FOUND",
                "parameters": ["aaaaaaaaaaaaaaaaaaaaaaaa"],
                "reason": "Not Found",
            })
        );
    }

    #[test]
    fn an_enclosed_error_comes_with_200() {
        for nested in [false, true] {
            let path = "v1.0/groups/aaaaaaaaaaaaaaaaaaaaaaaa/backup/exportBuckets?envelope=true";
            let answer = ask_for(path, b"", 0, nested, &Distortion::default());
            let body = parsed(&answer);
            let enclosed = if nested { &body["envelope"] } else { &body };
            assert_eq!((answer.status, &body["status"]), (200, &json!(404)));
            assert_eq!(enclosed["errorCode"], "GROUP_NOT_FOUND");
        }
    }

    #[test]
    fn v2_answers_in_the_version_that_accept_names() {
        let path = format!("v2/groups/{ID}/backup/exportBuckets");
        let old = ask_for(&path, b"application/vnd.atlas.2023-01-01+json", 1, false, &Distortion::default());
        assert!(old.has_header("Sunset") && old.has_header("Deprecation"));
        let accept = b"text/html, Application/vnd.atlas.2024-05-30+json; q=0.9";
        let new = ask_for(&path, accept, 1, false, &Distortion::default());
        assert_eq!(
            new.headers,
            [("Content-Type".to_owned(), b"application/vnd.atlas.2024-05-30+json".to_vec())]
        );
        assert_eq!(ids(&new), [1]);
    }

    #[test]
    fn distorted_pages_are_distorted_in_one_way_only() {
        let distort = |change: fn(&mut Distortion)| {
            let mut distortion = Distortion::default();
            change(&mut distortion);
            ask("itemsPerPage=2&pageNum=2", 5, &distortion)
        };
        assert_eq!(ids(&distort(|d| d.cap = Some(1))), [2]);
        assert_eq!(rels(&distort(|d| d.no_links = true)), [""; 0]);
        assert_eq!(parsed(&distort(|d| d.no_count = true)).get("totalCount"), None);
        assert_eq!(parsed(&distort(|d| d.count = Some(3)))["totalCount"], 3);
        assert_eq!(ids(&distort(|d| d.ignore_page_num = true)), [1, 2]);
        assert!(
            rels(&ask("pageNum=9", 5, &Distortion { next_for_ever: true, ..Distortion::default() }))
                .contains(&"next".to_owned())
        );
        let foreign = parsed(&distort(|d| d.link_base = Some("http://elsewhere/\"".into())));
        assert!(foreign["links"][0]["href"].as_str().unwrap().starts_with("http://elsewhere/\"/api"));
        assert_eq!(distort(|d| d.count_refused = true).status, 400);
    }
}
