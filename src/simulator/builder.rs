//! How a simulator is set up before it starts.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use super::atlas::{
    Resources, SimulatedProject, TokenBucket, TokenBuckets, buckets_of_json, invalid, is_date, normal_id,
    object_id, sample_buckets, sample_buckets_from,
};
use super::auth::{
    AuthorizationServer, DigestOffer, DigestSettings, DigestVerifier, Key, Lifetime, RegisteredClient,
};
use super::faults::{Fault, FaultInjector, RequestInfo, Script, When};
use super::recorder::{Observer, RecordedRequest, Recorder};
use super::server::{Identity, Simulator};
use super::service::Service;
use super::wire::Listener;

/// The credentials and the project of a simulator that was given none: in the forms of Atlas's own.
const DEFAULT_PUBLIC_KEY: &str = "embedded";
const DEFAULT_PRIVATE_KEY: &str = "1d0fb6a2-5e4c-4b6f-9a37-c0ffee5eed01";
const DEFAULT_CLIENT_ID: &str = "mdb_sa_id_32b6e34b3d91647abb20e7b9";
const DEFAULT_CLIENT_SECRET: &str = "mdb_sa_sk_embedded-embedded-embedded-embedded";
const DEFAULT_PROJECT_ID: &str = "32b6e34b3d91647abb20e7b8";
const DEFAULT_ORGANIZATION_ID: &str = "32b6e34b3d91647abb20e7b7";

impl Simulator {
    /// Starts one with a key, a project and twelve sample buckets of its own, on a free port.
    ///
    /// # Errors
    /// What the operating system says if it cannot listen or start a thread.
    pub fn start() -> io::Result<Simulator> {
        Builder::new().start()
    }

    /// Sets one up.
    pub fn builder() -> Builder {
        Builder::new()
    }
}

/// Sets up a [`Simulator`]. [`Simulator::builder`] makes one.
pub struct Builder {
    port: u16,
    keys: Vec<Key>,
    clients: Vec<RegisteredClient>,
    readable: HashMap<String, Vec<String>>,
    organization: String,
    projects: Vec<SimulatedProject>,
    project_names: Vec<(String, String)>,
    offer: DigestOffer,
    lifetime: Lifetime,
    strict: bool,
    rspauth: bool,
    next_nonce_every: Option<u32>,
    token_lifetime: Duration,
    token_rate_limit: Option<TokenBucket>,
    nested_envelope: bool,
    gone_versions: Vec<String>,
    rate_limit: Option<TokenBucket>,
    faults: Vec<(When, Fault)>,
    scripts: Vec<Script>,
    observers: Vec<Observer>,
}

impl Builder {
    fn new() -> Builder {
        Builder {
            port: 0,
            keys: Vec::new(),
            clients: Vec::new(),
            readable: HashMap::new(),
            organization: DEFAULT_ORGANIZATION_ID.to_owned(),
            projects: Vec::new(),
            project_names: Vec::new(),
            offer: DigestOffer::default(),
            lifetime: Lifetime { uses: 1024, time: Duration::from_secs(60) },
            strict: false,
            rspauth: false,
            next_nonce_every: None,
            token_lifetime: Duration::from_secs(3600),
            token_rate_limit: Some(TokenBucket::new(10, Duration::from_secs(6)).without_retry_after()),
            nested_envelope: false,
            gone_versions: Vec::new(),
            rate_limit: None,
            faults: Vec::new(),
            scripts: Vec::new(),
            observers: Vec::new(),
        }
    }

    /// The port on 127.0.0.1. Default: 0, a free one.
    pub fn port(mut self, port: u16) -> Builder {
        self.port = port;
        self
    }

    /// Adds an API key. Default: one key, [`Simulator::public_key`] and [`Simulator::private_key`], if none is
    /// added.
    pub fn key(mut self, public: impl Into<String>, private: impl Into<String>) -> Builder {
        self.keys.push(Key { public: public.into(), private: private.into() });
        self
    }

    /// Adds a service account. Default: one, [`Simulator::client_id`] and [`Simulator::client_secret`], if none
    /// is added.
    pub fn service_account(mut self, id: impl Into<String>, secret: impl Into<String>) -> Builder {
        self.clients.push(RegisteredClient { id: id.into(), secret: secret.into() });
        self
    }

    /// Limits a key or a service account, by its public key or its id, to these projects. For others it gets
    /// 401 `USER_UNAUTHORIZED`, and lists of projects do not have them. Default: every project.
    pub fn limit_to_projects<T: Into<String>>(
        mut self,
        credentials: impl Into<String>,
        project_ids: impl IntoIterator<Item = T>,
    ) -> Builder {
        let ids = project_ids.into_iter().map(|id| id.into().to_ascii_lowercase()).collect();
        self.readable.insert(credentials.into(), ids);
        self
    }

    /// Projects that are added after this belong to this organization. Default: one of its own,
    /// [`Simulator::organization_id`].
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
        self.projects.push(SimulatedProject {
            id: project_id.into(),
            name: format!("project-{:04}", self.projects.len()),
            organization: self.organization.clone(),
            buckets: buckets.into_iter().map(|bucket| bucket.to_string().into_boxed_str()).collect(),
        });
        self
    }

    /// Adds so many projects, each with so many sample buckets that no other of them has.
    pub fn projects(self, count: usize, buckets_each: usize) -> Builder {
        (0..count).fold(self, |builder, _| {
            let number = builder.projects.len();
            let id = match number {
                0 => DEFAULT_PROJECT_ID.to_owned(),
                _ => object_id(number as u64, 3),
            };
            let start = number.saturating_mul(buckets_each);
            builder.project(id, sample_buckets_from(start, buckets_each))
        })
    }

    /// Adds a project with the id of the default one, and these buckets.
    pub fn buckets<T: ToString>(self, buckets: impl IntoIterator<Item = T>) -> Builder {
        self.project(DEFAULT_PROJECT_ID, buckets)
    }

    /// The same with the buckets of a JSON text: an array of them, or a page as Atlas sends it, whose `results`
    /// are taken. Buckets that have a `groupId`, as the program prints them, are added to that project instead.
    ///
    /// # Errors
    /// `InvalidInput` if it is neither.
    pub fn buckets_json(self, json: &str) -> io::Result<Builder> {
        // In the order in which projects come first.
        let mut projects: Vec<(String, Vec<String>)> = Vec::new();
        for (project, bucket) in buckets_of_json(json)? {
            let project = project.unwrap_or_else(|| DEFAULT_PROJECT_ID.to_owned());
            match projects.iter_mut().find(|(known, _)| *known == project) {
                Some((_, buckets)) => buckets.push(bucket),
                None => projects.push((project, vec![bucket])),
            }
        }
        if projects.is_empty() {
            return Ok(self.buckets([""; 0]));
        }
        Ok(projects.into_iter().fold(self, |builder, (id, buckets)| builder.project(id, buckets)))
    }

    /// Names a project. Default: `project-0000`, and so on.
    pub fn project_name(mut self, project_id: impl Into<String>, name: impl Into<String>) -> Builder {
        self.project_names.push((project_id.into(), name.into()));
        self
    }

    /// What a 401 offers. Default: what Atlas offers.
    pub fn challenge(mut self, offer: DigestOffer) -> Builder {
        self.offer = offer;
        self
    }

    /// How many requests a nonce serves: its `nc` may go up to this. Default: 1024, as Jetty's.
    pub fn nonce_uses(mut self, uses: u32) -> Builder {
        self.lifetime.uses = uses;
        self
    }

    /// How long a nonce serves. Default: 60 seconds, as Jetty's.
    pub fn nonce_lifetime(mut self, time: Duration) -> Builder {
        self.lifetime.time = time;
        self
    }

    /// Tolerates nothing that RFC 7616 forbids. Default: off, which lets pass what curl and Python's
    /// requests do: quoted `qop` and `algorithm`, no `algorithm` for MD5, `nc` in upper case, and a
    /// `-sess` key made anew for each request.
    pub fn strict(mut self, strict: bool) -> Builder {
        self.strict = strict;
        self
    }

    /// Sends `Authentication-Info` with `rspauth` (RFC 7616 3.5) on every authenticated answer. It takes a
    /// `qop`. Default: off, as Atlas.
    pub fn rspauth(mut self, sent: bool) -> Builder {
        self.rspauth = sent;
        self
    }

    /// Sends `Authentication-Info` with `nextnonce` each time that a nonce has served `uses` requests. The
    /// old nonce stays good for its lifetime. Default: never, as Atlas.
    pub fn next_nonce_every(mut self, uses: u32) -> Builder {
        self.next_nonce_every = Some(uses.max(1));
        self
    }

    /// How long an access token lives. The response says so in whole seconds, rounded down. Default: an hour, as
    /// Atlas's.
    pub fn access_token_lifetime(mut self, time: Duration) -> Builder {
        self.token_lifetime = time;
        self
    }

    /// Limits how often each service account may ask for a token. Default: 10 times a minute and without
    /// `Retry-After`, as Atlas. `None`: no limit.
    pub fn token_rate_limit(mut self, limit: Option<TokenBucket>) -> Builder {
        self.token_rate_limit = limit;
        self
    }

    /// The version of v2 of this date is gone: 410 `VERSION_GONE` to who asks for it. Default: none is.
    pub fn gone_version(mut self, date: impl Into<String>) -> Builder {
        self.gone_versions.push(date.into());
        self
    }

    /// `envelope=true` gives `{"status", "envelope": {…}}`. Default: a list's own object has the `status`.
    pub fn nested_envelope(mut self, nested: bool) -> Builder {
        self.nested_envelope = nested;
        self
    }

    /// Limits the rate of authenticated requests for resources. Default: no limit.
    pub fn rate_limit(mut self, limit: TokenBucket) -> Builder {
        self.rate_limit = Some(limit);
        self
    }

    /// Adds a fault, as [`Simulator::inject`] does later.
    pub fn fault(mut self, when: When, fault: Fault) -> Builder {
        self.faults.push((when, fault));
        self
    }

    /// Adds a function that says of each request which faults hit it, as an `Option` or a `Vec`. It runs
    /// on the thread of the connection, on several at once, and dropping the simulator waits for it. What
    /// it decides should follow from the request alone if a run is to be repeatable.
    pub fn script<I>(mut self, script: impl Fn(&RequestInfo) -> I + Send + Sync + 'static) -> Builder
    where
        I: IntoIterator<Item = Fault>,
    {
        self.scripts.push(Arc::new(move |request: &RequestInfo| script(request).into_iter().collect()));
        self
    }

    /// Calls a function with each request as it is answered, before the response is sent: to log it, say. It
    /// runs on the thread of the connection.
    pub fn observe(mut self, observer: impl Fn(&RecordedRequest) + Send + Sync + 'static) -> Builder {
        self.observers.push(Arc::new(observer));
        self
    }

    /// Starts it.
    ///
    /// # Errors
    /// `InvalidInput` if a key or a service account has an empty half, or a public key a colon; if the id of a
    /// project or an organization does not have 24 hexadecimal digits; if a project comes twice; if a bucket is
    /// not a JSON object; if there is nothing of the name or id that something else refers to; or if a version
    /// is no date. Otherwise what the operating system says, when the port is taken, say.
    pub fn start(self) -> io::Result<Simulator> {
        let port = self.port;
        let (service, identity) = self.into_service()?;
        Simulator::run(Listener::bind(port)?, service, identity)
    }

    /// The simulator without its sockets.
    pub(crate) fn into_service(mut self) -> io::Result<(Service, Identity)> {
        if self.keys.is_empty() {
            self = self.key(DEFAULT_PUBLIC_KEY, DEFAULT_PRIVATE_KEY);
        }
        if self.clients.is_empty() {
            self = self.service_account(DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET);
        }
        if self.projects.is_empty() {
            self = self.buckets(sample_buckets(12));
        }
        self.check_credentials()?;
        let resources = self.resources()?;
        let identity = Identity {
            key: self.keys.first().cloned().ok_or(io::ErrorKind::InvalidInput)?,
            client: self.clients.first().cloned().ok_or(io::ErrorKind::InvalidInput)?,
            organization_id: resources
                .projects
                .iter()
                .map(|project| project.organization.clone())
                .next()
                .unwrap_or_default(),
            project_ids: resources.projects.iter().map(|project| project.id.clone()).collect(),
        };
        let service = Service {
            verifier: Mutex::new(DigestVerifier::new(self.digest_settings())),
            authorization_server: Mutex::new(AuthorizationServer::new(self.clients, self.token_lifetime)),
            resources: RwLock::new(resources),
            readable: self.readable,
            rate_limit: Mutex::default(),
            token_rate_limit: Mutex::new(self.token_rate_limit.map(TokenBuckets::new)),
            faults: FaultInjector::default(),
            recorder: Recorder::new(self.observers),
        };
        service.set_rate_limit(self.rate_limit);
        for (when, fault) in self.faults {
            service.faults.inject(when, fault);
        }
        for script in self.scripts {
            service.faults.add_script(script);
        }
        Ok((service, identity))
    }

    fn check_credentials(&self) -> io::Result<()> {
        for key in &self.keys {
            if key.public.is_empty() || key.public.contains(':') || key.private.is_empty() {
                let message = "a public key is not empty and has no colon, a private key is not empty";
                return Err(invalid(message.to_owned()));
            }
        }
        if self.clients.iter().any(|client| client.id.is_empty() || client.secret.is_empty()) {
            return Err(invalid("the id and the secret of a service account are not empty".to_owned()));
        }
        for name in self.readable.keys() {
            let is_key = self.keys.iter().any(|key| key.public == *name);
            if !is_key && !self.clients.iter().any(|client| client.id == *name) {
                return Err(invalid(format!("there is no key and no service account {name:?}")));
            }
        }
        Ok(())
    }

    /// The projects with their names, checked.
    fn resources(&mut self) -> io::Result<Resources> {
        if let Some(version) = self.gone_versions.iter().find(|version| !is_date(version)) {
            return Err(invalid(format!("a version is a date such as 2023-01-01, not {version:?}")));
        }
        let mut resources = Resources {
            nested_envelope: self.nested_envelope,
            gone_versions: std::mem::take(&mut self.gone_versions),
            ..Resources::default()
        };
        let mut names = HashMap::new();
        for (id, name) in self.project_names.drain(..) {
            let normal = normal_id(&id).unwrap_or(id);
            names.insert(normal, name);
        }
        for mut project in self.projects.drain(..) {
            if let Some(name) = normal_id(&project.id).and_then(|id| names.remove(&id)) {
                project.name = name;
            }
            resources.projects.add(project)?;
        }
        let limits = self.readable.values().flatten();
        match names.keys().chain(limits).find(|id| resources.projects.get(id).is_none()) {
            Some(unknown) => Err(invalid(format!("there is no project {unknown:?}"))),
            None => Ok(resources),
        }
    }

    fn digest_settings(&self) -> DigestSettings {
        DigestSettings {
            keys: self.keys.clone(),
            offer: self.offer.clone(),
            lifetime: self.lifetime,
            strict: self.strict,
            rspauth: self.rspauth,
            next_nonce_every: self.next_nonce_every,
        }
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("port", &self.port)
            .field("keys", &self.keys)
            .field("clients", &self.clients)
            .field("projects", &self.projects.len())
            .field("challenge", &self.offer)
            .field("faults", &self.faults)
            .finish_non_exhaustive()
    }
}
