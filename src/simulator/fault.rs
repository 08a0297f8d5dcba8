//! What can go wrong on purpose, and when.

use std::time::Duration;

use super::answer::Answer;
use super::delivery::Delivery;
use super::resource::Distortion;

/// One thing that goes wrong with one request.
///
/// Several may hit the same request; they add up, in this order: delays, changes of the data and of the
/// nonces, a 401, distortions of the page, another answer, more header fields, and the way the answer is
/// delivered. Of two that exclude each other the later one wins. Whatever the fault, an `Authorization`
/// is verified first and its `nc` is used up, so a fault hides no mistake of the client.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// Another answer: a 503, a 429 with `Retry-After`, a redirect, HTML with 200, garbage.
    Answer(Answer),
    /// These bytes instead of an HTTP answer. Then the connection is closed.
    Raw(Vec<u8>),
    /// One more header field on the answer, such as `Sunset`: name and value.
    Header(String, Vec<u8>),
    /// So many more header fields (at most 30,000).
    ManyHeaders(usize),
    /// One more header field, with a value of so many bytes.
    LongHeader(usize),
    /// A wait before the answer.
    Delay(Duration),

    /// The connection is reset (RST) without an answer. Where the operating system does not reset a
    /// connection that is closed with bytes unread (Linux does), it is closed.
    Reset,
    /// The connection is closed without an answer.
    Close,
    /// The connection is closed in the middle of the head.
    CutHead,
    /// The connection is closed in the middle of the body, short of its `Content-Length`.
    CutBody,
    /// The body comes in chunks, and the connection is closed in the middle of one.
    CutChunks,
    /// The connection is reset in the middle of the body, as for [`Fault::Reset`].
    ResetBody,
    /// The answer is complete; then the connection is closed although nothing announced it.
    CloseAfter,
    /// The whole answer comes in drops.
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
    /// The head is the real one, with the body in chunks: white space without end.
    EndlessBody,

    /// 401 with a fresh challenge, whatever the client sent.
    Unauthorized,
    /// 401 with a fresh challenge and `stale=true`, whatever the client sent.
    Stale,
    /// 401 that offers Basic only.
    BasicOnly,
    /// Every nonce is forgotten before this request is looked at, as when a server restarts.
    ForgetNonces,
    /// An `Authentication-Info` whose `rspauth` is wrong. Needs a request with a `qop`.
    WrongRspauth,

    /// The page has at most so many buckets, whatever `itemsPerPage` says.
    CapPage(u32),
    /// The page has no links.
    NoLinks,
    /// The page has no `totalCount`.
    NoCount,
    /// The page says that this is the `totalCount`.
    Count(u64),
    /// 400 "Retry with includeCount=false." unless the query has it.
    CountRefused,
    /// Every page is the first.
    IgnorePageNum,
    /// There is always a link to a next page. Beyond the end pages are empty; with
    /// [`Fault::IgnorePageNum`] they repeat.
    NextForEver,
    /// The links lead to this base URL.
    LinksTo(String),
    /// A bucket (the text of a JSON object) is inserted into the project before the page is made, and
    /// stays. At index 0 every later bucket moves on by one, across the borders of pages.
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
    /// One more header field on the answer: [`Fault::Header`] from whatever becomes a name and a value.
    pub fn header(name: impl Into<String>, value: impl Into<Vec<u8>>) -> Fault {
        Fault::Header(name.into(), value.into())
    }
}

/// Which requests a fault hits: which ones count, and which of those.
///
/// ```
/// use atlas_export_buckets::simulator::{Fault, Simulator, When};
/// let simulator = Simulator::builder()
///     .fault(When::first(2).with_authorization(), Fault::Reset)
///     .fault(When::always().on_page(3), Fault::NoLinks)
///     .start()?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct When {
    occurrence: Occurrence,
    page: Option<u32>,
    project: Option<String>,
    authorization: Option<bool>,
}

#[derive(Clone, Copy, Debug)]
enum Occurrence {
    Always,
    Nth(u64),
    Every(u64),
    First(u64),
    After(u64),
}

impl When {
    /// Every request that counts. The filters below say which ones count; without them, all do.
    pub fn always() -> When {
        When::occurrence(Occurrence::Always)
    }

    /// The `n`-th request that counts, from 1.
    pub fn nth(n: u64) -> When {
        When::occurrence(Occurrence::Nth(n))
    }

    /// Every `n`-th request that counts: the `n`-th, the `2n`-th…
    pub fn every(n: u64) -> When {
        When::occurrence(Occurrence::Every(n))
    }

    /// The first `n` requests that count.
    pub fn first(n: u64) -> When {
        When::occurrence(Occurrence::First(n))
    }

    /// All requests that count, except for the first `n`.
    pub fn after(n: u64) -> When {
        When::occurrence(Occurrence::After(n))
    }

    fn occurrence(occurrence: Occurrence) -> When {
        When { occurrence, page: None, project: None, authorization: None }
    }

    /// Only requests for this `pageNum` count.
    pub fn on_page(mut self, page_num: u32) -> When {
        self.page = Some(page_num);
        self
    }

    /// Only requests for this project count.
    pub fn in_project(mut self, project_id: &str) -> When {
        self.project = Some(project_id.to_ascii_lowercase());
        self
    }

    /// Only requests with an `Authorization` count, right or wrong.
    pub fn with_authorization(mut self) -> When {
        self.authorization = Some(true);
        self
    }

    /// Only requests without an `Authorization` count.
    pub fn without_authorization(mut self) -> When {
        self.authorization = Some(false);
        self
    }

    fn counts(&self, request: &RequestInfo) -> bool {
        let project = request.project_id.as_deref();
        self.page.is_none_or(|page| request.page_num == Some(page))
            && self.authorization.is_none_or(|wanted| request.has_authorization == wanted)
            && (self.project.is_none() || self.project.as_deref() == project)
    }
}

/// What is known of a request before it is answered: what a script decides on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestInfo {
    /// Which request it is, over all connections, from 1.
    pub number: u64,
    /// Which connection it came on, from 1.
    pub connection: u64,
    /// The method.
    pub method: String,
    /// The request-target, byte for byte if it is UTF-8.
    pub target: String,
    /// The project id in lower case, if the target is that of a project's export buckets.
    pub project_id: Option<String>,
    /// `pageNum`: 1 if it is absent, `None` if it is no number.
    pub page_num: Option<u32>,
    /// Whether it has an `Authorization` field.
    pub has_authorization: bool,
}

/// A fault that waits for its requests.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    when: When,
    fault: Fault,
    counted: u64,
}

impl Rule {
    pub(super) fn new(when: When, fault: Fault) -> Rule {
        Rule { when, fault, counted: 0 }
    }

    /// The fault, if it hits this request.
    pub(super) fn hit(&mut self, request: &RequestInfo) -> Option<Fault> {
        if !self.when.counts(request) {
            return None;
        }
        self.counted += 1;
        let hits = match self.when.occurrence {
            Occurrence::Always => true,
            Occurrence::Nth(n) => self.counted == n,
            Occurrence::Every(n) => self.counted.is_multiple_of(n.max(1)),
            Occurrence::First(n) => self.counted <= n,
            Occurrence::After(n) => self.counted > n,
        };
        hits.then(|| self.fault.clone())
    }
}

/// What all the faults of one request come to.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) delay: Duration,
    pub(super) forget_nonces: bool,
    pub(super) edits: Vec<Edit>,
    pub(super) refusal: Option<Refusal>,
    pub(super) wrong_rspauth: bool,
    pub(super) distortion: Distortion,
    pub(super) answer: Option<Answer>,
    pub(super) headers: Vec<(String, Vec<u8>)>,
    pub(super) delivery: Delivery,
}

/// A change of a project's buckets.
#[derive(Debug)]
pub(super) enum Edit {
    Insert(usize, String),
    Delete(usize),
}

/// A 401 that has nothing to do with what the client sent.
#[derive(Clone, Copy, Debug)]
pub(super) enum Refusal {
    Digest { stale: bool },
    Basic,
}

impl Plan {
    pub(super) fn add(&mut self, fault: Fault) {
        match fault {
            Fault::Delay(delay) => self.delay += delay,
            Fault::ForgetNonces => self.forget_nonces = true,
            Fault::Insert { index, bucket } => self.edits.push(Edit::Insert(index, bucket)),
            Fault::Delete { index } => self.edits.push(Edit::Delete(index)),
            Fault::Unauthorized => self.refusal = Some(Refusal::Digest { stale: false }),
            Fault::Stale => self.refusal = Some(Refusal::Digest { stale: true }),
            Fault::BasicOnly => self.refusal = Some(Refusal::Basic),
            Fault::WrongRspauth => self.wrong_rspauth = true,
            Fault::CapPage(most) => self.distortion.cap = Some(most),
            Fault::NoLinks => self.distortion.no_links = true,
            Fault::NoCount => self.distortion.no_count = true,
            Fault::Count(count) => self.distortion.count = Some(count),
            Fault::CountRefused => self.distortion.count_refused = true,
            Fault::IgnorePageNum => self.distortion.ignore_page_num = true,
            Fault::NextForEver => self.distortion.next_for_ever = true,
            Fault::LinksTo(base) => self.distortion.link_base = Some(base),
            Fault::Answer(answer) => self.answer = Some(answer),
            Fault::Header(name, value) => self.headers.push((name, value)),
            Fault::ManyHeaders(count) => {
                let fields = (0..count.min(30_000)).map(|i| (format!("X-Filler-{i}"), b"x".to_vec()));
                self.headers.extend(fields);
            }
            Fault::LongHeader(bytes) => self.headers.push(("X-Filler".into(), vec![b'x'; bytes])),
            Fault::Raw(bytes) => self.delivery = Delivery::Raw(bytes),
            Fault::Reset => self.delivery = Delivery::Reset,
            Fault::Close => self.delivery = Delivery::Close,
            Fault::CutHead => self.delivery = Delivery::CutHead,
            Fault::CutBody => self.delivery = Delivery::CutBody { reset: false },
            Fault::ResetBody => self.delivery = Delivery::CutBody { reset: true },
            Fault::CutChunks => self.delivery = Delivery::CutChunks,
            Fault::CloseAfter => self.delivery = Delivery::CloseAfter,
            Fault::Drip { bytes, every } => self.delivery = Delivery::Drip { bytes, every, head: true },
            Fault::DripBody { bytes, every } => self.delivery = Delivery::Drip { bytes, every, head: false },
            Fault::EndlessBody => self.delivery = Delivery::Endless,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(page_num: u32, has_authorization: bool) -> RequestInfo {
        RequestInfo {
            number: 1,
            connection: 1,
            method: "GET".into(),
            target: "/".into(),
            project_id: Some("ab".into()),
            page_num: Some(page_num),
            has_authorization,
        }
    }

    #[test]
    fn a_fault_hits_the_requests_that_it_is_meant_for() {
        let requests = [(1, false), (1, true), (2, true), (1, true), (2, true), (2, true)];
        let table = [
            ("always", When::always(), vec![0, 1, 2, 3, 4, 5]),
            ("the third", When::nth(3), vec![2]),
            ("every second", When::every(2), vec![1, 3, 5]),
            ("every zeroth is every one", When::every(0), vec![0, 1, 2, 3, 4, 5]),
            ("the first two", When::first(2), vec![0, 1]),
            ("after four", When::after(4), vec![4, 5]),
            ("the second on page 2", When::nth(2).on_page(2), vec![4]),
            ("the first authorized", When::first(1).with_authorization(), vec![1]),
            ("the unauthorized", When::always().without_authorization(), vec![0]),
            ("this project", When::nth(1).in_project("AB"), vec![0]),
            ("another project", When::always().in_project("cd"), vec![]),
        ];
        for (name, when, expected) in table {
            let mut rule = Rule::new(when, Fault::Reset);
            let hits = requests
                .iter()
                .enumerate()
                .filter_map(|(i, &(page, authorization))| rule.hit(&request(page, authorization)).map(|_| i));
            assert_eq!(hits.collect::<Vec<_>>(), expected, "{name}");
        }
    }
}
