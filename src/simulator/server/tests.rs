//! The simulator over real sockets, with a client of a few lines that hides nothing.

mod client;
mod service_accounts;
mod wire;

use std::io::{ErrorKind, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, Weak, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use self::client::{End, RawClient, address, authorization, status, target};
use super::*;
use crate::simulator::{Response, sample_buckets};

fn start(fault: Fault) -> Simulator {
    let when = When::always().with_authorization();
    Simulator::builder().fault(when, fault).start().unwrap()
}

#[test]
fn one_connection_serves_a_challenge_and_then_page_after_page() {
    let simulator = Simulator::builder().strict(true).buckets(sample_buckets(7)).start().unwrap();
    let mut client = RawClient::new(&simulator);
    let (challenge, end) = client.send(&target(&simulator, ""), "");
    assert_eq!((status(&challenge), end), ("401", End::Complete));
    let nonce_less = "\r\nwww-authenticate: Digest realm=\"MMS Public API\", domain=\"\", nonce=\"";
    assert!(challenge.contains(nonce_less), "{challenge}");
    assert!(challenge.contains("\", algorithm=MD5, qop=\"auth\", stale=false\r\n"), "{challenge}");
    for page in 1..=4_u32 {
        let target = target(&simulator, &format!("?itemsPerPage=2&pageNum={page}"));
        let (answer, end) = client.send(&target, &authorization(&simulator, &target, &challenge, page));
        assert_eq!((status(&answer), end), ("200", End::Complete), "{answer}");
        let next = answer.contains(&format!("pageNum={}&itemsPerPage=2\",\"rel\":\"next\"", page + 1));
        assert_eq!(next, page < 4, "{answer}");
    }
    let stats = simulator.stats();
    assert_eq!((stats.connections, stats.requests, stats.challenges, stats.pages), (1, 5, 1, 4));
    assert_eq!((stats.rejections, simulator.rejections()), (0, vec![]));
    let recorded = simulator.requests();
    assert_eq!(
        recorded.iter().map(|r| r.status).collect::<Vec<_>>(),
        [Some(401), Some(200), Some(200), Some(200), Some(200)]
    );
    assert_eq!(recorded[0].header("HOST"), Some(b"localhost".as_slice()));
    simulator.reset_stats();
    assert_eq!((simulator.stats(), simulator.requests()), (ServerStats::default(), vec![]));
}

#[test]
fn a_wrong_key_a_replay_and_a_lost_nonce_are_told_apart() {
    let simulator = Simulator::start().unwrap();
    let target = target(&simulator, "");
    let mut client = RawClient::new(&simulator);
    let (challenge, _) = client.send(&target, "");
    let right = authorization(&simulator, &target, &challenge, 1);
    let (wrong, _) = client.send(&target, &right.replace("response=\"", "response=\"0"));
    assert!(wrong.contains("You are not authorized for this resource.") && wrong.contains("stale=false"));
    assert_eq!(status(&client.send(&target, &right).0), "200");
    let (replayed, _) = client.send(&target, &right);
    assert!(status(&replayed) == "401" && replayed.contains("stale=false"), "{replayed}");
    simulator.forget_nonces();
    let (lost, _) = client.send(&target, &authorization(&simulator, &target, &challenge, 2));
    assert!(status(&lost) == "401" && lost.contains("stale=true"), "{lost}");
    assert_eq!(
        simulator.rejections(),
        [Rejection::WrongResponse, Rejection::RepeatedNc(1), Rejection::UnknownNonce]
    );
    assert_eq!(simulator.stats().challenges, 4);
}

#[test]
fn deliveries_go_wrong_as_they_are_told_to() {
    let slow = Duration::from_millis(1);
    let table = [
        ("reset", Fault::Reset, "none", End::Reset),
        ("close", Fault::Close, "none", End::Closed),
        ("cut head", Fault::CutHead, "200", End::Closed),
        ("cut body", Fault::CutBody, "200", End::Closed),
        ("cut chunks", Fault::CutChunks, "200", End::Closed),
        ("reset in the body", Fault::ResetBody, "200", End::Reset),
        ("close after", Fault::CloseAfter, "200", End::Complete),
        ("drip", Fault::Drip { bytes: 99, every: slow }, "200", End::Complete),
        ("drip body", Fault::DripBody { bytes: 99, every: slow }, "200", End::Complete),
        ("endless", Fault::EndlessBody, "200", End::TimedOut),
        ("raw", Fault::Raw(b"SSH-2.0-x\r\n".to_vec()), "none", End::Closed),
        ("delay", Fault::Delay(slow), "200", End::Complete),
        ("another answer", Fault::Response(Response::html(503, "x")), "503", End::Complete),
        ("no body", Fault::Response(Response::new(204)), "204", End::TimedOut),
        ("401", Fault::Unauthorized, "401", End::Complete),
    ];
    for (name, fault, expected, end) in table {
        let simulator = start(fault);
        let mut client = RawClient::new(&simulator);
        if name == "no body" {
            client.stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        }
        let (answer, ended) = client.page(&simulator, "");
        assert_eq!((status(&answer), &ended), (expected, &end), "{name}: {answer}");
        if name == "close after" {
            assert_eq!(client.read().1, End::Closed);
        }
        let stats = simulator.stats();
        let whole = ["close after", "drip", "drip body", "delay"].contains(&name);
        assert_eq!((stats.pages, stats.rejections), (u64::from(whole), 0), "{name}");
    }
}

#[test]
fn a_long_body_is_cut_in_its_middle() {
    for (fault, end) in
        [(Fault::CutBody, End::Closed), (Fault::ResetBody, End::Reset), (Fault::CutChunks, End::Closed)]
    {
        let simulator = start(fault.clone());
        simulator.inject(
            When::nth(2),
            Fault::Insert { index: 0, bucket: format!("{{\"x\":\"{}\"}}", "y".repeat(300_000)) },
        );
        let (answer, ended) = RawClient::new(&simulator).page(&simulator, "");
        // A reset may overtake what was sent before it.
        let least = if end == End::Reset { 0 } else { 150_000 };
        assert!((least..152_000).contains(&answer.len()), "{fault:?}: {}", answer.len());
        assert_eq!(ended, end, "{fault:?}");
    }
}

#[test]
fn a_head_request_gets_a_head() {
    let simulator = Simulator::start().unwrap();
    let mut client = RawClient::new(&simulator);
    write!(client.stream, "HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let (answer, end) = client.read();
    assert!(answer.contains("content-length: ") && answer.ends_with("\r\n\r\n") && end == End::Closed);
}

#[test]
fn heads_can_be_long_and_full() {
    let simulator = start(Fault::ManyHeaders(10_000));
    let (answer, end) = RawClient::new(&simulator).page(&simulator, "");
    assert_eq!((answer.matches("\r\nx-filler-").count(), end), (10_000, End::Complete));
    let simulator = start(Fault::LongHeader(500_000));
    let (answer, end) = RawClient::new(&simulator).page(&simulator, "");
    assert!(answer.len() > 500_000 && end == End::Complete);
    let simulator = start(Fault::header("X", "a\r\nEvil: b"));
    let (answer, _) = RawClient::new(&simulator).page(&simulator, "");
    assert!(status(&answer) == "200" && !answer.contains("Evil"));
}

#[test]
fn faults_add_up_and_can_be_injected_scripted_and_ended() {
    let simulator = Simulator::builder().buckets(sample_buckets(3)).start().unwrap();
    let ask = || {
        let (answer, _) = RawClient::new(&simulator).page(&simulator, "?itemsPerPage=2");
        answer
    };
    let second = When::nth(2).with_authorization();
    simulator.inject(second.clone(), Fault::NoLinks);
    simulator.inject(second.clone(), Fault::NoCount);
    simulator.inject(second, Fault::header("Sunset", "soon"));
    assert!(ask().contains("totalCount"));
    let hit = ask();
    assert!(hit.contains("\"links\":[]") && !hit.contains("totalCount") && hit.contains("sunset: soon"));
    assert!(ask().contains("totalCount"));
    simulator.script(|request| request.has_authorization.then_some(Fault::Response(Response::new(500))));
    assert_eq!(status(&ask()), "500");
    simulator.clear_faults();
    simulator.inject(When::nth(1).with_authorization(), Fault::Delete { index: 0 });
    assert!(ask().contains("\"totalCount\":2"));
    let bucket = "{\"_id\":\"new\"}".to_owned();
    simulator.inject(When::nth(1).with_authorization(), Fault::Insert { index: 0, bucket });
    assert!(ask().contains("\"results\":[{\"_id\":\"new\"},"));
    simulator.set_rate_limit(Some(TokenBucket::new(1, Duration::from_secs(60))));
    assert!(ask().contains("ratelimit-remaining: 0"));
    let limited = ask();
    assert!(
        status(&limited) == "429"
            && limited.contains("retry-after: 60\r\n")
            && limited.contains("RATE_LIMITED")
    );
    assert_eq!(simulator.stats().rate_limited, 1);
}

#[test]
fn buckets_can_be_inserted_and_deleted_anywhere() {
    let simulator = Simulator::builder().buckets([r#"{"a":1}"#]).start().unwrap();
    let insert = |index, bucket: &str| Fault::Insert { index, bucket: bucket.into() };
    let faults =
        [insert(0, "{}"), insert(99, r#"{"z":1}"#), Fault::Delete { index: 1 }, Fault::Delete { index: 99 }];
    for fault in faults {
        simulator.inject(When::nth(1).with_authorization(), fault);
    }
    let (answer, _) = RawClient::new(&simulator).page(&simulator, "");
    assert!(answer.ends_with(r#""results":[{},{"z":1}],"totalCount":2}"#), "{answer}");
}

#[test]
fn only_get_is_served_and_bodies_are_read_off_the_connection() {
    let simulator = Simulator::start().unwrap();
    let target = target(&simulator, "");
    for body in
        ["Content-Length: 5\r\n\r\nhello", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"]
    {
        for expect in ["", "Expect: 100-continue\r\n"] {
            let mut client = RawClient::new(&simulator);
            for _ in 0..2 {
                let request = format!("POST {target} HTTP/1.1\r\nHost: localhost\r\n{expect}{body}");
                client.stream.write_all(request.as_bytes()).unwrap();
                let (answer, end) = client.read();
                assert!(answer.contains("HTTP/1.1 401 ") && end == End::Complete, "{answer}");
            }
        }
    }
    let mut client = RawClient::new(&simulator);
    let (challenge, _) = client.send(&target, "");
    let fields = authorization(&simulator, &target, &challenge, 1);
    write!(client.stream, "DELETE {target} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n").unwrap();
    assert_eq!(status(&client.read().0), "401", "the response is that of another method");
}

#[test]
fn what_is_not_http_is_refused_and_harms_nobody() {
    let simulator = Simulator::start().unwrap();
    let long = vec![b'a'; 200_000];
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(200));
    let table: [&[u8]; 9] = [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"GET / HTTP/3.0\r\n\r\n",
        b"GET /\xff\x00 HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        &long,
        many.as_bytes(),
    ];
    for bytes in table {
        let mut client = RawClient::new(&simulator);
        // It fails if the refusal comes before the end.
        let _ = client.stream.write_all(bytes);
        let answer = client.read().0;
        assert_eq!(status(&answer), "400", "{answer}");
    }
    for target in ["*", "/%zz", "http://x/a", "/api/atlas/v1.0/groups//backup/exportBuckets?&&="] {
        let (answer, end) = RawClient::new(&simulator).send(target, "");
        assert_eq!((status(&answer), end), ("401", End::Complete), "{target}");
    }
    for field in
        ["", "Digest", "Digest ", "Digest a=\"\\", "Basic x", "Digest nc=\u{ff}", "Digest username*=%,nc=%"]
    {
        let (answer, _) = RawClient::new(&simulator).send("/", &format!("Authorization: {field}\r\n"));
        assert_eq!(status(&answer), "401", "{field}");
    }
    assert_eq!(status(&RawClient::new(&simulator).page(&simulator, "").0), "200");
}

#[test]
fn it_stops_at_once_whatever_its_connections_do() {
    let hour = Duration::from_secs(3_600);
    let faults = [
        None,
        Some(Fault::Delay(hour)),
        Some(Fault::Drip { bytes: 1, every: hour }),
        Some(Fault::EndlessBody),
    ];
    for fault in faults {
        let described = format!("{fault:?}");
        let simulator = Simulator::start().unwrap();
        if let Some(fault) = fault {
            simulator.inject(When::always(), fault);
        }
        let address = address(&simulator);
        let mut busy = TcpStream::connect(address).unwrap();
        busy.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        let idle = TcpStream::connect(address).unwrap();
        let started = Instant::now();
        while simulator.stats().connections < 2 || simulator.stats().requests < 1 {
            assert!(started.elapsed() < Duration::from_secs(5));
            thread::yield_now();
        }
        drop(simulator);
        assert!(started.elapsed() < Duration::from_secs(5), "{described}");
        assert!(TcpStream::connect(address).is_err(), "{described}: it still listens");
        drop((busy, idle));
    }
}

#[test]
fn connections_can_be_closed_while_they_are_idle() {
    let simulator = Simulator::start().unwrap();
    let mut client = RawClient::new(&simulator);
    client.send("/", "");
    simulator.close_connections();
    assert_eq!(client.read(), (String::new(), End::Closed));
    assert_eq!(status(&RawClient::new(&simulator).send("/", "").0), "401");
}

#[test]
fn a_script_that_panics_ends_its_connection_only() {
    let simulator = Simulator::builder()
        .script(|request| -> Option<Fault> {
            assert_ne!(request.number, 1, "this panic belongs to the test");
            None
        })
        .start()
        .unwrap();
    assert_eq!(RawClient::new(&simulator).send("/", "").1, End::Reset);
    assert_eq!(status(&RawClient::new(&simulator).send("/", "").0), "401");
}

#[test]
fn a_script_may_ask_the_simulator_while_it_is_dropped() {
    struct Asks(Weak<Simulator>);
    impl Drop for Asks {
        fn drop(&mut self) {
            self.0.upgrade().unwrap().stats();
        }
    }
    let simulator = Arc::new(Simulator::start().unwrap());
    let asks = Asks(Arc::downgrade(&simulator));
    simulator.script(move |_| {
        let _ = &asks;
        None
    });
    let (done, ended) = mpsc::channel();
    thread::spawn(move || {
        simulator.clear_faults();
        done.send(()).unwrap();
    });
    assert_eq!(ended.recv_timeout(Duration::from_secs(10)), Ok(()));
}

#[test]
fn what_cannot_be_served_is_refused_at_the_start() {
    let refused = [
        Simulator::builder().key("", "x"),
        Simulator::builder().key("a:b", "x"),
        Simulator::builder().key("a", ""),
        Simulator::builder().project("1", [""; 0]),
        Simulator::builder().buckets(["[]"]),
        Simulator::builder().buckets(["{}"]).buckets(["{}"]),
        Simulator::builder().service_account("", "x"),
        Simulator::builder().service_account("x", ""),
        Simulator::builder().organization("1").projects(1, 1),
        Simulator::builder().limit_to_projects("nobody", [""; 0]),
        Simulator::builder().key("a", "b").limit_to_projects("a", ["1"]),
        Simulator::builder().project_name("1", "name"),
        Simulator::builder().gone_version("tomorrow"),
    ];
    for builder in refused {
        let shown = format!("{builder:?}");
        assert_eq!(builder.start().unwrap_err().kind(), ErrorKind::InvalidInput, "{shown}");
    }
    let first = Simulator::start().unwrap();
    let again = Simulator::builder().port(address(&first).port()).start();
    assert_eq!(again.unwrap_err().kind(), ErrorKind::AddrInUse);
}

#[test]
fn no_debug_output_has_the_private_key() {
    let builder = Simulator::builder().key("public", "hush-hush").service_account("client", "hush-hush");
    let shown = format!("{builder:?}");
    let shown = format!("{shown} {:?}", builder.start().unwrap());
    assert!(shown.contains("public") && shown.contains("client") && !shown.contains("hush-hush"), "{shown}");
}

#[test]
fn a_simulator_can_be_shared_by_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Simulator>();
}

#[test]
fn an_observer_sees_each_request_and_why_it_was_refused() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let simulator = Simulator::builder()
        .observe(move |request| {
            let RecordedRequest { number, status, error_code, rejection, .. } = request.clone();
            log.lock().unwrap().push((number, status, error_code, rejection));
        })
        .fault(When::nth(4), Fault::Close)
        .start()
        .unwrap();
    let mut client = RawClient::new(&simulator);
    client.send("/", "");
    client.send("/", "Authorization: Negotiate x\r\n");
    let bearer = format!("Authorization: Bearer {}\r\n", simulator.issue_access_token().unwrap());
    client.send("/api/atlas/v1.0/clusters", &bearer);
    client.send("/", "");
    let other = Rejection::OtherScheme("Negotiate".into());
    assert_eq!(
        *seen.lock().unwrap(),
        [
            (1, Some(401), None, None),
            (2, Some(401), None, Some(other)),
            (3, Some(404), Some("RESOURCE_NOT_FOUND".into()), None),
            (4, None, None, None),
        ]
    );
}

#[test]
fn generated_projects_have_names_organizations_and_buckets_of_their_own() {
    let other = "0000000000000000000000aa";
    let simulator = Simulator::builder()
        .projects(2, 3)
        .organization(other)
        .projects(1, 3)
        .project_name("32B6E34B3D91647ABB20E7B8", "the first")
        .start()
        .unwrap();
    let bearer = format!("Authorization: Bearer {}\r\n", simulator.issue_access_token().unwrap());
    let mut client = RawClient::new(&simulator);
    let mut get = |path: &str| {
        let (response, _) = client.send(&format!("/api/atlas/v1.0/{path}"), &bearer);
        let body: serde_json::Value =
            serde_json::from_str(response.split("\r\n\r\n").nth(1).unwrap()).unwrap();
        body["results"].as_array().unwrap().clone()
    };
    let projects = get("groups");
    let ids: Vec<&str> = projects.iter().map(|project| project["id"].as_str().unwrap()).collect();
    assert_eq!(ids, simulator.project_ids());
    let names: Vec<&str> = projects.iter().map(|project| project["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["the first", "project-0001", "project-0002"]);
    assert_eq!(get(&format!("orgs/{other}/groups")), projects[2..]);
    assert_eq!(get(&format!("orgs/{}/groups", simulator.organization_id())), projects[..2]);
    let mut buckets: Vec<String> = Vec::new();
    for id in ids {
        let list = get(&format!("groups/{id}/backup/exportBuckets"));
        buckets.extend(list.iter().map(|bucket| bucket["_id"].as_str().unwrap().to_owned()));
    }
    buckets.sort();
    buckets.dedup();
    assert_eq!(buckets.len(), 9);
    assert_eq!((simulator.stats().project_pages, simulator.stats().pages), (3, 3));
}

#[test]
fn a_version_can_be_gone() {
    let simulator = Simulator::builder().gone_version("2023-01-01").start().unwrap();
    let bearer = format!("Authorization: Bearer {}\r\n", simulator.issue_access_token().unwrap());
    let target = target(&simulator, "").replace("v1.0", "v2");
    let table = [
        ("2023-01-01", "410", "VERSION_GONE"),
        ("2024-01-01", "410", "VERSION_GONE"),
        ("2024-05-30", "200", ""),
        ("2022-01-01", "406", "INVALID_VERSION_DATE"),
    ];
    let mut client = RawClient::new(&simulator);
    for (date, expected, code) in table {
        let fields = format!("{bearer}Accept: application/vnd.atlas.{date}+json\r\n");
        assert_eq!(status(&client.send(&target, &fields).0), expected, "{date}");
        let recorded = simulator.requests().pop().unwrap();
        assert_eq!(recorded.error_code.unwrap_or_default(), code, "{date}");
    }
}

#[test]
fn no_duration_is_too_long() {
    let forever = Duration::MAX;
    let simulator = Simulator::builder()
        .access_token_lifetime(forever)
        .nonce_lifetime(forever)
        .rate_limit(TokenBucket::new(1, forever))
        .fault(When::nth(3), Fault::Delay(forever))
        .fault(When::nth(3), Fault::Delay(forever))
        .start()
        .unwrap();
    let bearer = format!("Authorization: Bearer {}\r\n", simulator.issue_access_token().unwrap());
    let target = target(&simulator, "");
    let mut client = RawClient::new(&simulator);
    assert_eq!(status(&client.send(&target, &bearer).0), "200");
    let (limited, _) = client.send(&target, &bearer);
    assert!(status(&limited) == "429" && limited.contains("retry-after: 18446744073709551615"), "{limited}");
    client.stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    assert_eq!(client.send(&target, &bearer).1, End::TimedOut);
}
