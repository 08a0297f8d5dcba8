//! The environment's proxy: a URL, a proxy and `NO_PROXY`, each in a line. What is accepted is a URL with a host and a port;
//! `NO_PROXY` excludes the hosts that a second reader says it excludes; and no error quotes the proxy, which has a password.
#![no_main]

use std::net::IpAddr;

use atlas_export_buckets::fuzzing::read_proxy;
use http::Uri;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let mut lines = text.splitn(3, '\n');
    let mut next = || lines.next().unwrap_or_default();
    let (url, proxy, no_proxy) = (next(), next(), next());
    let Ok(None) = read_proxy(url, &[]) else { return };
    let variable = if url.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https")) {
        "HTTPS_PROXY"
    } else {
        "http_proxy"
    };

    let always = read_proxy(url, &[(variable, proxy)]);
    match &always {
        Ok(Some(used)) => {
            let uri: Uri = used.parse().unwrap_or_else(|error| panic!("{proxy:?} became {used:?}: {error}"));
            assert!(uri.host().is_some_and(|host| !host.is_empty()), "{proxy:?} became {used:?}");
            assert!(uri.port_u16().is_some_and(|port| port > 0), "{proxy:?} became {used:?}");
            assert!(!used.contains('@'), "{proxy:?} became {used:?}");
            // It is the same when it is written out.
            assert_eq!(read_proxy(url, &[(variable, used)]).as_ref(), Ok(&Some(used.clone())), "{proxy:?}");
        }
        Ok(None) => assert!(proxy.is_empty()),
        Err(error) => {
            let error = error.to_string();
            assert!(error.contains(variable), "{error:?}");
            assert!(!proxy.contains('~') || !error.contains('~'), "{error:?} quotes {proxy:?}");
        }
    }
    // A web server may have set it from a request.
    assert_eq!(read_proxy(url, &[("HTTP_PROXY", proxy)]), Ok(None));

    let with = |no_proxy: &str| read_proxy(url, &[(variable, proxy), ("NO_PROXY", no_proxy)]);
    assert_eq!(with("*"), Ok(None));
    let uri: Uri = url.parse().unwrap_or_else(|error| panic!("{url:?}: {error}"));
    let host = uri.host().unwrap_or_default().trim_end_matches('.');
    assert_eq!(with(host), Ok(None), "{host:?} is excluded by its name");
    assert_eq!(with(&format!("elsewhere.example, {host}")), Ok(None), "{host:?} is excluded by its name");
    let expected = if excludes(no_proxy, host) { Ok(None) } else { always };
    assert_eq!(with(no_proxy), expected, "{host:?} and {no_proxy:?}");
});

/// A second reader of `NO_PROXY`: it compares names label by label, and addresses as strings of bits.
fn excludes(no_proxy: &str, host: &str) -> bool {
    let mut entries = no_proxy.split([',', ' ', '\t']).filter(|entry| !entry.is_empty());
    let address = host.trim_start_matches('[').trim_end_matches(']').parse();
    no_proxy.trim() == "*"
        || entries.any(|entry| match address {
            Ok(address) => excludes_address(entry, address),
            Err(_) => excludes_name(entry, host),
        })
}

fn excludes_name(entry: &str, host: &str) -> bool {
    let entry = entry.strip_prefix("*.").or_else(|| entry.strip_prefix('.')).unwrap_or(entry);
    let entry = entry.strip_suffix('.').unwrap_or(entry);
    let (mut labels, mut of_host) = (entry.rsplit('.'), host.rsplit('.'));
    !entry.is_empty()
        && labels.all(|label| of_host.next().is_some_and(|of_host| of_host.eq_ignore_ascii_case(label)))
}

fn excludes_address(entry: &str, address: IpAddr) -> bool {
    let (network, length) = match entry.split_once('/') {
        Some((network, length)) => (network, length.parse().ok()),
        None => (entry, Some(if address.is_ipv4() { 32 } else { 128 })),
    };
    let network = network.trim_start_matches('[').trim_end_matches(']').parse();
    let (Ok(network), Some(length)) = (network, length) else { return false };
    let (network, address) = (bits(network), bits(address));
    let is_same_family = network.len() == address.len();
    length > 0 && is_same_family && network.get(..length).is_some_and(|prefix| address.starts_with(prefix))
}

fn bits(address: IpAddr) -> String {
    let octets = match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    octets.iter().map(|octet| format!("{octet:08b}")).collect()
}
