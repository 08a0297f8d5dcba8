//! `ClientBuilder`: what a user configures.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use ureq::http::header::HeaderValue;

use super::Client;
use crate::authentication::Authentication;
use crate::credentials::{Credentials, OsVariables, read_variable};
use crate::error::Error;
use crate::http::{HttpAgent, HttpClient, Sender, agent_config};
use crate::invalid_input::InvalidInput;
use crate::request::{ApiVersion, BaseUrl, Endpoint, PageOptions};

/// The settings of a [`Client`]. Made by [`Client::builder`] or [`ClientBuilder::from_env`].
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
    credentials: Credentials,
    base_url: String,
    /// The environment variable that the base URL is from.
    base_url_variable: Option<&'static str>,
    options: PageOptions,
    timeout: Duration,
    max_time: Duration,
    max_pages: u32,
    retries: u32,
    user_agent: String,
    max_body_bytes: u64,
    allow_plain_http: bool,
    ca_certificates: Option<Vec<u8>>,
    agent: Option<ureq::Agent>,
}

impl Client {
    /// A client with the defaults of [`ClientBuilder`].
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] if the crate was built without TLS, or if a proxy variable cannot be used.
    pub fn new(credentials: impl Into<Credentials>) -> Result<Self, Error> {
        Self::builder(credentials).build()
    }

    /// A builder for a client with other settings.
    pub fn builder(credentials: impl Into<Credentials>) -> ClientBuilder {
        let credentials = credentials.into();
        ClientBuilder {
            base_url: BaseUrl::DEFAULT.into(),
            base_url_variable: None,
            options: PageOptions::new(match credentials {
                Credentials::ApiKey(_) => ApiVersion::V1_0,
                Credentials::ServiceAccount(_) | Credentials::AccessToken(_) => ApiVersion::V2024_05_30,
            }),
            credentials,
            timeout: Duration::from_secs(60),
            max_time: Duration::MAX,
            max_pages: 10_000,
            retries: 5,
            user_agent: concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")).into(),
            max_body_bytes: 4 * 1024 * 1024,
            allow_plain_http: false,
            ca_certificates: None,
            agent: None,
        }
    }
}

impl ClientBuilder {
    /// A builder with credentials and base URL from the environment. The credentials are those of [`Credentials::from_env`]. The base
    /// URL is `MONGODB_ATLAS_BASE_URL`, or else `MONGODB_ATLAS_OPS_MANAGER_URL`, or else the default. An empty variable counts as not
    /// set.
    ///
    /// # Errors
    ///
    /// Those of [`Credentials::from_env`], and [`InvalidInput::Environment`] for a base URL that is not Unicode. Whether the
    /// base URL can be used is checked when the client is built.
    pub fn from_env() -> Result<Self, InvalidInput> {
        Self::from_variables(&|name| std::env::var_os(name))
    }

    fn from_variables(get: OsVariables<'_>) -> Result<Self, InvalidInput> {
        let builder = Client::builder(Credentials::from_variables(get)?);
        for variable in ["MONGODB_ATLAS_BASE_URL", "MONGODB_ATLAS_OPS_MANAGER_URL"] {
            if let Some(base_url) = read_variable(get, variable)? {
                return Ok(ClientBuilder { base_url, base_url_variable: Some(variable), ..builder });
            }
        }
        Ok(builder)
    }

    /// What the client will authenticate with.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// The base URL of Atlas: scheme and host, optionally port and path. Default: `https://cloud.mongodb.com`. Atlas for Government
    /// is at `https://cloud.mongodbgov.com`.
    ///
    /// Plain http is accepted for this machine only, unless you [allow](Self::allow_plain_http) it elsewhere. This machine is
    /// `127.0.0.0/8`, `[::1]`, and `localhost` if all its addresses are loopback. No proxy from the environment is used for it.
    pub fn base_url(mut self, base_url: impl Into<String>) -> Self {
        self.base_url = base_url.into();
        self.base_url_variable = None;
        self
    }

    /// The version of the API. Default: [`ApiVersion::V1_0`] with an API key, [`ApiVersion::V2024_05_30`] with a service
    /// account or an access token.
    pub fn api_version(mut self, api_version: ApiVersion) -> Self {
        self.options.api_version = api_version;
        self
    }

    /// The deadline of each page. It covers everything: name look-up, connection, access token, challenge, retries and the waits
    /// between them, and the whole body. Default: 60 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The deadline of each listing, counted from the request for its first page. Default: none.
    pub fn max_time(mut self, max_time: Duration) -> Self {
        self.max_time = max_time;
        self
    }

    /// How many pages a listing may have before it fails. Default: 10,000.
    pub fn max_pages(mut self, max_pages: u32) -> Self {
        self.max_pages = max_pages;
        self
    }

    /// How often to retry a page after an error that may be temporary: a connection that breaks or cannot be made, 500, 502, 503,
    /// 504, or a nonce that the server calls stale right after issuing it. Default: 5. A host that has no address, that no route
    /// leads to, or that refuses the connection is retried twice at most.
    ///
    /// A wait is as long as `Retry-After` asks for. Without that, the waits are 0.5, 1, 2, 4, and then 8 s, each shortened at random
    /// by up to half. A wait that would end after the deadline is not begun. Challenges and the waits of rate limits (429) do not
    /// count as retries.
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// How many export buckets to request per page (`itemsPerPage`): 1 to 500. Default: 500, which takes the fewest requests.
    pub fn items_per_page(mut self, items_per_page: u32) -> Self {
        self.options.items_per_page = items_per_page;
        self
    }

    /// Whether to ask Atlas to count the export buckets (`includeCount`). Default: yes. Without the count a listing relies on the
    /// links, and cannot notice when deleted buckets make others move to a page already read.
    pub fn include_count(mut self, include_count: bool) -> Self {
        self.options.include_count = include_count;
        self
    }

    /// Whether to ask Atlas for indented JSON (`pretty`), which shows in [`Page::body`](crate::Page::body). Default: no.
    pub fn pretty(mut self, pretty: bool) -> Self {
        self.options.pretty = pretty;
        self
    }

    /// Whether to ask Atlas for an envelope around the page (`envelope`). The client removes it, but it shows in
    /// [`Page::body`](crate::Page::body). Default: no.
    pub fn envelope(mut self, envelope: bool) -> Self {
        self.options.envelope = envelope;
        self
    }

    /// The value of `User-Agent`, in ASCII. Default: `atlas-export-buckets/` and the version of this crate.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = user_agent.into();
        self
    }

    /// How many bytes a response's body may have. Default: 4 MiB; 500 of the largest possible buckets take 1.3 MB.
    pub fn max_body_bytes(mut self, max_body_bytes: u64) -> Self {
        self.max_body_bytes = max_body_bytes;
        self
    }

    /// Allows plain http to any host. Default: no.
    ///
    /// Whoever reads the network can then read and change responses, read access tokens and client secrets, and guess an API key
    /// offline.
    pub fn allow_plain_http(mut self, allow_plain_http: bool) -> Self {
        self.allow_plain_http = allow_plain_http;
        self
    }

    /// Root certificates in PEM, to trust instead of the built-in ones. Default: Mozilla's roots. This has no effect on an
    /// [agent](Self::agent) that you pass.
    pub fn ca_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.ca_certificates = Some(pem.into());
        self
    }

    /// Uses this agent, with its proxy, TLS, resolver and timeouts. Default: a new one with [these settings](Self::agent_config).
    ///
    /// For this client's requests, the page's deadline replaces the agent's global timeout, no redirect is followed, and
    /// `ureq` returns a response with an error status as a response. Unless the agent was made from
    /// [`agent_config`](Self::agent_config), `ureq` then builds its TLS configuration anew for each connection. The guide
    /// [`own_agent`](crate::guides::own_agent) has examples.
    pub fn agent(mut self, agent: ureq::Agent) -> Self {
        self.agent = Some(agent);
        self
    }

    /// The settings of the agent that [`build`](Self::build) would make, for an agent with another resolver or connector.
    ///
    /// ```
    /// use atlas_export_buckets::ureq::Agent;
    /// use atlas_export_buckets::ureq::unversioned::resolver::DefaultResolver;
    /// use atlas_export_buckets::ureq::unversioned::transport::DefaultConnector;
    /// use atlas_export_buckets::{ApiKey, Client};
    ///
    /// let builder = Client::builder(ApiKey::new("public", "private")?).base_url("http://127.0.0.1:8080");
    /// let agent = Agent::with_parts(builder.agent_config()?, DefaultConnector::new(), DefaultResolver::default());
    /// let client = builder.agent(agent).build()?;
    /// # Ok::<(), atlas_export_buckets::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidInput`] if the base URL, the CA certificates, the user agent or a proxy variable cannot be used.
    pub fn agent_config(&self) -> Result<ureq::config::Config, InvalidInput> {
        let base_url = self.checked_base_url()?;
        self.checked_user_agent()?;
        self.agent_config_for(&base_url)
    }

    fn agent_config_for(&self, base_url: &BaseUrl) -> Result<ureq::config::Config, InvalidInput> {
        let timeout = self.timeout.min(self.max_time);
        agent_config(base_url, timeout, &self.user_agent, self.ca_certificates.as_deref())
    }

    /// Checks the settings and makes the client. Nothing is sent, but `localhost` is looked up if it is the host.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`], with what is wrong.
    pub fn build(self) -> Result<Client, Error> {
        let base_url = self.checked_base_url()?;
        if !(1..=PageOptions::MAX_ITEMS_PER_PAGE).contains(&self.options.items_per_page) {
            return Err(InvalidInput::ItemsPerPage(self.options.items_per_page).into());
        }
        if self.timeout.min(self.max_time).is_zero() {
            return Err(InvalidInput::Timeout.into());
        }
        let user_agent = self.checked_user_agent()?;
        let agent = match &self.agent {
            Some(agent) => agent.clone(),
            None => self.agent_config_for(&base_url)?.new_agent(),
        };
        let agent = HttpAgent::new(agent, &base_url)?;
        let endpoint = Endpoint { base_url, proxy: agent.proxy(), options: self.options };
        let http = HttpClient {
            sender: Sender::new(agent, user_agent, self.retries, self.max_body_bytes),
            authentication: Authentication::new(self.credentials),
            endpoint,
            timeout: self.timeout,
            max_time: self.max_time,
            max_pages: self.max_pages,
            has_warned: AtomicBool::new(false),
        };
        Ok(Client { http: Arc::new(http) })
    }

    /// The base URL, if its form is right and secrets may go there.
    fn checked_base_url(&self) -> Result<BaseUrl, InvalidInput> {
        let refuse = |problem| InvalidInput::BaseUrl { variable: self.base_url_variable, problem };
        let mut base_url = BaseUrl::parse(&self.base_url).map_err(refuse)?;
        base_url.look_up_localhost();
        if base_url.is_https || self.allow_plain_http || base_url.is_loopback {
            return Ok(base_url);
        }
        Err(refuse(Cow::Borrowed(if base_url.is_localhost() {
            "is plain http to localhost, which does not resolve to this machine alone: use https, or 127.0.0.1"
        } else {
            "is plain http, which is allowed to this machine only: use https"
        })))
    }

    fn checked_user_agent(&self) -> Result<HeaderValue, InvalidInput> {
        let user_agent = self.user_agent.trim_ascii();
        if user_agent.is_empty() || !user_agent.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return Err(InvalidInput::UserAgent);
        }
        HeaderValue::try_from(user_agent).map_err(|_| InvalidInput::UserAgent)
    }
}

/// Shows no settings, because a builder holds credentials.
impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::{AccessToken, ApiKey, ServiceAccount};

    fn builder() -> ClientBuilder {
        Client::builder(ApiKey::new("public", "private").unwrap()).base_url("http://localhost:1")
    }

    #[test]
    fn bad_settings_are_refused() {
        let of_environment = || {
            let variables = |name: &str| match name {
                AccessToken::VARIABLE => Some("t".into()),
                "MONGODB_ATLAS_BASE_URL" => Some("https://h?q".into()),
                _ => None,
            };
            ClientBuilder::from_variables(&variables).unwrap()
        };
        let cases = [
            ("0 items", builder().items_per_page(0), InvalidInput::ItemsPerPage(0)),
            ("501 items", builder().items_per_page(501), InvalidInput::ItemsPerPage(501)),
            ("65537 items", builder().items_per_page(65_537), InvalidInput::ItemsPerPage(65_537)),
            ("no time", builder().timeout(Duration::ZERO), InvalidInput::Timeout),
            ("no time for all", builder().max_time(Duration::ZERO), InvalidInput::Timeout),
            ("a line end in the user agent", builder().user_agent("a\r\nb"), InvalidInput::UserAgent),
            ("a user agent above ASCII", builder().user_agent("é"), InvalidInput::UserAgent),
            ("a blank user agent", builder().user_agent(" "), InvalidInput::UserAgent),
            (
                "plain http elsewhere",
                builder().base_url("http://cloud.mongodb.com"),
                InvalidInput::base_url("is plain http, which is allowed to this machine only: use https"),
            ),
            (
                "a base URL of the environment",
                of_environment(),
                InvalidInput::BaseUrl {
                    variable: Some("MONGODB_ATLAS_BASE_URL"),
                    problem: "has a query; it should look like https://cloud.mongodb.com".into(),
                },
            ),
            (
                "a base URL in the place of that of the environment",
                of_environment().base_url("https://h?q"),
                InvalidInput::base_url("has a query; it should look like https://cloud.mongodb.com"),
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
    fn the_default_version_goes_with_the_credentials() {
        let version = |credentials: Credentials| {
            let client = Client::builder(credentials).base_url("http://127.0.0.1:1").build().unwrap();
            client.http.endpoint.options.api_version
        };
        assert_eq!(version(ApiKey::new("p", "s").unwrap().into()), ApiVersion::V1_0);
        assert_eq!(version(ServiceAccount::new("i", "s").unwrap().into()), ApiVersion::V2024_05_30);
        assert_eq!(version(AccessToken::new("t").unwrap().into()), ApiVersion::V2024_05_30);
    }

    #[test]
    fn an_agent_with_a_proxy_that_this_build_cannot_use_is_refused() {
        let proxy = ureq::Proxy::new("socks5://127.0.0.1:1").unwrap();
        let agent = ureq::Agent::config_builder().proxy(Some(proxy)).build().new_agent();
        let built = builder().agent(agent).build();
        if cfg!(feature = "socks") {
            assert!(built.is_ok());
        } else {
            assert!(matches!(built, Err(Error::InvalidInput(InvalidInput::AgentProxy))), "{built:?}");
        }
    }

    #[test]
    fn the_proxy_is_named_without_its_credentials_where_it_may_be_to_blame() {
        let proxy = ureq::Proxy::new("http://user:secret@127.0.0.1:1").unwrap();
        let agent = ureq::Agent::config_builder().proxy(Some(proxy)).build().new_agent();
        let client = builder().base_url("https://cloud.example").agent(agent).retries(0).build().unwrap();
        assert_eq!(client.proxy(), Some("http://127.0.0.1:1"));
        let project = "32b6e34b3d91647abb20e7b8".parse().unwrap();
        let error = client.export_bucket_page(&project, 1).unwrap_err();
        assert_eq!(error.request().unwrap().proxy(), Some("http://127.0.0.1:1"));
        let text = error.to_string();
        assert!(text.contains(" through the proxy http://127.0.0.1:1") && !text.contains("secret"), "{text}");
    }

    #[cfg(unix)]
    #[test]
    fn the_base_url_is_that_of_the_environment() {
        use std::ffi::OsString;
        use std::os::unix::ffi::OsStringExt as _;
        let base_url = |variables: &[(&str, &[u8])]| {
            let builder = ClientBuilder::from_variables(&|name| match name {
                AccessToken::VARIABLE => Some("t".into()),
                _ => {
                    let (_, value) = variables.iter().find(|(known, _)| *known == name)?;
                    Some(OsString::from_vec(value.to_vec()))
                }
            });
            builder.map(|builder| builder.base_url)
        };
        let (atlas, ops_manager) = ("MONGODB_ATLAS_BASE_URL", "MONGODB_ATLAS_OPS_MANAGER_URL");
        assert_eq!(base_url(&[]), Ok(BaseUrl::DEFAULT.into()));
        assert_eq!(base_url(&[(ops_manager, b"https://b"), (atlas, b"https://a")]), Ok("https://a".into()));
        assert_eq!(base_url(&[(ops_manager, b"https://b"), (atlas, b"")]), Ok("https://b".into()));
        for variable in [atlas, ops_manager] {
            let refused = InvalidInput::environment(variable, "is not Unicode");
            assert_eq!(base_url(&[(variable, b"https://\xff")]), Err(refused));
        }
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
