//! The thread that accepts connections, each of which is served on a thread of its own.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::connection::Connection;
use super::connections::Connections;
use crate::simulator::service::{Service, lock};

/// A thread that listens on 127.0.0.1. Dropping it closes all connections, whatever they are doing, and ends their
/// threads.
pub(crate) struct Acceptor {
    pub(crate) address: SocketAddr,
    pub(crate) connections: Arc<Connections>,
    thread: Option<JoinHandle<()>>,
}

impl Acceptor {
    pub(crate) fn start(port: u16, service: Service) -> io::Result<Acceptor> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let address = listener.local_addr()?;
        let connections = Arc::new(Connections::new(service));
        let accepting = Arc::clone(&connections);
        let thread = thread::Builder::new().name("atlas-simulator".into());
        let thread = thread.spawn(move || accept(&listener, &accepting))?;
        Ok(Acceptor { address, connections, thread: Some(thread) })
    }
}

impl Drop for Acceptor {
    fn drop(&mut self) {
        self.connections.stop();
        // Only a connection wakes the thread. Without one (no descriptor is left, say) it is abandoned
        // rather than waited for.
        let woken = TcpStream::connect_timeout(&self.address, Duration::from_secs(1)).is_ok();
        if let Some(thread) = self.thread.take()
            && woken
        {
            // It fails if the thread has panicked, which has been printed then.
            let _ = thread.join();
        }
    }
}

/// Accepts connections until the simulator stops, and waits for the end of their threads.
fn accept(listener: &TcpListener, connections: &Connections) {
    let mut number = 0;
    thread::scope(|scope| {
        for stream in listener.incoming() {
            let stream = match stream {
                Ok(stream) => Arc::new(stream),
                // Out of descriptors, or the peer has gone: try again.
                Err(_) if connections.pause(Duration::from_millis(10)) => continue,
                Err(_) => return,
            };
            number += 1;
            if !connections.open(number, &stream) {
                return;
            }
            lock(&connections.service).recorder.stats.connections += 1;
            let serve = move || {
                // A script that panics ends its connection only.
                let served = panic::catch_unwind(AssertUnwindSafe(|| {
                    Connection::new(number, &stream, connections).serve()
                }));
                if let Ok(Err(error)) = served {
                    log::debug!("connection {number} ended: {error}");
                }
                connections.close(number);
            };
            let thread = thread::Builder::new().name(format!("atlas-simulator-{number}"));
            if let Err(error) = thread.spawn_scoped(scope, serve) {
                log::warn!("no thread for a connection: {error}");
                connections.close(number);
            }
        }
    });
}
