//! A server that falls silent after each byte that it sends: in the TLS handshake, in a head, in a body, and in a token
//! response. Each listing ends in an error at its deadline.
//!
//! Every byte, instead of one in ten, with the worst overshoot:
//!
//! ```text
//! STALLS_STEP=1 cargo test --release --all-features --test stalls -- --nocapture
//! ```

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use atlas_export_buckets::simulator::{Simulator, sample_buckets};
use atlas_export_buckets::{ClientBuilder, Error};
use support::faults::{kind, run_all};
use support::relay::Relay;
use support::tls::{Authority, Conduct, Flaw, Front};
use support::{client_builder, ids, project, sample_ids, service_account_builder};

const TIMEOUT: Duration = Duration::from_millis(250);
/// All of these wait at once.
const THREADS: usize = 16;
/// So short that no more than 100 tokens are active: `THREADS` in each `TIMEOUT`.
const TOKEN_LIFETIME: Duration = Duration::from_secs(1);
/// What a server may send after the page: TLS's own end.
const AFTER_THE_PAGE: u64 = 64;

struct Case {
    name: &'static str,
    builder: fn(&Simulator) -> ClientBuilder,
    is_tls: bool,
}

#[test]
fn a_server_that_falls_silent_after_any_byte_is_given_up_at_the_deadline() {
    let step = std::env::var("STALLS_STEP").map_or(10, |step| step.parse().unwrap());
    for case in [
        Case { name: "http, Digest", builder: client_builder, is_tls: false },
        Case { name: "TLS, Digest", builder: client_builder, is_tls: true },
        Case { name: "TLS, service account", builder: service_account_builder, is_tls: true },
    ] {
        stall(&case, step);
    }
}

fn stall(case: &Case, step: usize) {
    let atlas = Simulator::builder().buckets(sample_buckets(3)).token_rate_limit(None);
    let atlas = atlas.access_token_lifetime(TOKEN_LIFETIME).start().unwrap();
    let authority = Authority::new("trusted");
    let front = Front::start(&atlas, &authority, Flaw::None, Conduct::Honest);
    let list = |bytes: u64, timeout: Duration| {
        let relay = Relay::new(if case.is_tls { front.base_url() } else { atlas.base_url().into() }.as_str());
        let scheme = if case.is_tls { "https" } else { "http" };
        let builder = (case.builder)(&atlas).base_url(format!("{scheme}://{}", relay.address()));
        let builder = builder.ca_certificates(authority.pem()).timeout(timeout).retries(0);
        thread::scope(|scope| {
            let passing = scope.spawn(|| relay.pass(bytes));
            let client = builder.build().unwrap();
            let start = Instant::now();
            let result = ids(client.export_buckets(&project(&atlas)));
            let time = start.elapsed();
            drop(client);
            (result, time, passing.join().unwrap())
        })
    };

    let (result, _, passed) = list(u64::MAX, Duration::from_secs(60));
    assert_eq!(result.unwrap(), sample_ids(3), "{}", case.name);
    let total = passed.unwrap();
    let worst = Mutex::new(Duration::ZERO);
    let problems = run_all((0..total).step_by(step).collect(), THREADS, |bytes| {
        let (result, time, _) = list(bytes, TIMEOUT);
        let mut worst = worst.lock().unwrap();
        *worst = time.saturating_sub(TIMEOUT).max(*worst);
        match result {
            Err(error @ Error::Deadline { .. }) if time < TIMEOUT + Duration::from_secs(5) => {
                error.to_string().is_empty().then(|| "no message".to_owned()).into_iter().collect()
            }
            Ok(list) if list == sample_ids(3) && bytes + AFTER_THE_PAGE > total => vec![],
            Ok(list) => vec![format!("{}: {list:?} after {bytes} of {total} bytes", case.name)],
            Err(error) => vec![format!("{}: {} after {bytes} bytes in {time:?}", case.name, kind(&error))],
        }
    });
    let worst = worst.into_inner().unwrap();
    println!(
        "{:22} {total:5} bytes, every {step}; {:.1} ms late at worst",
        case.name,
        worst.as_secs_f64() * 1e3
    );
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
