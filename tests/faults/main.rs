//! Nothing lost, nothing leaked: one table of faults, through the library and through the program.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, unreachable_pub)]

mod library;
mod program;
mod row;
#[path = "../support/mod.rs"]
mod support;
#[rustfmt::skip]
mod table;
#[rustfmt::skip]
mod table_of_pages;
