//! Lists through an agent of its own, which looks the host up once and remembers its addresses.
//!
//!     cargo run --example own_agent --features simulator
//!
//! `ureq` looks the host up before every request, so a list of many pages asks DNS many times. A resolver can remember the
//! addresses. `ureq::unversioned` does not follow semantic versioning: pin the version of `ureq` if you use it.

use std::sync::Mutex;

use atlas_export_buckets::simulator::{Simulator, sample_buckets};
use atlas_export_buckets::ureq::config::Config;
use atlas_export_buckets::ureq::http::Uri;
use atlas_export_buckets::ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use atlas_export_buckets::ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use atlas_export_buckets::ureq::{self, Agent};
use atlas_export_buckets::{ApiKey, Client};

/// Remembers the addresses of the last host that it looked up. A client has only one host.
#[derive(Debug, Default)]
struct RememberingResolver {
    resolver: DefaultResolver,
    remembered: Mutex<Option<(String, ResolvedSocketAddrs)>>,
}

impl Resolver for RememberingResolver {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let authority = uri.authority().map(|authority| authority.as_str().to_owned()).unwrap_or_default();
        if let Ok(remembered) = self.remembered.lock()
            && let Some((known, addresses)) = &*remembered
            && *known == authority
        {
            return Ok(addresses.clone());
        }
        eprintln!("looking up {authority}");
        let addresses = self.resolver.resolve(uri, config, timeout)?;
        if let Ok(mut remembered) = self.remembered.lock() {
            *remembered = Some((authority, addresses.clone()));
        }
        Ok(addresses)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let atlas = Simulator::builder().buckets(sample_buckets(1_234)).start()?;
    let api_key = ApiKey::new(atlas.public_key(), atlas.private_key())?;
    let builder = Client::builder(api_key).base_url(atlas.base_url());

    // The settings that the builder would use itself: proxy, roots, timeouts.
    let config = builder.agent_config()?;
    let agent = Agent::with_parts(config, DefaultConnector::new(), RememberingResolver::default());
    let client = builder.agent(agent).build()?;

    let buckets = client.export_buckets(&atlas.project_id().parse()?).collect::<Result<Vec<_>, _>>()?;
    println!("{} buckets in {} requests", buckets.len(), client.stats().requests);
    Ok(())
}
