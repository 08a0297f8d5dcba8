//! How a simulator is set up before it starts.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::atlas::{
    FixtureBucket, Resources, SimulatedProject, TokenBucket, TokenBuckets, buckets_of_json, check_projects,
    invalid, is_date, normal_id, object_id, sample_buckets, sample_buckets_from,
};
use super::auth::{Account, DigestOffer};
use super::faults::{Fault, RequestInfo, When};
use super::request::RecordedRequest;
use super::server::Simulator;
use super::service::Service;

/// What a simulator has by default, in the forms that Atlas uses.
const DEFAULT_PUBLIC_KEY: &str = "simatlas";
const DEFAULT_PRIVATE_KEY: &str = "1d0fb6a2-5e4c-4b6f-9a37-c0ffee5eed01";
const DEFAULT_CLIENT_ID: &str = "mdb_sa_id_32b6e34b3d91647abb20e7b9";
const DEFAULT_CLIENT_SECRET: &str = "mdb_sa_sk_simatlas-simatlas-simatlas-simatlas";
const DEFAULT_PROJECT_ID: &str = "32b6e34b3d91647abb20e7b8";
const DEFAULT_ORGANIZATION_ID: &str = "5e4e593f70dfbf1010295836";

impl Simulator {
    /// Starts a simulator with the default key, service account, project and twelve sample buckets, on a free port.
    ///
    /// # Errors
    /// What the operating system says if it cannot listen or start a thread.
    pub fn start() -> io::Result<Simulator> {
        Builder::new().start()
    }

    /// Sets up a simulator that differs from the default.
    pub fn builder() -> Builder {
        Builder::new()
    }
}

/// Sets up a [`Simulator`]. [`Simulator::builder`] makes one.
pub struct Builder {
    port: u16,
    organization: String,
    project_names: HashMap<String, String>,
    pub(crate) service: Service,
}

impl Builder {
    fn new() -> Builder {
        let organization = DEFAULT_ORGANIZATION_ID.to_owned();
        let token_rate_limit = TokenBucket::new(10, Duration::from_secs(6)).without_retry_after();
        Builder { port: 0, organization, project_names: HashMap::new(), service: Service::default() }
            .nonce_uses(1024)
            .nonce_lifetime(Duration::from_secs(60))
            .access_token_lifetime(Duration::from_secs(3600))
            .token_rate_limit(Some(token_rate_limit))
    }

    /// The port on 127.0.0.1. Default: 0, a free one.
    pub fn port(mut self, port: u16) -> Builder {
        self.port = port;
        self
    }

    /// Adds an API key. Default: one key, [`Simulator::public_key`] and [`Simulator::private_key`], if none is
    /// added.
    pub fn key(mut self, public: impl Into<String>, private: impl Into<String>) -> Builder {
        self.service.verifier.keys.push(Account { name: public.into(), secret: private.into() });
        self
    }

    /// Adds a service account. Default: one, [`Simulator::client_id`] and [`Simulator::client_secret`], if none
    /// is added.
    pub fn service_account(mut self, id: impl Into<String>, secret: impl Into<String>) -> Builder {
        let clients = &mut self.service.authorization_server.clients;
        clients.push(Account { name: id.into(), secret: secret.into() });
        self
    }

    /// Limits a key (named by its public half) or a service account (named by its id) to these projects. Requests for others get
    /// 401 `USER_UNAUTHORIZED`, and lists of projects leave them out. A second call replaces the first. Default:
    /// every project.
    pub fn limit_to_projects<T: Into<String>>(
        mut self,
        credentials: impl Into<String>,
        project_ids: impl IntoIterator<Item = T>,
    ) -> Builder {
        let ids = project_ids.into_iter().map(|id| id.into().to_ascii_lowercase()).collect();
        self.service.resources.readable.insert(credentials.into(), ids);
        self
    }

    /// Projects that are added after this belong to this organization. Default: one organization for all of
    /// them, `5e4e593f70dfbf1010295836`. [`Simulator::organization_id`] returns that of the first project.
    pub fn organization(mut self, organization_id: impl Into<String>) -> Builder {
        self.organization = organization_id.into();
        self
    }

    /// Adds a project and its buckets, each the text of a JSON object (or a `serde_json::Value`, whose
    /// text is taken). Pages repeat the texts byte for byte. Default: one project with twelve sample
    /// buckets, if none is added.
    pub fn project<T: ToString>(
        mut self,
        project_id: impl Into<String>,
        buckets: impl IntoIterator<Item = T>,
    ) -> Builder {
        let projects = &mut self.service.resources.projects;
        projects.push(SimulatedProject {
            id: project_id.into(),
            name: format!("project-{:04}", projects.len()),
            organization: self.organization.clone(),
            buckets: buckets.into_iter().map(|bucket| bucket.to_string()).collect(),
        });
        self
    }

    /// Adds `count` projects, each with `buckets_each` sample buckets. No two of them share a bucket.
    pub fn projects(self, count: usize, buckets_each: usize) -> Builder {
        (0..count).fold(self, |builder, _| {
            let number = builder.service.resources.projects.len();
            let id = if number == 0 { DEFAULT_PROJECT_ID.to_owned() } else { object_id(number as u64, 3) };
            let start = number.saturating_mul(buckets_each);
            builder.project(id, sample_buckets_from(start, buckets_each))
        })
    }

    /// Adds a project with the id of the default one, and these buckets.
    pub fn buckets<T: ToString>(self, buckets: impl IntoIterator<Item = T>) -> Builder {
        self.project(DEFAULT_PROJECT_ID, buckets)
    }

    /// Like [`Builder::buckets`], with the buckets of a JSON text: an array of them, or a page as Atlas sends it,
    /// whose `results` are taken. A bucket with a `groupId`, as the program prints it, is added to that project instead, and a
    /// `groupName` names it.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] if the text is neither; or if an entry is not a bucket, has the id of another entry in its
    /// project, or a `groupId` that does not have 24 hexadecimal digits.
    pub fn buckets_json(mut self, json: &str) -> io::Result<Builder> {
        let before = self.service.resources.projects.len();
        for FixtureBucket { project_id, project_name, json } in buckets_of_json(json, DEFAULT_PROJECT_ID)? {
            if let Some(name) = project_name {
                self = self.project_name(&project_id, name);
            }
            let mut added = self.service.resources.projects.iter_mut().skip(before);
            match added.find(|project| project.id == project_id) {
                Some(project) => project.buckets.push(json),
                None => self = self.project(project_id, [json]),
            }
        }
        let is_empty = self.service.resources.projects.len() == before;
        Ok(if is_empty { self.buckets([""; 0]) } else { self })
    }

    /// Names a project. Default: `project-0000`, and so on.
    pub fn project_name(mut self, project_id: impl Into<String>, name: impl Into<String>) -> Builder {
        let id = project_id.into();
        self.project_names.insert(normal_id(&id).unwrap_or(id), name.into());
        self
    }

    /// What a 401 offers. Default: what Atlas offers.
    pub fn challenge(mut self, offer: DigestOffer) -> Builder {
        self.service.verifier.offer = offer;
        self
    }

    /// How many requests a nonce serves: the highest `nc` that is accepted. Default: 1024, as in Jetty.
    pub fn nonce_uses(mut self, uses: u32) -> Builder {
        self.service.verifier.nonces.uses = uses;
        self
    }

    /// How long a nonce serves. Default: 60 seconds, as in Jetty.
    pub fn nonce_lifetime(mut self, time: Duration) -> Builder {
        self.service.verifier.nonces.lifetime = time;
        self
    }

    /// Tolerates nothing that RFC 7616 forbids. Default: off, which accepts what curl and Python's requests
    /// do: quoted `qop` and `algorithm`, no `algorithm` for MD5, `nc` in upper case, and a
    /// `-sess` key made anew for each request.
    pub fn strict(mut self, strict: bool) -> Builder {
        self.service.verifier.strict = strict;
        self
    }

    /// Sends `Authentication-Info` with `rspauth` (RFC 7616 3.5) on the response to every authenticated
    /// request with a `qop`. Default: off, as Atlas.
    pub fn rspauth(mut self, sent: bool) -> Builder {
        self.service.verifier.rspauth = sent;
        self
    }

    /// Sends `Authentication-Info` with `nextnonce` each time that a nonce has served `uses` requests. The
    /// old nonce stays good for its lifetime. Default: never, as Atlas.
    pub fn next_nonce_every(mut self, uses: u32) -> Builder {
        self.service.verifier.next_nonce_every = Some(uses.max(1));
        self
    }

    /// How long an access token lives. The response says so in whole seconds, rounded down. Default: an hour, as
    /// Atlas's.
    pub fn access_token_lifetime(mut self, time: Duration) -> Builder {
        self.service.authorization_server.token_lifetime = time;
        self
    }

    /// Limits how often each service account may ask for a token. Default: 10 times a minute and without
    /// `Retry-After`, as Atlas. `None`: no limit.
    pub fn token_rate_limit(mut self, limit: Option<TokenBucket>) -> Builder {
        // For tokens, `per_project` means a bucket for each service account, whose id takes the place of the project's.
        self.service.token_rate_limit = limit.map(|limit| TokenBuckets::new(limit.per_project()));
        self
    }

    /// Removes a version of API v2, named by its date: requests that lead to it get 410 `VERSION_GONE`. Default: none.
    pub fn gone_version(mut self, date: impl Into<String>) -> Builder {
        self.service.resources.gone_versions.push(date.into());
        self
    }

    /// `envelope=true` gives `{"status", "envelope": {…}}`. Default: `status` is added to the body's own object.
    pub fn nested_envelope(mut self, nested: bool) -> Builder {
        self.service.resources.nested_envelope = nested;
        self
    }

    /// Limits the rate of authenticated requests for resources. Default: no limit.
    pub fn rate_limit(mut self, limit: TokenBucket) -> Builder {
        self.service.rate_limit = Some(TokenBuckets::new(limit));
        self
    }

    /// Adds a fault, as [`Simulator::inject`] does later.
    pub fn fault(mut self, when: When, fault: Fault) -> Builder {
        self.service.faults.push((when, fault));
        self
    }

    /// Adds a function that says of each request which faults hit it, as an `Option` or a `Vec`. It runs on the
    /// threads of the connections, on several at once. Dropping the simulator waits for it, so it must not drop
    /// the simulator itself. For a repeatable run, it should decide by the request alone.
    pub fn script<I>(mut self, script: impl Fn(&RequestInfo) -> I + Send + Sync + 'static) -> Builder
    where
        I: IntoIterator<Item = Fault>,
    {
        let script = move |request: &RequestInfo| script(request).into_iter().collect();
        self.service.scripts.push(Arc::new(script));
        self
    }

    /// Calls a function with each request as it is answered, before the response is sent: to log it, say. It
    /// runs on the threads of the connections, as a script does.
    pub fn observe(mut self, observer: impl Fn(&RecordedRequest) + Send + Sync + 'static) -> Builder {
        self.service.observers.push(Arc::new(observer));
        self
    }

    /// Starts it.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] if a key or a service account has an empty half, or a public key has a colon; if the id of a
    /// project or an organization does not have 24 hexadecimal digits; if a project comes twice; if a bucket is
    /// not a JSON object; if a setting names credentials or a project that were not added; or if a version is no
    /// date. Otherwise what the operating system says, for example that the port is taken.
    pub fn start(self) -> io::Result<Simulator> {
        let port = self.port;
        Simulator::run(port, self.into_service()?)
    }

    /// The simulator without its sockets, checked.
    pub(crate) fn into_service(mut self) -> io::Result<Service> {
        if self.service.verifier.keys.is_empty() {
            self = self.key(DEFAULT_PUBLIC_KEY, DEFAULT_PRIVATE_KEY);
        }
        if self.service.authorization_server.clients.is_empty() {
            self = self.service_account(DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET);
        }
        if self.service.resources.projects.is_empty() {
            self = self.buckets(sample_buckets(12));
        }
        let Service { verifier, authorization_server, resources, .. } = &mut self.service;
        let (keys, clients) = (&verifier.keys, &authorization_server.clients);
        let is_empty = |account: &Account| account.name.is_empty() || account.secret.is_empty();
        if keys.iter().any(|key| is_empty(key) || key.name.contains(':')) {
            let message = "a public key must not be empty or have a colon, a private key must not be empty";
            return Err(invalid(message));
        }
        if clients.iter().any(is_empty) {
            return Err(invalid("the id and the secret of a service account must not be empty"));
        }
        let Resources { projects, readable, gone_versions, .. } = resources;
        let is_account = |name: &String| keys.iter().chain(clients).any(|account| account.name == *name);
        if let Some(name) = readable.keys().find(|name| !is_account(name)) {
            return Err(invalid(format!("there is no key and no service account {name:?}")));
        }
        check_projects(projects)?;
        for project in projects.iter_mut() {
            if let Some(name) = self.project_names.remove(&project.id) {
                project.name = name;
            }
        }
        let mut ids = self.project_names.keys().chain(readable.values().flatten());
        if let Some(unknown) = ids.find(|id| !projects.iter().any(|project| project.id == **id)) {
            return Err(invalid(format!("there is no project {unknown:?}")));
        }
        if let Some(version) = gone_versions.iter().find(|version| !is_date(version)) {
            return Err(invalid(format!("a version is a date such as 2023-01-01, not {version:?}")));
        }
        Ok(self.service)
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("port", &self.port)
            .field("keys", &self.service.verifier.keys)
            .field("clients", &self.service.authorization_server.clients)
            .field("projects", &self.service.resources.projects.len())
            .field("challenge", &self.service.verifier.offer)
            .field("faults", &self.service.faults)
            .finish_non_exhaustive()
    }
}
