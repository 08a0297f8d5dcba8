//! The program `atlas-export-buckets`: lists the snapshot export buckets of MongoDB Atlas projects.
//!
//! `cli` describes the command line, `manual` and `completions` are made from it, and `mistakes` explains what does not fit
//! it. `list` lists what `projects` names, with the credentials and settings of `environment`: `lister` lists one project,
//! `queue` several at once, and `output` forms what is printed. `agent` is how the program connects. `simulate` runs the
//! simulated Atlas, with the faults of `fault`. `failure` says with which message and exit status each failure ends.
//! `terminal` writes everything except help, which `clap` writes.

mod agent;
mod cli;
mod completions;
mod environment;
mod failure;
mod fault;
mod list;
mod lister;
mod manual;
mod mistakes;
mod output;
mod projects;
mod queue;
mod simulate;
mod terminal;

use std::env;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser as _};

use cli::{Cli, Command};
use failure::Failure;

fn main() -> ExitCode {
    let ended = match Cli::try_parse() {
        Ok(cli) => {
            terminal::start(cli.verbose, cli.quiet);
            run(cli.command)
        }
        Err(error) => answer(&error),
    };
    ExitCode::from(ended.unwrap_or_else(|failure| failure.end()))
}

fn run(command: Command) -> Result<u8, Failure> {
    match command {
        Command::List(args) => list::run(&args),
        Command::Demo(listing) => simulate::demo(&listing),
        Command::Simulate(args) => simulate::run(&args),
        Command::Completions { shell } => print(&completions::script(shell)),
        Command::Man => print(&manual::page()?),
    }
}

/// Answers what `clap` calls an error: help or version that was asked for, or a mistake.
fn answer(error: &clap::Error) -> Result<u8, Failure> {
    match error.kind() {
        ErrorKind::DisplayVersion => print(&Cli::command().render_version()),
        ErrorKind::DisplayHelp => {
            error.print()?;
            Ok(failure::DONE)
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            // If standard error cannot be written to, the exit status still says it.
            let _ = error.print();
            Ok(failure::USAGE)
        }
        _ => {
            let (cause, advice) = mistakes::explain(error, &env::args_os().collect::<Vec<_>>());
            terminal::report(&cause, Some(&advice));
            Ok(failure::USAGE)
        }
    }
}

fn print(text: &str) -> Result<u8, Failure> {
    terminal::print(text.as_bytes())?;
    Ok(failure::DONE)
}
