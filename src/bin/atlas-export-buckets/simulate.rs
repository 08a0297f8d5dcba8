//! `simulate` runs the embedded Atlas; `demo` lists from it, as `list` would.

use std::io::Write as _;

use atlas_export_buckets::simulator::{Simulator, sample_buckets};
use atlas_export_buckets::{ApiKey, Client, Error, ProjectId};

use crate::options::{ListArgs, SimulateArgs};
use crate::{list, progress, status, verbose};

const SAMPLE_BUCKETS: usize = 12;

/// Starts an embedded Atlas, lists its sample buckets, and stops it.
pub(crate) fn demo(args: ListArgs) -> u8 {
    verbose::start(args.verbose, args.quiet);
    let atlas = match Simulator::builder().buckets(sample_buckets(SAMPLE_BUCKETS)).start() {
        Ok(atlas) => atlas,
        Err(error) => return cannot_start(&error),
    };
    if !args.quiet {
        progress::tell(format_args!("an embedded Atlas answers at {} until this is done", atlas.base_url()));
    }
    match demo_client(&atlas, &args) {
        Ok((client, project)) => list::list(&client, &[project], &args),
        Err(error) => {
            progress::tell(format_args!("{error}"));
            status::of(&error)
        }
    }
}

fn demo_client(atlas: &Simulator, args: &ListArgs) -> Result<(Client, ProjectId), Error> {
    let api_key = ApiKey::new(atlas.public_key(), atlas.private_key())?;
    let client =
        Client::builder(api_key).base_url(atlas.base_url()).items_per_page(args.items_per_page).build()?;
    Ok((client, atlas.project_id().parse()?))
}

/// Runs until interrupted.
pub(crate) fn run(args: &SimulateArgs) -> u8 {
    let buckets = sample_buckets(args.buckets);
    let builder = Simulator::builder().port(args.port).buckets(buckets);
    let builder = args.faults.iter().fold(builder, |builder, fault| fault.inject(builder, args.buckets));
    let atlas = match builder.start() {
        Ok(atlas) => atlas,
        Err(error) => return cannot_start(&error),
    };
    let (url, project) = (atlas.base_url(), atlas.project_id());
    let (public, private) = (atlas.public_key(), atlas.private_key());
    // Assignments that a shell can read, so that `list` finds its way here.
    let text = format!(
        "export MONGODB_ATLAS_OPS_MANAGER_URL={url}\n\
         export MONGODB_ATLAS_PROJECT_ID={project}\n\
         export MONGODB_ATLAS_PUBLIC_API_KEY={public}\n\
         export MONGODB_ATLAS_PRIVATE_API_KEY={private}\n\
         # curl --digest --user {public}:{private} '{url}/api/atlas/v1.0/groups/{project}/backup/exportBuckets'\n"
    );
    let mut stdout = std::io::stdout();
    let printed = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    if printed.is_err() {
        return status::of_output(printed);
    }
    progress::tell(format_args!("the embedded Atlas runs until interrupted (Ctrl-C)"));
    loop {
        std::thread::park();
    }
}

fn cannot_start(error: &std::io::Error) -> u8 {
    progress::tell(format_args!("cannot start the embedded Atlas: {error}"));
    status::OTHER
}
