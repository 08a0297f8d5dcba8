//! Measures atlas-export-buckets beside its peers and prints one table in Markdown. See `../run`, which builds what it runs.
//!
//! `harness PROGRAMS WORKSPACE SCRATCH [micro] [listing] [build]`: the directories of the built programs, of the benches and
//! for temporary files, and which parts; without, all.

mod builds;
mod front;
mod listing;
mod measured;
mod micro;
mod table;

use std::path::PathBuf;

fn main() {
    let mut args = std::env::args().skip(1);
    let mut directory = || PathBuf::from(args.next().expect("harness PROGRAMS WORKSPACE SCRATCH [PART…]"));
    let (programs, workspace, scratch) = (directory(), directory(), directory());
    let parts: Vec<_> = args.collect();
    let wants = |part: &str| parts.is_empty() || parts.iter().any(|wanted| wanted == part);
    let mut rows = Vec::new();
    if wants("micro") {
        rows.extend(micro::rows(&programs, &workspace, &scratch));
    }
    if wants("listing") {
        rows.extend(listing::rows(&programs, &scratch));
    }
    if wants("build") {
        rows.extend(builds::rows(&programs, &workspace, &scratch));
    }
    table::print(&rows);
}
