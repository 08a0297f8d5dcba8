//! Many listings against random sequences of faults, eight at once over one client: each ends in the exact list or in a
//! typed error, and no page takes longer than its deadline and a second.
//!
//! What goes wrong follows from a seed, the project and how often it was asked for. In full, with the totals:
//!
//! ```text
//! SOAK_LISTINGS=20000 cargo test --release --features simulator --test soak -- --nocapture
//! ```
//!
//! Without `SOAK_LISTINGS` there are 2,000. `SOAK_SEED` is another seed.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::collections::{BTreeMap, HashMap};
use std::env;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use atlas_export_buckets::simulator::{Fault, Rejection, RequestInfo, Response, Simulator};
use atlas_export_buckets::{Client, Error, ProjectId};
use support::client_builder;
use support::faults::{kind, run_all};

const THREADS: usize = 8;
const ITEMS_PER_PAGE: u32 = 2;
const TIMEOUT: Duration = Duration::from_millis(700);

/// A random number for each combination of these: the finaliser of SplitMix64, over and over.
fn random(numbers: [u64; 3]) -> u64 {
    numbers.into_iter().fold(0x9e37_79b9_7f4a_7c15, |state, number| {
        let mut x = (state ^ number).wrapping_add(0x9e37_79b9_7f4a_7c15);
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    })
}

fn project_id(index: u64) -> String {
    format!("{index:024x}")
}

/// The ids of a project's buckets: none to seven, and none of them in another project.
fn bucket_ids(seed: u64, index: u64) -> Vec<String> {
    (0..random([seed, index, u64::MAX]) % 8).map(|number| format!("{index:016x}{number:08x}")).collect()
}

/// What goes wrong with a request: with one of six something does, with one of eighty nothing comes in time.
fn fault(random: u64) -> Option<Fault> {
    let answer = |status| Fault::Response(Response::atlas_error(status, "SOAK", "Told to.", &[]));
    let forever = Duration::from_secs(3600);
    Some(match random % 1000 {
        0..5 => Fault::Delay(forever),
        5..9 => Fault::DripBody { bytes: 1, every: Duration::from_secs(1) },
        9..12 => Fault::Drip { bytes: 1, every: Duration::from_secs(1) },
        12..30 => Fault::Reset,
        30..45 => Fault::Close,
        45..55 => Fault::CutHead,
        55..70 => Fault::CutBody,
        70..80 => Fault::CutChunks,
        80..90 => Fault::ResetBody,
        90..100 => Fault::CloseAfter,
        100..125 => answer([500, 502, 503, 504][random as usize / 1000 % 4]),
        125..127 => answer(429),
        127..130 => answer([400, 403, 404, 410][random as usize / 1000 % 4]),
        130..132 => Fault::Response(Response::html(200, "<html>")),
        132..134 => Fault::Response(Response::redirect(302, "http://elsewhere.invalid/")),
        134..136 => Fault::Response(Response::new(200).body("{\"results\":[")),
        136..138 => Fault::EndlessBody,
        138..140 => Fault::ManyHeaders(200),
        140..146 => Fault::Stale,
        146..150 => Fault::Unauthorized,
        150..153 => Fault::ForgetNonces,
        153..154 => Fault::BasicOnly,
        154..155 => Fault::WrongRspauth,
        155..160 => Fault::NoLinks,
        160..163 => Fault::NextForEver,
        163..165 => Fault::IgnorePageNum,
        165..167 => Fault::Count(3),
        _ => return None,
    })
}

fn start(seed: u64, listings: u64) -> Simulator {
    let asked: Mutex<HashMap<String, u64>> = Mutex::default();
    let script = move |request: &RequestInfo| {
        let project = request.project_id.clone().unwrap_or_default();
        let index = u64::from_str_radix(&project, 16).unwrap_or(u64::MAX);
        let mut asked = asked.lock().unwrap();
        let times = asked.entry(project).or_default();
        *times += 1;
        fault(random([seed, index, *times]))
    };
    let mut builder = Simulator::builder().strict(true).script(script);
    for index in 0..listings {
        let bucket = |id| format!(r#"{{"_id":"{id}","bucketName":"soak","cloudProvider":"AWS"}}"#);
        builder = builder.project(project_id(index), bucket_ids(seed, index).into_iter().map(bucket));
    }
    builder.start().unwrap()
}

/// Lists a project; also how long the slowest page took.
fn list(client: &Client, project: &ProjectId) -> (Result<Vec<String>, Error>, Duration) {
    let mut buckets = client.export_buckets(project);
    let (mut ids, mut slowest) = (Vec::new(), Duration::ZERO);
    loop {
        let start = Instant::now();
        let next = buckets.next();
        slowest = slowest.max(start.elapsed());
        match next {
            Some(Ok(bucket)) => ids.push(bucket.id),
            Some(Err(error)) => return (Err(error), slowest),
            None => return (Ok(ids), slowest),
        }
    }
}

fn setting(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |value| value.parse().unwrap())
}

#[test]
fn every_listing_ends_in_the_exact_list_or_in_a_typed_error_within_its_deadline() {
    let (listings, seed) = (setting("SOAK_LISTINGS", 2000), setting("SOAK_SEED", 1));
    let atlas = start(seed, listings);
    let builder = client_builder(&atlas).items_per_page(ITEMS_PER_PAGE).timeout(TIMEOUT).retries(4);
    let client = builder.max_body_bytes(1024 * 1024).build().unwrap();
    let totals: Mutex<BTreeMap<String, u64>> = Mutex::default();
    let slowest = Mutex::new(Duration::ZERO);
    let started = Instant::now();
    let problems = run_all((0..listings).collect(), THREADS, |index| {
        let project: ProjectId = project_id(index).parse().unwrap();
        let (result, time) = list(&client, &project);
        let total = match &result {
            Ok(_) => "exact list".to_owned(),
            Err(error) => kind(error),
        };
        *totals.lock().unwrap().entry(total).or_default() += 1;
        let mut slowest = slowest.lock().unwrap();
        *slowest = slowest.max(time);
        let is_late =
            (time > TIMEOUT + Duration::from_secs(1)).then(|| format!("{index}: {time:?}, {result:?}"));
        let is_wrong = result.is_ok_and(|ids| ids != bucket_ids(seed, index));
        is_late.into_iter().chain(is_wrong.then(|| format!("{index}: a wrong list"))).collect()
    });
    let totals = totals.into_inner().unwrap();
    println!("seed {seed}: {listings} listings in {:.1?}, {:?}", started.elapsed(), atlas.stats());
    println!("the slowest page took {:?}, its deadline was {TIMEOUT:?}", slowest.into_inner().unwrap());
    totals.iter().for_each(|(total, count)| println!("{count:7} {total}"));
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(atlas.rejections().iter().all(Rejection::is_stale), "{:?}", atlas.rejections());
    assert_eq!(totals.values().sum::<u64>(), listings);
    // The wait after a 429 mostly fits into the deadline.
    assert!(totals.get("RateLimited").is_none_or(|&count| count * 20 < listings), "{totals:?}");
    assert!(totals["exact list"] > listings / 2 && totals.len() > 5, "{totals:?}");
}
