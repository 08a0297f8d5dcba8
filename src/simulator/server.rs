//! The running simulator, and what a test can ask of it and do to it.

use std::fmt;
use std::io;
use std::sync::{Arc, MutexGuard};
use std::time::Instant;

use super::atlas::{TokenBucket, TokenBuckets};
use super::auth::{Account, Rejection};
use super::faults::{Fault, RequestInfo, When};
use super::recorder::ServerStats;
use super::request::RecordedRequest;
use super::service::{Service, lock};
use super::wire::Acceptor;

/// A running simulated Atlas. Dropping it closes its connections, whatever they are doing, and waits for its
/// threads to end.
#[must_use = "the simulated Atlas stops when this is dropped"]
pub struct Simulator {
    acceptor: Acceptor,
    base_url: String,
    key: Account,
    client: Account,
    organization_id: String,
    project_ids: Vec<String>,
}

impl Simulator {
    /// Runs a service on a port of 127.0.0.1.
    pub(crate) fn run(port: u16, service: Service) -> io::Result<Simulator> {
        let projects = &service.resources.projects;
        let project_ids = projects.iter().map(|project| project.id.clone()).collect();
        let organization_id = projects.first().map(|project| project.organization.clone());
        let key = service.verifier.keys.first().cloned();
        let client = service.authorization_server.clients.first().cloned();
        let acceptor = Acceptor::start(port, service)?;
        Ok(Simulator {
            base_url: format!("http://{}", acceptor.address),
            acceptor,
            key: key.unwrap_or_default(),
            client: client.unwrap_or_default(),
            organization_id: organization_id.unwrap_or_default(),
            project_ids,
        })
    }

    fn service(&self) -> MutexGuard<'_, Service> {
        lock(&self.acceptor.connections.service)
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The public half of the first key: the user name.
    pub fn public_key(&self) -> &str {
        &self.key.name
    }

    /// The private half of the first key: the password.
    pub fn private_key(&self) -> &str {
        &self.key.secret
    }

    /// The id of the first service account.
    pub fn client_id(&self) -> &str {
        &self.client.name
    }

    /// The secret of the first service account.
    pub fn client_secret(&self) -> &str {
        &self.client.secret
    }

    /// The id of the organization of the first project.
    pub fn organization_id(&self) -> &str {
        &self.organization_id
    }

    /// The id of the first project.
    pub fn project_id(&self) -> &str {
        self.project_ids.first().map_or("", String::as_str)
    }

    /// The ids of all projects, in lower case, in the order in which they were added.
    pub fn project_ids(&self) -> &[String] {
        &self.project_ids
    }

    /// What has been counted so far.
    pub fn stats(&self) -> ServerStats {
        self.service().recorder.stats
    }

    /// The last 4,096 requests, in the order in which they were answered.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.service().recorder.requests.iter().cloned().collect()
    }

    /// Why each `Authorization` was refused: the last 4,096 that were.
    pub fn rejections(&self) -> Vec<Rejection> {
        self.service().recorder.rejections.iter().cloned().collect()
    }

    /// Sets the counters to zero and forgets requests and rejections. Connections stay open, and nonces valid.
    pub fn reset_stats(&self) {
        self.service().recorder.reset();
    }

    /// Issues an access token to the first service account, without a request. [`Simulator::stats`] does not count
    /// it.
    ///
    /// # Errors
    /// If a hundred of its tokens are alive.
    pub fn issue_access_token(&self) -> io::Result<String> {
        let token = self.service().authorization_server.issue(self.client_id(), Instant::now());
        token.ok_or_else(|| io::Error::other("a hundred access tokens are alive"))
    }

    /// The access tokens that are alive.
    pub fn access_tokens(&self) -> Vec<String> {
        self.service().authorization_server.alive(Instant::now())
    }

    /// Revokes every access token.
    pub fn revoke_access_tokens(&self) {
        self.service().authorization_server.revoke(|_, _| true);
    }

    /// Injects a fault from now on. `when` starts to count here.
    pub fn inject(&self, when: When, fault: Fault) {
        self.service().faults.push((when, fault));
    }

    /// Lets a function decide from now on which faults hit a request, as [`Builder::script`](super::Builder::script) does.
    pub fn script<I>(&self, script: impl Fn(&RequestInfo) -> I + Send + Sync + 'static)
    where
        I: IntoIterator<Item = Fault>,
    {
        let script = move |request: &RequestInfo| script(request).into_iter().collect();
        self.service().scripts.push(Arc::new(script));
    }

    /// Removes all faults and scripts. The rate limit stays.
    pub fn clear_faults(&self) {
        self.service().faults.clear();
        // The user's code runs when a script is dropped, so no lock is held then.
        let scripts = std::mem::take(&mut self.service().scripts);
        drop(scripts);
    }

    /// Sets the rate limit of [`Builder::rate_limit`](super::Builder::rate_limit), with full buckets; `None`: no limit.
    pub fn set_rate_limit(&self, limit: Option<TokenBucket>) {
        self.service().rate_limit = limit.map(TokenBuckets::new);
    }

    /// Forgets every nonce, as a restart does: all of them are stale now.
    pub fn forget_nonces(&self) {
        self.service().verifier.nonces.forget();
    }

    /// Closes the connections that are open now, as a server closes idle ones. New ones are accepted.
    pub fn close_connections(&self) {
        self.acceptor.connections.shut_down();
    }
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulator")
            .field("base_url", &self.base_url)
            .field("key", &self.key)
            .field("client", &self.client)
            .field("projects", &self.project_ids.len())
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
