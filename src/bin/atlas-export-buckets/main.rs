//! The program `atlas-export-buckets`: lists the snapshot export buckets of MongoDB Atlas projects.
//!
//! `manual` has as data what the program can be asked. `args` reads the command line by it, `options` takes what the options
//! say, and `suggestion` guesses what was meant; `help`, `man_page` and `completions` are written from it. `list` lists,
//! `output` prints what was listed, `progress` shows how far it is, `simulate` runs the embedded Atlas with the faults of
//! `fault`, `status` says with which exit status each failure ends, and `verbose` prints what the library logs.

mod args;
mod completions;
mod fault;
mod help;
mod list;
mod man_page;
mod manual;
mod options;
mod output;
mod progress;
mod simulate;
mod status;
mod suggestion;
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
        Command::Help(page) => print(&help::text(page)),
        Command::Completions(shell) => print(&completions::script(shell)),
        Command::Man => print(&man_page::text()),
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
