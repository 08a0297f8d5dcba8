//! The program `atlas-export-buckets`: lists the snapshot export buckets of MongoDB Atlas projects.
//!
//! `args` reads the command line, `list` lists, `output` prints what was listed, `progress` shows how far it is, `simulate` runs the embedded Atlas,
//! `status` says with which exit status each failure ends, and `verbose` prints what the library logs.

mod args;
mod fault;
mod list;
mod output;
mod progress;
mod simulate;
mod status;
mod verbose;

use std::process::ExitCode;

use args::Command;

fn main() -> ExitCode {
    let command = match args::parse(lexopt::Parser::from_env()) {
        Ok(command) => command,
        Err(error) => {
            progress::tell(format_args!("{error}"));
            return ExitCode::from(status::USAGE);
        }
    };
    let status = match command {
        Command::Help(text) => print(text),
        Command::Version => print(concat!("atlas-export-buckets ", env!("CARGO_PKG_VERSION"), "\n")),
        Command::List(args) => list::run(&args),
        Command::Demo(args) => simulate::demo(args),
        Command::Simulate(args) => simulate::run(&args),
    };
    ExitCode::from(status)
}

fn print(text: &str) -> u8 {
    use std::io::Write as _;
    status::of_output(std::io::stdout().write_all(text.as_bytes()))
}
