//! Properties that hold for any input, checked against the naive reader and writer.

use proptest::collection::vec;
use proptest::prelude::*;

use super::naive::{self, Sent};
use super::{Algorithm, Attempt, Challenge, Qop, Request, Session, UserCredentials};

/// Bytes that a parser is most likely to get wrong.
fn biased_bytes() -> impl Strategy<Value = Vec<u8>> {
    let pieces: Vec<&'static [u8]> = vec![
        b"\"",
        b"\\",
        b",",
        b"=",
        b" ",
        b"\t",
        b"\0",
        b"\xFF",
        b"a",
        b"Digest ",
        b"Basic",
        b"realm=",
        b"nonce=",
        b"qop=\"",
        b"algorithm=",
        b"opaque",
        b"stale=true",
        b"nextnonce=",
        b"rspauth=",
        b"MD5",
        b"auth",
    ];
    vec(proptest::sample::select(pieces), 0..40).prop_map(|pieces| pieces.concat())
}

fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![vec(any::<u8>(), 0..200), biased_bytes()]
}

/// What a quoted string can contain: any bytes but control characters, except the tab.
fn any_text() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        any::<u8>().prop_filter("control", |&byte| byte == b'\t' || byte >= b' ' && byte != 0x7F),
        proptest::sample::select(b"\"\\,= ".to_vec()),
    ];
    vec(byte, 0..40)
}

fn any_algorithm() -> impl Strategy<Value = Algorithm> {
    let names: [&[u8]; 6] =
        [b"MD5", b"MD5-sess", b"SHA-256", b"SHA-256-sess", b"SHA-512-256", b"SHA-512-256-sess"];
    let known: Vec<_> = names.into_iter().filter_map(Algorithm::from_name).collect();
    proptest::sample::select(known)
}

prop_compose! {
    fn any_challenge()(
        realm in any_text(),
        nonce in any_text(),
        opaque in proptest::option::of(any_text()),
        domain in proptest::option::of(any_text()),
        named in proptest::option::of((any_algorithm(), any::<bool>())),
        qop in proptest::option::of(prop_oneof![Just(Qop::Auth), Just(Qop::AuthInt)]),
        stale in any::<bool>(),
        userhash in any::<bool>(),
        charset_utf8 in any::<bool>(),
    ) -> Challenge {
        let spelling = |(algorithm, lower): (Algorithm, bool)| {
            let name = algorithm.name();
            if lower { name.to_ascii_lowercase() } else { name.to_owned() }.into_bytes()
        };
        Challenge {
            realm, nonce, opaque, domain, qop, stale, userhash, charset_utf8,
            algorithm: named.map_or(Algorithm::MD5, |(algorithm, _)| algorithm),
            algorithm_name: named.map(spelling),
        }
    }
}

/// Writes a challenge as RFC 7616 3.3 has it, its parameters rotated by `turn`.
fn write(challenge: &Challenge, turn: usize) -> Vec<u8> {
    let mut parameters =
        vec![("realm", naive::quote(&challenge.realm)), ("nonce", naive::quote(&challenge.nonce))];
    parameters.extend(challenge.opaque.iter().map(|opaque| ("opaque", naive::quote(opaque))));
    parameters.extend(challenge.domain.iter().map(|domain| ("domain", naive::quote(domain))));
    parameters.extend(challenge.algorithm_name.iter().map(|name| ("algorithm", name.clone())));
    parameters.extend(challenge.qop.map(|qop| ("qop", naive::quote(qop.name().as_bytes()))));
    parameters.push(("stale", challenge.stale.to_string().into_bytes()));
    parameters.push(("userhash", challenge.userhash.to_string().into_bytes()));
    parameters.extend(challenge.charset_utf8.then(|| ("charset", b"UTF-8".to_vec())));
    let turn = turn % parameters.len();
    parameters.rotate_left(turn);
    let parameters: Vec<_> =
        parameters.iter().map(|(name, value)| [name.as_bytes(), b"=", value].concat()).collect();
    [b"Digest ".as_slice(), &parameters.join(b", ".as_slice())].concat()
}

fn challenged(session: &Session, challenge: &Challenge, request: &Request<'_>) -> Attempt {
    let attempt = session.authorize(request).unwrap();
    session.answer_challenge(attempt, [write(challenge, 0).as_slice()], request).unwrap()
}

/// What must be sent in answer, in our order; `None` where only the form is known.
fn meant(
    challenge: &Challenge,
    username: &str,
    uri: &str,
    nc: &str,
) -> Vec<(&'static str, bool, Option<Vec<u8>>)> {
    let fits = username.bytes().all(|byte| (b' '..0x7F).contains(&byte) || byte == b'\t');
    let (name, value) = match (challenge.userhash, fits) {
        (true, _) => {
            let parts = [username.as_bytes(), b":", &challenge.realm].concat();
            ("username", Some(challenge.algorithm.hash.hash(&[&parts]).as_bytes().to_vec()))
        }
        (false, true) => ("username", Some(username.as_bytes().to_vec())),
        (false, false) => ("username*", None),
    };
    let mut all = vec![
        (name, name == "username", value),
        ("realm", true, Some(challenge.realm.clone())),
        ("nonce", true, Some(challenge.nonce.clone())),
        ("uri", true, Some(uri.as_bytes().to_vec())),
        ("response", true, None),
    ];
    all.extend(challenge.userhash.then(|| ("userhash", false, Some(b"true".to_vec()))));
    all.extend(challenge.algorithm_name.clone().map(|name| ("algorithm", false, Some(name))));
    all.extend(challenge.opaque.clone().map(|opaque| ("opaque", true, Some(opaque))));
    if let Some(qop) = challenge.qop {
        all.push(("qop", false, Some(qop.name().as_bytes().to_vec())));
        all.push(("nc", false, Some(nc.as_bytes().to_vec())));
    }
    all.extend((challenge.qop.is_some() || challenge.algorithm.session).then_some(("cnonce", true, None)));
    all
}

/// Undoes RFC 8187 in UTF-8.
fn decode_ext_value(value: &[u8]) -> String {
    let mut rest = value.strip_prefix(b"UTF-8''").unwrap();
    let mut bytes = Vec::new();
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        if first == b'%' {
            let digits = std::str::from_utf8(&rest[..2]).unwrap();
            assert!(!digits.bytes().any(|digit| digit.is_ascii_lowercase()), "{digits}");
            bytes.push(u8::from_str_radix(digits, 16).unwrap());
            rest = &rest[2..];
        } else {
            assert!(first.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&first));
            bytes.push(first);
        }
    }
    String::from_utf8(bytes).unwrap()
}

fn check(attempt: &Attempt, challenge: &Challenge, username: &str, uri: &str, nc: &str) {
    let sent = naive::authorization(attempt.authorization().unwrap());
    let meant = meant(challenge, username, uri, nc);
    let names: Vec<_> = sent.iter().map(|sent| sent.name.as_str()).collect();
    assert_eq!(names, meant.iter().map(|(name, ..)| *name).collect::<Vec<_>>());
    for (Sent { name, value, quoted }, (_, must_be_quoted, expected)) in sent.iter().zip(meant) {
        assert_eq!(*quoted, must_be_quoted, "{name}");
        match (name.as_str(), expected) {
            (_, Some(expected)) => assert_eq!(*value, expected, "{name}"),
            ("username*", None) => assert_eq!(decode_ext_value(value), username),
            ("response", None) => {
                let length = challenge.algorithm.hash.hash(&[]).as_bytes().len();
                assert!(
                    value.len() == length && value.iter().all(|digit| b"0123456789abcdef".contains(digit))
                );
            }
            (_, None) => assert_eq!((name.as_str(), value.len()), ("cnonce", 32)),
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_choice_of_a_challenge_panic(fields in vec(any_bytes(), 0..4)) {
        if let Err(none) = Challenge::select(fields.iter().map(Vec::as_slice)) {
            prop_assert!(none.to_string().is_ascii());
            prop_assert!(none.offered.len() <= 16);
        }
    }

    #[test]
    fn no_bytes_in_authentication_info_make_a_session_panic(fields in vec(any_bytes(), 0..3), body in any_bytes()) {
        let session = Session::new(UserCredentials::new("user", "secret"));
        let request = Request::get("/");
        let attempt = session.authorize(&request).unwrap();
        let attempt = session.answer_challenge(attempt, [b"Digest realm=r,nonce=n,qop=auth".as_slice()], &request).unwrap();
        let _ = session.record_success(attempt, &request, fields.iter().map(Vec::as_slice), &body);
        // Whatever came, the next request can be made, and its `Authorization` can be read.
        if let Some(authorization) = session.authorize(&request).unwrap().authorization() {
            naive::authorization(authorization);
        }
    }

    #[test]
    fn whatever_is_answered_is_answered_in_the_grammar(field in any_bytes()) {
        let session = Session::new(UserCredentials::new("user", "secret"));
        let request = Request::get("/");
        let attempt = session.authorize(&request).unwrap();
        if let Ok(attempt) = session.answer_challenge(attempt, [field.as_slice()], &request) {
            naive::authorization(attempt.authorization().unwrap());
        }
    }

    #[test]
    fn a_written_challenge_is_read_as_it_was_meant(challenge in any_challenge(), turn in 0usize..9) {
        let written = write(&challenge, turn);
        prop_assert_eq!(Challenge::select([written.as_slice()]), Ok(challenge.clone()));
        // It is still chosen among others.
        let others = [b"Basic realm=\"a, b\", Bearer abc==, ".as_slice(), &written, b", NTLM"].concat();
        prop_assert_eq!(Challenge::select([others.as_slice()]), Ok(challenge));
    }

    #[test]
    fn a_written_challenge_may_be_cut_at_any_comma_of_the_list(challenge in any_challenge(), pieces in 1usize..9) {
        let challenge = Challenge { realm: b"r".to_vec(), nonce: b"n".to_vec(), opaque: None, domain: None, ..challenge };
        let written = write(&challenge, 0);
        let fields = written.splitn(pieces, |&byte| byte == b',');
        prop_assert_eq!(Challenge::select(fields), Ok(challenge.clone()));
    }

    #[test]
    fn what_is_sent_says_what_was_meant(
        challenge in any_challenge(),
        username in any::<String>(),
        uri in "[!-~]{1,60}",
        next_nonce in any_text(),
    ) {
        let session = Session::new(UserCredentials::new(username.as_str(), "secret"));
        let request = Request::get(&uri);
        let attempt = challenged(&session, &challenge, &request);
        check(&attempt, &challenge, &username, &uri, "00000001");
        session.record_success(attempt, &request, None, b"").unwrap();
        let attempt = session.authorize(&request).unwrap();
        check(&attempt, &challenge, &username, &uri, "00000002");
        let info = [b"nextnonce=".as_slice(), &naive::quote(&next_nonce)].concat();
        session.record_success(attempt, &request, Some(info.as_slice()), b"").unwrap();
        let attempt = session.authorize(&request).unwrap();
        if next_nonce.is_empty() || next_nonce == challenge.nonce {
            check(&attempt, &challenge, &username, &uri, "00000003");
        } else {
            let challenge = Challenge { nonce: next_nonce, ..challenge };
            check(&attempt, &challenge, &username, &uri, "00000001");
        }
    }
}
