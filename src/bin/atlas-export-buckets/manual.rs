//! The manual page, made of the help of all commands.

use std::io;

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use crate::cli::Cli;

const DESCRIPTION: &str = "\
Asks the Atlas Administration API for 500 buckets at a time and gives the complete list or an error. \
Failures that may be temporary are retried within a deadline for each page. \
Standard output carries data only; everything else goes to standard error. \
No option takes a secret, because arguments are public.";

/// The manual page: all commands on one page.
pub(crate) fn page() -> io::Result<String> {
    let mut program = Cli::command().long_about(DESCRIPTION);
    program.build();
    let man = Man::new(program.clone());
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    write_sections(&program, &mut page)?;
    let mut page = String::from_utf8_lossy(&page).into_owned();
    for command in program.get_subcommands().filter(|command| command.get_name() != "help") {
        let mut sections = Vec::new();
        write_sections(command, &mut sections)?;
        // The generator writes a page for each command, so its headings are sections. Here they become subsections.
        let sections = String::from_utf8_lossy(&sections).replace(".SH ", ".SS ");
        page.push_str(&format!(".SH {}\n{sections}", command.get_name().to_uppercase()));
    }
    Ok(page)
}

/// How a command is used, and what help says of it.
fn write_sections(command: &Command, out: &mut Vec<u8>) -> io::Result<()> {
    let man = Man::new(command.clone());
    man.render_synopsis_section(out)?;
    man.render_description_section(out)?;
    man.render_options_section(out)?;
    let notes = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let mut roff = Roff::new();
    for line in notes.lines() {
        match line.strip_suffix(':').filter(|title| !title.starts_with(' ')) {
            // `nf` keeps the lines below a heading as they are, until the next heading.
            Some(title) => roff.control("SH", [title.to_uppercase().as_str()]).control("nf", []),
            None => roff.text([roman(line)]),
        };
    }
    roff.control("fi", []).to_writer(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault;

    #[test]
    fn every_fault_is_explained() {
        let program = Cli::command();
        let help = program.find_subcommand("simulate").unwrap().get_after_help().unwrap().to_string();
        let explained: Vec<&str> = help.split(|c: char| !(c.is_alphanumeric() || c == '-')).collect();
        for name in fault::NAMES.split(", ") {
            assert!(explained.contains(&name), "{name}");
        }
    }
}
