//! A model of listing servers: random ones, well-behaved and not, and an oracle that says which outcomes are allowed.
//!
//! Whatever a server does, a listing must end in a whole list (each bucket that was there throughout, once, in the
//! server's order) or in an error. A well-behaved server must be listed, so that an error for all does not pass.
//!
//! A server follows from its seed. Many of them, or one again:
//!
//! ```text
//! MODEL_SERVERS=20000 cargo test --features simulator --test model -- --nocapture
//! MODEL_SEED=4711 MODEL_SERVERS=1 cargo test --features simulator --test model
//! ```
//!
//! Without `MODEL_SERVERS` there are 500, without `MODEL_SEED` the first one's seed is 1, and each next one's is
//! higher by one.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod generate;
mod oracle;
mod random;
mod server;
#[path = "../support/mod.rs"]
mod support;
mod verdicts;

use std::collections::BTreeMap;
use std::env;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use atlas_export_buckets::simulator::{Fault, RequestInfo, Response, Simulator};
use atlas_export_buckets::{Client, Error, ProjectId};
use oracle::{Failure, GivenPage};
use server::{Envelope, Promise, Server};
use support::client_builder;

/// Most of the time of a listing in which something goes wrong is a wait before it is tried again.
const THREADS: usize = 16;
/// No walk has reason to go as far.
const LAST_PAGE: usize = 300;

/// A server and how many requests it got.
struct Hosted {
    seed: u64,
    server: Server,
    requests: AtomicU64,
}

/// One simulated Atlas in which each project is another server, the first one the project 0.
fn start(servers: &Arc<Vec<Hosted>>) -> Simulator {
    let servers = Arc::clone(servers);
    let script = move |request: &RequestInfo| {
        // Without an answer from here, the simulated Atlas sends its challenge.
        if !request.has_authorization {
            return Vec::new();
        }
        let project = request.project_id.as_deref().unwrap();
        let hosted = &servers[usize::from_str_radix(project, 16).unwrap()];
        let page_num = request.page_num.unwrap() as usize;
        if page_num > LAST_PAGE {
            return vec![Fault::Response(Response::atlas_error(400, "RUNAWAY", "Enough.", &[]))];
        }
        let number = hosted.requests.fetch_add(1, Ordering::Relaxed) + 1;
        hosted.server.answer(number, page_num, !request.target.contains("includeCount=false"))
    };
    // A nonce does not wear out: the answers of the script would take the place of a refusal.
    let builder = Simulator::builder().nonce_uses(u32::MAX).nonce_lifetime(Duration::from_secs(86_400));
    builder.script(script).start().unwrap()
}

/// Clients with every setting that a server may be asked with, by whether there is an envelope and a count.
fn clients(atlas: &Simulator) -> [[Client; 2]; 2] {
    let client = |envelope, count| {
        client_builder(atlas).envelope(envelope).include_count(count).retries(5).build().unwrap()
    };
    [[client(false, false), client(false, true)], [client(true, false), client(true, true)]]
}

fn number_of(bucket_id: &str) -> u32 {
    u32::from_str_radix(bucket_id, 16).unwrap()
}

/// Reads an iterator to its end, which is `None` or an error, and must stay it.
fn read<T>(mut items: impl Iterator<Item = Result<T, Error>>) -> (Vec<T>, Failure) {
    let mut given = Vec::new();
    let failure = loop {
        match items.next() {
            Some(Ok(item)) => given.push(item),
            Some(Err(error)) => break Some(error.to_string()),
            None => break None,
        }
    };
    assert!(items.next().is_none(), "there was more after the end");
    (given, failure)
}

/// Lists a server in both ways, and tells what is wrong with it.
fn problems(client: &Client, project: &ProjectId, server: &Server) -> (Vec<String>, &'static str) {
    let (pages, pages_failure) = read(client.export_bucket_pages(project));
    let pages: Vec<GivenPage> = pages
        .into_iter()
        .map(|page| {
            let ids = page.results.iter().map(|bucket| number_of(&bucket.id)).collect();
            (page.page_num, ids, page.total_count)
        })
        .collect();
    let (buckets, failure) = read(client.export_buckets(project));
    let buckets: Vec<u32> = buckets.iter().map(|bucket| number_of(&bucket.id)).collect();

    let mut problems = Vec::new();
    if let Err(problem) = oracle::judge_buckets(server, &buckets, &failure) {
        problems.push(format!("buckets {buckets:?}, {failure:?}: {problem}"));
    }
    if let Err(problem) = oracle::judge_pages(server, &pages, &pages_failure) {
        problems.push(format!("{} pages, {pages_failure:?}: {problem}", pages.len()));
    }
    if failure.is_some() != pages_failure.is_some() {
        problems.push(format!("buckets end in {failure:?}, pages in {pages_failure:?}"));
    }
    let outcome = match (&server.promise, failure.is_none()) {
        (Promise::Exactly(_), true) => "well-behaved, listed",
        (Promise::Exactly(_), false) => "well-behaved, an error",
        (Promise::AtLeast(_), true) => "moving, listed",
        (Promise::AtLeast(_), false) => "moving, an error",
        (Promise::Nothing, true) => "lying, listed by its own words",
        (Promise::Nothing, false) => "lying, an error",
    };
    (problems, outcome)
}

fn setting(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |value| value.parse().unwrap())
}

#[test]
fn every_listing_ends_in_a_whole_list_or_in_an_error() {
    let (count, first) = (setting("MODEL_SERVERS", 500), setting("MODEL_SEED", 1));
    let host = |index| {
        let seed = first.wrapping_add(index);
        Hosted { seed, server: generate::server(seed), requests: AtomicU64::new(0) }
    };
    let servers: Arc<Vec<Hosted>> = Arc::new((0..count).map(host).collect());
    let atlas = start(&servers);
    let started = Instant::now();
    let outcomes: Mutex<BTreeMap<&str, u64>> = Mutex::default();
    let failures: Mutex<Vec<(usize, String)>> = Mutex::default();
    // Each thread has clients of its own, and takes every sixteenth server.
    let list = |thread| {
        let clients = clients(&atlas);
        for (index, Hosted { seed, server, .. }) in servers.iter().enumerate().skip(thread).step_by(THREADS) {
            let project: ProjectId = format!("{index:024x}").parse().unwrap();
            let has_envelope = server.envelope != Envelope::None;
            let client = &clients[usize::from(has_envelope)][usize::from(server.count_wanted)];
            let (problems, outcome) = problems(client, &project, server);
            *outcomes.lock().unwrap().entry(outcome).or_default() += 1;
            for problem in problems {
                let line = format!("MODEL_SEED={seed} MODEL_SERVERS=1\n  {server}\n  {problem}");
                failures.lock().unwrap().push((server.to_string().len(), line));
            }
        }
    };
    thread::scope(|scope| {
        let list = &list;
        for thread in 0..THREADS {
            scope.spawn(move || list(thread));
        }
    });
    let outcomes = outcomes.into_inner().unwrap();
    assert_eq!(atlas.rejections(), []);
    println!("{count} servers from seed {first} in {:.1?}, {:?}", started.elapsed(), atlas.stats());
    outcomes.iter().for_each(|(outcome, count)| println!("{count:7} {outcome}"));
    let mut failures = failures.into_inner().unwrap();
    failures.sort();
    // The smallest servers say it best.
    let shown: Vec<&str> = failures.iter().take(5).map(|(_, line)| line.as_str()).collect();
    assert!(failures.is_empty(), "{} problems, such as\n{}", failures.len(), shown.join("\n"));
    assert!(count < 100 || outcomes.len() >= 5, "not every kind of server came: {outcomes:?}");
}
