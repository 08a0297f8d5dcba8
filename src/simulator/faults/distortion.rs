//! Where a page differs from Atlas's.

/// What the faults about pages ask for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Distortion {
    pub(crate) cap: Option<u32>,
    pub(crate) no_links: bool,
    pub(crate) no_count: bool,
    pub(crate) count: Option<u64>,
    pub(crate) count_refused: bool,
    pub(crate) count_timed_out: bool,
    pub(crate) ignore_page_num: bool,
    pub(crate) next_for_ever: bool,
    pub(crate) link_base: Option<String>,
}
