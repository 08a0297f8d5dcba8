//! What makes a shell complete commands, options, values and files.

use clap::{Arg, Command, ValueEnum as _, ValueHint};
use clap_complete::aot::{Bash, Fish, Zsh, generate};

use crate::cli::Shell;

/// The script for a shell.
pub(crate) fn script(program: Command, shell: Shell) -> String {
    // Files are offered for nothing but files.
    let no_files = |arg: Arg| match arg.get_value_hint() {
        ValueHint::Unknown if arg.get_action().takes_values() => arg.value_hint(ValueHint::Other),
        _ => arg,
    };
    let mut program = program.mut_subcommands(|command| command.mut_args(no_files));
    let name = program.get_name().to_owned();
    let mut script = Vec::new();
    match shell {
        Shell::Bash => generate(Bash, &mut program, name.as_str(), &mut script),
        Shell::Zsh => generate(Zsh, &mut program, name.as_str(), &mut script),
        Shell::Fish => generate(Fish, &mut program, name.as_str(), &mut script),
    }
    let script = String::from_utf8_lossy(&script).into_owned();
    match shell {
        Shell::Bash => mend_bash(&script, &name),
        Shell::Zsh => script,
        Shell::Fish => script + &missing_in_fish(&program),
    }
}

/// Mends two things that the generator for bash, in its version 4.6.11, gets wrong.
fn mend_bash(script: &str, name: &str) -> String {
    // It names a command in two ways if the program's name has a hyphen, and then finds none.
    let script = script.replace(&name.replace('-', "__subcmd__"), &name.replace('-', "__"));
    // Bash splits `--output=json` at the equals sign, which it does not expect.
    let previous_word = "    prev=\"$3\"\n";
    let split = "    if [[ $prev == = ]]; then\n        prev=\"${COMP_WORDS[COMP_CWORD-2]}\"\n    fi\n";
    script.replacen(previous_word, &format!("{previous_word}{split}"), 1)
}

/// The words behind `completions` and `help`, which the generator for fish leaves out.
fn missing_in_fish(program: &Command) -> String {
    let shells = Shell::value_variants().iter().filter_map(|shell| shell.to_possible_value());
    let shells: Vec<String> = shells.map(|shell| shell.get_name().to_owned()).collect();
    let commands: Vec<&str> = program.get_subcommands().map(Command::get_name).collect();
    let (name, function) = (program.get_name(), program.get_name().replace('-', "_"));
    [("completions", shells.join(" ")), ("help", commands.join(" "))]
        .map(|(command, words)| {
            format!("complete -c {name} -n '__fish_{function}_using_subcommand {command}' -f -a '{words}'\n")
        })
        .concat()
}
