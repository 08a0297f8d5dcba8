//! `Client` and its builder: what a user configures.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crate::credentials::ApiKey;
use crate::digest::Session;
use crate::endpoint::{ApiVersion, BaseUrl, Endpoint, ProjectId};
use crate::error::Error;
use crate::invalid_input::InvalidInput;
use crate::listing::{ExportBuckets, Pages, Source};
use crate::page::Page;
use crate::retry::Policy;
use crate::text;
use crate::throttle::Throttle;
use crate::transport::{self, Agent, AgentOptions, Counters, Transport};

/// Lists export buckets.
///
/// Cheap to clone. All clones, and all threads, share one Digest session and one pool of connections: one challenge
/// serves them all.
///
/// ```no_run
/// use atlas_export_buckets::{ApiKey, Client, ProjectId};
///
/// let client = Client::new(ApiKey::from_env()?)?;
/// let project: ProjectId = "32b6e34b3d91647abb20e7b8".parse()?;
/// for bucket in client.export_buckets(&project) {
///     let bucket = bucket?;
///     println!("{} {}", bucket.id, bucket.bucket_name);
/// }
/// # Ok::<(), atlas_export_buckets::Error>(())
/// ```
///
/// # Many projects
/// There is no function for it, because how many threads, in which order, and what a failure means for the others are the
/// caller's to decide, and scoped threads say it in a few lines. What has to be shared the client shares: the session,
/// the connections, and the pace, if the server limits the rate.
///
/// ```no_run
/// # use atlas_export_buckets::{ApiKey, Client, Error, ExportBucket, ProjectId};
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
/// By the crate `log`, at `debug`: requests, challenges, retries and waits. No record of any crate has the private key
/// or its hash. A record of `ureq_proto` has an `Authorization`: at `trace` that crate dumps every byte that is sent, so
/// keep its level below.
#[derive(Clone)]
pub struct Client {
    source: Arc<Source>,
}

impl Client {
    /// A client with the defaults of [`ClientBuilder`].
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] if the crate was built without TLS.
    pub fn new(api_key: ApiKey) -> Result<Self, Error> {
        Self::builder(api_key).build()
    }

    /// Begins a client with other settings.
    pub fn builder(api_key: ApiKey) -> ClientBuilder {
        ClientBuilder {
            api_key,
            base_url: BaseUrl::DEFAULT.into(),
            api_version: ApiVersion::default(),
            timeout: Duration::from_secs(60),
            retries: 3,
            items_per_page: u32::from(Endpoint::MAX_ITEMS_PER_PAGE),
            include_count: true,
            pretty: false,
            envelope: false,
            user_agent: concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")).into(),
            max_body_bytes: 16 * 1024 * 1024,
            allow_plain_http: false,
            ca_certificates: None,
            agent: None,
        }
    }

    /// The export buckets of a project, page after page as they are asked for.
    ///
    /// Nothing is sent before the first `next`. The iterator ends only when the server says that the list is complete,
    /// and gives no more after an error.
    ///
    /// The API pages by number, so a list that changes while it is read shifts: a bucket that moves to the following
    /// page is given once, and if the server's count falls in between, which means that others may have moved to a page
    /// already read, the listing fails with [`Incomplete::Shrunk`](crate::Incomplete::Shrunk). A bucket that is made
    /// during the listing may be missed, and so may one that moves while as many others are made as deleted. None of
    /// this can happen to a project whose buckets fit one page, which with the default of 500 they mostly do.
    pub fn export_buckets(&self, project_id: &ProjectId) -> ExportBuckets {
        ExportBuckets::new(self.export_bucket_pages(project_id))
    }

    /// The same, page by page, with links, count, rate limit and body.
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
    pub fn export_bucket_pages(&self, project_id: &ProjectId) -> Pages {
        Pages::new(Arc::clone(&self.source), project_id.clone())
    }

    /// One page, counted from 1. It says nothing about the others: whether the list is complete is up to the caller.
    ///
    /// # Errors
    ///
    /// Those of the request, and [`InvalidInput::PageNum`] for page 0.
    pub fn export_bucket_page(&self, project_id: &ProjectId, page_num: u32) -> Result<Page, Error> {
        if page_num == 0 {
            return Err(InvalidInput::PageNum.into());
        }
        self.source.page(project_id, page_num)
    }

    /// What this client and its clones have sent so far.
    pub fn stats(&self) -> Stats {
        use std::sync::atomic::Ordering::Relaxed;
        let counters = &self.source.transport.counters;
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
    /// Requests, those among them that were challenged or retried included.
    pub requests: u64,
    /// Answers with 401.
    pub challenges: u64,
    /// Requests that were sent again after a fault.
    pub retries: u64,
}

/// Shows where it asks, and nothing of the API key.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("endpoint", &self.source.endpoint).finish_non_exhaustive()
    }
}

/// The settings of a [`Client`]. Made by [`Client::builder`].
///
/// ```no_run
/// use std::time::Duration;
/// use atlas_export_buckets::{ApiKey, ApiVersion, Client};
///
/// let client = Client::builder(ApiKey::from_env()?)
///     .api_version(ApiVersion::V2024_05_30)
///     .timeout(Duration::from_secs(10))
///     .retries(1)
///     .ca_certificates(std::fs::read("/etc/ssl/company.pem")?)
///     .build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use = "a builder does nothing until it is built"]
pub struct ClientBuilder {
    api_key: ApiKey,
    base_url: String,
    api_version: ApiVersion,
    timeout: Duration,
    retries: u32,
    items_per_page: u32,
    include_count: bool,
    pretty: bool,
    envelope: bool,
    user_agent: String,
    max_body_bytes: u64,
    allow_plain_http: bool,
    ca_certificates: Option<Vec<u8>>,
    agent: Option<Agent>,
}

impl ClientBuilder {
    /// Where Atlas is: scheme, host, and perhaps port and path. Default: `https://cloud.mongodb.com`.
    ///
    /// Plain http is allowed to this machine only (`localhost`, `127.0.0.0/8`, `[::1]`). The default agent then uses no proxy.
    pub fn base_url(mut self, base_url: impl Into<String>) -> Self {
        self.base_url = base_url.into();
        self
    }

    /// The version of the API. Default: [`ApiVersion::V1_0`].
    pub fn api_version(mut self, api_version: ApiVersion) -> Self {
        self.api_version = api_version;
        self
    }

    /// The deadline of each page, over all that it takes: name resolution, connection, challenge, retries and the waits
    /// between them, and the whole body. Default: 60 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How often the request for one page is sent again after a fault that may pass: a connection that breaks, 429, 500,
    /// 502, 503, 504. Default: 3. Answers to challenges do not count.
    ///
    /// Waits grow from 250 ms, with jitter; a `Retry-After` is obeyed. A wait that the deadline does not leave time for
    /// is not begun.
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// How many buckets to ask for at once, 1 to 500. Default: 500, the most that Atlas gives.
    pub fn items_per_page(mut self, items_per_page: u32) -> Self {
        self.items_per_page = items_per_page;
        self
    }

    /// Whether the server shall count the buckets (`includeCount`). Default: yes. Without, a listing relies on the links,
    /// and cannot see that a bucket is deleted, and others move, while it reads several pages.
    pub fn include_count(mut self, include_count: bool) -> Self {
        self.include_count = include_count;
        self
    }

    /// Whether the server shall indent its JSON (`pretty`), for those who look at [`Page::body`]. Default: no.
    pub fn pretty(mut self, pretty: bool) -> Self {
        self.pretty = pretty;
        self
    }

    /// Whether the server shall put its answer into an envelope (`envelope`), which is taken off again. Default: no.
    pub fn envelope(mut self, envelope: bool) -> Self {
        self.envelope = envelope;
        self
    }

    /// The `User-Agent`. Default: `atlas-export-buckets/` and its version.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = user_agent.into();
        self
    }

    /// The most bytes of one page's body. Default: 16 MiB.
    pub fn max_body_bytes(mut self, max_body_bytes: u64) -> Self {
        self.max_body_bytes = max_body_bytes;
        self
    }

    /// Allows plain http to any host. Default: no.
    ///
    /// Whoever is on the way can then read and change the answers, and guess at the key offline.
    pub fn allow_plain_http(mut self, allow_plain_http: bool) -> Self {
        self.allow_plain_http = allow_plain_http;
        self
    }

    /// Roots to trust instead of the built-in ones: certificates in PEM. Has no effect on an agent that is handed in.
    pub fn ca_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.ca_certificates = Some(pem.into());
        self
    }

    /// Uses this agent, with its proxy, TLS, resolver and timeouts. Default: a new one, which takes its proxy from the
    /// environment (`ALL_PROXY`, `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`).
    ///
    /// What this crate promises stays: its global timeout is replaced by the page's deadline, and its redirects and its
    /// errors for statuses are turned off, for these requests only.
    pub fn agent(mut self, agent: ureq::Agent) -> Self {
        self.agent = Some(agent.into());
        self
    }

    /// Checks the settings and makes the client. Nothing is sent.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`], with what is wrong.
    pub fn build(self) -> Result<Client, Error> {
        let base_url = BaseUrl::parse(&self.base_url)?;
        if !base_url.is_https && !base_url.is_loopback && !self.allow_plain_http {
            let problem = "is plain http, which is allowed to this machine only: use https";
            return Err(InvalidInput::BaseUrl { problem }.into());
        }
        let items_per_page = u16::try_from(self.items_per_page)
            .ok()
            .filter(|items| (1..=Endpoint::MAX_ITEMS_PER_PAGE).contains(items))
            .ok_or(InvalidInput::ItemsPerPage(self.items_per_page))?;
        if self.timeout.is_zero() {
            return Err(InvalidInput::Timeout.into());
        }
        if self.user_agent.trim_ascii().is_empty()
            || !text::all(&self.user_agent, |byte| byte == b' ' || byte.is_ascii_graphic())
        {
            return Err(InvalidInput::UserAgent.into());
        }
        if base_url.is_https && self.agent.is_none() && !cfg!(feature = "rustls") {
            return Err(InvalidInput::NoTls.into());
        }
        let agent = match self.agent {
            Some(agent) => agent,
            None => transport::new_agent(&AgentOptions {
                is_loopback: base_url.is_loopback,
                ca_certificates: self.ca_certificates.as_deref(),
            })?,
        };
        let transport = Transport {
            agent,
            session: Session::new(self.api_key.0),
            user_agent: self.user_agent,
            timeout: self.timeout,
            policy: Policy { retries: self.retries },
            max_body: self.max_body_bytes,
            throttle: Throttle::default(),
            counters: Counters::default(),
        };
        let endpoint = Endpoint {
            base_url,
            api_version: self.api_version,
            items_per_page,
            include_count: self.include_count,
            pretty: self.pretty,
            envelope: self.envelope,
        };
        Ok(Client { source: Arc::new(Source { transport, endpoint, has_warned: AtomicBool::new(false) }) })
    }
}

/// Shows nothing but that it is one: it holds the API key.
impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder").field("base_url", &"..").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn builder() -> ClientBuilder {
        Client::builder(ApiKey::new("public", "private").unwrap()).base_url("http://localhost:1")
    }

    #[test]
    fn bad_settings_are_refused() {
        let cases = [
            ("0 items", builder().items_per_page(0), InvalidInput::ItemsPerPage(0)),
            ("501 items", builder().items_per_page(501), InvalidInput::ItemsPerPage(501)),
            ("65537 items", builder().items_per_page(65_537), InvalidInput::ItemsPerPage(65_537)),
            ("no time", builder().timeout(Duration::ZERO), InvalidInput::Timeout),
            ("a line end in the user agent", builder().user_agent("a\r\nb"), InvalidInput::UserAgent),
            ("a user agent above ASCII", builder().user_agent("é"), InvalidInput::UserAgent),
            (
                "plain http elsewhere",
                builder().base_url("http://cloud.mongodb.com"),
                InvalidInput::BaseUrl {
                    problem: "is plain http, which is allowed to this machine only: use https",
                },
            ),
        ];
        for (name, builder, expected) in cases {
            match builder.build() {
                Err(Error::InvalidInput(input)) => assert_eq!(input, expected, "{name}"),
                other => panic!("{name}: {other:?}"),
            }
        }
        assert!(builder().base_url("http://cloud.mongodb.com").allow_plain_http(true).build().is_ok());
        assert!(builder().items_per_page(500).build().is_ok());
    }

    #[test]
    fn page_0_is_refused() {
        let project = "32b6e34b3d91647abb20e7b8".parse().unwrap();
        let result = builder().build().unwrap().export_bucket_page(&project, 0);
        assert!(matches!(result, Err(Error::InvalidInput(InvalidInput::PageNum))));
    }

    #[test]
    fn a_client_can_go_to_any_thread_and_shows_no_key() {
        fn check(_: impl Send + Sync + 'static) {}
        let key = ApiKey::new("PUBLIC-HALF", "PRIVATE-HALF").unwrap();
        let builder = Client::builder(key).base_url("http://localhost:1");
        let client = builder.clone().build().unwrap();
        let debug = format!("{builder:?} {client:?}");
        assert!(!debug.contains("HALF"), "{debug}");
        check(client);
    }
}
