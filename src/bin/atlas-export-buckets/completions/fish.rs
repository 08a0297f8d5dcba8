//! For fish.

use std::fmt::{self, Write as _};

use super::operand_values;
use crate::manual::{COMMANDS, Kind, OPTIONS, OptionEntry, PROGRAM};

pub(super) fn write(out: &mut String) -> fmt::Result {
    let names: Vec<&str> = COMMANDS.iter().map(|page| page.name).collect();
    let names = names.join(" ");
    writeln!(out, "complete -c {PROGRAM} -f")?;
    let none_yet = format!("not __fish_seen_subcommand_from {names} help");
    for option in OPTIONS {
        write_option(out, &none_yet, option)?;
    }
    for page in COMMANDS {
        writeln!(out, "complete -c {PROGRAM} -n '{none_yet}' -a {} -d {}", page.name, quoted(page.summary))?;
    }
    writeln!(out, "complete -c {PROGRAM} -n '__fish_seen_subcommand_from help' -a '{names}'")?;
    for page in COMMANDS {
        let condition = format!("__fish_seen_subcommand_from {}", page.name);
        if let [_, ..] = operand_values(page) {
            writeln!(out, "complete -c {PROGRAM} -n '{condition}' -a '{}'", operand_values(page).join(" "))?;
        }
        for option in page.options {
            write_option(out, &condition, option)?;
        }
    }
    Ok(())
}

fn write_option(out: &mut String, condition: &str, option: &OptionEntry) -> fmt::Result {
    write!(out, "complete -c {PROGRAM} -n '{condition}' -l {}", option.long)?;
    if let Some(short) = option.short {
        write!(out, " -s {short}")?;
    }
    match option.value.map(|value| value.kind) {
        None => {}
        Some(Kind::Any) => write!(out, " -x")?,
        Some(Kind::File) => write!(out, " -r -F")?,
        Some(Kind::OneOf(values)) => write!(out, " -x -a '{}'", values.join(" "))?,
    }
    writeln!(out, " -d {}", quoted(option.help))
}

/// As a word in single quotes.
fn quoted(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('\'', "\\'");
    format!("'{text}'")
}
