//! The environment's proxy: a URL, a proxy and `NO_PROXY`, each in a line. What is accepted is a URL with a host and a port;
//! `NO_PROXY` excludes a host that it names and everything with `*`; and no error quotes the proxy, which has a password.
#![no_main]

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
    // A list either excludes the host or changes nothing.
    let with_list = with(no_proxy);
    assert!(with_list == Ok(None) || with_list == always, "{no_proxy:?}: {with_list:?}, not {always:?}");
});
