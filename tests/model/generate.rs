//! Random servers. A third of them are well-behaved; the others move, repeat, hide or lie, in every combination.

use atlas_export_buckets::simulator::{Fault, Response};

use super::random::Random;
use super::server::{Beyond, Envelope, Links, Page, Promise, Server};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Counts {
    Right,
    /// Right where there is one, and not on every page.
    RightSometimes,
    Absent,
    /// The same wrong one on every page.
    Wrong,
    /// Another wrong one on every page.
    Moving,
}

/// What a server does.
struct Habits {
    counts: Counts,
    has_links: bool,
    wrong_links: bool,
    beyond: Beyond,
    /// Buckets are made and deleted between pages.
    moves: bool,
    /// Buckets come again, besides all others.
    repeats: bool,
    /// Buckets come again, in the place of others.
    hides: bool,
}

impl Habits {
    fn random(random: &mut Random) -> Habits {
        let counts = random.pick(&[Counts::Right, Counts::Right, Counts::RightSometimes, Counts::Absent]);
        let has_links = !random.one_in(3);
        let well_behaved = Habits {
            counts,
            has_links,
            wrong_links: false,
            beyond: Beyond::Empty,
            moves: false,
            repeats: false,
            hides: false,
        };
        if random.one_in(3) {
            return well_behaved;
        }
        Habits {
            counts: if random.one_in(4) { random.pick(&[Counts::Wrong, Counts::Moving]) } else { counts },
            wrong_links: has_links && random.one_in(5),
            beyond: random.pick(&[Beyond::Empty, Beyond::Empty, Beyond::EmptyWithNext, Beyond::Cycle]),
            moves: random.one_in(3),
            repeats: random.one_in(3),
            hides: random.one_in(4),
            ..well_behaved
        }
    }

    /// Whether the end of the list can be told from what the pages say, without asking for the page beyond.
    fn tells_end(&self) -> bool {
        self.has_links || self.counts == Counts::Right
    }
}

/// What becomes of the buckets while they are listed.
#[derive(Default)]
struct History {
    at_first: Vec<u32>,
    /// Those that are there from the first page to the last.
    throughout: Vec<u32>,
    has_deleted: bool,
    /// As many were made as deleted between the same two pages, so that no count shows it.
    hidden_by_count: bool,
}

/// The server of this seed.
pub(crate) fn server(seed: u64) -> Server {
    let mut random = Random::new(seed);
    let random = &mut random;
    let (count_wanted, refuses_count) = (!random.one_in(6), random.one_in(10));
    let mut habits = Habits::random(random);
    if refuses_count || !count_wanted {
        habits.counts = Counts::Absent;
    }
    let (mut pages, history) = walk(&habits, random);
    if habits.repeats {
        repeat_buckets(&mut pages, false, random);
    }
    if habits.hides {
        repeat_buckets(&mut pages, true, random);
    }
    distort_counts(&mut pages, habits.counts, random);
    distort_links(&mut pages, &habits, random);
    let fault = random.one_in(16).then(|| {
        // The pages are read twice, the first time page by page, the second time bucket by bucket.
        let number = 1 + random.below(2 * pages.len()) as u64;
        (number, passing_fault(random))
    });
    Server {
        pages,
        beyond: habits.beyond,
        promise: promise(&habits, history),
        envelope: random.pick(&[Envelope::None, Envelope::None, Envelope::Status, Envelope::Nested]),
        absent_links: random.pick(&["", "\"links\":null,", "\"links\":[],"]),
        count_wanted,
        refuses_count,
        fault,
    }
}

/// The pages of a server that says what is so at the moment of each page.
fn walk(habits: &Habits, random: &mut Random) -> (Vec<Page>, History) {
    let total = if random.one_in(12) { random.below(60) } else { random.below(10) };
    let mut buckets: Vec<u32> = (1..=total as u32).collect();
    // Ids are in no order, so that a client which sorts them is found out.
    random.shuffle(&mut buckets);
    let mut history =
        History { at_first: buckets.clone(), throughout: buckets.clone(), ..History::default() };
    let (cap, is_ragged) = (1 + random.below(4), random.one_in(3));
    let mut pages: Vec<Page> = Vec::new();
    let mut start = 0;
    loop {
        if habits.moves && !pages.is_empty() && pages.len() < 30 && random.one_in(2) {
            move_buckets(&mut buckets, &mut history, random);
        }
        let size = if is_ragged { 1 + random.below(cap) } else { cap };
        let from = start.min(buckets.len());
        let to = (from + size).min(buckets.len());
        let is_last = to == buckets.len();
        pages.push(Page {
            ids: buckets[from..to].to_vec(),
            count: Some(buckets.len() as u64),
            links: if is_last { Links::Last } else { Links::Next },
        });
        if is_last {
            return (pages, history);
        }
        start = to;
    }
}

/// Makes and deletes some, between two pages.
fn move_buckets(buckets: &mut Vec<u32>, history: &mut History, random: &mut Random) {
    let (made, wanted) = random.pick(&[(1, 0), (2, 0), (0, 1), (0, 2), (1, 1), (2, 1), (1, 2)]);
    let deleted = wanted.min(buckets.len());
    for _ in 0..deleted {
        let gone = buckets.remove(random.below(buckets.len()));
        history.throughout.retain(|id| *id != gone);
    }
    for _ in 0..made {
        let new = 1000 + random.below(1_000_000) as u32;
        if !buckets.contains(&new) {
            buckets.insert(random.below(buckets.len() + 1), new);
        }
    }
    history.has_deleted |= deleted > 0;
    history.hidden_by_count |= deleted > 0 && made >= deleted;
}

/// Lets buckets come again: within their page, on the next one, or far from it.
fn repeat_buckets(pages: &mut [Page], in_place_of_others: bool, random: &mut Random) {
    for index in 0..pages.len() {
        if !random.one_in(2) {
            continue;
        }
        let far = random.below(index);
        let source = random.pick(&[index, index.saturating_sub(1), far]);
        let sources = &pages[source].ids;
        if sources.is_empty() {
            continue;
        }
        let from = random.below(sources.len());
        let id = sources[from];
        let earliest = if source == index { from + 1 } else { 0 };
        let ids = &mut pages[index].ids;
        let position = earliest + random.below(ids.len() + 1 - earliest);
        if !in_place_of_others {
            ids.insert(position, id);
        } else if position < ids.len() {
            ids[position] = id;
        }
    }
}

fn distort_counts(pages: &mut [Page], counts: Counts, random: &mut Random) {
    let wrong = random.below(12) as u64;
    for page in pages {
        page.count = match counts {
            Counts::Right => page.count,
            Counts::RightSometimes => page.count.filter(|_| random.one_in(2)),
            Counts::Absent => None,
            Counts::Wrong => Some(wrong),
            Counts::Moving => Some(random.below(12) as u64),
        };
    }
}

fn distort_links(pages: &mut [Page], habits: &Habits, random: &mut Random) {
    for page in pages {
        if !habits.has_links {
            page.links = Links::Absent;
        } else if habits.wrong_links && random.one_in(3) {
            page.links = random.pick(&[Links::Absent, Links::Last, Links::Next]);
        }
    }
}

/// What a client survives by asking again.
fn passing_fault(random: &mut Random) -> Fault {
    let unavailable = |status| {
        let answer = Response::atlas_error(status, "MODEL", "Told to.", &[]);
        Fault::Response(answer.header("Retry-After", "0"))
    };
    match random.below(10) {
        0 => unavailable(502),
        1..=3 => unavailable(503),
        4 => Fault::Close,
        5 => Fault::CutHead,
        6 => Fault::CutBody,
        7 => Fault::Reset,
        8 => Fault::CloseAfter,
        _ => Fault::Stale,
    }
}

fn promise(habits: &Habits, history: History) -> Promise {
    let counts_are_right = !matches!(habits.counts, Counts::Wrong | Counts::Moving);
    let ends = habits.tells_end() || habits.beyond == Beyond::Empty;
    if !counts_are_right || habits.wrong_links || habits.hides || !ends {
        return Promise::Nothing;
    }
    if !habits.moves {
        return Promise::Exactly(history.at_first);
    }
    // A count that is not on every page does not show what was made since, and none shows no deletion.
    let is_told_made = habits.has_links || habits.counts != Counts::RightSometimes;
    let is_told_deleted = habits.counts == Counts::Right && !history.hidden_by_count;
    match history.has_deleted {
        false if is_told_made => Promise::AtLeast(history.throughout),
        true if is_told_deleted => Promise::AtLeast(history.throughout),
        _ => Promise::Nothing,
    }
}
