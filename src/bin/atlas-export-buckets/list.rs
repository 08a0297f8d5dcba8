//! `list`: which projects, with which client, how many at once, and in which order they are printed.

use std::env::VarError;
use std::fmt::Display;
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal as _, Read, Write};
use std::slice::Iter;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use atlas_export_buckets::{ApiKey, Client, Error, ExportBucket, ExportBuckets, ProjectId};

use crate::options::{Format, ListArgs};
use crate::output::{Output, Style};
use crate::progress::{self, Progress};
use crate::{status, verbose};

/// Runs the command and returns the exit status.
pub(crate) fn run(args: &ListArgs) -> u8 {
    verbose::start(args.verbose, args.quiet);
    match prepare(args) {
        Ok((client, projects)) => list(&client, &projects, args),
        Err(message) => {
            progress::tell(format_args!("{message}"));
            status::USAGE
        }
    }
}

/// Checks all that can be checked before anything is sent.
fn prepare(args: &ListArgs) -> Result<(Client, Vec<ProjectId>), String> {
    let projects = projects(&args.project_ids)?;
    let api_key = ApiKey::from_env().map_err(|error| error.to_string())?;
    let mut builder = Client::builder(api_key)
        .api_version(args.api_version)
        .timeout(args.timeout)
        .retries(args.retries)
        .items_per_page(args.items_per_page)
        .include_count(args.include_count)
        .envelope(args.envelope)
        .pretty(args.pretty);
    let base_url = match &args.base_url {
        Some(base_url) => Some(base_url.clone()),
        None => variable("MONGODB_ATLAS_OPS_MANAGER_URL")?,
    };
    if let Some(base_url) = base_url {
        builder = builder.base_url(base_url);
    }
    if let Some(path) = &args.ca_file {
        let name = path.display();
        let mut file = File::open(path).map_err(|error| format!("cannot read {name}: {error}"))?;
        builder = builder.ca_certificates(read_all(&mut file, &name)?);
    }
    Ok((builder.build().map_err(|error| error.to_string())?, projects))
}

/// Reads input of at most 16 MiB.
fn read_all(input: &mut dyn Read, name: &dyn Display) -> Result<Vec<u8>, String> {
    /// More than half a million project ids, or thousands of roots: what is longer is neither.
    const MAX_LEN: u64 = 16 * 1024 * 1024;
    let mut bytes = Vec::new();
    input
        .take(MAX_LEN + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("cannot read {name}: {error}"))?;
    if bytes.len() as u64 > MAX_LEN { Err(format!("{name} is longer than 16 MiB")) } else { Ok(bytes) }
}

/// The projects in the order given, each once.
fn projects(given: &[String]) -> Result<Vec<ProjectId>, String> {
    let mut ids = Vec::new();
    for id in given {
        if id == "-" {
            let lines = read_all(&mut io::stdin(), &"standard input")?;
            let lines = str::from_utf8(&lines).map_err(|error| format!("standard input: {error}"))?;
            // Some editors put a byte order mark before the first line.
            let lines = lines.trim_start_matches('\u{feff}');
            let lines =
                lines.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
            ids.extend(lines.map(str::to_owned));
        } else {
            ids.push(id.clone());
        }
    }
    if given.is_empty() {
        let id = variable("MONGODB_ATLAS_PROJECT_ID")?
            .ok_or("which project? use --project-id, or set MONGODB_ATLAS_PROJECT_ID")?;
        ids.push(id);
    }
    let mut seen = std::collections::HashSet::new();
    let mut projects = Vec::new();
    for id in ids {
        let project: ProjectId =
            id.parse().map_err(|error: atlas_export_buckets::InvalidInput| error.to_string())?;
        if seen.insert(project.clone()) {
            projects.push(project);
        }
    }
    if projects.is_empty() {
        return Err("there is no project id on standard input".into());
    }
    Ok(projects)
}

/// An environment variable; an empty one counts as not set, as in the Atlas CLI.
fn variable(name: &str) -> Result<Option<String>, String> {
    match std::env::var(name) {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(format!("the environment variable {name} is not Unicode")),
    }
}

/// What a worker tells of a project.
enum Event {
    /// The body of a page, for `raw`, with how many buckets are in it and, if that is known, in all.
    Body(Vec<u8>, u64, Option<u64>),
    /// Some buckets, for every other format, and how many there are, if that is known.
    Buckets(Vec<ExportBucket>, Option<u64>),
    /// The end: how many buckets the project has, if that is known, or why the list is not complete.
    End(Result<Option<u64>, Error>),
}

/// Lists the projects, some at once, and prints them in order.
///
/// A project that is being listed has a channel of its own, so that what comes early waits there for its turn. The
/// channels themselves go through one, in order. Both hold little, and a worker that is far ahead waits: memory grows
/// neither with the number of buckets nor with that of projects.
pub(crate) fn list(client: &Client, projects: &[ProjectId], args: &ListArgs) -> u8 {
    /// Projects that wait for their turn, for each worker.
    const PROJECTS_AHEAD: usize = 16;
    let start = Instant::now();
    let (begun, in_order) = sync_channel(args.jobs * PROJECTS_AHEAD);
    let queue = Mutex::new((projects.iter(), begun));
    thread::scope(|scope| {
        for _ in 0..args.jobs.min(projects.len()) {
            scope.spawn(|| {
                while let Some((project, events)) = begin(&queue) {
                    list_project(client, project, args, &events);
                }
            });
        }
        let is_terminal = io::stdout().is_terminal();
        let style = Style {
            has_several_projects: projects.len() > 1,
            is_bold: is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
        };
        let stdout = BufWriter::new(progress::Stdout(io::stdout().lock()));
        // The bodies have no line end of their own: clearing the line would take the end of one with it.
        let is_in_the_way = args.format == Format::Raw && is_terminal;
        let mut progress = Progress::new(projects.len(), args.quiet || args.verbose || is_in_the_way);
        let mut first_failure = status::DONE;
        let printed = print(
            in_order.iter().take(projects.len()),
            Output::new(args.format, style, stdout),
            &mut progress,
            &mut first_failure,
        );
        progress.finish();
        if let Err(error) = printed {
            let status = match status::of_output(Err(error)) {
                // Whoever reads has enough, but not of what was told to have failed.
                status::DONE => first_failure,
                status => status,
            };
            // The workers may still be waiting for an answer that nobody wants any more.
            std::process::exit(status.into());
        }
        summarise(client, &progress, start);
        first_failure
    })
}

/// Shown with `--verbose`.
fn summarise(client: &Client, progress: &Progress, start: Instant) {
    let stats = client.stats();
    log::info!(
        "projects: {}, buckets: {}, requests: {}, challenges: {}, retries: {}, time: {:.1} s",
        progress.projects_done,
        progress.buckets,
        stats.requests,
        stats.challenges,
        stats.retries,
        start.elapsed().as_secs_f64(),
    );
}

/// Takes the next project, and tells the printer that it has begun, in order.
fn begin<'p>(queue: &Mutex<(Iter<'p, ProjectId>, Order<'p>)>) -> Option<(&'p ProjectId, SyncSender<Event>)> {
    let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
    let project = queue.0.next()?;
    // For some buckets and the end: a small project does not hold its worker until its turn.
    let (events, receiver) = sync_channel(2);
    // It fails if the printer has ended.
    queue.1.send((project, receiver)).ok()?;
    Some((project, events))
}

/// Where workers tell the printer what they have begun.
type Order<'p> = SyncSender<(&'p ProjectId, Receiver<Event>)>;

/// Sends events until the end, or until nobody listens any more.
fn list_project(client: &Client, project: &ProjectId, args: &ListArgs, events: &SyncSender<Event>) {
    let send = |event| events.send(event).is_ok();
    let result = match (args.page, args.format) {
        (Some(page_num), format) => client.export_bucket_page(project, page_num).map(|page| {
            let count = page.results.len() as u64;
            let total_count = page.total_count;
            if format == Format::Raw {
                send(Event::Body(page.body, count, Some(count)));
            } else {
                send(Event::Buckets(page.results, Some(count)));
            }
            total_count
        }),
        (None, Format::Raw) => client
            .export_bucket_pages(project)
            .try_for_each(|page| {
                let page = page?;
                send(Event::Body(page.body, page.results.len() as u64, page.total_count));
                Ok(())
            })
            .map(|()| None),
        (None, _) => send_buckets(client.export_buckets(project), events).map(Some),
    };
    send(Event::End(result));
}

/// Sends the buckets as they come, some at once, and returns how many there were. It ends early if nobody listens any
/// more.
fn send_buckets(mut buckets: ExportBuckets, events: &SyncSender<Event>) -> Result<u64, Error> {
    /// To wake the printer for each would take longer than to read it.
    const AT_ONCE: usize = 64;
    let mut count = 0;
    while let Some(first) = buckets.next() {
        let mut some = vec![first?];
        // The next page may take its time.
        let at_hand = buckets.size_hint().0.min(AT_ONCE - 1);
        for bucket in buckets.by_ref().take(at_hand) {
            some.push(bucket?);
        }
        count += some.len() as u64;
        if events.send(Event::Buckets(some, buckets.total_count())).is_err() {
            break;
        }
    }
    Ok(count)
}

/// The next event, `None` after the last. What was printed goes out before it is waited for.
fn next_event(events: &Receiver<Event>, output: &mut Output<impl Write>) -> io::Result<Option<Event>> {
    if let Ok(event) = events.try_recv() {
        return Ok(Some(event));
    }
    output.flush()?;
    Ok(events.recv().ok())
}

/// Prints the projects in order, each as it comes, and notes the status of the first that failed.
fn print<'p>(
    projects: impl Iterator<Item = (&'p ProjectId, Receiver<Event>)>,
    mut output: Output<impl Write>,
    progress: &mut Progress,
    first_failure: &mut u8,
) -> io::Result<()> {
    for (project, events) in projects {
        while let Some(event) = next_event(&events, &mut output)? {
            match event {
                Event::Body(body, buckets, of) => {
                    output.body(&body)?;
                    progress.add(buckets, of);
                }
                Event::Buckets(buckets, of) => {
                    buckets.iter().try_for_each(|bucket| output.bucket(project, bucket))?;
                    progress.add(buckets.len() as u64, of);
                }
                Event::End(Ok(total_count)) => output.complete(project, total_count)?,
                Event::End(Err(error)) => {
                    output.failed(project, &error)?;
                    progress::tell(format_args!("{error}"));
                    if *first_failure == status::DONE {
                        *first_failure = status::of(&error);
                    }
                }
            }
        }
        progress.project();
    }
    output.finish()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use atlas_export_buckets::simulator::{Simulator, sample_buckets};

    use super::*;
    use crate::args::{Command, parse};

    #[test]
    fn a_small_project_does_not_hold_its_worker_until_its_turn() {
        let atlas = Simulator::builder().buckets(sample_buckets(5)).start().unwrap();
        let key = ApiKey::new(atlas.public_key(), atlas.private_key()).unwrap();
        let client = Client::builder(key).base_url(atlas.base_url()).build().unwrap();
        let projects = [atlas.project_id().parse().unwrap()];
        for more in [["-o", "ndjson"], ["-o", "json"], ["-o", "raw"], ["--page", "1"]] {
            let Ok(Command::List(args)) = parse(lexopt::Parser::from_args(["list"].into_iter().chain(more)))
            else {
                panic!()
            };
            let (begun, in_order) = sync_channel(1);
            let queue = Mutex::new((projects.iter(), begun));
            let (done, is_done) = sync_channel(1);
            thread::scope(|scope| {
                scope.spawn(|| {
                    let (project, events) = begin(&queue).unwrap();
                    list_project(&client, project, &args, &events);
                    done.send(()).unwrap();
                });
                // Nobody takes an event.
                let turn = in_order.recv().unwrap();
                let result = is_done.recv_timeout(Duration::from_secs(20));
                drop(turn);
                assert_eq!(result, Ok(()), "{more:?}");
            });
        }
    }
}
