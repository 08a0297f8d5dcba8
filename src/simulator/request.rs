//! A request as it came off a connection.

use ureq_proto::http::{HeaderMap, HeaderName, Method};

/// One request. `target` is the request-target byte for byte: Digest's `uri` must equal it, and a parsed URI
/// written anew might not.
#[derive(Clone, Debug)]
pub(crate) struct ReceivedRequest {
    pub(crate) connection: u64,
    pub(crate) method: Method,
    pub(crate) target: Vec<u8>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl ReceivedRequest {
    /// The value of the first header field of this name; empty if there is none.
    pub(crate) fn header(&self, name: HeaderName) -> &[u8] {
        self.headers.get(name).map_or(b"", |value| value.as_bytes())
    }
}
