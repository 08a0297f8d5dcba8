//! `simulate` runs the embedded Atlas; `demo` lists from it, as `list` would.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, ExitStatus};

use atlas_export_buckets::simulator::{Builder, Simulator};
use atlas_export_buckets::{AccessToken, ApiKey, Client, Error, ProjectId, ServiceAccount};

use crate::cli::{ListingArgs, SimulateArgs};
use crate::projects::{Projects, read_all};
use crate::{failure, fixture, list, terminal};

/// Starts an embedded Atlas, lists its sample buckets, and stops it.
pub(crate) fn demo(listing: &ListingArgs) -> u8 {
    let atlas = match Simulator::builder().start() {
        Ok(atlas) => atlas,
        Err(error) => return cannot_start(&error, None),
    };
    terminal::note(&format!("an embedded Atlas answers at {} until this is done", atlas.base_url()));
    match demo_client(&atlas, listing) {
        Ok((client, project)) => list::list(&client, Projects::Named(vec![project]), listing, 1),
        Err(error) => {
            terminal::report(&error.to_string(), None);
            failure::OTHER
        }
    }
}

fn demo_client(atlas: &Simulator, listing: &ListingArgs) -> Result<(Client, ProjectId), Error> {
    let api_key = ApiKey::new(atlas.public_key(), atlas.private_key())?;
    let builder = list::configure(Client::builder(api_key), listing);
    Ok((builder.base_url(atlas.base_url()).build()?, atlas.project_id().parse()?))
}

/// Runs the embedded Atlas around a command, or until interrupted.
pub(crate) fn run(args: &SimulateArgs) -> u8 {
    let builder = match &args.fixture {
        Some(path) => read_fixture(path),
        None => Ok(Simulator::builder().projects(args.projects as usize, args.buckets as usize)),
    };
    let builder = match builder {
        Ok(builder) => show_requests(builder).port(args.port.unwrap_or_default()),
        Err(problem) => {
            terminal::report(&problem, None);
            return failure::USAGE;
        }
    };
    let faults = args.faults.iter().cloned();
    let atlas = match faults.fold(builder, |builder, fault| fault.inject(builder)).start() {
        Ok(atlas) => atlas,
        Err(error) => return cannot_start(&error, args.port),
    };
    let variables = variables(&atlas, args.service_account);
    match args.command.split_first() {
        Some((program, arguments)) => {
            let mut command = Command::new(program);
            command.args(arguments);
            // Credentials of another kind are meant for the real Atlas, and might win.
            OF_CREDENTIALS.iter().for_each(|name| _ = command.env_remove(name));
            exit_status_of_command(command.envs(variables).status(), &program.to_string_lossy())
        }
        None => run_until_interrupted(&atlas, &variables),
    }
}

/// The variables of all kinds of credentials.
const OF_CREDENTIALS: [&str; 5] = [
    AccessToken::VARIABLE,
    ServiceAccount::CLIENT_ID_VARIABLE,
    ServiceAccount::CLIENT_SECRET_VARIABLE,
    ApiKey::PUBLIC_KEY_VARIABLE,
    ApiKey::PRIVATE_KEY_VARIABLE,
];

/// Shows each request with `--verbose`: how it was answered, and why its `Authorization` was refused.
fn show_requests(builder: Builder) -> Builder {
    if !terminal::is_verbose() {
        return builder;
    }
    builder.observe(|request| {
        let target = String::from_utf8_lossy(&request.target);
        let status = request.status.map_or("no answer".into(), |status| format!("HTTP {status}"));
        let code = request.error_code.iter().map(|code| format!(" {code}"));
        let rejection = request.rejection.iter().map(|rejection| format!(", because {rejection}"));
        let details: String = code.chain(rejection).collect();
        terminal::note(&format!(
            "request {}: {} {target}: {status}{details}",
            request.number, request.method
        ));
    })
}

/// An Atlas with the buckets of a file.
fn read_fixture(path: &Path) -> Result<Builder, String> {
    let name = path.display();
    let mut file = File::open(path).map_err(|error| format!("cannot read {name}: {error}"))?;
    let json = read_all(&mut file, &name)?;
    fixture::read(&json).map_err(|error| format!("{name} holds no list of buckets: {error}"))
}

/// The environment in which `list`, and other tools, find their way here.
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
            // As shells have it.
            return if error.kind() == io::ErrorKind::NotFound { 127 } else { 126 };
        }
    };
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return u8::try_from(128 + signal).unwrap_or(failure::OTHER);
    }
    status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(failure::OTHER)
}

fn run_until_interrupted(atlas: &Simulator, variables: &[(&str, &str)]) -> u8 {
    let mut text = String::new();
    for (name, value) in variables {
        text.push_str(&format!("export {name}={value}\n"));
    }
    let (url, project) = (atlas.base_url(), atlas.project_id());
    let (public, private) = (atlas.public_key(), atlas.private_key());
    text.push_str(&format!(
        "# curl --digest --user {public}:{private} '{url}/api/atlas/v1.0/groups/{project}/backup/exportBuckets'\n"
    ));
    let mut stdout = io::stdout();
    let printed = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    if printed.is_err() {
        return failure::exit_status_of_output(printed);
    }
    terminal::note("the embedded Atlas runs until interrupted (Ctrl-C)");
    loop {
        std::thread::park();
    }
}

fn cannot_start(error: &io::Error, port: Option<u16>) -> u8 {
    match port {
        Some(port) if error.kind() == io::ErrorKind::AddrInUse => terminal::report(
            &format!("cannot start the embedded Atlas: port {port} is in use"),
            Some("choose another --port, or leave it out for a free one"),
        ),
        _ => terminal::report(&format!("cannot start the embedded Atlas: {error}"), None),
    }
    failure::OTHER
}
