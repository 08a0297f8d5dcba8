//! What is said of a mistake on the command line: what it is, and what to type instead.

use std::ffi::OsString;

use atlas_export_buckets::ProjectId;
use clap::CommandFactory as _;
use clap::error::{ContextKind, ContextValue, Error, ErrorKind};

use crate::cli::Cli;

const NO_PROFILES: &str = "profiles of the Atlas CLI are not read; set MONGODB_ATLAS_PUBLIC_API_KEY and \
                           MONGODB_ATLAS_PRIVATE_API_KEY, or MONGODB_ATLAS_CLIENT_ID and MONGODB_ATLAS_CLIENT_SECRET";
const NO_KEYS: &str = "no option takes a secret, because arguments are public; set MONGODB_ATLAS_PUBLIC_API_KEY \
                       and MONGODB_ATLAS_PRIVATE_API_KEY";
const NO_TOKENS: &str =
    "no option takes a secret, because arguments are public; set MONGODB_ATLAS_ACCESS_TOKEN";
const NO_SERVICE_ACCOUNTS: &str = "no option takes a secret, because arguments are public; set \
                                   MONGODB_ATLAS_CLIENT_ID and MONGODB_ATLAS_CLIENT_SECRET";

/// Options that other tools have, and what to do here.
const OF_OTHER_TOOLS: &[(&[&str], &str)] = &[
    (&["--json"], "use --output json"),
    (&["--csv"], "use --output csv"),
    (&["--cacert"], "use --ca-file"),
    (&["-j"], "use --jobs"),
    (&["--format", "-f"], "use --output with table, json, ndjson, csv or raw"),
    (&["--profile", "-P"], NO_PROFILES),
    (&["--api-key", "--apiKey", "--key", "--user", "--username", "--password", "-u"], NO_KEYS),
    (&["--digest", "--anyauth"], "an API key is always sent by Digest"),
    (&["--public-key", "--private-key", "--publicKey", "--privateKey", "--private-api-key"], NO_KEYS),
    (&["--token", "--access-token", "--accessToken", "--bearer"], NO_TOKENS),
    (&["--client-id", "--client-secret", "--clientId", "--clientSecret"], NO_SERVICE_ACCOUNTS),
    (&["--service-account"], "set MONGODB_ATLAS_CLIENT_ID and MONGODB_ATLAS_CLIENT_SECRET"),
    (&["--proxy", "-x"], "set HTTPS_PROXY; NO_PROXY names the hosts that are reached without it"),
    (&["--insecure", "-k"], "certificates are always checked; --ca-file PEM trusts the roots in a file"),
    (&["--host", "--url"], "use --base-url"),
    (&["--group", "--project", "--projects", "--projectID", "-p"], "use --project-id"),
    (&["--org", "--orgID", "--organization"], "use --org-id"),
    (&["--all"], "use --all-projects; all pages are fetched anyway"),
    (&["--pageNum", "--page-num"], "use --page"),
    (&["--itemsPerPage", "--per-page"], "use --items-per-page"),
    (&["--retry", "--max-retries"], "use --retries"),
    (&["--debug", "--trace"], "use -v"),
];

/// The mistake in a sentence, and what to do about it.
pub(crate) fn explain(error: &Error, args: &[OsString]) -> (String, String) {
    let command = command_in(args);
    let advice = match error.kind() {
        ErrorKind::UnknownArgument => about_argument(error, command.as_deref()),
        ErrorKind::InvalidSubcommand => about_command(error),
        _ => None,
    };
    let command = command.map(|command| format!(" {command}")).unwrap_or_default();
    let help = format!("see atlas-export-buckets{command} --help");
    let advice = advice.map_or(help.clone(), |advice| format!("{advice}; {help}"));
    (hide_secrets(first_paragraph(error), args), hide_secrets(advice, args))
}

/// Leaves out arguments that look like a secret in the wrong place.
fn hide_secrets(text: String, args: &[OsString]) -> String {
    let values = args.iter().filter_map(|arg| arg.to_str()).flat_map(|arg| arg.split(['=', ':']));
    values.filter(|value| looks_secret(value)).fold(text, |text, secret| text.replace(secret, "(a secret?)"))
}

/// Whether this has the form of an API key's private half, a client secret, or an access token.
fn looks_secret(value: &str) -> bool {
    value.split('-').map(str::len).eq([8, 4, 4, 4, 12])
        || value.starts_with("mdb_sa_sk_")
        || value.starts_with("eyJ")
}

fn about_argument(error: &Error, command: Option<&str>) -> Option<String> {
    let given = error.get(ContextKind::InvalidArg)?.to_string();
    let name = given.split('=').next()?;
    if command == Some("simulate") && !given.starts_with('-') {
        return Some(format!("the command to run follows --: atlas-export-buckets simulate -- {given}"));
    }
    let owner = command_with(name);
    if let (Some("demo"), Some(owner)) = (command, &owner) {
        return Some(format!("it is an option of atlas-export-buckets {owner}"));
    }
    if let Some((_, advice)) = OF_OTHER_TOOLS.iter().find(|(names, _)| names.contains(&name)) {
        return Some((*advice).to_owned());
    }
    if given.parse::<ProjectId>().is_ok() {
        return Some(format!("did you mean --project-id {given}?"));
    }
    if let (None, Some(owner)) = (command, owner) {
        return Some(format!("options follow their command: atlas-export-buckets {owner} {name}"));
    }
    let known = error.get(ContextKind::SuggestedArg)?;
    Some(format!("did you mean {known}?"))
}

fn about_command(error: &Error) -> Option<String> {
    let given = error.get(ContextKind::InvalidSubcommand)?.to_string();
    if given.parse::<ProjectId>().is_ok() {
        return Some(format!("did you mean list --project-id {given}?"));
    }
    // As in `atlas backups exports buckets list`.
    if given == "backups" {
        return Some("the command is just list: atlas-export-buckets list --project-id ID".to_owned());
    }
    match error.get(ContextKind::SuggestedSubcommand)? {
        ContextValue::Strings(known) => Some(format!("did you mean {}?", known.join(" or "))),
        known => Some(format!("did you mean {known}?")),
    }
}

/// What `clap` says, without its own advice.
fn first_paragraph(error: &Error) -> String {
    let text = error.render().to_string();
    let lines: Vec<&str> = text.lines().take_while(|line| !line.is_empty()).map(str::trim).collect();
    lines.join(" ").trim_start_matches("error: ").to_owned()
}

/// The command that was given, if it is one.
fn command_in(args: &[OsString]) -> Option<String> {
    let given = args.iter().skip(1).filter_map(|arg| arg.to_str()).find(|arg| !arg.starts_with('-'))?;
    Cli::command().find_subcommand(given).map(|command| command.get_name().to_owned())
}

/// The first command that has this option.
fn command_with(option: &str) -> Option<String> {
    let long = option.strip_prefix("--")?;
    let program = Cli::command();
    let mut commands = program.get_subcommands();
    let command = commands.find(|command| command.get_arguments().any(|arg| arg.get_long() == Some(long)))?;
    Some(command.get_name().to_owned())
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    const ID: &str = "32b6e34b3d91647abb20e7b8";

    /// What is typed after the program's name, and how the message and the advice begin.
    const MISTAKES: &[(&str, &str, &str)] = &[
        ("-v", "'x' requires a subcommand but one was not provided", "see "),
        ("lst", "unrecognized subcommand 'lst'", "did you mean list?; see atlas-export-buckets --help"),
        ("simulat", "unrecognized subcommand 'simulat'", "did you mean simulate?; "),
        ("frobnicate", "unrecognized subcommand 'frobnicate'", "see atlas-export-buckets --help"),
        (ID, "unrecognized subcommand '32b6e34b3d91647abb20e7b8'", "did you mean list --project-id 32b6"),
        ("--hepl", "unexpected argument '--hepl' found", "did you mean --help?; "),
        ("--project-id a", "unexpected argument '--project-id' found", "options follow their command: "),
        ("--group=a list", "unexpected argument '--group' found", "use --project-id; see "),
        ("list extra", "unexpected argument 'extra' found", "see atlas-export-buckets list --help"),
        ("list --projct-id a", "unexpected argument '--projct-id' found", "did you mean --project-id?; "),
        ("list --project_id=a", "unexpected argument '--project_id' found", "did you mean --project-id?; "),
        ("list --projects a", "unexpected argument '--projects' found", "use --project-id; "),
        ("list --frobnicate", "unexpected argument '--frobnicate' found", "see "),
        ("list -z", "unexpected argument '-z' found", "see "),
        ("completions tcsh", "invalid value 'tcsh' for '<bash|zsh|fish>'", "see "),
        ("completions", "the following required arguments were not provided: <bash|zsh|fish>", "see "),
        (
            "simulate --port 80000",
            "invalid value '80000' for '--port <N>': use a whole number from 0 to 65535",
            "see ",
        ),
        (
            "simulate --buckets -1",
            "invalid value '-1' for '--buckets <N>': use a whole number from 0 to 1000000",
            "see ",
        ),
        (
            "demo --projects 3",
            "unexpected argument '--projects' found",
            "it is an option of atlas-export-buckets simulate; see atlas-export-buckets demo --help",
        ),
        ("completions bash zsh", "unexpected argument 'zsh' found", "see "),
        ("man 7", "unexpected argument '7' found", "see atlas-export-buckets man --help"),
        (
            "list --limit 0",
            "invalid value '0' for '--items-per-page <N>': use a whole number from 1 to 500",
            "see ",
        ),
        (
            "list --limit abc",
            "invalid value 'abc' for '--items-per-page <N>': use a whole number from 1 to 500",
            "see ",
        ),
        ("list --limit", "a value is required for '--items-per-page <N>' but none was supplied", "see "),
        (
            "list --page 0",
            "invalid value '0' for '--page <N>': use a whole number from 1 to 4294967295",
            "see ",
        ),
        (
            "list --timeout 0",
            "invalid value '0' for '--timeout <SECONDS>': use a number of seconds above 0",
            "see ",
        ),
        (
            "list --timeout nan",
            "invalid value 'nan' for '--timeout <SECONDS>': use a number of seconds above 0",
            "see ",
        ),
        (
            "list --max-time 1e99",
            "invalid value '1e99' for '--max-time <SECONDS>': use a number of seconds above 0",
            "see ",
        ),
        (
            "list --timeout 1e30",
            "invalid value '1e30' for '--timeout <SECONDS>': use a number of seconds above 0 and up to 31536000",
            "see ",
        ),
        (
            "list --max-time 1e-99",
            "invalid value '1e-99' for '--max-time <SECONDS>': use a number of seconds above 0",
            "see ",
        ),
        (
            "list --timeout -1",
            "invalid value '-1' for '--timeout <SECONDS>': use a number of seconds above 0",
            "see ",
        ),
        ("list -1", "unexpected argument '-1' found", "see "),
        (
            "backups exports buckets list",
            "unrecognized subcommand 'backups'",
            "the command is just list: atlas-export-buckets list ",
        ),
        (
            "simulate ./audit --fast",
            "unexpected argument './audit' found",
            "the command to run follows --: atlas-export-buckets simulate -- ./audit; see ",
        ),
        ("list --jobs 0", "invalid value '0' for '--jobs <N>': use a whole number from 1 to 64", "see "),
        (
            "list --api-version v2",
            "invalid value 'v2' for '--api-version <V>': use v1.0 or a date such as 2024-05-30",
            "see ",
        ),
        (
            "demo --base-url x",
            "unexpected argument '--base-url' found",
            "it is an option of atlas-export-buckets list; see atlas-export-buckets demo --help",
        ),
        (
            "simulate --fault shift=1",
            "invalid value 'shift=1' for '--fault <FAULT>': shift takes no number",
            "see ",
        ),
    ];

    #[test]
    fn mistakes_are_told_with_what_to_type_instead() {
        for (line, mistake, advice) in MISTAKES {
            let args: Vec<OsString> = ["x"].into_iter().chain(line.split(' ')).map(OsString::from).collect();
            let error = Cli::try_parse_from(&args).unwrap_err();
            let (told, advised) = explain(&error, &args);
            assert!(told.starts_with(mistake), "{line}: {told}");
            assert!(advised.starts_with(advice), "{line}: {advised}");
        }
    }

    #[test]
    fn what_people_know_from_other_tools_is_answered_with_what_to_do_here() {
        let known = Cli::command();
        for (names, advice) in OF_OTHER_TOOLS {
            for name in *names {
                let args: Vec<OsString> = ["x", "list", name].map(OsString::from).to_vec();
                let error = Cli::try_parse_from(&args).unwrap_err();
                assert_eq!(explain(&error, &args).0, format!("unexpected argument '{name}' found"));
                assert!(explain(&error, &args).1.starts_with(advice), "{name}");
            }
            // Advice must not name an option that does not exist.
            let list = known.find_subcommand("list").unwrap();
            for word in advice.split([' ', ';', ',']).filter_map(|word| word.strip_prefix("--")) {
                assert!(list.get_arguments().any(|arg| arg.get_long() == Some(word)), "{advice}");
            }
        }
    }
}
