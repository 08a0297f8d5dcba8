//! One connection: reads requests and sends responses.
//!
//! ureq-proto parses requests without I/O, so this file decides on each byte. A server crate that owns the
//! socket could neither reset a connection nor truncate or drip a body.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Mutex;
use std::time::Duration;

use ureq_proto::http::{Request, Version, header};
use ureq_proto::server::state::RecvRequest;
use ureq_proto::server::{RecvRequestResult, Reply};

use super::connections::Connections;
use super::message;
use crate::simulator::faults::Fault;
use crate::simulator::request::RecordedRequest;
use crate::simulator::service::{self, Service};

/// The longest head of a request, and the longest body, in bytes.
const MAX_HEAD: usize = 64 * 1024;
const MAX_BODY: usize = 64 * 1024;

/// Serves one connection until either side closes it.
pub(crate) fn serve(
    number: u64,
    stream: &TcpStream,
    service: &Mutex<Service>,
    connections: &Connections,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut socket = Socket { stream, received: Vec::new(), has_more: false };
    loop {
        let (head, request) = match socket.receive(number) {
            Ok(Some(received)) => received,
            Ok(None) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => return socket.refuse(&error),
            Err(error) => return Err(error),
        };
        let is_for_head = request.method == "HEAD";
        let (response, faults) = service::answer(service, request);
        let delay = faults.iter().fold(Duration::ZERO, |sum, fault| match fault {
            Fault::Delay(delay) => sum.saturating_add(*delay),
            _ => sum,
        });
        if !delay.is_zero() && !connections.pause(delay) {
            return Ok(());
        }
        let delivery = Fault::delivery(&faults);
        // A connection that is closed with bytes of the request unread is reset by the operating system. (`std` has
        // no stable `SO_LINGER`.)
        if !delivery.is_some_and(Fault::resets) {
            socket.take_last()?;
        }
        let stays_open = message::send(&response, is_for_head, delivery, stream, connections)?;
        if !stays_open || is_last(&head) || response.get("connection") == Some(b"close") {
            return Ok(());
        }
    }
}

/// Whether the client wants the connection closed after this request.
fn is_last(request: &Request<()>) -> bool {
    let values = request.headers().get_all(header::CONNECTION).iter();
    let options = values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    let options: Vec<String> = options.map(|option| option.trim().to_ascii_lowercase()).collect();
    let has = |option: &str| options.iter().any(|known| known == option);
    has("close") || (request.version() == Version::HTTP_10 && !has("keep-alive"))
}

/// The reading side. It peeks before it reads, and leaves the last byte that it has seen in the kernel until it needs
/// more, or the response is known.
struct Socket<'a> {
    stream: &'a TcpStream,
    received: Vec<u8>,
    /// Whether the last byte of `received` is still in the kernel.
    has_more: bool,
}

impl Socket<'_> {
    /// The next request, or `None` if there is none. `InvalidData` is the client's fault.
    fn receive(&mut self, connection: u64) -> io::Result<Option<(Request<()>, RecordedRequest)>> {
        let mut reply = Reply::new().map_err(io::Error::other)?;
        let (used, head) = loop {
            if let (used, Some(head)) = reply.try_request(&self.received).map_err(invalid)? {
                break (used, head);
            }
            if self.received.len() > MAX_HEAD {
                return Err(invalid("the head is too long"));
            }
            if !self.fill()? {
                return Ok(None);
            }
        };
        let bytes: Vec<u8> = self.received.drain(..used).collect();
        let request = RecordedRequest {
            connection,
            method: head.method().to_string(),
            // As it was sent: Digest's `uri` must equal it byte for byte.
            target: bytes.split(|&byte| byte == b' ').nth(1).unwrap_or_default().to_vec(),
            headers: head
                .headers()
                .iter()
                .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()))
                .collect(),
            body: self.receive_body(reply)?,
            ..RecordedRequest::default()
        };
        Ok(Some((head, request)))
    }

    fn receive_body(&mut self, reply: Reply<RecvRequest>) -> io::Result<Vec<u8>> {
        let mut reply = match reply.proceed() {
            Some(RecvRequestResult::RecvBody(reply)) => reply,
            Some(RecvRequestResult::Send100(reply)) => {
                let mut go_on = [0; 64];
                let (length, reply) = reply.accept(&mut go_on).map_err(io::Error::other)?;
                self.stream.write_all(go_on.get(..length).unwrap_or_default())?;
                reply
            }
            Some(RecvRequestResult::ProvideResponse(_)) => return Ok(Vec::new()),
            None => return Err(invalid("the request is incomplete")),
        };
        let mut body = Vec::new();
        let mut decoded = [0; 8 * 1024];
        while !reply.is_ended() {
            let (used, length) = reply.read(&self.received, &mut decoded).map_err(invalid)?;
            self.received.drain(..used);
            body.extend_from_slice(decoded.get(..length).unwrap_or_default());
            if body.len() > MAX_BODY || self.received.len() > MAX_BODY {
                return Err(invalid("the body is too long"));
            }
            if (used, length) == (0, 0) && !self.fill()? {
                return Err(invalid("the body is incomplete"));
            }
        }
        Ok(body)
    }

    /// Receives more. `false` if there is no more.
    fn fill(&mut self) -> io::Result<bool> {
        self.take_last()?;
        let mut chunk = [0; 8 * 1024];
        let seen = self.stream.peek(&mut chunk)?;
        let seen = chunk.get_mut(..seen).unwrap_or_default();
        self.received.extend_from_slice(seen);
        let Some((_last, before)) = seen.split_last_mut() else {
            return Ok(false);
        };
        self.stream.read_exact(before)?;
        self.has_more = true;
        Ok(true)
    }

    /// Reads the byte that was left in the kernel.
    fn take_last(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.has_more) {
            self.stream.read_exact(&mut [0])?;
        }
        Ok(())
    }

    /// Answers what is not HTTP, and reads on for a moment: if the connection were closed with bytes unread, the
    /// reset could overtake the response.
    fn refuse(&mut self, problem: &io::Error) -> io::Result<()> {
        log::debug!("not a request: {problem}");
        const ANSWER: &[u8] = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
        self.stream.write_all(ANSWER)?;
        self.stream.shutdown(Shutdown::Write)?;
        self.stream.set_read_timeout(Some(Duration::from_millis(200)))?;
        for _ in 0..64 {
            if self.stream.read(&mut [0; 8 * 1024])? == 0 {
                break;
            }
        }
        Ok(())
    }
}

fn invalid(problem: impl ToString) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, problem.to_string())
}
