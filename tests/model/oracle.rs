//! Which outcome is allowed. Nothing in here comes from the library.
//!
//! What the server says is the truth: one that says "3, and no next page" after 3 of its 5 buckets cannot be found
//! out. So a list is whole at a page if that page says that there is no next one, as many different ids came as the
//! first count says, and as many results as the last. What is more, [`Promise`] says what follows from what the
//! server really has.

use super::server::{Links, Page, Promise, Server};

/// Whether the library may still get wrong what it is known to get wrong:
///
/// - a bucket that comes again on its page, or later than on the next page, is listed again and counted again;
/// - the iterator over pages counts every result, also those that came before;
/// - without links, the walk ends as soon as as many results came as the count says, though some came twice.
///
/// With `false` the test fails within the first hundred servers as long as any of this holds.
pub(crate) const KNOWN_GAPS: bool = true;

/// How a reader takes buckets that came before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeats {
    Dropped,
    /// Dropped only if they were on the page before.
    DroppedIfNear,
    Kept,
}

/// How a walk ended: `None` if it said that it was whole.
pub(crate) type Failure = Option<String>;

/// A page that the library gave: its number, its ids, its count.
pub(crate) type GivenPage = (u32, Vec<u32>, Option<u64>);

/// Judges the oracle's reading of the buckets that were given. `gaps`: see [`KNOWN_GAPS`].
pub(crate) fn judge_buckets(
    server: &Server,
    given: &[u32],
    failure: &Failure,
    gaps: bool,
) -> Result<(), String> {
    let readings: &[Repeats] =
        if gaps { &[Repeats::Dropped, Repeats::DroppedIfNear] } else { &[Repeats::Dropped] };
    if let Some(error) = failure {
        let is_prefix = |repeats: &Repeats| list(server, last_page(server), *repeats).starts_with(given);
        if !readings.iter().any(is_prefix) {
            return Err("what came before the error is not the beginning of the list".into());
        }
        return judge_failure(server, error, gaps);
    }
    let is_whole_list = |repeats: &Repeats| {
        (1..=last_page(server))
            .any(|end| is_whole(server, end, *repeats) && list(server, end, *repeats) == given)
    };
    if !readings.iter().any(is_whole_list) {
        return Err("this is not a whole list".into());
    }
    judge_whole(server, given, gaps)
}

/// The same for the iterator over pages, which gives each page as the server sent it.
pub(crate) fn judge_pages(
    server: &Server,
    given: &[GivenPage],
    failure: &Failure,
    gaps: bool,
) -> Result<(), String> {
    for (index, (page_num, ids, count)) in given.iter().enumerate() {
        let Page { ids: sent, count: said, .. } = server.page(index + 1);
        if (*page_num as usize, ids, *count) != (index + 1, &sent, said) {
            return Err(format!("page {} is not the one that was sent", index + 1));
        }
    }
    if let Some(error) = failure {
        return judge_failure(server, error, gaps);
    }
    let end = given.len();
    let is_end =
        end > 0 && (is_whole(server, end, Repeats::Dropped) || gaps && is_whole(server, end, Repeats::Kept));
    if !is_end {
        return Err("the list is not whole with the last page that was given".into());
    }
    judge_whole(server, &list(server, end, Repeats::Dropped), gaps)
}

/// The last page that a walk can need: beyond it, a server says nothing new.
fn last_page(server: &Server) -> usize {
    2 * server.pages.len() + 2
}

/// The buckets of the first `end` pages.
fn list(server: &Server, end: usize, repeats: Repeats) -> Vec<u32> {
    let mut list = Vec::new();
    let mut page_before = Vec::new();
    for page_num in 1..=end {
        let ids = server.page(page_num).ids;
        for id in &ids {
            let came_before = match repeats {
                Repeats::Dropped => list.contains(id),
                Repeats::DroppedIfNear => page_before.contains(id),
                Repeats::Kept => false,
            };
            if !came_before {
                list.push(*id);
            }
        }
        page_before = ids;
    }
    list
}

/// Whether the server says that its list ends with this page, and nothing that it said contradicts.
fn is_whole(server: &Server, end: usize, repeats: Repeats) -> bool {
    let pages: Vec<Page> = (1..=end).map(|page_num| server.page(page_num)).collect();
    let counts: Vec<u64> = pages.iter().filter_map(|page| page.count).collect();
    let last = &pages[end - 1];
    let says_end = match last.links {
        Links::Next => false,
        Links::Last => true,
        Links::Absent => !counts.is_empty() || last.ids.is_empty(),
    };
    let received = list(server, end, repeats).len() as u64;
    let sent = pages.iter().map(|page| page.ids.len() as u64).sum::<u64>();
    says_end
        && counts.is_sorted()
        && counts.first().is_none_or(|&count| received >= count)
        && counts.last().is_none_or(|&count| sent >= count)
}

fn judge_failure(server: &Server, error: &str, gaps: bool) -> Result<(), String> {
    if error.contains("RUNAWAY") {
        return Err("it reads on without end".into());
    }
    match &server.promise {
        Promise::Exactly(_) if !(gaps && server.repeats) => {
            Err("a well-behaved server must be listed".into())
        }
        _ => Ok(()),
    }
}

fn judge_whole(server: &Server, list: &[u32], gaps: bool) -> Result<(), String> {
    // What repeats is counted again, so that others are missing.
    if gaps && server.repeats {
        return Ok(());
    }
    match &server.promise {
        Promise::Exactly(ids) if list != ids => Err(format!("it should be exactly {ids:?}")),
        Promise::AtLeast(ids) if !ids.iter().all(|id| list.contains(id)) => {
            Err(format!("of {ids:?}, all there throughout, some are missing"))
        }
        _ => Ok(()),
    }
}
