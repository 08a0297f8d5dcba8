//! The agent for the one host of a client: its proxy, its roots, its pool.

use std::time::Duration;

use ureq::config::Config;
use ureq::http::{Request, Response};

use super::proxy;
use crate::invalid_input::InvalidInput;
use crate::request::BaseUrl;

/// The settings of an agent that suits this crate.
pub(crate) fn agent_config(
    base_url: &BaseUrl,
    timeout: Duration,
    user_agent: &str,
    ca_certificates: Option<&[u8]>,
) -> Result<Config, InvalidInput> {
    /// Enough for this many threads to keep a connection each.
    const MAX_IDLE_CONNECTIONS: usize = 64;
    const CONNECT_TIMEOUT: Duration = Duration::from_secs(8);
    if base_url.is_https && !cfg!(feature = "rustls") {
        return Err(InvalidInput::NoTls);
    }
    let proxy = if base_url.is_loopback { None } else { proxy::from_environment(base_url)? };
    let config = ureq::Agent::config_builder()
        .proxy(proxy)
        .timeout_global(Some(timeout))
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        // For CONNECT. All other requests set this header field themselves.
        .user_agent(user_agent)
        .max_idle_connections(MAX_IDLE_CONNECTIONS)
        .max_idle_connections_per_host(MAX_IDLE_CONNECTIONS);
    let config = match ca_certificates {
        Some(pem) => trust(config, pem)?,
        None => config,
    };
    Ok(config.build())
}

/// Sends requests to one host.
pub(crate) struct HttpAgent {
    agent: ureq::Agent,
    /// Whether the agent has a proxy that must not be used, because the host is this machine.
    bypasses_proxy: bool,
}

impl HttpAgent {
    /// Prepares an agent for the host of this base URL.
    pub(crate) fn new(agent: ureq::Agent, base_url: &BaseUrl) -> Result<Self, InvalidInput> {
        let proxy = agent.config().proxy();
        if proxy.is_some_and(|proxy| !proxy::is_usable(proxy)) {
            return Err(InvalidInput::AgentProxy);
        }
        let bypasses_proxy = base_url.is_loopback && proxy.is_some_and(ureq::Proxy::is_from_env);
        Ok(HttpAgent { agent, bypasses_proxy })
    }

    /// The proxy on the way to the host, without user name and password.
    pub(crate) fn proxy(&self) -> Option<String> {
        let proxy = self.agent.config().proxy().filter(|_| !self.bypasses_proxy);
        proxy.map(proxy::without_credentials)
    }

    /// Sends a message, and waits for the head of the response.
    pub(super) fn send(
        &self,
        message: Request<Vec<u8>>,
        timeout: Duration,
        needs_new_connection: bool,
    ) -> Result<Response<ureq::Body>, ureq::Error> {
        /// `ureq` adds the timeout to the current time, which must not overflow.
        const LONGEST_TIMEOUT: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
        let timeout = timeout.min(LONGEST_TIMEOUT);
        if self.has_settings_for(timeout) && !needs_new_connection {
            return self.run(message);
        }
        let mut config = self
            .agent
            .configure_request(message)
            .timeout_global(Some(timeout))
            .http_status_as_error(false)
            // A redirect becomes `Refusal::Redirect`, which says where it leads.
            .max_redirects(0)
            .max_redirects_will_error(false);
        if self.bypasses_proxy {
            config = config.proxy(None);
        }
        if needs_new_connection {
            config = config.max_idle_age(Duration::ZERO);
        }
        self.run(config.build())
    }

    fn run(&self, message: Request<Vec<u8>>) -> Result<Response<ureq::Body>, ureq::Error> {
        if message.body().is_empty() { self.agent.run(message.map(|_| ())) } else { self.agent.run(message) }
    }

    /// Whether the agent's own settings suit a request with this timeout. Those of `agent_config` suit each page's first request.
    ///
    /// `ureq` reuses its TLS configuration, and with it TLS sessions, only for requests without settings of their own.
    fn has_settings_for(&self, timeout: Duration) -> bool {
        const NEGLIGIBLE: Duration = Duration::from_millis(10);
        let config = self.agent.config();
        !self.bypasses_proxy
            && !config.http_status_as_error()
            && config.max_redirects() == 0
            && !config.max_redirects_will_error()
            && config.timeouts().global.is_some_and(|own| own.abs_diff(timeout) < NEGLIGIBLE)
    }
}

type ConfigBuilder = ureq::config::ConfigBuilder<ureq::typestate::AgentScope>;

/// Trusts these roots only.
#[cfg(feature = "rustls")]
fn trust(config: ConfigBuilder, pem: &[u8]) -> Result<ConfigBuilder, InvalidInput> {
    use std::sync::Arc;
    use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
    let mut certificates = Vec::new();
    for item in parse_pem(pem) {
        if let PemItem::Certificate(certificate) = item.map_err(|_| InvalidInput::CaCertificates)? {
            // Try each one here, because later a root store skips unusable ones silently.
            let der = rustls::pki_types::CertificateDer::from(certificate.der());
            rustls::RootCertStore::empty().add(der).map_err(|_| InvalidInput::CaCertificates)?;
            certificates.push(certificate);
        }
    }
    if certificates.is_empty() {
        return Err(InvalidInput::CaCertificates);
    }
    let roots = RootCerts::Specific(Arc::new(certificates));
    Ok(config.tls_config(TlsConfig::builder().root_certs(roots).build()))
}

#[cfg(not(feature = "rustls"))]
fn trust(_: ConfigBuilder, _: &[u8]) -> Result<ConfigBuilder, InvalidInput> {
    Err(InvalidInput::NoTls)
}
