//! The secrets of a test, and the places where they may not appear: texts, logs and the wire dump.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::mem;
use std::sync::{LazyLock, Mutex};
use std::thread::{self, ThreadId};

use atlas_export_buckets::simulator::RecordedRequest;
use log::{LevelFilter, Log, Metadata, Record};
use md5::Digest as _;

pub const PRIVATE_KEY: &str = "f00dfeed-0000-4000-8000-5ec7e75ec7e7";

/// The private key, its hash in Digest (H(A1)), and the responses in the `Authorization` fields that were sent.
pub struct Secrets {
    known: Vec<String>,
    responses: Mutex<HashSet<String>>,
}

impl Default for Secrets {
    fn default() -> Self {
        let a1 = |realm| format!("public:{realm}:{PRIVATE_KEY}");
        let hash = |realm| md5::Md5::digest(a1(realm)).iter().map(|byte| format!("{byte:02x}")).collect();
        let known = ["MMS Public API", "r"].map(hash);
        let known = known.into_iter().chain([PRIVATE_KEY.to_owned()]).collect();
        Secrets { known, responses: Mutex::default() }
    }
}

impl Secrets {
    /// Adds the responses in the `Authorization` fields of these requests.
    pub fn learn(&self, requests: &[RecordedRequest]) {
        let values = requests.iter().filter_map(|request| request.header("authorization"));
        self.responses.lock().unwrap().extend(values.filter_map(response));
    }

    pub fn count(&self) -> usize {
        self.responses.lock().unwrap().len()
    }

    /// The secrets in `text`. Of an `Authorization` only the response is secret.
    pub fn found_in(&self, text: &str) -> Vec<String> {
        let responses = self.responses.lock().unwrap();
        let known = self.known.iter().filter(|secret| text.contains(*secret));
        // Responses are hexadecimal, and many: they are looked up rather than searched for.
        let digits = text.split(|character: char| !character.is_ascii_hexdigit());
        let windows = digits.filter_map(|run| run.len().checked_sub(RESPONSE).map(|last| (run, last)));
        let windows = windows.flat_map(|(run, last)| (0..=last).map(move |at| &run[at..at + RESPONSE]));
        let sent = windows.filter(|window| responses.contains(*window));
        known.map(String::as_str).chain(sent).map(str::to_owned).collect()
    }

    /// The secrets in what was logged so far.
    pub fn leaks_in_logs(&self) -> Vec<String> {
        // Taken out, so that other threads can go on logging.
        let records = mem::take(&mut *LOGS.lock().unwrap());
        assert!(records.len() > 100, "logs were captured");
        let in_record = |record: &String| {
            self.found_in(record)
                .into_iter()
                .map(|secret| format!("{secret} in {record}"))
                .collect::<Vec<_>>()
        };
        let mut leaks: Vec<String> = records.iter().flat_map(in_record).collect();
        let wire: Vec<String> = WIRE.lock().unwrap().values().cloned().collect();
        leaks.extend(
            self.known.iter().filter(|secret| wire.iter().any(|text| text.contains(*secret))).cloned(),
        );
        leaks
    }

    /// Whether the wire dump shows what was sent, which is why the docs warn of it.
    pub fn are_on_the_wire(&self) -> bool {
        let wire: Vec<String> = WIRE.lock().unwrap().values().cloned().collect();
        wire.iter().any(|text| !self.found_in(text).is_empty())
    }
}

/// How long a response by MD5 is.
const RESPONSE: usize = 32;

fn response(authorization: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(authorization);
    let response = text.split("response=\"").nth(1)?.split('"').next()?;
    assert_eq!(response.len(), RESPONSE, "{text}");
    Some(response.to_owned())
}

/// What every crate logged, from old to new.
static LOGS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// What `ureq-proto` dumps at `Trace`: every byte that is sent and received, sixteen a record, here joined for each
/// thread. It holds the headers that were sent, so it is the only log of the client that may hold secrets.
static WIRE: LazyLock<Mutex<HashMap<ThreadId, String>>> = LazyLock::new(Mutex::default);

const WIRE_DUMP: &str = "ureq_proto::util";

/// How much is kept of an endless body: 64 KiB.
const MOST_ROWS: u32 = 4096;

thread_local! {
    /// How many rows were dumped since anything else was logged.
    static ROWS: Cell<u32> = const { Cell::new(0) };
}

struct Capture;

impl Log for Capture {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        if record.target() != WIRE_DUMP || record.level() != log::Level::Trace {
            let text = format!("{} {}: {}", record.level(), record.target(), record.args());
            LOGS.lock().unwrap().push(text);
            ROWS.set(0);
        } else if ROWS.get() < MOST_ROWS && !is_server() {
            ROWS.set(ROWS.get() + 1);
            let text = record.args().to_string();
            let characters = text.rsplit(' ').next().unwrap_or_default();
            WIRE.lock().unwrap().entry(thread::current().id()).or_default().push_str(characters);
        }
    }

    fn flush(&self) {}
}

/// Whether this thread is the simulator's. Its dump says nothing about the client.
fn is_server() -> bool {
    thread::current().name().is_some_and(|name| name.starts_with("atlas-simulator"))
}

/// The records of this crate so far, which stay where they are.
pub fn own_logs() -> Vec<String> {
    let logs = LOGS.lock().unwrap();
    logs.iter().filter(|record| record.contains(" atlas_export_buckets")).cloned().collect()
}

/// Keeps every record of every crate from now on, at every level.
pub fn capture_logs() {
    log::set_logger(&Capture).unwrap();
    log::set_max_level(LevelFilter::Trace);
}
