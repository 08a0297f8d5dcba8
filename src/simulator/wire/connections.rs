//! The open connections: counts, interrupts and awaits them.

use std::collections::HashMap;
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use crate::simulator::lock::lock;

/// The open connections of one simulator. When it stops, all of them are shut down, which ends the reads
/// and writes that their threads wait in; `changed` ends their pauses.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    state: Mutex<ConnectionTable>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct ConnectionTable {
    stopping: bool,
    opened: u64,
    open: HashMap<u64, Arc<TcpStream>>,
}

impl Connections {
    /// Registers a connection and numbers it, unless the simulator is stopping.
    pub(crate) fn open(&self, stream: TcpStream) -> Option<(u64, Arc<TcpStream>)> {
        let mut state = lock(&self.state);
        if state.stopping {
            return None;
        }
        state.opened += 1;
        let (number, stream) = (state.opened, Arc::new(stream));
        state.open.insert(number, Arc::clone(&stream));
        Some((number, stream))
    }

    pub(crate) fn closed(&self, number: u64) {
        lock(&self.state).open.remove(&number);
        self.changed.notify_all();
    }

    /// Waits. `false` if the simulator stops.
    pub(crate) fn pause(&self, time: Duration) -> bool {
        let running = |state: &mut ConnectionTable| !state.stopping;
        let waited = self.changed.wait_timeout_while(lock(&self.state), time, running);
        match waited {
            Ok((state, _)) => !state.stopping,
            Err(_) => false,
        }
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
        self.changed.notify_all();
    }

    pub(crate) fn wait_until_closed(&self) {
        let some_open = |state: &mut ConnectionTable| !state.open.is_empty();
        drop(self.changed.wait_while(lock(&self.state), some_open));
    }
}
