//! HTTP responses, and Atlas's error documents.

use serde_json::{Value, json};
use ureq_proto::http::{HeaderName, HeaderValue, StatusCode};

/// An HTTP response, as [`Fault::Response`](super::Fault::Response) sends it in the place of the real one.
///
/// `Content-Length` is added when it is sent, unless it has one or `Transfer-Encoding`. A header field that HTTP does
/// not allow (a control character in its value, say) is left out with a warning in the log: to send such a thing, write
/// the whole response with [`Fault::Raw`](super::Fault::Raw).
///
/// ```
/// use atlas_export_buckets::simulator::{Fault, Response};
/// let busy = Fault::Response(Response::new(503).header("Retry-After", "2"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    pub(crate) status: u16,
    /// Names in lower case, and values.
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
    /// What the counters take it for.
    pub(crate) kind: ResponseKind,
}

impl Response {
    /// A response with this status (100 to 999, or else 500), without header fields of its own and without
    /// a body.
    pub fn new(status: u16) -> Response {
        let status = if (100..=999).contains(&status) { status } else { 500 };
        Response { status, headers: Vec::new(), body: Vec::new(), kind: ResponseKind::Other }
    }

    /// Adds a header field. The same name may come several times.
    pub fn header(mut self, name: impl AsRef<str>, value: impl Into<Vec<u8>>) -> Response {
        let (name, value) = (name.as_ref(), value.into());
        match (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(&value)) {
            (Ok(name), Ok(_)) => self.headers.push((name.to_string(), value)),
            _ => log::warn!("the header field {name:?} cannot be sent, it is left out"),
        }
        self
    }

    /// Sets the body.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Response {
        self.body = body.into();
        self
    }

    /// An error in Atlas's form: `{"detail", "error", "errorCode", "parameters", "reason"}` on one line, and
    /// the code again in the field `X-Error-Code`.
    pub fn atlas_error(status: u16, code: &str, detail: &str, parameters: &[&str]) -> Response {
        Response::error_document(status, code, detail, json!(parameters))
    }

    /// The same, with parameters that may be numbers.
    pub(crate) fn error_document(status: u16, code: &str, detail: &str, parameters: Value) -> Response {
        let document = json!({
            "detail": detail,
            "error": status,
            "errorCode": code,
            "parameters": parameters,
            "reason": reason(status),
        });
        Response::json(status, &document).header("X-Error-Code", code)
    }

    /// An error of the token endpoint (RFC 6749 5.2): `{"error", "error_description"}`.
    pub fn oauth_error(status: u16, error: &str, description: &str) -> Response {
        Response::json(status, &json!({ "error": error, "error_description": description }))
            .header("Cache-Control", "no-store")
    }

    /// An HTML page, as a proxy or a captive portal sends it.
    pub fn html(status: u16, body: impl Into<Vec<u8>>) -> Response {
        Response::new(status).header("Content-Type", "text/html;charset=utf-8").body(body)
    }

    /// A redirect to `location`: 301, 302, 303, 307 or 308.
    pub fn redirect(status: u16, location: &str) -> Response {
        Response::new(status).header("Location", location)
    }

    pub(crate) fn json(status: u16, body: &Value) -> Response {
        Response::new(status).header("Content-Type", "application/json").body(body.to_string())
    }

    pub(crate) fn kind(mut self, kind: ResponseKind) -> Response {
        self.kind = kind;
        self
    }

    /// The value of the first header field of this name, which is in lower case.
    pub(crate) fn get(&self, name: &str) -> Option<&[u8]> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_slice())
    }
}

/// The words that go with a status.
pub(crate) fn reason(status: u16) -> &'static str {
    StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Unknown")
}

/// What the counters take a response for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResponseKind {
    Challenge,
    Page,
    ProjectPage,
    Token,
    Revocation,
    RateLimited,
    Other,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_stand_on_one_line_and_tell_their_code_in_the_head() {
        let response = Response::atlas_error(404, "GROUP_NOT_FOUND", "No group.", &["a"]);
        assert_eq!(response.get("x-error-code"), Some(b"GROUP_NOT_FOUND".as_slice()));
        assert_eq!(
            String::from_utf8(response.body).unwrap(),
            r#"{"detail":"No group.","error":404,"errorCode":"GROUP_NOT_FOUND","parameters":["a"],"reason":"Not Found"}"#
        );
    }
}
