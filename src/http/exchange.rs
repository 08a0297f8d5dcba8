//! One request and its response. Of the library, only this file, `agent.rs` and `proxy.rs` call `ureq`.

mod explain;

use std::io::Read as _;

use ureq::http::header::CONTENT_ENCODING;
use ureq::http::{Request, Response, StatusCode};

use super::agent::HttpAgent;
use super::deadline::Deadline;
use crate::error::{Error, NetworkErrorKind, Refusal};
use crate::request::ApiRequest;
use explain::explain;

/// At most this much of an error's body is read. After a longer one, the connection is closed.
const MAX_ERROR_BODY_BYTES: u64 = 64 * 1024;

/// Sends a message and reads the response to its end, so that the connection can serve the next request.
///
/// An error quotes `request`.
pub(super) fn exchange(
    agent: &HttpAgent,
    request: &ApiRequest,
    message: Request<Vec<u8>>,
    deadline: Deadline,
    needs_new_connection: bool,
) -> Result<Response<Vec<u8>>, Error> {
    let response = agent
        .send(message, deadline.time_left(), needs_new_connection)
        .map_err(|error| explain(&error, NetworkErrorKind::Broken, request, deadline))?;
    let (head, body) = response.into_parts();
    let is_success = head.status == StatusCode::OK;
    if let Some(coding) =
        head.headers.get(CONTENT_ENCODING).filter(|coding| is_success && *coding != "identity")
    {
        let coding = String::from_utf8_lossy(coding.as_bytes()).into_owned();
        return Err(Error::refused(request, Refusal::ContentCoding(coding)));
    }
    let max = if is_success { agent.max_body_bytes } else { MAX_ERROR_BODY_BYTES };
    let mut bytes = Vec::new();
    body.into_reader()
        .take(max.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| explain(&error.into(), NetworkErrorKind::BrokenBody, request, deadline))?;
    if bytes.len() as u64 > max {
        if is_success {
            return Err(Error::refused(request, Refusal::BodyTooLarge(max)));
        }
        bytes.pop();
    }
    Ok(Response::from_parts(head, bytes))
}

#[cfg(test)]
mod tests;
