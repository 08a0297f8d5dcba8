//! The running simulator, and what a test can ask of it and do to it.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Instant;

use super::atlas::TokenBucket;
use super::auth::{Key, RegisteredClient, Rejection};
use super::faults::{Fault, RequestInfo, When};
use super::lock::lock;
use super::recorder::{RecordedRequest, ServerStats};
use super::service::Service;
use super::wire::{Acceptor, Listener};

/// A running embedded Atlas. Dropping it closes its connections, whatever they are doing, and ends its
/// threads.
#[must_use = "the embedded Atlas stops when this is dropped"]
pub struct Simulator {
    service: Arc<Service>,
    acceptor: Acceptor,
    base_url: String,
    identity: Identity,
}

/// What the first of everything is called, and what all projects are.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) key: Key,
    pub(crate) client: RegisteredClient,
    pub(crate) organization_id: String,
    pub(crate) project_ids: Vec<String>,
}

impl Simulator {
    /// Runs a service on a listener. `identity` is what the accessors show.
    pub(crate) fn run(listener: Listener, service: Service, identity: Identity) -> io::Result<Simulator> {
        let base_url = format!("http://{}", listener.address());
        let service = Arc::new(service);
        let acceptor = listener.serve(Arc::clone(&service))?;
        Ok(Simulator { service, acceptor, base_url, identity })
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The public half of the first key: the user name.
    pub fn public_key(&self) -> &str {
        &self.identity.key.public
    }

    /// The private half of the first key: the password.
    pub fn private_key(&self) -> &str {
        &self.identity.key.private
    }

    /// The id of the first service account.
    pub fn client_id(&self) -> &str {
        &self.identity.client.id
    }

    /// The secret of the first service account.
    pub fn client_secret(&self) -> &str {
        &self.identity.client.secret
    }

    /// The id of the organization of the first project.
    pub fn organization_id(&self) -> &str {
        &self.identity.organization_id
    }

    /// The id of the first project.
    pub fn project_id(&self) -> &str {
        self.identity.project_ids.first().map_or("", String::as_str)
    }

    /// The ids of all projects, in lower case, in the order in which they were added.
    pub fn project_ids(&self) -> &[String] {
        &self.identity.project_ids
    }

    /// What has been counted.
    pub fn stats(&self) -> ServerStats {
        self.service.recorder.stats()
    }

    /// The last 4,096 requests, in the order in which they were answered.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.service.recorder.requests()
    }

    /// Why each `Authorization` was refused: the last 4,096 that were.
    pub fn rejections(&self) -> Vec<Rejection> {
        self.service.recorder.rejections()
    }

    /// Sets the counters to zero and forgets requests and rejections. Connections and nonces stay.
    pub fn reset_stats(&self) {
        self.service.recorder.reset();
    }

    /// Issues an access token of the first service account, as the token endpoint does. It is not counted.
    ///
    /// # Errors
    /// If a hundred are alive.
    pub fn issue_access_token(&self) -> io::Result<String> {
        let mut server = lock(&self.service.authorization_server);
        let token = server.tokens().issue(self.client_id(), Instant::now());
        token.ok_or_else(|| io::Error::other("a hundred access tokens are alive"))
    }

    /// The access tokens that are alive.
    pub fn access_tokens(&self) -> Vec<String> {
        lock(&self.service.authorization_server).tokens().alive(Instant::now())
    }

    /// Revokes every access token.
    pub fn revoke_access_tokens(&self) {
        lock(&self.service.authorization_server).tokens().revoke(|_, _| true);
    }

    /// Lets something go wrong from now on. The requests that count for `when` are counted from here.
    pub fn inject(&self, when: When, fault: Fault) {
        self.service.faults.inject(when, fault);
    }

    /// Lets a function decide from now on which faults hit a request, as [`Builder::script`](super::Builder::script) does.
    pub fn script<I>(&self, script: impl Fn(&RequestInfo) -> I + Send + Sync + 'static)
    where
        I: IntoIterator<Item = Fault>,
    {
        let script = move |request: &RequestInfo| script(request).into_iter().collect();
        self.service.faults.add_script(Arc::new(script));
    }

    /// Ends all faults and scripts. The rate limit stays.
    pub fn clear_faults(&self) {
        self.service.faults.clear();
    }

    /// Sets a rate limit, with full buckets, or ends it.
    pub fn set_rate_limit(&self, limit: Option<TokenBucket>) {
        self.service.set_rate_limit(limit);
    }

    /// Forgets every nonce, as a restart does: all of them are stale now.
    pub fn forget_nonces(&self) {
        self.service.forget_nonces();
    }

    /// Closes the connections that are open now, as a server does that has waited long enough. It goes on
    /// accepting new ones.
    pub fn close_connections(&self) {
        self.acceptor.close_connections();
    }
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulator")
            .field("base_url", &self.base_url)
            .field("key", &self.identity.key)
            .field("client", &self.identity.client)
            .field("projects", &self.identity.project_ids.len())
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
