//! The agent for those who do not bring their own: its proxy, its roots, its pool.

use super::exchange::Agent;
use crate::invalid_input::InvalidInput;

/// What the agent is made for.
pub(crate) struct AgentOptions<'a> {
    /// Whether the host is this machine: no proxy stands between.
    pub(crate) is_loopback: bool,
    /// Roots to trust instead of the built-in ones, in PEM.
    pub(crate) ca_certificates: Option<&'a [u8]>,
}

/// The agent for those who do not bring their own.
pub(crate) fn new_agent(options: &AgentOptions<'_>) -> Result<Agent, InvalidInput> {
    /// A connection for each of this many threads can wait for its next request.
    const MAX_IDLE_CONNECTIONS: usize = 64;
    let mut config = ureq::Agent::config_builder()
        .max_idle_connections(MAX_IDLE_CONNECTIONS)
        .max_idle_connections_per_host(MAX_IDLE_CONNECTIONS);
    if options.is_loopback {
        config = config.proxy(None);
    } else {
        check_proxy_variables()?;
    }
    if let Some(pem) = options.ca_certificates {
        config = trust(config, pem)?;
    }
    Ok(Agent::from(config.build().new_agent()))
}

/// `ureq` passes over a proxy variable that it cannot use, and connects directly: what the user did not want.
fn check_proxy_variables() -> Result<(), InvalidInput> {
    /// In the order in which `ureq` looks at them: the first one counts.
    const VARIABLES: [&str; 6] =
        ["ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"];
    for variable in VARIABLES {
        let Some(value) = std::env::var_os(variable).filter(|value| !value.is_empty()) else { continue };
        return if value.to_str().is_some_and(is_proxy) {
            Ok(())
        } else {
            Err(InvalidInput::Environment { variable, problem: "is not a proxy that this build can use" })
        };
    }
    Ok(())
}

fn is_proxy(url: &str) -> bool {
    // An error of `ureq` would bring the code to drop all that can be in it; that for I/O errors, std has.
    ureq::Proxy::new(url).map_err(ureq::Error::into_io).is_ok()
}

type AgentConfig = ureq::config::ConfigBuilder<ureq::typestate::AgentScope>;

#[cfg(feature = "rustls")]
fn trust(config: AgentConfig, pem: &[u8]) -> Result<AgentConfig, InvalidInput> {
    use std::sync::Arc;
    use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
    let mut certificates = Vec::new();
    for item in parse_pem(pem) {
        match item.map_err(ureq::Error::into_io) {
            Ok(PemItem::Certificate(certificate)) => certificates.push(certificate),
            Ok(_) => {}
            Err(_) => return Err(InvalidInput::CaCertificates),
        }
    }
    if certificates.is_empty() {
        return Err(InvalidInput::CaCertificates);
    }
    Ok(config
        .tls_config(TlsConfig::builder().root_certs(RootCerts::Specific(Arc::new(certificates))).build()))
}

#[cfg(not(feature = "rustls"))]
fn trust(_: AgentConfig, _: &[u8]) -> Result<AgentConfig, InvalidInput> {
    Err(InvalidInput::NoTls)
}
