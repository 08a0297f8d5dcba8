//! Sockets: the thread that accepts connections, the connections, and how a response is put onto one.

mod acceptor;
mod connection;
mod connections;
mod message;

pub(crate) use acceptor::Acceptor;
