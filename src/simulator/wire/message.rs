//! Sends a response: whole, or cut, dripped and endless as the faults want it.

use std::io::{self, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::connections::Connections;
use crate::simulator::faults::Fault;
use crate::simulator::response::{Response, reason};

/// Sends `response` as the fault says that is about its delivery. `false` if the connection is to be closed then.
pub(super) fn send(
    response: &Response,
    is_for_head: bool,
    delivery: Option<&Fault>,
    mut stream: &TcpStream,
    connections: &Connections,
) -> io::Result<bool> {
    let is_chunked = matches!(delivery, Some(Fault::CutChunks | Fault::EndlessBody));
    let head = encode_head(response, is_chunked);
    let body = if is_for_head { Vec::new() } else { encode_body(response, is_chunked) };
    let half = |bytes: &[u8]| bytes.get(..bytes.len() / 2).unwrap_or_default().to_vec();
    match delivery {
        Some(Fault::Reset | Fault::Close) => {}
        Some(Fault::Raw(bytes)) => stream.write_all(bytes)?,
        Some(Fault::CutHead) => stream.write_all(&half(&head))?,
        Some(Fault::CutBody | Fault::CutChunks | Fault::ResetBody) => {
            stream.write_all(&[head, half(&body)].concat())?;
        }
        Some(Fault::EndlessBody) => {
            stream.write_all(&head)?;
            send_spaces_without_end(stream)?;
        }
        Some(Fault::Drip { bytes, every }) => {
            return drip(&[head, body].concat(), *bytes, *every, stream, connections);
        }
        Some(Fault::DripBody { bytes, every }) => {
            stream.write_all(&head)?;
            return drip(&body, *bytes, *every, stream, connections);
        }
        _ => stream.write_all(&[head, body].concat())?,
    }
    Ok(delivery.is_none())
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

/// Whether HTTP gives responses of this status no body.
fn is_bodiless(status: u16) -> bool {
    matches!(status, 100..200 | 204 | 304)
}

/// The head, with the length of the body or `Transfer-Encoding`.
fn encode_head(response: &Response, is_chunked: bool) -> Vec<u8> {
    let Response { status, headers, body, .. } = response;
    let mut head = format!("HTTP/1.1 {status} {}\r\n", reason(*status)).into_bytes();
    let mut is_framed = is_bodiless(*status);
    for (name, value) in headers {
        if is_chunked && name == "content-length" {
            continue;
        }
        is_framed |= name == "content-length" || name == "transfer-encoding";
        head.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
    }
    if is_chunked {
        head.extend(b"transfer-encoding: chunked\r\n");
    } else if !is_framed {
        head.extend(format!("content-length: {}\r\n", body.len()).into_bytes());
    }
    head.extend(b"\r\n");
    head
}

/// The body, in one chunk if it is chunked.
fn encode_body(response: &Response, is_chunked: bool) -> Vec<u8> {
    let Response { status, body, .. } = response;
    let is_chunked = is_chunked || response.get("transfer-encoding").is_some();
    match is_chunked {
        _ if is_bodiless(*status) => Vec::new(),
        true if body.is_empty() => b"0\r\n\r\n".to_vec(),
        true => [format!("{:x}\r\n", body.len()).as_bytes(), body, b"\r\n0\r\n\r\n"].concat(),
        false => body.clone(),
    }
}
