//! The ways in which a response can go out.

use std::time::Duration;

/// How a response goes out: whole, or cut, dripped and endless.
#[derive(Clone, Debug, Default)]
pub(crate) enum Delivery {
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

impl Delivery {
    /// Whether the client gets all of the response, if it waits.
    pub(crate) fn is_whole(&self) -> bool {
        matches!(self, Delivery::Whole | Delivery::CloseAfter | Delivery::Drip { .. })
    }

    /// Whether the client gets the status of the response.
    pub(crate) fn tells_status(&self) -> bool {
        !matches!(self, Delivery::Reset | Delivery::Close | Delivery::CutHead | Delivery::Raw(_))
    }

    /// Whether the connection is reset, for which the rest of the request must stay unread.
    pub(crate) fn resets(&self) -> bool {
        matches!(self, Delivery::Reset | Delivery::CutBody { reset: true })
    }

    /// Whether the body is sent in chunks.
    pub(crate) fn is_chunked(&self) -> bool {
        matches!(self, Delivery::CutChunks | Delivery::Endless)
    }
}
