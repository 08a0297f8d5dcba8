//! An agent as one would make it by hand.

use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

/// Trusts these roots, and gives a 401 as an answer.
pub fn agent(ca: &[u8]) -> ureq::Agent {
    let certificates = parse_pem(ca).filter_map(|item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(certificate),
        _ => None,
    });
    let roots = RootCerts::from(certificates.collect::<Vec<_>>());
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .proxy(None)
        .tls_config(TlsConfig::builder().root_certs(roots).build());
    config.build().new_agent()
}
