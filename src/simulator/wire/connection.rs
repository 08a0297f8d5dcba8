//! One connection: reads requests and sends responses.
//!
//! ureq-proto parses requests without I/O, so this file decides on each byte. A server crate that owns the
//! socket could neither reset a connection nor truncate or drip a body.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use ureq_proto::http::{Request, Version, header};
use ureq_proto::server::state::RecvRequest;
use ureq_proto::server::{RecvRequestResult, Reply};

use super::connections::Connections;
use super::message::{encode_body, encode_head};
use crate::simulator::faults::Fault;
use crate::simulator::request::RecordedRequest;
use crate::simulator::response::Response;
use crate::simulator::service::answer;

/// The longest head of a request, and the longest body, in bytes.
const MAX_HEAD: usize = 64 * 1024;
const MAX_BODY: usize = 64 * 1024;

/// A connection, and what it shares with the others.
pub(super) struct Connection<'a> {
    number: u64,
    stream: &'a TcpStream,
    connections: &'a Connections,
    /// What was received and is not yet part of a request.
    received: Vec<u8>,
    /// Whether the last of these bytes was only peeked at. It stays in the kernel until more are needed or the response
    /// is known: closing with a byte unread is what resets a connection.
    has_last: bool,
}

impl<'a> Connection<'a> {
    pub(super) fn new(number: u64, stream: &'a TcpStream, connections: &'a Connections) -> Connection<'a> {
        Connection { number, stream, connections, received: Vec::new(), has_last: false }
    }

    /// Serves the connection until either side closes it.
    pub(super) fn serve(mut self) -> io::Result<()> {
        self.stream.set_nodelay(true)?;
        loop {
            let (head, request) = match self.receive() {
                Ok(Some(received)) => received,
                Ok(None) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::InvalidData => return self.refuse(&error),
                Err(error) => return Err(error),
            };
            let is_for_head = request.method == "HEAD";
            let (response, faults) = answer(&self.connections.service, request);
            let delay = faults.iter().fold(Duration::ZERO, |sum, fault| match fault {
                Fault::Delay(delay) => sum.saturating_add(*delay),
                _ => sum,
            });
            if !delay.is_zero() && !self.connections.pause(delay) {
                return Ok(());
            }
            let delivery = Fault::delivery(&faults);
            // `std` has no stable `SO_LINGER`, so an unread byte has to cause the reset.
            if !matches!(delivery, Some(Fault::Reset | Fault::ResetBody)) {
                self.take_last()?;
            }
            let stays_open = self.send(&response, is_for_head, delivery)?;
            let announces_close =
                response.get("connection").is_some_and(|value| value.eq_ignore_ascii_case(b"close"));
            if !stays_open || announces_close || is_last(&head) {
                return Ok(());
            }
        }
    }

    /// The next request, or `None` if there is none. `InvalidData` is the client's fault.
    fn receive(&mut self) -> io::Result<Option<(Request<()>, RecordedRequest)>> {
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
        let fields = head.headers().iter();
        let request = RecordedRequest {
            connection: self.number,
            method: head.method().to_string(),
            // As it was sent: Digest's `uri` must equal it byte for byte.
            target: bytes.split(|&byte| byte == b' ').nth(1).unwrap_or_default().to_vec(),
            headers: fields.map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect(),
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
        self.has_last = true;
        Ok(true)
    }

    /// Reads the byte that was left in the kernel.
    fn take_last(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.has_last) {
            self.stream.read_exact(&mut [0])?;
        }
        Ok(())
    }

    /// Answers what is not HTTP, and reads on for a moment: closing with bytes unread resets the connection, and the
    /// reset could overtake the response.
    fn refuse(&mut self, problem: &io::Error) -> io::Result<()> {
        log::debug!("not a request: {problem}");
        const ANSWER: &[u8] = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
        self.stream.write_all(ANSWER)?;
        self.stream.shutdown(Shutdown::Write)?;
        self.stream.set_read_timeout(Some(Duration::from_millis(200)))?;
        io::copy(&mut self.stream.take(512 * 1024), &mut io::sink())?;
        Ok(())
    }

    /// Sends a response in the way that `delivery` says. `false` if the connection is to be closed afterwards.
    fn send(&mut self, response: &Response, is_for_head: bool, delivery: Option<&Fault>) -> io::Result<bool> {
        let is_chunked = matches!(delivery, Some(Fault::CutChunks | Fault::EndlessBody));
        let head = encode_head(response, is_chunked);
        let body = if is_for_head { Vec::new() } else { encode_body(response, is_chunked) };
        let half = |bytes: &[u8]| bytes.get(..bytes.len() / 2).unwrap_or_default().to_vec();
        match delivery {
            Some(Fault::Reset | Fault::Close) => {}
            Some(Fault::Raw(bytes)) => self.stream.write_all(bytes)?,
            Some(Fault::CutHead) => self.stream.write_all(&half(&head))?,
            Some(Fault::CutBody | Fault::CutChunks | Fault::ResetBody) => {
                self.stream.write_all(&[head, half(&body)].concat())?;
            }
            Some(Fault::EndlessBody) => {
                self.stream.write_all(&head)?;
                let chunk = [b"4000\r\n".as_slice(), &[b' '; 0x4000], b"\r\n"].concat();
                // Until the client closes the connection, or the simulator does.
                loop {
                    self.stream.write_all(&chunk)?;
                }
            }
            Some(Fault::Drip { bytes, every }) => return self.drip(&[head, body].concat(), *bytes, *every),
            Some(Fault::DripBody { bytes, every }) => {
                self.stream.write_all(&head)?;
                return self.drip(&body, *bytes, *every);
            }
            _ => self.stream.write_all(&[head, body].concat())?,
        }
        Ok(delivery.is_none())
    }

    /// Sends `bytes` in drops; `false` if the simulator stopped before the last.
    fn drip(&mut self, bytes: &[u8], size: usize, every: Duration) -> io::Result<bool> {
        for drop in bytes.chunks(size.max(1)) {
            if !self.connections.pause(every) {
                return Ok(false);
            }
            self.stream.write_all(drop)?;
        }
        Ok(true)
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

fn invalid(problem: impl ToString) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, problem.to_string())
}
