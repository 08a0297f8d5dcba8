//! What makes a shell complete commands, options and their values.

mod bash;
mod fish;
mod zsh;

use crate::manual::{CommandPage, Kind, OptionEntry};

/// The shells that can be taught.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shell {
    Bash,
    Zsh,
    Fish,
}

impl Shell {
    /// By its name in the manual.
    pub(crate) fn named(name: &str) -> Option<Shell> {
        Some(match name {
            "bash" => Shell::Bash,
            "zsh" => Shell::Zsh,
            "fish" => Shell::Fish,
            _ => return None,
        })
    }
}

/// The script for a shell.
pub(crate) fn script(shell: Shell) -> String {
    let mut script = String::new();
    // A `String` takes everything.
    let _ = match shell {
        Shell::Bash => bash::write(&mut script),
        Shell::Zsh => zsh::write(&mut script),
        Shell::Fish => fish::write(&mut script),
    };
    script
}

/// `--output` and `-o`.
fn flags(option: &OptionEntry) -> impl Iterator<Item = String> {
    std::iter::once(format!("--{}", option.long)).chain(option.short.map(|short| format!("-{short}")))
}

fn operand_values(page: &CommandPage) -> &'static [&'static str] {
    match page.operand.map(|operand| operand.kind) {
        Some(Kind::OneOf(values)) => values,
        _ => &[],
    }
}
