//! The running simulator: the listener, a thread for each connection, and the end of them all.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::builder::Builder;
use super::connection;
use super::connections::Connections;
use super::fault::{Fault, RequestInfo, When};
use super::rate_limit::RateLimit;
use super::rejection::Rejection;
use super::service::Service;
use super::stats::{RecordedRequest, Stats};
use super::verifier::Key;

/// A running embedded Atlas. Dropping it closes its connections, whatever they are doing, and ends its
/// threads.
pub struct Simulator {
    shared: Arc<Shared>,
    address: SocketAddr,
    base_url: String,
    key: Key,
    project_ids: Vec<String>,
    acceptor: Option<JoinHandle<()>>,
}

struct Shared {
    service: Service,
    connections: Connections,
}

impl Simulator {
    /// Starts one with a key, a project and twelve sample buckets of its own, on a free port.
    ///
    /// # Errors
    /// What the operating system says if it cannot listen or start a thread.
    pub fn start() -> io::Result<Simulator> {
        Builder::new().start()
    }

    /// Sets one up.
    pub fn builder() -> Builder {
        Builder::new()
    }

    pub(super) fn run(
        listener: TcpListener,
        service: Service,
        base_url: String,
        keys: Vec<Key>,
        project_ids: Vec<String>,
    ) -> io::Result<Simulator> {
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared { service, connections: Connections::default() });
        let accepting = Arc::clone(&shared);
        let acceptor = thread::Builder::new()
            .name("atlas-simulator".into())
            .spawn(move || accept(&listener, &accepting))?;
        let key = keys.into_iter().next();
        Ok(Simulator {
            shared,
            address,
            base_url,
            key: key.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?,
            project_ids,
            acceptor: Some(acceptor),
        })
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The public half of the first key: the user name.
    pub fn public_key(&self) -> &str {
        &self.key.public
    }

    /// The private half of the first key: the password.
    pub fn private_key(&self) -> &str {
        &self.key.private
    }

    /// The id of the first project.
    pub fn project_id(&self) -> &str {
        self.project_ids.first().map_or("", String::as_str)
    }

    /// The ids of all projects, in lower case, in the order in which they were added.
    pub fn project_ids(&self) -> &[String] {
        &self.project_ids
    }

    /// What has been counted.
    pub fn stats(&self) -> Stats {
        self.shared.service.recorder.stats()
    }

    /// The last 4,096 requests, in the order in which they were answered.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.shared.service.recorder.requests()
    }

    /// Why each `Authorization` was refused: the last 4,096 that were.
    pub fn rejections(&self) -> Vec<Rejection> {
        self.shared.service.recorder.rejections()
    }

    /// Sets the counters to zero and forgets requests and rejections. Connections and nonces stay.
    pub fn reset_stats(&self) {
        self.shared.service.recorder.reset();
    }

    /// Lets something go wrong from now on. The requests that count for `when` are counted from here.
    pub fn inject(&self, when: When, fault: Fault) {
        self.shared.service.inject(when, fault);
    }

    /// Lets a function decide from now on which faults hit a request, as [`Builder::script`] does.
    pub fn script<I>(&self, script: impl Fn(&RequestInfo) -> I + Send + Sync + 'static)
    where
        I: IntoIterator<Item = Fault>,
    {
        let script = move |request: &RequestInfo| script(request).into_iter().collect();
        self.shared.service.add_script(Arc::new(script));
    }

    /// Ends all faults and scripts. The rate limit stays.
    pub fn clear_faults(&self) {
        self.shared.service.clear_faults();
    }

    /// Sets a rate limit, with full buckets, or ends it.
    pub fn set_rate_limit(&self, limit: Option<RateLimit>) {
        self.shared.service.set_rate_limit(limit);
    }

    /// Forgets every nonce, as a restart does: all of them are stale now.
    pub fn forget_nonces(&self) {
        self.shared.service.forget_nonces();
    }

    /// Closes the connections that are open now, as a server does that has waited long enough. It goes on
    /// accepting new ones.
    pub fn close_connections(&self) {
        self.shared.connections.shut_down();
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.shared.connections.stop();
        // Only a connection wakes the acceptor. Without one (no descriptor is left, say) it is abandoned
        // rather than waited for.
        let woken = TcpStream::connect_timeout(&self.address, Duration::from_secs(1)).is_ok();
        if let Some(acceptor) = self.acceptor.take()
            && woken
        {
            // It fails if the acceptor has panicked, which has been printed then.
            let _ = acceptor.join();
        }
        self.shared.connections.wait_until_closed();
    }
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulator")
            .field("base_url", &self.base_url)
            .field("key", &self.key)
            .field("projects", &self.project_ids.len())
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

/// Accepts connections until the simulator stops.
fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        let stream = match stream {
            Ok(stream) => stream,
            // Out of descriptors, or the peer was gone at once: neither is the end.
            Err(_) if shared.connections.pause(Duration::from_millis(10)) => continue,
            Err(_) => return,
        };
        let Some((number, stream)) = shared.connections.open(stream) else {
            return;
        };
        shared.service.recorder.count_connection();
        let open = Open { shared: Arc::clone(shared), number };
        let name = format!("atlas-simulator-{number}");
        let spawned = thread::Builder::new().name(name).spawn(move || open.serve(stream));
        if let Err(error) = spawned {
            log::warn!("no thread for a connection: {error}");
        }
    }
}

/// An open connection; it is taken off the list when this is dropped, also by a panic.
struct Open {
    shared: Arc<Shared>,
    number: u64,
}

impl Open {
    /// Takes `self` to drop it after `stream`: the list must not end before the socket is closed.
    fn serve(self, stream: Arc<TcpStream>) {
        let Shared { service, connections } = &*self.shared;
        if let Err(error) = connection::serve(self.number, &stream, service, connections) {
            log::debug!("connection {} ended: {error}", self.number);
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.shared.connections.closed(self.number);
    }
}

#[cfg(test)]
mod tests;
