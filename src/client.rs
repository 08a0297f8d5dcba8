//! `Client`: what a user calls.

mod builder;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

pub use builder::ClientBuilder;

use crate::error::Error;
use crate::http::{Deadline, HttpClient};
use crate::invalid_input::InvalidInput;
use crate::listing::{Listing, Pages};
use crate::model::{ExportBucket, Page, Project};
use crate::request::{OrganizationId, ProjectId, Resource};

/// Lists export buckets, and the projects that have them.
///
/// A client is cheap to clone. All clones and all threads share one Digest session or access token, and one pool of
/// connections. The guide [`many_projects`](crate::guides::many_projects) shows how to list several projects at once.
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
/// # Logging
///
/// Through the crate `log`: requests, challenges, retries and waits at level *debug*; a deprecated API version at level *warn*.
/// No record of this crate contains a secret. At level *trace*, `ureq_proto` logs every byte that is sent, including
/// `Authorization`: keep that target below *trace*.
#[derive(Clone)]
pub struct Client {
    http: Arc<HttpClient>,
}

impl Client {
    /// Lists the export buckets of a project (Atlas: *Get All Snapshot Export Buckets*), each of them once.
    ///
    /// Nothing is sent before the first `next`. Each page is requested only when its first bucket is needed. The iterator ends
    /// without an error only if the list is complete, and yields nothing after an error. Collect it before you act on a bucket
    /// that is *missing*.
    ///
    /// Atlas pages by number, so items move between pages when a list changes while it is read. Buckets created during the listing
    /// may be missing. A bucket that existed when the listing began can be missing only if other buckets were deleted and at least as
    /// many were created. (With fewer created, the server's count falls, and the listing fails with
    /// [`Incomplete::Shrunk`](crate::Incomplete::Shrunk).) Without the [count](ClientBuilder::include_count), deletions alone
    /// can make a bucket go missing. None of this affects a list of one page, up to 500 buckets.
    ///
    /// ```no_run
    /// # use atlas_export_buckets::{Client, Error, ExportBucket, ProjectId};
    /// # fn f(client: &Client, project: &ProjectId) -> Result<(), Error> {
    /// let buckets: Vec<ExportBucket> = client.export_buckets(project).collect::<Result<_, _>>()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn export_buckets(&self, project_id: &ProjectId) -> Listing<ExportBucket> {
        Listing::new(self.export_bucket_pages(project_id))
    }

    /// Lists the export buckets of a project page by page, with links, count, rate limit and body. If the list changes while it is read,
    /// a bucket may come twice. The second one is in the page's [body](Page::body), but not in its `results`.
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
        Pages::new(Arc::clone(&self.http), Resource::ExportBuckets(project_id.clone()))
    }

    /// Gets one page; the first is page 1. Whether the list is complete is for the caller to check.
    ///
    /// ```no_run
    /// # use atlas_export_buckets::{Client, Error, ProjectId};
    /// # fn f(client: &Client, project: &ProjectId) -> Result<(), Error> {
    /// let page = client.export_bucket_page(project, 1)?;
    /// println!("{} of {:?}, more: {}", page.results.len(), page.total_count, page.has_next());
    /// # Ok(())
    /// # }
    /// ```
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
        let deadline = Deadline::new(self.http.timeout.min(self.http.max_time));
        self.http.page(&resource, page_num, self.http.endpoint.options.include_count, deadline)
    }

    /// Lists the projects that the credentials can see (Atlas: *Get All Projects*), each of them once.
    ///
    /// Projects are always requested with their count, 500 per page: [`ClientBuilder::include_count`] and
    /// [`ClientBuilder::items_per_page`] apply to export buckets only.
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
        Listing::new(Pages::new(Arc::clone(&self.http), Resource::Projects))
    }

    /// Lists the projects of an organization that the credentials can see (Atlas: *Get All Projects in One Organization*), each of
    /// them once. They are requested as [`Client::projects`] requests them.
    ///
    /// ```no_run
    /// # use atlas_export_buckets::{Client, Error};
    /// # fn f(client: &Client) -> Result<(), Error> {
    /// let projects = client.organization_projects(&"5e4e593f70dfbf1010295836".parse()?);
    /// println!("{} projects", projects.collect::<Result<Vec<_>, _>>()?.len());
    /// # Ok(())
    /// # }
    /// ```
    pub fn organization_projects(&self, organization_id: &OrganizationId) -> Listing<Project> {
        let resource = Resource::OrganizationProjects(organization_id.clone());
        Listing::new(Pages::new(Arc::clone(&self.http), resource))
    }

    /// Revokes the access token that was fetched for a service account, if there is one (RFC 7009).
    ///
    /// It sends one request, without retries, and waits at most `timeout`. Atlas lets a service account have 100 live tokens, each
    /// for an hour, so a program that runs often should call this before it ends. A later request fetches a new token. An
    /// [`AccessToken`](crate::AccessToken) that was passed in is not revoked.
    ///
    /// ```no_run
    /// # use atlas_export_buckets::{Client, Error};
    /// # fn f(client: &Client) {
    /// if let Err(error) = client.revoke_access_token(std::time::Duration::from_secs(5)) {
    ///     eprintln!("the access token expires by itself: {error}");
    /// }
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of the request. The token then expires by itself.
    pub fn revoke_access_token(&self, timeout: Duration) -> Result<(), Error> {
        self.http.revoke_access_token(Deadline::new(timeout))
    }

    /// The proxy on the way to Atlas, without user name and password; `None` if there is none.
    pub fn proxy(&self) -> Option<&str> {
        self.http.endpoint.proxy.as_deref()
    }

    /// What this client and its clones have sent so far.
    pub fn stats(&self) -> Stats {
        let counters = &self.http.sender.counters;
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
    /// Responses with 401 to requests for pages.
    pub challenges: u64,
    /// Requests that were sent again, as [`ClientBuilder::retries`] counts them.
    pub retries: u64,
}

/// Shows the options, such as the base URL, and nothing of the credentials.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("endpoint", &self.http.endpoint).finish_non_exhaustive()
    }
}
