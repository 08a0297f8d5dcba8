//! `list`: with which client, how many projects at once, and in which order they are printed.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};
use std::{iter, mem, thread};

use atlas_export_buckets::{self as library, Client, ClientBuilder, Error, ExportBucket, InvalidInput, Page};

use crate::cli::{Connection, Format, ListArgs, Listing};
use crate::failure::{self, Failure};
use crate::output::{Output, Style};
use crate::projects::{Project, Projects, read_all};
use crate::queue::{Event, InOrder, Place, Queue, queue};
use crate::{environment, progress, terminal};

/// Runs the command and returns the exit status.
pub(crate) fn run(args: &ListArgs) -> u8 {
    match prepare(args) {
        Ok((client, projects, style)) => {
            list(&client, &projects, &args.listing, style, args.connection.jobs as usize)
        }
        Err(message) => {
            terminal::report(&message, None);
            failure::USAGE
        }
    }
}

/// Checks all that can be checked before anything is sent.
fn prepare(args: &ListArgs) -> Result<(Client, Vec<Project>, Style), String> {
    let selected = Projects::selected(&args.selection)?;
    let builder = configure(Client::builder(environment::credentials()?), &args.listing);
    let client = connect(builder, &args.connection)?;
    let style = Style {
        has_several_projects: selected.may_be_several(),
        has_names: selected.have_names(),
        ..style(&args.listing)
    };
    let projects = selected.resolve(&client).map_err(|error| error.to_string())?;
    Ok((client, projects, style))
}

/// Settings of what is asked for.
pub(crate) fn configure(builder: ClientBuilder, listing: &Listing) -> ClientBuilder {
    builder
        .items_per_page(listing.items_per_page)
        .include_count(!listing.no_count)
        .envelope(listing.envelope)
        .pretty(listing.pretty)
}

/// The looks of a single project's output.
pub(crate) fn style(listing: &Listing) -> Style {
    Style {
        format: listing.format,
        has_several_projects: false,
        has_names: false,
        has_colours: terminal::has_colours(&io::stdout()),
    }
}

fn connect(builder: ClientBuilder, connection: &Connection) -> Result<Client, String> {
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
    let client = builder.build().map_err(|error| match error {
        Error::InvalidInput(InvalidInput::CaCertificates) => format!("{roots}: {error}"),
        error => error.to_string(),
    })?;
    log::info!("proxy: {}", client.proxy().unwrap_or("none"));
    Ok(client)
}

/// Lists the projects, some at once, and prints them in order.
pub(crate) fn list(
    client: &Client,
    projects: &[Project],
    listing: &Listing,
    style: Style,
    jobs: usize,
) -> u8 {
    let start = Instant::now();
    // Bodies have no line end of their own: clearing the line would take the end of one with it.
    if style.format != Format::Raw || !io::stdout().is_terminal() {
        progress::start(projects.len(), listing.items_per_page);
    }
    let (queue, in_order) = queue(projects, jobs);
    thread::scope(|scope| {
        for _ in 0..jobs.min(projects.len()) {
            scope.spawn(|| {
                while let Some(place) = queue.begin() {
                    let result = list_project(client, &place, listing, style);
                    place.tell(Event::End(result));
                }
            });
        }
        let mut printer = Printer {
            queue: &queue,
            output: Output::new(style, BufWriter::new(progress::Stdout(io::stdout().lock()))),
            end: listing.max_time.map(|limit| (start + limit, limit)),
            buckets: 0,
            first_failure: failure::DONE,
        };
        let printed = printer.print(projects, &in_order);
        progress::finish();
        if printed.is_ok() && printer.first_failure == failure::DONE && printer.buckets == 0 {
            terminal::note("no export buckets");
        }
        summarise(client, projects.len(), printer.buckets, start);
        let Err(error) = printed else { return printer.first_failure };
        let status = match error {
            // A reader that has enough does not make good what failed before.
            Stopped::Output(error) => failure::exit_status_of_output(Err(error)).max(printer.first_failure),
            Stopped::OutOfTime => printer.first_failure,
        };
        // The workers may still be waiting for an answer that nobody wants any more.
        std::process::exit(status.into())
    })
}

/// Shown with `--verbose`.
fn summarise(client: &Client, projects: usize, buckets: u64, start: Instant) {
    let (stats, time) = (client.stats(), start.elapsed().as_secs_f64());
    log::info!(
        "projects: {projects}, buckets: {buckets}, requests: {}, challenges: {}, retries: {}, time: {time:.1} s",
        stats.requests,
        stats.challenges,
        stats.retries,
    );
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
    place: &Place<'_, '_>,
    listing: &Listing,
    style: Style,
) -> Result<Option<u64>, Failure> {
    let project = &place.project.id;
    let render = |buckets: &[ExportBucket], total_count| {
        let text = style.render(place.project, buckets).map_err(Failure::Unprintable)?;
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
    let mut buckets = client.export_buckets(project);
    let chunks: Box<dyn Iterator<Item = Result<Chunk, Failure>>> = match (listing.page, style.format) {
        (Some(number), _) => Box::new(iter::once(client.export_bucket_page(project, number)).map(as_page)),
        (None, Format::Raw) => Box::new(client.export_bucket_pages(project).map(as_page)),
        (None, _) => Box::new(iter::from_fn(|| {
            let page = next_page(&mut buckets)?;
            Some(page.map_err(Failure::from).and_then(|page| render(&page, buckets.total_count())))
        })),
    };
    let sent = send(place, style, chunks)?;
    Ok(if listing.page.is_some() { sent.total_count } else { Some(sent.buckets) })
}

/// The buckets that are at hand, or come with the next request.
fn next_page(buckets: &mut library::Listing<ExportBucket>) -> Option<Result<Vec<ExportBucket>, Error>> {
    let first = buckets.next()?;
    let at_hand = buckets.size_hint().0;
    Some(iter::once(first).chain(buckets.take(at_hand)).collect())
}

/// Sends chunks until the end, or until nobody listens any more. Returns what they came to.
fn send(
    place: &Place<'_, '_>,
    style: Style,
    chunks: impl Iterator<Item = Result<Chunk, Failure>>,
) -> Result<Chunk, Failure> {
    let mut sent = Chunk::default();
    for chunk in chunks {
        // A list that is not complete must not look complete.
        let chunk = chunk.inspect_err(|_| place.release(sent.text.len()))?;
        progress::page(chunk.total_count);
        place.reserve(chunk.text.len());
        sent.buckets += chunk.buckets;
        sent.total_count = chunk.total_count;
        if style.needs_whole_projects() {
            sent.text.extend_from_slice(&chunk.text);
        } else if !place.tell(Event::Text { text: chunk.text, buckets: chunk.buckets }) {
            break;
        }
    }
    if style.needs_whole_projects() {
        place.tell(Event::Text { text: mem::take(&mut sent.text), buckets: sent.buckets });
    }
    Ok(sent)
}

/// Why printing ended before all projects were done.
enum Stopped {
    /// Nobody takes the output any more.
    Output(io::Error),
    /// `--max-time` passed.
    OutOfTime,
}

impl From<io::Error> for Stopped {
    fn from(error: io::Error) -> Self {
        Stopped::Output(error)
    }
}

/// Prints the projects in listing order.
struct Printer<'p, 'q, W> {
    queue: &'q Queue<'p>,
    output: Output<W>,
    /// When the run has to end, and how long that is from its start.
    end: Option<(Instant, Duration)>,
    buckets: u64,
    /// The exit status of the first project that failed.
    first_failure: u8,
}

impl<W: Write> Printer<'_, '_, W> {
    fn print(&mut self, projects: &[Project], in_order: &InOrder) -> Result<(), Stopped> {
        let mut is_out_of_time = false;
        for project in projects {
            let printed = match self.end {
                Some((_, limit)) if is_out_of_time => Err(Failure::MaxTime(limit)),
                _ => self.print_project(in_order)?,
            };
            if let Err(failure) = printed {
                is_out_of_time |= matches!(failure, Failure::MaxTime(_));
                self.output.failed(project, &failure);
                failure.report(project.id.as_str());
                if self.first_failure == failure::DONE {
                    self.first_failure = failure.exit_status();
                }
            }
            progress::project_done();
            self.queue.next_turn();
        }
        self.output.finish()?;
        if is_out_of_time { Err(Stopped::OutOfTime) } else { Ok(()) }
    }

    /// Prints the next project as it comes.
    fn print_project(&mut self, in_order: &InOrder) -> io::Result<Result<(), Failure>> {
        let events = match self.wait_for(in_order)? {
            Ok(events) => events,
            Err(failure) => return Ok(Err(failure)),
        };
        loop {
            match self.wait_for(&events)? {
                Ok(Event::Text { text, buckets }) => {
                    self.output.text(&text)?;
                    self.buckets += buckets;
                    self.queue.printed(text.len());
                }
                Ok(Event::End(Ok(count))) => return self.output.complete(count).map(Ok),
                Ok(Event::End(Err(failure))) | Err(failure) => return Ok(Err(failure)),
            }
        }
    }

    /// Waits for what comes next, but not beyond the end of the run. What was printed goes out before.
    fn wait_for<T>(&mut self, receiver: &Receiver<T>) -> io::Result<Result<T, Failure>> {
        /// How often the progress line is looked at.
        const TICK: Duration = Duration::from_millis(100);
        let mut tick = Duration::ZERO;
        loop {
            if let Some((_, limit)) = self.end.filter(|(end, _)| Instant::now() >= *end) {
                return Ok(Err(Failure::MaxTime(limit)));
            }
            match receiver.recv_timeout(tick) {
                Ok(received) => return Ok(Ok(received)),
                Err(RecvTimeoutError::Timeout) => progress::tick(),
                Err(error) => return Err(io::Error::other(error)),
            }
            self.output.flush()?;
            tick = TICK;
        }
    }
}
