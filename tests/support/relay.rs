//! A connection that falls silent.

use std::io::{self, Read as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;

/// Stands between a client and a server, for one connection.
pub struct Relay {
    listener: TcpListener,
    server: String,
}

impl Relay {
    /// A relay to the server of this base URL.
    pub fn new(base_url: &str) -> Relay {
        let server = base_url.split_once("://").unwrap().1.to_owned();
        Relay { listener: TcpListener::bind("127.0.0.1:0").unwrap(), server }
    }

    pub fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }

    /// Passes on the first `bytes` bytes of the server, then nothing until the client goes away. Returns how many came.
    pub fn pass(&self, bytes: u64) -> io::Result<u64> {
        let (client, _) = self.listener.accept()?;
        let server = TcpStream::connect(&self.server)?;
        thread::scope(|scope| {
            let requests = scope.spawn(|| {
                _ = io::copy(&mut &client, &mut &server);
                _ = server.shutdown(Shutdown::Both);
            });
            let passed = io::copy(&mut (&server).take(bytes), &mut &client);
            _ = requests.join();
            passed
        })
    }
}
