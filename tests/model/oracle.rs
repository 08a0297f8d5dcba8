//! Which outcome is allowed. Nothing in here comes from the library.
//!
//! What the server says is the truth: one that says "3, and no next page" after 3 of its 5 buckets cannot be found
//! out. So a list is whole at a page if that page says that there is no next one, as many different ids came as the
//! first count says, and as many results as the last. What is more, [`Promise`] says what follows from what the
//! server really has.

use super::server::{Links, Page, Promise, Server};

/// How a walk ended: `None` if it said that it was whole.
pub(crate) type Failure = Option<String>;

/// A page that the library gave: its number, its ids, its count.
pub(crate) type GivenPage = (u32, Vec<u32>, Option<u64>);

/// Judges the buckets that were given, each of which must come once.
pub(crate) fn judge_buckets(server: &Server, given: &[u32], failure: &Failure) -> Result<(), String> {
    if let Some(error) = failure {
        if !list(server, last_page(server)).starts_with(given) {
            return Err("what came before the error is not the beginning of the list".into());
        }
        return judge_failure(server, error);
    }
    let is_whole_list = |end| is_whole(server, end) && list(server, end) == given;
    if !(1..=last_page(server)).any(is_whole_list) {
        return Err("this is not a whole list".into());
    }
    judge_whole(server, given)
}

/// The same for the iterator over pages, which gives each page as the server sent it, without the buckets that came before.
pub(crate) fn judge_pages(server: &Server, given: &[GivenPage], failure: &Failure) -> Result<(), String> {
    for (index, (page_num, ids, count)) in given.iter().enumerate() {
        let said = server.page(index + 1).count;
        let before = list(server, index);
        let new = list(server, index + 1).split_off(before.len());
        if (*page_num as usize, ids, *count) != (index + 1, &new, said) {
            return Err(format!("page {} is not what was new on the one that was sent", index + 1));
        }
    }
    if let Some(error) = failure {
        return judge_failure(server, error);
    }
    let end = given.len();
    if end == 0 || !is_whole(server, end) {
        return Err("the list is not whole with the last page that was given".into());
    }
    judge_whole(server, &list(server, end))
}

/// The last page that a walk can need: beyond it, a server says nothing new.
fn last_page(server: &Server) -> usize {
    2 * server.pages.len() + 2
}

/// The buckets of the first `end` pages, each once.
fn list(server: &Server, end: usize) -> Vec<u32> {
    let mut list = Vec::new();
    for id in (1..=end).flat_map(|page_num| server.page(page_num).ids) {
        if !list.contains(&id) {
            list.push(id);
        }
    }
    list
}

/// Whether the server says that its list ends with this page, and nothing that it said contradicts.
fn is_whole(server: &Server, end: usize) -> bool {
    let pages: Vec<Page> = (1..=end).map(|page_num| server.page(page_num)).collect();
    let counts: Vec<u64> = pages.iter().filter_map(|page| page.count).collect();
    let last = &pages[end - 1];
    let says_end = match last.links {
        Links::Next => false,
        Links::Last => true,
        Links::Absent => !counts.is_empty() || last.ids.is_empty(),
    };
    let received = list(server, end).len() as u64;
    let sent = pages.iter().map(|page| page.ids.len() as u64).sum::<u64>();
    says_end
        && counts.is_sorted()
        && counts.first().is_none_or(|&count| received >= count)
        && counts.last().is_none_or(|&count| sent >= count)
}

fn judge_failure(server: &Server, error: &str) -> Result<(), String> {
    if error.contains("RUNAWAY") {
        return Err("it reads on without end".into());
    }
    match &server.promise {
        Promise::Exactly(_) => Err("a well-behaved server must be listed".into()),
        _ => Ok(()),
    }
}

fn judge_whole(server: &Server, list: &[u32]) -> Result<(), String> {
    match &server.promise {
        Promise::Exactly(ids) if list != ids => Err(format!("it should be exactly {ids:?}")),
        Promise::AtLeast(ids) if !ids.iter().all(|id| list.contains(id)) => {
            Err(format!("of {ids:?}, all there throughout, some are missing"))
        }
        _ => Ok(()),
    }
}
