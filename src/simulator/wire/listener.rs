//! The listener: it accepts connections, each on a thread of its own, until it is dropped.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::connection;
use super::connections::Connections;
use crate::simulator::service::Service;

/// A listening socket on 127.0.0.1. Connections wait in it until [`Listener::serve`].
pub(crate) struct Listener {
    listener: TcpListener,
    address: SocketAddr,
}

impl Listener {
    pub(crate) fn bind(port: u16) -> io::Result<Listener> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let address = listener.local_addr()?;
        Ok(Listener { listener, address })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves the connections on threads.
    pub(crate) fn serve(self, service: Arc<Service>) -> io::Result<Acceptor> {
        let connections = Arc::new(Connections::default());
        let accepting = Arc::clone(&connections);
        let thread = thread::Builder::new()
            .name("atlas-simulator".into())
            .spawn(move || accept(&self.listener, &service, &accepting))?;
        Ok(Acceptor { address: self.address, connections, thread: Some(thread) })
    }
}

/// The thread that accepts connections. Dropping it closes all of them, whatever they are doing, and ends
/// their threads.
pub(crate) struct Acceptor {
    address: SocketAddr,
    connections: Arc<Connections>,
    thread: Option<JoinHandle<()>>,
}

impl Acceptor {
    /// Closes the connections that are open now.
    pub(crate) fn close_connections(&self) {
        self.connections.shut_down();
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
        self.connections.wait_until_closed();
    }
}

/// Accepts connections until the simulator stops.
fn accept(listener: &TcpListener, service: &Arc<Service>, connections: &Arc<Connections>) {
    for stream in listener.incoming() {
        let stream = match stream {
            Ok(stream) => stream,
            // Out of descriptors, or the peer has gone: try again.
            Err(_) if connections.pause(Duration::from_millis(10)) => continue,
            Err(_) => return,
        };
        let Some((number, stream)) = connections.open(stream) else {
            return;
        };
        service.recorder.count_connection();
        let service = Arc::clone(service);
        let open = OpenConnection { connections: Arc::clone(connections), number };
        let name = format!("atlas-simulator-{number}");
        let spawned = thread::Builder::new().name(name).spawn(move || open.serve(stream, &service));
        if let Err(error) = spawned {
            log::warn!("no thread for a connection: {error}");
        }
    }
}

/// An open connection; it is taken off the list when this is dropped, also by a panic.
struct OpenConnection {
    connections: Arc<Connections>,
    number: u64,
}

impl OpenConnection {
    /// Takes `self` to drop it after `stream`: the list must not end before the socket is closed.
    fn serve(self, stream: Arc<TcpStream>, service: &Service) {
        if let Err(error) = connection::serve(self.number, &stream, service, &self.connections) {
            log::debug!("connection {} ended: {error}", self.number);
        }
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.connections.closed(self.number);
    }
}
