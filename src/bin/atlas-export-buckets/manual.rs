//! What the program can be asked, as data. The parser accepts what stands here and nothing else, and `help`,
//! `completions` and `man_page` are written from it, so that none of the four can say what the others do not.

use crate::fault;

/// The program's name.
pub(crate) const PROGRAM: &str = "atlas-export-buckets";

/// What the program is for, in a line.
pub(crate) const PURPOSE: &str = "Lists the snapshot export buckets of MongoDB Atlas projects.";

/// A command and all that it takes.
#[derive(Debug)]
pub(crate) struct CommandPage {
    pub(crate) name: &'static str,
    /// What it does, for a line in a list.
    pub(crate) summary: &'static str,
    /// What more there is to say, in sentences, each on a line of its own.
    pub(crate) description: &'static [&'static str],
    /// What stands beside the options, if anything.
    pub(crate) operand: Option<Value>,
    pub(crate) options: &'static [OptionEntry],
    /// What more the options take, line by line.
    pub(crate) notes: &'static [&'static str],
    /// Command lines to begin with.
    pub(crate) examples: &'static [&'static str],
}

/// An option of a command.
#[derive(Debug)]
pub(crate) struct OptionEntry {
    pub(crate) long: &'static str,
    pub(crate) short: Option<char>,
    /// Other long names, for those who come from other tools.
    pub(crate) aliases: &'static [&'static str],
    pub(crate) value: Option<Value>,
    pub(crate) help: &'static str,
}

/// What an option or a command takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Value {
    /// How it is called in the help.
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
}

/// How a shell can complete a value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// It cannot.
    Any,
    OneOf(&'static [&'static str]),
    File,
}

impl OptionEntry {
    const fn new(long: &'static str, help: &'static str) -> Self {
        OptionEntry { long, short: None, aliases: &[], value: None, help }
    }

    const fn short(mut self, short: char) -> Self {
        self.short = Some(short);
        self
    }

    const fn aliases(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    const fn takes(mut self, name: &'static str, kind: Kind) -> Self {
        self.value = Some(Value { name, kind });
        self
    }

    /// All its long names, its own first.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.long).chain(self.aliases.iter().copied())
    }
}

impl CommandPage {
    /// The command of this name.
    pub(crate) fn named(name: &str) -> Option<&'static CommandPage> {
        COMMANDS.iter().find(|page| page.name == name)
    }
}

const HELP: OptionEntry = OptionEntry::new("help", "this text").short('h');
const VERSION: OptionEntry = OptionEntry::new("version", "the version").short('V');
const OUTPUT: OptionEntry = OptionEntry::new("output", "table (default), json, ndjson, csv or raw")
    .short('o')
    .takes("F", Kind::OneOf(&["table", "json", "ndjson", "csv", "raw"]));
const LIMIT: OptionEntry =
    OptionEntry::new("limit", "items per page, 1 to 500 (default 500)").takes("N", Kind::Any);
const VERBOSE: OptionEntry =
    OptionEntry::new("verbose", "show requests, challenges, retries and waits").short('v');
const QUIET: OptionEntry = OptionEntry::new("quiet", "show errors only").short('q');

/// What can stand in the place of a command.
pub(crate) const OPTIONS: &[OptionEntry] =
    &[OptionEntry::new("help", "this text, or that of a command").short('h'), VERSION];

pub(crate) const COMMANDS: &[CommandPage] = &[
    CommandPage {
        name: "list",
        summary: "list the export buckets of one or more projects",
        description: &[],
        operand: None,
        options: &[
            OptionEntry::new("project-id", "the project; repeatable; - reads ids from stdin, one a line")
                .aliases(&["projectId", "group-id"])
                .takes("ID", Kind::Any),
            OUTPUT,
            LIMIT,
            OptionEntry::new("page", "that page only").takes("N", Kind::Any),
            OptionEntry::new("no-count", "do not have the server count the buckets").aliases(&["omitCount"]),
            OptionEntry::new("api-version", "v1.0 (default) or 2024-05-30")
                .takes("V", Kind::OneOf(&["v1.0", "2024-05-30"])),
            OptionEntry::new("base-url", "where Atlas is (default https://cloud.mongodb.com)")
                .takes("URL", Kind::Any),
            OptionEntry::new("envelope", "have the server wrap its answers; raw shows it"),
            OptionEntry::new("pretty", "have the server indent its answers, for raw"),
            OptionEntry::new("timeout", "the deadline of each page (default 60; fractions allowed)")
                .takes("SECONDS", Kind::Any),
            OptionEntry::new("retries", "retries of each page (default 3)").takes("N", Kind::Any),
            OptionEntry::new("jobs", "projects listed at once (default 4)").takes("N", Kind::Any),
            OptionEntry::new("ca-file", "trust these roots instead of the built-in ones")
                .takes("PEM", Kind::File),
            VERBOSE,
            QUIET,
            HELP,
            VERSION,
        ],
        notes: &[],
        examples: &[
            "atlas-export-buckets list --project-id 32b6e34b3d91647abb20e7b8 -o json",
            "atlas-export-buckets list --project-id - -o csv <ids >buckets.csv",
        ],
    },
    CommandPage {
        name: "demo",
        summary: "list sample buckets from an embedded Atlas; needs no account",
        description: &[
            "Starts the embedded Atlas on a free port of this machine,",
            "lists its sample buckets as list would, and stops.",
        ],
        operand: None,
        options: &[OUTPUT, LIMIT, VERBOSE, QUIET, HELP],
        notes: &[],
        examples: &["atlas-export-buckets demo -v"],
    },
    CommandPage {
        name: "simulate",
        summary: "run the embedded Atlas until interrupted, to test tools against",
        description: &[
            "Runs the embedded Atlas on this machine until interrupted.",
            "Prints the variables that list reads, and a curl command.",
        ],
        operand: None,
        options: &[
            OptionEntry::new("port", "the port (default: a free one)").takes("N", Kind::Any),
            OptionEntry::new("buckets", "how many sample buckets the project has (default 12)")
                .takes("N", Kind::Any),
            OptionEntry::new("fault", "let something go wrong; repeatable")
                .takes("F", Kind::OneOf(&fault::NAMES)),
            HELP,
        ],
        notes: &[
            "Faults, for all pages or for the first N requests:",
            "  STATUS[=N]                         an error status, such as 503",
            "  reset[=N] close[=N] truncate[=N]   connections that break",
            "  endless[=N] html[=N] redirect[=N]  answers that are no pages",
            "  delay[=MS] drip[=MS]               late, or a byte every MS (default 1000)",
            "  rate-limit[=N]                     N requests (default 10), then one a second",
            "  many-headers[=N]                   N more header fields (default 10000)",
            "  shift delete count-shrinks         the list changes before page 2",
            "  cap-page[=N] no-links no-count count-refused ignore-page next-for-ever  pages",
            "  stale[=N] forget-nonces[=N] wrong-rspauth[=N] unauthorized basic        Digest",
        ],
        examples: &[
            "atlas-export-buckets simulate >atlas.env",
            ". ./atlas.env; atlas-export-buckets list        # in another shell",
        ],
    },
    CommandPage {
        name: "completions",
        summary: "print what makes a shell complete commands and options",
        description: &[],
        operand: Some(Value { name: "SHELL", kind: Kind::OneOf(&["bash", "zsh", "fish"]) }),
        options: &[HELP],
        notes: &[],
        examples: &[
            "eval \"$(atlas-export-buckets completions bash)\"",
            "atlas-export-buckets completions zsh >~/.zfunc/_atlas-export-buckets",
            "atlas-export-buckets completions fish | source",
        ],
    },
    CommandPage {
        name: "man",
        summary: "print the manual page",
        description: &[],
        operand: None,
        options: &[HELP],
        notes: &[],
        examples: &["atlas-export-buckets man | man -l -"],
    },
];

/// A name and what it stands for.
pub(crate) type Entry = (&'static str, &'static str);

pub(crate) const ENVIRONMENT: &[Entry] = &[
    ("MONGODB_ATLAS_PUBLIC_API_KEY", "the public half of the API key"),
    ("MONGODB_ATLAS_PRIVATE_API_KEY", "the private half"),
    ("MONGODB_ATLAS_PROJECT_ID", "the project, without --project-id"),
    ("MONGODB_ATLAS_OPS_MANAGER_URL", "the base URL, without --base-url"),
];

pub(crate) const EXIT_STATUSES: &[Entry] = &[
    ("0", "done"),
    ("1", "other failure"),
    ("2", "bad usage or configuration"),
    ("3", "not allowed"),
    ("4", "no such project"),
    ("5", "rate limited"),
    ("6", "network or deadline"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_stands_for_two_options_of_a_command() {
        for page in COMMANDS {
            let shorts = page.options.iter().filter_map(|option| option.short.map(String::from));
            let names = page.options.iter().flat_map(OptionEntry::names).map(str::to_owned);
            let all: Vec<String> = shorts.chain(names).collect();
            let distinct: std::collections::HashSet<&String> = all.iter().collect();
            assert_eq!(all.len(), distinct.len(), "{}: {all:?}", page.name);
        }
    }

    #[test]
    fn every_fault_is_explained() {
        let notes = CommandPage::named("simulate").map(|page| page.notes.join("\n")).unwrap_or_default();
        let explained: Vec<&str> = notes.split(|c: char| !(c.is_alphanumeric() || c == '-')).collect();
        for name in fault::NAMES {
            assert!(explained.contains(&name), "{name} in {notes}");
        }
    }
}
