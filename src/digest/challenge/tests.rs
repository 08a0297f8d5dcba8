//! What a challenge may be, and which one is answered.

use super::*;

fn select(fields: &[&str]) -> Result<Challenge, NoChallenge> {
    Challenge::select(fields.iter().map(|field| field.as_bytes()))
}

/// `Digest realm="r", nonce="n"` as it is read.
fn plain() -> Challenge {
    Challenge {
        realm: b"r".to_vec(),
        nonce: b"n".to_vec(),
        opaque: None,
        domain: None,
        algorithm: Algorithm::MD5,
        algorithm_name: None,
        qop: None,
        stale: false,
        userhash: false,
        charset_utf8: false,
    }
}

#[test]
fn the_challenge_of_atlas_is_read_whole() {
    let field = r#"Digest realm="MMS Public API", domain="", nonce="Xm2oTqlVvBqHkQGq1LbqzMH4qp6BqFhY", algorithm=MD5, qop="auth", stale=false"#;
    let expected = Challenge {
        realm: b"MMS Public API".to_vec(),
        nonce: b"Xm2oTqlVvBqHkQGq1LbqzMH4qp6BqFhY".to_vec(),
        domain: Some(Vec::new()),
        algorithm_name: Some(b"MD5".to_vec()),
        qop: Some(Qop::Auth),
        ..plain()
    };
    assert_eq!(select(&[field]), Ok(expected.clone()));
    // Atlas's documentation prints `op`: a parameter that nobody defined, and so no qop.
    assert_eq!(select(&[&field.replace("qop", "op")]), Ok(Challenge { qop: None, ..expected }));
}

#[test]
fn parameters_are_read_in_every_form_they_take() {
    let bytes = |value: &str| Some(value.as_bytes().to_vec());
    let auth = || Challenge { qop: Some(Qop::Auth), ..plain() };
    let md5 = |name| Challenge { algorithm_name: bytes(name), ..plain() };
    let cases = [
        ("nothing more", "", plain()),
        ("a parameter that nobody defined", r#", new="x", _=y"#, plain()),
        ("names in any case", r#", OPAQUE="o", QoP="auth""#, Challenge { opaque: bytes("o"), ..auth() }),
        ("an empty opaque", r#", opaque="""#, Challenge { opaque: bytes(""), ..plain() }),
        ("no quotes around opaque", ", opaque=o", Challenge { opaque: bytes("o"), ..plain() }),
        (
            "an opaque with quoted pairs",
            r#", opaque="\"\\,=""#,
            Challenge { opaque: bytes("\"\\,="), ..plain() },
        ),
        ("domain", r#", domain="/a https://b/c""#, Challenge { domain: bytes("/a https://b/c"), ..plain() }),
        ("the algorithm by name", ", algorithm=MD5", md5("MD5")),
        ("the algorithm in quotes", r#", algorithm="MD5""#, md5("MD5")),
        ("the algorithm in lower case, which will be echoed", ", algorithm=md5", md5("md5")),
        (
            "a session algorithm in odd case",
            ", algorithm=md5-SESS",
            Challenge { algorithm: Algorithm { session: true, ..Algorithm::MD5 }, ..md5("md5-SESS") },
        ),
        ("qop", r#", qop="auth""#, auth()),
        ("qop without quotes", ", qop=auth", auth()),
        ("both qops without a space", r#", qop="auth,auth-int""#, auth()),
        ("both qops the other way round", r#", qop="auth-int, auth""#, auth()),
        ("qop in capitals", r#", qop="AUTH""#, auth()),
        ("qop among unknown ones", r#", qop="auth-conf ,	auth,x""#, auth()),
        ("auth-int only", r#", qop="auth-int""#, Challenge { qop: Some(Qop::AuthInt), ..plain() }),
        (
            "auth-int and an unknown one",
            r#", qop="x,auth-int""#,
            Challenge { qop: Some(Qop::AuthInt), ..plain() },
        ),
        ("an empty qop is none", r#", qop="""#, plain()),
        ("a qop of commas is none", r#", qop=" , ,""#, plain()),
        ("stale", ", stale=true", Challenge { stale: true, ..plain() }),
        ("stale in capitals", ", stale=TRUE", Challenge { stale: true, ..plain() }),
        ("stale in quotes", r#", stale="true""#, Challenge { stale: true, ..plain() }),
        ("not stale", ", stale=false", plain()),
        ("stale with another value", ", stale=1", plain()),
        ("userhash", ", userhash=true", Challenge { userhash: true, ..plain() }),
        ("userhash in quotes", r#", userhash="true""#, Challenge { userhash: true, ..plain() }),
        ("no userhash", ", userhash=false", plain()),
        ("charset", ", charset=UTF-8", Challenge { charset_utf8: true, ..plain() }),
        (
            "charset in lower case and quotes",
            r#", charset="utf-8""#,
            Challenge { charset_utf8: true, ..plain() },
        ),
        ("another charset", ", charset=ISO-8859-1", plain()),
        ("white space and empty elements", " ,, ,\tstale = true ,", Challenge { stale: true, ..plain() }),
    ];
    for (name, more, expected) in cases {
        let field = format!(r#"Digest realm="r", nonce="n"{more}"#);
        assert_eq!(select(&[&field]), Ok(expected), "{name}: {field}");
    }
}

#[cfg(feature = "sha2")]
#[test]
fn every_algorithm_of_rfc_7616_is_known_in_any_case() {
    use crate::digest::HashFunction::{Md5, Sha256, Sha512_256};
    for (name, hash) in [("MD5", Md5), ("SHA-256", Sha256), ("SHA-512-256", Sha512_256)] {
        for (suffix, session) in [("", false), ("-sess", true)] {
            let name = format!("{name}{suffix}");
            let algorithm = Algorithm { hash, session };
            assert_eq!((algorithm.name(), algorithm.to_string()), (name.as_str(), name.clone()));
            for spelling in [name.to_ascii_lowercase(), name.to_ascii_uppercase(), name] {
                let field = format!("Digest realm=r, nonce=n, algorithm={spelling}");
                let algorithm_name = Some(spelling.into_bytes());
                assert_eq!(select(&[&field]), Ok(Challenge { algorithm, algorithm_name, ..plain() }));
            }
        }
    }
    assert_eq!(Algorithm::from_name(b"SHA-512"), None);
}

#[test]
fn realm_nonce_and_opaque_are_bytes_in_no_charset() {
    let field = b"Digest realm=\"\xC3\xA4 \xE4\xFF\", nonce=\"\x80\", opaque=\"\t\xF0\"".as_slice();
    let expected = Challenge {
        realm: b"\xC3\xA4 \xE4\xFF".to_vec(),
        nonce: b"\x80".to_vec(),
        opaque: Some(b"\t\xF0".to_vec()),
        ..plain()
    };
    assert_eq!(Challenge::select([field]), Ok(expected));
}

#[test]
fn the_first_challenge_that_can_be_answered_is_taken_wherever_it_stands() {
    // The nonces name the challenges. The one named 1 must be taken.
    let one = "Digest realm=r, nonce=1";
    let two = "Digest realm=r, nonce=2, algorithm=MD5, qop=auth";
    let cases: [(&str, Vec<String>); 19] = [
        ("alone", vec![one.into()]),
        ("the scheme in any case", vec!["dIGEST nonce=1,realm=r".into()]),
        ("before another in one field", vec![format!("{one}, {two}")]),
        ("before another in two fields", vec![one.into(), two.into()]),
        ("behind Basic in one field", vec![format!(r#"Basic realm="x, y", {one}"#)]),
        ("behind Basic in its own field", vec!["Basic realm=x".into(), one.into()]),
        ("before Basic", vec![format!("{one}, Basic realm=x")]),
        ("between schemes without parameters", vec![format!("Negotiate, {one}, NTLM")]),
        ("between token68s", vec![format!("Negotiate YII==, {one}, NTLM TlRM/+=")]),
        (
            "behind a scheme that has its parameters",
            vec![format!("Bearer realm=r, nonce=2, scope=\"a b\", {one}")],
        ),
        ("behind an unknown algorithm", vec![format!("Digest realm=r, nonce=2, algorithm=X, {one}")]),
        ("behind an unknown qop", vec![format!("Digest realm=r, nonce=2, qop=x, {one}")]),
        ("behind one without a nonce", vec![format!("Digest realm=r, {one}")]),
        ("behind a duplicate", vec![format!("Digest realm=r, nonce=2, nonce=2, {one}")]),
        ("behind a backslash outside of quotes", vec![format!(r"Digest realm=\, {one}")]),
        ("behind a malformed one", vec![format!("Digest realm=r, nonce=2, opaque=, {one}")]),
        ("behind an open quote in another field", vec!["Digest nonce=2, realm=\"r".into(), one.into()]),
        ("behind parameters of no scheme and rubbish", vec![format!("nonce=2, (, @ =, {one}")]),
        ("split over fields, which are one list", vec!["Digest realm=r".into(), "nonce=1".into()]),
    ];
    for (name, fields) in cases {
        let fields: Vec<_> = fields.iter().map(String::as_str).collect();
        assert_eq!(select(&fields).map(|challenge| challenge.nonce), Ok(b"1".to_vec()), "{name}: {fields:?}");
    }
}

#[test]
fn what_cannot_be_answered_is_listed_with_the_reason() {
    use Unanswerable::*;
    let long = "x".repeat(4097);
    let many = |count| (0..count).map(|number| format!(", p{number}=x")).collect::<String>();
    type Offered = &'static [(&'static str, Unanswerable)];
    let cases: [(&str, &str, Offered); 24] = [
        ("nothing", "", &[]),
        ("no scheme at all", "realm=r, nonce=n", &[]),
        ("Basic", "Basic realm=r", &[("Basic", Scheme)]),
        ("a token68", "Negotiate YII=", &[("Negotiate", Scheme)]),
        ("two schemes", "Negotiate, NTLM", &[("Negotiate", Scheme), ("NTLM", Scheme)]),
        ("Digest alone", "Digest", &[("Digest", NoRealm)]),
        ("Digest with a token68", "Digest abc=", &[("Digest", NoRealm)]),
        ("no realm", "Digest nonce=n, algorithm=MD5", &[("Digest MD5", NoRealm)]),
        ("no nonce", "Digest realm=r", &[("Digest", NoNonce)]),
        ("a realm twice", "Digest realm=r, nonce=n, REALM=r", &[("Digest", DuplicateParameter)]),
        ("a nonce twice", "Digest realm=r, nonce=n, Nonce=m", &[("Digest", DuplicateParameter)]),
        ("an unknown one twice", "Digest realm=r, x=1, nonce=n, X=1", &[("Digest", DuplicateParameter)]),
        (
            "an algorithm unknown",
            "Digest realm=r, nonce=n, algorithm=SHA-1",
            &[("Digest SHA-1", UnknownAlgorithm)],
        ),
        ("an algorithm empty", r#"Digest realm=r, nonce=n, algorithm="""#, &[("Digest ", UnknownAlgorithm)]),
        ("a qop unknown", "Digest realm=r, nonce=n, qop=auth-conf", &[("Digest", UnknownQop)]),
        ("an open quote", r#"Digest realm=r, nonce="n"#, &[("Digest", Malformed)]),
        ("a missing comma", "Digest realm=r nonce=n", &[("Digest", Malformed)]),
        ("a missing value", "Digest realm=r, nonce=n, opaque=", &[("Digest", Malformed)]),
        ("a token that is none", "Digest realm=r, nonce=a/b=", &[("Digest", Malformed)]),
        ("a character that no text has", "Digest realm=\"r\u{7f}\", nonce=n", &[("Digest", Malformed)]),
        ("a long nonce", &format!("Digest realm=r, nonce={long}"), &[("Digest", TooLong)]),
        ("a long realm", &format!("Digest realm={long}, nonce=n"), &[("Digest", TooLong)]),
        ("a long opaque", &format!("Digest realm=r, nonce=n, opaque={long}"), &[("Digest", TooLong)]),
        ("many parameters", &format!("Digest realm=r, nonce=n{}", many(63)), &[("Digest", TooLong)]),
    ];
    for (name, field, expected) in cases {
        let none = select(&[field]).unwrap_err();
        let offered: Vec<_> =
            none.offered.iter().map(|(name, reason)| (name.as_str(), reason.clone())).collect();
        assert_eq!(offered, expected, "{name}: {field}");
    }
    assert!(select(&[&format!("Digest realm=r, nonce={}", &long[1..])]).is_ok());
    assert!(select(&[&format!("Digest realm=r, nonce=n{}", many(62))]).is_ok());
}

#[test]
fn the_error_tells_what_was_offered_and_why_it_will_not_do() {
    let text = |fields: &[&str]| select(fields).unwrap_err().to_string();
    assert_eq!(text(&[]), "the server offered no authentication challenge");
    assert_eq!(
        text(&["Basic realm=x, Digest realm=r, nonce=n, algorithm=SHA3", "Digest realm=r"]),
        "the server offered no Digest challenge that can be answered, only: \
         Basic (not Digest); Digest SHA3 (unknown algorithm); Digest (no nonce)"
    );
}

#[test]
fn the_error_shows_the_servers_text_escaped_and_cut() {
    let none =
        Challenge::select([b"Digest realm=r, nonce=n, algorithm=\"\x1b[31m\"".as_slice()]).unwrap_err();
    assert_eq!(none.offered, [("Digest".into(), Unanswerable::Malformed)]);
    let none =
        Challenge::select([b"Digest realm=r, nonce=n, algorithm=\"a\xFF\tb\\\"\"".as_slice()]).unwrap_err();
    assert_eq!(none.offered, [(r#"Digest a\xff\tb\""#.into(), Unanswerable::UnknownAlgorithm)]);
    let long = "x".repeat(100);
    let none = select(&[&format!("{long}, Digest realm=r, nonce=n, algorithm={long}")]).unwrap_err();
    assert_eq!(
        none.offered,
        [
            (long[..64].to_owned(), Unanswerable::Scheme),
            (format!("Digest {}", &long[..64]), Unanswerable::UnknownAlgorithm)
        ]
    );
}

#[test]
fn the_error_lists_16_challenges_at_most() {
    let none = select(&[&"Negotiate,".repeat(20)]).unwrap_err();
    assert_eq!(none.offered, vec![("Negotiate".to_owned(), Unanswerable::Scheme); 16]);
}

#[cfg(not(feature = "sha2"))]
#[test]
fn without_the_feature_sha2_its_algorithms_are_passed_over_and_the_error_names_it() {
    let sha = "Digest realm=r, nonce=2, algorithm=";
    for name in ["SHA-256", "sha-256-SESS", "SHA-512-256", "SHA-512-256-sess"] {
        let none = select(&[&format!("{sha}{name}")]).unwrap_err();
        assert_eq!(none.offered, [(format!("Digest {name}"), Unanswerable::NeedsFeatureSha2)]);
        assert!(none.to_string().contains("enable the feature `sha2`"), "{none}");
        let both = format!("{sha}{name}, Digest realm=r, nonce=n");
        assert_eq!(select(&[&both]), Ok(plain()));
    }
}
