//! The open connections: how they are counted, interrupted and waited for.

use std::collections::HashMap;
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use super::lock;

/// The open connections of one simulator. When it stops, every one of them is shut down, which wakes its
/// thread from whatever read or write it waits in; pauses end by the condition.
#[derive(Debug, Default)]
pub(super) struct Connections {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    stopping: bool,
    opened: u64,
    open: HashMap<u64, Arc<TcpStream>>,
}

impl Connections {
    /// Takes a connection in and numbers it, unless the simulator stops.
    pub(super) fn open(&self, stream: TcpStream) -> Option<(u64, Arc<TcpStream>)> {
        let mut state = lock(&self.state);
        if state.stopping {
            return None;
        }
        state.opened += 1;
        let (number, stream) = (state.opened, Arc::new(stream));
        state.open.insert(number, Arc::clone(&stream));
        Some((number, stream))
    }

    pub(super) fn closed(&self, number: u64) {
        lock(&self.state).open.remove(&number);
        self.changed.notify_all();
    }

    /// Waits, and says whether to go on: not if the simulator stops.
    pub(super) fn pause(&self, time: Duration) -> bool {
        let running = |state: &mut State| !state.stopping;
        let waited = self.changed.wait_timeout_while(lock(&self.state), time, running);
        match waited {
            Ok((state, _)) => !state.stopping,
            Err(_) => false,
        }
    }

    /// Shuts the open connections down.
    pub(super) fn shut_down(&self) {
        for stream in lock(&self.state).open.values() {
            // It fails if the peer was quicker, which comes to the same.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Shuts all connections down and takes no more.
    pub(super) fn stop(&self) {
        lock(&self.state).stopping = true;
        self.shut_down();
        self.changed.notify_all();
    }

    pub(super) fn wait_until_closed(&self) {
        let some_open = |state: &mut State| !state.open.is_empty();
        drop(self.changed.wait_while(lock(&self.state), some_open));
    }
}
