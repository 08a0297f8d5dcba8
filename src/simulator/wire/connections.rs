//! What the connections share: the service, the list of them, and the end.

use std::collections::HashMap;
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use crate::simulator::service::{Service, lock};

/// The connections of one simulator. When it stops, all of them are shut down, which ends the reads and writes that
/// their threads wait in; `stopped` ends their pauses.
pub(crate) struct Connections {
    pub(crate) service: Mutex<Service>,
    /// The open ones by their numbers; `None` when the simulator stops.
    open: Mutex<Option<HashMap<u64, Arc<TcpStream>>>>,
    stopped: Condvar,
}

impl Connections {
    pub(crate) fn new(service: Service) -> Connections {
        let open = Mutex::new(Some(HashMap::new()));
        Connections { service: Mutex::new(service), open, stopped: Condvar::new() }
    }

    /// Registers a connection. `false` if the simulator stops.
    pub(crate) fn open(&self, number: u64, stream: &Arc<TcpStream>) -> bool {
        lock(&self.open).as_mut().map(|open| open.insert(number, Arc::clone(stream))).is_some()
    }

    pub(crate) fn close(&self, number: u64) {
        lock(&self.open).as_mut().map(|open| open.remove(&number));
    }

    /// Waits. `false` if the simulator stops.
    pub(crate) fn pause(&self, time: Duration) -> bool {
        let waited = self.stopped.wait_timeout_while(lock(&self.open), time, |open| open.is_some());
        waited.is_ok_and(|(open, _)| open.is_some())
    }

    /// Shuts the open connections down.
    pub(crate) fn shut_down(&self) {
        lock(&self.open).iter().for_each(shut_down);
    }

    /// Shuts all connections down and takes no more.
    pub(crate) fn stop(&self) {
        lock(&self.open).take().iter().for_each(shut_down);
        self.stopped.notify_all();
    }
}

fn shut_down(open: &HashMap<u64, Arc<TcpStream>>) {
    for stream in open.values() {
        // It fails if the peer has closed it already.
        let _ = stream.shutdown(Shutdown::Both);
    }
}
