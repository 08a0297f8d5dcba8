//! `serve BUCKETS CA-FILE`: the server of the listing benches alone, to profile a client by hand. Writes its root to the file and
//! prints how to run a client; serves until interrupted.

#[allow(dead_code)]
#[path = "../front.rs"]
mod front;

use atlas_export_buckets::simulator::{Simulator, sample_buckets};

fn main() {
    let mut args = std::env::args().skip(1);
    let buckets: usize = args.next().and_then(|buckets| buckets.parse().ok()).expect("serve BUCKETS CA-FILE");
    let ca_file = args.next().expect("serve BUCKETS CA-FILE");
    let atlas = Simulator::builder().buckets(sample_buckets(buckets)).start().expect("the simulator");
    let front = front::Front::start(&atlas);
    std::fs::write(&ca_file, &front.ca).expect("a file for the root");
    println!("export MONGODB_ATLAS_PUBLIC_API_KEY={}", atlas.public_key());
    println!("export MONGODB_ATLAS_PRIVATE_API_KEY={}", atlas.private_key());
    println!("client-ours {} {} {ca_file}", front.base_url, atlas.project_id());
    loop {
        std::thread::park();
    }
}
