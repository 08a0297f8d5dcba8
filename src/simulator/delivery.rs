//! How an answer goes out: whole, or cut, dripped and endless as the faults want it.

use std::io::{self, Write};
use std::net::TcpStream;
use std::time::Duration;

use ureq_proto::http::{HeaderName, HeaderValue, Response, StatusCode, header};
use ureq_proto::server::state::ProvideResponse;
use ureq_proto::server::{Reply, SendResponseResult};

use super::answer::Answer;
use super::connections::Connections;

/// The way an answer goes out.
#[derive(Clone, Debug, Default)]
pub(super) enum Delivery {
    #[default]
    Whole,
    CloseAfter,
    Drip {
        bytes: usize,
        every: Duration,
        head: bool,
    },
    Reset,
    Close,
    CutHead,
    CutBody {
        reset: bool,
    },
    CutChunks,
    Endless,
    Raw(Vec<u8>),
}

/// What becomes of the connection after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Afterwards {
    Keep,
    Close,
    /// Close it with bytes of the request unread, which makes the operating system send a RST: `std` has
    /// no stable `SO_LINGER`.
    Reset,
}

impl Delivery {
    /// Whether the client gets all of the answer, if it waits.
    pub(super) fn is_whole(&self) -> bool {
        matches!(self, Delivery::Whole | Delivery::CloseAfter | Delivery::Drip { .. })
    }

    /// Whether the client gets the status of the answer.
    pub(super) fn tells_status(&self) -> bool {
        !matches!(self, Delivery::Reset | Delivery::Close | Delivery::CutHead | Delivery::Raw(_))
    }

    /// Whether the rest of the request must stay unread.
    pub(super) fn resets(&self) -> bool {
        matches!(self, Delivery::Reset | Delivery::CutBody { reset: true })
    }

    /// Sends `answer` in this way.
    pub(super) fn send(
        &self,
        reply: Reply<ProvideResponse>,
        answer: &Answer,
        mut stream: &TcpStream,
        connections: &Connections,
    ) -> io::Result<Afterwards> {
        let chunked = matches!(self, Delivery::CutChunks | Delivery::Endless);
        let encode = || Message::encode(reply, answer, chunked).map_err(io::Error::other);
        match self {
            Delivery::Whole => {
                let message = encode()?;
                stream.write_all(&message.bytes)?;
                return Ok(message.afterwards);
            }
            Delivery::Drip { bytes, every, head } => {
                let message = encode()?;
                let (at_once, rest) = message.split(if *head { 0 } else { message.head });
                stream.write_all(at_once)?;
                let dripped = drip(rest, *bytes, *every, stream, connections)?;
                return Ok(if dripped { message.afterwards } else { Afterwards::Close });
            }
            Delivery::Reset => return Ok(Afterwards::Reset),
            Delivery::Close => {}
            Delivery::Raw(bytes) => stream.write_all(bytes)?,
            Delivery::CloseAfter => stream.write_all(&encode()?.bytes)?,
            Delivery::CutHead => {
                let message = encode()?;
                stream.write_all(message.split(message.head / 2).0)?;
            }
            Delivery::CutBody { .. } | Delivery::CutChunks => {
                let message = encode()?;
                stream.write_all(message.split(message.middle()).0)?;
            }
            Delivery::Endless => {
                let message = encode()?;
                stream.write_all(message.split(message.head).0)?;
                spaces_without_end(stream)?;
            }
        }
        Ok(if self.resets() { Afterwards::Reset } else { Afterwards::Close })
    }
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
fn spaces_without_end(mut stream: &TcpStream) -> io::Result<()> {
    let chunk = [b"4000\r\n".as_slice(), &[b' '; 0x4000], b"\r\n"].concat();
    loop {
        stream.write_all(&chunk)?;
    }
}

/// An answer as bytes.
struct Message {
    bytes: Vec<u8>,
    head: usize,
    afterwards: Afterwards,
}

impl Message {
    fn encode(
        reply: Reply<ProvideResponse>,
        answer: &Answer,
        chunked: bool,
    ) -> Result<Message, ureq_proto::Error> {
        let response = response(answer, chunked);
        let fields = response.headers().iter();
        let head_room: usize = fields.map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
        // A chunk costs its length in hexadecimal and two line ends.
        let mut bytes = vec![0; head_room + answer.body.len() + answer.body.len() / 64 + 512];
        let mut sending = reply.provide(response)?;
        let head = sending.write(&mut bytes)?;
        if !sending.is_finished() {
            return Err(ureq_proto::Error::OutputOverflow);
        }
        let mut written = head;
        let end = match sending.proceed() {
            SendResponseResult::Cleanup(end) => end,
            SendResponseResult::SendBody(mut sending) => {
                let mut rest = answer.body.as_slice();
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

/// The head of the answer. What HTTP does not allow in a header field is left out, and said.
fn response(answer: &Answer, chunked: bool) -> Response<()> {
    let mut response = Response::new(());
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    *response.status_mut() = status;
    for (name, value) in &answer.headers {
        let field = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value));
        let added = match field {
            (Ok(name), Ok(value)) => response.headers_mut().try_append(name, value).is_ok(),
            _ => false,
        };
        if !added {
            log::warn!("the header field {name:?} cannot be sent, it is left out");
        }
    }
    let bodiless = status.is_informational() || matches!(status.as_u16(), 204 | 304);
    if chunked {
        response.headers_mut().remove(header::CONTENT_LENGTH);
        let value = HeaderValue::from_static("chunked");
        response.headers_mut().insert(header::TRANSFER_ENCODING, value);
    } else if !bodiless && !answer.has_header("Content-Length") && !answer.has_header("Transfer-Encoding") {
        response.headers_mut().insert(header::CONTENT_LENGTH, answer.body.len().into());
    }
    response
}
