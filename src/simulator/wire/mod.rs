//! Sockets: the listener, its connections, and how a response is put onto one.

mod connection;
mod connections;
mod listener;
mod message;

pub(crate) use listener::{Acceptor, Listener};
