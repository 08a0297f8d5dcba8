//! The agent for the one host of a client: its proxy, its roots, its pool.

use std::net::ToSocketAddrs as _;
use std::time::Duration;

use ureq::config::Config;

use super::exchange::HttpAgent;
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
    /// As many threads can each keep a connection.
    const MAX_IDLE_CONNECTIONS: usize = 64;
    const CONNECT_TIMEOUT: Duration = Duration::from_secs(8);
    let proxy = if is_loopback(base_url) { None } else { proxy::from_environment(base_url)? };
    let config = ureq::Agent::config_builder()
        .proxy(proxy)
        .timeout_global(Some(timeout))
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        // For CONNECT. All other requests have the field already.
        .user_agent(user_agent)
        .max_idle_connections(MAX_IDLE_CONNECTIONS)
        .max_idle_connections_per_host(MAX_IDLE_CONNECTIONS);
    let config = match ca_certificates {
        Some(pem) => trust(config, pem)?,
        None => config,
    };
    Ok(config.build())
}

/// Whether the host is this machine. `localhost` is looked up, and is this machine if all its addresses are.
pub(crate) fn is_loopback(base_url: &BaseUrl) -> bool {
    base_url.is_loopback_address()
        || base_url.is_localhost()
            && (base_url.host(), 0).to_socket_addrs().is_ok_and(|mut addresses| {
                addresses.len() > 0 && addresses.all(|address| address.ip().is_loopback())
            })
}

impl HttpAgent {
    /// Prepares an agent for the host of this base URL.
    pub(crate) fn new(
        agent: ureq::Agent,
        base_url: &BaseUrl,
        max_body_bytes: u64,
    ) -> Result<HttpAgent, InvalidInput> {
        let has_proxy_from_env = match agent.config().proxy() {
            None => false,
            Some(proxy) if !proxy::is_usable(proxy) => return Err(InvalidInput::AgentProxy),
            Some(proxy) => proxy.is_from_env(),
        };
        Ok(HttpAgent { bypasses_proxy: has_proxy_from_env && is_loopback(base_url), agent, max_body_bytes })
    }

    /// The proxy on the way to the host, without its password.
    pub(crate) fn proxy(&self) -> Option<String> {
        let proxy = self.agent.config().proxy().filter(|_| !self.bypasses_proxy);
        proxy.map(proxy::without_credentials)
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
        match item {
            // Try each one here, because later a root store skips unusable ones silently.
            Ok(PemItem::Certificate(certificate)) => {
                let der = rustls::pki_types::CertificateDer::from(certificate.der());
                rustls::RootCertStore::empty().add(der).map_err(|_| InvalidInput::CaCertificates)?;
                certificates.push(certificate);
            }
            Ok(_) => {}
            Err(_) => return Err(InvalidInput::CaCertificates),
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
