//! `list`: makes the client, prints each project in turn, and returns the exit status.

use std::borrow::Cow;
use std::io::{self, IsTerminal as _};
use std::iter;
use std::time::{Duration, Instant};

use atlas_export_buckets::{Client, ClientBuilder, InvalidInput, Stats};

use crate::cli::{ConnectionArgs, Format, ListArgs, ListingArgs};
use crate::failure::{self, Failure};
use crate::lister::{Limit, Listed, Lister, Pages};
use crate::output::{Output, Style};
use crate::projects::{NamedProject, Projects, read_file};
use crate::queue::Queue;
use crate::{agent, environment, terminal};

/// How long the program waits at its end for an access token to be revoked.
const REVOCATION_TIMEOUT: Duration = Duration::from_secs(2);

/// Runs the command and returns the exit status. All that can be checked before anything is sent is checked first.
pub(crate) fn run(args: &ListArgs) -> Result<u8, Failure> {
    let projects = Projects::selected(&args.selection)?;
    let builder = environment::client_builder(args.connection.base_url.as_deref());
    let builder = configure(builder.map_err(|error| error.to_string())?, &args.listing);
    let client = connect(builder, &args.connection)?;
    Ok(list(&client, projects, &args.listing, args.connection.jobs))
}

/// Sets what is asked for.
pub(crate) fn configure(builder: ClientBuilder, listing: &ListingArgs) -> ClientBuilder {
    builder
        .items_per_page(listing.items_per_page)
        .include_count(!listing.no_count)
        .envelope(listing.envelope)
        .pretty(listing.pretty)
        .max_time(max_time(listing))
}

fn max_time(listing: &ListingArgs) -> Duration {
    listing.max_time.unwrap_or(Duration::MAX)
}

fn connect(builder: ClientBuilder, connection: &ConnectionArgs) -> Result<Client, String> {
    let mut builder = builder.timeout(connection.timeout).retries(connection.retries);
    if let Some(api_version) = connection.api_version {
        builder = builder.api_version(api_version);
    }
    let mut roots = "built in".to_owned();
    if let Some(path) = &connection.ca_file {
        roots = path.display().to_string();
        builder = builder.ca_certificates(read_file(path)?);
    } else if let Some(path) = environment::ca_file() {
        roots = format!("{}: {}", environment::CA_FILE, path.display());
        let pem = read_file(&path).map_err(|error| format!("{}: {error}", environment::CA_FILE))?;
        builder = builder.ca_certificates(pem);
    }
    log::info!("root certificates: {roots}");
    let config = builder.agent_config().map_err(|error| match error {
        InvalidInput::CaCertificates => format!("{roots}: {error}"),
        error => error.to_string(),
    })?;
    let client = builder.agent(agent::new_agent(config)).build().map_err(|error| error.to_string())?;
    log::info!("proxy: {}", client.proxy().unwrap_or("none"));
    Ok(client)
}

/// Lists the projects and prints them in order. Returns the exit status.
pub(crate) fn list(client: &Client, projects: Projects, listing: &ListingArgs, jobs: u32) -> u8 {
    let start = Instant::now();
    let single = projects.single();
    let style = Style {
        format: listing.format,
        has_several_projects: single.is_none(),
        has_names: !matches!(projects, Projects::Named(_)),
    };
    let lister = Lister {
        client: client.clone(),
        page: listing.page,
        limit: Limit { start, time: max_time(listing) },
    };
    let output = Output::new(style);
    let mut printer =
        Printer { output, listing, projects: 0, buckets: 0, first_failure: failure::DONE, last_advice: None };
    // A body does not end in a line end, so clearing the progress line would clear the end of the body.
    if listing.format != Format::Raw || !io::stdout().is_terminal() {
        terminal::start_progress();
    }
    let printed = match single {
        // One project needs no other threads.
        Some(project) => {
            let pages = lister.pages(&project.id);
            printer.print(iter::once(Ok((project, pages))))
        }
        None => match Queue::start(&lister, projects.iter(&lister), jobs as usize) {
            Ok(queue) => printer.print(queue.listed()),
            Err(failure) => printer.print(iter::once(Err(failure))),
        },
    };
    let printed = printed.and_then(|()| terminal::print(&printer.output.finish()?));
    terminal::finish_progress();
    if printed.is_ok() && printer.first_failure == failure::DONE && printer.buckets == 0 {
        log::warn!("{}", printer.nothing());
    }
    printer.summarise(client, start);
    if let Err(error) = client.revoke_access_token(REVOCATION_TIMEOUT) {
        log::info!("the access token was not revoked: {error}");
    }
    match printed {
        Ok(()) => printer.first_failure,
        // A closed pipe ends with 0, unless something failed before.
        Err(error) => Failure::Output(error).end().max(printer.first_failure),
    }
}

/// Prints the projects in listing order.
struct Printer<'a> {
    output: Output,
    listing: &'a ListingArgs,
    projects: u64,
    buckets: u64,
    /// The exit status of the first project that failed.
    first_failure: u8,
    /// What was advised last. The same advice is not repeated for the next project.
    last_advice: Option<Cow<'static, str>>,
}

impl Printer<'_> {
    fn print<'a>(&mut self, listed: impl Iterator<Item = Listed<'a>>) -> io::Result<()> {
        for listed in listed {
            match listed {
                Ok((project, pages)) => self.print_project(&project, pages)?,
                Err(failure) => self.fail(None, &failure),
            }
        }
        Ok(())
    }

    /// Prints a project as it comes, or says why it could not be listed.
    fn print_project(&mut self, project: &NamedProject, pages: Pages<'_>) -> io::Result<()> {
        let (printed_before, mut total_count) = (self.buckets, None);
        self.projects += 1;
        let first_page = self.listing.page.unwrap_or(1).into();
        self.show_place(project, first_page, None);
        for (page, next_page) in pages.zip(first_page + 1..) {
            let page = match page {
                Ok(page) => page,
                Err(failure) => {
                    self.fail(Some(project), &failure);
                    return Ok(());
                }
            };
            total_count = page.total_count.or(total_count);
            self.buckets += page.results.len() as u64;
            terminal::print(&self.output.page(project, &page)?)?;
            if self.listing.page.is_none() {
                self.show_place(project, next_page, total_count);
            }
        }
        // Of a single page, only the server knows how many there are in all.
        let count =
            if self.listing.page.is_some() { total_count } else { Some(self.buckets - printed_before) };
        terminal::print(&self.output.complete(count)?)
    }

    /// Says on a terminal what is waited for: a page of the only project, or one of the projects.
    fn show_place(&self, project: &NamedProject, page: u64, buckets: Option<u64>) {
        let pages = buckets.map(|buckets| buckets.div_ceil(self.listing.items_per_page.into()));
        terminal::set_place(match (project.project_count, pages) {
            // Nothing more is waited for.
            (Some(1), Some(pages)) if page > pages => return,
            (Some(1), Some(pages)) => format!("page {page} of {pages}"),
            (Some(1), _) => format!("page {page}"),
            (Some(projects), _) => format!("project {} of {projects}", self.projects),
            (None, _) => format!("project {}", self.projects),
        });
    }

    /// Tells why a project, or the list of projects, is not complete.
    fn fail(&mut self, project: Option<&NamedProject>, failure: &Failure) {
        self.output.failed(project, failure);
        let mut cause = failure.cause();
        match (failure, project) {
            // The library's text names the request itself.
            (Failure::Atlas(_), _) => {}
            (_, Some(project)) => cause.push_str(&format!(": project {}", project.id)),
            (_, None) => cause.push_str(": the list of projects"),
        }
        let advice = failure.advice();
        let is_new = self.last_advice != advice;
        terminal::report(&cause, advice.as_deref().filter(|_| is_new));
        self.last_advice = advice;
        if self.first_failure == failure::DONE {
            self.first_failure = failure.exit_status();
        }
    }

    /// The warning about an empty list.
    fn nothing(&self) -> String {
        match self.listing.page {
            _ if self.projects == 0 => "no projects".to_owned(),
            None => "no export buckets".to_owned(),
            Some(page) if self.projects == 1 => format!("no export buckets on page {page}"),
            Some(page) => format!("no export buckets on page {page} of any project"),
        }
    }

    /// Shown with `--verbose`.
    fn summarise(&self, client: &Client, start: Instant) {
        let Stats { requests, challenges, retries, .. } = client.stats();
        let (projects, buckets, time) = (self.projects, self.buckets, start.elapsed().as_secs_f64());
        log::info!(
            "projects: {projects}, buckets: {buckets}, requests: {requests}, challenges: {challenges}, \
             retries: {retries}, time: {time:.1} s"
        );
    }
}
