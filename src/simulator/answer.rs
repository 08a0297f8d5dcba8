//! What the simulator answers: a status, header fields and a body, and Atlas's error bodies.

use serde_json::json;
use ureq_proto::http::StatusCode;

/// One HTTP answer, as a [`Fault::Answer`](super::Fault::Answer) puts it in the place of the real one.
///
/// `Content-Length` is added when it is sent. A header field that HTTP does not allow (a control
/// character in its value, say) is left out with a warning in the log: to send such a thing, write the
/// whole answer with [`Fault::Raw`](super::Fault::Raw).
///
/// ```
/// use atlas_export_buckets::simulator::{Answer, Fault};
/// let busy = Fault::Answer(Answer::new(503).header("Retry-After", "2"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, Vec<u8>)>,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// An answer with this status (100 to 999), without header fields of its own and without a body.
    pub fn new(status: u16) -> Answer {
        Answer { status, headers: Vec::new(), body: Vec::new() }
    }

    /// Adds a header field. The same name may come several times.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) -> Answer {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets the body.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Answer {
        self.body = body.into();
        self
    }

    /// An error in Atlas's form: `{"detail", "error", "errorCode", "parameters", "reason"}`.
    pub fn atlas_error(status: u16, code: &str, detail: &str, parameters: &[&str]) -> Answer {
        Answer::json(
            status,
            &json!({
                "detail": detail,
                "error": status,
                "errorCode": code,
                "parameters": parameters,
                "reason": reason(status),
            }),
        )
    }

    /// An HTML page, as a proxy or a captive portal sends it.
    pub fn html(status: u16, body: impl Into<Vec<u8>>) -> Answer {
        Answer::new(status).header("Content-Type", "text/html;charset=utf-8").body(body)
    }

    /// A redirect to `location`: 301, 302, 303, 307 or 308.
    pub fn redirect(status: u16, location: &str) -> Answer {
        Answer::new(status).header("Location", location)
    }

    /// Atlas's 401 to a key that it does not know. It carries no `errorCode`.
    pub(super) fn not_authorized() -> Answer {
        Answer::json(
            401,
            &json!({
                "detail": "You are not authorized for this resource.",
                "error": 401,
                "reason": reason(401),
            }),
        )
    }

    /// Jetty's page for the 401 that begins every Digest exchange: about 500 bytes that nobody reads,
    /// but that a client must take off the connection before it can use it again.
    pub(super) fn jetty_unauthorized() -> Answer {
        const PAGE: &str = "<html>\n<head>\n\
            <meta http-equiv=\"Content-Type\" content=\"text/html;charset=utf-8\"/>\n\
            <title>Error 401 Unauthorized</title>\n</head>\n<body><h2>HTTP ERROR 401</h2>\n\
            <p>Problem accessing /api/atlas. Reason:\n<pre>    Unauthorized</pre></p>\n\
            <p>The request has to be made again with an Authorization header field that answers\n\
            the challenge of this response. See RFC 7616, HTTP Digest Access Authentication.</p>\n\
            <hr/><i><small>The embedded Atlas of atlas-export-buckets</small></i><hr/>\n\
            </body>\n</html>\n";
        Answer::html(401, PAGE)
    }

    pub(super) fn json(status: u16, body: &serde_json::Value) -> Answer {
        Answer::new(status).header("Content-Type", "application/json").body(body.to_string())
    }

    pub(super) fn has_header(&self, name: &str) -> bool {
        self.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name))
    }
}

fn reason(status: u16) -> &'static str {
    StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Unknown")
}
