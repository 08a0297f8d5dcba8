//! The life of nonces, tested without a server.

use super::*;
use crate::digest::naive::parameter;
use crate::digest::{Algorithm, HashFunction};

mod nonces;

const ATLAS: &[u8] =
    br#"Digest realm="MMS Public API", domain="", nonce="N1", algorithm=MD5, qop="auth", stale=false"#;
const REQUEST: Request<'_> = Request::get("/path?query");

fn session() -> Session {
    Session::new(UserCredentials::new("user", "secret"))
}

fn md5(text: &str) -> String {
    String::from_utf8(HashFunction::Md5.hash(&[text.as_bytes()]).as_bytes().to_vec()).unwrap()
}

/// A challenge with this nonce, and more parameters at its end.
fn challenge(nonce: &str, more: &str) -> Vec<u8> {
    format!(r#"Digest realm="r", nonce="{nonce}"{more}"#).into_bytes()
}

fn get(attempt: &Attempt, name: &str) -> Option<String> {
    parameter(attempt.authorization().expect("credentials"), name)
}

fn nonce_and_nc(attempt: &Attempt) -> (String, String) {
    (get(attempt, "nonce").unwrap(), get(attempt, "nc").unwrap())
}

fn pair(nonce: &str, nc: &str) -> (String, String) {
    (nonce.to_owned(), nc.to_owned())
}

fn accept(session: &Session, attempt: Attempt) {
    session.record_success(attempt, &REQUEST, None, b"").unwrap();
}

/// Goes through the first challenge, so that the session has this nonce, used once.
fn challenged_by(session: &Session, challenge: &[u8]) -> Attempt {
    let attempt = session.authorize(&REQUEST).unwrap();
    session.answer_challenge(attempt, [challenge], &REQUEST).unwrap()
}

fn warm(challenge: &[u8]) -> Session {
    let session = session();
    let attempt = challenged_by(&session, challenge);
    accept(&session, attempt);
    session
}

#[test]
fn the_first_request_goes_without_credentials_and_the_next_count_from_1() {
    let session = session();
    let attempt = session.authorize(&REQUEST).unwrap();
    assert_eq!((attempt.basis(), attempt.authorization()), (Basis::Unauthenticated, None));
    let attempt = session.answer_challenge(attempt, [ATLAS], &REQUEST).unwrap();
    assert_eq!((attempt.basis(), nonce_and_nc(&attempt)), (Basis::Fresh, pair("N1", "00000001")));
    accept(&session, attempt);
    for nc in 2..=0x11 {
        let attempt = session.authorize(&REQUEST).unwrap();
        let expected = pair("N1", &format!("{nc:08x}"));
        assert_eq!((attempt.basis(), nonce_and_nc(&attempt)), (Basis::Reused, expected));
        accept(&session, attempt);
    }
}

#[test]
fn a_server_that_asks_for_no_credentials_gets_none() {
    let session = session();
    let attempt = session.authorize(&REQUEST).unwrap();
    session
        .record_success(attempt, &REQUEST, Some(b"nextnonce=\"x\", rspauth=\"y\"".as_slice()), b"")
        .unwrap();
    assert_eq!(session.authorize(&REQUEST).unwrap().basis(), Basis::Unauthenticated);
}

#[test]
fn a_nonce_joins_the_session_only_when_it_is_accepted() {
    let session = session();
    let lost = challenged_by(&session, ATLAS);
    assert_eq!(session.authorize(&REQUEST).unwrap().basis(), Basis::Unauthenticated);
    drop(lost);
    assert_eq!(session.authorize(&REQUEST).unwrap().basis(), Basis::Unauthenticated);
}

#[test]
fn a_refused_reused_nonce_is_replaced_once_whether_it_was_stale_or_not() {
    for stale in ["true", "false"] {
        let session = warm(ATLAS);
        let reused = session.authorize(&REQUEST).unwrap();
        let next = challenge("N2", &format!(", qop=auth, stale={stale}"));
        let fresh = session.answer_challenge(reused, [next.as_slice()], &REQUEST).unwrap();
        assert_eq!((fresh.basis(), nonce_and_nc(&fresh)), (Basis::Fresh, pair("N2", "00000001")));
        accept(&session, fresh);
        let reused = session.authorize(&REQUEST).unwrap();
        assert_eq!((reused.basis(), nonce_and_nc(&reused)), (Basis::Reused, pair("N2", "00000002")));
    }
}

#[test]
fn a_nonce_that_one_request_gave_up_is_not_taken_up_again_by_a_late_success_of_another() {
    let session = warm(ATLAS);
    let (early, late) = (session.authorize(&REQUEST).unwrap(), session.authorize(&REQUEST).unwrap());
    let fresh = session.answer_challenge(early, [challenge("N2", "").as_slice()], &REQUEST).unwrap();
    accept(&session, late);
    assert_eq!(session.authorize(&REQUEST).unwrap().basis(), Basis::Unauthenticated);
    drop(fresh);
}

#[test]
fn a_refused_answer_to_a_fresh_challenge_is_the_end() {
    let cases: [(&str, &[u8], bool); 4] = [
        ("wrong credentials", ATLAS, false),
        ("stale", b"Digest realm=r, nonce=n, stale=true", true),
        ("no challenge at all", b"", false),
        ("none that can be answered", b"Basic realm=r, stale=true", false),
    ];
    for (name, second, stale) in cases {
        let session = session();
        let fresh = challenged_by(&session, ATLAS);
        let error = session.answer_challenge(fresh, [second], &REQUEST).unwrap_err();
        assert_eq!(error, Error::Refused { stale }, "{name}");
        assert_eq!(session.authorize(&REQUEST).unwrap().basis(), Basis::Unauthenticated, "{name}");
    }
}

#[test]
fn a_401_without_an_answerable_challenge_is_an_error_and_gives_up_the_nonce() {
    let session = warm(ATLAS);
    let reused = session.authorize(&REQUEST).unwrap();
    let error = session.answer_challenge(reused, [b"Basic realm=x".as_slice()], &REQUEST).unwrap_err();
    assert!(matches!(error, Error::NoChallenge(_)), "{error:?}");
    assert_eq!(
        error.to_string(),
        "the server offered no Digest challenge that can be answered, only: Basic (not Digest)"
    );
    assert_eq!(session.authorize(&REQUEST).unwrap().basis(), Basis::Unauthenticated);
}

#[test]
fn every_request_draws_a_cnonce_of_its_own() {
    let session = warm(ATLAS);
    let mut seen: Vec<String> = (0..4)
        .map(|_| {
            let attempt = session.authorize(&REQUEST).unwrap();
            get(&attempt, "cnonce").unwrap()
        })
        .collect();
    assert!(seen.iter().all(|cnonce| cnonce.len() == 32), "{seen:?}");
    assert!(seen.iter().flat_map(|cnonce| cnonce.bytes()).all(|byte| b"0123456789abcdef".contains(&byte)));
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 4);
}

#[test]
fn a_sess_algorithm_keeps_its_cnonce_and_draws_another_for_another_challenge() {
    let session = session();
    let first = challenged_by(&session, &challenge("N1", ", algorithm=MD5-sess, qop=auth"));
    let cnonce = get(&first, "cnonce").unwrap();
    let a1 = md5(&format!("{}:N1:{cnonce}", md5("user:r:secret")));
    let ha2 = md5("GET:/path?query");
    assert_eq!(get(&first, "response").unwrap(), md5(&format!("{a1}:N1:00000001:{cnonce}:auth:{ha2}")));
    accept(&session, first);
    let second = session.authorize(&REQUEST).unwrap();
    assert_eq!(get(&second, "cnonce").unwrap(), cnonce);
    assert_eq!(get(&second, "response").unwrap(), md5(&format!("{a1}:N1:00000002:{cnonce}:auth:{ha2}")));
    let next = challenge("N2", ", algorithm=MD5-sess, qop=auth");
    let replaced = session.answer_challenge(second, [next.as_slice()], &REQUEST).unwrap();
    assert_ne!(get(&replaced, "cnonce").unwrap(), cnonce);
}

#[test]
fn without_qop_the_answer_is_that_of_rfc_2069() {
    let attempt = challenged_by(&session(), &challenge("N1", ""));
    let response = md5(&format!("{}:N1:{}", md5("user:r:secret"), md5("GET:/path?query")));
    let expected =
        format!(r#"Digest username="user", realm="r", nonce="N1", uri="/path?query", response="{response}""#);
    assert_eq!(attempt.authorization(), Some(expected.as_bytes()));
}

#[test]
fn a_sess_algorithm_without_qop_sends_the_cnonce_that_its_key_was_made_with() {
    let attempt = challenged_by(&session(), &challenge("N1", ", algorithm=MD5-sess"));
    let cnonce = get(&attempt, "cnonce").unwrap();
    let a1 = md5(&format!("{}:N1:{cnonce}", md5("user:r:secret")));
    let response = md5(&format!("{a1}:N1:{}", md5("GET:/path?query")));
    assert_eq!(get(&attempt, "response"), Some(response));
    assert_eq!((get(&attempt, "nc"), get(&attempt, "qop")), (None, None));
}

#[test]
fn an_announced_nonce_serves_the_next_request_and_counts_from_1_again() {
    let session = warm(ATLAS);
    let attempt = session.authorize(&REQUEST).unwrap();
    session.record_success(attempt, &REQUEST, Some(b"nextnonce=\"N\\\"2\"".as_slice()), b"").unwrap();
    for nc in ["00000001", "00000002"] {
        let attempt = session.authorize(&REQUEST).unwrap();
        assert_eq!((attempt.basis(), nonce_and_nc(&attempt)), (Basis::Reused, pair("N\"2", nc)));
        accept(&session, attempt);
    }
    assert_eq!(session.nonces().accepted.len(), 1);
}

#[test]
fn a_nonce_announced_with_the_first_answer_replaces_the_challenges() {
    let session = session();
    let fresh = challenged_by(&session, ATLAS);
    session.record_success(fresh, &REQUEST, Some(b"nextnonce=N2".as_slice()), b"").unwrap();
    assert_eq!(nonce_and_nc(&session.authorize(&REQUEST).unwrap()), pair("N2", "00000001"));
}

#[test]
fn the_key_of_a_sess_algorithm_outlives_its_nonce() {
    let session = session();
    let first =
        challenged_by(&session, &challenge("N1", ", algorithm=MD5-sess, qop=auth, opaque=o, userhash=true"));
    let cnonce = get(&first, "cnonce").unwrap();
    session.record_success(first, &REQUEST, Some(b"nextnonce=\"N2\"".as_slice()), b"").unwrap();
    let second = session.authorize(&REQUEST).unwrap();
    let a1 = md5(&format!("{}:N1:{cnonce}", md5("user:r:secret")));
    let response = md5(&format!("{a1}:N2:00000001:{cnonce}:auth:{}", md5("GET:/path?query")));
    let expected = format!(
        r#"Digest username="{}", realm="r", nonce="N2", uri="/path?query", response="{response}", userhash=true, algorithm=MD5-sess, opaque="o", qop=auth, nc=00000001, cnonce="{cnonce}""#,
        md5("user:r")
    );
    assert_eq!(
        second.authorization().map(|value| value.escape_ascii().to_string()),
        Some(expected.as_bytes().escape_ascii().to_string())
    );
}

#[test]
fn a_nonce_announced_to_several_requests_or_once_more_has_one_count() {
    let session = warm(ATLAS);
    let (first, second) = (session.authorize(&REQUEST).unwrap(), session.authorize(&REQUEST).unwrap());
    session.record_success(first, &REQUEST, Some(b"nextnonce=N2".as_slice()), b"").unwrap();
    let third = session.authorize(&REQUEST).unwrap();
    assert_eq!(nonce_and_nc(&third), pair("N2", "00000001"));
    session.record_success(second, &REQUEST, Some(b"nextnonce=N2".as_slice()), b"").unwrap();
    let fourth = session.authorize(&REQUEST).unwrap();
    assert_eq!(nonce_and_nc(&fourth), pair("N2", "00000002"));
    session.record_success(third, &REQUEST, Some(b"nextnonce=N2".as_slice()), b"").unwrap();
    assert_eq!(nonce_and_nc(&session.authorize(&REQUEST).unwrap()), pair("N2", "00000003"));
    assert_eq!(session.nonces().accepted.len(), 1);
}

#[test]
fn a_nonce_announced_to_its_own_challenge_is_kept() {
    let session = session();
    let fresh = challenged_by(&session, ATLAS);
    session.record_success(fresh, &REQUEST, Some(b"nextnonce=N1".as_slice()), b"").unwrap();
    assert_eq!(nonce_and_nc(&session.authorize(&REQUEST).unwrap()), pair("N1", "00000002"));
}

/// What a right server answers to an attempt under nonce `N1` of realm `r`.
fn rspauth(attempt: &Attempt, qop: &str, body: Option<&str>) -> String {
    let (nc, cnonce) = (get(attempt, "nc").unwrap(), get(attempt, "cnonce").unwrap());
    let a2 = match body {
        Some(body) => format!(":/path?query:{}", md5(body)),
        None => ":/path?query".to_owned(),
    };
    md5(&format!("{}:N1:{nc}:{cnonce}:{qop}:{}", md5("user:r:secret"), md5(&a2)))
}

#[test]
fn rspauth_is_verified_where_it_is_present() {
    type Make = fn(&Attempt) -> String;
    let cases: [(&str, &str, Make, bool); 12] = [
        ("right", "auth", |a| format!("rspauth=\"{}\", qop=auth", rspauth(a, "auth", None)), true),
        ("right, without qop", "auth", |a| format!("rspauth={}", rspauth(a, "auth", None)), true),
        ("in upper case", "auth", |a| format!("rspauth={}", rspauth(a, "auth", None).to_uppercase()), true),
        ("absent", "auth", |_| "qop=auth, nc=00000001".into(), true),
        ("wrong", "auth", |a| format!("rspauth={}", md5(&rspauth(a, "auth", None))), false),
        ("empty", "auth", |_| "rspauth=\"\"".into(), false),
        ("cut", "auth", |a| format!("rspauth={}", &rspauth(a, "auth", None)[..31]), false),
        ("our own response sent back", "auth", |a| format!("rspauth={}", get(a, "response").unwrap()), false),
        (
            "auth-int, right",
            "auth-int",
            |a| format!("rspauth={}, qop=auth-int", rspauth(a, "auth-int", Some("answer"))),
            true,
        ),
        (
            "auth-int, without qop",
            "auth-int",
            |a| format!("rspauth={}", rspauth(a, "auth-int", Some("answer"))),
            true,
        ),
        (
            "auth-int, of another body",
            "auth-int",
            |a| format!("rspauth={}", rspauth(a, "auth-int", Some("Answer"))),
            false,
        ),
        (
            "auth-int asked, auth answered",
            "auth-int",
            |a| format!("rspauth={}, qop=\"auth\"", rspauth(a, "auth", None)),
            true,
        ),
    ];
    for (name, qop, info, right) in cases {
        let session = warm(&challenge("N1", &format!(", qop={qop}")));
        let attempt = session.authorize(&REQUEST).unwrap();
        let info = info(&attempt);
        let accepted = session.record_success(attempt, &REQUEST, Some(info.as_bytes()), b"answer");
        assert_eq!(accepted, if right { Ok(()) } else { Err(Error::WrongRspauth) }, "{name}: {info}");
        let next = session.authorize(&REQUEST).unwrap().basis();
        let expected = if right { Basis::Reused } else { Basis::Unauthenticated };
        assert_eq!(next, expected, "{name}: a nonce of a server that does not know the key is given up");
    }
}

#[test]
fn without_qop_rspauth_is_verified_without_it_whatever_the_server_says() {
    let right = md5(&format!("{}:N1:{}", md5("user:r:secret"), md5(":/path?query")));
    for more in ["", ", qop=auth, nc=00000001", ", qop=auth-int"] {
        let session = session();
        let attempt = challenged_by(&session, &challenge("N1", ""));
        let info = format!("rspauth=\"{right}\"{more}");
        assert_eq!(session.record_success(attempt, &REQUEST, Some(info.as_bytes()), b""), Ok(()), "{info}");
    }
}

#[test]
fn the_whole_of_several_authentication_info_fields_counts() {
    let session = warm(ATLAS);
    let attempt = session.authorize(&REQUEST).unwrap();
    let fields: [&[u8]; 2] = [b"nextnonce=\"N2\"", b"rspauth=\"0\""];
    assert_eq!(session.record_success(attempt, &REQUEST, fields, b""), Err(Error::WrongRspauth));
}

#[test]
fn a_session_can_go_to_any_thread_and_no_debug_output_shows_a_secret() {
    fn check(_: &(impl Send + Sync + 'static)) {}
    let credentials = UserCredentials::new("SECRETUSER", "SECRETPASSWORD");
    let session = Session::new(credentials.clone());
    check(&session);
    let attempt = challenged_by(&session, &challenge("SECRETNONCE", ", algorithm=MD5-sess, qop=auth"));
    check(&attempt);
    let hash = HashFunction::Md5.hash(&[b"x"]);
    let debug = format!("{credentials:?} {session:?} {attempt:?} {hash:?}");
    assert_eq!(
        debug,
        "UserCredentials(..) Session { nonces: 0, .. } Attempt { basis: Fresh, .. } HexHash(..)"
    );
}

#[test]
fn a_name_that_does_not_fit_a_quoted_string_is_sent_as_rfc_8187_has_it() {
    let cases = [
        ("plain", "user", "username", "user"),
        ("quotes and backslashes", r#"a"b\c, d"#, "username", r#"a"b\c, d"#),
        ("a tab", "a\tb", "username", "a\tb"),
        ("empty", "", "username", ""),
        ("non-ASCII", "Jäsøn Doe", "username*", "UTF-8''J%C3%A4s%C3%B8n%20Doe"),
        ("a line end", "a\r\nb", "username*", "UTF-8''a%0D%0Ab"),
        ("a null and a delete", "\0\u{7f}", "username*", "UTF-8''%00%7F"),
        (
            "non-ASCII beside what need not and what must be encoded",
            "é!#$&+-.^_`|~ %'*()\"\\/:",
            "username*",
            "UTF-8''%C3%A9!#$&+-.^_`|~%20%25%27%2A%28%29%22%5C%2F%3A",
        ),
    ];
    for (name, username, parameter, expected) in cases {
        let session = Session::new(UserCredentials::new(username, "secret"));
        let attempt = challenged_by(&session, ATLAS);
        assert_eq!(get(&attempt, parameter).as_deref(), Some(expected), "{name}");
        let other = if parameter == "username" { "username*" } else { "username" };
        assert_eq!(get(&attempt, other), None, "{name}");
        let (cnonce, ha2) = (get(&attempt, "cnonce").unwrap(), md5("GET:/path?query"));
        let ha1 = md5(&format!("{username}:MMS Public API:secret"));
        let response = md5(&format!("{ha1}:N1:00000001:{cnonce}:auth:{ha2}"));
        assert_eq!(get(&attempt, "response"), Some(response), "{name}: the plain name is hashed");
    }
}

#[test]
fn a_server_that_wants_a_hashed_name_gets_no_other() {
    for username in ["user", "Jäsøn \"Doe\""] {
        let session = Session::new(UserCredentials::new(username, "secret"));
        let attempt = challenged_by(&session, &challenge("N1", ", qop=auth, userhash=true"));
        let hashed = md5(&format!("{username}:r"));
        assert_eq!(get(&attempt, "username"), Some(hashed));
        assert_eq!((get(&attempt, "userhash").as_deref(), get(&attempt, "username*")), (Some("true"), None));
        let (cnonce, ha1) = (get(&attempt, "cnonce").unwrap(), md5(&format!("{username}:r:secret")));
        let response = md5(&format!("{ha1}:N1:00000001:{cnonce}:auth:{}", md5("GET:/path?query")));
        assert_eq!(get(&attempt, "response"), Some(response), "the plain name is hashed");
    }
    let attempt = challenged_by(&session(), &challenge("N1", ", qop=auth, userhash=false"));
    assert_eq!((get(&attempt, "username").as_deref(), get(&attempt, "userhash")), (Some("user"), None));
}

#[test]
fn what_was_quoted_by_the_server_is_quoted_again() {
    let session = Session::new(UserCredentials::new(r#"u"\"#, "secret"));
    let field = br#"Digest realm="\"r\\, =", nonce="\"n\\", opaque="\\\"o", algorithm="md5", qop="auth""#;
    let attempt = challenged_by(&session, field);
    let (cnonce, response) = (get(&attempt, "cnonce").unwrap(), get(&attempt, "response").unwrap());
    let expected = format!(
        r#"Digest username="u\"\\", realm="\"r\\, =", nonce="\"n\\", uri="/path?query", response="{response}", algorithm=md5, opaque="\\\"o", qop=auth, nc=00000001, cnonce="{cnonce}""#
    );
    assert_eq!(attempt.authorization(), Some(expected.as_bytes()));
    let ha1 = md5(r#"u"\:"r\, =:secret"#);
    let right = md5(&format!(r#"{ha1}:"n\:00000001:{cnonce}:auth:{}"#, md5("GET:/path?query")));
    assert_eq!(response, right);
}

#[test]
fn auth_int_covers_method_target_and_content() {
    let session = session();
    let request = Request { method: "POST", uri: "*", body: b"content" };
    let attempt = session.authorize(&request).unwrap();
    let attempt =
        session.answer_challenge(attempt, [&challenge("N1", ", qop=auth-int")[..]], &request).unwrap();
    let ha2 = md5(&format!("POST:*:{}", md5("content")));
    let cnonce = get(&attempt, "cnonce").unwrap();
    let expected = md5(&format!("{}:N1:00000001:{cnonce}:auth-int:{ha2}", md5("user:r:secret")));
    assert_eq!(get(&attempt, "response"), Some(expected));
    assert_eq!(get(&attempt, "qop").as_deref(), Some("auth-int"));
}

#[test]
fn errors_read_like_sentences() {
    let cases = [
        (Error::Refused { stale: false }, "the credentials were refused"),
        (Error::Refused { stale: true }, "the server has just issued the nonce, and calls it stale"),
        (Error::WrongRspauth, "the answer's rspauth is wrong: whoever sent it does not know the password"),
        (Error::NoRandomness, "the operating system's random number generator failed"),
    ];
    for (error, expected) in cases {
        assert_eq!(error.to_string(), expected);
    }
    let bases = [Basis::Unauthenticated, Basis::Reused, Basis::Fresh].map(|basis| basis.to_string());
    assert_eq!(bases, ["without credentials", "on a known nonce", "answering the challenge"]);
}

#[test]
fn the_algorithm_is_named_only_if_the_server_named_it() {
    assert_eq!(Algorithm::MD5.to_string(), "MD5");
    let attempt = challenged_by(&session(), &challenge("N1", ", qop=auth"));
    assert_eq!(get(&attempt, "algorithm"), None);
    let attempt = challenged_by(&session(), &challenge("N1", ", qop=auth, algorithm=mD5"));
    assert_eq!(get(&attempt, "algorithm").as_deref(), Some("mD5"));
}
