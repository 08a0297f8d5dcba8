//! What is measured without a network. A case is a thing to do, done by one of several.

mod digest;
// The clients use more of it.
#[allow(dead_code)]
#[path = "../../clients/page.rs"]
mod page;
mod parsing;

/// One thing, done by one of several.
pub struct Case {
    /// What is done.
    pub what: &'static str,
    /// By whom.
    pub who: &'static str,
    /// Makes it ready, and gives the function that does it once.
    pub prepare: fn() -> Box<dyn FnMut()>,
}

/// All cases; those that do the same thing next to each other.
pub const CASES: &[&[Case]] = &[digest::ANSWER, digest::PARSE_AND_ANSWER, parsing::KNOWN, parsing::UNKNOWN];

/// The case with these names.
pub fn find(what: &str, who: &str) -> Option<&'static Case> {
    CASES.iter().copied().flatten().find(|case| case.what == what && case.who == who)
}
