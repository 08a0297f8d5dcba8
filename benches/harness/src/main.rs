//! Measures atlas-export-buckets beside others, and prints Markdown.
//!
//! `harness PROGRAMS WORKSPACE SCRATCH PYTHON full|quick [PART…]`: where the built programs are, where the benches are, where
//! temporary files may be, an interpreter that has requests, whether each thing is measured often or once, and which parts
//! (micro, listing, apache, dead-address, projects, build); without, all.

mod apache;
mod builds;
mod commands;
mod dead_address;
mod front;
mod listing;
mod measured;
mod micro;
mod projects;
mod table;

use std::path::PathBuf;

/// What all parts need to know.
pub struct Context {
    pub programs: PathBuf,
    pub workspace: PathBuf,
    pub scratch: PathBuf,
    pub python: PathBuf,
    pub is_quick: bool,
}

impl Context {
    /// Writes a file that is gone when the benches end.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.scratch.join(name);
        std::fs::write(&path, text).expect("a file");
        path
    }

    /// How often something is measured that takes so many rounds to be worth something.
    pub fn rounds(&self, full: usize) -> usize {
        if self.is_quick { 1 } else { full }
    }
}

fn main() {
    let mut args = std::env::args().skip(1);
    let mut argument = || args.next().expect("harness PROGRAMS WORKSPACE SCRATCH PYTHON full|quick [PART…]");
    let context = Context {
        programs: argument().into(),
        workspace: argument().into(),
        scratch: argument().into(),
        python: argument().into(),
        is_quick: argument() == "quick",
    };
    let parts: Vec<_> = args.collect();
    let wants = |part: &str| parts.is_empty() || parts.iter().any(|wanted| wanted == part);
    let mut bounds = Vec::new();
    if wants("micro") {
        bounds.extend(micro::measure(&context));
    }
    if wants("listing") {
        bounds.extend(listing::measure(&context));
    }
    if wants("apache") {
        bounds.extend(apache::measure(&context));
    }
    if wants("dead-address") {
        bounds.extend(dead_address::measure(&context));
    }
    if wants("projects") {
        bounds.extend(projects::measure(&context));
    }
    if wants("build") {
        bounds.extend(builds::measure(&context));
    }
    table::print_bounds(&bounds);
}
