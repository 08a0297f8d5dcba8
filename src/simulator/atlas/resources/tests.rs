//! Pages and errors, from the path to the bytes.

use super::*;
use serde_json::Value;

const ID: &str = "32b6e34b3d91647abb20e7b8";
const SECOND: &str = "000000000000000000000002";
const THIRD: &str = "000000000000000000000003";
const ORGANIZATION: &str = "00000000000000000000000a";
const OTHER_ORGANIZATION: &str = "00000000000000000000000b";

/// What is different from the standard request, which is for two buckets in v1.0.
struct Ask<'a> {
    path: &'a str,
    accept: &'a str,
    buckets: usize,
    nested_envelope: bool,
    readable: Option<&'a [String]>,
    faults: Vec<Fault>,
}

impl Default for Ask<'_> {
    fn default() -> Self {
        let path = "v1.0/groups/32b6e34b3d91647abb20e7b8/backup/exportBuckets";
        Ask { path, accept: "", buckets: 2, nested_envelope: false, readable: None, faults: Vec::new() }
    }
}

/// Asks for the project `ID` with numbered buckets, beside two empty ones of another organization.
fn ask(ask: Ask<'_>) -> Response {
    let project = |id: &str, name: &str, organization: &str, buckets| SimulatedProject {
        id: id.into(),
        name: name.into(),
        organization: organization.into(),
        buckets: (1..=buckets).map(|i| format!(r#"{{"_id":{i}}}"#)).collect(),
    };
    let readable = ask.readable.map(|ids| ("reader".to_owned(), ids.to_vec()));
    let resources = Resources {
        projects: vec![
            project(ID, "first", ORGANIZATION, ask.buckets),
            project(SECOND, "\"second\"", OTHER_ORGANIZATION, 0),
            project(THIRD, "third", OTHER_ORGANIZATION, 0),
        ],
        readable: readable.into_iter().collect(),
        nested_envelope: ask.nested_envelope,
        gone_versions: Vec::new(),
    };
    let target = Target::parse(format!("/api/atlas/{}", ask.path).as_bytes()).unwrap();
    let (accept, faults) = (ask.accept.as_bytes(), ask.faults.as_slice());
    resources.answer(&target, accept, "reader", faults)
}

fn ask_page(query: &str, buckets: usize, faults: &[Fault]) -> Response {
    let path = format!("v1.0/groups/{ID}/backup/exportBuckets?{query}");
    ask(Ask { path: &path, buckets, faults: faults.to_vec(), ..Ask::default() })
}

fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    std::str::from_utf8(answer.get(name).unwrap()).unwrap()
}

fn parsed(answer: &Response) -> Value {
    serde_json::from_slice(&answer.body).unwrap()
}

fn ids(answer: &Response) -> Vec<u64> {
    let body = parsed(answer);
    let results = body["results"].as_array().unwrap();
    results.iter().map(|bucket| bucket["_id"].as_u64().unwrap()).collect()
}

fn rels(answer: &Response) -> Vec<String> {
    let body = parsed(answer);
    let links = body["links"].as_array().unwrap();
    links.iter().map(|link| link["rel"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_page_is_written_as_atlas_writes_it() {
    let answer = ask_page("pageNum=2&itemsPerPage=1", 3, &[]);
    let url = format!("http://localhost:8080/api/atlas/v1.0/groups/{ID}/backup/exportBuckets");
    let link = |rel, page| {
        format!(r#"{{"href":"{url}?includeCount=true&pageNum={page}&itemsPerPage=1","rel":"{rel}"}}"#)
    };
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
        let answer = ask_page(query, buckets, &[]);
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
    let plain = parsed(&ask_page("", 2, &[]));
    assert!(parsed(&ask_page("includeCount=false", 2, &[])).get("totalCount").is_none());
    let pretty = ask_page("pretty=true", 2, &[]);
    assert!(pretty.body.starts_with(b"{\n  \"links\" : [\n"));
    assert_eq!(parsed(&pretty)["results"], plain["results"]);
    let envelope = parsed(&ask_page("envelope=true", 2, &[]));
    assert_eq!((&envelope["status"], &envelope["results"]), (&json!(200), &plain["results"]));
    let path = format!("v1.0/groups/{ID}/backup/exportBuckets?envelope=true");
    let nested = parsed(&ask(Ask { path: &path, nested_envelope: true, ..Ask::default() }));
    assert_eq!((&nested["status"], &nested["envelope"]["results"]), (&json!(200), &plain["results"]));
}

#[test]
fn errors_have_atlas_s_form() {
    let table = [
        ("v1.0/groups/aaaaaaaaaaaaaaaaaaaaaaaa/backup/exportBuckets".to_owned(), 404, "GROUP_NOT_FOUND"),
        ("v1.0/groups/abc/backup/exportBuckets".to_owned(), 404, "INVALID_GROUP_ID"),
        (format!("v1.0/groups/{ID}/backup/exportBuckets?itemsPerPage=501"), 400, "INVALID_QUERY_PARAMETER"),
        (format!("v1.0/groups/{ID}/backup/exportBuckets?pageNumber=1"), 400, "INVALID_QUERY_PARAMETER"),
        (format!("v2/groups/{ID}/backup/exportBuckets"), 406, "INVALID_VERSION_DATE"),
        ("v1.0/clusters".to_owned(), 404, "RESOURCE_NOT_FOUND"),
    ];
    for (path, status, code) in table {
        let answer = ask(Ask { path: &path, accept: "application/json", ..Ask::default() });
        let body = parsed(&answer);
        assert_eq!((answer.status, &body["errorCode"]), (status, &json!(code)), "{path}");
        assert_eq!(body["error"], status, "{path}");
    }
}

#[test]
fn an_enclosed_error_comes_with_200() {
    for nested in [false, true] {
        let path = "v1.0/groups/aaaaaaaaaaaaaaaaaaaaaaaa/backup/exportBuckets?envelope=true";
        let answer = ask(Ask { path, nested_envelope: nested, ..Ask::default() });
        let body = parsed(&answer);
        let enclosed = if nested { &body["envelope"] } else { &body };
        assert_eq!((answer.status, &body["status"]), (200, &json!(404)));
        assert_eq!(enclosed["errorCode"], "GROUP_NOT_FOUND");
    }
}

#[test]
fn v2_answers_in_the_version_that_accept_leads_to() {
    let path = format!("v2/groups/{ID}/backup/exportBuckets");
    let unknown = "v2/groups/aaaaaaaaaaaaaaaaaaaaaaaa/backup/exportBuckets";
    for (path, status) in [(path.as_str(), 200), (unknown, 404)] {
        let old = ask(Ask { path, accept: "application/vnd.atlas.2024-05-29+json", ..Ask::default() });
        assert_eq!(old.status, status);
        assert_eq!(header(&old, "deprecation"), "Mon, 5 Aug 2024 00:00:00 GMT");
        assert_eq!(header(&old, "sunset"), "Thu, 1 Jul 2027 00:00:00 GMT");
    }
    let accept = "application/vnd.atlas.2025-03-12+json";
    let new = ask(Ask { path: &path, accept, ..Ask::default() });
    assert_eq!(header(&new, "content-type"), "application/vnd.atlas.2024-05-30+json;charset=utf-8");
    assert_eq!((new.headers.len(), ids(&new)), (1, vec![1, 2]));
    let projects = ask(Ask { path: "v2/groups", accept, ..Ask::default() });
    assert_eq!(header(&projects, "content-type"), "application/vnd.atlas.2023-01-01+json;charset=utf-8");
    assert!(projects.get("sunset").is_none());
    assert_eq!(ask(Ask { path: "v2/groups", ..Ask::default() }).status, 406);
}

#[test]
fn projects_are_listed_as_atlas_describes_them() {
    let response = ask(Ask { path: "v1.0/groups?itemsPerPage=1&pageNum=2", ..Ask::default() });
    let list = "http://localhost:8080/api/atlas/v1.0/groups";
    let link = |rel, page| {
        format!(r#"{{"href":"{list}?includeCount=true&pageNum={page}&itemsPerPage=1","rel":"{rel}"}}"#)
    };
    let links = [link("self", 2), link("previous", 1), link("next", 3)].join(",");
    let project = format!(
        r#"{{"clusterCount":1,"created":"2021-03-15T13:37:38Z","id":"{SECOND}","links":[{{"href":"{list}/{SECOND}","rel":"self"}}],"name":"\"second\"","orgId":"{OTHER_ORGANIZATION}"}}"#
    );
    assert_eq!(
        String::from_utf8(response.body).unwrap(),
        format!(r#"{{"links":[{links}],"results":[{project}],"totalCount":3}}"#)
    );
}

#[test]
fn credentials_see_the_projects_that_they_may_read_and_no_others() {
    let all = [ID, SECOND, THIRD];
    let organization = |id: &str| format!("v1.0/orgs/{id}/groups");
    let buckets = |id: &str| format!("v1.0/groups/{id}/backup/exportBuckets");
    let only_third = [THIRD.to_owned()];
    type Seen<'a> = Result<&'a [&'a str], (u16, &'a str)>;
    let table: [(String, Option<&[String]>, Seen<'_>); 11] = [
        ("v1.0/groups".into(), None, Ok(&all)),
        ("v1.0/groups".into(), Some(&only_third), Ok(&[THIRD])),
        ("v1.0/groups".into(), Some(&[]), Ok(&[])),
        (organization(OTHER_ORGANIZATION), None, Ok(&[SECOND, THIRD])),
        (organization(&OTHER_ORGANIZATION.to_uppercase()), Some(&only_third), Ok(&[THIRD])),
        (organization(ORGANIZATION), Some(&only_third), Err((401, "USER_UNAUTHORIZED"))),
        (organization(ID), None, Err((404, "ORG_NOT_FOUND"))),
        (organization("x"), None, Err((404, "INVALID_ORG_ID"))),
        (buckets(THIRD), Some(&only_third), Ok(&[])),
        (buckets(&SECOND.to_uppercase()), Some(&only_third), Err((401, "USER_UNAUTHORIZED"))),
        (buckets(ORGANIZATION), Some(&only_third), Err((404, "GROUP_NOT_FOUND"))),
    ];
    for (path, readable, expected) in table {
        let response = ask(Ask { path: &path, readable, ..Ask::default() });
        let body = parsed(&response);
        let found = match body["results"].as_array() {
            Some(results) => Ok(results.iter().map(|project| project["id"].as_str().unwrap()).collect()),
            None => Err((response.status, body["errorCode"].as_str().unwrap())),
        };
        assert_eq!(found, expected.map(<[&str]>::to_vec), "{path} {readable:?}");
    }
}

#[test]
fn distorted_pages_are_distorted_in_one_way_only() {
    let ask_with = |fault: Fault| ask_page("itemsPerPage=2&pageNum=2", 5, &[fault]);
    assert_eq!(ids(&ask_with(Fault::CapPage(1))), [2]);
    assert_eq!(rels(&ask_with(Fault::NoLinks)), [""; 0]);
    assert_eq!(parsed(&ask_with(Fault::NoCount)).get("totalCount"), None);
    assert_eq!(parsed(&ask_with(Fault::Count(3)))["totalCount"], 3);
    assert_eq!(ids(&ask_with(Fault::IgnorePageNum)), [1, 2]);
    assert!(rels(&ask_page("pageNum=9", 5, &[Fault::NextForEver])).contains(&"next".to_owned()));
    let foreign = parsed(&ask_with(Fault::LinksTo("http://elsewhere/\"".into())));
    assert!(foreign["links"][0]["href"].as_str().unwrap().starts_with("http://elsewhere/\"/api"));
    assert_eq!(ask_with(Fault::CountRefused).status, 400);
    let timed_out = ask_with(Fault::CountTimedOut);
    assert_eq!((timed_out.status, &parsed(&timed_out)["errorCode"]), (500, &json!("TIMEOUT_WHILE_PAGING")));
}

#[test]
fn of_two_distortions_that_exclude_each_other_the_later_one_wins() {
    let ask_with = |faults: [Fault; 2]| parsed(&ask_page("", 5, &faults));
    assert_eq!(ask_with([Fault::NoCount, Fault::Count(3)])["totalCount"], 3);
    assert_eq!(ask_with([Fault::Count(3), Fault::NoCount]).get("totalCount"), None);
    assert_eq!(ask_with([Fault::CountRefused, Fault::CountTimedOut])["error"], 500);
    assert_eq!(ask_with([Fault::CountTimedOut, Fault::CountRefused])["error"], 400);
}

#[test]
fn a_401_is_as_it_was_recorded() {
    let response = unauthorized("UNEXPECTED_ERROR", "You are not authorized for this resource.");
    assert_eq!(response.body.len(), 142);
    assert_eq!(header(&response, "content-type"), "application/json");
    assert_eq!(
        String::from_utf8(response.body).unwrap(),
        "{\n  \"detail\" : \"You are not authorized for this resource.\",\n  \"error\" : 401,\n  \
         \"errorCode\" : \"UNEXPECTED_ERROR\",\n  \"reason\" : \"Unauthorized\"\n}"
    );
}
