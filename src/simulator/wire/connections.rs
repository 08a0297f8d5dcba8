//! The open connections, and the pauses in them.

use std::collections::HashMap;
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use crate::simulator::lock::lock;

/// The open connections of one simulator. When it stops, all of them are shut down, which ends the reads
/// and writes that their threads wait in; `stopped` ends their pauses.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    state: Mutex<ConnectionTable>,
    stopped: Condvar,
}

#[derive(Debug, Default)]
struct ConnectionTable {
    stopping: bool,
    opened: u64,
    open: HashMap<u64, Arc<TcpStream>>,
}

impl Connections {
    /// Registers a connection and numbers it, unless the simulator is stopping.
    pub(crate) fn open(&self, stream: &Arc<TcpStream>) -> Option<u64> {
        let mut state = lock(&self.state);
        if state.stopping {
            return None;
        }
        state.opened += 1;
        let number = state.opened;
        state.open.insert(number, Arc::clone(stream));
        Some(number)
    }

    pub(crate) fn close(&self, number: u64) {
        lock(&self.state).open.remove(&number);
    }

    /// Waits. `false` if the simulator stops.
    pub(crate) fn pause(&self, time: Duration) -> bool {
        let running = |state: &mut ConnectionTable| !state.stopping;
        let waited = self.stopped.wait_timeout_while(lock(&self.state), time, running);
        waited.is_ok_and(|(state, _)| !state.stopping)
    }

    /// Shuts the open connections down.
    pub(crate) fn shut_down(&self) {
        for stream in lock(&self.state).open.values() {
            // It fails if the peer has closed it already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Shuts all connections down and takes no more.
    pub(crate) fn stop(&self) {
        lock(&self.state).stopping = true;
        self.shut_down();
        self.stopped.notify_all();
    }
}
