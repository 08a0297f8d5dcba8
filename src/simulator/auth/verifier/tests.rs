//! The verifier against published vectors, and against every mistake that it is there to find.

use std::time::Duration;

use super::*;
use crate::digest::HashFunction;

fn request(method: &str, target: &str) -> RecordedRequest {
    RecordedRequest { method: method.into(), target: target.into(), ..RecordedRequest::default() }
}

fn get() -> RecordedRequest {
    request("GET", "/dir/index.html")
}

/// A verifier with a key that has issued this nonce.
fn verifier(user: &str, password: &str, offer: DigestOffer, nonce: &str) -> DigestVerifier {
    let mut nonces = IssuedNonces::default();
    (nonces.uses, nonces.lifetime) = (10, Duration::from_secs(60));
    nonces.adopt(nonce, None, Instant::now());
    let keys = vec![Account { name: user.into(), secret: password.into() }];
    DigestVerifier { keys, offer, nonces, strict: true, rspauth: true, next_nonce_every: None }
}

fn algorithm(name: &str) -> Algorithm {
    Algorithm::from_name(name.as_bytes()).unwrap()
}

/// RFC 7616 3.9.1, the part that both of its examples share.
fn mufasa(algorithm: &str, response: &str) -> String {
    format!(
        "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", uri=\"/dir/index.html\", \
         algorithm={algorithm}, nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", nc=00000001, \
         cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth, response=\"{response}\", \
         opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
    )
}

fn mufasa_verifier(algorithms: &[&str]) -> DigestVerifier {
    let challenge = DigestOffer::default()
        .realm("http-auth@example.org")
        .opaque("FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS")
        .qop([Qop::Auth, Qop::AuthInt])
        .algorithms(algorithms.iter().map(|name| algorithm(name)));
    verifier("Mufasa", "Circle of Life", challenge, "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v")
}

const MD5_RESPONSE: &str = "8ca523f5e9506fed4657c9700eebdbec";

#[test]
fn the_examples_of_rfc_7616_are_accepted() {
    let table = [
        ("MD5", MD5_RESPONSE),
        #[cfg(feature = "sha2")]
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ];
    for (algorithm, response) in table {
        let mut verifier = mufasa_verifier(&[algorithm]);
        let field = mufasa(algorithm, response);
        let verdict = verifier.verify(field.as_bytes(), &get(), Instant::now());
        assert!(verdict.is_ok(), "{algorithm}: {verdict:?}");
    }
}

#[cfg(feature = "sha2")]
#[test]
fn the_example_with_userhash_is_accepted_as_errata_4897_corrects_it() {
    let challenge = DigestOffer::default()
        .realm("api@example.org")
        .opaque("HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS")
        .userhash(true)
        .algorithms([algorithm("SHA-512-256")]);
    let nonce = "5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK";
    let request = request("GET", "/doe.json");
    let hashed =
        "username=\"793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b\", userhash=true";
    let names = [hashed, "username=\"Jäsøn Doe\", userhash=false", "username*=UTF-8''J%C3%A4s%C3%B8n%20Doe"];
    for name in names {
        let mut verifier = verifier("Jäsøn Doe", "Secret, or not?", challenge.clone(), nonce);
        let field = format!(
            "Digest {name}, realm=\"api@example.org\", uri=\"/doe.json\", algorithm=SHA-512-256, \
             nonce=\"{nonce}\", nc=00000001, cnonce=\"NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v\", \
             qop=auth, response=\"3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5\", \
             opaque=\"HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS\""
        );
        let verdict = verifier.verify(field.as_bytes(), &request, Instant::now());
        assert!(verdict.is_ok(), "{name}: {verdict:?}");
    }
}

#[test]
fn the_examples_of_rfc_2617_and_2069_are_accepted() {
    let challenge =
        DigestOffer::default().realm("testrealm@host.com").opaque("5ccc069c403ebaf9f0171e9517f40e41");
    let table = [
        (
            "RFC 2617 3.5",
            challenge.clone(),
            "Circle Of Life",
            "qop=auth, nc=00000001, cnonce=\"0a4f113b\", algorithm=MD5, response=\"6629fae49393a05397450978507c4ef1\"",
        ),
        (
            "RFC 2069 2.4 with errata 749",
            challenge.qop([]).algorithms([]),
            "CircleOfLife",
            "response=\"1949323746fe6a43ef61f9606e7febea\"",
        ),
    ];
    for (name, challenge, password, rest) in table {
        let nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093";
        let mut verifier = verifier("Mufasa", password, challenge, nonce);
        let field = format!(
            "Digest username=\"Mufasa\", realm=\"testrealm@host.com\", nonce=\"{nonce}\", \
             uri=\"/dir/index.html\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\", {rest}"
        );
        let verdict = verifier.verify(field.as_bytes(), &get(), Instant::now());
        assert!(verdict.is_ok(), "{name}: {verdict:?}");
    }
}

/// The right answer of the example, with one thing changed.
fn wrong(from: &str, to: &str) -> String {
    let right = mufasa("MD5", MD5_RESPONSE);
    assert!(right.contains(from), "{from}");
    right.replacen(from, to, 1)
}

/// Each field is refused for its reason, and does not use the nonce up.
fn assert_refused(table: impl IntoIterator<Item = (String, Rejection)>) {
    for (field, expected) in table {
        let mut verifier = mufasa_verifier(&["MD5"]);
        let verdict = verifier.verify(field.as_bytes(), &get(), Instant::now());
        assert_eq!(verdict.err(), Some(expected), "{field}");
        let right = mufasa("MD5", MD5_RESPONSE);
        let verdict = verifier.verify(right.as_bytes(), &get(), Instant::now());
        assert!(verdict.is_ok(), "the mistake used the nonce up: {verdict:?}");
    }
}

#[test]
fn one_mistake_in_what_is_repeated_from_the_challenge_is_named() {
    assert_refused([
        (wrong("username=\"Mufasa\", ", ""), Rejection::Missing("username")),
        (wrong("Mufasa", "Scar"), Rejection::UnknownUser("Scar".into())),
        (wrong("org", "com"), Rejection::WrongRealm("http-auth@example.com".into())),
        (wrong("realm=\"http-auth@example.org\", ", ""), Rejection::Missing("realm")),
        (
            wrong("/dir/index.html", "/dir/index.html?a"),
            Rejection::WrongUri { uri: "/dir/index.html?a".into(), target: "/dir/index.html".into() },
        ),
        (wrong("algorithm=MD5", "algorithm=SHA-1"), Rejection::WrongAlgorithm("SHA-1".into())),
        (wrong("algorithm=MD5", "algorithm=MD5-sess"), Rejection::WrongAlgorithm("MD5-sess".into())),
        (wrong("algorithm=MD5, ", ""), Rejection::Missing("algorithm")),
    ]);
}

#[test]
fn one_mistake_in_what_is_counted_and_computed_is_named() {
    assert_refused([
        (wrong("7ypf", "8ypf"), Rejection::UnknownNonce),
        (wrong("00000001", "00000000"), Rejection::BadNc("00000000".into())),
        (wrong("00000001", "1"), Rejection::BadNc("1".into())),
        (wrong("00000001", "0000000A"), Rejection::BadNc("0000000A".into())),
        (wrong("00000001", "+0000001"), Rejection::BadNc("+0000001".into())),
        (wrong("00000001", "00000002"), Rejection::WrongResponse),
        (wrong("00000001", "0000000b"), Rejection::ExhaustedNonce),
        (wrong("nc=00000001, ", ""), Rejection::Missing("nc")),
        (wrong("f2/wE", "f3/wE"), Rejection::WrongResponse),
        (wrong("qop=auth, ", ""), Rejection::Missing("qop")),
        (wrong("qop=auth", "qop=auth-conf"), Rejection::WrongQop("auth-conf".into())),
        (wrong("qop=auth", "qop=auth-int"), Rejection::WrongResponse),
        (wrong("8ca523", "8CA523"), Rejection::WrongResponse),
        (
            wrong("FQhe", "GQhe"),
            Rejection::WrongOpaque("GQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS".into()),
        ),
        (
            wrong(", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"", ""),
            Rejection::Missing("opaque"),
        ),
        (wrong("qop=auth", "qop=auth, userhash=true"), Rejection::WrongUserhash("true".into())),
        (wrong("qop=auth", "qop=auth, username*=UTF-8''a"), Rejection::Unexpected("username*")),
        (wrong("username=\"Mufasa\"", "username*=Mufasa"), Rejection::BadUsername("Mufasa".into())),
        (wrong("qop=auth", "qop=\"auth\""), Rejection::Quoting { parameter: "qop".into(), quoted: true }),
    ]);
}

#[test]
fn an_answer_serves_once_and_for_its_own_method_only() {
    let mut verifier = mufasa_verifier(&["MD5"]);
    let field = mufasa("MD5", MD5_RESPONSE);
    let post = request("POST", "/dir/index.html");
    let mut verdict = |request| verifier.verify(field.as_bytes(), &request, Instant::now()).err();
    assert_eq!(verdict(post), Some(Rejection::WrongResponse));
    assert_eq!(verdict(get()), None);
    assert_eq!(verdict(get()), Some(Rejection::RepeatedNc(1)));
}

/// An answer of a client that keeps its `-sess` key, or makes it anew each time.
fn session_answer(nonce: &str, nc: u32, cnonce: &str, key_nonce: &str, key_cnonce: &str) -> String {
    let md5 = |text: String| {
        let hash = HashFunction::Md5.hash(&[text.as_bytes()]);
        String::from_utf8(hash.as_bytes().to_vec()).unwrap()
    };
    let ha1 = md5(format!("{}:{key_nonce}:{key_cnonce}", md5("u:r:p".into())));
    let ha2 = md5("GET:/dir/index.html".into());
    let response = md5(format!("{ha1}:{nonce}:{nc:08x}:{cnonce}:auth:{ha2}"));
    format!(
        "Digest username=\"u\", realm=\"r\", nonce=\"{nonce}\", uri=\"/dir/index.html\", algorithm=MD5-sess, \
         qop=auth, nc={nc:08x}, cnonce=\"{cnonce}\", response=\"{response}\""
    )
}

#[test]
fn a_session_key_is_that_of_the_first_request_also_after_nextnonce() {
    let challenge = DigestOffer::default().realm("r").algorithms([algorithm("MD5-sess")]);
    for strict in [true, false] {
        let mut verifier = verifier("u", "p", challenge.clone(), "N");
        verifier.strict = strict;
        verifier.next_nonce_every = Some(2);
        let now = Instant::now();
        let first = verifier.verify(session_answer("N", 1, "a", "N", "a").as_bytes(), &get(), now);
        let info = verifier.authentication_info(&first.unwrap(), b"", false, now).unwrap();
        assert!(!info.starts_with(b"nextnonce"));
        let renewed = verifier.verify(session_answer("N", 3, "c", "N", "c").as_bytes(), &get(), now);
        assert_eq!(renewed.is_ok(), !strict, "a key made anew");
        let second = verifier.verify(session_answer("N", 2, "b", "N", "a").as_bytes(), &get(), now);
        let Ok(second) = second else { panic!("{second:?}") };
        if strict {
            let info = verifier.authentication_info(&second, b"", false, now).unwrap();
            let info = String::from_utf8(info).unwrap();
            let next = info.split('"').nth(1).unwrap();
            let third = verifier.verify(session_answer(next, 1, "d", "N", "a").as_bytes(), &get(), now);
            assert!(third.is_ok(), "{third:?}");
        }
    }
}

#[test]
fn authentication_info_proves_the_key_and_can_lie() {
    let mut verifier = mufasa_verifier(&["MD5"]);
    let now = Instant::now();
    let accepted = verifier.verify(mufasa("MD5", MD5_RESPONSE).as_bytes(), &get(), now).unwrap();
    let mut info = |wrong| {
        let info = verifier.authentication_info(&accepted, b"the body", wrong, now).unwrap();
        String::from_utf8(info).unwrap()
    };
    // By Python's hashlib: MD5(HA1:nonce:nc:cnonce:auth:MD5(":/dir/index.html")).
    let rest = "qop=auth, cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", nc=00000001";
    assert_eq!(info(false), format!("rspauth=\"9b712497bc9f91499fbcca1dfc5f09a5\", {rest}"));
    assert!(info(true).ends_with(rest) && info(true) != info(false));
}

#[test]
fn no_output_has_the_private_key() {
    let verifier = verifier("public", "hush-hush", DigestOffer::default(), "N");
    let shown = format!("{verifier:?}");
    assert!(shown.contains("public") && !shown.contains("hush-hush"), "{shown}");
}
