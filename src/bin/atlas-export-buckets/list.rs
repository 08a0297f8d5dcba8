//! `list`: which projects, with which client, and how each of them ends.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use atlas_export_buckets::{Client, ClientBuilder, InvalidInput};

use crate::cli::{ConnectionArgs, Format, ListArgs, ListingArgs};
use crate::failure::{self, Failure};
use crate::lister::{Chunk, Limit, Lister};
use crate::output::{Output, Style};
use crate::projects::{NamedProject, Projects, read_all};
use crate::queue::Queue;
use crate::{agent, environment, progress, terminal};

/// How long the program waits at its end for an access token to be revoked.
const REVOCATION_TIMEOUT: Duration = Duration::from_secs(2);

/// Runs the command and returns the exit status.
pub(crate) fn run(args: &ListArgs) -> u8 {
    match prepare(args) {
        Ok((client, projects)) => list(&client, projects, &args.listing, args.connection.jobs),
        Err(message) => {
            terminal::report(&message, None);
            failure::USAGE
        }
    }
}

/// Checks all that can be checked before anything is sent.
fn prepare(args: &ListArgs) -> Result<(Client, Projects), String> {
    let projects = Projects::selected(&args.selection)?;
    let builder = configure(Client::builder(environment::credentials()?), &args.listing);
    Ok((connect(builder, &args.connection)?, projects))
}

/// Settings of what is asked for.
pub(crate) fn configure(builder: ClientBuilder, listing: &ListingArgs) -> ClientBuilder {
    let builder = builder
        .items_per_page(listing.items_per_page)
        .include_count(!listing.no_count)
        .envelope(listing.envelope)
        .pretty(listing.pretty);
    match listing.max_time {
        Some(max_time) => builder.max_time(max_time),
        None => builder,
    }
}

fn connect(builder: ClientBuilder, connection: &ConnectionArgs) -> Result<Client, String> {
    let mut builder = builder.timeout(connection.timeout).retries(connection.retries);
    if let Some(api_version) = connection.api_version {
        builder = builder.api_version(api_version);
    }
    let base_url = match &connection.base_url {
        Some(base_url) => Some(base_url.clone()),
        None => environment::base_url()?,
    };
    if let Some(base_url) = base_url {
        builder = builder.base_url(base_url);
    }
    let ca_file = connection.ca_file.clone().or_else(environment::ca_file);
    let roots = ca_file.as_ref().map_or("built in".to_owned(), |path| path.display().to_string());
    if let Some(path) = &ca_file {
        let mut file = File::open(path).map_err(|error| format!("cannot read {roots}: {error}"))?;
        builder = builder.ca_certificates(read_all(&mut file, &roots)?);
    }
    log::info!("root certificates: {roots}");
    let explain = |error| match error {
        InvalidInput::CaCertificates => format!("{roots}: {error}"),
        error => error.to_string(),
    };
    let agent = agent::new_agent(builder.agent_config().map_err(explain)?);
    let client = builder.agent(agent).build().map_err(|error| error.to_string())?;
    log::info!("proxy: {}", client.proxy().unwrap_or("none"));
    Ok(client)
}

/// Lists the projects and prints them in order. Returns the exit status.
pub(crate) fn list(client: &Client, projects: Projects, listing: &ListingArgs, jobs: u32) -> u8 {
    let start = Instant::now();
    let style = Style {
        format: listing.format,
        has_several_projects: projects.may_be_several(),
        has_names: projects.have_names(),
        has_colours: terminal::has_colours(&io::stdout()),
    };
    // Bodies have no line end of their own: clearing the line would take the end of one with it.
    if style.format != Format::Raw || !io::stdout().is_terminal() {
        progress::start(projects.count(), listing.items_per_page);
    }
    let limit = listing.max_time.map(|time| Limit { end: start + time, time });
    let lister = Lister { client: client.clone(), page: listing.page, style, limit };
    let mut printer = Printer {
        output: Output::new(style, BufWriter::new(progress::Stdout(io::stdout().lock()))),
        has_page: listing.page.is_some(),
        projects: 0,
        buckets: 0,
        first_failure: failure::DONE,
    };
    let printed = match projects.single() {
        // Without other threads.
        Some(project) => printer.print_project(Some(&project), lister.chunks(&project)),
        None => list_at_once(lister, projects, jobs, &mut printer),
    };
    let printed = printed.and_then(|()| printer.output.finish());
    progress::finish();
    if printed.is_ok() && printer.first_failure == failure::DONE && printer.buckets == 0 {
        terminal::note(if printer.projects == 0 { "no projects" } else { "no export buckets" });
    }
    summarise(client, &printer, start);
    if let Err(error) = client.revoke_access_token(REVOCATION_TIMEOUT) {
        log::info!("the access token was not revoked: {error}");
    }
    match printed {
        Ok(()) => printer.first_failure,
        // A reader that has enough does not make good what failed before.
        Err(error) => failure::exit_status_of_output(Err(error)).max(printer.first_failure),
    }
}

/// Shown with `--verbose`.
fn summarise<W>(client: &Client, printer: &Printer<W>, start: Instant) {
    let (stats, time) = (client.stats(), start.elapsed().as_secs_f64());
    log::info!(
        "projects: {}, buckets: {}, requests: {}, challenges: {}, retries: {}, time: {time:.1} s",
        printer.projects,
        printer.buckets,
        stats.requests,
        stats.challenges,
        stats.retries,
    );
}

/// Lists several projects, some of them at once, and prints them in listing order.
fn list_at_once(
    lister: Lister,
    projects: Projects,
    jobs: u32,
    printer: &mut Printer<impl Write>,
) -> io::Result<()> {
    let limit = lister.limit;
    let jobs = projects.count().map_or(jobs, |count| jobs.min(u32::try_from(count).unwrap_or(jobs)));
    let queue = Arc::new(Queue::new(projects.iter(&lister.client), jobs as usize));
    let lister = Arc::new(lister);
    let (sender, in_order) = channel();
    for started in 0..jobs {
        let (queue, lister, sender) = (Arc::clone(&queue), Arc::clone(&lister), sender.clone());
        if let Err(error) = thread::Builder::new().spawn(move || queue.work(&lister, &sender)) {
            // The threads that there are list all projects.
            log::info!("only {started} projects are listed at once: {error}");
            break;
        }
    }
    drop(sender);
    let failure = loop {
        if let Some(limit) = limit.filter(Limit::is_over) {
            break Failure::MaxTime(limit.time);
        }
        match Limit::receive(limit, &in_order) {
            Some(Ok(listed)) => {
                printer.print_project(listed.project.as_ref(), queue.chunks(&listed, limit))?
            }
            Some(Err(_out_of_time)) => continue,
            None => break Failure::Other("no thread could be started, or all have ended".into()),
        }
        queue.next_turn();
    };
    if queue.has_lost_projects() {
        printer.fail(None, &failure);
    }
    // None, if all is well.
    for project in queue.close(&in_order) {
        printer.fail(project.as_ref(), &failure);
    }
    Ok(())
}

/// Prints the projects in listing order.
struct Printer<W> {
    output: Output<W>,
    /// Whether a single page was asked for.
    has_page: bool,
    projects: u64,
    buckets: u64,
    /// The exit status of the first project that failed.
    first_failure: u8,
}

impl<W: Write> Printer<W> {
    /// Prints a project as it comes, or says why it could not be listed; `None` where the projects could not be listed.
    fn print_project(
        &mut self,
        project: Option<&NamedProject>,
        chunks: impl Iterator<Item = Result<Chunk, Failure>>,
    ) -> io::Result<()> {
        self.projects += u64::from(project.is_some());
        let (mut buckets, mut total_count) = (0, None);
        for chunk in chunks {
            match chunk {
                Ok(chunk) => {
                    self.output.text(&chunk.text)?;
                    self.buckets += chunk.buckets;
                    buckets += chunk.buckets;
                    total_count = chunk.total_count;
                }
                Err(failure) => {
                    self.fail(project, &failure);
                    return Ok(());
                }
            }
        }
        progress::project_done();
        self.output.complete(if self.has_page { total_count } else { Some(buckets) })
    }

    fn fail(&mut self, project: Option<&NamedProject>, failure: &Failure) {
        self.output.failed(project, failure);
        failure.report(project);
        if self.first_failure == failure::DONE {
            self.first_failure = failure.exit_status();
        }
        progress::project_done();
    }
}
