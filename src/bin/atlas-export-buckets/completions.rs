//! Scripts that make a shell complete commands, options, values and files.

use clap::builder::PossibleValuesParser;
use clap::{Arg, Command, CommandFactory as _, ValueHint};
use clap_complete::aot::{Bash, Fish, Generator, Zsh, generate};

use crate::cli::{Cli, Shell};
use crate::fault;

const NAME: &str = env!("CARGO_BIN_NAME");

/// Command, option, and the values to suggest. The option takes others too.
const SUGGESTIONS: [(&str, &str, &str); 2] =
    [("list", "api_version", "v1.0, 2024-05-30"), ("simulate", "faults", fault::NAMES)];

/// The script for a shell.
pub(crate) fn script(shell: Shell) -> String {
    // Suggest files only where a file is wanted.
    let no_files = |arg: Arg| match arg.get_value_hint() {
        ValueHint::Unknown if arg.get_action().takes_values() => arg.value_hint(ValueHint::Other),
        _ => arg,
    };
    let mut program = Cli::command().mut_subcommands(|command| command.mut_args(no_files));
    for (command, option, values) in SUGGESTIONS {
        let values = PossibleValuesParser::new(values.split(", "));
        program = program.mut_subcommand(command, |command| {
            command.mut_arg(option, |arg| arg.value_parser(values).hide_possible_values(true))
        });
    }
    match shell {
        Shell::Bash => mend_bash(&generated(Bash, &mut program)),
        Shell::Zsh => generated(Zsh, &mut program),
        Shell::Fish => generated(Fish, &mut program) + &missing_in_fish(&program),
    }
}

fn generated(generator: impl Generator, program: &mut Command) -> String {
    let mut script = Vec::new();
    generate(generator, program, NAME, &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// Mends two things that the generator for bash, in its version 4.6.11, gets wrong.
fn mend_bash(script: &str) -> String {
    // If the program's name has a hyphen, the script names a command in two ways, and finds none.
    let script = script.replace(&NAME.replace('-', "__subcmd__"), &NAME.replace('-', "__"));
    // Bash splits `--output=json` at the equals sign, which the script does not expect.
    let previous_word = "    prev=\"$3\"\n";
    let split = "    if [[ $prev == = ]]; then\n        prev=\"${COMP_WORDS[COMP_CWORD-2]}\"\n    fi\n";
    script.replacen(previous_word, &format!("{previous_word}{split}"), 1)
}

/// The words behind `completions` and `help`, which the generator for fish leaves out.
fn missing_in_fish(program: &Command) -> String {
    let commands: Vec<&str> = program.get_subcommands().map(Command::get_name).collect();
    let function = NAME.replace('-', "_");
    [("completions", "bash zsh fish"), ("help", &commands.join(" "))]
        .map(|(command, words)| {
            format!("complete -c {NAME} -n '__fish_{function}_using_subcommand {command}' -f -a '{words}'\n")
        })
        .concat()
}
