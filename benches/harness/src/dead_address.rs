//! A host with two addresses, of which the first does not answer.

use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::time::Duration;

use atlas_export_buckets::simulator::{Simulator, sample_buckets};

use crate::Context;
use crate::commands::{list, run_by, with_key};
use crate::front::{Front, Identity};
use crate::measured::{measure as run, median};
use crate::table::{Bound, print};

const HOST: &str = "atlas.example";
const BUCKETS: usize = 12;
const ROUNDS: usize = 3;

/// Runs a command with another file of hosts, which only it sees.
const WITH_HOSTS: &str = r#"mount --bind "$0" /etc/hosts && exec "$@""#;

pub fn measure(context: &Context) -> Vec<Bound> {
    let hosts = context.write("hosts", &format!("127.0.0.1 {HOST}\n127.0.0.2 {HOST}\n"));
    let with_hosts = |command: &Command| {
        let mut inside = Command::new("unshare");
        inside.args(["--mount", "/bin/sh", "-c", WITH_HOSTS]).arg(&hosts);
        run_by(inside, command)
    };
    if !with_hosts(&Command::new("true")).status().is_ok_and(|status| status.success()) {
        println!("No figures for a dead address: this machine allows no mounts.\n");
        return Vec::new();
    }
    let atlas = Simulator::builder().buckets(sample_buckets(BUCKETS)).start().expect("the simulator");
    let dead = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = dead.local_addr().expect("an address");
    let identity = Identity::new(HOST);
    let alive = TcpListener::bind(("127.0.0.2", address.port())).expect("the same port");
    let front = Front::start(alive, &identity, &atlas);
    // Once its queue is full, it answers nobody.
    let connect = |_| TcpStream::connect_timeout(&address, Duration::from_millis(100)).ok();
    let _queue: Vec<TcpStream> = (0..10_000).map_while(connect).collect();
    let ca_file = context.write("ca.pem", &identity.root);

    let key = [atlas.public_key(), atlas.private_key()];
    let mut library = with_key(context.programs.join("client-ours"), key);
    library.args([&front.base_url, atlas.project_id()]).arg(&ca_file);
    let mut program = list(context, key, &front.base_url);
    program.args(["--project-id", atlas.project_id(), "--ca-file"]).arg(&ca_file);
    let wall_clock = |command: &Command| {
        let command = with_hosts(command);
        median((0..context.rounds(ROUNDS)).map(|_| run(context, &command).wall))
    };
    let (library, program) = (wall_clock(&library), wall_clock(&program));
    let title = "One page from a host whose first address is dead";
    let row = |name: &str, wall: f64| vec![name.to_owned(), format!("{wall:.0}")];
    print(title, &["client", "wall clock, ms"], &[row("ours", library), row("the program", program)]);
    vec![
        Bound::new(format!("{title}: ms of the library"), library.round(), 8000.0),
        Bound::new(format!("{title}: ms of the program"), program.round(), 1000.0),
    ]
}
