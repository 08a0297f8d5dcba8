//! What nobody may see, and where it is searched for.

use std::cell::Cell;
use std::collections::{BTreeSet, HashMap};
use std::sync::{LazyLock, Mutex};
use std::thread::{self, ThreadId};

use atlas_export_buckets::simulator::RecordedRequest;
use log::{LevelFilter, Log, Metadata, Record};
use md5::Digest as _;

pub const PRIVATE_KEY: &str = "f00dfeed-0000-4000-8000-5ec7e75ec7e7";

/// The private key, what stands for it in Digest, and the `Authorization` values that were sent.
pub struct Secrets {
    known: Vec<String>,
    authorizations: Mutex<BTreeSet<String>>,
}

impl Default for Secrets {
    fn default() -> Self {
        let a1 = |realm| format!("public:{realm}:{PRIVATE_KEY}");
        let hash = |realm| md5::Md5::digest(a1(realm)).iter().map(|byte| format!("{byte:02x}")).collect();
        let known = ["MMS Public API", "r"].map(hash);
        let known = known.into_iter().chain([PRIVATE_KEY.to_owned()]).collect();
        Secrets { known, authorizations: Mutex::default() }
    }
}

impl Secrets {
    /// Takes in the `Authorization` values of these requests.
    pub fn learn(&self, requests: &[RecordedRequest]) {
        let values = requests.iter().filter_map(|request| request.header("authorization"));
        let values = values.map(|value| String::from_utf8_lossy(value).into_owned());
        self.authorizations.lock().unwrap().extend(values);
    }

    pub fn count(&self) -> usize {
        self.authorizations.lock().unwrap().len()
    }

    /// The secrets that stand in `text`; of an `Authorization` its response is enough.
    pub fn found_in(&self, text: &str) -> Vec<String> {
        let authorizations = self.authorizations.lock().unwrap();
        let responses = authorizations.iter().filter_map(|value| response(value));
        let all = self.known.iter().map(String::as_str).chain(responses);
        all.filter(|secret| text.contains(secret)).map(str::to_owned).collect()
    }

    /// The secrets in what was logged so far.
    pub fn leaks_in_logs(&self) -> Vec<String> {
        let mut leaks = Vec::new();
        let records = LOGS.lock().unwrap();
        for record in records.iter() {
            leaks.extend(self.found_in(record).into_iter().map(|secret| format!("{secret} in {record}")));
        }
        assert!(records.len() > 100, "logs were captured");
        let wire = WIRE.lock().unwrap();
        let wire: Vec<&str> = wire.values().map(String::as_str).collect();
        leaks.extend(
            self.known.iter().filter(|secret| wire.iter().any(|text| text.contains(*secret))).cloned(),
        );
        leaks
    }

    /// Whether the wire dump shows what was sent, which is why the docs warn of it.
    pub fn are_on_the_wire(&self) -> bool {
        let authorizations = self.authorizations.lock().unwrap();
        let mut responses = authorizations.iter().filter_map(|value| response(value));
        let wire = WIRE.lock().unwrap();
        responses.any(|response| wire.values().any(|text| text.contains(response)))
    }
}

fn response(authorization: &str) -> Option<&str> {
    authorization.split("response=\"").nth(1)?.split('"').next()
}

/// What every crate logged, in the order of its coming.
static LOGS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// `ureq-proto` dumps every byte that is sent and received, sixteen a record, at `Trace`: here they are put together
/// again, thread by thread. Without secrets are the client's logs but for this dump, in which a sent header has to be.
static WIRE: LazyLock<Mutex<HashMap<ThreadId, String>>> = LazyLock::new(Mutex::default);

const WIRE_DUMP: &str = "ureq_proto::util";

/// Of an endless body the first 64 KiB are looked at.
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

/// What the embedded Atlas dumps is its own.
fn is_server() -> bool {
    thread::current().name().is_some_and(|name| name.starts_with("atlas-simulator"))
}

/// From now on every record of every crate is kept, at every level.
pub fn capture_logs() {
    log::set_logger(&Capture).unwrap();
    log::set_max_level(LevelFilter::Trace);
}
