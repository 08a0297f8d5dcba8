//! Whole programs that list a project over TLS, each time in a new process.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use atlas_export_buckets::simulator::{Fault, Simulator, When, sample_buckets};

use crate::Context;
use crate::commands::{Key, curl, list, run_by, with_key};
use crate::front::{Front, Identity};
use crate::measured::{Measured, measure as run, median, output};
use crate::table::{Bound, print};

const BUCKETS_PER_PAGE: usize = 500;

/// So many pages, so many milliseconds for a request, so many rounds.
const SCENARIOS: [(usize, u64, usize); 3] = [(1, 0, 61), (20, 0, 21), (20, 20, 7)];

/// What is listed, and from where.
struct Target<'a> {
    context: &'a Context,
    ca_file: &'a Path,
    atlas: &'a Simulator,
    base_url: String,
    pages: usize,
}

/// Who lists it.
type Client = (&'static str, fn(&Target) -> Command);

/// The first is ours, the second its floor.
const CLIENTS: [Client; 6] = [
    ("ours", |target| target.client("client-ours")),
    ("floor: ureq + serde + digest_auth by hand", |target| target.client("client-by-hand")),
    ("the program", |target| target.program()),
    ("curl --digest", |target| target.curl()),
    ("reqwest + diqwest", |target| target.client("client-reqwest-diqwest")),
    ("Python requests", |target| target.requests()),
];

impl Target<'_> {
    fn key(&self) -> Key<'_> {
        [self.atlas.public_key(), self.atlas.private_key()]
    }

    fn client(&self, name: &str) -> Command {
        let mut command = with_key(self.context.programs.join(name), self.key());
        command.args([&self.base_url, self.atlas.project_id()]).arg(self.ca_file);
        command
    }

    fn program(&self) -> Command {
        let mut command = list(self.context, self.key(), &self.base_url);
        command.args(["--project-id", self.atlas.project_id()]).arg("--ca-file").arg(self.ca_file);
        command
    }

    fn requests(&self) -> Command {
        let mut command = with_key(&self.context.python, self.key());
        command.arg(self.context.workspace.join("clients/requests/main.py"));
        command.args([&self.base_url, self.atlas.project_id()]).arg(self.ca_file);
        command
    }

    /// All pages in one process. It cannot know how many there are; it is told.
    fn curl(&self) -> Command {
        let mut command = curl(self.key(), self.ca_file);
        command.args(["--output", "/dev/null"]).arg(format!(
            "{}/api/atlas/v1.0/groups/{}/backup/exportBuckets?pageNum=[1-{}]&itemsPerPage={BUCKETS_PER_PAGE}",
            self.base_url,
            self.atlas.project_id(),
            self.pages
        ));
        command
    }

    fn check(&self, name: &str, run: &Measured) {
        let expected = self.pages * BUCKETS_PER_PAGE;
        match name {
            "curl --digest" => {}
            "the program" => assert_eq!(run.output.lines().count(), expected, "{name}"),
            name => assert_eq!(run.output, expected.to_string(), "{name}"),
        }
    }

    /// How often a client looks the host up: for each time, the C library opens the file of hosts.
    fn count_look_ups(&self, command: &Command) -> usize {
        let log = self.context.scratch.join("strace.log");
        let mut strace = Command::new("strace");
        strace.args(["-f", "-qq", "-e", "trace=open,openat", "-o"]).arg(&log);
        output(&mut run_by(strace, command));
        let log = std::fs::read_to_string(&log).expect("strace's log");
        log.lines().filter(|line| line.contains("\"/etc/hosts\"")).count()
    }
}

/// What one client's runs came to.
#[derive(Default)]
struct Outcome {
    look_ups: usize,
    requests: u64,
    connections: u64,
    runs: Vec<Measured>,
}

impl Outcome {
    fn median(&self, figure: fn(&Measured) -> f64) -> f64 {
        median(self.runs.iter().map(figure))
    }
}

pub fn measure(context: &Context) -> Vec<Bound> {
    SCENARIOS.iter().flat_map(|scenario| measure_scenario(context, *scenario)).collect()
}

fn measure_scenario(context: &Context, (pages, latency, rounds): (usize, u64, usize)) -> Vec<Bound> {
    let mut atlas = Simulator::builder().buckets(sample_buckets(pages * BUCKETS_PER_PAGE));
    if latency > 0 {
        atlas = atlas.fault(When::always(), Fault::Delay(Duration::from_millis(latency)));
    }
    let atlas = atlas.start().expect("the simulator");
    // By its name, so that there is something to look up; not `localhost`, which curl knows.
    let host = output(&mut Command::new("hostname")).trim().to_owned();
    let identity = Identity::new(&host);
    let listener = TcpListener::bind((&*host, 0)).expect("a free port");
    let front = Front::start(listener, &identity, &atlas);
    let ca_file = context.write("ca.pem", &identity.root);
    let base_url = front.base_url.clone();
    let target = Target { context, ca_file: &ca_file, atlas: &atlas, base_url, pages };
    let mut outcomes: [Outcome; CLIENTS.len()] = Default::default();
    for ((_, make), outcome) in CLIENTS.iter().zip(&mut outcomes) {
        outcome.look_ups = target.count_look_ups(&make(&target));
    }
    // They take turns, so that all see the same machine, and nobody always comes behind the same one.
    for round in 0..context.rounds(rounds) {
        for turn in 0..CLIENTS.len() {
            let index =
                (if round % 2 == 0 { turn } else { CLIENTS.len() - 1 - turn } + round) % CLIENTS.len();
            let ((name, make), outcome) = (CLIENTS[index], &mut outcomes[index]);
            atlas.reset_stats();
            front.take_connections();
            let run = run(context, &make(&target));
            target.check(name, &run);
            (outcome.requests, outcome.connections) = (atlas.stats().requests, front.take_connections());
            outcome.runs.push(Measured { output: String::new(), ..run });
        }
    }
    let mut title = format!("Listing {pages} × {BUCKETS_PER_PAGE} buckets");
    if latency > 0 {
        title.push_str(&format!(", {latency} ms a request"));
    }
    print_outcomes(&title, &outcomes);
    bounds(&title, pages, latency, &outcomes)
}

fn print_outcomes(title: &str, outcomes: &[Outcome]) {
    let row = |((name, _), outcome): (&Client, &Outcome)| {
        vec![
            name.to_string(),
            outcome.requests.to_string(),
            outcome.connections.to_string(),
            outcome.look_ups.to_string(),
            format!("{:.1}", outcome.median(|run| run.wall)),
            format!("{:.1}", outcome.median(|run| run.cpu)),
            format!("{:.1}", outcome.median(|run| run.memory)),
        ]
    };
    let columns =
        ["client", "requests", "connections", "look-ups", "wall clock, ms", "CPU, ms", "memory, MiB"];
    print(title, &columns, &CLIENTS.iter().zip(outcomes).map(row).collect::<Vec<_>>());
}

fn bounds(title: &str, pages: usize, latency: u64, [ours, floor, program, ..]: &[Outcome; 6]) -> Vec<Bound> {
    let mut bounds = vec![
        Bound::new(format!("{title}: requests"), ours.requests as f64, pages as f64 + 1.0),
        Bound::new(format!("{title}: connections"), ours.connections as f64, 1.0),
    ];
    if latency == 0 {
        let ratio = |figure| ours.median(figure) / floor.median(figure);
        // Of twenty pages, the twenty challenges that the floor has more cost nothing without latency.
        if pages == 1 {
            bounds.push(Bound::new(
                format!("{title}: wall clock to the floor's"),
                ratio(|run| run.wall),
                1.05,
            ));
        }
        bounds.push(Bound::new(format!("{title}: memory to the floor's"), ratio(|run| run.memory), 1.1));
        bounds.push(Bound::new(format!("{title}: look-ups by the program"), program.look_ups as f64, 1.0));
    }
    bounds
}
