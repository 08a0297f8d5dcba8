//! `list`: with which client, and how many projects at once.

use std::fs::File;
use std::io::{self, IsTerminal as _};
use std::time::{Duration, Instant};
use std::{iter, mem, thread};

use atlas_export_buckets::{Client, ClientBuilder, Error, ExportBucket, InvalidInput, Listing, Page};

use crate::cli::{ConnectionArgs, Format, ListArgs, ListingArgs};
use crate::failure::{self, Failure};
use crate::output::Style;
use crate::printer::Printer;
use crate::projects::{NamedProject, Projects, Selection, read_all};
use crate::queue::{Event, Sink, queue};
use crate::{agent, environment, progress, terminal};

/// Runs the command and returns the exit status.
pub(crate) fn run(args: &ListArgs) -> u8 {
    match prepare(args) {
        Ok((client, projects, style)) => {
            list(&client, projects, &args.listing, style, args.connection.jobs as usize)
        }
        Err(message) => {
            terminal::report(&message, None);
            failure::USAGE
        }
    }
}

/// Checks all that can be checked before anything is sent.
fn prepare(args: &ListArgs) -> Result<(Client, Projects, Style), String> {
    let selection = Selection::from_args(&args.selection)?;
    let mut builder = configure(Client::builder(environment::credentials()?), &args.listing);
    if let Some(max_time) = args.listing.max_time
        && !selection.may_be_several()
    {
        builder = builder.max_time(max_time);
    }
    let client = connect(builder, &args.connection)?;
    let style = Style {
        has_several_projects: selection.may_be_several(),
        has_names: selection.has_names(),
        ..style(&args.listing)
    };
    Ok((client.clone(), selection.projects(&client), style))
}

/// Settings of what is asked for.
pub(crate) fn configure(builder: ClientBuilder, listing: &ListingArgs) -> ClientBuilder {
    builder
        .items_per_page(listing.items_per_page)
        .include_count(!listing.no_count)
        .envelope(listing.envelope)
        .pretty(listing.pretty)
}

/// The looks of a single project's output.
pub(crate) fn style(listing: &ListingArgs) -> Style {
    Style {
        format: listing.format,
        has_several_projects: false,
        has_names: false,
        has_colours: terminal::has_colours(&io::stdout()),
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

/// Lists the projects, some at once, and prints them in order.
pub(crate) fn list(
    client: &Client,
    projects: Projects,
    listing: &ListingArgs,
    style: Style,
    jobs: usize,
) -> u8 {
    let start = Instant::now();
    // Bodies have no line end of their own: clearing the line would take the end of one with it.
    let has_progress = (style.format != Format::Raw || !io::stdout().is_terminal())
        && progress::start(projects.total(), listing.items_per_page);
    let mut printer = Printer::new(style, listing.max_time.map(|limit| (start + limit, limit)));
    if style.has_several_projects || has_progress {
        list_at_once(client, projects, listing, style, jobs, &mut printer, start);
    } else {
        list_in_turn(client, projects, listing, style, &mut printer);
    }
    finish(client, &mut printer, start)
}

/// Lists projects on this thread, one after the other.
fn list_in_turn(
    client: &Client,
    projects: Projects,
    listing: &ListingArgs,
    style: Style,
    printer: &mut Printer,
) {
    for project in projects {
        match project {
            Ok(project) => {
                let result = list_project(client, &project, printer, listing, style);
                printer.end_project(Some(&project), result);
            }
            Err(failure) => printer.end_project(None, Err(failure)),
        }
        if printer.has_stopped() {
            return;
        }
    }
}

/// Lists some projects at once. Where the system has no more threads, they are fewer.
fn list_at_once(
    client: &Client,
    projects: Projects,
    listing: &ListingArgs,
    style: Style,
    jobs: usize,
    printer: &mut Printer,
    start: Instant,
) {
    let named = projects.named();
    let jobs = projects.total().map_or(jobs, |total| jobs.min(usize::try_from(total).unwrap_or(jobs)));
    let (queue, in_order) = queue(projects, jobs);
    let work = || {
        while let Some((project, mut place)) = queue.begin() {
            let result = list_project(client, &project, &mut place, listing, style);
            place.tell(Event::End(result));
        }
    };
    thread::scope(|scope| {
        let spawn = |_| thread::Builder::new().spawn_scoped(scope, work).is_ok();
        if !(0..jobs).map(spawn).fold(false, |any, is_spawned| any | is_spawned) && jobs > 0 {
            if let Some(projects) = queue.take_projects() {
                list_in_turn(client, projects, listing, style, printer);
            }
            return;
        }
        printer.print(&named, &queue, &in_order);
        if printer.has_stopped() {
            // The workers may still be waiting for an answer that nobody wants any more.
            std::process::exit(finish(client, printer, start).into());
        }
    });
}

/// What there is to do at the end, well or not. Returns the exit status.
fn finish(client: &Client, printer: &mut Printer, start: Instant) -> u8 {
    let is_whole = !printer.has_stopped();
    let status = printer.finish();
    progress::finish();
    if is_whole && status == failure::DONE && printer.buckets == 0 {
        terminal::note("no export buckets");
    }
    // At most a hundred tokens of a service account may live at once. If it fails, this one dies within the hour.
    if let Err(error) = client.revoke_access_token(Duration::from_secs(2)) {
        log::info!("{error}");
    }
    let stats = client.stats();
    log::info!(
        "projects: {}, buckets: {}, requests: {}, challenges: {}, retries: {}, time: {:.1} s",
        printer.projects,
        printer.buckets,
        stats.requests,
        stats.challenges,
        stats.retries,
        start.elapsed().as_secs_f64(),
    );
    status
}

/// A page of a project, ready to be printed.
#[derive(Default)]
struct Chunk {
    text: Vec<u8>,
    buckets: u64,
    /// How many buckets the project has, if the server counts them.
    total_count: Option<u64>,
}

/// Lists a project and tells the printer page by page, or all of it at the end. Returns how many buckets it has.
fn list_project(
    client: &Client,
    project: &NamedProject,
    sink: &mut dyn Sink,
    listing: &ListingArgs,
    style: Style,
) -> Result<Option<u64>, Failure> {
    let render = |buckets: &[ExportBucket], total_count| {
        let text = style.render(project, buckets).map_err(Failure::Unprintable)?;
        Ok(Chunk { text, buckets: buckets.len() as u64, total_count })
    };
    let as_page = |page: Result<Page<ExportBucket>, Error>| {
        let page = page?;
        match style.format {
            Format::Raw => Ok(Chunk {
                buckets: page.results.len() as u64,
                total_count: page.total_count,
                text: page.body,
            }),
            _ => render(&page.results, page.total_count),
        }
    };
    let mut buckets = client.export_buckets(&project.id);
    let chunks: Box<dyn Iterator<Item = Result<Chunk, Failure>>> = match (listing.page, style.format) {
        (Some(number), _) => {
            Box::new(iter::once(client.export_bucket_page(&project.id, number)).map(as_page))
        }
        (None, Format::Raw) => Box::new(client.export_bucket_pages(&project.id).map(as_page)),
        (None, _) => Box::new(iter::from_fn(|| {
            let page = next_page(&mut buckets)?;
            Some(page.map_err(Failure::from).and_then(|page| render(&page, buckets.total_count())))
        })),
    };
    let sent = send(sink, style, chunks)?;
    Ok(if listing.page.is_some() { sent.total_count } else { Some(sent.buckets) })
}

/// The buckets that are at hand, or come with the next request.
fn next_page(buckets: &mut Listing<ExportBucket>) -> Option<Result<Vec<ExportBucket>, Error>> {
    let first = buckets.next()?;
    let at_hand = buckets.size_hint().0;
    Some(iter::once(first).chain(buckets.take(at_hand)).collect())
}

/// Sends chunks until the end, or until nobody listens any more. Returns what they came to.
fn send(
    sink: &mut dyn Sink,
    style: Style,
    chunks: impl Iterator<Item = Result<Chunk, Failure>>,
) -> Result<Chunk, Failure> {
    let mut sent = Chunk::default();
    for chunk in chunks {
        // A list that is not whole must not look whole.
        let chunk = chunk.inspect_err(|_| sink.release(sent.text.len()))?;
        progress::page(chunk.total_count);
        sink.reserve(chunk.text.len());
        sent.buckets += chunk.buckets;
        sent.total_count = chunk.total_count;
        if style.needs_whole_projects() {
            sent.text.extend_from_slice(&chunk.text);
        } else if !sink.tell(Event::Text { text: chunk.text, buckets: chunk.buckets }) {
            break;
        }
    }
    if style.needs_whole_projects() {
        sink.tell(Event::Text { text: mem::take(&mut sent.text), buckets: sent.buckets });
    }
    Ok(sent)
}
