//! The part of the table that is about the content of pages: lists that change, bodies that are no pages, envelopes.

use atlas_export_buckets::simulator::{Fault, Response, When, sample_buckets};

use super::row::{Row, body, row};
use super::table::HOUR;

pub fn pages(trap: &str) -> Vec<Row> {
    let no_count =
        Fault::Response(Response::atlas_error(400, "NO_COUNT", "Retry with includeCount=false.", &[]));
    let later_pages = || When::after(2).with_authorization();
    vec![
        row("pages capped at one bucket").pages(Fault::CapPage(1)).lists_all(6),
        row("one page capped, the others not").when(When::always().on_page(2), Fault::CapPage(1)).fails_for_now(
            "Incomplete Short { received: 3, total_count: 5 }",
            "(it ends after 3 items, but the server counts 5); try again; if it stays so, list without the count",
            5,
        ),
        row("no links").pages(Fault::NoLinks).lists_all(4),
        row("no count").pages(Fault::NoCount).lists_all(4),
        row("no count asked for").no_count().lists_all(4),
        row("neither links nor count").pages(Fault::NoLinks).pages(Fault::NoCount).lists_all(5),
        row("neither, and pages capped")
            .pages(Fault::NoLinks).pages(Fault::NoCount).pages(Fault::CapPage(1)).lists_all(7),
        row("a count that vanishes").when(later_pages(), Fault::NoCount).lists_all(4),
        row("a count too low").pages(Fault::Count(3)).lists_all(4),
        row("a count too high").pages(Fault::Count(7)).fails_for_now(
            "Incomplete Short { received: 5, total_count: 7 }",
            "(ClientBuilder::include_count(false), --no-count)",
            5,
        ),
        row("a count that shrinks").when(later_pages(), Fault::Count(4)).fails_for_now(
            "Incomplete Shrunk { from: 5, to: 4 }",
            "the number of items fell from 5 to 4",
            4,
        ),
        row("a count that is refused").pages(Fault::CountRefused).lists_all(5),
        row("a count that takes too long, no retries allowed").pages(Fault::CountTimedOut).retries(0).lists_all(5),
        row("a count that was not asked for is refused").pages(no_count).fails_for_good(
            "Status 400",
            "HTTP 400 NO_COUNT",
            3,
        ),
        row("a server that ignores pageNum").pages(Fault::IgnorePageNum).fails_for_good(
            "Incomplete Repeated",
            "the server sent a page again",
            3,
        ),
        row("a next for ever, over empty pages").pages(Fault::NextForEver).fails_for_good(
            "Incomplete Empty",
            "an empty page says that it is not the last",
            5,
        ),
        row("a next for ever, over the same page")
            .buckets(2, 2)
            .pages(Fault::NextForEver)
            .pages(Fault::IgnorePageNum)
            .fails_for_good("Incomplete Repeated", "", 3),
        row("links to another server").pages(Fault::LinksTo(trap.into())).lists_all(4),
        row("links to nonsense").pages(Fault::LinksTo("\u{0}://\\ \u{202e}".into())).lists_all(4),
    ]
}

pub fn changing_lists() -> Vec<Row> {
    let bucket = r#"{"_id":"ffffffffffffffffffffffff","bucketName":"new","cloudProvider":"AWS"}"#;
    let insert = |index| Fault::Insert { index, bucket: bucket.into() };
    let page = |page_num| When::nth(1).on_page(page_num).with_authorization();
    vec![
        row("a bucket made in front, so that another comes twice").when(page(2), insert(0)).lists_all(4),
        row("a bucket made on a page already read").when(page(3), insert(1)).lists_all(4),
        row("a bucket of page 1 deleted, so that another goes unseen")
            .when(page(2), Fault::Delete { index: 0 })
            .fails_for_now(
                "Incomplete Shrunk { from: 5, to: 4 }",
                "so some may have been missed); try again",
                3,
            ),
        row("a bucket of the last page deleted").when(page(2), Fault::Delete { index: 4 }).fails_for_now(
            "Incomplete Shrunk { from: 5, to: 4 }",
            "",
            3,
        ),
        // What the API cannot show: without a count, or with one that stays, nothing tells that bucket 2 moved.
        row("a bucket deleted, and no count")
            .no_count()
            .when(page(2), Fault::Delete { index: 0 })
            .lists([0, 1, 3, 4], 3),
        row("one made in front and one deleted, so that the count stays and a bucket comes twice")
            .when(page(2), insert(0))
            .when(page(2), Fault::Delete { index: 5 })
            .fails_for_now("Incomplete Short { received: 4, total_count: 5 }", "it ends after 4 items", 4),
        row("two buckets made in front")
            .buckets(6, 3)
            .when(page(2), insert(0))
            .when(page(2), insert(0))
            .lists_all(4),
    ]
}

pub fn no_pages() -> Vec<Row> {
    let malformed = |name, fault, detail| row(name).pages(fault).fails_for_good("Malformed", detail, 2);
    let bucket = |fields: &str| body(format!("{{\"results\":[{{{fields}}}]}}"));
    let html = Fault::Response(Response::html(200, "<html>Sign in to this network</html>"));
    vec![
        row("a page with a content coding")
            .pages(Fault::Response(Response::new(200).header("Content-Encoding", "gzip").body("\u{1f}")))
            .fails_for_good("Refused ContentCoding(\"gzip\")", "although none was accepted: page 1 of", 2),
        malformed("HTML with 200", html, r#"it begins with "<html>Sign in to this network</html>""#),
        malformed("an empty body", body(""), "it is empty"),
        malformed("white space", body(" \r\n"), "it is empty"),
        malformed("null", body("null"), "invalid type: null, expected a JSON object"),
        malformed("an array", body("[]"), "invalid type: sequence, expected a JSON object"),
        malformed("an object without results", body("{}"), "there is no \"results\" in it"),
        malformed("results that are null", body(r#"{"results":null}"#), "there is no \"results\" in it"),
        malformed("results twice", body(r#"{"results":[],"results":[]}"#), "duplicate field `results`"),
        malformed(
            "a bucket without an id",
            bucket(r#""bucketName":"b","cloudProvider":"AWS""#),
            "results[0]: missing field",
        ),
        malformed(
            "a bucket whose name is null",
            bucket(r#""_id":"1","bucketName":null"#),
            "results[0]: invalid type: null",
        ),
        malformed("bytes that are not UTF-8", body(b"{\"results\":[\"\xff\"]}"), "it is not UTF-8"),
        malformed(
            "a count below zero",
            body(r#"{"results":[],"totalCount":-1}"#),
            "invalid value: integer `-1`",
        ),
        malformed(
            "text after the page",
            body(r#"{"results":[]}{"results":[]}"#),
            "trailing characters at line 1",
        ),
        malformed("a byte order mark", body("\u{feff}{\"results\":[]}"), "it is not JSON"),
        row("JSON that ends early, with the right length")
            .pages(body(r#"{"results":[{"_id":"#))
            .retries(1)
            .fails_for_now("Network BrokenBody", "the answer ends too early", 3),
    ]
}

pub fn deep_and_strange_json() -> Vec<Row> {
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep_objects = format!("{}1{}", "{\"a\":".repeat(100_000), "}".repeat(100_000));
    let malformed = |name, fault, detail| row(name).pages(fault).fails_for_good("Malformed", detail, 2);
    let bucket = sample_buckets(1).remove(0).replacen('{', &format!("{{\"new\":{deep_objects},"), 1);
    vec![
        malformed("arrays 100,000 deep", body(deep.clone()), "invalid type: sequence, expected a JSON object"),
        malformed("objects 100,000 deep", body(deep_objects.clone()), "there is no \"results\" in it"),
        malformed(
            "results 100,000 deep",
            body(format!("{{\"results\":{deep}}}")),
            "results[0]: invalid type",
        ),
        malformed("links 100,000 deep", body(format!("{{\"results\":[],\"links\":{deep}}}")), "links[0]: "),
        row("an unknown field of a bucket 100,000 deep")
            .buckets(1, 2)
            .pages(body(format!("{{\"results\":[{bucket}],\"totalCount\":1}}")))
            .lists_all(2),
        row("an unknown field of the page 100,000 deep")
            .buckets(0, 2)
            .pages(body(format!("{{\"new\":{deep},\"results\":[],\"totalCount\":0}}")))
            .lists_all(2),
        row("an error 100,000 deep").pages(Fault::Response(Response::new(404).body(deep))).fails_for_good(
            "NotAtlas 404",
            "HTTP 404 without",
            2,
        ),
    ]
}

pub fn enclosed_errors() -> Vec<Row> {
    let error = |status: u16| format!(r#""error":{status},"errorCode":"CODE","detail":"The detail.""#);
    let flat = |status: u16| format!(r#"{{"status":{status},{}}}"#, error(status));
    let nested = |status: u16| format!(r#"{{"status":{status},"envelope":{{{}}}}}"#, error(status));
    let wait = Response::new(200).header("Retry-After", HOUR).body(flat(429));
    vec![
        row("an enclosed list").envelope().lists_all(4),
        row("an enclosed 403").envelope().pages(body(flat(403))).fails_for_good(
            "Forbidden",
            "HTTP 403 CODE",
            2,
        ),
        row("a 404 in a nested envelope")
            .envelope()
            .pages(body(nested(404)))
            .fails_for_good("NotFound", "CODE", 2),
        row("an enclosed 401").envelope().pages(body(flat(401))).fails_for_good(
            "NotAuthenticated Refused",
            "(HTTP 401 CODE \"The detail.\"); the credentials are known, but may not see this",
            2,
        ),
        row("an enclosed 503, once").envelope().nth(3, body(nested(503))).lists_all(5),
        row("an enclosed 429 for an hour").envelope().pages(Fault::Response(wait)).fails_for_now(
            "RateLimited",
            "try again in 3600 s",
            2,
        ),
        row("an error with 200, without an envelope")
            .pages(body(format!("{{{}}}", error(500))))
            .retries(0)
            .fails_for_now("Status 500", "HTTP 500 CODE", 2),
    ]
}
