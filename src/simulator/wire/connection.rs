//! One connection: reads requests and sends responses.
//!
//! ureq-proto implements HTTP without I/O, so this file decides on each byte. A server crate that owns the
//! socket could neither reset a connection nor truncate or drip a body.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use ureq_proto::server::state::{ProvideResponse, RecvBody};
use ureq_proto::server::{RecvRequestResult, Reply};

use super::connections::Connections;
use super::message::{self, Afterwards};
use crate::simulator::request::ReceivedRequest;
use crate::simulator::service::Service;

/// The longest head of a request, and the longest body, in bytes.
const MAX_HEAD: usize = 64 * 1024;
const MAX_BODY: usize = 64 * 1024;

/// Serves one connection until either side closes it.
pub(crate) fn serve(
    number: u64,
    stream: &TcpStream,
    service: &Service,
    connections: &Connections,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut socket = Socket { number, stream, chunk: vec![0; 8 * 1024], held: 0 };
    loop {
        let (request, reply) = match socket.receive() {
            Ok(Some(received)) => received,
            Ok(None) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => return socket.refuse(&error),
            Err(error) => return Err(error),
        };
        let planned = service.answer(&request);
        if !planned.delay.is_zero() && !connections.pause(planned.delay) {
            return Ok(());
        }
        if !planned.delivery.resets() {
            socket.release()?;
        }
        let afterwards = message::send(&planned.response, &planned.delivery, reply, stream, connections)?;
        if afterwards != Afterwards::Keep {
            return Ok(());
        }
    }
}

/// The reading side. It peeks before it reads, and leaves the last byte of a request in the kernel until the
/// response is known: if the connection is closed then, that byte makes it a reset.
struct Socket<'a> {
    number: u64,
    stream: &'a TcpStream,
    chunk: Vec<u8>,
    held: usize,
}

impl Socket<'_> {
    /// The next request, or `None` if there is none. `InvalidData` is the client's fault.
    fn receive(&mut self) -> io::Result<Option<(ReceivedRequest, Reply<ProvideResponse>)>> {
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
        // As it was sent: Digest's `uri` must equal it byte for byte.
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
        let (parts, ()) = request.into_parts();
        let (method, headers) = (parts.method, parts.headers);
        Ok(Some((ReceivedRequest { connection: self.number, method, target, headers, body }, reply)))
    }

    /// Reads the body, up to its last byte, which stays in the kernel.
    fn receive_body(&mut self, mut reply: Reply<RecvBody>) -> io::Result<(Reply<ProvideResponse>, Vec<u8>)> {
        let mut body = Vec::new();
        let mut decoded = vec![0; self.chunk.len()];
        // What was read but is too little to decode.
        let mut carried = Vec::new();
        while !reply.is_ended() {
            self.release()?;
            let seen = self.stream.peek(&mut self.chunk)?;
            if seen == 0 {
                return Err(invalid("the body is incomplete"));
            }
            let before = carried.len();
            carried.extend_from_slice(self.chunk.get(..seen).unwrap_or_default());
            let mut position = 0;
            while !reply.is_ended() {
                let rest = carried.get(position..).unwrap_or_default();
                let (used, length) = reply.read(rest, &mut decoded).map_err(invalid)?;
                if (used, length) == (0, 0) {
                    break;
                }
                position += used;
                body.extend_from_slice(decoded.get(..length).unwrap_or_default());
            }
            if reply.is_ended() {
                self.take(position.saturating_sub(before + 1))?;
                self.held = 1;
            } else {
                self.take(seen)?;
                carried.drain(..position);
            }
            if body.len() > MAX_BODY || carried.len() > MAX_BODY {
                return Err(invalid("the body is too long"));
            }
        }
        Ok((reply.proceed().map_err(invalid)?, body))
    }

    /// Reads bytes that were peeked at before.
    fn take(&mut self, count: usize) -> io::Result<()> {
        self.stream.read_exact(self.chunk.get_mut(..count).unwrap_or_default())
    }

    /// Reads the byte that was held back.
    fn release(&mut self) -> io::Result<()> {
        let held = std::mem::take(&mut self.held);
        self.take(held)
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
