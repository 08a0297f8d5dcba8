//! The oracle, judged by hand: what it must refuse, what it must let pass.

use super::oracle::{GivenPage, judge_buckets, judge_pages};
use super::server::{Beyond, Envelope, Links, Page, Promise, Server};

/// A server from words such as `1 2 of 4 next | 3 4 of 4 last`; a page without the third word has no links.
fn server(pages: &str, promise: Promise) -> Server {
    let page = |text: &str| {
        let (text, links) = match text.trim() {
            text if text.ends_with(" next") => (text.trim_end_matches(" next"), Links::Next),
            text if text.ends_with(" last") => (text.trim_end_matches(" last"), Links::Last),
            text => (text, Links::Absent),
        };
        let (ids, count) = match text.split_once("of ") {
            Some((ids, count)) => (ids, Some(count.trim().parse().unwrap())),
            None => (text, None),
        };
        Page { ids: ids.split_whitespace().map(|id| id.parse().unwrap()).collect(), count, links }
    };
    Server {
        pages: pages.split('|').map(page).collect(),
        beyond: Beyond::Empty,
        promise,
        envelope: Envelope::None,
        absent_links: "",
        count_wanted: true,
        refuses_count: false,
        fault: None,
    }
}

#[test]
fn a_list_is_allowed_if_it_is_whole_by_the_words_of_the_server() {
    // Name, pages, the list, allowed.
    let cases: [(&str, &str, &[u32], bool); 20] = [
        ("one page", "1 2 of 2 last", &[1, 2], true),
        ("no bucket", "of 0 last", &[], true),
        ("another order", "1 2 of 2 last", &[2, 1], false),
        ("one is missing", "1 2 of 2 last", &[1], false),
        ("one that was never sent", "1 2 of 2 last", &[1, 2, 3], false),
        ("the end before the next page", "1 2 next | 3 last", &[1, 2], false),
        ("the end at a short page", "1 2 of 5 next | 3 of 5 next | 4 5 of 5 last", &[1, 2, 3], false),
        ("fewer than the count", "1 2 of 3 last", &[1, 2], false),
        ("more than the count", "1 2 of 1 last", &[1, 2], true),
        ("a lie that is consistent", "1 2 of 4 next | 3 4 of 4 last", &[1, 2, 3, 4], true),
        ("a count that falls", "1 of 3 next | 2 3 of 2 last", &[1, 2, 3], false),
        ("no links, no count, no empty page", "1 2 | 3", &[1, 2], false),
        ("no links, no count, an empty page", "1 2 | 3", &[1, 2, 3], true),
        ("near, listed once", "1 2 of 3 next | 2 3 of 3 last", &[1, 2, 3], true),
        ("near, listed twice", "1 2 of 3 next | 2 3 of 3 last", &[1, 2, 2, 3], false),
        ("near, hiding one", "1 2 of 4 next | 2 3 of 4 last", &[1, 2, 3], false),
        ("far, hiding one", "1 2 of 6 next | 3 4 of 6 next | 1 5 of 6 last", &[1, 2, 3, 4, 1, 5], false),
        ("within a page, hiding one", "1 1 of 2 last", &[1, 1], false),
        ("far, short by one", "1 2 of 5 next | 3 4 of 5 next | 2 of 5 last", &[1, 2, 3, 4, 2], false),
        (
            "far, listed once, hiding one",
            "1 2 of 6 next | 3 4 of 6 next | 1 5 of 6 last",
            &[1, 2, 3, 4, 5],
            false,
        ),
    ];
    for (name, pages, list, allowed) in cases {
        let server = server(pages, Promise::Nothing);
        assert_eq!(judge_buckets(&server, list, &None).is_ok(), allowed, "{name}");
    }
}

#[test]
fn what_comes_before_an_error_is_the_beginning_of_the_list() {
    let server = server("1 2 of 3 next | 2 4 of 3 last", Promise::Nothing);
    let error = Some("it broke".to_owned());
    for (list, allowed) in [(&[][..], true), (&[1, 2], true), (&[2], false), (&[1, 2, 2], false)] {
        assert_eq!(judge_buckets(&server, list, &error).is_ok(), allowed, "{list:?}");
    }
}

#[test]
fn promises_hold_whatever_the_server_says() {
    let well_behaved = server("1 2 of 2 last", Promise::Exactly(vec![1, 2]));
    let error = Some("it broke".to_owned());
    assert!(judge_buckets(&well_behaved, &[1, 2], &error).is_err(), "an error is not good enough");
    assert!(judge_pages(&well_behaved, &[], &error).is_err(), "an error is not good enough");
    let moving = server("1 2 of 3 next | 4 of 3 last", Promise::AtLeast(vec![1, 2, 3]));
    assert!(judge_buckets(&moving, &[1, 2, 4], &None).is_err(), "3 was there throughout");
    assert!(judge_buckets(&moving, &[1, 2], &error).is_ok());
    let runaway = Some("HTTP 400 (RUNAWAY)".to_owned());
    assert!(judge_buckets(&moving, &[1, 2], &runaway).is_err(), "it reads on without end");
}

#[test]
fn pages_are_those_that_were_sent_up_to_the_end() {
    let page = |number, ids: &[u32]| -> GivenPage { (number, ids.to_vec(), Some(4)) };
    let (first, second) = (page(1, &[1, 2]), page(2, &[2, 3]));
    let near = server("1 2 of 4 next | 2 3 of 4 last", Promise::Nothing);
    let whole = server("1 2 of 4 next | 3 4 of 4 last", Promise::Nothing);
    let cases: [(&str, &Server, &[GivenPage], bool); 5] = [
        ("all", &whole, &[first.clone(), page(2, &[3, 4])], true),
        ("one page too few", &whole, &[page(1, &[1, 2])], false),
        ("a page out of turn", &whole, &[page(2, &[3, 4])], false),
        ("a page without a bucket of it", &whole, &[first.clone(), page(2, &[3])], false),
        ("near, hiding one", &near, &[first, second], false),
    ];
    for (name, server, pages, allowed) in cases {
        assert_eq!(judge_pages(server, pages, &None).is_ok(), allowed, "{name}");
    }
}
