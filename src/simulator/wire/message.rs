//! Sends a response: whole, or cut, dripped and endless as the faults want it.

use std::io::{self, Write};
use std::net::TcpStream;
use std::time::Duration;

use ureq_proto::http::{self, HeaderValue, header};
use ureq_proto::server::state::ProvideResponse;
use ureq_proto::server::{Reply, SendResponseResult};

use super::connections::Connections;
use crate::simulator::faults::Delivery;
use crate::simulator::response::Response;

/// What becomes of the connection after a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Afterwards {
    Keep,
    Close,
    /// Close it with bytes of the request unread, which makes the operating system send a RST. (`std` has no
    /// stable `SO_LINGER`.)
    Reset,
}

/// Sends `response` as `delivery` says.
pub(super) fn send(
    response: &Response,
    delivery: &Delivery,
    reply: Reply<ProvideResponse>,
    mut stream: &TcpStream,
    connections: &Connections,
) -> io::Result<Afterwards> {
    match delivery {
        Delivery::Reset => return Ok(Afterwards::Reset),
        Delivery::Close => return Ok(Afterwards::Close),
        Delivery::Raw(bytes) => {
            stream.write_all(bytes)?;
            return Ok(Afterwards::Close);
        }
        _ => {}
    }
    let message = Message::encode(reply, response, delivery.is_chunked()).map_err(io::Error::other)?;
    match delivery {
        Delivery::Drip { bytes, every, head } => {
            let (at_once, rest) = message.split(if *head { 0 } else { message.head });
            stream.write_all(at_once)?;
            let dripped = drip(rest, *bytes, *every, stream, connections)?;
            return Ok(if dripped { message.afterwards } else { Afterwards::Close });
        }
        Delivery::CutHead => stream.write_all(message.split(message.head / 2).0)?,
        Delivery::CutBody { .. } | Delivery::CutChunks => {
            stream.write_all(message.split(message.middle()).0)?;
        }
        Delivery::Endless => {
            stream.write_all(message.split(message.head).0)?;
            send_spaces_without_end(stream)?;
        }
        _ => stream.write_all(&message.bytes)?,
    }
    Ok(match delivery {
        Delivery::Whole => message.afterwards,
        _ if delivery.resets() => Afterwards::Reset,
        _ => Afterwards::Close,
    })
}

/// Sends `bytes` in drops; `false` if the simulator stopped before the last.
fn drip(
    bytes: &[u8],
    size: usize,
    every: Duration,
    mut stream: &TcpStream,
    connections: &Connections,
) -> io::Result<bool> {
    for drop in bytes.chunks(size.max(1)) {
        if !connections.pause(every) {
            return Ok(false);
        }
        stream.write_all(drop)?;
    }
    Ok(true)
}

/// Sends chunks of white space until the client closes the connection, or the simulator does.
fn send_spaces_without_end(mut stream: &TcpStream) -> io::Result<()> {
    let chunk = [b"4000\r\n".as_slice(), &[b' '; 0x4000], b"\r\n"].concat();
    loop {
        stream.write_all(&chunk)?;
    }
}

/// A response as bytes.
struct Message {
    bytes: Vec<u8>,
    head: usize,
    afterwards: Afterwards,
}

impl Message {
    fn encode(
        reply: Reply<ProvideResponse>,
        response: &Response,
        chunked: bool,
    ) -> Result<Message, ureq_proto::Error> {
        let head = head(response, chunked);
        let fields = head.headers().iter();
        let head_room: usize = fields.map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
        // Each chunk adds its length in hexadecimal and two line ends.
        let mut bytes = vec![0; head_room + response.body.len() + response.body.len() / 64 + 512];
        let mut sending = reply.provide(head)?;
        let head = sending.write(&mut bytes)?;
        if !sending.is_finished() {
            return Err(ureq_proto::Error::OutputOverflow);
        }
        let mut written = head;
        let end = match sending.proceed() {
            SendResponseResult::Cleanup(end) => end,
            SendResponseResult::SendBody(mut sending) => {
                let mut rest = response.body.as_slice();
                while !sending.is_finished() {
                    let room = bytes.get_mut(written..).unwrap_or_default();
                    let (used, more) = sending.write(rest, room)?;
                    if more == 0 && !sending.is_finished() {
                        return Err(ureq_proto::Error::OutputOverflow);
                    }
                    written += more;
                    rest = rest.get(used..).unwrap_or_default();
                }
                sending.proceed()
            }
        };
        bytes.truncate(written);
        Ok(Message {
            bytes,
            head,
            afterwards: if end.must_close_connection() { Afterwards::Close } else { Afterwards::Keep },
        })
    }

    fn split(&self, at: usize) -> (&[u8], &[u8]) {
        self.bytes.split_at_checked(at).unwrap_or((&self.bytes, &[]))
    }

    fn middle(&self) -> usize {
        self.head + (self.bytes.len() - self.head) / 2
    }
}

/// The head of the response, with the length of its body or `Transfer-Encoding`.
fn head(response: &Response, chunked: bool) -> http::Response<()> {
    let mut head = http::Response::new(());
    *head.status_mut() = response.status;
    *head.headers_mut() = response.headers.clone();
    let headers = head.headers_mut();
    let bodiless = response.status.is_informational() || matches!(response.status.as_u16(), 204 | 304);
    let framed =
        headers.contains_key(header::CONTENT_LENGTH) || headers.contains_key(header::TRANSFER_ENCODING);
    if chunked {
        headers.remove(header::CONTENT_LENGTH);
        headers.insert(header::TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
    } else if !bodiless && !framed {
        headers.insert(header::CONTENT_LENGTH, response.body.len().into());
    }
    head
}
