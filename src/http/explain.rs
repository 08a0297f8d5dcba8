//! What an error of `ureq` means to the user.

use std::io::{self, ErrorKind};
use std::time::Duration;

use super::deadline::Deadline;
use crate::error::{Error, NetworkError, NetworkErrorKind, Refusal};
use crate::request::ApiRequest;

/// Explains why no response arrived, or only a part of one. `broken` is the kind of error if the connection broke.
pub(super) fn explain(
    error: &ureq::Error,
    broken: NetworkErrorKind,
    request: &ApiRequest,
    deadline: Deadline,
) -> Error {
    use NetworkErrorKind::{HostNotFound, NotConnected, Other, Proxy, Tls};
    let source = match error {
        ureq::Error::Io(error) => explain_io(error, broken),
        ureq::Error::Timeout(timeout) if is_end_of(deadline, *timeout) => {
            return Error::deadline(request, deadline.timeout);
        }
        ureq::Error::Timeout(timeout @ (ureq::Timeout::Connect | ureq::Timeout::Resolve)) => {
            NetworkError::new(NotConnected, format!("no connection in time: {timeout}"))
        }
        // An agent that the caller passed may have timeouts of its own.
        ureq::Error::Timeout(timeout) => {
            NetworkError::new(broken, format!("the agent's own timeout \"{timeout}\" passed"))
        }
        ureq::Error::HostNotFound => NetworkError::new(HostNotFound, "the host name is not known"),
        ureq::Error::ConnectionFailed => NetworkError::new(NotConnected, "no address answers"),
        ureq::Error::ConnectProxyFailed(problem) => NetworkError::new(Proxy, problem),
        ureq::Error::LargeResponseHeader(..) => return Error::refused(request, Refusal::HeaderTooLarge),
        // The type of this error is not public in `ureq`.
        ureq::Error::Protocol(error) if error.to_string().ends_with("too many headers") => {
            return Error::refused(request, Refusal::HeaderTooLarge);
        }
        ureq::Error::Protocol(error) => return Error::malformed(request, format!("not HTTP: {error}")),
        #[cfg(feature = "rustls")]
        ureq::Error::Rustls(error) => explain_tls(error),
        ureq::Error::Tls(problem) => NetworkError::new(Tls, *problem),
        ureq::Error::TlsRequired => NetworkError::new(Tls, error.to_string()),
        // From the user's own connector or resolver.
        ureq::Error::Other(error) => NetworkError::new(Other, error.to_string()),
        _ => NetworkError::new(Other, error.to_string()),
    };
    Error::network(request, source)
}

/// Whether a timeout is that of the page, not one of the agent's own.
fn is_end_of(deadline: Deadline, timeout: ureq::Timeout) -> bool {
    /// `ureq` divides the time among the addresses of a host, rounds down, and reports the end of the last share as a connect
    /// timeout.
    const ROUNDING: Duration = Duration::from_millis(20);
    timeout == ureq::Timeout::Global || deadline.time_left() < ROUNDING
}

fn explain_io(error: &io::Error, broken: NetworkErrorKind) -> NetworkError {
    #[cfg(feature = "rustls")]
    if let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return explain_tls(error);
    }
    // The user's own connector may wrap an error.
    if let Some(ureq::Error::Io(error)) = error.get_ref().and_then(|inner| inner.downcast_ref()) {
        return explain_io(error, broken);
    }
    // Only in the handshake has this error no message.
    if error.kind() == ErrorKind::UnexpectedEof && error.get_ref().is_none() {
        return NetworkError::new(broken, "the server closed the connection within the TLS handshake");
    }
    let message = error.to_string();
    let kind = match error.kind() {
        // This is how other TLS libraries report what they do not accept.
        ErrorKind::InvalidData => NetworkErrorKind::Tls,
        ErrorKind::ConnectionRefused => NetworkErrorKind::ConnectionRefused,
        ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable | ErrorKind::NetworkDown => {
            NetworkErrorKind::Unreachable
        }
        ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe
        | ErrorKind::UnexpectedEof => broken,
        // `std` has no kind for a failed look-up.
        _ if message.starts_with("failed to lookup address information") => NetworkErrorKind::HostNotFound,
        _ => NetworkErrorKind::NotConnected,
    };
    NetworkError::new(kind, message)
}

#[cfg(feature = "rustls")]
fn explain_tls(error: &rustls::Error) -> NetworkError {
    use crate::error::CertificateError as Problem;
    use rustls::CertificateError as Fault;
    let fault = match error {
        rustls::Error::InvalidCertificate(fault) => fault,
        rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType) => {
            return NetworkError::new(NetworkErrorKind::Tls, "the answer is not TLS");
        }
        _ => return NetworkError::new(NetworkErrorKind::Tls, error.to_string()),
    };
    let date = |time: &rustls::pki_types::UnixTime| {
        httpdate::fmt_http_date(std::time::UNIX_EPOCH + Duration::from_secs(time.as_secs()))
    };
    let (problem, message) = match fault {
        Fault::ExpiredContext { time, not_after } => (
            Problem::Expired,
            format!("it expired on {}; by this machine's clock it is {}", date(not_after), date(time)),
        ),
        Fault::Expired => (Problem::Expired, error.to_string()),
        Fault::NotValidYetContext { time, not_before } => (
            Problem::NotYetValid,
            format!("it is valid from {}; by this machine's clock it is {}", date(not_before), date(time)),
        ),
        Fault::NotValidYet => (Problem::NotYetValid, error.to_string()),
        Fault::UnknownIssuer => (Problem::UnknownIssuer, "nobody who is trusted has issued it".into()),
        Fault::NotValidForNameContext { presented, .. } => {
            // As `DnsName("host")` or `IpAddress(127.0.0.1)`.
            let plain =
                |name: &String| name.split(['(', ')']).nth(1).unwrap_or(name).trim_matches('"').to_owned();
            let names: Vec<String> = presented.iter().map(plain).collect();
            (Problem::WrongName, format!("it is for {}", names.join(", ")))
        }
        Fault::NotValidForName => (Problem::WrongName, error.to_string()),
        // The verifier has no variant of its own for this.
        Fault::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
            (Problem::Other, "it is the certificate of a CA; a server's must be made with CA:FALSE".into())
        }
        _ => (Problem::Other, error.to_string()),
    };
    NetworkError::new(NetworkErrorKind::Certificate(problem), message)
}

#[cfg(test)]
mod tests;
