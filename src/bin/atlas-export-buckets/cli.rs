//! The command line: the one list of commands and options, from which help, manual page and completions are made.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use atlas_export_buckets::ApiVersion;
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};

use crate::fault::{self, FaultArg};

/// List the snapshot export buckets of MongoDB Atlas projects
#[derive(Debug, Parser)]
#[command(name = "atlas-export-buckets", version, propagate_version = true, args_override_self = true)]
#[command(subcommand_value_name = "COMMAND", after_help = include_str!("help/program.txt"))]
pub(crate) struct Cli {
    /// Report each request on standard error
    #[arg(short, long, global = true, display_order = 900)]
    pub(crate) verbose: bool,
    /// Report errors only
    #[arg(short, long, global = true, display_order = 901)]
    pub(crate) quiet: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the export buckets of one or more projects
    #[command(after_help = include_str!("help/list.txt"), allow_negative_numbers = true)]
    List(ListArgs),
    /// List sample buckets from a simulated Atlas; needs no account
    ///
    /// Starts the simulated Atlas on a free port of this machine, lists its sample
    /// buckets as list would, and stops.
    #[command(after_help = include_str!("help/demo.txt"), verbatim_doc_comment)]
    Demo(ListingArgs),
    /// Run a simulated Atlas to test tools against
    ///
    /// Runs a command with the environment variables that lead to the simulated Atlas,
    /// and ends with its exit status. Without a command, prints these variables and
    /// runs until interrupted. A signal sent only to simulate leaves the command
    /// running; Ctrl-C in a terminal goes to both.
    #[command(after_help = include_str!("help/simulate.txt"), allow_negative_numbers = true, verbatim_doc_comment)]
    Simulate(SimulateArgs),
    /// Print a completion script for a shell
    #[command(after_help = include_str!("help/completions.txt"))]
    Completions {
        #[arg(value_name = "bash|zsh|fish", hide_possible_values = true)]
        shell: Shell,
    },
    /// Print the manual page
    #[command(after_help = include_str!("help/man.txt"))]
    Man,
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    pub(crate) selection: SelectionArgs,
    #[command(flatten)]
    pub(crate) listing: ListingArgs,
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
}

/// Which projects.
#[derive(Debug, Args)]
#[command(next_help_heading = "What to list")]
pub(crate) struct SelectionArgs {
    /// A project; repeatable; - reads ids from stdin
    ///
    /// On standard input there is one id a line; blank lines are skipped, and
    /// so is what follows a #.
    ///
    /// Also known as --projectId, --group-id and --groupId.
    #[arg(long = "project-id", aliases = ["projectId", "group-id", "groupId"], value_name = "ID")]
    #[arg(verbatim_doc_comment)]
    pub(crate) project_ids: Vec<String>,
    /// Every project that the credentials can see
    #[arg(long, conflicts_with_all = ["project_ids", "organizations"])]
    pub(crate) all_projects: bool,
    /// Every project of an organization
    ///
    /// Also known as --orgId.
    #[arg(long = "org-id", alias = "orgId", value_name = "ID", conflicts_with = "project_ids")]
    pub(crate) organizations: Vec<String>,
}

/// What is asked for of each project, and how it is printed.
#[derive(Debug, Args)]
#[command(next_help_heading = "What to list")]
pub(crate) struct ListingArgs {
    /// Fetch only page N
    #[arg(long, value_name = "N", value_parser = whole_number::<1, { u32::MAX }>)]
    pub(crate) page: Option<u32>,
    /// Buckets per request, 1 to 500
    ///
    /// Also known as --limit and --page-size.
    #[arg(long, aliases = ["limit", "page-size"], value_name = "N", default_value = "500")]
    #[arg(value_parser = whole_number::<1, 500>)]
    pub(crate) items_per_page: u32,
    /// Do not ask Atlas to count the buckets
    ///
    /// Also known as --omitCount.
    #[arg(long, alias = "omitCount")]
    pub(crate) no_count: bool,
    /// table, json, ndjson, csv or raw
    ///
    /// table: aligned columns, for people. json: one object with all buckets.
    /// ndjson: a JSON object a line. csv: comma-separated, with a header;
    /// control characters are escaped as in \u{9b}.
    /// raw: the bodies as Atlas sent them, one after the other.
    ///
    /// table and json print a project when it is complete. The others print
    /// while they read; only the exit status says that a list was complete.
    #[arg(
        short = 'o',
        long = "output",
        value_name = "FORMAT",
        default_value = "table",
        help_heading = "Output"
    )]
    #[arg(hide_possible_values = true, verbatim_doc_comment)]
    pub(crate) format: Format,
    /// Ask Atlas for indented JSON; raw shows it
    #[arg(long, help_heading = "Output")]
    pub(crate) pretty: bool,
    /// Ask Atlas for envelopes; raw shows them
    #[arg(long, help_heading = "Output")]
    pub(crate) envelope: bool,
    /// Deadline of the whole run [default: none]
    ///
    /// It begins when the ids on standard input have been read.
    #[arg(long, value_name = "SECONDS", value_parser = seconds, help_heading = "Connection")]
    pub(crate) max_time: Option<Duration>,
}

/// Where Atlas is, and how patiently it is asked.
#[derive(Debug, Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct ConnectionArgs {
    /// Atlas base URL [default: https://cloud.mongodb.com]
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<String>,
    /// v1.0, or a date for version 2
    ///
    /// The default is v1.0 with an API key, and 2024-05-30 with a service
    /// account or an access token.
    #[arg(long, value_name = "V", value_parser = api_version, verbatim_doc_comment)]
    pub(crate) api_version: Option<ApiVersion>,
    /// Deadline of each page
    ///
    /// Fractions of a second are allowed.
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    pub(crate) timeout: Duration,
    /// Retries of each page
    #[arg(long, value_name = "N", default_value = "5", value_parser = whole_number::<0, 1000>)]
    pub(crate) retries: u32,
    /// Projects listed at once, at most 64
    #[arg(long, value_name = "N", default_value = "4", value_parser = whole_number::<1, 64>)]
    pub(crate) jobs: u32,
    /// Root certificates to trust, not the built-in ones
    #[arg(long, value_name = "PEM", value_hint = ValueHint::FilePath)]
    pub(crate) ca_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct SimulateArgs {
    /// Port to listen on [default: a free one]
    #[arg(long, value_name = "N", value_parser = port)]
    pub(crate) port: Option<u16>,
    /// Number of projects
    #[arg(long, value_name = "N", default_value = "1", value_parser = whole_number::<1, 10_000>)]
    pub(crate) projects: u32,
    /// Number of sample buckets in each project
    #[arg(long, value_name = "N", default_value = "12", value_parser = whole_number::<0, 1_000_000>)]
    pub(crate) buckets: u32,
    /// Serve the buckets of a JSON file instead
    ///
    /// The file holds an array of buckets, or what list -o json printed. A
    /// bucket with a groupId is served in that project.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["buckets", "projects"])]
    #[arg(verbatim_doc_comment)]
    pub(crate) fixture: Option<PathBuf>,
    /// Use a service account, not an API key
    ///
    /// The command gets the variables of a service account.
    #[arg(long, verbatim_doc_comment)]
    pub(crate) service_account: bool,
    /// Inject a fault; repeatable
    ///
    /// Faults that hit N requests follow one another: with --fault 503=2 and
    /// --fault 429=1, the third request gets 429.
    #[arg(long = "fault", value_name = "FAULT", value_parser = fault::parse, verbatim_doc_comment)]
    pub(crate) faults: Vec<FaultArg>,
    /// Command to run, with its arguments
    #[arg(last = true, value_name = "COMMAND", value_hint = ValueHint::CommandWithArguments)]
    pub(crate) command: Vec<OsString>,
}

/// The forms of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Table,
    Json,
    Ndjson,
    Csv,
    Raw,
}

/// The shells whose completions are tested.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Shell {
    Bash,
    Zsh,
    Fish,
}

fn whole_number<const MIN: u32, const MAX: u32>(text: &str) -> Result<u32, String> {
    let number = text.parse().ok().filter(|number| (MIN..=MAX).contains(number));
    number.ok_or_else(|| format!("use a whole number from {MIN} to {MAX}"))
}

fn port(text: &str) -> Result<u16, String> {
    text.parse().map_err(|_| format!("use a whole number from 0 to {}", u16::MAX))
}

fn seconds(text: &str) -> Result<Duration, String> {
    // Longer than a year is a mistake, and would overflow clocks.
    const MAX: u32 = 31_536_000;
    let seconds = text.parse().ok().filter(|&seconds: &f64| seconds > 0.0 && seconds <= MAX.into());
    let duration = seconds.map(Duration::from_secs_f64).filter(|duration| !duration.is_zero());
    duration.ok_or_else(|| format!("use a number of seconds above 0 and up to {MAX}"))
}

fn api_version(text: &str) -> Result<ApiVersion, String> {
    text.parse().map_err(|_| "use v1.0 or a date such as 2024-05-30".into())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_description_of_the_options_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_option_is_read_in_both_spellings() {
        let line = "x list -q --project-id a --projectId=b --group-id c --groupId d --project-id - --base-url=u \
                    --api-version 2024-05-30 -o csv --limit=7 --page 3 --no-count --envelope --pretty --timeout 1.5 \
                    --max-time=9 --retries 0 --jobs=8 --ca-file f -v -v";
        let cli = Cli::try_parse_from(line.split_whitespace()).unwrap();
        let Command::List(ListArgs { selection, listing, connection }) = cli.command else { panic!() };
        assert_eq!(selection.project_ids, ["a", "b", "c", "d", "-"]);
        assert_eq!((listing.format, listing.items_per_page, listing.page), (Format::Csv, 7, Some(3)));
        assert_eq!((listing.no_count, listing.envelope, listing.pretty), (true, true, true));
        assert_eq!(connection.base_url.as_deref(), Some("u"));
        assert_eq!(connection.api_version, Some(ApiVersion::V2024_05_30));
        assert_eq!((connection.timeout, connection.retries), (Duration::from_millis(1500), 0));
        assert_eq!((listing.max_time, connection.jobs), (Some(Duration::from_secs(9)), 8));
        assert_eq!((connection.ca_file, cli.verbose, cli.quiet), (Some("f".into()), true, true));
    }

    #[test]
    fn the_last_of_two_values_wins_and_aliases_are_the_same_option() {
        for (line, expected) in [
            ("x list", 500),
            ("x list --limit 3", 3),
            ("x list --page-size=4", 4),
            ("x list --limit 3 --items-per-page 5 --page-size 6", 6),
        ] {
            let cli = Cli::try_parse_from(line.split_whitespace()).unwrap();
            let Command::List(args) = cli.command else { panic!() };
            assert_eq!(args.listing.items_per_page, expected, "{line}");
        }
    }

    #[test]
    fn help_fits_80_columns() {
        let mut commands = vec![Cli::command()];
        commands.extend(Cli::command().get_subcommands().cloned());
        for mut command in commands {
            for text in [command.render_help().to_string(), command.render_long_help().to_string()] {
                for line in text.lines() {
                    assert!(line.chars().count() <= 80, "{} columns: {line}", line.chars().count());
                }
            }
        }
    }
}
