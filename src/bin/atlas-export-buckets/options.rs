//! What the options of `list` (some of which `demo` has) and of `simulate` set, with their defaults and their limits.

use std::path::PathBuf;
use std::time::Duration;

use atlas_export_buckets::ApiVersion;
use lexopt::{Parser, ValueExt as _};

use crate::fault::{self, FaultArg};
use crate::manual::{Kind, OptionEntry};

/// A mistake on the command line, as a sentence for the person at the prompt.
#[derive(Debug)]
pub(crate) struct Mistake(pub(crate) String);

impl From<lexopt::Error> for Mistake {
    fn from(error: lexopt::Error) -> Self {
        Mistake(error.to_string())
    }
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
    /// Sets one, whose value, if it has one, comes next.
    pub(crate) fn set(&mut self, option: &OptionEntry, parser: &mut Parser) -> Result<(), Mistake> {
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
    /// Sets one, whose value, if it has one, comes next.
    pub(crate) fn set(&mut self, option: &OptionEntry, parser: &mut Parser) -> Result<(), Mistake> {
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
