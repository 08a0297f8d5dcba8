//! The command line.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use atlas_export_buckets::ApiVersion;
use lexopt::Arg::{Long, Short, Value};
use lexopt::{Parser, ValueExt as _};

use crate::fault::{self, FaultArg};

/// What to do.
#[derive(Debug)]
pub(crate) enum Command {
    List(ListArgs),
    Demo(ListArgs),
    Simulate(SimulateArgs),
    Help(&'static str),
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
    const NAMES: [(&'static str, Format); 5] = [
        ("table", Format::Table),
        ("json", Format::Json),
        ("ndjson", Format::Ndjson),
        ("csv", Format::Csv),
        ("raw", Format::Raw),
    ];
}

/// A mistake on the command line, as a sentence for the person at the prompt.
#[derive(Debug)]
pub(crate) struct UsageError(String);

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; see atlas-export-buckets --help", self.0)
    }
}

impl From<lexopt::Error> for UsageError {
    fn from(error: lexopt::Error) -> Self {
        UsageError(error.to_string())
    }
}

const HELP: &str = "\
Lists the snapshot export buckets of MongoDB Atlas projects.

Usage: atlas-export-buckets COMMAND [OPTIONS]

Commands:
  list      list the export buckets of one or more projects
  demo      list sample buckets from an embedded Atlas on this machine; needs no account
  simulate  run the embedded Atlas until interrupted, to test other tools against

Options:
  -h, --help     this text, or that of a command
  -V, --version  the version

Environment:
  MONGODB_ATLAS_PUBLIC_API_KEY, MONGODB_ATLAS_PRIVATE_API_KEY  the API key
  MONGODB_ATLAS_PROJECT_ID                                     the project, without --project-id
  MONGODB_ATLAS_OPS_MANAGER_URL                                the base URL, without --base-url

Exit status: 0 done, 1 other failure, 2 bad usage, 3 not allowed, 4 no such project,
5 rate limited, 6 network or deadline
";

const HELP_LIST: &str = "\
Usage: atlas-export-buckets list [OPTIONS]

  --project-id ID    the project; repeatable; - reads ids from standard input, one a line
  -o, --output F     table (default), json, ndjson, csv or raw
  --limit N          items per page, 1 to 500 (default 500)
  --page N           that page only
  --no-count         do not have the server count the buckets
  --api-version V    v1.0 (default) or 2024-05-30
  --base-url URL     where Atlas is (default https://cloud.mongodb.com)
  --envelope         have the server wrap its answers; unwrapped again, but in raw
  --pretty           have the server indent its answers, for raw
  --timeout SECONDS  the deadline of each page (default 60; fractions allowed)
  --retries N        retries of each page (default 3)
  --jobs N           projects listed at once (default 4)
  --ca-file PEM      trust these roots instead of the built-in ones
  -v, --verbose      show requests, challenges, retries and waits
  -q, --quiet        show errors only
  -h, --help         this text

Example: atlas-export-buckets list --project-id 32b6e34b3d91647abb20e7b8 -o json
The API key comes from the environment: see atlas-export-buckets --help.
";

const HELP_DEMO: &str = "\
Usage: atlas-export-buckets demo [OPTIONS]

Starts the embedded Atlas on a free port of this machine, lists its sample buckets as list would, and stops.

  -o, --output F  table (default), json, ndjson, csv or raw
  --limit N       items per page, 1 to 500 (default 500)
  -v, --verbose   show requests, challenges, retries and waits
  -q, --quiet     show errors only
  -h, --help      this text
";

const HELP_SIMULATE: &str = "\
Usage: atlas-export-buckets simulate [OPTIONS]

Runs the embedded Atlas on this machine until interrupted. Prints the variables that list reads, and a curl command.

  --port N     the port (default: a free one)
  --buckets N  how many sample buckets the project has (default 12)
  --fault F    lets something go wrong; repeatable:
                 STATUS[=N]      this error status, such as 503, for all pages or for the first N requests
                 reset[=N], close[=N], truncate[=N]     connections that break; N as above, and below
                 endless[=N], html[=N], redirect[=N]    answers that are no pages
                 delay[=MS], drip[=MS]                  slow answers: late, or a byte every MS (1000)
                 rate-limit[=N]                         a token bucket: N requests (10), then one a second
                 unauthorized, basic, stale[=N], forget-nonces[=N], wrong-rspauth[=N]    Digest
                 cap-page[=N], no-links, no-count, count-refused, ignore-page, next-for-ever    pages
                 shift, delete, count-shrinks           the list changes before page 2
                 many-headers[=N]                       N more header fields (10000)
  -h, --help   this text

Example: atlas-export-buckets simulate >atlas.env, and in another shell: . ./atlas.env; atlas-export-buckets list
";

pub(crate) fn parse(mut parser: Parser) -> Result<Command, UsageError> {
    match parser.next()? {
        None => Err(UsageError("a command is missing: list, demo or simulate".into())),
        Some(Short('h') | Long("help")) => Ok(Command::Help(HELP)),
        Some(Short('V') | Long("version")) => Ok(Command::Version),
        Some(Value(name)) => match name.to_str() {
            Some("list") => parse_list(&mut parser, false),
            Some("demo") => parse_list(&mut parser, true),
            Some("simulate") => parse_simulate(&mut parser),
            Some("help") => Ok(Command::Help(HELP)),
            _ => Err(UsageError(format!("there is no command {name:?}: use list, demo or simulate"))),
        },
        Some(other) => Err(other.unexpected().into()),
    }
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

/// The options of `list`; `demo` has some of them.
fn parse_list(parser: &mut Parser, is_demo: bool) -> Result<Command, UsageError> {
    let mut args = ListArgs::default();
    while let Some(arg) = parser.next()? {
        match arg {
            Short('h') | Long("help") => {
                return Ok(Command::Help(if is_demo { HELP_DEMO } else { HELP_LIST }));
            }
            Short('o') | Long("output") => args.format = one_of(parser, "--output", &Format::NAMES)?,
            Long("limit") => args.items_per_page = number(parser, "--limit", 1, 500)?,
            Short('v') | Long("verbose") => args.verbose = true,
            Short('q') | Long("quiet") => args.quiet = true,
            other if is_demo => return Err(other.unexpected().into()),
            Long("project-id" | "projectId" | "group-id") => {
                args.project_ids.push(text(parser, "--project-id")?)
            }
            Long("base-url") => args.base_url = Some(text(parser, "--base-url")?),
            Long("api-version") => {
                let version = text(parser, "--api-version")?;
                args.api_version =
                    version.parse().map_err(|error| UsageError(format!("--api-version: {error}")))?;
            }
            Long("page") => args.page = Some(number(parser, "--page", 1, u32::MAX)?),
            Long("no-count" | "omitCount") => args.include_count = false,
            Long("envelope") => args.envelope = true,
            Long("pretty") => args.pretty = true,
            Long("timeout") => args.timeout = seconds(parser, "--timeout")?,
            Long("retries") => args.retries = number(parser, "--retries", 0, 1000)?,
            Long("jobs") => args.jobs = number(parser, "--jobs", 1, 64)? as usize,
            Long("ca-file") => args.ca_file = Some(parser.value()?.into()),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(if is_demo { Command::Demo(args) } else { Command::List(args) })
}

fn parse_simulate(parser: &mut Parser) -> Result<Command, UsageError> {
    let mut args = SimulateArgs { port: 0, buckets: 12, faults: Vec::new() };
    while let Some(arg) = parser.next()? {
        match arg {
            Short('h') | Long("help") => return Ok(Command::Help(HELP_SIMULATE)),
            Long("port") => args.port = number(parser, "--port", 0, u32::from(u16::MAX))? as u16,
            Long("buckets") => args.buckets = number(parser, "--buckets", 0, 1_000_000)? as usize,
            Long("fault") => {
                args.faults.push(fault::parse(&text(parser, "--fault")?).map_err(UsageError)?);
            }
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Command::Simulate(args))
}

fn text(parser: &mut Parser, option: &str) -> Result<String, UsageError> {
    parser.value()?.string().map_err(|_| UsageError(format!("the value of {option} is not Unicode")))
}

fn number(parser: &mut Parser, option: &str, min: u32, max: u32) -> Result<u32, UsageError> {
    let text = text(parser, option)?;
    let number = text.parse().ok().filter(|number| (min..=max).contains(number));
    number
        .ok_or_else(|| UsageError(format!("{option} takes a whole number from {min} to {max}, not {text:?}")))
}

fn seconds(parser: &mut Parser, option: &str) -> Result<Duration, UsageError> {
    // Longer than a year is a mistake, and would overflow clocks.
    const MAX: f64 = 31_536_000.0;
    let text = text(parser, option)?;
    let seconds = text.parse().ok().filter(|&seconds: &f64| seconds > 0.0 && seconds <= MAX);
    let duration = seconds.map(Duration::from_secs_f64).filter(|duration| !duration.is_zero());
    duration.ok_or_else(|| UsageError(format!("{option} takes a number of seconds above 0, not {text:?}")))
}

fn one_of<T: Copy>(parser: &mut Parser, option: &str, names: &[(&str, T)]) -> Result<T, UsageError> {
    let text = text(parser, option)?;
    let known = names.iter().find(|(name, _)| *name == text);
    known.map(|&(_, value)| value).ok_or_else(|| {
        let names: Vec<&str> = names.iter().map(|&(name, _)| name).collect();
        UsageError(format!("{option} takes one of {}, not {text:?}", names.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
            ("", "a command is missing"),
            ("lst", "there is no command \"lst\""),
            ("--project-id a", "invalid option '--project-id'"),
            ("list extra", "unexpected argument \"extra\""),
            ("list --project_id a", "invalid option '--project_id'"),
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
            assert!(error.ends_with("see atlas-export-buckets --help"), "{line}: {error}");
        }
    }

    #[test]
    fn help_is_there_for_each_command_and_fits_a_screen() {
        for (line, first) in [
            ("--help", HELP),
            ("list -h", HELP_LIST),
            ("demo --help", HELP_DEMO),
            ("simulate --help", HELP_SIMULATE),
        ] {
            let Ok(Command::Help(text)) = parse_line(line) else { panic!("{line}") };
            assert_eq!(text, first, "{line}");
            assert!(text.lines().count() <= 24 && text.lines().all(|line| line.len() <= 120), "{line}");
        }
    }
}
