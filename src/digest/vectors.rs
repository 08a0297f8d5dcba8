//! Test vectors: those of the RFCs, as their errata correct them, and those of Python's `hashlib`.

use super::authorization::{PreparedCredentials, Request, UserCredentials};
use super::challenge::Challenge;
use super::naive::parameter;

/// Answers a challenge with a known cnonce.
fn answer(
    challenge: &str,
    user: (&str, &str),
    nc: u32,
    cnonce: &str,
    request: &Request<'_>,
) -> (PreparedCredentials, String) {
    let challenge = Challenge::select([challenge.as_bytes()]).unwrap();
    let user = UserCredentials::new(user.0, user.1);
    let prepared = PreparedCredentials::new(challenge, &user, cnonce.as_bytes());
    let authorization = prepared.authorization(&user, nc, cnonce.as_bytes(), request);
    (prepared, String::from_utf8(authorization).unwrap())
}

const MUFASA: (&str, &str) = ("Mufasa", "Circle of Life");

#[test]
fn rfc_7616_3_9_1_md5_whole_header() {
    let challenge = r#"Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=MD5, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS""#;
    let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
    let (_, authorization) = answer(challenge, MUFASA, 1, cnonce, &Request::get("/dir/index.html"));
    assert_eq!(
        authorization,
        r#"Digest username="Mufasa", realm="http-auth@example.org", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", uri="/dir/index.html", response="8ca523f5e9506fed4657c9700eebdbec", algorithm=MD5, opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS", qop=auth, nc=00000001, cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ""#
    );
}

#[test]
fn rfc_vectors_as_their_errata_correct_them() {
    let rfc_7616 = |algorithm: &str| {
        format!(
            r#"Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={algorithm}, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS""#
        )
    };
    let rfc_2617 = r#"Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41""#;
    let rfc_2069 = r#"Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41""#;
    let cnonce_7616 = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
    let cases = [
        ("RFC 7616 3.9.1, MD5", rfc_7616("MD5"), MUFASA, cnonce_7616, "8ca523f5e9506fed4657c9700eebdbec"),
        (
            "RFC 2617 3.5",
            rfc_2617.into(),
            ("Mufasa", "Circle Of Life"),
            "0a4f113b",
            "6629fae49393a05397450978507c4ef1",
        ),
        (
            "RFC 2069 2.4, errata 749",
            rfc_2069.into(),
            ("Mufasa", "CircleOfLife"),
            "",
            "1949323746fe6a43ef61f9606e7febea",
        ),
        #[cfg(feature = "sha2")]
        (
            "RFC 7616 3.9.1, SHA-256",
            rfc_7616("SHA-256"),
            MUFASA,
            cnonce_7616,
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
        ),
    ];
    for (name, challenge, user, cnonce, response) in cases {
        let (_, authorization) = answer(&challenge, user, 1, cnonce, &Request::get("/dir/index.html"));
        assert_eq!(parameter(authorization.as_bytes(), "response").as_deref(), Some(response), "{name}");
    }
}

#[cfg(feature = "sha2")]
#[test]
fn rfc_7616_3_9_2_sha_512_256_with_userhash_errata_4897() {
    let challenge = r#"Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", charset=UTF-8, userhash=true"#;
    let cnonce = "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v";
    let user = ("Jäsøn Doe", "Secret, or not?");
    let (_, authorization) = answer(challenge, user, 1, cnonce, &Request::get("/doe.json"));
    assert_eq!(
        parameter(authorization.as_bytes(), "response").as_deref(),
        Some("3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5")
    );
    assert_eq!(
        parameter(authorization.as_bytes(), "username").as_deref(),
        Some("793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b")
    );
    assert_eq!(parameter(authorization.as_bytes(), "userhash").as_deref(), Some("true"));
}

#[cfg(feature = "sha2")]
#[test]
fn python_hashlib_computes_the_same_answers() {
    let vectors: serde_json::Value =
        serde_json::from_str(include_str!("../../tests/data/digest-vectors.json")).unwrap();
    let vectors = vectors.as_array().unwrap();
    assert_eq!(vectors.len(), 56);
    for vector in vectors {
        let text = |name: &str| vector[name].as_str().unwrap();
        let request = Request { method: text("method"), uri: text("uri"), body: text("body").as_bytes() };
        let (nc, cnonce) = (u32::try_from(vector["nc"].as_u64().unwrap()).unwrap(), text("cnonce"));
        let user = (text("username"), text("password"));
        let (prepared, authorization) = answer(text("challenge"), user, nc, cnonce, &request);
        let name = text("name");
        assert_eq!(
            parameter(authorization.as_bytes(), "response").as_deref(),
            Some(text("response")),
            "{name}"
        );
        let rspauth =
            prepared.rspauth(nc, cnonce.as_bytes(), None, request.uri, text("answerBody").as_bytes());
        assert_eq!(rspauth.as_bytes(), text("rspauth").as_bytes(), "{name}");
        for (parameter_name, value) in vector["sent"].as_object().unwrap() {
            let sent = parameter(authorization.as_bytes(), parameter_name);
            assert_eq!(sent.as_deref(), value.as_str(), "{name}");
        }
    }
}

/// Where there is no Python, or its OpenSSL lacks a hash, there is nothing to compare with.
#[test]
fn the_vectors_in_the_repository_are_what_their_script_makes() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/make_digest_vectors.py");
    match std::process::Command::new("python3").args([script, "--print"]).output() {
        Ok(output) if output.status.success() => {
            let committed = include_str!("../../tests/data/digest-vectors.json");
            assert!(output.stdout == committed.as_bytes(), "run {script} and commit what it writes");
        }
        Ok(output) => eprintln!("skipped: {}", String::from_utf8_lossy(&output.stderr)),
        Err(error) => eprintln!("skipped: no python3: {error}"),
    }
}
