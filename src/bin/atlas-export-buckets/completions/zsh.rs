//! For zsh, either sourced or as a file in `fpath`.

use std::fmt::{self, Write as _};

use super::operand_values;
use crate::manual::{COMMANDS, Kind, OPTIONS, OptionEntry, PROGRAM};

pub(super) fn write(out: &mut String) -> fmt::Result {
    writeln!(out, "#compdef {PROGRAM}\n\n_atlas_export_buckets() {{")?;
    writeln!(out, "    local context state state_descr line\n    typeset -A opt_args")?;
    let states = ["'1:command:->command'", "'*::argument:->arguments'"].map(str::to_owned);
    write_arguments(out, 4, OPTIONS.iter().map(spec).chain(states))?;
    writeln!(out, "    case $state in\n    command)\n        local -a commands=(")?;
    for page in COMMANDS {
        writeln!(out, "            {}", quoted(&format!("{}:{}", page.name, page.summary)))?;
    }
    writeln!(out, "        )\n        _describe command commands\n        ;;")?;
    writeln!(out, "    arguments)\n        case $line[1] in")?;
    for page in COMMANDS {
        writeln!(out, "        {})", page.name)?;
        let operand =
            page.operand.map(|operand| format!("'1:{}:({})'", operand.name, operand_values(page).join(" ")));
        write_arguments(out, 12, page.options.iter().map(spec).chain(operand))?;
        writeln!(out, "            ;;")?;
    }
    let names: Vec<&str> = COMMANDS.iter().map(|page| page.name).collect();
    writeln!(out, "        help)")?;
    write_arguments(out, 12, [format!("'1:command:({})'", names.join(" "))].into_iter())?;
    writeln!(out, "            ;;\n        esac\n        ;;\n    esac\n}}\n")?;
    writeln!(out, "if [[ $funcstack[1] == _{PROGRAM} ]]; then\n    _atlas_export_buckets \"$@\"")?;
    writeln!(out, "else\n    compdef _atlas_export_buckets {PROGRAM}\nfi")
}

fn write_arguments(out: &mut String, indent: usize, specs: impl Iterator<Item = String>) -> fmt::Result {
    let line_end = format!(" \\\n{:1$}", "", indent + 4);
    let specs: Vec<String> = specs.collect();
    writeln!(out, "{:indent$}_arguments -C{line_end}{}", "", specs.join(&line_end))
}

/// `'*'{-o+,--output=}'[table, …]:F:(table …)'`
fn spec(option: &OptionEntry) -> String {
    let (values, after_short, after_long) = match option.value {
        None => (String::new(), "", ""),
        Some(value) => {
            let values = match value.kind {
                Kind::Any => " ".to_owned(),
                Kind::File => "_files".to_owned(),
                Kind::OneOf(values) => format!("({})", values.join(" ")),
            };
            (format!(":{}:{values}", value.name), "+", "=")
        }
    };
    let long = format!("--{}{after_long}", option.long);
    let flags = match option.short {
        Some(short) => format!("{{-{short}{after_short},{long}}}"),
        None => long,
    };
    let help = option.help.replace('[', "\\[").replace(']', "\\]");
    format!("'*'{flags}{}", quoted(&format!("[{help}]{values}")))
}

/// As a word in single quotes.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
