//! What the integration tests share.

// Each test crate compiles all of it and uses some of it.
#![allow(dead_code, unused_imports, unreachable_pub)]

use std::net::{TcpListener, TcpStream};
use std::time::Duration;

pub mod faults;
pub mod process;
#[cfg(feature = "cli")]
pub mod program;
pub mod proxy;
pub mod relay;
#[cfg(feature = "simulator")]
pub mod secrets;
#[cfg(feature = "simulator")]
mod simulated_atlas;
pub mod temp_dir;
#[cfg(all(feature = "simulator", feature = "rustls"))]
pub mod tls;
pub mod wait;

#[cfg(feature = "simulator")]
pub use simulated_atlas::*;

/// A port of this machine that nobody listens on.
pub fn closed_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Fills the queue of a listener: while these connections are open, whoever connects waits.
pub fn fill_backlog(listener: &TcpListener) -> Vec<TcpStream> {
    let address = listener.local_addr().unwrap();
    let connect = |_| TcpStream::connect_timeout(&address, Duration::from_millis(100)).ok();
    (0..10_000).map_while(connect).collect()
}
