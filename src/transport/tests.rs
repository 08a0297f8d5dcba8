//! What of the transport can be tested without a server.

use std::io::{self, Read};

use ureq::http::HeaderMap;
use ureq::http::header::HeaderValue;

use super::exchange::{explain, read_body};
use super::*;

fn now() -> Deadline {
    Deadline { start: Instant::now(), timeout: Duration::from_secs(60) }
}

#[test]
fn the_end_of_the_deadline_is_no_timeout_of_the_agent() {
    let fault = |timeout_s, reason| {
        let start = Instant::now() - Duration::from_secs(10);
        let deadline = Deadline { start, timeout: Duration::from_secs(timeout_s) };
        explain(ureq::Error::Timeout(reason).into_io(), &deadline)
    };
    assert!(matches!(fault(10, ureq::Timeout::Global), Fault::Late));
    assert!(matches!(fault(10, ureq::Timeout::Connect), Fault::Late));
    assert!(matches!(fault(60, ureq::Timeout::Connect), Fault::Network(_)));
}

#[test]
fn what_breaks_below_http_is_told_by_where_and_whether_it_may_pass() {
    use NetworkPhase::{Connect, Exchange, Tls};
    use std::io::{Error as IoError, ErrorKind};
    use ureq::Error as UreqError;
    let io = |kind| UreqError::Io(IoError::new(kind, "x"));
    let cases = [
        (UreqError::HostNotFound.into_io(), Connect, true, "the host name is not known"),
        (UreqError::ConnectionFailed.into_io(), Connect, true, "no address answers"),
        (UreqError::ConnectProxyFailed("x".into()).into_io(), Connect, false, "the proxy: x"),
        (UreqError::Tls("x").into_io(), Tls, false, "x"),
        (UreqError::TlsRequired.into_io(), Tls, false, "TLS required, but transport is unsecured"),
        (UreqError::BadUri("x".into()).into_io(), Exchange, false, "bad uri: x"),
        (io(ErrorKind::InvalidData).into_io(), Tls, false, "x"),
        (io(ErrorKind::UnexpectedEof).into_io(), Exchange, true, "x"),
        (IoError::from(ErrorKind::UnexpectedEof), Tls, true, "unexpected end of file"),
        (io(ErrorKind::ConnectionRefused).into_io(), Connect, true, "x"),
        // As a connector of the user's may wrap it.
        (IoError::other(io(ErrorKind::ConnectionReset)), Exchange, true, "x"),
    ];
    for (error, phase, is_transient, message) in cases {
        let text = format!("{error:?}");
        match explain(error, &now()) {
            Fault::Network(network) => assert_eq!(
                (network.phase, network.is_transient, network.message.as_str()),
                (phase, is_transient, message),
                "{text}"
            ),
            other => panic!("{text}: {other:?}"),
        }
    }
    assert!(matches!(
        explain(UreqError::LargeResponseHeader(1, 2).into_io(), &now()),
        Fault::Refused(Refusal::HeadTooLarge)
    ));
}

#[test]
fn of_a_field_that_comes_twice_the_first_counts_and_what_is_not_ascii_is_absent() {
    let headers: HeaderMap = [
        (SUNSET.clone(), HeaderValue::from_static("first")),
        (SUNSET.clone(), HeaderValue::from_static("second")),
        (LOCATION.clone(), HeaderValue::from_bytes("/é".as_bytes()).unwrap()),
        (DEPRECATION.clone(), HeaderValue::from_bytes(b"\xE9").unwrap()),
    ]
    .into_iter()
    .collect();
    let answer = Answer { status: 200, headers, body: Vec::new() };
    assert_eq!(answer.field(&SUNSET), Some("first"));
    assert_eq!(answer.all(&SUNSET).collect::<Vec<_>>(), [b"first".as_slice(), b"second"]);
    assert_eq!([&LOCATION, &DEPRECATION, &RETRY_AFTER].map(|name| answer.field(name)), [None; 3]);
}

/// Is interrupted before each byte.
struct Interrupted {
    bytes: &'static [u8],
    now: bool,
}

impl Read for Interrupted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.now = !self.now;
        if self.now { Err(io::ErrorKind::Interrupted.into()) } else { self.bytes.read(&mut buffer[..1]) }
    }
}

#[test]
fn a_body_is_read_to_its_end_or_its_limit_whatever_interrupts() {
    let cases = [(0, "", false), (4, "body", true), (3, "bod", false), (u64::MAX, "body", true)];
    for (max, expected, is_whole) in cases {
        let body = ureq::Body::builder().reader(Interrupted { bytes: b"body", now: false });
        let read = read_body(body, max).unwrap();
        assert_eq!(read, (expected.into(), is_whole), "at most {max}");
    }
}
