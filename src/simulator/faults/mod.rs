//! What goes wrong on purpose: plain data, which the rest of the simulator acts upon.

mod delivery;
mod distortion;
mod fault;
mod injector;
mod plan;
mod when;

pub(crate) use delivery::Delivery;
pub(crate) use distortion::Distortion;
pub use fault::Fault;
pub(crate) use injector::{FaultInjector, Script};
pub(crate) use plan::{Edit, FaultPlan, ForcedRefusal};
pub use when::{RequestInfo, RequestKind, When};
