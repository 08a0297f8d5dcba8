//! What the integration tests share.

// Each test crate compiles all of it and uses some of it.
#![allow(dead_code, unused_imports, unreachable_pub)]

#[cfg(feature = "simulator")]
mod embedded_atlas;
pub mod faults;
pub mod process;
#[cfg(feature = "cli")]
pub mod program;
pub mod proxy;
pub mod relay;
#[cfg(feature = "simulator")]
pub mod secrets;
pub mod temp_dir;
#[cfg(all(feature = "simulator", feature = "rustls"))]
pub mod tls;
pub mod wait;

#[cfg(feature = "simulator")]
pub use embedded_atlas::*;

/// A port of this machine that nobody listens on.
pub fn closed_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}
