//! All of Digest against the simulated Atlas as a strict server: every variant that RFC 7616 has, what each costs, and
//! that no `Authorization` is rejected.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use atlas_export_buckets::digest::{self, Algorithm, Qop, Session, UserCredentials};
use atlas_export_buckets::simulator::{
    Builder, DigestOffer, Fault, RecordedRequest, Rejection, ServerStats, Simulator, When, sample_buckets,
};
use atlas_export_buckets::{ApiKey, AuthenticationError, Client, Error, Refusal, ureq};
use support::{client, client_builder, ids, project, sample_ids};

const BUCKETS: usize = 6;
const PAGES: u64 = 3;

fn strict() -> Builder {
    Simulator::builder().strict(true).buckets(sample_buckets(BUCKETS))
}

/// Lists all pages, two buckets each, and checks that the list is whole.
fn list(client: &Client, atlas: &Simulator) {
    assert_eq!(ids(client.export_buckets(&project(atlas))).unwrap(), sample_ids(BUCKETS));
}

fn small_pages(atlas: &Simulator) -> Client {
    client_builder(atlas).items_per_page(2).build().unwrap()
}

/// Requests and challenges; and that the strict server had nothing to complain of.
fn costs(atlas: &Simulator) -> (u64, u64) {
    assert_eq!(atlas.rejections(), []);
    let ServerStats { requests, challenges, .. } = atlas.stats();
    (requests, challenges)
}

fn algorithms() -> Vec<Algorithm> {
    let names: [&[u8]; 6] =
        [b"MD5", b"MD5-sess", b"SHA-256", b"SHA-256-sess", b"SHA-512-256", b"SHA-512-256-sess"];
    names.into_iter().filter_map(Algorithm::from_name).collect()
}

/// What the last request said in `Authorization`, in text.
fn last_authorization(atlas: &Simulator) -> String {
    let requests = atlas.requests();
    let value =
        requests.last().and_then(|request: &RecordedRequest| request.header("authorization")).unwrap();
    String::from_utf8(value.to_vec()).unwrap()
}

/// Sends one request of the user's own with plain `ureq`, as the page of the module `digest` shows it.
fn send(
    session: &Session,
    agent: &ureq::Agent,
    method: &str,
    url: &str,
    body: &[u8],
) -> Result<(u16, Vec<u8>), digest::Error> {
    let uri: ureq::http::Uri = url.parse().unwrap();
    let target = uri.path_and_query().unwrap().as_str().to_owned();
    let request = digest::Request { method, uri: &target, body };
    let mut attempt = session.authorize(&request)?;
    loop {
        let mut message = ureq::http::Request::builder().method(method).uri(url);
        if let Some(authorization) = attempt.authorization() {
            message = message.header("authorization", authorization);
        }
        let message = message.body(body).unwrap();
        let message = agent
            .configure_request(message)
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            .build();
        let mut answer = agent.run(message).unwrap();
        let content = answer.body_mut().read_to_vec().unwrap();
        let fields = |name| answer.headers().get_all(name).iter().map(|value| value.as_bytes());
        if answer.status() == 401 {
            attempt = session.answer_challenge(attempt, fields("www-authenticate"), &request)?;
            continue;
        }
        session.record_success(attempt, &request, fields("authentication-info"), &content)?;
        return Ok((answer.status().as_u16(), content));
    }
}

fn session_for(atlas: &Simulator) -> Session {
    Session::new(UserCredentials::new(atlas.public_key(), atlas.private_key()))
}

fn url_of(atlas: &Simulator) -> String {
    let path = format!("/api/atlas/v1.0/groups/{}/backup/exportBuckets", atlas.project_id());
    format!("{}{path}?pageNum=1&itemsPerPage=2", atlas.base_url())
}

#[test]
fn every_algorithm_qop_userhash_and_opaque_is_answered_with_one_challenge() {
    let qops: [&[Qop]; 4] = [&[], &[Qop::Auth], &[Qop::AuthInt], &[Qop::AuthInt, Qop::Auth]];
    let opaques = [None, Some(""), Some(r#"an "odd" \ one, =="#)];
    let mut variants = 0;
    for algorithm in algorithms() {
        for qop in qops {
            for userhash in [false, true] {
                for opaque in opaques {
                    let offer = DigestOffer::default()
                        .realm(r#"a "realm", with \ and ="#)
                        .algorithms([algorithm])
                        .qop(qop.iter().copied())
                        .userhash(userhash);
                    let offer = opaque.into_iter().fold(offer, DigestOffer::opaque);
                    let atlas = strict().challenge(offer).rspauth(true).start().unwrap();
                    list(&small_pages(&atlas), &atlas);
                    let variant = format!("{algorithm}, {qop:?}, userhash {userhash}, opaque {opaque:?}");
                    assert_eq!(costs(&atlas), (PAGES + 1, 1), "{variant}");
                    let sent = last_authorization(&atlas);
                    assert_eq!(sent.contains("userhash=true"), userhash, "{variant}: {sent}");
                    assert_eq!(sent.contains("opaque="), opaque.is_some(), "{variant}: {sent}");
                    variants += 1;
                }
            }
        }
    }
    assert_eq!(variants, algorithms().len() * 4 * 2 * 3);
}

#[test]
fn a_challenge_without_algorithm_means_md5_and_is_answered_without() {
    let atlas = strict().challenge(DigestOffer::default().algorithms([])).start().unwrap();
    list(&small_pages(&atlas), &atlas);
    assert_eq!(costs(&atlas), (PAGES + 1, 1));
    assert!(!last_authorization(&atlas).contains("algorithm"));
}

#[test]
fn the_first_of_several_challenges_is_answered_in_one_field_or_in_several() {
    for separate in [false, true] {
        let mut offered = algorithms();
        for _ in 0..offered.len() {
            offered.rotate_left(1);
            let offer = DigestOffer::default()
                .algorithms(offered.iter().copied())
                .qop([Qop::Auth, Qop::AuthInt])
                .separate_fields(separate);
            let atlas = strict().challenge(offer).rspauth(true).start().unwrap();
            list(&small_pages(&atlas), &atlas);
            assert_eq!(costs(&atlas), (PAGES + 1, 1), "{offered:?}");
            let sent = last_authorization(&atlas);
            assert!(sent.contains(&format!("algorithm={},", offered[0])), "{offered:?}: {sent}");
        }
    }
}

#[test]
fn odd_spellings_of_a_challenge_are_read() {
    let spellings: [(&str, &[&str]); 7] = [
        (
            "Basic before it",
            &[
                "Basic realm=\"x\", Digest realm=\"MMS Public API\", nonce=\"{nonce}\", algorithm=MD5, qop=\"auth\"",
            ],
        ),
        (
            "Basic in a field before it",
            &[
                "Basic realm=\"x\"",
                "Digest realm=\"MMS Public API\", nonce=\"{nonce}\", algorithm=MD5, qop=\"auth\"",
            ],
        ),
        (
            "Negotiate alone before it",
            &["Negotiate, Digest realm=\"MMS Public API\",nonce=\"{nonce}\",algorithm=MD5,qop=\"auth\""],
        ),
        (
            "capitals, tabs, empty elements",
            &[
                "DIGEST\tNONCE = \"{nonce}\" ,, QOP = auth\t, REALM=\"MMS\\ Public\\ API\", ALGORITHM=\"MD5\",",
            ],
        ),
        (
            "both qops and parameters that nobody defined",
            &[
                "Digest realm=\"MMS Public API\", nonce=\"{nonce}\", algorithm=MD5, qop=\"auth,auth-int\", x=1, y=\"2\"",
            ],
        ),
        (
            "an unknown algorithm before it",
            &[
                "Digest realm=\"x\", nonce=\"y\", algorithm=SHA3-256, Digest realm=\"MMS Public API\", nonce=\"{nonce}\", algorithm=md5, qop=auth",
            ],
        ),
        (
            "cut into two fields",
            &[
                "Digest realm=\"MMS Public API\", nonce=\"{nonce}\"",
                "algorithm=MD5, qop=\"auth\", stale={stale}",
            ],
        ),
    ];
    for (name, fields) in spellings {
        let offer = DigestOffer::default().written_as(fields.iter().copied());
        let atlas = strict().challenge(offer).start().unwrap();
        list(&small_pages(&atlas), &atlas);
        assert_eq!((name, costs(&atlas)), (name, (PAGES + 1, 1)));
    }
}

#[test]
fn the_docs_misprint_of_qop_is_a_challenge_of_rfc_2069() {
    let field =
        r#"Digest realm="MMS Public API", domain="", nonce="{nonce}", algorithm=MD5, op="auth", stale=false"#;
    let atlas = strict().challenge(DigestOffer::default().qop([]).written_as([field])).start().unwrap();
    list(&small_pages(&atlas), &atlas);
    assert_eq!(costs(&atlas), (PAGES + 1, 1));
}

#[test]
fn names_beyond_ascii_are_sent_encoded_or_hashed() {
    for algorithm in algorithms() {
        for userhash in [false, true] {
            let offer = DigestOffer::default().algorithms([algorithm]).userhash(userhash).charset_utf8(true);
            let name = r#"Jäsøn "Doe" \ 東京"#;
            let atlas = strict().key(name, "pässwörd: \"\\\" ☃").challenge(offer).start().unwrap();
            let key = ApiKey::new(name, "pässwörd: \"\\\" ☃").unwrap();
            let client = Client::builder(key).base_url(atlas.base_url()).items_per_page(2).build().unwrap();
            list(&client, &atlas);
            assert_eq!(costs(&atlas), (PAGES + 1, 1), "{algorithm}, userhash {userhash}");
            assert_eq!(last_authorization(&atlas).contains("username*=UTF-8''J%C3%A4s"), !userhash);
        }
    }
}

#[test]
fn a_realm_that_is_not_ascii_is_answered_by_the_session_and_refused_by_ureq() {
    for realm in ["ünïcode".as_bytes(), b"latin-1: \xFC"] {
        let atlas = strict().challenge(DigestOffer::default().realm(realm)).start().unwrap();
        let error = client(&atlas).export_buckets(&project(&atlas)).next().unwrap().unwrap_err();
        assert!(matches!(error, Error::Refused { reason: Refusal::ChallengeNotAscii, .. }), "{error:?}");
        assert_eq!(costs(&atlas), (1, 1));
        // The header would have been right: a client that sends bytes can use it.
        assert_eq!(raw_get(&atlas, &session_for(&atlas)), "HTTP/1.1 200 OK");
        assert_eq!(costs(&atlas), (3, 2));
    }
}

/// Gets the first page over a bare socket, which sends any bytes; returns the last status line.
fn raw_get(atlas: &Simulator, session: &Session) -> String {
    use std::io::{Read as _, Write as _};
    let url = url_of(atlas);
    let target = url.strip_prefix(atlas.base_url()).unwrap();
    let request = digest::Request::get(target);
    let exchange = |authorization: Option<&[u8]>| {
        let mut socket =
            std::net::TcpStream::connect(atlas.base_url().trim_start_matches("http://")).unwrap();
        let mut message =
            format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n").into_bytes();
        if let Some(authorization) = authorization {
            message.extend([b"Authorization: ".as_slice(), authorization, b"\r\n"].concat());
        }
        message.extend(b"\r\n");
        socket.write_all(&message).unwrap();
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer).unwrap();
        answer
    };
    let attempt = session.authorize(&request).unwrap();
    let answer = exchange(attempt.authorization());
    let lines = answer.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
    let challenges = lines.filter_map(|line| {
        let (name, value) = line.split_at_checked("www-authenticate: ".len())?;
        name.eq_ignore_ascii_case(b"www-authenticate: ").then_some(value)
    });
    let attempt = session.answer_challenge(attempt, challenges, &request).unwrap();
    let answer = exchange(attempt.authorization());
    String::from_utf8_lossy(answer.split(|&byte| byte == b'\r').next().unwrap()).into_owned()
}

#[test]
fn an_announced_nonce_is_used_at_once_and_costs_no_challenge() {
    for algorithm in algorithms() {
        for every in [1, 2] {
            for qop in [&[Qop::Auth][..], &[Qop::AuthInt], &[]] {
                let offer = DigestOffer::default().algorithms([algorithm]).qop(qop.iter().copied());
                // Each nonce serves as often as it is announced to, so one that is not replaced would be refused.
                let builder =
                    strict().challenge(offer).nonce_uses(every).next_nonce_every(every).rspauth(true);
                let atlas = builder.start().unwrap();
                let client = small_pages(&atlas);
                list(&client, &atlas);
                list(&client, &atlas);
                assert_eq!(costs(&atlas), (2 * PAGES + 1, 1), "{algorithm}, every {every}, {qop:?}");
            }
        }
    }
}

#[test]
fn a_wrong_rspauth_is_an_error_and_the_answer_is_not_trusted() {
    for algorithm in algorithms() {
        for qop in [Qop::Auth, Qop::AuthInt] {
            let offer = DigestOffer::default().algorithms([algorithm]).qop([qop]);
            let on_page_2 = When::always().on_page(2).with_authorization();
            let atlas = strict()
                .challenge(offer)
                .rspauth(true)
                .fault(on_page_2, Fault::WrongRspauth)
                .start()
                .unwrap();
            let client = small_pages(&atlas);
            let results: Vec<_> = client.export_buckets(&project(&atlas)).collect();
            assert_eq!(
                results.len(),
                3,
                "{algorithm}, {qop:?}: two buckets of page 1, the error, and no more"
            );
            let error = results[2].as_ref().unwrap_err();
            let wrong =
                matches!(error, Error::Refused { reason: Refusal::Digest(digest::Error::WrongRspauth), .. });
            assert!(wrong, "{error:?}");
            assert_eq!(costs(&atlas), (3, 1), "{algorithm}, {qop:?}: not tried again");
        }
    }
}

#[test]
fn a_request_of_ones_own_is_authenticated_with_its_method_and_its_content() {
    let agent = ureq::Agent::new_with_defaults();
    for algorithm in algorithms() {
        for qop in [&[Qop::Auth][..], &[Qop::AuthInt], &[]] {
            let offer = DigestOffer::default().algorithms([algorithm]).qop(qop.iter().copied());
            let atlas = strict().challenge(offer).rspauth(true).next_nonce_every(2).start().unwrap();
            let (session, url) = (session_for(&atlas), url_of(&atlas));
            // The resource takes GET only, but its guard is asked first.
            for (method, body, status) in [
                ("POST", "{\"bucketName\":\"☃\"}", 405),
                ("GET", "", 200),
                ("PUT", "x", 405),
                ("DELETE", "", 405),
            ] {
                let (answered, _) = send(&session, &agent, method, &url, body.as_bytes()).unwrap();
                assert_eq!(answered, status, "{algorithm}, {qop:?}, {method}");
            }
            assert_eq!(costs(&atlas), (5, 1), "{algorithm}, {qop:?}");
        }
    }
}

#[test]
fn a_content_or_a_method_that_was_changed_on_the_way_is_refused() {
    let atlas = strict().challenge(DigestOffer::default().qop([Qop::AuthInt])).start().unwrap();
    let (session, url) = (session_for(&atlas), url_of(&atlas));
    let target = url.strip_prefix(atlas.base_url()).unwrap();
    let agent = ureq::Agent::new_with_defaults();
    send(&session, &agent, "GET", &url, b"").unwrap();
    for (method, body) in [("PUT", "right"), ("POST", "wrong")] {
        let attempt =
            session.authorize(&digest::Request { method: "POST", uri: target, body: b"right" }).unwrap();
        let message = ureq::http::Request::builder()
            .method(method)
            .uri(&url)
            .header("authorization", attempt.authorization().unwrap())
            .body(body)
            .unwrap();
        let message = agent.configure_request(message).http_status_as_error(false).build();
        assert_eq!(agent.run(message).unwrap().status(), 401);
    }
    assert_eq!(atlas.rejections(), [Rejection::WrongResponse, Rejection::WrongResponse]);
}

#[test]
fn a_server_that_offers_nothing_we_answer_is_told_apart_with_what_it_offered() {
    let offer = DigestOffer::default()
        .written_as(["Basic realm=\"x\"", "Digest realm=r, nonce=n, algorithm=SHA3-256"]);
    let atlas = strict().challenge(offer).start().unwrap();
    let error = client(&atlas).export_buckets(&project(&atlas)).next().unwrap().unwrap_err();
    let Error::NotAuthenticated {
        reason: AuthenticationError::Digest(digest::Error::NoChallenge(none)), ..
    } = &error
    else {
        panic!("{error:?}");
    };
    let offered: Vec<_> = none.offered.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(offered, ["Basic", "Digest SHA3-256"]);
    assert_eq!(costs(&atlas), (1, 1));
    assert!(atlas.requests().iter().all(|request| request.header("authorization").is_none()));
}

#[test]
fn thirty_two_threads_and_two_thousand_requests_share_a_session_and_none_fails() {
    const THREADS: usize = 32;
    const REQUESTS: usize = 2_000;
    const USES: u32 = 50;
    let atlas = strict().nonce_uses(USES).start().unwrap();
    let client = client(&atlas);
    let project = project(&atlas);
    let left = std::sync::atomic::AtomicUsize::new(REQUESTS);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                use std::sync::atomic::Ordering::Relaxed;
                while left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok() {
                    assert_eq!(client.export_bucket_page(&project, 1).unwrap().results.len(), BUCKETS);
                }
            });
        }
    });
    let ServerStats { requests, challenges, pages, .. } = atlas.stats();
    assert_eq!((pages, requests), (REQUESTS as u64, REQUESTS as u64 + challenges));
    let bound = (REQUESTS / USES as usize + THREADS) as u64;
    assert!(challenges <= bound, "{challenges} challenges, at most {bound}");
    let rejections = atlas.rejections();
    assert!(rejections.iter().all(|rejection| *rejection == Rejection::ExhaustedNonce), "{rejections:?}");
}

#[test]
fn eight_threads_starting_cold_ask_for_eight_challenges_at_most_and_warm_for_none() {
    const THREADS: u64 = 8;
    let atlas = strict().start().unwrap();
    let client = client(&atlas);
    let run = || {
        let barrier = std::sync::Barrier::new(THREADS as usize);
        std::thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    barrier.wait();
                    for _ in 0..5 {
                        list(&client, &atlas);
                    }
                });
            }
        });
    };
    run();
    let (requests, challenges) = costs(&atlas);
    assert!((1..=THREADS).contains(&challenges), "{challenges}");
    assert_eq!(requests, 5 * THREADS + challenges);
    run();
    assert_eq!(costs(&atlas), (requests + 5 * THREADS, challenges));
}

#[test]
fn one_nonce_shared_by_eight_threads_costs_no_further_challenge() {
    const THREADS: u64 = 8;
    let atlas = strict().start().unwrap();
    let client = client(&atlas);
    list(&client, &atlas);
    assert_eq!(costs(&atlas), (2, 1));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| (0..5).for_each(|_| list(&client, &atlas)));
        }
    });
    assert_eq!(costs(&atlas), (2 + 5 * THREADS, 1));
}

#[test]
fn threads_whose_nonces_are_replaced_by_announced_ones_repeat_no_count() {
    let atlas = strict().next_nonce_every(3).rspauth(true).start().unwrap();
    let client = client(&atlas);
    list(&client, &atlas);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..20).for_each(|_| list(&client, &atlas)));
        }
    });
    assert_eq!(costs(&atlas), (2 + 160, 1));
}

#[test]
fn a_next_nonce_that_cannot_be_sent_costs_a_challenge_and_no_page() {
    for nonce in [&b"nextnonce=\"\xC3\xA9\""[..], b"nextnonce=\"\xFF\""] {
        let info = Fault::Header("Authentication-Info".into(), nonce.to_vec());
        let atlas = strict().fault(When::nth(2), info).start().unwrap();
        let client = client_builder(&atlas).items_per_page(2).build().unwrap();
        list(&client, &atlas);
        // The second page is asked for without credentials.
        assert_eq!(costs(&atlas), (PAGES + 2, 2));
    }
}
