//! `Client`: what a user calls.

mod builder;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

pub use builder::ClientBuilder;

use crate::error::Error;
use crate::http::Deadline;
use crate::invalid_input::InvalidInput;
use crate::listing::{Listing, Pages, Source};
use crate::model::{ExportBucket, Page, Project};
use crate::request::{OrganizationId, ProjectId, Resource};

/// Lists export buckets, and the projects that have them.
///
/// A client is cheap to clone. All clones, and all threads, share one Digest session or access token, and one pool of
/// connections.
///
/// ```no_run
/// use atlas_export_buckets::{Client, Credentials, ProjectId};
///
/// let client = Client::new(Credentials::from_env()?)?;
/// let project: ProjectId = "32b6e34b3d91647abb20e7b8".parse()?;
/// for bucket in client.export_buckets(&project) {
///     let bucket = bucket?;
///     println!("{} {}", bucket.id, bucket.bucket_name);
/// }
/// # Ok::<(), atlas_export_buckets::Error>(())
/// ```
///
/// # Many projects
///
/// How many threads, in which order, and what a failure means for the others are the caller's to decide, and scoped threads
/// say it in a few lines. A rate limit or a hang of one project does not hold up the others.
///
/// ```no_run
/// # use atlas_export_buckets::{Client, Error, ExportBucket, ProjectId};
/// # use std::sync::Mutex;
/// /// Lists all projects, up to `jobs` at once, each with its own outcome.
/// fn list_all(client: &Client, projects: &[ProjectId], jobs: usize) -> Vec<(ProjectId, Result<Vec<ExportBucket>, Error>)> {
///     let (queue, done) = (Mutex::new(projects.iter()), Mutex::new(Vec::new()));
///     std::thread::scope(|scope| {
///         for _ in 0..jobs {
///             scope.spawn(|| {
///                 loop {
///                     let Some(project) = queue.lock().unwrap().next() else { break };
///                     let buckets = client.export_buckets(project).collect();
///                     done.lock().unwrap().push((project.clone(), buckets));
///                 }
///             });
///         }
///     });
///     done.into_inner().unwrap()
/// }
/// ```
///
/// # What is logged
///
/// Through the crate `log`, at `debug`: requests, challenges, retries and waits; at `warn`: that this version of the API will
/// go. No record of this crate has a secret. A record of `ureq_proto` has an `Authorization`: at `trace` that crate dumps
/// every byte that is sent, so keep its level below.
#[derive(Clone)]
pub struct Client {
    source: Arc<Source>,
}

impl Client {
    /// The export buckets of a project, page after page as they are asked for. Each comes once.
    ///
    /// Nothing is sent before the first `next`. The iterator ends only when the list is whole, and gives no more after an
    /// error. Collect before you act on what is *missing*.
    ///
    /// The API pages by number, so a list that changes while it is read shifts. Buckets created during the listing may be
    /// missing; those that existed at its start are not, unless as many were created as deleted. If the server's count
    /// falls, the listing fails with [`Incomplete::Shrunk`](crate::Incomplete::Shrunk). None of this can happen to a project
    /// whose buckets fit one page of 500.
    pub fn export_buckets(&self, project_id: &ProjectId) -> Listing<ExportBucket> {
        Listing::new(self.export_bucket_pages(project_id))
    }

    /// The same, page by page, with links, count, rate limit and body. A bucket may come twice if the list changes.
    ///
    /// ```no_run
    /// # use atlas_export_buckets::{Client, Error, ProjectId};
    /// # fn f(client: &Client, project: &ProjectId) -> Result<(), Error> {
    /// for page in client.export_bucket_pages(project) {
    ///     let page = page?;
    ///     println!("page {}: {} of {:?}", page.page_num, page.results.len(), page.total_count);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn export_bucket_pages(&self, project_id: &ProjectId) -> Pages<ExportBucket> {
        Pages::new(Arc::clone(&self.source), Resource::ExportBuckets(project_id.clone()))
    }

    /// One page, counted from 1. It says nothing about the others: whether the list is whole is up to the caller.
    ///
    /// # Errors
    ///
    /// Those of the request, and [`InvalidInput::PageNum`] for page 0.
    pub fn export_bucket_page(
        &self,
        project_id: &ProjectId,
        page_num: u32,
    ) -> Result<Page<ExportBucket>, Error> {
        if page_num == 0 {
            return Err(InvalidInput::PageNum.into());
        }
        let resource = Resource::ExportBuckets(project_id.clone());
        let deadline = Deadline::new(self.source.timeout.min(self.source.max_time.unwrap_or(Duration::MAX)));
        self.source.page(&resource, page_num, self.source.http.options.include_count, deadline)
    }

    /// The projects that the credentials can see, page after page as they are asked for.
    ///
    /// They are always counted, and asked for 500 at a time: [`ClientBuilder::include_count`] and
    /// [`ClientBuilder::items_per_page`] concern export buckets.
    ///
    /// ```no_run
    /// # use atlas_export_buckets::{Client, Error};
    /// # fn f(client: &Client) -> Result<(), Error> {
    /// for project in client.projects() {
    ///     let project = project?;
    ///     println!("{} {}", project.id, project.name);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn projects(&self) -> Listing<Project> {
        Listing::new(Pages::new(Arc::clone(&self.source), Resource::Projects))
    }

    /// The projects of an organization, page after page as they are asked for, counted as [`Client::projects`] are.
    pub fn organization_projects(&self, organization_id: &OrganizationId) -> Listing<Project> {
        let resource = Resource::OrganizationProjects(organization_id.clone());
        Listing::new(Pages::new(Arc::clone(&self.source), resource))
    }

    /// Revokes the access token that was fetched for a service account, if there is one, with one request.
    ///
    /// Atlas lets 100 tokens of a service account live at once, each for an hour, so a program that runs often should call
    /// this at its end. A later request fetches a new token. An access token that was given to the client is not revoked.
    ///
    /// # Errors
    ///
    /// Those of the request. The token dies by itself within the hour.
    pub fn revoke_access_token(&self, timeout: Duration) -> Result<(), Error> {
        self.source.http.revoke_access_token(&Deadline::new(timeout))
    }

    /// The proxy on the way to Atlas, without its password; `None` if there is none.
    pub fn proxy(&self) -> Option<&str> {
        self.source.http.options.proxy.as_deref()
    }

    /// What this client and its clones have sent so far.
    pub fn stats(&self) -> Stats {
        let counters = &self.source.http.sender.counters;
        Stats {
            requests: counters.requests.load(Relaxed),
            challenges: counters.challenges.load(Relaxed),
            retries: counters.retries.load(Relaxed),
        }
    }
}

/// What a [`Client`] and its clones have sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// All requests, those for access tokens included.
    pub requests: u64,
    /// Responses with 401.
    pub challenges: u64,
    /// Requests that were sent again after an error.
    pub retries: u64,
}

/// Shows where it asks, and nothing of the credentials.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("options", &self.source.http.options).finish_non_exhaustive()
    }
}
