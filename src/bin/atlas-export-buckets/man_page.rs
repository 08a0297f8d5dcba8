//! The manual page, in the macros of man(7).

use std::fmt::{self, Write as _};

use crate::help::{flags, sentence, synopsis};
use crate::manual::{
    COMMANDS, CommandPage, ENVIRONMENT, EXIT_STATUSES, Entry, OptionEntry, PROGRAM, PURPOSE,
};

const DESCRIPTION: &str = "\
It asks the Atlas Administration API for 500 buckets at a time, authenticates by HTTP Digest, and gives the complete list
or an error; what may pass is retried within a deadline for each page. Standard output carries data only, everything
else goes to standard error. No option takes the private half of the API key, as arguments are public.";

/// The whole page.
pub(crate) fn text() -> String {
    let mut text = String::new();
    // A `String` takes everything.
    let _ = write_page(&mut text);
    text
}

fn write_page(out: &mut String) -> fmt::Result {
    let title = PROGRAM.to_uppercase();
    writeln!(out, ".TH \"{}\" 1 \"\" \"{PROGRAM} {}\"", escaped(&title), env!("CARGO_PKG_VERSION"))?;
    section(out, "NAME")?;
    let purpose = PURPOSE.trim_end_matches('.');
    writeln!(out, "{} \\- {}", escaped(PROGRAM), escaped(&purpose.replacen("Lists", "list", 1)))?;
    section(out, "SYNOPSIS")?;
    for page in COMMANDS {
        writeln!(out, ".B {}\n{}\n.br", escaped(PROGRAM), escaped(&synopsis(page)))?;
    }
    section(out, "DESCRIPTION")?;
    write_text(out, &[PURPOSE, DESCRIPTION])?;
    section(out, "COMMANDS")?;
    COMMANDS.iter().try_for_each(|page| write_command(out, page))?;
    section(out, "ENVIRONMENT")?;
    write_entries(out, ENVIRONMENT)?;
    write_entries(
        out,
        &[
            ("ALL_PROXY, HTTPS_PROXY, HTTP_PROXY", "the proxy, the first of them that is set"),
            ("NO_PROXY", "hosts that are asked without it"),
            ("NO_COLOR", "no bold headings on a terminal"),
        ],
    )?;
    section(out, "EXIT STATUS")?;
    write_entries(out, EXIT_STATUSES)?;
    section(out, "EXAMPLES")?;
    let examples: Vec<&str> = COMMANDS.iter().flat_map(|page| page.examples).copied().collect();
    write_as_it_is(out, &examples)
}

fn write_command(out: &mut String, page: &CommandPage) -> fmt::Result {
    writeln!(out, ".SS {}", escaped(page.name))?;
    match page.description {
        [] => writeln!(out, "{}", escaped(&sentence(page.summary)))?,
        description => write_text(out, description)?,
    }
    page.options.iter().try_for_each(|option| write_option(out, option))?;
    match page.notes {
        [] => Ok(()),
        notes => {
            writeln!(out, ".PP")?;
            write_as_it_is(out, notes)
        }
    }
}

fn write_option(out: &mut String, option: &OptionEntry) -> fmt::Result {
    writeln!(out, ".TP\n.B {}\n{}", escaped(&flags(option)), escaped(option.help))?;
    match option.aliases {
        [] => Ok(()),
        aliases => writeln!(out, "(also {})", escaped(&format!("--{}", aliases.join(", --")))),
    }
}

fn write_entries(out: &mut String, entries: &[Entry]) -> fmt::Result {
    entries
        .iter()
        .try_for_each(|(name, meaning)| writeln!(out, ".TP\n.B {}\n{}", escaped(name), escaped(meaning)))
}

fn write_text(out: &mut String, paragraphs: &[&str]) -> fmt::Result {
    paragraphs
        .iter()
        .flat_map(|paragraph| paragraph.lines())
        .try_for_each(|line| writeln!(out, "{}", escaped(line)))
}

/// Lines that stay lines, with the spaces in them.
fn write_as_it_is(out: &mut String, lines: &[&str]) -> fmt::Result {
    writeln!(out, ".nf")?;
    write_text(out, lines)?;
    writeln!(out, ".fi")
}

fn section(out: &mut String, name: &str) -> fmt::Result {
    writeln!(out, ".SH {name}")
}

/// Hyphens that can be copied, no backslash with a meaning, and no request at the start of a line.
fn escaped(text: &str) -> String {
    let escaped = text.replace('\\', "\\e").replace('-', "\\-");
    if escaped.starts_with(['.', '\'']) { format!("\\&{escaped}") } else { escaped }
}
