//! Whole programs that list a project over TLS, each time in a new process.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use atlas_export_buckets::simulator::{Fault, Simulator, When, sample_buckets};

use crate::front::Front;
use crate::measured::{self, Measured, median};
use crate::table::Row;

const BUCKETS_PER_PAGE: usize = 500;

/// How a project is listed.
struct Scenario {
    pages: usize,
    latency: Duration,
    rounds: usize,
}

const SCENARIOS: [Scenario; 4] = [
    Scenario { pages: 1, latency: Duration::ZERO, rounds: 61 },
    Scenario { pages: 20, latency: Duration::ZERO, rounds: 21 },
    Scenario { pages: 1, latency: Duration::from_millis(20), rounds: 21 },
    Scenario { pages: 20, latency: Duration::from_millis(20), rounds: 7 },
];

/// Who lists it. The first is ours, the second its floor.
const CLIENTS: [Client; 7] = [
    Client { name: "ours", make: |target| target.client("client-ours") },
    Client { name: "floor", make: |target| target.client("client-floor") },
    Client {
        name: "floor, body not parsed",
        make: |target| {
            let mut command = target.client("client-floor");
            command.arg("unparsed");
            command
        },
    },
    Client { name: "the program", make: |target| target.program() },
    Client { name: "ureq + digest_auth", make: |target| target.client("client-ureq-digest-auth") },
    Client { name: "reqwest + diqwest", make: |target| target.client("client-reqwest-diqwest") },
    Client { name: "curl --digest", make: |target| target.curl() },
];

struct Client {
    name: &'static str,
    make: fn(&Target) -> Command,
}

/// What a client needs to know.
struct Target<'a> {
    programs: &'a Path,
    ca_file: &'a Path,
    atlas: &'a Simulator,
    front: &'a Front,
    pages: usize,
}

impl Target<'_> {
    fn with_key(&self, mut command: Command) -> Command {
        command.env("MONGODB_ATLAS_PUBLIC_API_KEY", self.atlas.public_key());
        command.env("MONGODB_ATLAS_PRIVATE_API_KEY", self.atlas.private_key());
        command
    }

    fn client(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command.args([&self.front.base_url, self.atlas.project_id()]).arg(self.ca_file);
        self.with_key(command)
    }

    fn program(&self) -> Command {
        let mut command = Command::new(self.programs.join("atlas-export-buckets"));
        command.args(["list", "--output", "ndjson", "--quiet", "--base-url", &self.front.base_url]);
        command.args(["--project-id", self.atlas.project_id()]).arg("--ca-file").arg(self.ca_file);
        self.with_key(command)
    }

    /// All pages in one process. It cannot know how many there are; it is told.
    fn curl(&self) -> Command {
        let mut command = Command::new("curl");
        let user = format!("{}:{}", self.atlas.public_key(), self.atlas.private_key());
        command.args(["--silent", "--show-error", "--fail", "--digest", "--user", &user, "--cacert"]);
        command.arg(self.ca_file).args(["--output", "/dev/null"]).arg(format!(
            "{}/api/atlas/v1.0/groups/{}/backup/exportBuckets?pageNum=[1-{}]&itemsPerPage={BUCKETS_PER_PAGE}",
            self.front.base_url,
            self.atlas.project_id(),
            self.pages
        ));
        command
    }
}

/// What one client's runs came to.
struct Outcome {
    name: &'static str,
    requests: u64,
    connections: u64,
    runs: Vec<Measured>,
}

impl Outcome {
    fn measure(&mut self, command: &Command, target: &Target) {
        target.atlas.reset_stats();
        target.front.take_connections();
        let run = measured::run(target.programs, command);
        let expected = target.pages * BUCKETS_PER_PAGE;
        match self.name {
            "curl --digest" | "floor, body not parsed" => {}
            "the program" => assert_eq!(run.output.lines().count(), expected, "the program"),
            name => assert_eq!(run.output, expected.to_string(), "{name}"),
        }
        (self.requests, self.connections) = (target.atlas.stats().requests, target.front.take_connections());
        self.runs.push(Measured { output: String::new(), ..run });
    }

    fn wall(&self) -> f64 {
        median(self.runs.iter().map(|run| run.wall.as_secs_f64() * 1e3))
    }

    fn memory(&self) -> f64 {
        median(self.runs.iter().map(|run| run.memory_kib as f64 / 1024.0))
    }

    fn cpu(&self) -> f64 {
        median(self.runs.iter().map(|run| run.cpu.as_secs_f64() * 1e3))
    }
}

/// Measures everything.
pub fn rows(programs: &Path, scratch: &Path) -> Vec<Row> {
    SCENARIOS.iter().flat_map(|scenario| scenario.rows(programs, scratch)).collect()
}

impl Scenario {
    fn rows(&self, programs: &Path, scratch: &Path) -> Vec<Row> {
        let mut atlas = Simulator::builder().buckets(sample_buckets(self.pages * BUCKETS_PER_PAGE));
        if !self.latency.is_zero() {
            atlas = atlas.fault(When::always(), Fault::Delay(self.latency));
        }
        let atlas = atlas.start().expect("the simulator");
        let front = Front::start(&atlas);
        let ca_file = scratch.join("ca.pem");
        std::fs::write(&ca_file, &front.ca).expect("a file for the root");
        let target = Target { programs, ca_file: &ca_file, atlas: &atlas, front: &front, pages: self.pages };
        let mut outcomes: Vec<_> = CLIENTS
            .iter()
            .map(|client| Outcome { name: client.name, requests: 0, connections: 0, runs: Vec::new() })
            .collect();
        // They take turns, so that all see the same machine. The first round warms the files and is not counted.
        for round in 0..=self.rounds {
            // Nobody always comes behind the same one.
            for turn in 0..CLIENTS.len() {
                let index = (turn * (round % 6 + 1) + round) % CLIENTS.len();
                outcomes[index].measure(&(CLIENTS[index].make)(&target), &target);
            }
            if round == 0 {
                outcomes.iter_mut().for_each(|outcome| outcome.runs.clear());
            }
        }
        self.table(&outcomes)
    }

    fn table(&self, outcomes: &[Outcome]) -> Vec<Row> {
        let [ours, floor, rest @ ..] = outcomes else { unreachable!("there are more clients") };
        let name = match (self.pages, self.latency.as_millis()) {
            (1, 0) => "1 page".to_owned(),
            (pages, 0) => format!("{pages} pages"),
            (1, latency) => format!("1 page, {latency} ms a request"),
            (pages, latency) => format!("{pages} pages, {latency} ms a request"),
        };
        let row = |what: &str, figure: &dyn Fn(&Outcome) -> String| {
            let others = rest.iter().map(|other| (other.name, figure(other))).collect();
            Row::new(format!("{name}: {what}"), figure(ours), figure(floor), others)
        };
        let must_hold = format!("{} requests, 1 connection", self.pages + 1);
        let counts = |outcome: &Outcome| (outcome.requests, outcome.connections);
        let mut rows = vec![
            row("requests / connections", &|o| format!("{} / {}", o.requests, o.connections))
                .must_hold(must_hold, counts(ours) == (self.pages as u64 + 1, 1)),
            row("wall clock, ms", &|o| format!("{:.2}", o.wall())),
        ];
        if self.latency.is_zero() {
            rows.push(row("CPU, ms", &|o| format!("{:.2}", o.cpu())));
            rows.push(row("peak memory, MiB", &|o| format!("{:.2}", o.memory())));
        }
        if self.pages == 1 && self.latency.is_zero() {
            let [unparsed, .., curl] = rest else { unreachable!("curl is the last") };
            let to_unparsed = format!("{:.3}", ours.wall() / unparsed.wall());
            rows.extend([
                ratio(&name, "wall clock to the floor's", ours.wall() / floor.wall(), 1.05)
                    .others(vec![("to that of the floor that does not parse", to_unparsed)]),
                ratio(&name, "wall clock to curl's", ours.wall() / curl.wall(), 0.6),
                ratio(&name, "peak memory to curl's", ours.memory() / curl.memory(), 0.45),
            ]);
        }
        rows
    }
}

fn ratio(name: &str, what: &str, ratio: f64, most: f64) -> Row {
    Row::new(format!("{name}: {what}"), format!("{ratio:.3}"), String::new(), Vec::new())
        .must_hold(format!("≤ {most}"), ratio <= most)
}
