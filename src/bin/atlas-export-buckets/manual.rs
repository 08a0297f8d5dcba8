//! What help and the manual page say in addition to the options.

use std::io;

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use crate::cli::Cli;

pub(crate) const PROGRAM_HELP: &str = "\
Exit status:
  0 done          1 other failure   2 bad usage or configuration; nothing sent
  3 not allowed   4 no such project or organization
  5 rate limited until the deadline   6 network, TLS or deadline
  7 worth trying again

Example:
  atlas-export-buckets demo";

pub(crate) const LIST_HELP: &str = "\
Environment:
  Of these credentials, the first kind with any variable set is used.
  MONGODB_ATLAS_ACCESS_TOKEN      an access token
  MONGODB_ATLAS_CLIENT_ID         client id of a service account
  MONGODB_ATLAS_CLIENT_SECRET     client secret of the service account
  MONGODB_ATLAS_PUBLIC_API_KEY    public half of an API key
  MONGODB_ATLAS_PRIVATE_API_KEY   private half of the API key
  MONGODB_ATLAS_PROJECT_ID        the project, if no option says which
  MONGODB_ATLAS_BASE_URL          Atlas base URL, if --base-url is not given
  MONGODB_ATLAS_OPS_MANAGER_URL   the same, if MONGODB_ATLAS_BASE_URL is not set
  SSL_CERT_FILE                   root certificates, if --ca-file is not given
  HTTPS_PROXY, or else ALL_PROXY  the proxy; NO_PROXY: hosts without it

Examples:
  atlas-export-buckets list --project-id 32b6e34b3d91647abb20e7b8 -o json
  atlas-export-buckets list --project-id - -o csv <ids >buckets.csv
  atlas-export-buckets list --all-projects -o ndjson >buckets.ndjson";

pub(crate) const DEMO_HELP: &str = "\
Environment:
  NO_COLOR   no bold headings

Example:
  atlas-export-buckets demo -v";

pub(crate) const SIMULATE_HELP: &str = "\
Faults. Most hit the requests with credentials: all, or N of them.
  STATUS[=N]                         an error status, such as 503
  reset[=N] close[=N] truncate[=N]   connections that break
  endless[=N] html[=N] redirect[=N]  answers that are no pages
  delay[=MS] drip[=MS]               late, or a byte every MS (default 1000)
  rate-limit[=N]                     N requests (default 10), then one a second
  many-headers[=N]                   N more header fields (default 10000)
  shift delete count-shrinks         the list changes before page 2
  Pages: cap-page[=N] no-links no-count count-refused ignore-page next-for-ever
  Digest: stale[=N] forget-nonces[=N] wrong-rspauth[=N] unauthorized basic
  revoke-token[=N]                   the token that a request brings is revoked

Links in its pages lead to http://localhost:8080, as those of Atlas do. Do not
follow them: ask for the next page by pageNum.

Environment of the command:
  MONGODB_ATLAS_PUBLIC_API_KEY, _PRIVATE_API_KEY, or with --service-account
  MONGODB_ATLAS_CLIENT_ID, _CLIENT_SECRET; MONGODB_ATLAS_PROJECT_ID, _ORG_ID,
  _BASE_URL, _OPS_MANAGER_URL; NO_PROXY with this machine

Examples:
  atlas-export-buckets simulate --fault 503=2 -- ./nightly-audit
  atlas-export-buckets simulate >atlas.env";

pub(crate) const COMPLETIONS_HELP: &str = "\
Files:
  bash   ~/.local/share/bash-completion/completions/atlas-export-buckets
  zsh    _atlas-export-buckets, in a directory of $fpath
  fish   ~/.config/fish/completions/atlas-export-buckets.fish

Examples:
  eval \"$(atlas-export-buckets completions bash)\"
  atlas-export-buckets completions zsh >~/.zfunc/_atlas-export-buckets
  atlas-export-buckets completions fish | source";

pub(crate) const MAN_HELP: &str = "\
Examples:
  atlas-export-buckets man | man -l -
  atlas-export-buckets man >~/.local/share/man/man1/atlas-export-buckets.1";

const DESCRIPTION: &str = "\
Asks the Atlas Administration API for 500 buckets at a time and gives the complete list or an error. \
Failures that may be temporary are retried within a deadline for each page. \
Standard output carries data only; everything else goes to standard error. \
No option takes a secret, because arguments are public.";

/// The manual page: all commands on one page.
pub(crate) fn page() -> io::Result<String> {
    let mut program = Cli::command().long_about(DESCRIPTION);
    program.build();
    let man = Man::new(program.clone());
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    write_sections(&program, &mut page)?;
    let mut page = String::from_utf8_lossy(&page).into_owned();
    for command in program.get_subcommands().filter(|command| command.get_name() != "help") {
        let mut sections = Vec::new();
        write_sections(command, &mut sections)?;
        // The generator writes a page for each command, so its headings are sections. Here they become subsections.
        let sections = String::from_utf8_lossy(&sections).replace(".SH ", ".SS ");
        page.push_str(&format!(".SH {}\n{sections}", command.get_name().to_uppercase()));
    }
    Ok(page)
}

/// How a command is used, and what help says of it.
fn write_sections(command: &Command, out: &mut Vec<u8>) -> io::Result<()> {
    let man = Man::new(command.clone());
    man.render_synopsis_section(out)?;
    man.render_description_section(out)?;
    man.render_options_section(out)?;
    let notes = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let mut roff = Roff::new();
    for line in notes.lines() {
        match line.strip_suffix(':').filter(|title| !title.starts_with(' ')) {
            // `nf` keeps the lines below a heading as they are, until the next heading.
            Some(title) => roff.control("SH", [title.to_uppercase().as_str()]).control("nf", []),
            None => roff.text([roman(line)]),
        };
    }
    roff.control("fi", []).to_writer(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault;

    #[test]
    fn every_fault_is_explained() {
        let explained: Vec<&str> =
            SIMULATE_HELP.split(|c: char| !(c.is_alphanumeric() || c == '-')).collect();
        for name in fault::NAMES.split(' ') {
            assert!(explained.contains(&name), "{name}");
        }
    }
}
