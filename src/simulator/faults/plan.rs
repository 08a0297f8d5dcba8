//! What the faults that hit one request add up to.

use std::time::Duration;

use super::delivery::Delivery;
use super::distortion::Distortion;
use super::fault::Fault;
use crate::simulator::response::Response;

/// The sum of the faults that hit one request.
#[derive(Debug, Default)]
pub(crate) struct FaultPlan {
    pub(crate) delay: Duration,
    pub(crate) forget_nonces: bool,
    pub(crate) revoke_token: bool,
    pub(crate) expires_in: Option<u64>,
    pub(crate) edits: Vec<Edit>,
    pub(crate) refusal: Option<ForcedRefusal>,
    pub(crate) wrong_rspauth: bool,
    pub(crate) distortion: Distortion,
    pub(crate) response: Option<Response>,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) delivery: Delivery,
}

/// A change of a project's buckets.
#[derive(Debug)]
pub(crate) enum Edit {
    Insert(usize, String),
    Delete(usize),
}

/// A 401 whatever the client sent.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ForcedRefusal {
    Digest { stale: bool },
    Basic,
}

impl FaultPlan {
    pub(crate) fn add(&mut self, fault: Fault) {
        match fault {
            Fault::Delay(delay) => self.delay = self.delay.saturating_add(delay),
            Fault::ForgetNonces => self.forget_nonces = true,
            Fault::RevokeToken => self.revoke_token = true,
            Fault::ExpiresIn(seconds) => self.expires_in = Some(seconds),
            Fault::Insert { index, bucket } => self.edits.push(Edit::Insert(index, bucket)),
            Fault::Delete { index } => self.edits.push(Edit::Delete(index)),
            Fault::Unauthorized => self.refusal = Some(ForcedRefusal::Digest { stale: false }),
            Fault::Stale => self.refusal = Some(ForcedRefusal::Digest { stale: true }),
            Fault::BasicOnly => self.refusal = Some(ForcedRefusal::Basic),
            Fault::WrongRspauth => self.wrong_rspauth = true,
            Fault::CapPage(most) => self.distortion.cap = Some(most),
            Fault::NoLinks => self.distortion.no_links = true,
            Fault::NoCount => self.distortion.no_count = true,
            Fault::Count(count) => self.distortion.count = Some(count),
            Fault::CountRefused => self.distortion.count_refused = true,
            Fault::CountTimedOut => self.distortion.count_timed_out = true,
            Fault::IgnorePageNum => self.distortion.ignore_page_num = true,
            Fault::NextForEver => self.distortion.next_for_ever = true,
            Fault::LinksTo(base) => self.distortion.link_base = Some(base),
            Fault::Response(response) => self.response = Some(response),
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
