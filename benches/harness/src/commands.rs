//! Commands that several measurements need.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use crate::Context;

/// A public and a private key.
pub type Key<'a> = [&'a str; 2];

/// A command with an API key in its environment.
pub fn with_key(program: impl AsRef<OsStr>, [public, private]: Key) -> Command {
    let mut command = Command::new(program);
    command.env("MONGODB_ATLAS_PUBLIC_API_KEY", public).env("MONGODB_ATLAS_PRIVATE_API_KEY", private);
    command
}

/// The program, which lists what further arguments say, a bucket a line.
pub fn list(context: &Context, key: Key, base_url: &str) -> Command {
    let mut command = with_key(context.programs.join("atlas-export-buckets"), key);
    command.args(["list", "--output", "ndjson", "--quiet", "--base-url", base_url]);
    command
}

/// curl, which gets the URL that follows.
pub fn curl([public, private]: Key, ca_file: &Path) -> Command {
    let mut command = Command::new("curl");
    let user = format!("{public}:{private}");
    command.args(["--silent", "--show-error", "--fail", "--digest", "--user", &user, "--noproxy", "*"]);
    command.arg("--cacert").arg(ca_file);
    command
}

/// A command on one CPU.
pub fn on_cpu(number: u32, program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", &number.to_string()]).arg(program);
    command
}

/// `outer`, which runs `inner`.
pub fn run_by(mut outer: Command, inner: &Command) -> Command {
    outer.arg(inner.get_program()).args(inner.get_args());
    outer.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    outer
}
