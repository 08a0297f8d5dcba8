//! The program `atlas-export-buckets`: lists the snapshot export buckets of MongoDB Atlas projects.
//!
//! `cli` describes the command line, `manual` and `completions` are made from it, and `mistakes` explains what does not fit
//! it. `list` lists what `projects` names, with the credentials and settings of `environment`: `lister` lists one project,
//! `queue` keeps projects that are ready in order and in bounds, and `output` prints them. `agent` is how the program
//! connects. `simulate` runs the embedded Atlas with the buckets of `fixture` and the faults of `fault`. `failure` says
//! with which message and exit status each failure ends; `terminal` and `progress` are all that writes to standard error.

mod agent;
mod cli;
mod completions;
mod environment;
mod failure;
mod fault;
mod fixture;
mod list;
mod lister;
mod manual;
mod mistakes;
mod output;
mod progress;
mod projects;
mod queue;
mod simulate;
mod terminal;

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser as _};

use cli::{Cli, Command};

fn main() -> ExitCode {
    let status = match Cli::try_parse() {
        Ok(cli) => {
            terminal::start(cli.verbose, cli.quiet);
            run(cli.command)
        }
        Err(error) => answer(&error),
    };
    ExitCode::from(status)
}

fn run(command: Command) -> u8 {
    match command {
        Command::List(args) => list::run(&args),
        Command::Demo(listing) => simulate::demo(&listing),
        Command::Simulate(args) => simulate::run(&args),
        Command::Completions { shell } => print(completions::script(Cli::command(), shell).as_bytes()),
        Command::Man => match manual::page(Cli::command()) {
            Ok(page) => print(page.as_bytes()),
            Err(error) => failure::exit_status_of_output(Err(error)),
        },
    }
}

/// What `clap` calls an error: help or version that was asked for, or a mistake.
fn answer(error: &clap::Error) -> u8 {
    match error.kind() {
        ErrorKind::DisplayVersion => print(Cli::command().render_version().as_bytes()),
        ErrorKind::DisplayHelp => failure::exit_status_of_output(error.print()),
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            // If nobody can read it there, the status still says it.
            let _ = error.print();
            failure::USAGE
        }
        _ => {
            let (cause, advice) = mistakes::explain(error, &std::env::args_os().collect::<Vec<_>>());
            terminal::report(&cause, Some(&advice));
            failure::USAGE
        }
    }
}

fn print(text: &[u8]) -> u8 {
    let mut stdout = io::stdout();
    failure::exit_status_of_output(stdout.write_all(text).and_then(|()| stdout.flush()))
}
