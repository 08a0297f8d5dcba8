//! For bash 3.2, which macOS has, and later.

use std::fmt::{self, Write as _};

use super::{flags, operand_values};
use crate::manual::{COMMANDS, Kind, OPTIONS, PROGRAM};

/// Commands and options are offered; behind an option its values, behind one with any value nothing.
pub(super) fn write(out: &mut String) -> fmt::Result {
    out.write_str(
        r#"_atlas_export_buckets() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
    # In --name=value the sign is a word of its own.
    if [[ $word == = ]]; then
        word=
    elif [[ $before == = ]]; then
        before=${COMP_WORDS[COMP_CWORD-2]}
    fi
    COMPREPLY=()
    case "${COMP_WORDS[1]} $before" in
"#,
    )?;
    for page in COMMANDS {
        for option in page.options {
            let Some(value) = option.value else { continue };
            let patterns: Vec<String> = flags(option).map(|flag| format!("'{} {flag}'", page.name)).collect();
            let action = match value.kind {
                Kind::Any => String::new(),
                Kind::File => r#"local IFS=$'\n'; COMPREPLY=($(compgen -f -- "$word")); "#.to_owned(),
                Kind::OneOf(values) => reply(values.iter().copied()) + "; ",
            };
            writeln!(out, "        {}) {action}return ;;", patterns.join(" | "))?;
        }
    }
    let commands = COMMANDS.iter().map(|page| page.name);
    let first: Vec<String> =
        commands.clone().chain(["help"]).map(str::to_owned).chain(OPTIONS.iter().flat_map(flags)).collect();
    writeln!(out, "    esac\n    if ((COMP_CWORD == 1)); then")?;
    writeln!(out, "        {}\n        return\n    fi", reply(first.iter().map(String::as_str)))?;
    writeln!(out, "    case ${{COMP_WORDS[1]}} in")?;
    for page in COMMANDS {
        let words: Vec<String> = match operand_values(page) {
            [] => page.options.iter().flat_map(flags).collect(),
            values => values.iter().map(|&value| value.to_owned()).collect(),
        };
        writeln!(out, "        {}) {} ;;", page.name, reply(words.iter().map(String::as_str)))?;
    }
    writeln!(out, "        help) {} ;;", reply(commands))?;
    writeln!(out, "    esac\n}}\ncomplete -F _atlas_export_buckets {PROGRAM}")
}

fn reply<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let words: Vec<&str> = words.collect();
    format!("COMPREPLY=($(compgen -W '{}' -- \"$word\"))", words.join(" "))
}
