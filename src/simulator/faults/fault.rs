//! What can go wrong on purpose.

use std::time::Duration;

use crate::simulator::response::Response;

/// One thing that goes wrong with one request.
///
/// Several faults may hit the same request. They are applied in this order: changes of data, nonces and
/// tokens, a 401, distortions of the page, another response, more header fields, delays (which add up), and how
/// the response is sent. If two of the same step exclude each other, the one added later wins. An `Authorization` is verified, and
/// its `nc` used up, even if a fault then replaces the response: a fault hides no mistake of the client.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Another response: a 503, a 429 with `Retry-After`, a redirect, HTML with 200, garbage.
    Response(Response),
    /// These bytes instead of an HTTP response. Then the connection is closed.
    Raw(Vec<u8>),
    /// One more header field, such as `Sunset`: name and value.
    Header(String, Vec<u8>),
    /// This many more header fields (at most 30,000).
    ManyHeaders(usize),
    /// One more header field, with a value of this many bytes.
    LongHeader(usize),
    /// A wait before the response.
    Delay(Duration),

    /// The connection is reset (RST) without a response. The simulator does this by closing it with bytes unread. Linux
    /// then sends a reset. On an operating system that does not, the connection is only closed.
    Reset,
    /// The connection is closed without a response.
    Close,
    /// The connection is closed in the middle of the head.
    CutHead,
    /// The connection is closed in the middle of the body, short of its `Content-Length`.
    CutBody,
    /// The body comes in chunks, and the connection is closed in the middle of one.
    CutChunks,
    /// The connection is reset in the middle of the body, as for [`Fault::Reset`].
    ResetBody,
    /// The response is complete; then the connection is closed although nothing announced it.
    CloseAfter,
    /// The whole response comes in drops.
    Drip {
        /// The size of a drop in bytes.
        bytes: usize,
        /// The time from one drop to the next.
        every: Duration,
    },
    /// The head comes at once and the body in drops.
    DripBody {
        /// The size of a drop in bytes.
        bytes: usize,
        /// The time from one drop to the next.
        every: Duration,
    },
    /// The head is the real one; the body is white space in chunks, without end.
    EndlessBody,

    /// 401 with a fresh challenge, whatever the client sent. From the token endpoint: 401 `invalid_client`.
    Unauthorized,
    /// 401 with a fresh challenge and `stale=true`, whatever the client sent.
    Stale,
    /// 401 that offers Basic only.
    BasicOnly,
    /// Every nonce is forgotten before the request is verified, as when a server restarts.
    ForgetNonces,
    /// The access token of the request is revoked before it is verified. A new token is accepted, unless this fault
    /// hits the request that carries it too.
    RevokeToken,
    /// The token endpoint says this many seconds for `expires_in`, whatever the lifetime is.
    ExpiresIn(u64),
    /// An `Authentication-Info` whose `rspauth` is wrong. Needs a request with a `qop`.
    WrongRspauth,

    /// The page has at most this many entries, whatever `itemsPerPage` says.
    CapPage(u32),
    /// The page has no links.
    NoLinks,
    /// The page has no `totalCount`.
    NoCount,
    /// The page says that this is the `totalCount`.
    Count(u64),
    /// 400 "Retry with includeCount=false." unless the query has `includeCount=false`.
    CountRefused,
    /// 500 `TIMEOUT_WHILE_PAGING` unless the query has `includeCount=false`, as Atlas answers when counting takes too long.
    CountTimedOut,
    /// Every page is the first.
    IgnorePageNum,
    /// Every page has a link to a next one. Pages beyond the end are empty; with [`Fault::IgnorePageNum`] they
    /// repeat.
    NextForEver,
    /// The links lead to this base URL.
    LinksTo(String),
    /// A bucket (the text of a JSON object) is inserted into the project before the page is made, and stays.
    /// At index 0 it moves every other bucket on by one, so the last one of each page moves to the next page.
    Insert {
        /// Before which bucket, from 0; at the end if there are fewer.
        index: usize,
        /// The bucket.
        bucket: String,
    },
    /// A bucket of the project is deleted for good before the page is made, if there is one.
    Delete {
        /// Which bucket, from 0.
        index: usize,
    },
}

impl Fault {
    /// A [`Fault::Header`] from whatever converts to a name and a value.
    pub fn header(name: impl Into<String>, value: impl Into<Vec<u8>>) -> Fault {
        Fault::Header(name.into(), value.into())
    }

    /// The last of these faults that says how the response is sent. Without one it is sent whole.
    pub(crate) fn delivery(faults: &[Fault]) -> Option<&Fault> {
        let is_delivery = |fault: &&Fault| {
            !fault.leaves_all()
                || matches!(fault, Fault::CloseAfter | Fault::Drip { .. } | Fault::DripBody { .. })
        };
        faults.iter().rfind(is_delivery)
    }

    /// Whether the client gets all of the response, if it waits.
    pub(crate) fn leaves_all(&self) -> bool {
        let cuts = matches!(self, Fault::CutBody | Fault::CutChunks | Fault::ResetBody | Fault::EndlessBody);
        !cuts && self.leaves_status()
    }

    /// Whether the client gets the status of the response.
    pub(crate) fn leaves_status(&self) -> bool {
        !matches!(self, Fault::Raw(_) | Fault::Reset | Fault::Close | Fault::CutHead)
    }
}
