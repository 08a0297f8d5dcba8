//! Many threads and many projects over one client: the failure of one does not disturb the others, and nothing is lost.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use atlas_export_buckets::simulator::{
    Fault, Rejection, RequestKind, Response, Simulator, When, sample_buckets,
};
use atlas_export_buckets::{Client, Error, ProjectId};
use support::faults::{kind, run_all};
use support::{client_builder, ids, project, sample_ids, service_account_builder};

const SECOND: Duration = Duration::from_secs(1);

/// Lists all projects of the simulator, so many at once. Returns what each came to, in no order.
fn list_all(client: &Client, atlas: &Simulator, jobs: usize) -> Vec<(String, Result<usize, Error>)> {
    let done = std::sync::Mutex::new(Vec::new());
    run_all(atlas.project_ids().to_vec(), jobs, |id| {
        let project: ProjectId = id.parse().unwrap();
        let count = ids(client.export_buckets(&project)).map(|ids| ids.len());
        done.lock().unwrap().push((id, count));
        Vec::new()
    });
    done.into_inner().unwrap()
}

/// One project has this trouble; 38 others must be listed as if it had not.
fn assert_that_no_other_project_is_held_up(fault: Fault, expected: &str) {
    let atlas = Simulator::builder().projects(39, 2).start().unwrap();
    let troubled = atlas.project_ids()[3].clone();
    atlas.inject(When::always().with_authorization().in_project(&troubled), fault);
    let client = client_builder(&atlas).timeout(SECOND * 2).build().unwrap();
    let start = Instant::now();
    let results = list_all(&client, &atlas, 4);
    assert!(start.elapsed() < SECOND * 4, "{:?}", start.elapsed());
    assert_eq!(results.len(), 39);
    for (id, result) in results {
        match result {
            Ok(count) => assert_eq!((count, id == troubled), (2, false), "{id}"),
            Err(error) => {
                assert_eq!((kind(&error).as_str(), id == troubled), (expected, true), "{id}: {error}")
            }
        }
    }
}

#[test]
fn a_rate_limit_of_one_project_holds_up_no_other() {
    let hour = Response::atlas_error(429, "RATE_LIMITED", "Wait.", &[]).header("Retry-After", "3600");
    assert_that_no_other_project_is_held_up(Fault::Response(hour), "RateLimited");
}

#[test]
fn a_project_that_hangs_holds_up_no_other() {
    assert_that_no_other_project_is_held_up(Fault::Delay(SECOND * 60), "Deadline");
}

#[test]
fn a_server_that_keeps_one_nonce_a_user_is_listed_by_four_jobs() {
    let atlas = Simulator::builder().projects(20, 2).strict(true).start().unwrap();
    // Each challenge ends the nonces that were given out before.
    atlas.inject(When::always().without_authorization(), Fault::ForgetNonces);
    let client = client_builder(&atlas).build().unwrap();
    for (id, result) in list_all(&client, &atlas, 4) {
        assert_eq!(result.unwrap(), 2, "{id}");
    }
    assert!(atlas.rejections().iter().all(Rejection::is_stale), "{:?}", atlas.rejections());
}

#[test]
fn a_thousand_projects_by_sixteen_jobs_take_a_fourteenth_of_the_time_of_one() {
    let atlas = Simulator::builder().projects(1000, 1).start().unwrap();
    atlas.inject(When::always(), Fault::Delay(Duration::from_millis(20)));
    let client = client_builder(&atlas).build().unwrap();
    let start = Instant::now();
    let results = list_all(&client, &atlas, 16);
    let elapsed = start.elapsed();
    assert!(results.into_iter().all(|(_, result)| result.unwrap() == 1));
    // One by one, the delays alone are 20 s. What the test's own simulator takes on two busy cores is given as much again.
    assert!(elapsed < SECOND * 20 / 7, "{elapsed:?}");
    assert!(atlas.stats().requests <= 1000 + 16, "{:?}", atlas.stats());
}

/// The nonce and the `nc` of a request, if it has them.
fn nonce_and_nc(authorization: &[u8]) -> Option<(String, String)> {
    let text = String::from_utf8_lossy(authorization);
    let parameter = |name: &str| {
        let value = text.split(name).nth(1)?;
        Some(value.split([',', '"']).next()?.to_owned())
    };
    Some((parameter("nonce=\"")?, parameter("nc=")?))
}

/// Random faults that pass, by the number of the request.
fn passing_fault(number: u64) -> Option<Fault> {
    let now = |status| Fault::Response(Response::new(status).header("Retry-After", "0"));
    match number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56 {
        0 => Some(Fault::Reset),
        1 => Some(Fault::CutBody),
        2 => Some(now(503)),
        3 => Some(Fault::CloseAfter),
        4 => Some(Fault::ForgetNonces),
        _ => None,
    }
}

fn stress(atlas: &Simulator, client: &Client, requests: u64) {
    let number = AtomicU64::new(0);
    // A request for a token that broke is not sent again.
    atlas.script(move |request| match request.kind {
        RequestKind::Token => None,
        _ => passing_fault(number.fetch_add(1, Relaxed)),
    });
    let left = AtomicU64::new(requests);
    let (project, expected) = (project(atlas), sample_ids(3));
    thread::scope(|scope| {
        for _ in 0..64 {
            scope.spawn(|| {
                while left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok() {
                    assert_eq!(ids(client.export_buckets(&project)).unwrap(), expected);
                }
            });
        }
    });
}

#[test]
fn sixty_four_threads_lose_nothing_and_send_no_nc_twice_for_a_nonce() {
    for (uses, requests) in [(1, 1000), (2, 1000), (50, 2000)] {
        let seen = std::sync::Arc::new(std::sync::Mutex::new((HashSet::new(), Vec::new())));
        let sent = std::sync::Arc::clone(&seen);
        let atlas =
            Simulator::builder().nonce_uses(uses).buckets(sample_buckets(3)).observe(move |request| {
                if let Some(pair) = request.header("authorization").and_then(nonce_and_nc) {
                    let (all, twice) = &mut *sent.lock().unwrap();
                    if !all.insert(pair.clone()) {
                        twice.push(pair);
                    }
                }
            });
        let atlas = atlas.start().unwrap();
        stress(&atlas, &client_builder(&atlas).retries(8).build().unwrap(), requests);
        let (all, twice) = &*seen.lock().unwrap();
        assert!(all.len() as u64 >= requests && twice.is_empty(), "{uses} uses: {twice:?}");
    }
}

#[test]
fn sixty_four_threads_with_tokens_of_a_second_lose_nothing() {
    let builder = Simulator::builder().access_token_lifetime(SECOND).token_rate_limit(None);
    let atlas = builder.buckets(sample_buckets(3)).start().unwrap();
    stress(&atlas, &service_account_builder(&atlas).retries(8).build().unwrap(), 6000);
}
