//! Lists the snapshot export buckets of MongoDB Atlas projects.

pub mod digest;
#[cfg(feature = "simulator")]
pub mod simulator;
