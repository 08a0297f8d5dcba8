//! How a simulator is set up before it starts.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use super::challenge::Challenge;
use super::fault::{Fault, RequestInfo, When};
use super::nonces::Lifetime;
use super::projects::{Projects, invalid};
use super::rate_limit::RateLimit;
use super::resource::Form;
use super::sample::sample_buckets;
use super::service::{Script, Service};
use super::verifier::{Key, Policy, Verifier};
use super::{DEFAULT_PRIVATE_KEY, DEFAULT_PROJECT_ID, DEFAULT_PUBLIC_KEY, Simulator};

/// Sets up a [`Simulator`]. [`Simulator::builder`] makes one.
pub struct Builder {
    port: u16,
    keys: Vec<Key>,
    projects: Vec<(String, Vec<String>)>,
    challenge: Challenge,
    lifetime: Lifetime,
    strict: bool,
    rspauth: bool,
    next_nonce_every: Option<u32>,
    nested_envelope: bool,
    rate_limit: Option<RateLimit>,
    faults: Vec<(When, Fault)>,
    scripts: Vec<Script>,
}

impl Builder {
    pub(super) fn new() -> Builder {
        Builder {
            port: 0,
            keys: Vec::new(),
            projects: Vec::new(),
            challenge: Challenge::default(),
            lifetime: Lifetime { uses: 1024, time: Duration::from_secs(60) },
            strict: false,
            rspauth: false,
            next_nonce_every: None,
            nested_envelope: false,
            rate_limit: None,
            faults: Vec::new(),
            scripts: Vec::new(),
        }
    }

    /// The port on 127.0.0.1. Default: 0, a free one.
    pub fn port(mut self, port: u16) -> Builder {
        self.port = port;
        self
    }

    /// Adds an API key that may read every project. Default: one key, [`Simulator::public_key`] and
    /// [`Simulator::private_key`], if none is added.
    pub fn key(mut self, public: impl Into<String>, private: impl Into<String>) -> Builder {
        self.keys.push(Key { public: public.into(), private: private.into() });
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
        let buckets = buckets.into_iter().map(|bucket| bucket.to_string()).collect();
        self.projects.push((project_id.into(), buckets));
        self
    }

    /// Adds a project with the id of the default one, and these buckets.
    pub fn buckets<T: ToString>(self, buckets: impl IntoIterator<Item = T>) -> Builder {
        self.project(DEFAULT_PROJECT_ID, buckets)
    }

    /// What a 401 offers. Default: what Atlas offers.
    pub fn challenge(mut self, challenge: Challenge) -> Builder {
        self.challenge = challenge;
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

    /// `envelope=true` gives `{"status", "envelope": {…}}`. Default: a list's own object has the `status`.
    pub fn nested_envelope(mut self, nested: bool) -> Builder {
        self.nested_envelope = nested;
        self
    }

    /// Limits the rate of authenticated requests. Default: no limit.
    pub fn rate_limit(mut self, limit: RateLimit) -> Builder {
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

    /// Starts it.
    ///
    /// # Errors
    /// `InvalidInput` if a key is empty, or a public key has a colon; if a project id does not have 24
    /// hexadecimal digits or comes twice; or if a bucket is not a JSON object. Otherwise what the operating
    /// system says, when the port is taken, say.
    pub fn start(mut self) -> io::Result<Simulator> {
        if self.keys.is_empty() {
            self = self.key(DEFAULT_PUBLIC_KEY, DEFAULT_PRIVATE_KEY);
        }
        for key in &self.keys {
            if key.public.is_empty() || key.public.contains(':') || key.private.is_empty() {
                let message = "a public key is not empty and has no colon, a private key is not empty";
                return Err(invalid(message.to_owned()));
            }
        }
        if self.projects.is_empty() {
            self = self.buckets(sample_buckets(12));
        }
        let mut projects = Projects::default();
        for (id, buckets) in std::mem::take(&mut self.projects) {
            projects.add(&id, buckets)?;
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port))?;
        let form = Form {
            base_url: format!("http://{}", listener.local_addr()?),
            nested_envelope: self.nested_envelope,
        };
        let (keys, ids, base_url) = (self.keys.clone(), projects.ids().to_vec(), form.base_url.clone());
        let service = Service::new(Verifier::new(self.policy()), projects, form);
        service.set_rate_limit(self.rate_limit);
        for (when, fault) in self.faults {
            service.inject(when, fault);
        }
        for script in self.scripts {
            service.add_script(script);
        }
        Simulator::run(listener, service, base_url, keys, ids)
    }

    fn policy(&self) -> Policy {
        Policy {
            keys: self.keys.clone(),
            challenge: self.challenge.clone(),
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
            .field("projects", &self.projects.len())
            .field("challenge", &self.challenge)
            .field("faults", &self.faults)
            .finish_non_exhaustive()
    }
}
