//! Proxies that relay. `tests/peers/proxies.rs` compares with curl which proxy is used.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use atlas_export_buckets::simulator::{Simulator, sample_buckets};
use atlas_export_buckets::{ApiKey, Client, ureq};
use support::program::{Run, program};
use support::proxy::RelayingProxy;
use support::secrets::PRIVATE_KEY;
use support::temp_dir::TempDir;
use support::tls::{Authority, Conduct, Flaw, Front, HOST, UNREACHABLE_ADDRESS};
use support::{ids, project, sample_ids};

fn atlas() -> Simulator {
    Simulator::builder().strict(true).key("public", PRIVATE_KEY).buckets(sample_buckets(5)).start().unwrap()
}

/// Lists three pages through a proxy.
fn list(host: &str, proxy: &str, atlas: &Simulator, authority: &Authority) -> Run {
    let dir = TempDir::new();
    program()
        .args(["list", "-o", "ndjson", "--limit", "2", "--project-id", atlas.project_id()])
        .args(["--base-url", &format!("https://{host}"), "--retries", "0"])
        .args(["--ca-file".as_ref(), dir.write("ca.pem", authority.pem()).as_os_str()])
        .key("public", PRIVATE_KEY)
        .env("https_proxy", proxy)
        .run()
}

#[test]
fn a_listing_goes_through_one_tunnel_whose_proxy_looks_names_up_where_its_protocol_can() {
    let authority = Authority::new("trusted");
    for (host, proxy, request) in [
        (HOST, "http://{}", "CONNECT atlas.test:443"),
        (HOST, "http://user:p%40ss@{}", "CONNECT atlas.test:443 Basic dXNlcjpwQHNz"),
        (HOST, "socks4a://{}", "SOCKS4 atlas.test:443"),
        (HOST, "socks5h://{}", "SOCKS5 atlas.test:443"),
        (HOST, "socks5h://user:p%40ss@{}", "SOCKS5 atlas.test:443 user:p@ss"),
        (UNREACHABLE_ADDRESS, "socks4://{}", "SOCKS4 192.0.2.1:443"),
        (UNREACHABLE_ADDRESS, "socks5://{}", "SOCKS5 192.0.2.1:443"),
        (UNREACHABLE_ADDRESS, "socks5h://{}", "SOCKS5 192.0.2.1:443"),
    ] {
        let atlas = atlas();
        let front = Front::start(&atlas, &authority, Flaw::None, Conduct::Honest);
        let relay = RelayingProxy::start(front.address());
        let run = list(host, &proxy.replace("{}", &relay.address().to_string()), &atlas, &authority);
        assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""), "{proxy}");
        assert!(sample_ids(5).iter().all(|id| run.stdout.contains(id)), "{proxy}: {}", run.stdout);
        assert_eq!(relay.requests(), [request], "{proxy}");
        assert_eq!((atlas.stats().requests, front.connections()), (4, 1), "{proxy}");
    }
}

#[test]
fn the_library_lists_through_the_proxy_of_an_agent_that_was_handed_in() {
    let (atlas, authority) = (atlas(), Authority::new("trusted"));
    let front = Front::start(&atlas, &authority, Flaw::None, Conduct::Honest);
    for (scheme, request) in [("http", "CONNECT atlas.test:443"), ("socks5h", "SOCKS5 atlas.test:443")] {
        let relay = RelayingProxy::start(front.address());
        let key = ApiKey::new("public", PRIVATE_KEY).unwrap();
        let builder = Client::builder(key).base_url(format!("https://{HOST}"));
        let config = builder.clone().ca_certificates(authority.pem()).agent_config().unwrap();
        let agent = ureq::Agent::config_builder()
            .proxy(Some(ureq::Proxy::new(&format!("{scheme}://{}", relay.address())).unwrap()))
            .tls_config(config.tls_config().clone())
            .build()
            .new_agent();
        let client = builder.agent(agent).build().unwrap();
        assert_eq!(ids(client.export_buckets(&project(&atlas))).unwrap(), sample_ids(5), "{scheme}");
        assert_eq!(relay.requests(), [request], "{scheme}");
    }
}
