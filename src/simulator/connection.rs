//! One connection: requests off the socket, answers onto it.
//!
//! The protocol is ureq-proto's, which is sans I/O, so this file decides on each byte: a server crate
//! that owns the socket, such as tiny_http, can neither reset a connection nor truncate or drip a body,
//! and refuses header values that are not ASCII.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use ureq_proto::http::Request;
use ureq_proto::server::state::{ProvideResponse, RecvBody};
use ureq_proto::server::{RecvRequestResult, Reply};

use super::connections::Connections;
use super::delivery::Afterwards;
use super::service::{Asked, Service};

/// The longest head of a request, and the longest body, in bytes.
const MAX_HEAD: usize = 64 * 1024;
const MAX_BODY: usize = 64 * 1024;

/// Serves one connection until either side closes it.
pub(super) fn serve(
    number: u64,
    stream: &TcpStream,
    service: &Service,
    connections: &Connections,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut socket = Socket { stream, chunk: vec![0; 8 * 1024], held: 0 };
    loop {
        let received = match socket.receive() {
            Ok(Some(received)) => received,
            Ok(None) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => return socket.refuse(&error),
            Err(error) => return Err(error),
        };
        let decided = service.answer(&received.asked(number));
        if !decided.delay.is_zero() && !connections.pause(decided.delay) {
            return Ok(());
        }
        if !decided.delivery.resets() {
            socket.release()?;
        }
        let afterwards = decided.delivery.send(received.reply, &decided.answer, stream, connections)?;
        match afterwards {
            Afterwards::Keep if received.body.is_empty() => {}
            Afterwards::Keep | Afterwards::Close | Afterwards::Reset => return Ok(()),
        }
    }
}

/// A request that has come in.
struct Received {
    request: Request<()>,
    target: Vec<u8>,
    body: Vec<u8>,
    reply: Reply<ProvideResponse>,
}

impl Received {
    fn asked(&self, connection: u64) -> Asked<'_> {
        Asked {
            connection,
            method: self.request.method().as_str(),
            target: &self.target,
            headers: self.request.headers(),
            body: &self.body,
        }
    }
}

/// The reading side. It looks at bytes before it takes them, and leaves the last byte of a head in the
/// kernel until the answer is known: if the connection is then closed, that byte makes it a reset.
struct Socket<'a> {
    stream: &'a TcpStream,
    chunk: Vec<u8>,
    held: usize,
}

impl Socket<'_> {
    /// The next request, or `None` if there is none. `InvalidData` is the client's fault.
    fn receive(&mut self) -> io::Result<Option<Received>> {
        let mut reply = Reply::new().map_err(io::Error::other)?;
        let mut head = Vec::new();
        let request = loop {
            let seen = self.stream.peek(&mut self.chunk)?;
            if seen == 0 {
                return Ok(None);
            }
            let before = head.len();
            head.extend_from_slice(self.chunk.get(..seen).unwrap_or_default());
            let (used, request) = reply.try_request(&head).map_err(invalid)?;
            if let Some(request) = request {
                self.take(used.saturating_sub(before + 1))?;
                self.held = 1;
                break request;
            }
            self.take(seen)?;
            if head.len() > MAX_HEAD {
                return Err(invalid("the head is too long"));
            }
        };
        // The request-target as it was sent: what `uri` must equal is not a parsed URI written anew.
        let target = head.split(|&byte| byte == b' ').nth(1).unwrap_or_default().to_vec();
        let (reply, body) = match reply.proceed() {
            Some(RecvRequestResult::ProvideResponse(reply)) => (reply, Vec::new()),
            Some(RecvRequestResult::RecvBody(reply)) => self.receive_body(reply)?,
            Some(RecvRequestResult::Send100(reply)) => {
                let mut go_on = [0; 64];
                let (length, reply) = reply.accept(&mut go_on).map_err(io::Error::other)?;
                self.stream.write_all(go_on.get(..length).unwrap_or_default())?;
                self.receive_body(reply)?
            }
            None => return Err(invalid("the request is incomplete")),
        };
        Ok(Some(Received { request, target, body, reply }))
    }

    fn receive_body(&mut self, mut reply: Reply<RecvBody>) -> io::Result<(Reply<ProvideResponse>, Vec<u8>)> {
        self.release()?;
        let mut unread = Vec::new();
        let mut body = Vec::new();
        let mut decoded = vec![0; self.chunk.len()];
        while !reply.is_ended() {
            let (used, length) = reply.read(&unread, &mut decoded).map_err(invalid)?;
            unread.drain(..used.min(unread.len()));
            body.extend_from_slice(decoded.get(..length).unwrap_or_default());
            if body.len() > MAX_BODY || unread.len() > MAX_BODY {
                return Err(invalid("the body is too long"));
            }
            if (used, length) == (0, 0) && !reply.is_ended() {
                let read = self.stream.read(&mut self.chunk)?;
                if read == 0 {
                    return Err(invalid("the body is incomplete"));
                }
                unread.extend_from_slice(self.chunk.get(..read).unwrap_or_default());
            }
        }
        Ok((reply.proceed().map_err(invalid)?, body))
    }

    /// Takes bytes off the kernel that were looked at before.
    fn take(&mut self, count: usize) -> io::Result<()> {
        self.stream.read_exact(self.chunk.get_mut(..count).unwrap_or_default())
    }

    /// Takes the byte that was held back.
    fn release(&mut self) -> io::Result<()> {
        let held = std::mem::take(&mut self.held);
        self.take(held)
    }

    /// Answers what is not HTTP. The rest of it is read for a moment: if the connection were closed with
    /// bytes unread, the reset could overtake the answer.
    fn refuse(&mut self, problem: &io::Error) -> io::Result<()> {
        log::debug!("not a request: {problem}");
        const ANSWER: &[u8] = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
        self.stream.write_all(ANSWER)?;
        self.stream.shutdown(Shutdown::Write)?;
        self.stream.set_read_timeout(Some(Duration::from_millis(200)))?;
        for _ in 0..64 {
            if self.stream.read(&mut self.chunk)? == 0 {
                break;
            }
        }
        Ok(())
    }
}

fn invalid(problem: impl ToString) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, problem.to_string())
}
