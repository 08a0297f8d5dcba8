//! The help texts: one for the program and one for each command, each on one screen.

use std::fmt::{self, Write as _};

use crate::manual::{
    COMMANDS, CommandPage, ENVIRONMENT, EXIT_STATUSES, OPTIONS, OptionEntry, PROGRAM, PURPOSE,
};

/// The program's, or that of a command.
pub(crate) fn text(page: Option<&CommandPage>) -> String {
    let mut text = String::new();
    // A `String` takes everything.
    let _ = match page {
        Some(page) => write_command(&mut text, page),
        None => write_program(&mut text),
    };
    text
}

fn write_program(out: &mut String) -> fmt::Result {
    writeln!(out, "{PURPOSE}\n\nUsage: {PROGRAM} COMMAND [OPTIONS]\n\nCommands:")?;
    write_entries(out, COMMANDS.iter().map(|page| (page.name.into(), page.summary)))?;
    writeln!(out, "\nOptions:")?;
    write_entries(out, OPTIONS.iter().map(|option| (flags(option), option.help)))?;
    writeln!(out, "\nEnvironment:")?;
    write_entries(out, ENVIRONMENT.iter().map(|&(name, meaning)| (name.into(), meaning)))?;
    writeln!(out, "\nExit status:")?;
    for statuses in EXIT_STATUSES.chunks(4) {
        let line: Vec<String> =
            statuses.iter().map(|(status, meaning)| format!("{status} {meaning}")).collect();
        writeln!(out, "  {}", line.join(", "))?;
    }
    Ok(())
}

fn write_command(out: &mut String, page: &CommandPage) -> fmt::Result {
    writeln!(out, "{}\n", usage(page))?;
    if page.description.is_empty() {
        writeln!(out, "{}\n", sentence(page.summary))?;
    } else {
        writeln!(out, "{}\n", page.description.join("\n"))?;
    }
    write_entries(out, page.options.iter().map(|option| (flags(option), option.help)))?;
    if !page.notes.is_empty() {
        writeln!(out, "\n{}", page.notes.join("\n"))?;
    }
    for example in page.examples {
        write!(out, "\nExample: {example}")?;
    }
    writeln!(out)
}

fn usage(page: &CommandPage) -> String {
    format!("Usage: {PROGRAM} {}", synopsis(page))
}

/// The command with what it takes.
pub(crate) fn synopsis(page: &CommandPage) -> String {
    let operand = page.operand.map(|operand| format!(" {}", operand.name)).unwrap_or_default();
    format!("{} [OPTIONS]{operand}", page.name)
}

/// With a capital letter and a full stop.
pub(crate) fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(characters).chain(['.']).collect()
}

/// `-o, --output F`
pub(crate) fn flags(option: &OptionEntry) -> String {
    let short = option.short.map(|short| format!("-{short}, ")).unwrap_or_default();
    let value = option.value.map(|value| format!(" {}", value.name)).unwrap_or_default();
    format!("{short}--{}{value}", option.long)
}

/// Two columns.
fn write_entries<'a>(
    out: &mut String,
    entries: impl Iterator<Item = (String, &'a str)> + Clone,
) -> fmt::Result {
    let width = entries.clone().map(|(name, _)| name.len()).max().unwrap_or_default();
    entries.into_iter().try_for_each(|(name, meaning)| writeln!(out, "  {name:width$}  {meaning}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_fits_a_screen_of_24_lines_and_80_columns() {
        for page in COMMANDS.iter().map(Some).chain([None]) {
            let text = text(page);
            assert!(text.lines().count() <= 24, "{} lines:\n{text}", text.lines().count());
            for line in text.lines() {
                assert!(line.len() <= 80, "{} columns: {line}", line.len());
            }
        }
    }

    #[test]
    fn an_option_is_shown_with_its_short_name_and_its_value() {
        let list = text(CommandPage::named("list"));
        assert!(list.starts_with("Usage: atlas-export-buckets list [OPTIONS]\n"), "{list}");
        assert!(
            list.contains("\n  -o, --output F     table (default), json, ndjson, csv or raw\n"),
            "{list}"
        );
        assert!(list.contains("\n  --limit N          items per page"), "{list}");
    }
}
