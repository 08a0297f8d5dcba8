//! A web server that others wrote, with static pages of export buckets behind Digest.

use std::cell::Cell;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::process::Command;
use std::time::Duration;

use atlas_export_buckets::digest::{self, HashFunction};
use atlas_export_buckets::{ApiKey, AuthenticationError, Client, Error, ProjectId};

use crate::support::closed_port;
use crate::support::process::Process;
use crate::support::temp_dir::TempDir;
use crate::support::wait::wait_for;

/// What the servers ask for, in the forms of Atlas's own.
pub const REALM: &str = "MMS Public API";
pub const USER: &str = "abcdefgh";
pub const PASSWORD: &str = "01234567-89ab-cdef-0123-456789abcdef";

/// The path of the resource; as it stands also a regular expression for both servers.
pub const PATH: &str = "/api/atlas/v1.0/groups/32b6e34b3d91647abb20e7b8/backup/exportBuckets";
const PROJECT_ID: &str = "32b6e34b3d91647abb20e7b8";
const BUCKETS: u32 = 12;
const ITEMS_PER_PAGE: u32 = 5;
const PAGES: u32 = 3;

/// How both servers log a request: status, how many came before it on its connection, request line, Authorization.
pub const LOG_FORMAT: &str = "%s %k %r %{Authorization}i";

/// A server that is ready to answer. It ends when dropped.
pub struct WebServer {
    process: Process,
    command: Command,
    dir: TempDir,
    port: u16,
    probes: Cell<u32>,
}

impl WebServer {
    /// Starts a server on a free port. `configure` gets a directory that has the pages in `pages`, and the port; it
    /// writes the configuration and says how to start the server in the foreground, with its logs in `access.log` and
    /// `error.log`, in the order in which it answers.
    pub fn start(configure: impl Fn(&TempDir, u16) -> Command) -> WebServer {
        /// How often a port may go to another process before the server has bound it.
        const ATTEMPTS: u32 = 5;
        let mut problems = Vec::new();
        for _ in 0..ATTEMPTS {
            let dir = TempDir::new();
            write_pages(&dir);
            let port = closed_port();
            let mut command = configure(&dir, port);
            command.stderr(fs::File::create(dir.path().join("stderr.log")).unwrap());
            let process = Process::start(&mut command).unwrap();
            let mut server = WebServer { process, command, dir, port, probes: Cell::new(0) };
            match server.wait_until_ready() {
                Ok(()) => return server,
                Err(problem) => problems.push(problem),
            }
        }
        panic!("the server did not start: {problems:#?}");
    }

    /// Ends the server at once and starts it again, on the same port, with nothing in its log.
    pub fn restart(&mut self) {
        self.process.kill();
        self.dir.write("access.log", "");
        self.process = Process::start(&mut self.command).unwrap();
        self.wait_until_ready().unwrap();
    }

    /// The server is ready when a probe is in its log: whoever else got the port does not write there.
    fn wait_until_ready(&mut self) -> Result<(), String> {
        let ready = wait_for("the server to start", || match self.process.ended() {
            Some(status) => Some(Err(status)),
            None => (self.probe().is_ok() && self.read("access.log").contains("/probe-")).then_some(Ok(())),
        });
        let logs = || self.read("stderr.log") + &self.read("error.log");
        ready.map_err(|status| format!("the server ended with {status}: {}", logs()))
    }

    /// Sends a request that the tests do not count, and gives its target, which no other has.
    fn probe(&self) -> io::Result<String> {
        self.probes.set(self.probes.get() + 1);
        let target = format!("/probe-{}.", self.probes.get());
        let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        socket.set_read_timeout(Some(Duration::from_secs(10)))?;
        write!(socket, "GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        socket.read_to_end(&mut Vec::new())?;
        Ok(target)
    }

    /// The requests that the server has answered since it started, without the probes. Ends the client first, as a
    /// server may serve one connection at a time.
    pub fn log_without(&self, client: Client) -> Vec<Logged> {
        drop(client);
        // All that was answered before the probe is logged before it.
        let probe = self.probe().unwrap();
        let log = wait_for("the probe in the server's log", || {
            Some(self.read("access.log")).filter(|log| log.contains(&probe))
        });
        log.lines().filter(|line| !line.contains("/probe-")).map(Logged::parse).collect()
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.dir.path().join(name)).unwrap_or_default()
    }

    /// The URL of a request-target on this server.
    pub fn url(&self, target: &str) -> String {
        format!("http://127.0.0.1:{}{target}", self.port)
    }

    /// A client of this server.
    pub fn client(&self, password: &str) -> Client {
        let key = ApiKey::new(USER, password).unwrap();
        Client::builder(key).base_url(self.url("")).items_per_page(ITEMS_PER_PAGE).build().unwrap()
    }
}

/// A request, as the server logged it.
#[derive(Debug, PartialEq, Eq)]
pub struct Logged {
    status: u16,
    /// How many came before it on its connection.
    position: u32,
    target: String,
    /// The nonce count that it came with.
    nc: Option<u32>,
}

impl Logged {
    fn parse(line: &str) -> Logged {
        let [status, position, "GET", target, "HTTP/1.1", authorization] =
            line.splitn(6, ' ').collect::<Vec<_>>()[..]
        else {
            panic!("not in our log format: {line}")
        };
        let nc =
            authorization.split_once(" nc=").map(|(_, rest)| u32::from_str_radix(&rest[..8], 16).unwrap());
        let (status, position) = (status.parse().unwrap(), position.parse().unwrap());
        Logged { status, position, target: target.to_owned(), nc }
    }
}

/// The log of these requests on one connection: of each its status, page and nonce count.
pub fn one_connection(requests: &[(u16, u32, Option<u32>)]) -> Vec<Logged> {
    let logged = |(position, &(status, page, nc))| Logged { status, position, target: target(page), nc };
    (0..).zip(requests).map(logged).collect()
}

/// The request-target of a page.
pub fn target(page: u32) -> String {
    format!("{PATH}?pageNum={page}&itemsPerPage={ITEMS_PER_PAGE}")
}

/// The line for our user in a server's file of hashes: H(A1).
pub fn htdigest_line(hash: HashFunction) -> String {
    let ha1 = hash.hash(&[USER.as_bytes(), b":", REALM.as_bytes(), b":", PASSWORD.as_bytes()]);
    format!("{USER}:{REALM}:{}", str::from_utf8(ha1.as_bytes()).unwrap())
}

/// Lists once by bucket and once by page: the right ones, with one challenge and on one connection.
pub fn assert_that_we_list_from(server: &WebServer) {
    let client = server.client(PASSWORD);
    assert_eq!(list_ids(&client), all_ids());
    let bodies = client.export_bucket_pages(&project()).map(|page| page.unwrap().body().as_bytes().to_vec());
    assert_eq!(bodies.collect::<Vec<_>>(), (1..=PAGES).map(page_body).collect::<Vec<_>>());
    let requests = [
        (401, 1, None),
        (200, 1, Some(1)),
        (200, 2, Some(2)),
        (200, 3, Some(3)),
        (200, 1, Some(4)),
        (200, 2, Some(5)),
        (200, 3, Some(6)),
    ];
    assert_eq!(server.log_without(client), one_connection(&requests));
}

/// Lists with a wrong password: refused, after the one answer to the one challenge.
pub fn assert_that_a_wrong_password_is_refused_by(server: &WebServer) {
    let client = server.client("wrong");
    let mut buckets = client.export_buckets(&project());
    match buckets.next().unwrap().unwrap_err() {
        Error::NotAuthenticated { reason, api, .. } => {
            assert_eq!(
                (reason, api.status),
                (AuthenticationError::Digest(digest::Error::Refused { stale: false }), 401)
            );
        }
        other => panic!("{other:?}"),
    }
    assert!(buckets.next().is_none());
    drop(buckets);
    let requests = [(401, 1, None), (401, 1, Some(1))];
    assert_eq!(server.log_without(client), one_connection(&requests));
}

/// The ids of the buckets that the client lists.
pub fn list_ids(client: &Client) -> Vec<String> {
    client.export_buckets(&project()).map(|bucket| bucket.unwrap().id).collect()
}

/// The ids of the buckets that the server has, in order.
pub fn all_ids() -> Vec<String> {
    (1..=BUCKETS).map(bucket_id).collect()
}

fn project() -> ProjectId {
    PROJECT_ID.parse().unwrap()
}

fn bucket_id(number: u32) -> String {
    format!("5f{number:022x}")
}

/// Links as Atlas makes them, to where we must not go.
fn page_body(page: u32) -> Vec<u8> {
    let last = (page * ITEMS_PER_PAGE).min(BUCKETS);
    let bucket = |number| {
        let id = bucket_id(number);
        format!(r#"{{"_id":"{id}","bucketName":"bucket-{number}","cloudProvider":"AWS","iamRoleId":"{id}"}}"#)
    };
    let buckets: Vec<String> = ((page - 1) * ITEMS_PER_PAGE + 1..=last).map(bucket).collect();
    let next = match page {
        PAGES => String::new(),
        _ => format!(r#",{{"href":"https://cloud.mongodb.com{}","rel":"next"}}"#, target(page + 1)),
    };
    let link = format!(r#"{{"href":"https://cloud.mongodb.com{}","rel":"self"}}"#, target(page));
    let results = buckets.join(",");
    format!(r#"{{"links":[{link}{next}],"results":[{results}],"totalCount":{BUCKETS}}}"#).into_bytes()
}

/// Page N is `pages/page-N.json`.
fn write_pages(dir: &TempDir) {
    dir.make_dir("pages");
    for page in 1..=PAGES {
        dir.write(&format!("pages/page-{page}.json"), page_body(page));
    }
}
