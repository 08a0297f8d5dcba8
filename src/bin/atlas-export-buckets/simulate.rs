//! `simulate` runs the simulated Atlas; `demo` lists from it, as `list` would.

use std::env;
use std::io;
use std::path::Path;
use std::process::{Command, ExitStatus};

use atlas_export_buckets::simulator::{Builder, RecordedRequest, Simulator};
use atlas_export_buckets::{ApiKey, Client, Error, ProjectId, ServiceAccount};

use crate::cli::{ListingArgs, SimulateArgs};
use crate::failure::{self, Failure};
use crate::projects::{Projects, read_file};
use crate::{fault, list, terminal};

/// Lists the sample buckets of a simulated Atlas.
pub(crate) fn demo(listing: &ListingArgs) -> Result<u8, Failure> {
    let atlas = start(Simulator::builder(), 0)?;
    log::warn!("a simulated Atlas answers at {} until the demo ends", atlas.base_url());
    let (client, project) = demo_client(&atlas, listing).map_err(Failure::Atlas)?;
    Ok(list::list(&client, Projects::Named(vec![project]), listing, 1))
}

fn demo_client(atlas: &Simulator, listing: &ListingArgs) -> Result<(Client, ProjectId), Error> {
    let api_key = ApiKey::new(atlas.public_key(), atlas.private_key())?;
    let builder = list::configure(Client::builder(api_key), listing);
    Ok((builder.base_url(atlas.base_url()).build()?, atlas.project_id().parse()?))
}

/// Runs a simulated Atlas around a command, or until interrupted.
pub(crate) fn run(args: &SimulateArgs) -> Result<u8, Failure> {
    let builder = match &args.fixture {
        Some(path) => read_fixture(path)?,
        None => Simulator::builder().projects(args.projects as usize, args.buckets as usize),
    };
    let builder = fault::inject(&args.faults, builder.observe(show_request));
    let atlas = start(builder, args.port.unwrap_or_default())?;
    let variables = variables(&atlas, args.service_account);
    match args.command.split_first() {
        Some((program, arguments)) => {
            let mut command = Command::new(program);
            command.args(arguments);
            // Remove the variables for the real Atlas: the command might prefer their credentials.
            for (name, _) in env::vars_os() {
                if name.as_encoded_bytes().starts_with(b"MONGODB_ATLAS_") {
                    command.env_remove(name);
                }
            }
            // Other tools than ours would ask a proxy for this machine.
            for name in ["no_proxy", "NO_PROXY"] {
                let others = env::var(name).unwrap_or_default();
                command.env(name, format!("127.0.0.1,{others}").trim_end_matches(','));
            }
            Ok(exit_status_of_command(command.envs(variables).status(), &program.to_string_lossy()))
        }
        None => run_until_interrupted(&atlas, &variables),
    }
}

fn start(builder: Builder, port: u16) -> Result<Simulator, Failure> {
    builder.port(port).start().map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse if port != 0 => Failure::PortInUse(port),
        _ => Failure::Other(format!("cannot start the simulated Atlas: {error}")),
    })
}

/// Shows a request with `--verbose`: how it was answered, and why its `Authorization` was refused.
fn show_request(request: &RecordedRequest) {
    let target = String::from_utf8_lossy(&request.target);
    let status = request.status.map_or("no answer".into(), |status| format!("HTTP {status}"));
    let code = request.error_code.iter().map(|code| format!(" {code}"));
    let rejection = request.rejection.iter().map(|rejection| format!(", because {rejection}"));
    let details: String = code.chain(rejection).collect();
    log::info!("request {}: {} {target}: {status}{details}", request.number, request.method);
}

/// An Atlas with the buckets of a file.
fn read_fixture(path: &Path) -> Result<Builder, String> {
    let json = read_file(path)?;
    let json = str::from_utf8(&json).map_err(io::Error::other);
    let builder = json.and_then(|json| Simulator::builder().buckets_json(json));
    builder.map_err(|error| format!("{} holds no list of buckets: {error}", path.display()))
}

/// The variables that lead `list` and other tools to this simulated Atlas.
fn variables(atlas: &Simulator, has_service_account: bool) -> [(&'static str, &str); 6] {
    let [user, password] = if has_service_account {
        [
            (ServiceAccount::CLIENT_ID_VARIABLE, atlas.client_id()),
            (ServiceAccount::CLIENT_SECRET_VARIABLE, atlas.client_secret()),
        ]
    } else {
        [
            (ApiKey::PUBLIC_KEY_VARIABLE, atlas.public_key()),
            (ApiKey::PRIVATE_KEY_VARIABLE, atlas.private_key()),
        ]
    };
    [
        ("MONGODB_ATLAS_OPS_MANAGER_URL", atlas.base_url()),
        ("MONGODB_ATLAS_PROJECT_ID", atlas.project_id()),
        user,
        password,
        ("MONGODB_ATLAS_BASE_URL", atlas.base_url()),
        ("MONGODB_ATLAS_ORG_ID", atlas.organization_id()),
    ]
}

fn exit_status_of_command(status: io::Result<ExitStatus>, program: &str) -> u8 {
    let status = match status {
        Ok(status) => status,
        Err(error) => {
            terminal::report(&format!("cannot run {program}: {error}"), None);
            // The exit statuses of shells.
            return if error.kind() == io::ErrorKind::NotFound { 127 } else { 126 };
        }
    };
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return u8::try_from(128 + signal).unwrap_or(failure::OTHER);
    }
    status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(failure::OTHER)
}

fn run_until_interrupted(atlas: &Simulator, variables: &[(&str, &str)]) -> Result<u8, Failure> {
    let exports = variables.iter().map(|(name, value)| format!("export {name}={value}\n"));
    let curl = format!(
        "# curl --digest --user {}:{} '{}/api/atlas/v1.0/groups/{}/backup/exportBuckets'\n",
        atlas.public_key(),
        atlas.private_key(),
        atlas.base_url(),
        atlas.project_id(),
    );
    terminal::print((exports.collect::<String>() + &curl).as_bytes())?;
    log::warn!("the simulated Atlas runs until interrupted (Ctrl-C)");
    loop {
        std::thread::park();
    }
}
