//! A response as the bytes that are sent.

use crate::simulator::response::{Response, reason};

/// The head, with the length of the body or `Transfer-Encoding`.
pub(super) fn encode_head(response: &Response, is_chunked: bool) -> Vec<u8> {
    let Response { status, headers, body, .. } = response;
    let mut head = format!("HTTP/1.1 {status} {}\r\n", reason(*status)).into_bytes();
    let frames = |name: &str| name == "content-length" || name == "transfer-encoding";
    let is_framed = is_bodiless(*status) || headers.iter().any(|(name, _)| frames(name));
    for (name, value) in headers.iter().filter(|(name, _)| !is_chunked || !frames(name)) {
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
pub(super) fn encode_body(response: &Response, is_chunked: bool) -> Vec<u8> {
    let Response { status, body, .. } = response;
    match is_chunked || response.get("transfer-encoding").is_some() {
        _ if is_bodiless(*status) => Vec::new(),
        true if body.is_empty() => b"0\r\n\r\n".to_vec(),
        true => [format!("{:x}\r\n", body.len()).as_bytes(), body, b"\r\n0\r\n\r\n"].concat(),
        false => body.clone(),
    }
}

/// Whether HTTP gives responses of this status no body.
fn is_bodiless(status: u16) -> bool {
    matches!(status, 100..200 | 204 | 304)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunked_response_has_one_framing_field() {
        for (name, value) in [("Content-Length", "1"), ("Transfer-Encoding", "chunked")] {
            let response = Response::new(200).header(name, value).body("x");
            let head = String::from_utf8(encode_head(&response, true)).unwrap();
            assert_eq!(head, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", "{name}");
        }
    }
}
