//! An embedded Atlas on loopback.
