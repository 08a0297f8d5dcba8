//! The command line, read by the book: what is in `manual`.

use std::ffi::OsStr;
use std::fmt;

use atlas_export_buckets::ProjectId;
use lexopt::Arg::{self, Long, Short, Value};
use lexopt::Parser;

use crate::completions::Shell;
use crate::manual::{COMMANDS, CommandPage, OPTIONS, OptionEntry, PROGRAM};
use crate::options::{ListArgs, Mistake, SimulateArgs};
use crate::suggestion::nearest;

/// What to do.
#[derive(Debug)]
pub(crate) enum Command {
    List(ListArgs),
    Demo(ListArgs),
    Simulate(SimulateArgs),
    Completions(Shell),
    Man,
    /// The help of a command, or of the program.
    Help(Option<&'static CommandPage>),
    Version,
}

/// A mistake, and the help that says how it is done.
#[derive(Debug)]
pub(crate) struct UsageError {
    mistake: Mistake,
    page: Option<&'static CommandPage>,
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let command = self.page.map(|page| format!(" {}", page.name)).unwrap_or_default();
        write!(f, "{}; see {PROGRAM}{command} --help", self.mistake.0)
    }
}

pub(crate) fn parse(mut parser: Parser) -> Result<Command, UsageError> {
    let chosen = choose(&mut parser).map_err(|mistake| UsageError { mistake, page: None })?;
    match chosen {
        Chosen::Done(command) => Ok(command),
        Chosen::Page(page) => {
            parse_command(page, &mut parser).map_err(|mistake| UsageError { mistake, page: Some(page) })
        }
    }
}

/// What the first argument says.
enum Chosen {
    /// All that there is to say.
    Done(Command),
    /// The options of this command follow.
    Page(&'static CommandPage),
}

fn choose(parser: &mut Parser) -> Result<Chosen, Mistake> {
    let arg = match parser.next()? {
        None => return Err(Mistake(format!("a command is missing: use {}", names_of_commands()))),
        Some(Value(name)) if name == "help" => return about(parser),
        Some(Value(name)) => return page(&name).map(Chosen::Page),
        Some(arg) => arg,
    };
    match find(OPTIONS, &arg).map(|option| option.long) {
        Some("version") => Ok(Chosen::Done(Command::Version)),
        Some(_) => Ok(Chosen::Done(Command::Help(None))),
        None => {
            let of_a_command = COMMANDS.iter().find_map(|page| Some((page, find(page.options, &arg)?)));
            Err(match of_a_command {
                Some((page, option)) => {
                    let name = page.name;
                    Mistake(format!("--{} goes behind its command: {PROGRAM} {name} --{0}", option.long))
                }
                None => unknown(OPTIONS, &arg),
            })
        }
    }
}

/// `help`, and perhaps what about.
fn about(parser: &mut Parser) -> Result<Chosen, Mistake> {
    let about = match parser.next()? {
        Some(Value(name)) => Some(page(&name)?),
        _ => None,
    };
    Ok(Chosen::Done(Command::Help(about)))
}

fn page(name: &OsStr) -> Result<&'static CommandPage, Mistake> {
    let text = name.to_string_lossy();
    CommandPage::named(&text).ok_or_else(|| {
        Mistake(if is_project_id(&text) {
            format!("there is no command {name:?}; did you mean list --project-id {text}?")
        } else if let Some(nearest) = nearest(&text, COMMANDS.iter().map(|page| page.name)) {
            format!("there is no command {name:?}; did you mean {nearest}?")
        } else {
            format!("there is no command {name:?}: use {}", names_of_commands())
        })
    })
}

fn names_of_commands() -> String {
    let names: Vec<&str> = COMMANDS.iter().map(|page| page.name).collect();
    names.join(", ")
}

fn is_project_id(text: &str) -> bool {
    text.parse::<ProjectId>().is_ok()
}

fn parse_command(page: &'static CommandPage, parser: &mut Parser) -> Result<Command, Mistake> {
    let command = match page.name {
        "list" => read(page, parser, ListArgs::set)?.map(Command::List),
        "demo" => read(page, parser, ListArgs::set)?.map(Command::Demo),
        "simulate" => read(page, parser, SimulateArgs::set)?.map(Command::Simulate),
        "completions" => Ok(parse_completions(page, parser)?.unwrap_or(Command::Help(Some(page)))),
        _ => read(page, parser, |(), _, _| Ok(()))?.map(|()| Command::Man),
    };
    Ok(command.unwrap_or_else(|instead| instead))
}

/// Reads the options of a command one by one; or what was asked for in its place: help, or the version.
fn read<T: Default>(
    page: &'static CommandPage,
    parser: &mut Parser,
    set: impl Fn(&mut T, &OptionEntry, &mut Parser) -> Result<(), Mistake>,
) -> Result<Result<T, Command>, Mistake> {
    let mut args = T::default();
    while let Some(arg) = parser.next()? {
        let option = find(page.options, &arg).ok_or_else(|| unknown(page.options, &arg))?;
        match option.long {
            "help" => return Ok(Err(Command::Help(Some(page)))),
            "version" => return Ok(Err(Command::Version)),
            _ => {}
        }
        set(&mut args, option, parser)?;
    }
    Ok(Ok(args))
}

fn parse_completions(page: &'static CommandPage, parser: &mut Parser) -> Result<Option<Command>, Mistake> {
    match parser.next()? {
        Some(Value(name)) => {
            let shell = name.to_str().and_then(Shell::named);
            let shell = shell
                .ok_or_else(|| Mistake(format!("{name:?} is not a known shell: use bash, zsh or fish")))?;
            // Nothing but help may follow.
            Ok(read(page, parser, |(), _, _| Ok(()))?
                .map(|()| Command::Completions(shell))
                .map_or_else(Some, Some))
        }
        Some(arg) if find(page.options, &arg).is_some() => Ok(None),
        Some(arg) => Err(unknown(page.options, &arg)),
        None => Err(Mistake("for which shell? use bash, zsh or fish".into())),
    }
}

/// The option of this name, short or long.
fn find<'a>(options: &'a [OptionEntry], arg: &Arg<'_>) -> Option<&'a OptionEntry> {
    options.iter().find(|option| match arg {
        Short(name) => option.short == Some(*name),
        Long(name) => option.names().any(|known| known == *name),
        Value(_) => false,
    })
}

/// What is said of an argument that is none of these.
fn unknown(options: &[OptionEntry], arg: &Arg<'_>) -> Mistake {
    Mistake(match arg {
        Short(name) => format!("invalid option '-{name}'"),
        Long(name) => {
            let meant = nearest(name, options.iter().flat_map(OptionEntry::names));
            match meant.and_then(|meant| find(options, &Long(meant))) {
                Some(option) => format!("invalid option '--{name}'; did you mean --{}?", option.long),
                None if name.to_ascii_lowercase().contains("key") => format!(
                    "invalid option '--{name}': the API key is read from MONGODB_ATLAS_PUBLIC_API_KEY and \
                     MONGODB_ATLAS_PRIVATE_API_KEY"
                ),
                None => format!("invalid option '--{name}'"),
            }
        }
        Value(text) if is_project_id(&text.to_string_lossy()) => {
            let id = text.to_string_lossy();
            format!("unexpected argument {text:?}; did you mean --project-id {id}?")
        }
        Value(text) => format!("unexpected argument {text:?}"),
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use atlas_export_buckets::ApiVersion;

    use super::*;
    use crate::manual::Kind;
    use crate::options::Format;

    const ID: &str = "32b6e34b3d91647abb20e7b8";

    fn parse_line(line: &str) -> Result<Command, UsageError> {
        parse(Parser::from_args(line.split_whitespace()))
    }

    fn list_args(line: &str) -> ListArgs {
        match parse_line(line) {
            Ok(Command::List(args)) => args,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn every_option_is_read_in_both_spellings() {
        let args = list_args(
            "list --project-id a --projectId=b --group-id c --project-id - --base-url=u --api-version 2024-05-30 \
             -o csv --limit=7 --page 3 --no-count --envelope --pretty --timeout 1.5 --retries 0 --jobs=8 \
             --ca-file f -v -q",
        );
        assert_eq!(args.project_ids, ["a", "b", "c", "-"]);
        assert_eq!((args.base_url.as_deref(), args.api_version), (Some("u"), ApiVersion::V2024_05_30));
        assert_eq!((args.format, args.items_per_page, args.page), (Format::Csv, 7, Some(3)));
        assert_eq!((args.include_count, args.envelope, args.pretty), (false, true, true));
        assert_eq!((args.timeout, args.retries, args.jobs), (Duration::from_millis(1500), 0, 8));
        assert_eq!((args.ca_file, args.verbose, args.quiet), (Some("f".into()), true, true));
        assert!(!list_args("list --omitCount").include_count);
        assert_eq!(list_args("list --output=raw").format, Format::Raw);
    }

    /// What is typed, and how the answer begins.
    const MISTAKES: &[(&str, &str)] = &[
        (
            "",
            "a command is missing: use list, demo, simulate, completions, man; see atlas-export-buckets --help",
        ),
        ("lst", "there is no command \"lst\"; did you mean list?"),
        ("simulat", "there is no command \"simulat\"; did you mean simulate?"),
        ("frobnicate", "there is no command \"frobnicate\": use list, demo"),
        ("help lst", "there is no command \"lst\"; did you mean list?"),
        (ID, "there is no command \"32b6e34b3d91647abb20e7b8\"; did you mean list --project-id 32b6"),
        ("--hepl", "invalid option '--hepl'; did you mean --help?"),
        ("-v list", "--verbose goes behind its command: atlas-export-buckets list --verbose"),
        ("--project-id a", "--project-id goes behind its command: atlas-export-buckets list --project-id"),
        ("list extra", "unexpected argument \"extra\""),
        (
            "list 32b6e34b3d91647abb20e7b8",
            "unexpected argument \"32b6e34b3d91647abb20e7b8\"; did you mean --project-id 32b6",
        ),
        ("list --projct-id a", "invalid option '--projct-id'; did you mean --project-id?"),
        ("list --project_id=a", "invalid option '--project_id'; did you mean --project-id?"),
        ("list --groupId a", "invalid option '--groupId'; did you mean --project-id?"),
        (
            "list --privateKey=x",
            "invalid option '--privateKey': the API key is read from MONGODB_ATLAS_PUBLIC",
        ),
        ("list --frobnicate", "invalid option '--frobnicate'; see atlas-export-buckets list --help"),
        ("list -x", "invalid option '-x'"),
        ("completions", "for which shell?"),
        ("completions tcsh", "\"tcsh\" is not a known shell"),
        ("completions bash zsh", "unexpected argument \"zsh\""),
        ("man 7", "unexpected argument \"7\""),
        ("list --limit 0", "--limit takes a whole number from 1 to 500, not \"0\""),
        ("list --limit 501", "--limit takes a whole number from 1 to 500, not \"501\""),
        ("list --limit abc", "--limit takes a whole number from 1 to 500, not \"abc\""),
        ("list --limit", "missing argument for option '--limit'"),
        ("list --page 0", "--page takes a whole number from 1 to"),
        ("list --timeout 0", "--timeout takes a number of seconds above 0, not \"0\""),
        ("list --timeout -1", "--timeout takes a number of seconds above 0, not \"-1\""),
        ("list --timeout nan", "--timeout takes a number of seconds above 0, not \"nan\""),
        ("list --timeout 1e99", "--timeout takes a number of seconds above 0, not \"1e99\""),
        ("list --timeout 1e-99", "--timeout takes a number of seconds above 0, not \"1e-99\""),
        ("list --retries -1", "--retries takes a whole number from 0 to 1000"),
        ("list --jobs 0", "--jobs takes a whole number from 1 to 64"),
        ("list --api-version v2", "--api-version: \"v2\" is not a known API version"),
        ("list -o xml", "--output takes one of table, json, ndjson, csv, raw, not \"xml\""),
        ("list --quiet=yes", "unexpected argument for option '--quiet'"),
        ("demo --base-url x", "invalid option '--base-url'"),
        (
            "simulate --fault nonsense",
            "there is no fault \"nonsense\": use an error status such as 503, rate-limit",
        ),
        ("simulate --fault", "missing argument for option '--fault'"),
        ("simulate --port 65536", "--port takes a whole number from 0 to 65535"),
    ];

    #[test]
    fn mistakes_are_told() {
        for (line, expected) in MISTAKES {
            let error = parse_line(line).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{line}: {error}");
            let command = line.split(' ').next().and_then(CommandPage::named);
            let command = command.map(|page| format!(" {}", page.name)).unwrap_or_default();
            assert!(
                error.ends_with(&format!("; see atlas-export-buckets{command} --help")),
                "{line}: {error}"
            );
        }
    }

    #[test]
    fn help_is_there_for_each_command() {
        let topic = |line: &str| match parse_line(line) {
            Ok(Command::Help(page)) => page.map(|page| page.name),
            other => panic!("{line}: {other:?}"),
        };
        assert_eq!((topic("help"), topic("--help"), topic("-h")), (None, None, None));
        for CommandPage { name, .. } in COMMANDS {
            for line in [format!("{name} --help"), format!("{name} -h"), format!("help {name}")] {
                assert_eq!(topic(&line), Some(*name), "{line}");
            }
        }
        assert_eq!(topic("list --limit 7 --help --frobnicate"), Some("list"));
        assert_eq!(topic("completions bash --help"), Some("completions"));
    }

    #[test]
    fn whatever_the_manual_promises_is_read() {
        for page in COMMANDS {
            for option in page.options {
                let values = match option.value.map(|value| value.kind) {
                    Some(Kind::OneOf(values)) => values,
                    Some(_) => &["7"],
                    None => &[""],
                };
                let shorts = option.short.map(|short| format!("-{short}"));
                for flag in shorts.into_iter().chain(option.names().map(|name| format!("--{name}"))) {
                    for value in values {
                        let operand = if page.operand.is_some() { "bash" } else { "" };
                        let line = format!("{} {operand} {flag} {value}", page.name);
                        assert!(parse_line(&line).is_ok(), "{line}: {:?}", parse_line(&line));
                    }
                }
            }
        }
    }
}
