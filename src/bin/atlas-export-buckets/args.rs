//! The command line, read by the book: what is in `manual`.

use std::ffi::OsStr;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use atlas_export_buckets::{ApiVersion, ProjectId};
use lexopt::Arg::{self, Long, Short, Value};
use lexopt::{Parser, ValueExt as _};

use crate::completions::Shell;
use crate::fault::{self, FaultArg};
use crate::manual::{COMMANDS, CommandPage, Kind, OPTIONS, OptionEntry, PROGRAM};
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

/// Options of `list`, checked as far as the command line alone can be.
#[derive(Debug)]
pub(crate) struct ListArgs {
    pub(crate) project_ids: Vec<String>,
    pub(crate) base_url: Option<String>,
    pub(crate) api_version: ApiVersion,
    pub(crate) format: Format,
    pub(crate) items_per_page: u32,
    pub(crate) page: Option<u32>,
    pub(crate) include_count: bool,
    pub(crate) envelope: bool,
    pub(crate) pretty: bool,
    pub(crate) timeout: Duration,
    pub(crate) retries: u32,
    pub(crate) jobs: usize,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) verbose: bool,
    pub(crate) quiet: bool,
}

/// Options of `simulate`.
#[derive(Debug)]
pub(crate) struct SimulateArgs {
    /// 0 for a free one.
    pub(crate) port: u16,
    pub(crate) buckets: usize,
    pub(crate) faults: Vec<FaultArg>,
}

/// The forms of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Table,
    Json,
    Ndjson,
    Csv,
    Raw,
}

impl Format {
    /// By its name in the manual.
    fn named(name: &str) -> Option<Format> {
        Some(match name {
            "table" => Format::Table,
            "json" => Format::Json,
            "ndjson" => Format::Ndjson,
            "csv" => Format::Csv,
            "raw" => Format::Raw,
            _ => return None,
        })
    }
}

/// A mistake on the command line, as a sentence for the person at the prompt.
#[derive(Debug)]
struct Mistake(String);

impl From<lexopt::Error> for Mistake {
    fn from(error: lexopt::Error) -> Self {
        Mistake(error.to_string())
    }
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
        "completions" => parse_completions(page, parser)?,
        _ => read(page, parser, |(), _, _| Ok(()))?.map(|()| Command::Man),
    };
    Ok(command.unwrap_or(Command::Help(Some(page))))
}

/// Reads the options of a command one by one; `None` if its help was asked for.
fn read<T: Default>(
    page: &CommandPage,
    parser: &mut Parser,
    set: impl Fn(&mut T, &OptionEntry, &mut Parser) -> Result<(), Mistake>,
) -> Result<Option<T>, Mistake> {
    let mut args = T::default();
    while let Some(arg) = parser.next()? {
        let option = find(page.options, &arg).ok_or_else(|| unknown(page.options, &arg))?;
        if option.long == "help" {
            return Ok(None);
        }
        set(&mut args, option, parser)?;
    }
    Ok(Some(args))
}

fn parse_completions(page: &CommandPage, parser: &mut Parser) -> Result<Option<Command>, Mistake> {
    match parser.next()? {
        Some(Value(name)) => {
            let shell = name.to_str().and_then(Shell::named);
            let shell = shell
                .ok_or_else(|| Mistake(format!("{name:?} is not a known shell: use bash, zsh or fish")))?;
            // Nothing but help may follow.
            Ok(read(page, parser, |(), _, _| Ok(()))?.map(|()| Command::Completions(shell)))
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

impl Default for ListArgs {
    fn default() -> Self {
        ListArgs {
            project_ids: Vec::new(),
            base_url: None,
            api_version: ApiVersion::default(),
            format: Format::Table,
            items_per_page: 500,
            page: None,
            include_count: true,
            envelope: false,
            pretty: false,
            timeout: Duration::from_secs(60),
            retries: 3,
            jobs: 4,
            ca_file: None,
            verbose: false,
            quiet: false,
        }
    }
}

impl Default for SimulateArgs {
    fn default() -> Self {
        SimulateArgs { port: 0, buckets: 12, faults: Vec::new() }
    }
}

impl ListArgs {
    fn set(&mut self, option: &OptionEntry, parser: &mut Parser) -> Result<(), Mistake> {
        match option.long {
            "project-id" => self.project_ids.push(text(option, parser)?),
            "output" => self.format = format(option, parser)?,
            "limit" => self.items_per_page = number(option, parser, 1, 500)?,
            "page" => self.page = Some(number(option, parser, 1, u32::MAX)?),
            "no-count" => self.include_count = false,
            "api-version" => {
                let version = text(option, parser)?.parse();
                self.api_version = version.map_err(|error| Mistake(format!("--api-version: {error}")))?;
            }
            "base-url" => self.base_url = Some(text(option, parser)?),
            "envelope" => self.envelope = true,
            "pretty" => self.pretty = true,
            "timeout" => self.timeout = seconds(option, parser)?,
            "retries" => self.retries = number(option, parser, 0, 1000)?,
            "jobs" => self.jobs = number(option, parser, 1, 64)? as usize,
            "ca-file" => self.ca_file = Some(parser.value()?.into()),
            "verbose" => self.verbose = true,
            "quiet" => self.quiet = true,
            other => return Err(not_read(other)),
        }
        Ok(())
    }
}

impl SimulateArgs {
    fn set(&mut self, option: &OptionEntry, parser: &mut Parser) -> Result<(), Mistake> {
        match option.long {
            "port" => self.port = number(option, parser, 0, u32::from(u16::MAX))? as u16,
            "buckets" => self.buckets = number(option, parser, 0, 1_000_000)? as usize,
            "fault" => self.faults.push(fault::parse(&text(option, parser)?).map_err(Mistake)?),
            other => return Err(not_read(other)),
        }
        Ok(())
    }
}

/// An option that the manual promises and nobody reads; a test looks that there is none.
fn not_read(option: &str) -> Mistake {
    Mistake(format!("--{option} has no effect in this version"))
}

fn text(option: &OptionEntry, parser: &mut Parser) -> Result<String, Mistake> {
    parser.value()?.string().map_err(|_| Mistake(format!("the value of --{} is not Unicode", option.long)))
}

fn number(option: &OptionEntry, parser: &mut Parser, min: u32, max: u32) -> Result<u32, Mistake> {
    let text = text(option, parser)?;
    let number = text.parse().ok().filter(|number| (min..=max).contains(number));
    number.ok_or_else(|| {
        Mistake(format!("--{} takes a whole number from {min} to {max}, not {text:?}", option.long))
    })
}

fn seconds(option: &OptionEntry, parser: &mut Parser) -> Result<Duration, Mistake> {
    // Longer than a year is a mistake, and would overflow clocks.
    const MAX: f64 = 31_536_000.0;
    let text = text(option, parser)?;
    let seconds = text.parse().ok().filter(|&seconds: &f64| seconds > 0.0 && seconds <= MAX);
    let duration = seconds.map(Duration::from_secs_f64).filter(|duration| !duration.is_zero());
    duration
        .ok_or_else(|| Mistake(format!("--{} takes a number of seconds above 0, not {text:?}", option.long)))
}

fn format(option: &OptionEntry, parser: &mut Parser) -> Result<Format, Mistake> {
    let text = text(option, parser)?;
    Format::named(&text).ok_or_else(|| {
        let names = match option.value.map(|value| value.kind) {
            Some(Kind::OneOf(names)) => names.join(", "),
            _ => String::new(),
        };
        Mistake(format!("--{} takes one of {names}, not {text:?}", option.long))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn mistakes_are_told() {
        let cases = [
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
            (
                "--project-id a",
                "--project-id goes behind its command: atlas-export-buckets list --project-id",
            ),
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
        for (line, expected) in cases {
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
