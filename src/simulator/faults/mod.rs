//! What goes wrong on purpose: plain data, which the rest of the simulator acts upon.

mod fault;
mod when;

pub use fault::Fault;
pub use when::{RequestInfo, RequestKind, When};
