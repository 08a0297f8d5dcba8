//! One `Authorization` for Atlas, by us, by others, and the hashing alone.

use std::hint::black_box;

use atlas_export_buckets::digest::{Attempt, Request, Session, UserCredentials};
use digest_auth::AuthContext;
use http_auth::{PasswordClient, PasswordParams};
use md5::{Digest as _, Md5};

use crate::Case;

const CHALLENGE: &str = r#"Digest realm="MMS Public API", domain="", nonce="Xm2oTqlVvBqHkQGq1LbqzMH4qp6BqFhY", algorithm=MD5, qop="auth", stale=false"#;
const TARGET: &str =
    "/api/atlas/v1.0/groups/32b6e34b3d91647abb20e7b8/backup/exportBuckets?pageNum=2&itemsPerPage=500";
const USER: &str = "abcdefgh";
const PASSWORD: &str = "01234567-89ab-cdef-0123-456789abcdef";

/// The second and every later page: the nonce is known.
pub const ANSWER: &[Case] = &[
    Case { what: "answer", who: "ours", prepare: ours_answers },
    Case { what: "answer", who: "digest_auth", prepare: digest_auth_answers },
    Case { what: "answer", who: "http-auth", prepare: http_auth_answers },
    Case { what: "answer", who: "bare hash", prepare: bare_answer },
];

/// The first page: the challenge has just come.
pub const PARSE_AND_ANSWER: &[Case] = &[
    Case { what: "parse and answer", who: "ours", prepare: ours_parses },
    Case { what: "parse and answer", who: "digest_auth", prepare: digest_auth_parses },
    Case { what: "parse and answer", who: "http-auth", prepare: http_auth_parses },
    Case { what: "parse and answer", who: "bare hash", prepare: bare_parse },
];

fn session() -> Session {
    Session::new(UserCredentials::new(USER, PASSWORD))
}

fn challenged(session: &Session) -> Attempt {
    let request = Request::get(TARGET);
    let attempt = session.authorize(&request).unwrap();
    session.answer_challenge(attempt, [CHALLENGE.as_bytes()], &request).unwrap()
}

fn ours_answers() -> Box<dyn FnMut()> {
    let session = session();
    let request = Request::get(TARGET);
    session.record_success(challenged(&session), &request, None, b"").unwrap();
    Box::new(move || {
        let attempt = session.authorize(&request).unwrap();
        black_box(attempt.authorization().unwrap());
        session.record_success(attempt, &request, None, b"").unwrap();
    })
}

fn ours_parses() -> Box<dyn FnMut()> {
    // A session that knows the nonce has less to compute, so each time takes a new one. These are made before.
    let mut sessions: Vec<_> = (0..10_000).map(|_| session()).collect();
    Box::new(move || {
        let session = sessions.pop().unwrap_or_else(session);
        black_box(challenged(&session).authorization().unwrap());
    })
}

fn digest_auth_answers() -> Box<dyn FnMut()> {
    let mut challenge = digest_auth::parse(CHALLENGE).unwrap();
    Box::new(move || {
        let context = AuthContext::new(USER, PASSWORD, TARGET);
        black_box(challenge.respond(&context).unwrap().to_string());
    })
}

fn digest_auth_parses() -> Box<dyn FnMut()> {
    Box::new(|| {
        let mut challenge = digest_auth::parse(black_box(CHALLENGE)).unwrap();
        let context = AuthContext::new(USER, PASSWORD, TARGET);
        black_box(challenge.respond(&context).unwrap().to_string());
    })
}

fn http_auth_params() -> PasswordParams<'static> {
    PasswordParams { username: USER, password: PASSWORD, uri: TARGET, method: "GET", body: Some(b"") }
}

fn http_auth_answers() -> Box<dyn FnMut()> {
    let mut client = PasswordClient::try_from(CHALLENGE).unwrap();
    Box::new(move || _ = black_box(client.respond(&http_auth_params()).unwrap()))
}

fn http_auth_parses() -> Box<dyn FnMut()> {
    Box::new(|| {
        let mut client = PasswordClient::try_from(black_box(CHALLENGE)).unwrap();
        black_box(client.respond(&http_auth_params()).unwrap());
    })
}

fn hash(text: &[u8]) -> [u8; 32] {
    let mut digits = [0; 32];
    hex::encode_to_slice(Md5::digest(black_box(text)), &mut digits).unwrap();
    digits
}

/// As many bytes as the two hashes of an answer take.
const A2: usize = "GET:".len() + TARGET.len();
const RESPONSE: usize = 32 + ":".len() + 32 + ":00000002:".len() + 32 + ":auth:".len() + 32;
const A1: usize = USER.len() + ":MMS Public API:".len() + PASSWORD.len();

fn bare_answer() -> Box<dyn FnMut()> {
    Box::new(|| _ = black_box((hash(&[b'a'; A2]), hash(&[b'b'; RESPONSE]))))
}

fn bare_parse() -> Box<dyn FnMut()> {
    Box::new(|| _ = black_box((hash(&[b'c'; A1]), hash(&[b'a'; A2]), hash(&[b'b'; RESPONSE]))))
}
