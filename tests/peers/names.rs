//! Names and their addresses: with hosts files and a name server of our own in the place of the system's.
//!
//! Each test runs this test program again, in a mount namespace where the system's files are covered.

use std::env;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, ToSocketAddrs as _, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use atlas_export_buckets::simulator::{Simulator, sample_buckets};
use atlas_export_buckets::{ApiKey, Client};
use libtest_mimic::Trial;

use crate::support::program::{Run, program, program_after};
use crate::support::secrets::PRIVATE_KEY;
use crate::support::temp_dir::TempDir;
use crate::support::tls::{Authority, Conduct, Flaw, Front, HOST};
use crate::support::{client_builder, fill_backlog, ids, project, sample_ids};
use crate::{Missing, trial};

pub fn trials() -> Vec<Trial> {
    let tests: [(_, fn(&Files)); 4] = [
        ("eleven_pages_take_two_dns_queries", eleven_pages_take_two_dns_queries),
        ("plain_http_goes_to_localhost_only_if_that_is_this_machine", plain_http_to_localhost),
        (
            "the_library_takes_less_than_8_s_where_the_first_of_two_addresses_is_dead",
            library_with_dead_address,
        ),
        (
            "the_program_takes_less_than_1_s_where_the_first_of_two_addresses_is_dead",
            program_with_dead_address,
        ),
    ];
    let mut trials =
        Vec::from(tests.map(|(name, test)| trial(name, find_namespaces, move |()| run_inside(name, test))));
    trials
        .push(trial("without_a_network_there_is_one_clear_line_soon", find_networks, |()| without_network()));
    trials
}

/// Tells the test that runs inside where the files are that cover the system's.
const FILES: &str = "ATLAS_EXPORT_BUCKETS_TEST_FILES";

fn find_namespaces() -> Result<(), Missing> {
    find(&["--mount", "mount", "--bind", "/etc/hosts", "/etc/hosts"], "mounts")
}

fn find_networks() -> Result<(), Missing> {
    find(&["--net", "true"], "networks of one's own")
}

/// Tries what a test needs.
fn find(unshare: &[&str], what: &str) -> Result<(), Missing> {
    match Command::new("unshare").args(unshare).output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => {
            let reason = String::from_utf8_lossy(&output.stderr);
            let what = format!("this machine allows no {what}: {}", reason.trim());
            Err(Missing { what, is_due_in_ci: false })
        }
        Err(error) => Err(Missing::program(format!("unshare: {error}"))),
    }
}

fn run_inside(name: &str, test: fn(&Files)) {
    if let Some(directory) = env::var_os(FILES) {
        return test(&Files(directory.into()));
    }
    const COVER_AND_RUN: &str = r#"
        for file in hosts nsswitch.conf resolv.conf; do mount --bind "$1/$file" "/etc/$file" || exit; done
        exec "$0" --exact "$2"
    "#;
    let directory = TempDir::new();
    directory.write("hosts", "");
    directory.write("nsswitch.conf", "hosts: files dns\n");
    // Nobody answers there.
    directory.write("resolv.conf", "nameserver 127.77.0.1\n");
    let output = Command::new("unshare")
        .args(["--mount", "/bin/sh", "-c", COVER_AND_RUN])
        .args([env::current_exe().unwrap().as_path(), directory.path(), Path::new(name)])
        .env(FILES, directory.path())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && told.contains("1 passed"),
        "{told}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The files that cover those of the system.
struct Files(PathBuf);

impl Files {
    /// Writes one and says where.
    fn write(&self, name: &str, content: &str) -> String {
        let path = self.0.join(name);
        fs::write(&path, content).unwrap();
        path.display().to_string()
    }
}

fn atlas(buckets: usize) -> Simulator {
    Simulator::builder().key("public", PRIVATE_KEY).buckets(sample_buckets(buckets)).start().unwrap()
}

fn list(base_url: &str, atlas: &Simulator, args: &[&str]) -> Run {
    program()
        .args(["list", "-o", "ndjson", "--retries", "0", "--project-id", atlas.project_id()])
        .args(["--base-url", base_url])
        .args(args)
        .key("public", PRIVATE_KEY)
        .run()
}

fn eleven_pages_take_two_dns_queries(files: &Files) {
    let (atlas, authority) = (atlas(11), Authority::new("trusted"));
    let front = Front::start(&atlas, &authority, Flaw::None, Conduct::Honest);
    let server = NameServer::start(front.address());
    files.write("resolv.conf", &format!("nameserver {}\n", server.address.ip()));
    let ca_file = files.write("ca.pem", &authority.pem());
    let base_url = format!("https://{HOST}:{}", front.address().port());
    let run = list(&base_url, &atlas, &["--limit", "1", "--ca-file", &ca_file]);
    assert_eq!((run.status, run.stdout.lines().count()), (Some(0), 11), "{run:?}");
    assert_eq!(atlas.stats().requests, 12);
    let mut queries: Vec<_> = server.queries.try_iter().collect();
    queries.sort_unstable();
    assert_eq!(
        queries,
        [("\u{5}atlas\u{4}test\0".to_owned(), A), ("\u{5}atlas\u{4}test\0".to_owned(), AAAA)]
    );
}

/// The types of addresses in DNS (RFC 1035, RFC 3596).
const A: u16 = 1;
const AAAA: u16 = 28;

/// A name server that knows one address of IPv4, and gives it to every name.
struct NameServer {
    address: SocketAddr,
    /// The name, as the query has it, and the type.
    queries: Receiver<(String, u16)>,
}

impl NameServer {
    fn start(host: SocketAddr) -> NameServer {
        let SocketAddr::V4(host) = host else { panic!("{host} is none of IPv4") };
        // A name server's port is fixed, so take an address that no other test has.
        let [high, low] = u16::try_from(std::process::id() % 60_000).unwrap().to_be_bytes();
        let socket = UdpSocket::bind((Ipv4Addr::new(127, 53, high, low), 53)).unwrap();
        let address = socket.local_addr().unwrap();
        let (sender, queries) = channel();
        // It ends with the process.
        thread::spawn(move || {
            let mut buffer = [0; 512];
            while let Ok((length, client)) = socket.recv_from(&mut buffer) {
                let query = &buffer[..length];
                let name_length = query[12..].iter().position(|byte| *byte == 0).unwrap() + 1;
                let (name, rest) = query[12..].split_at(name_length);
                let kind = u16::from_be_bytes([rest[0], rest[1]]);
                let _ = sender.send((String::from_utf8_lossy(name).into_owned(), kind));
                let answers = u8::from(kind == A);
                // The same id; a response without an error; one question, so many answers.
                let mut answer =
                    [&query[..2], &[0x81, 0x80, 0, 1, 0, answers, 0, 0, 0, 0], name, &rest[..4]].concat();
                if kind == A {
                    // The question's name; type A, class IN, valid for 0 s, four bytes.
                    answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4]);
                    answer.extend(host.ip().octets());
                }
                let _ = socket.send_to(&answer, client);
            }
        });
        NameServer { address, queries }
    }
}

fn plain_http_to_localhost(files: &Files) {
    let atlas = atlas(1);
    let base_url = atlas.base_url().replace("127.0.0.1", "localhost");
    let hosts: [(&str, bool); 6] = [
        ("127.0.0.1 localhost\n", true),
        ("127.0.0.1 localhost\n127.0.0.1 other localhost\n", true),
        ("127.0.0.1 localhost\n::1 localhost\n", true),
        ("127.0.0.1 localhost\n192.0.2.1 localhost\n", false),
        ("192.0.2.1 localhost\n", false),
        ("127.0.0.1 other\n", false),
    ];
    for (hosts, is_this_machine) in hosts {
        files.write("hosts", hosts);
        let built = client_builder(&atlas).base_url(&base_url).build();
        let error = built.err().map(|error| error.to_string());
        let is_refused = error.as_ref().is_some_and(|error| error.contains("resolve to this machine alone"));
        assert_eq!((error.is_some(), is_refused), (!is_this_machine, !is_this_machine), "{hosts}: {error:?}");
        atlas.reset_stats();
        let run = list(&base_url, &atlas, &[]);
        let expected = if is_this_machine { (Some(0), 2) } else { (Some(2), 0) };
        assert_eq!((run.status, atlas.stats().requests), expected, "{hosts}: {run:?}");
    }
}

/// A host of two addresses, of which the first is dead.
struct HalfDeadHost {
    atlas: Simulator,
    authority: Authority,
    base_url: String,
    _listener: TcpListener,
    _connections: Vec<TcpStream>,
}

impl HalfDeadHost {
    fn start(files: &Files) -> HalfDeadHost {
        let dead = TcpListener::bind("127.0.0.1:0").unwrap();
        let dead_address = dead.local_addr().unwrap();
        let alive = TcpListener::bind(("127.0.0.2", dead_address.port())).unwrap();
        let (atlas, authority) = (atlas(3), Authority::new("trusted"));
        let front = Front::start_on(alive, &atlas, &authority, Flaw::None, Conduct::Honest);
        files.write("hosts", &format!("127.0.0.1 {HOST}\n127.0.0.2 {HOST}\n"));
        let addresses: Vec<_> = (HOST, dead_address.port()).to_socket_addrs().unwrap().collect();
        assert_eq!(addresses, [dead_address, front.address()]);
        let base_url = format!("https://{HOST}:{}", dead_address.port());
        HalfDeadHost { atlas, authority, base_url, _connections: fill_backlog(&dead), _listener: dead }
    }
}

fn library_with_dead_address(files: &Files) {
    let host = HalfDeadHost::start(files);
    let key = ApiKey::new("public", PRIVATE_KEY).unwrap();
    let builder = Client::builder(key).base_url(&*host.base_url).retries(0);
    let client = builder.ca_certificates(host.authority.pem()).build().unwrap();
    let start = Instant::now();
    let listed = ids(client.export_buckets(&project(&host.atlas)));
    let elapsed = start.elapsed();
    assert_eq!(listed.unwrap(), sample_ids(3));
    assert!(elapsed > Duration::from_secs(4) && elapsed < Duration::from_secs(8), "{elapsed:?}");
}

fn program_with_dead_address(files: &Files) {
    let host = HalfDeadHost::start(files);
    let ca_file = files.write("ca.pem", &host.authority.pem());
    let start = Instant::now();
    let run = list(&host.base_url, &host.atlas, &["--ca-file", &ca_file]);
    let elapsed = start.elapsed();
    assert_eq!((run.status, run.stdout.lines().count()), (Some(0), 3), "{run:?}");
    assert!(elapsed > Duration::from_millis(250) && elapsed < Duration::from_secs(1), "{elapsed:?}");
}

/// As where the cable is out: a name cannot be looked up, and no route leads to an address.
fn without_network() {
    for (host, expected) in
        [("cloud.example", "cannot look up the host: "), ("192.0.2.1", "cannot connect: ")]
    {
        let start = Instant::now();
        let run = program_after(r#"exec unshare --net "$0" "$@""#)
            .args([
                "list",
                "--project-id",
                "32b6e34b3d91647abb20e7b8",
                "--base-url",
                &format!("https://{host}"),
            ])
            .key("public", PRIVATE_KEY)
            .run();
        let elapsed = start.elapsed();
        assert_eq!((run.status, run.stdout.as_str()), (Some(6), ""), "{host}: {run:?}");
        assert!(run.stderr.starts_with(&format!("atlas-export-buckets: {expected}")), "{host}: {run:?}");
        assert_eq!(run.stderr.lines().count(), 2, "{host}: {run:?}");
        // Two retries take 1.5 s at most, five at least 7 s.
        assert!(elapsed < Duration::from_secs(6), "{host}: {elapsed:?}");
    }
}
