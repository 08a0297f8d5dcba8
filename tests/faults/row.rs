//! One row of the table of faults: what goes wrong, and what must come of it.

use std::time::Duration;

use atlas_export_buckets::ClientBuilder;
use atlas_export_buckets::simulator::{Fault, Response, Simulator, When, sample_buckets};

use crate::support::{client_builder, closed_port, project};

/// Five sample buckets are listed, two a page: three pages, which cost four requests if nothing goes wrong.
pub struct Row {
    pub name: &'static str,
    faults: Vec<(When, Fault)>,
    target: Target,
    nonce_uses: u32,
    buckets: usize,
    items_per_page: u32,
    include_count: bool,
    envelope: bool,
    timeout: Duration,
    retries: u32,
    pub expected: Expected,
    /// How many requests the server must see.
    pub requests: u64,
    /// What the listing may take. On the way to an error it may take no longer than the deadline either.
    pub within: Duration,
}

/// Where the listing is sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Target {
    Simulator,
    /// `https` to the simulator, which has no TLS.
    SimulatorByHttps,
    ClosedPort,
    UnknownHost,
}

/// What a listing must end in.
pub enum Expected {
    /// The sample buckets with these indices, in this order.
    List(Vec<usize>),
    /// An error of this kind (see `support::kind`), whose text tells this detail.
    Error { kind: &'static str, detail: &'static str, is_retryable: bool },
}

pub fn row(name: &'static str) -> Row {
    Row {
        name,
        faults: Vec::new(),
        target: Target::Simulator,
        nonce_uses: 1024,
        buckets: 5,
        items_per_page: 2,
        include_count: true,
        envelope: false,
        timeout: Duration::from_secs(20),
        retries: 3,
        expected: Expected::List((0..5).collect()),
        requests: 4,
        within: Duration::from_secs(10),
    }
}

impl Row {
    /// This goes wrong with the `n`-th request. Without faults the first is answered with the challenge, the others
    /// with pages 1, 2 and 3.
    pub fn nth(self, n: u64, fault: Fault) -> Row {
        self.when(When::nth(n), fault)
    }

    /// This goes wrong with every request that has an `Authorization`.
    pub fn pages(self, fault: Fault) -> Row {
        self.when(When::always().with_authorization(), fault)
    }

    /// This goes wrong with every request.
    pub fn always(self, fault: Fault) -> Row {
        self.when(When::always(), fault)
    }

    pub fn when(mut self, when: When, fault: Fault) -> Row {
        self.faults.push((when, fault));
        self
    }

    pub fn target(self, target: Target) -> Row {
        Row { target, ..self }
    }

    pub fn nonce_uses(self, nonce_uses: u32) -> Row {
        Row { nonce_uses, ..self }
    }

    pub fn buckets(self, buckets: usize, items_per_page: u32) -> Row {
        Row { buckets, items_per_page, ..self }
    }

    pub fn no_count(self) -> Row {
        Row { include_count: false, ..self }
    }

    pub fn envelope(self) -> Row {
        Row { envelope: true, ..self }
    }

    /// A deadline short enough to be waited for.
    pub fn timeout_ms(self, ms: u64) -> Row {
        Row { timeout: Duration::from_millis(ms), ..self }
    }

    pub fn retries(self, retries: u32) -> Row {
        Row { retries, ..self }
    }

    pub fn lists(self, indices: impl IntoIterator<Item = usize>, requests: u64) -> Row {
        Row { expected: Expected::List(indices.into_iter().collect()), requests, ..self }
    }

    /// The list is exact in spite of the fault.
    pub fn lists_all(self, requests: u64) -> Row {
        let all = 0..self.buckets;
        self.lists(all, requests)
    }

    /// The same call may succeed later.
    pub fn fails_for_now(self, kind: &'static str, detail: &'static str, requests: u64) -> Row {
        Row { expected: Expected::Error { kind, detail, is_retryable: true }, requests, ..self }
    }

    /// The same call will fail again.
    pub fn fails_for_good(self, kind: &'static str, detail: &'static str, requests: u64) -> Row {
        Row { expected: Expected::Error { kind, detail, is_retryable: false }, requests, ..self }
    }

    pub fn within_ms(self, ms: u64) -> Row {
        Row { within: Duration::from_millis(ms), ..self }
    }

    /// The server of this row.
    pub fn start(&self, private_key: &str) -> Simulator {
        let builder = Simulator::builder().key("public", private_key).nonce_uses(self.nonce_uses);
        let mut builder = builder.buckets(sample_buckets(self.buckets)).strict(true);
        for (when, fault) in &self.faults {
            builder = builder.fault(when.clone(), fault.clone());
        }
        builder.start().unwrap()
    }

    fn base_url(&self, atlas: &Simulator) -> String {
        match self.target {
            Target::Simulator => atlas.base_url().to_owned(),
            Target::SimulatorByHttps => atlas.base_url().replace("http://", "https://"),
            Target::ClosedPort => format!("http://127.0.0.1:{}", closed_port()),
            // Its first label is too long to be asked of a name server, so no name server has to be there.
            Target::UnknownHost => format!("https://{}.invalid", "n".repeat(64)),
        }
    }

    /// The client of this row.
    pub fn client_builder(&self, atlas: &Simulator) -> ClientBuilder {
        // The name of a host must not be asked of a proxy that the tests happen to run behind.
        let agent = atlas_export_buckets::ureq::Agent::config_builder().proxy(None).build().new_agent();
        client_builder(atlas)
            .agent(agent)
            .base_url(self.base_url(atlas))
            .items_per_page(self.items_per_page)
            .include_count(self.include_count)
            .envelope(self.envelope)
            .timeout(self.timeout)
            .retries(self.retries)
    }

    /// The command line that does the same.
    pub fn args(&self, atlas: &Simulator) -> Vec<String> {
        let mut args = vec![
            "list".to_owned(),
            "--output=json".to_owned(),
            format!("--project-id={}", project(atlas)),
            format!("--base-url={}", self.base_url(atlas)),
            format!("--limit={}", self.items_per_page),
            format!("--timeout={}", self.timeout.as_secs_f64()),
            format!("--retries={}", self.retries),
        ];
        args.extend((!self.include_count).then(|| "--no-count".to_owned()));
        args.extend(self.envelope.then(|| "--envelope".to_owned()));
        args
    }

    /// What the listing may take at most.
    pub fn time_limit(&self) -> Duration {
        self.within.min(self.timeout + Duration::from_secs(1))
    }
}

/// An answer with this status and Atlas's error document.
pub fn status(status: u16) -> Fault {
    Fault::Response(Response::atlas_error(status, "CODE", "The detail.", &["parameter"]))
}

/// An answer with 200 and this body.
pub fn body(body: impl Into<Vec<u8>>) -> Fault {
    Fault::Response(Response::new(200).header("Content-Type", "application/json").body(body))
}

/// A 401 with this `WWW-Authenticate`.
pub fn challenge(value: impl Into<Vec<u8>>) -> Fault {
    Fault::Response(Response::html(401, "<html>").header("WWW-Authenticate", value))
}
