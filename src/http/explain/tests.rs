//! Without a server: each error as `ureq` has it.

use std::io::Error as IoError;

use super::*;
use crate::request::{Resource, tests::endpoint};

fn no_response(error: ureq::Error, timeout: u64) -> Error {
    let request = endpoint("https://h").page(&Resource::Projects, 1, true);
    let deadline = Deadline::new(Duration::from_secs(timeout));
    explain(&error, NetworkErrorKind::Broken, &request, deadline)
}

#[test]
fn the_end_of_the_deadline_is_no_timeout_of_the_agent() {
    let explained = |timeout, reason| no_response(ureq::Error::Timeout(reason), timeout);
    assert!(matches!(explained(60, ureq::Timeout::Global), Error::Deadline { .. }));
    assert!(matches!(explained(0, ureq::Timeout::Connect), Error::Deadline { .. }));
    for (reason, expected) in [
        (ureq::Timeout::Connect, NetworkErrorKind::NotConnected),
        (ureq::Timeout::RecvBody, NetworkErrorKind::Broken),
    ] {
        let Error::Network { source, .. } = explained(60, reason) else { panic!("{reason}") };
        assert_eq!(source.kind, expected, "{reason}");
    }
}

#[test]
fn what_breaks_below_http_is_told_by_where_and_whether_it_may_pass() {
    use NetworkErrorKind::{
        Broken, ConnectionRefused, HostNotFound, NotConnected, Other, Proxy, Tls, Unreachable,
    };
    use ureq::Error as UreqError;
    let io = |kind| UreqError::Io(IoError::new(kind, "x"));
    let cases = [
        (UreqError::HostNotFound, HostNotFound, true, "the host name is not known"),
        (UreqError::ConnectionFailed, NotConnected, true, "no address answers"),
        (UreqError::ConnectProxyFailed("x".into()), Proxy, false, "x"),
        (UreqError::Tls("x"), Tls, false, "x"),
        (UreqError::TlsRequired, Tls, false, "TLS required, but transport is unsecured"),
        (UreqError::BadUri("x".into()), Other, false, "bad uri: x"),
        (io(ErrorKind::InvalidData), Tls, false, "x"),
        (io(ErrorKind::UnexpectedEof), Broken, true, "x"),
        (io(ErrorKind::ConnectionReset), Broken, true, "x"),
        (io(ErrorKind::ConnectionRefused), ConnectionRefused, true, "x"),
        (io(ErrorKind::NetworkUnreachable), Unreachable, true, "x"),
        (io(ErrorKind::HostUnreachable), Unreachable, true, "x"),
        (io(ErrorKind::NetworkDown), Unreachable, true, "x"),
        (io(ErrorKind::AddrNotAvailable), NotConnected, true, "x"),
        (
            UreqError::Io(IoError::other("failed to lookup address information: x")),
            HostNotFound,
            true,
            "failed to lookup address information: x",
        ),
        // As a user's connector may wrap it.
        (UreqError::Io(IoError::other(io(ErrorKind::ConnectionReset))), Broken, true, "x"),
    ];
    for (error, kind, is_transient, message) in cases {
        let text = format!("{error:?}");
        match no_response(error, 60) {
            Error::Network { source, .. } => {
                assert_eq!(
                    (source.kind, source.is_transient(), source.message.as_str()),
                    (kind, is_transient, message),
                    "{text}"
                );
            }
            other => panic!("{text}: {other:?}"),
        }
    }
    let too_large = no_response(UreqError::LargeResponseHeader(1, 2), 60);
    assert!(matches!(too_large, Error::Refused { reason: Refusal::HeaderTooLarge, .. }));
}

#[cfg(feature = "rustls")]
#[test]
fn all_names_of_a_certificate_for_another_host_are_told() {
    let presented = ["DnsName(\"a.example\")", "IpAddress(192.0.2.1)", "DirectoryName"].map(str::to_owned);
    let fault = rustls::CertificateError::NotValidForNameContext {
        expected: "cloud.example".try_into().unwrap(),
        presented: presented.into(),
    };
    let error = no_response(rustls::Error::InvalidCertificate(fault).into(), 60);
    assert!(error.to_string().contains("(it is for a.example, 192.0.2.1, DirectoryName)"), "{error}");
}
