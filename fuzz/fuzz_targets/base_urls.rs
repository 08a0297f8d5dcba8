//! Base URLs: what is accepted is what `http::Uri` reads in it, and reads the same when it is read again; and what
//! `http::Uri` finds plain is accepted.
#![no_main]

use std::net::{IpAddr, Ipv6Addr};

use atlas_export_buckets::fuzzing::read_base_url;
use http::Uri;
use libfuzzer_sys::fuzz_target;

const PATH: &str =
    "/api/atlas/v1.0/groups/32b6e34b3d91647abb20e7b8/backup/exportBuckets?pageNum=1&itemsPerPage=500";

fuzz_target!(|text: &str| {
    let url = match read_base_url(text) {
        Ok(url) => url,
        Err(problem) => {
            assert!(!is_plain(text), "{text:?} is refused: {problem}");
            return;
        }
    };
    let uri: Uri = url.page.parse().unwrap_or_else(|error| panic!("{text:?} became {:?}: {error}", url.page));
    let authority = uri.authority().expect("an authority");
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    let is_loopback = host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback());
    assert_eq!(uri.scheme_str(), Some(if url.is_https { "https" } else { "http" }), "{text:?}");
    assert_eq!(uri.path_and_query().map(|target| target.as_str()), Some(url.target.as_str()), "{text:?}");
    assert!(!authority.as_str().contains('@'), "{text:?}");
    assert_eq!(url.is_loopback, is_loopback, "{text:?}");
    if authority.as_str().trim_start_matches(authority.host()).starts_with(':') {
        assert!(authority.port_u16().is_some_and(|port| port > 0), "{text:?}");
    }

    // It names the host and the port that the user named.
    let given: Uri = text.parse().unwrap_or_else(|error| panic!("{text:?}: {error}"));
    let given = given.authority().expect("an authority");
    assert!(given.host().eq_ignore_ascii_case(authority.host()), "{text:?} became {}", url.page);
    assert_eq!(given.port_u16(), authority.port_u16(), "{text:?}");

    let base = url.page.strip_suffix(PATH).expect("a page's path at the end");
    assert!(!base.ends_with('/'), "{text:?} became {base:?}");
    for same in [base.to_owned(), format!("{base}/"), format!("{base}//")] {
        assert_eq!(read_base_url(&same).as_ref(), Ok(&url), "{same:?}");
    }
});

/// Whether nobody could find fault with it.
fn is_plain(text: &str) -> bool {
    let Ok(uri) = text.parse::<Uri>() else {
        return false;
    };
    let (Some(authority), Some("http" | "https")) = (uri.authority(), uri.scheme_str()) else {
        return false;
    };
    let host = authority.host();
    let is_host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => host.split('.').all(|label| {
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
            !label.is_empty() && label.len() < 64 && label.bytes().all(is_plain) && !label.starts_with('-')
        }),
    };
    let is_authority = match authority.port_u16() {
        Some(port) => port > 0 && authority.as_str() == format!("{host}:{port}"),
        None => authority.as_str() == host,
    };
    let is_segment =
        |segment: &str| segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_~".contains(&byte));
    is_host
        && is_authority
        && uri.query().is_none()
        && !text.contains('#')
        && uri.path().split('/').all(is_segment)
        && !uri.path().contains("/api/atlas")
        && !uri.path().starts_with("/v2/")
}
