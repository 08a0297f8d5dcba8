//! The simulator's request side. Behind `!`, the input is what comes in on a connection. Otherwise it is a request in
//! lines (method, request-target, `Authorization`, then further fields, an empty line and the body), in which `{nonce}`,
//! `{uri}` and `{response}` stand for what is right.
#![no_main]

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::OnceLock;
use std::time::Duration;

use atlas_export_buckets::digest::HashFunction;
use atlas_export_buckets::fuzzing::{Atlas, SentResponse};
use atlas_export_buckets::simulator::Simulator;
use fuzz::authentication::{self as naive, Param, value};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

const USER: &str = "simatlas";
const PASSWORD: &str = "secret";
const REALM: &str = "MMS Public API";
const PROJECT: &str = "32b6e34b3d91647abb20e7b8";
const BUCKETS: usize = 12;

fuzz_target!(|data: &[u8]| match data.strip_prefix(b"!") {
    Some(bytes) => connection(bytes),
    None => request(data),
});

/// Whatever comes in, what goes out are answers in HTTP, none of them a page.
fn connection(bytes: &[u8]) {
    static SIMULATOR: OnceLock<Simulator> = OnceLock::new();
    let simulator = SIMULATOR.get_or_init(|| Simulator::start().expect("a port"));
    let address = simulator.base_url().trim_start_matches("http://");
    let Ok(mut stream) = TcpStream::connect(address) else {
        // Too many connections of late.
        return std::thread::sleep(Duration::from_millis(10));
    };
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
    let mut output = Vec::new();
    let sent = stream.write_all(bytes).and_then(|()| stream.shutdown(Shutdown::Write));
    if let Err(error) = sent.and_then(|()| stream.read_to_end(&mut output)) {
        assert_ne!(error.kind(), std::io::ErrorKind::WouldBlock, "no answer, and no end");
        return;
    }
    let mut rest = output.as_slice();
    let mut answers = 0;
    while !rest.is_empty() {
        let end = rest.windows(4).position(|window| window == b"\r\n\r\n").expect("the end of a head");
        let head = str::from_utf8(&rest[..end]).expect("a head in ASCII").to_ascii_lowercase();
        let status = head.strip_prefix("http/1.").and_then(|head| head.get(2..5)).expect("a status line");
        assert!(["100", "400", "401", "405"].contains(&status), "{head}");
        answers += 1;
        // The answer to it has a length, and no body.
        if bytes.windows(4).any(|window| window == b"HEAD") {
            return;
        }
        let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
        let length = length.map_or(0, |length| length.parse().expect("a length"));
        rest = rest[end + 4..].get(length..).expect("the whole body");
    }
    if bytes.starts_with(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n") {
        assert!(answers > 0, "a request without an answer");
    }
}

/// It is let in if, and only if, its `Authorization` is right; what is then said is JSON, and a page only of the project.
fn request(data: &[u8]) {
    let mut lines = data.split(|&byte| byte == b'\n');
    let mut line = || lines.next().unwrap_or_default();
    let (Ok(method), target, template) = (str::from_utf8(line()), line(), line()) else {
        return;
    };
    let mut fields: Vec<(&[u8], &[u8])> = Vec::new();
    for line in lines.by_ref().take_while(|line| !line.is_empty()) {
        if let Some(colon) = line.iter().position(|&byte| byte == b':')
            && !line[..colon].eq_ignore_ascii_case(b"authorization")
        {
            fields.push((&line[..colon], line[colon + 1..].trim_ascii()));
        }
    }
    let body = lines.collect::<Vec<_>>().join(&b'\n');

    let atlas = Atlas::new(USER, PASSWORD, PROJECT, BUCKETS).expect("a project");
    let Some(response) = atlas.answer(method, target, &fields, &body) else {
        return;
    };
    // The OAuth endpoints take no Digest.
    if response.status == 405 || challenges(&response).iter().any(|field| field.starts_with(b"Basic ")) {
        return;
    }
    assert_eq!(response.status, 401, "a request without credentials");
    let challenge = naive::first_challenge(&challenges(&response)).expect("a challenge");

    let template = replace(template, "{nonce}", &challenge.nonce);
    let template = replace(&template, "{uri}", &escaped(target));
    let digest = digest(&template, method, target, &challenge.nonce);
    let authorization = replace(&template, "{response}", digest.as_bytes());
    fields.push((b"authorization", &authorization));
    let response = atlas.answer(method, target, &fields, &body).expect("an answer as before");
    let is_accepted = response.status != 401;
    if let Some(verdict) = judge(&authorization, target, &challenge.nonce, &digest) {
        assert_eq!(is_accepted, verdict, "{} for {}", response.status, authorization.escape_ascii());
    }
    if is_accepted {
        check_answer(method, target, response.status, &response.body);
        let again = atlas.answer(method, target, &fields, &body).expect("an answer as before");
        assert_eq!(again.status, 401, "an nc is accepted twice");
    } else {
        assert!(naive::first_challenge(&challenges(&response)).is_some(), "a 401 without a challenge");
    }
}

/// The values of `WWW-Authenticate`.
fn challenges(response: &SentResponse) -> Vec<&[u8]> {
    let fields = response.fields.iter().filter(|(name, _)| name.eq_ignore_ascii_case("www-authenticate"));
    fields.map(|(_, value)| value.as_slice()).collect()
}

/// Whether it must be let in; `None` for what is right, but written in a way that a strict server may refuse.
fn judge(authorization: &[u8], target: &[u8], nonce: &[u8], digest: &str) -> Option<bool> {
    // A field's value has no control characters in it.
    if authorization.iter().any(|&byte| byte.is_ascii_control() && byte != b'\t') {
        return Some(false);
    }
    let Some(params) = naive::credentials(authorization) else {
        return Some(false);
    };
    let has = |name, expected: &[u8]| value(&params, name) == Some(expected);
    let is_count = |nc: &[u8]| {
        nc.len() == 8 && nc.iter().all(|digit| b"0123456789abcdef".contains(digit)) && nc != b"00000000"
    };
    let is_right = has("username", USER.as_bytes())
        && has("realm", REALM.as_bytes())
        && has("nonce", nonce)
        && has("uri", target)
        && has("response", digest.as_bytes())
        && value(&params, "algorithm").is_some_and(|name| name.eq_ignore_ascii_case(b"md5"))
        && has("qop", b"auth")
        && value(&params, "nc").is_some_and(|nc| is_count(nc) && nc <= b"00000400".as_slice())
        && value(&params, "cnonce").is_some()
        && value(&params, "opaque").is_none()
        && value(&params, "username*").is_none()
        && value(&params, "userhash").is_none_or(|userhash| userhash == b"false");
    if !is_right {
        return Some(false);
    }
    if has_repeated_name(&params) || params.iter().any(has_wrong_quotes) {
        return Some(false);
    }
    Some(true).filter(|_| authorization == written(&params))
}

fn has_repeated_name(params: &[Param]) -> bool {
    let repeats =
        |(index, param): (usize, &Param)| params[..index].iter().any(|earlier| earlier.name == param.name);
    params.iter().enumerate().any(repeats)
}

fn has_wrong_quotes(param: &Param) -> bool {
    match param.name.as_slice() {
        b"username" | b"realm" | b"nonce" | b"uri" | b"response" | b"cnonce" => !param.is_quoted,
        b"algorithm" | b"qop" | b"nc" | b"userhash" => param.is_quoted,
        _ => false,
    }
}

/// The parameters in the form in which everybody writes them.
fn written(params: &[Param]) -> Vec<u8> {
    let write = |param: &Param| {
        let value = if param.is_quoted { naive::quoted(&param.value) } else { param.value.clone() };
        [&param.name, b"=".as_slice(), &value].concat()
    };
    [b"Digest ".as_slice(), &params.iter().map(write).collect::<Vec<_>>().join(b", ".as_slice())].concat()
}

/// The response (RFC 7616 3.4.1) that goes with the other parameters.
fn digest(template: &[u8], method: &str, target: &[u8], nonce: &[u8]) -> String {
    let params = naive::credentials(template).unwrap_or_default();
    let param = |name| value(&params, name).unwrap_or_default();
    let md5 = |parts: &[&[u8]]| HashFunction::Md5.hash(&[&parts.join(b":".as_slice())]);
    let ha1 = md5(&[USER.as_bytes(), REALM.as_bytes(), PASSWORD.as_bytes()]);
    let ha2 = md5(&[method.as_bytes(), target]);
    let response = md5(&[ha1.as_bytes(), nonce, param("nc"), param("cnonce"), b"auth", ha2.as_bytes()]);
    String::from_utf8_lossy(response.as_bytes()).into_owned()
}

fn check_answer(method: &str, target: &[u8], status: u16, content: &[u8]) {
    let shown = String::from_utf8_lossy(content);
    let document: Value = serde_json::from_slice(content).unwrap_or_else(|error| panic!("{error}: {shown}"));
    let Some(results) = document.get("results") else {
        let enclosed = document["status"].as_u64();
        assert!(status >= 400 || enclosed >= Some(400), "{status}: {shown}");
        assert_eq!(
            document["error"].as_u64(),
            Some(if status == 200 { enclosed.unwrap_or(0) } else { status.into() })
        );
        assert!(!is_plain_list(target) || method != "GET", "the list is refused: {shown}");
        return;
    };
    assert_eq!((method, status), ("GET", 200));
    let target = String::from_utf8_lossy(target).to_ascii_lowercase();
    let results = results.as_array().expect("results");
    // The one project, or its buckets.
    let is_project = results.iter().any(|result| result.get("orgId").is_some());
    let total = if is_project { 1 } else { BUCKETS };
    assert!(results.len() <= total);
    if !target.contains('%') {
        let path = target.split('?').next().expect("a path");
        let is_list = if is_project { path.ends_with("/groups") } else { path.contains(PROJECT) };
        assert!(path.contains("/api/atlas/") && (is_list || results.is_empty()), "{target}: {shown}");
        let has_count = !target.contains("includecount=false");
        assert_eq!(document.get("totalCount").is_some(), has_count, "{target}");
        assert!(results.is_empty() || !has_count || document["totalCount"] == total, "{target}");
    }
    let rel = |rel: &str| document["links"].as_array().expect("links").iter().any(|link| link["rel"] == rel);
    assert!(rel("self"));
    assert!(results.len() == total || rel("previous") || rel("next"), "neither all nor a part: {shown}");
}

/// The request-target of the list, without a query.
fn is_plain_list(target: &[u8]) -> bool {
    target == format!("/api/atlas/v1.0/groups/{PROJECT}/backup/exportBuckets").as_bytes()
}

/// Quotes and backslashes as in a quoted string.
fn escaped(text: &[u8]) -> Vec<u8> {
    let quoted = naive::quoted(text);
    quoted[1..quoted.len() - 1].to_vec()
}

fn replace(text: &[u8], placeholder: &str, by: &[u8]) -> Vec<u8> {
    let Some(at) = text.windows(placeholder.len()).position(|window| window == placeholder.as_bytes()) else {
        return text.to_vec();
    };
    [&text[..at], by, &text[at + placeholder.len()..]].concat()
}
