//! How much memory the program takes at most: while a body does not end, and while a list does not.

// Only there does the system tell the peak of another process.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener};
use std::process::Command;
use std::time::Duration;
use std::{fs, thread};

use atlas_export_buckets::simulator::{Fault, Response, Simulator, When, sample_buckets};
use atlas_export_buckets::{ApiKey, Client};
use support::process::messages;
use support::program::program;
use support::wait::wait_for;

const MOST_KIB: u64 = 32 * 1024;
/// The longest page.
const LIMIT: usize = 4 * 1024 * 1024;

/// `VmHWM`: the most memory that was ever resident; `None` once the process has ended.
fn peak_kib(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

/// Runs `list` until it ends, and returns the peak that was seen last, the status and standard error.
fn run(base_url: &str, timeout: &str) -> (u64, Option<i32>, String) {
    let running = program()
        .args(["list", "-o", "json", "--project-id", "32b6e34b3d91647abb20e7b8", "--retries", "0"])
        .args(["--base-url", base_url, "--timeout", timeout])
        .key("simatlas", "1d0fb6a2-5e4c-4b6f-9a37-c0ffee5eed01")
        .start();
    let mut peak = 0;
    wait_for("the end of the program", || match peak_kib(running.id()) {
        Some(kib) => {
            peak = kib;
            None
        }
        None => Some(()),
    });
    let (status, stderr) = running.wait();
    (peak, status, stderr)
}

#[test]
fn a_body_without_end_costs_less_than_32_mib() {
    let atlas = Simulator::builder();
    let atlas = atlas.fault(When::always().with_authorization(), Fault::EndlessBody).start().unwrap();
    let (peak, status, stderr) = run(atlas.base_url(), "9");
    assert_eq!((status, messages(&stderr)), (Some(1), 1), "{stderr}");
    assert!(stderr.contains("its body is longer than 4194304 bytes"), "{stderr}");
    println!("an endless body: {peak} KiB");
    assert!(peak < MOST_KIB, "{peak} KiB");
}

/// The peak lasts until the deadline here, so that it cannot be missed.
#[test]
fn a_body_that_stops_at_the_limit_costs_less_than_32_mib() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        assert!(socket.read(&mut [0; 16 * 1024]).unwrap() > 0, "there was no request");
        write!(socket, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{LIMIT:x}\r\n").unwrap();
        socket.write_all(&vec![b' '; LIMIT]).unwrap();
        socket.shutdown(Shutdown::Read).unwrap();
        socket
    });
    let (peak, status, stderr) = run(&base_url, "3");
    drop(server.join().unwrap());
    assert_eq!((status, messages(&stderr)), (Some(6), 1), "{stderr}");
    assert!(stderr.contains("within the deadline of 3 s"), "{stderr}");
    println!("a body of 4 MiB that does not end: {peak} KiB");
    assert!(peak > LIMIT as u64 / 1024, "all of it was read: {peak} KiB");
    assert!(peak < MOST_KIB, "{peak} KiB");
}

/// The peak after so many whole pages of 500 were printed, while the next one is waited for.
fn peak_after(pages: usize) -> u64 {
    let never = Fault::Delay(Duration::from_secs(3600));
    let atlas = Simulator::builder().buckets(sample_buckets(500 * pages + 1));
    // The first request is challenged.
    let atlas = atlas.fault(When::nth(pages as u64 + 2), never).start().unwrap();
    let running = program()
        .args(["list", "-o", "ndjson", "--project-id", atlas.project_id(), "--base-url", atlas.base_url()])
        .key(atlas.public_key(), atlas.private_key())
        .start();
    assert!(running.first_lines(500 * pages).iter().all(|line| line.ends_with('}')));
    peak_kib(running.id()).unwrap()
}

#[test]
fn memory_does_not_grow_with_the_list() {
    let (few, many) = (peak_after(2), peak_after(100));
    println!("1,000 buckets: {few} KiB; 50,000: {many} KiB");
    assert!(many * 10 <= few * 13, "{few} KiB, then {many} KiB");
}

/// A hundred projects of 1 MiB are ready, or would be, while the first one stalls.
#[test]
fn projects_that_wait_for_their_turn_hold_at_most_64_mib_together() {
    const OF_A_PAGE: usize = 500;
    let bucket = |index: usize| {
        let filler = "x".repeat(2_000);
        format!(r#"{{"_id":"{index:024x}","bucketName":"b","cloudProvider":"AWS","new":"{filler}"}}"#)
    };
    let buckets: Vec<String> = (0..OF_A_PAGE).map(bucket).collect();
    let stalled = "f".repeat(24);
    let ids: Vec<String> =
        std::iter::once(stalled.clone()).chain((0..100).map(|index| format!("{index:024x}"))).collect();
    for format in ["ndjson", "json"] {
        let atlas = ids.iter().fold(Simulator::builder(), |builder, id| builder.project(id, &buckets));
        let never = Fault::Delay(Duration::from_secs(3600));
        let atlas = atlas.fault(When::always().in_project(&stalled), never).start().unwrap();
        let running = program()
            .args(["list", "-o", format, "--project-id", "-", "--jobs", "8", "--max-time", "4"])
            .args(["--base-url", atlas.base_url()])
            .key(atlas.public_key(), atlas.private_key())
            .stdin(ids.join("\n"))
            .start();
        let mut peak = 0;
        wait_for("the end of the program", || match peak_kib(running.id()) {
            Some(kib) => {
                peak = kib;
                None
            }
            None => Some(()),
        });
        println!("{format}: {peak} KiB, {} pages", atlas.stats().pages);
        assert!(atlas.stats().pages > 30, "{:?}", atlas.stats());
        assert!(peak < 64 * 1024 + MOST_KIB, "{format}: {peak} KiB");
    }
}

/// Lists by the library, and prints the peak of this process and how the list ended. See [`peak_of_library`].
#[test]
#[ignore = "runs in a process of its own, for the tests below"]
fn list_in_a_process_of_its_own() {
    let key = ApiKey::new("simatlas", "1d0fb6a2-5e4c-4b6f-9a37-c0ffee5eed01").unwrap();
    let client = Client::builder(key).base_url(std::env::var("MEMORY_BASE_URL").unwrap()).retries(0);
    let client = client.build().unwrap();
    let project = "32b6e34b3d91647abb20e7b8".parse().unwrap();
    let mut count = 0;
    let error = client.export_buckets(&project).find_map(|bucket| bucket.map(|_| count += 1).err());
    println!("peak {} KiB, {count} buckets, {error:?}", peak_kib(std::process::id()).unwrap());
}

/// The peak of a process that lists by the library, in KiB, and how the list ended.
fn peak_of_library(atlas: &Simulator) -> (u64, String) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "list_in_a_process_of_its_own", "--nocapture"])
        .env("MEMORY_BASE_URL", atlas.base_url())
        // What is measured is what is needed, not what glibc keeps for later.
        .env("MALLOC_MMAP_THRESHOLD_", "131072")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text.split("peak ").nth(1).unwrap_or_else(|| panic!("{text}")).lines().next().unwrap();
    let (peak, outcome) = line.split_once(" KiB, ").unwrap();
    (peak.parse().unwrap(), outcome.to_owned())
}

/// An simulated Atlas that answers each page with this body.
fn atlas_with_body(body: impl Into<Vec<u8>>) -> Simulator {
    let response = Fault::Response(Response::new(200).body(body.into()));
    Simulator::builder().fault(When::always().with_authorization(), response).start().unwrap()
}

/// As often as it fits between these, separated by commas.
fn filled(before: &str, element: &str, after: &str) -> String {
    let room = LIMIT - before.len() - after.len();
    format!("{before}{}{after}", vec![element; (room + 1) / (element.len() + 1)].join(","))
}

#[test]
fn no_body_of_4_mib_takes_more_than_64_mib() {
    let known = r#""_id":"5","bucketName":"b","cloudProvider":"AWS""#;
    let depth = LIMIT / 2 - 100;
    let bucket_of_400 = format!(r#"{{{known},"new":"{}"}}"#, "x".repeat(360));
    let cases = [
        ("white space", format!("{{\"results\":[]{}}}", " ".repeat(LIMIT - 15)), "0 buckets, None"),
        ("numbers in an unknown field", filled("{\"results\":[],\"new\":[", "1", "]}"), "0 buckets, None"),
        (
            "objects in an unknown field",
            filled("{\"results\":[],\"new\":[", "{\"a\":{}}", "]}"),
            "0 buckets, None",
        ),
        ("numbers as results", filled("{\"results\":[", "1", "]}"), "0 buckets, Some(the answer is not"),
        (
            "empty objects as results",
            filled("{\"results\":[", "{}", "]}"),
            "0 buckets, Some(the answer is not",
        ),
        (
            "small buckets",
            filled("{\"results\":[", &format!("{{{known}}}"), "]}"),
            "0 buckets, Some(the answer is not",
        ),
        (
            "10,000 buckets",
            filled("{\"links\":[{\"rel\":\"self\"}],\"results\":[", &bucket_of_400, "]}"),
            "1 buckets, None",
        ),
        ("links", filled("{\"results\":[],\"links\":[", "{}", "]}"), "0 buckets, Some(the answer is not"),
        (
            "links of a bucket",
            filled(&format!("{{\"results\":[{{{known},\"links\":["), "{}", "]}]}"),
            "0 buckets, Some(the answer is not",
        ),
        (
            "links of 10,000 buckets",
            filled("{\"results\":[", &format!(r#"{{{known},"links":[{}{{}}]}}"#, "{},".repeat(125)), "]}"),
            "0 buckets, Some(the answer is not",
        ),
        (
            "a bucket with an array",
            filled(
                &format!("{{\"links\":[{{\"rel\":\"self\"}}],\"results\":[{{{known},\"new\":["),
                "1",
                "]}]}",
            ),
            "1 buckets, None",
        ),
        (
            "a name of escapes",
            format!(
                r#"{{"links":[{{"rel":"self"}}],"results":[{{"_id":"5","cloudProvider":"AWS","bucketName":"{}"}}]}}"#,
                "\\u0041".repeat(LIMIT / 6 - 20)
            ),
            "1 buckets, None",
        ),
        (
            "parameters of an error",
            filled("{\"error\":400,\"errorCode\":\"X\",\"parameters\":[", "1", "]}"),
            "0 buckets, Some(the server refused",
        ),
        (
            "nested as deep as it goes",
            format!("{{\"results\":[],\"new\":{}{}}}", "[".repeat(depth), "]".repeat(depth)),
            "0 buckets, None",
        ),
        ("an envelope", filled("{\"envelope\":{\"results\":[],\"new\":[", "1", "]}}"), "0 buckets, None"),
    ];
    for (name, body, expected) in cases {
        assert!(body.len() <= LIMIT && body.len() > LIMIT - 600, "{name}: {} bytes", body.len());
        let (peak, outcome) = peak_of_library(&atlas_with_body(body));
        println!("{name}: {peak} KiB");
        assert!(outcome.starts_with(expected), "{name}: {outcome}");
        assert!(peak < 64 * 1024, "{name}: {peak} KiB");
    }
}

/// A body of this many sample buckets, whose links say that there is, or is not, a next page.
fn page_of(buckets: &[String], has_next: bool) -> String {
    let rel = if has_next { "next" } else { "self" };
    format!(r#"{{"links":[{{"href":"h","rel":"{rel}"}}],"results":[{}]}}"#, buckets.join(","))
}

#[test]
fn a_page_takes_at_most_six_times_its_bytes() {
    let body = page_of(&sample_buckets(10_000), false);
    let bytes = body.len() as u64;
    let (least, _) = peak_of_library(&atlas_with_body(page_of(&sample_buckets(1), false)));
    let (peak, outcome) = peak_of_library(&atlas_with_body(body));
    assert_eq!(outcome, "10000 buckets, None");
    let times = (peak - least) as f64 * 1024.0 / bytes as f64;
    println!("10,000 buckets, {bytes} bytes: {times:.1} times that");
    assert!(times <= 6.0, "{times}");
}

#[test]
fn a_list_that_is_streamed_takes_at_most_16_bytes_an_id_beyond_a_page() {
    const PAGES: u32 = 30;
    const OF_A_PAGE: u64 = 10_000;
    let listing = |pages: u32| {
        let atlas = Simulator::builder().script(move |request| {
            let page_num = u64::from(request.page_num.unwrap_or_default());
            let bucket =
                |index| format!(r#"{{"_id":"{index:024x}","bucketName":"b","cloudProvider":"AWS"}}"#);
            let buckets: Vec<String> =
                (0..OF_A_PAGE).map(|index| bucket(page_num * OF_A_PAGE + index)).collect();
            let body = page_of(&buckets, page_num < u64::from(pages));
            request.has_authorization.then(|| Fault::Response(Response::new(200).body(body)))
        });
        peak_of_library(&atlas.start().unwrap())
    };
    let (one, _) = listing(2);
    let (all, outcome) = listing(PAGES);
    assert_eq!(outcome, format!("{} buckets, None", u64::from(PAGES) * OF_A_PAGE));
    let bytes = (all.saturating_sub(one)) * 1024 / (u64::from(PAGES - 2) * OF_A_PAGE);
    println!("2 pages: {one} KiB, {PAGES} pages: {all} KiB, {bytes} bytes an id");
    assert!(bytes <= 16, "{bytes}");
}
