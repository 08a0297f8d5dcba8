//! The table of faults: each with its exact result, the exact number of requests, and a bound on its time.
//!
//! See `row.rs` for what the words mean. Unless a row says otherwise, five buckets are listed, two a page: request 1 is
//! answered with a challenge, requests 2, 3 and 4 with the pages.

use std::time::Duration;

use atlas_export_buckets::simulator::{Fault, Response, When};

use super::table_of_pages;
use super::row::{Row, Target, challenge, row, status};

pub const HOUR: &str = "3600";
const SECOND: Duration = Duration::from_secs(1);

/// All rows. `trap` is the address of a server that nobody may ever connect to.
pub fn table(trap: &str) -> Vec<Row> {
    let rows = [
        broken_connections(),
        no_connection(),
        overload(),
        statuses(),
        deadlines(),
        bounds(),
        table_of_pages::pages(trap),
        table_of_pages::changing_lists(),
        table_of_pages::no_pages(),
        table_of_pages::deep_and_strange_json(),
        table_of_pages::enclosed_errors(),
        redirects(trap),
        refused_credentials(),
        forged_challenges(),
        no_http(),
    ];
    rows.into_iter().flatten().collect()
}

/// What breaks on page 2 costs one request more. What breaks before a nonce was accepted costs its challenge again. What
/// breaks before the header, once there was any response, is sent again at once, and is no retry.
fn broken_connections() -> Vec<Row> {
    let early_end = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"links\":[],\"results\":[".to_vec();
    let false_length = b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n{\"results\":[]}".to_vec();
    vec![
        row("no fault").lists_all(4),
        row("reset before the answer").nth(3, Fault::Reset).lists_all(5),
        row("closed before the answer").nth(3, Fault::Close).lists_all(5),
        row("closed within the head").nth(3, Fault::CutHead).lists_all(5),
        row("closed within the body").nth(3, Fault::CutBody).lists_all(5),
        row("reset within the body").nth(3, Fault::ResetBody).lists_all(5),
        row("closed within a chunk").nth(3, Fault::CutChunks).lists_all(5),
        row("a body without a length, cut").nth(3, Fault::Raw(early_end)).lists_all(5),
        row("a body shorter than its length").nth(3, Fault::Raw(false_length)).lists_all(5),
        row("a connection that died while idle").nth(2, Fault::CloseAfter).lists_all(4),
        row("every connection dies while idle").when(When::after(1), Fault::CloseAfter).lists_all(4),
        row("a challenge that is reset").nth(1, Fault::Reset).lists_all(5),
        row("a challenge whose body is cut").nth(1, Fault::CutBody).lists_all(5),
        row("a first page that is reset").nth(2, Fault::Reset).lists_all(6),
        row("three resets in a row").when(When::first(3), Fault::Reset).lists_all(7),
        row("resets for ever").always(Fault::Reset).retries(2).fails_for_now(
            "Network Broken",
            "the connection broke",
            3,
        ),
        row("closed for ever").pages(Fault::Close).retries(1).fails_for_now("Network Broken", "try again", 6),
        row("bodies cut for ever").pages(Fault::CutBody).retries(1).fails_for_now("Network BrokenBody", "", 4),
        row("a kept connection that is reset, no retries allowed").nth(3, Fault::Reset).retries(0).lists_all(5),
        row("a first request that is reset, no retries allowed").nth(1, Fault::Reset).retries(0)
            .fails_for_now("Network Broken", "", 1),
        row("a kept connection that is reset twice, no retries allowed")
            .nth(3, Fault::Reset).nth(4, Fault::Reset).retries(0).fails_for_now("Network Broken", "", 4),
        row("a cut body, no retries allowed").nth(3, Fault::CutBody).retries(0).fails_for_now("Network BrokenBody", "", 3),
    ]
}

fn no_connection() -> Vec<Row> {
    vec![
        row("nobody listens").target(Target::ClosedPort).retries(1).fails_for_now(
            "Network ConnectionRefused",
            "(Connection refused (os error 111)); check the network, the base URL and the proxy",
            0,
        ),
        row("a host that does not exist").target(Target::UnknownHost).retries(0).fails_for_now(
            "Network HostNotFound",
            "cannot look up the host: page 1 of",
            0,
        ),
        row("no TLS where TLS should be").target(Target::SimulatorByHttps).fails_for_good(
            "Network Tls",
            "(the answer is not TLS); check the base URL",
            0,
        ),
    ]
}

fn overload() -> Vec<Row> {
    let busy = |status: u16, retry_after: &str| {
        Fault::Response(Response::atlas_error(status, "BUSY", "Wait.", &[]).header("Retry-After", retry_after))
    };
    let busy_for = |seconds: &str| {
        let parameters = ["/api/atlas/v1.0/groups", seconds, "10", "10", "60"];
        Fault::Response(Response::atlas_error(429, "RATE_LIMITED_TOKEN_BUCKET", "Wait.", &parameters))
    };
    let never = "Fri, 31 Dec 9999 23:59:59 GMT";
    vec![
        row("429 once").nth(2, status(429)).lists_all(5),
        row("429, then a second's wait").nth(3, busy(429, "1")).lists_all(5),
        row("429 until a date that has passed").nth(3, busy(429, "Sun, 06 Nov 1994 08:49:37 GMT")).lists_all(5),
        row("429 until a time that is no time").nth(3, busy(429, "soon")).lists_all(5),
        row("429 for an hour").nth(2, busy(429, HOUR)).within_ms(5000).fails_for_now(
            "RateLimited",
            "(HTTP 429 BUSY \"Wait.\"); try again in 3600 s",
            2,
        ),
        row("429 until the end of time").nth(2, busy(429, never)).within_ms(5000).fails_for_now(
            "RateLimited",
            "try again in 25",
            2,
        ),
        row("429 for longer than numbers go").nth(2, busy(429, "99999999999999999999")).fails_for_now(
            "RateLimited",
            "try again in 18446744073709551615 s",
            2,
        ),
        row("429 for ever, without a time").pages(status(429)).timeout_ms(200).retries(0)
            .fails_for_now("RateLimited", "try again later", 2),
        row("429 for ever, a second each").pages(busy(429, "1")).timeout_ms(2500).retries(0)
            .fails_for_now("RateLimited", "try again in 1 s", 4),
        row("429 with the time in its body only").nth(2, busy_for("1")).timeout_ms(2900).retries(0).lists_all(5),
        row("429 for an hour by its body only").nth(2, busy_for(HOUR)).within_ms(5000).fails_for_now(
            "RateLimited",
            "try again in 3600 s",
            2,
        ),
        row("503, then a second's wait").nth(3, busy(503, "1")).lists_all(5),
        row("503 for an hour").nth(2, busy(503, HOUR)).within_ms(5000).fails_for_now(
            "Status 503",
            "(HTTP 503 BUSY \"Wait.\"); try again in 3600 s",
            2,
        ),
        row("a nonce forgotten behind a 429, with time for one wait")
            .nth(2, busy(429, "1")).nth(3, Fault::ForgetNonces).timeout_ms(1900).lists_all(6),
        row("everything in turn").nth(2, status(429)).nth(3, Fault::Reset).nth(4, status(503)).lists_all(7),
    ]
}

fn statuses() -> Vec<Row> {
    let mut rows = vec![
        row("403").pages(status(403)).fails_for_good("Forbidden", "give the credentials the role Project Read Only", 2),
        row("404").pages(status(404)).fails_for_good("NotFound", "(HTTP 404 CODE \"The detail.\"); check the id", 2),
        row("a 404 for the path")
            .pages(Fault::Response(Response::atlas_error(404, "RESOURCE_NOT_FOUND", "Cannot find /x.", &[])))
            .fails_for_good("Status 404", "(HTTP 404 RESOURCE_NOT_FOUND \"Cannot find /x.\"); check the base URL", 2),
        row("a 403 on a later page").nth(4, status(403)).fails_for_good("Forbidden", "page 3 of the export buckets", 4),
        row("a 404 in HTML").pages(Fault::Response(Response::html(404, "<h1>"))).fails_for_good(
            "NotAtlas 404",
            "this is not Atlas's answer",
            2,
        ),
        row("a 403 in HTML").pages(Fault::Response(Response::html(403, "<h1>"))).fails_for_good(
            "NotAtlas 403",
            "(HTTP 403 without an error document of Atlas); check the base URL",
            2,
        ),
        row("text that would leave its line")
            .pages(Fault::Response(Response::atlas_error(500, "A\nB", "C\u{1b}[31m\rD", &[])))
            .retries(0)
            .fails_for_now("Status 500", r#"HTTP 500 A\nB "C\u{1b}[31m\rD""#, 2),
    ];
    const FOR_GOOD: [(&str, &str); 16] = [
        ("201", "Status 201"), ("202", "Status 202"), ("204", "Status 204"), ("206", "Status 206"),
        ("400", "Status 400"), ("402", "Status 402"), ("405", "Status 405"), ("406", "Status 406"),
        ("407", "Status 407"), ("408", "Status 408"), ("409", "Status 409"), ("410", "Status 410"),
        ("422", "Status 422"), ("451", "Status 451"), ("501", "Status 501"), ("505", "Status 505"),
    ];
    for (name, kind) in FOR_GOOD {
        let fault = status(name.parse().unwrap());
        let detail = if name == "204" { "(HTTP 204)" } else { "CODE \"The detail.\")" };
        rows.push(row(name).pages(fault).fails_for_good(kind, detail, 2));
    }
    for (name, kind) in [("500", "Status 500"), ("502", "Status 502"), ("503", "Status 503"), ("504", "Status 504")] {
        let fault = || status(name.parse().unwrap());
        rows.push(row(name).pages(fault()).retries(2).fails_for_now(kind, "CODE \"The detail.\"); try again later", 4));
        rows.push(row(name).nth(3, fault()).lists_all(5));
    }
    rows
}

fn deadlines() -> Vec<Row> {
    let drip = || Fault::Drip { bytes: 1, every: SECOND };
    let drip_body = || Fault::DripBody { bytes: 1, every: SECOND };
    let silence = || Fault::Delay(60 * SECOND);
    vec![
        row("silence").always(silence()).timeout_ms(1000).fails_for_now("Deadline", "within the deadline of 1 s", 1),
        row("silence on a later page").nth(4, silence()).timeout_ms(1000).fails_for_now("Deadline", "page 3 of the", 4),
        row("a challenge that drips").always(drip()).timeout_ms(1500).fails_for_now("Deadline", "allow more time", 1),
        row("a challenge whose body drips").always(drip_body()).timeout_ms(1500).fails_for_now("Deadline", "", 1),
        row("a page that drips").pages(drip()).timeout_ms(1500).fails_for_now("Deadline", "1.5 s", 2),
        row("a page whose body drips").pages(drip_body()).timeout_ms(1500).fails_for_now("Deadline", "", 2),
        row("an error that drips").nth(3, status(503)).nth(3, drip_body()).timeout_ms(1500)
            .fails_for_now("Deadline", "", 3),
        row("drops that come in time").pages(Fault::Drip { bytes: 64, every: SECOND / 1000 }).lists_all(4),
        row("an answer that is late, but in time").pages(Fault::Delay(SECOND / 10)).lists_all(4),
        row("silence after an error")
            .nth(2, status(503)).nth(3, silence()).timeout_ms(2500)
            .fails_for_now("Deadline after Status 503", "CODE \"The detail.\"; then the deadline of 2.5 s passed); try again later", 3),
        row("silence after an error and a challenge")
            .nth(2, status(503)).nth(3, Fault::ForgetNonces).nth(4, silence()).timeout_ms(2500)
            .fails_for_now("Deadline after Status 503", "the server failed: page 1 of", 4),
        row("a count that is refused, and then a slow page")
            .pages(Fault::CountRefused).pages(Fault::Delay(2 * SECOND)).timeout_ms(3000)
            .fails_for_now("Deadline", "within the deadline of 3 s", 3),
        row("a page that would drip for an hour, after a cut body")
            .nth(3, Fault::CutBody).nth(4, drip_body()).timeout_ms(2500)
            .fails_for_now("Deadline after Network BrokenBody", "the connection broke: page 2", 4),
        row("a page that would drip for an hour, after a kept connection was reset")
            .nth(3, Fault::Reset).nth(4, drip_body()).timeout_ms(2500)
            .fails_for_now("Deadline", "within the deadline of 2.5 s", 4),
    ]
}

fn bounds() -> Vec<Row> {
    let no_digest = "NotAuthenticated NoChallenge";
    let many: String = (0..5_000).map(|i| format!(", x{i}=y")).collect();
    vec![
        row("a page without end").pages(Fault::EndlessBody).fails_for_good(
            "Refused BodyTooLarge(4194304)",
            "(its body is longer than 4194304 bytes); ask for fewer items per page",
            2,
        ),
        row("a challenge whose body has no end").nth(1, Fault::EndlessBody).lists_all(4),
        row("a refused nonce, with a body without end").nth(3, Fault::Stale).nth(3, Fault::EndlessBody).lists_all(5),
        row("an error whose body has no end").nth(3, status(503)).nth(3, Fault::EndlessBody).lists_all(5),
        row("a 404 whose body has no end").pages(status(404)).pages(Fault::EndlessBody).fails_for_good(
            "NotAtlas 404",
            "HTTP 404 without an error document",
            2,
        ),
        row("120 more header fields").always(Fault::ManyHeaders(120)).lists_all(4),
        row("10,000 header fields").pages(Fault::ManyHeaders(10_000)).fails_for_good(
            "Refused HeaderTooLarge",
            "its header is larger than 64 KiB",
            2,
        ),
        row("129 header fields").pages(Fault::ManyHeaders(129)).fails_for_good("Refused HeaderTooLarge", "", 2),
        row("a header field of 100,000 bytes").pages(Fault::LongHeader(100_000)).fails_for_good(
            "Refused HeaderTooLarge",
            "",
            2,
        ),
        row("a nonce of 5,000 bytes")
            .always(challenge(format!("Digest realm=\"r\", qop=\"auth\", nonce=\"{}\"", "n".repeat(5_000))))
            .fails_for_good(no_digest, "only: Digest (too long)", 1),
        row("a challenge of 5,000 parameters")
            .always(challenge(format!("Digest realm=\"r\", nonce=\"n\"{many}")))
            .fails_for_good(no_digest, "(too long)", 1),
    ]
}

fn redirects(trap: &str) -> Vec<Row> {
    let redirect = |status, location: &str| Fault::Response(Response::redirect(status, location));
    let row = |name, fault| row(name).pages(fault);
    vec![
        row("301", redirect(301, trap)).fails_for_good("Refused Redirect 301", "(HTTP 301 to http://127.0.0.1:", 2),
        row("302", redirect(302, trap)).fails_for_good("Refused Redirect 302", "a redirect, which is not followed", 2),
        row("303", redirect(303, trap)).fails_for_good("Refused Redirect 303", "a redirect, which is not followed", 2),
        row("307", redirect(307, trap)).fails_for_good("Refused Redirect 307", "a redirect, which is not followed", 2),
        row("308", redirect(308, trap)).fails_for_good("Refused Redirect 308", "a redirect, which is not followed", 2),
        row("a redirect to here", redirect(302, "/")).fails_for_good("Refused Redirect 302", "(HTTP 302 to /); check the base URL", 2),
        row("a redirect to nowhere", redirect(302, "")).fails_for_good("Refused Redirect 302", "a redirect, which is not followed", 2),
        row("a redirect without Location", status(302)).fails_for_good("Refused Redirect 302", "(HTTP 302 to nowhere)", 2),
        row("a redirect before the challenge", Fault::NoLinks).always(redirect(302, trap)).fails_for_good(
            "Refused Redirect 302",
            "",
            1,
        ),
        row("304", status(304)).fails_for_good("Refused Redirect 304", "HTTP 304", 2),
    ]
}

fn refused_credentials() -> Vec<Row> {
    let no_digest = "NotAuthenticated NoChallenge";
    vec![
        row("401 for ever").always(Fault::Unauthorized).fails_for_good(
            "NotAuthenticated Refused { stale: false }",
            "the API key was refused: page 1 of",
            2,
        ),
        row("stale for ever").always(Fault::Stale).retries(1).fails_for_now(
            "NotAuthenticated Refused { stale: true }",
            "the server has just issued the nonce, and calls it stale",
            4,
        ),
        row("a fresh nonce called stale, once").nth(2, Fault::Stale).lists_all(6),
        row("a stale nonce").nth(3, Fault::Stale).lists_all(5),
        row("a refused nonce that is not called stale").nth(3, Fault::Unauthorized).lists_all(5),
        row("a server that forgot its nonces").nth(3, Fault::ForgetNonces).lists_all(5),
        row("a nonce for each request").nonce_uses(1).lists_all(6),
        row("401 for ever from page 2 on").when(When::after(2), Fault::Unauthorized).fails_for_good(
            "NotAuthenticated Refused { stale: false }",
            "page 2 of the export buckets",
            4,
        ),
        row("Basic only").always(Fault::BasicOnly).fails_for_good(no_digest, "only: Basic (not Digest)", 1),
        row("Basic only, once the key was sent").pages(Fault::BasicOnly).fails_for_good(
            "NotAuthenticated Refused { stale: false }",
            "",
            2,
        ),
        row("a 401 without a challenge").always(status(401)).fails_for_good(
            no_digest,
            "(the server offered no authentication challenge: HTTP 401 CODE \"The detail.\")",
            1,
        ),
        row("a wrong rspauth").pages(Fault::WrongRspauth).fails_for_good(
            "Refused Digest(WrongRspauth)",
            "whoever sent it does not know the password",
            2,
        ),
    ]
}

/// The runner sees to it that no request has another header field than it should.
fn forged_challenges() -> Vec<Row> {
    // Each has another realm than the server's, which it then refuses.
    let answered = |name, value: &str| {
        let refused = "NotAuthenticated Refused { stale: false }";
        row(name).nth(1, challenge(value)).fails_for_good(refused, "the API key was refused", 2)
    };
    let raw = |name, value: &str| {
        let head = format!("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: {value}\r\nContent-Length: 0\r\n\r\n");
        row(name).nth(1, Fault::Raw(head.into_bytes()))
    };
    let none = "NotAuthenticated NoChallenge";
    vec![
        answered("quotes in the realm", r#"Digest realm="a\", uri=\"/evil", nonce="n", qop="auth""#),
        answered("a backslash at the end of the nonce", r#"Digest realm="r", nonce="n\\", qop="auth""#),
        answered("a comma and an equals sign in opaque", r#"Digest realm="r", nonce="n", opaque="a, b=c", qop=auth"#),
        answered("escapes of line ends, which are none", r#"Digest realm="a\r\nX: y", nonce="n", opaque="\n""#),
        answered("a tab in the realm", "Digest realm=\"a\tb\", nonce=\"n\", qop=\"auth\""),
        row("a realm above ASCII").nth(1, challenge("Digest realm=\"\u{e9}\", nonce=\"n\"")).fails_for_good(
            "Refused ChallengeNotAscii",
            "characters above ASCII",
            1,
        ),
        raw("a line end in the realm", "Digest realm=\"a\r\nX-Evil: b\", nonce=\"n\"")
            .fails_for_good(none, "malformed", 1),
        raw("a folded line in the nonce", "Digest realm=\"r\", nonce=\"a\r\n X-Evil: b\"")
            .fails_for_good("Malformed", "not HTTP", 1),
        raw("a bare carriage return in opaque", "Digest realm=\"r\", nonce=\"n\", opaque=\"\rX-Evil: b\"")
            .fails_for_good("Malformed", "not HTTP", 1),
        raw("a NUL in the nonce", "Digest realm=\"r\", nonce=\"a\0b\"").fails_for_good("Malformed", "not HTTP", 1),
    ]
}

fn no_http() -> Vec<Row> {
    let raw = |name, bytes: &str| {
        let fault = Fault::Raw(bytes.as_bytes().to_vec());
        row(name).nth(2, fault).fails_for_good("Malformed", "not HTTP", 2)
    };
    let hints = "HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{\"results\":[],\"totalCount\":0}";
    vec![
        raw("another protocol", "SSH-2.0-OpenSSH_9.2\r\n\r\n"),
        raw("a body where the head should be", "{\"results\":[]}\r\n\r\n"),
        raw("two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{} "),
        raw("a length below zero", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"),
        raw("a chunk without a length", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}"),
        raw("a status of four digits", "HTTP/1.1 2000 OK\r\n\r\n"),
        raw("an interim answer with header fields", "HTTP/1.1 100 Continue\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"),
        row("interim answers for ever")
            .nth(2, Fault::Raw("HTTP/1.1 100 Continue\r\n\r\n".repeat(10_000).into_bytes()))
            .fails_for_good("Refused HeaderTooLarge", "", 2),
        row("early hints")
            .buckets(0, 2)
            .nth(2, Fault::Raw(hints.as_bytes().to_vec()))
            .lists_all(2),
        row("other protocols from here on")
            .nth(2, Fault::Raw(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n".to_vec()))
            .fails_for_good("Status 101", "", 2),
    ]
}
