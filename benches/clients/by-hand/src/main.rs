//! The floor: what one would write without this crate, with `ureq` as it comes, `serde`, `serde_json` and `digest_auth`, put
//! together as their documentation shows. Each page is challenged.
//!
//! `client-by-hand BASE-URL PROJECT-ID CA-FILE`, with the API key in the environment.

#[path = "../../page.rs"]
mod page;

use std::env::var;
use std::error::Error;

use digest_auth::AuthContext;
use page::Page;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let mut argument = || args.next().ok_or("an argument is missing");
    let (base_url, project, ca_file) = (argument()?, argument()?, argument()?);
    let (user, password) = (var("MONGODB_ATLAS_PUBLIC_API_KEY")?, var("MONGODB_ATLAS_PRIVATE_API_KEY")?);
    let agent = agent(&std::fs::read(ca_file)?);
    let mut count = 0;
    for page in 1.. {
        let target =
            format!("/api/atlas/v1.0/groups/{project}/backup/exportBuckets?pageNum={page}&itemsPerPage=500");
        let url = format!("{base_url}{target}");
        let mut challenged = agent.get(&url).header("accept", "application/json").call()?;
        // To its end, so that the connection serves the next request too.
        challenged.body_mut().read_to_vec()?;
        let challenge = challenged.headers().get("www-authenticate").ok_or("no challenge")?.to_str()?;
        let answer = digest_auth::parse(challenge)?.respond(&AuthContext::new(&user, &password, &target))?;
        let request = agent.get(&url).header("accept", "application/json");
        let body = request.header("authorization", answer.to_string()).call()?.body_mut().read_to_vec()?;
        let page: Page = serde_json::from_slice(&body)?;
        count += page.results.len();
        if !page.has_next() {
            break;
        }
    }
    println!("{count}");
    Ok(())
}

/// Trusts these roots, and gives a 401 as an answer.
fn agent(ca: &[u8]) -> ureq::Agent {
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
