//! Decides which proxy to use, as curl does (pure but for reading the environment).

use std::net::IpAddr;

use ureq::{Proxy, ProxyProtocol};

use crate::invalid_input::InvalidInput;
use crate::request::{BaseUrl, is_host, is_port};

/// The proxy that the environment names for this host.
pub(super) fn from_environment(base_url: &BaseUrl) -> Result<Option<Proxy>, InvalidInput> {
    from_variables(base_url, |name| Some(std::env::var_os(name)?.to_string_lossy().into_owned()))
}

/// The proxy that these variables name for this host. Empty ones count as not set, as in curl.
pub(crate) fn from_variables(
    base_url: &BaseUrl,
    get: impl Fn(&str) -> Option<String>,
) -> Result<Option<Proxy>, InvalidInput> {
    /// curl does not read `HTTP_PROXY`: a web server sets it from a request's header field `Proxy`.
    const FOR_HTTP: [&str; 3] = ["http_proxy", "all_proxy", "ALL_PROXY"];
    const FOR_HTTPS: [&str; 4] = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
    let get = |name| get(name).filter(|value| !value.is_empty());
    let variables = if base_url.is_https { &FOR_HTTPS[..] } else { &FOR_HTTP[..] };
    let named = variables.iter().find_map(|variable| Some((*variable, get(variable)?)));
    let Some((variable, url)) = named else { return Ok(None) };
    let no_proxy = get("no_proxy").or_else(|| get("NO_PROXY")).unwrap_or_default();
    if is_excluded(&base_url.host, &no_proxy) {
        return Ok(None);
    }
    parse(&url).map(Some).map_err(|problem| InvalidInput::environment(variable, problem))
}

const NOT_A_PROXY: &str = "is not a proxy: it should look like http://proxy.example:3128";

/// Reads a proxy's URL: `[scheme://][user:password@]host[:port]`, with curl's defaults.
fn parse(url: &str) -> Result<Proxy, &'static str> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let scheme = scheme.to_ascii_lowercase();
    let default_port = match scheme.as_str() {
        "http" => "1080",
        "https" => "443",
        "socks4" | "socks4a" | "socks5" | "socks5h" if cfg!(feature = "socks") => "1080",
        "socks4" | "socks4a" | "socks5" | "socks5h" => {
            return Err("is a SOCKS proxy, which this build cannot use: enable the feature socks");
        }
        _ => return Err(NOT_A_PROXY),
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host_and_port = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (host, port) = match host_and_port.rsplit_once(':') {
        // The colons of an IPv6 address are inside its brackets.
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (host_and_port, None),
    };
    if host.is_empty() {
        return Err("has no host: it should look like http://proxy.example:3128");
    }
    if !is_host(host) {
        return Err(NOT_A_PROXY);
    }
    let url = match port {
        None => format!("{scheme}://{authority}:{default_port}"),
        Some(port) if is_port(port) => format!("{scheme}://{authority}"),
        Some(_) => return Err("has an invalid port: ports are 1 to 65535"),
    };
    Proxy::new(&url).map_err(|_| NOT_A_PROXY)
}

/// Whether this build can use this proxy.
pub(super) fn is_usable(proxy: &Proxy) -> bool {
    cfg!(feature = "socks") || matches!(proxy.protocol(), ProxyProtocol::Http | ProxyProtocol::Https)
}

/// A proxy's URL without user and password.
pub(crate) fn without_credentials(proxy: &Proxy) -> String {
    let scheme = proxy.uri().scheme_str().unwrap_or("http");
    format!("{scheme}://{}:{}", proxy.host(), proxy.port())
}

/// Whether `NO_PROXY` names this host: names with their subdomains, addresses, and blocks of addresses (curl 7.86).
fn is_excluded(host: &str, no_proxy: &str) -> bool {
    let host = host.trim_end_matches('.');
    let entries = || no_proxy.split([',', ' ', '\t']).filter(|entry| !entry.is_empty());
    if no_proxy.trim() == "*" {
        return true;
    }
    match host.parse::<IpAddr>() {
        Ok(address) => entries().any(|entry| is_in_block(address, entry)),
        Err(_) => entries().any(|entry| is_in_domain(host, entry)),
    }
}

fn is_in_domain(host: &str, domain: &str) -> bool {
    // curl does not know `*.example`. Go reads it as `.example`, which is what people mean by it.
    let domain = domain.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(domain);
    let domain = domain.strip_prefix('.').unwrap_or(domain);
    let domain = domain.strip_suffix('.').unwrap_or(domain).to_ascii_lowercase();
    let prefix = host.strip_suffix(&domain).filter(|_| !domain.is_empty());
    prefix.is_some_and(|prefix| prefix.is_empty() || prefix.ends_with('.'))
}

fn is_in_block(address: IpAddr, entry: &str) -> bool {
    let (network, bits) =
        entry.split_once('/').map_or((entry, None), |(network, bits)| (network, Some(bits)));
    let network = network.trim_start_matches('[').trim_end_matches(']');
    let Ok(network) = network.parse::<IpAddr>() else { return false };
    let (address, network, width) = match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            (address.to_bits().into(), network.to_bits().into(), 32)
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => (address.to_bits(), network.to_bits(), 128),
        _ => return false,
    };
    let bits = bits.map_or(Ok(width), str::parse::<u32>);
    bits.is_ok_and(|bits| (1..=width).contains(&bits) && (address ^ network) >> (width - bits) == 0_u128)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_proxy_is_read_as_curl_reads_it() {
        let direct = [
            "cloud.example",
            "CLOUD.EXAMPLE",
            "example",
            ".example",
            ".cloud.example",
            "cloud.example.",
            "localhost, cloud.example",
            " cloud.example",
            "localhost cloud.example",
            "*",
            "cloud.example,",
            "other, example",
            "example.",
            "*.example",
        ];
        let proxied = ["ample", "xcloud.example", "cloud.example:443", "a;cloud.example", "", ".", ","];
        for no_proxy in direct {
            assert!(is_excluded("cloud.example", no_proxy), "{no_proxy:?}");
        }
        for no_proxy in proxied {
            assert!(!is_excluded("cloud.example", no_proxy), "{no_proxy:?}");
        }
    }

    #[test]
    fn addresses_match_blocks_of_addresses() {
        let cases = [
            ("10.1.2.3", "10.1.2.3", true),
            ("10.1.2.3", "10.0.0.0/8", true),
            ("10.1.2.3", "10.1.2.0/24,x", true),
            ("10.1.2.3", "10.1.3.0/24", false),
            ("10.1.2.3", "10.", false),
            ("10.1.2.3", "10.1.2.3/33", false),
            ("2001:db8::1", "2001:db8::/32", true),
            ("2001:db8::1", "[2001:db8::1]", true),
            ("2001:db8::1", "10.0.0.0/8", false),
        ];
        for (host, no_proxy, expected) in cases {
            assert_eq!(is_excluded(host, no_proxy), expected, "{host} {no_proxy}");
        }
    }

    fn decide(base_url: &str, variables: &[(&str, &str)]) -> Result<Option<String>, InvalidInput> {
        let get = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.to_string())
        };
        let proxy = from_variables(&BaseUrl::parse(base_url).unwrap(), get)?;
        Ok(proxy.as_ref().map(without_credentials))
    }

    #[test]
    fn the_variables_count_in_curls_order_and_an_empty_one_is_none() {
        type Case<'a> = (&'a [(&'a str, &'a str)], Option<&'a str>);
        let cases: [Case<'_>; 7] = [
            (&[], None),
            (&[("https_proxy", "http://a:1"), ("HTTPS_PROXY", "http://b:1")], Some("http://a:1")),
            (&[("https_proxy", ""), ("HTTPS_PROXY", "http://b:1")], Some("http://b:1")),
            (&[("HTTPS_PROXY", "http://b:1"), ("all_proxy", "http://c:1")], Some("http://b:1")),
            (&[("ALL_PROXY", "http://d:1"), ("all_proxy", "http://c:1")], Some("http://c:1")),
            (&[("HTTP_PROXY", "http://e:1"), ("http_proxy", "http://e:1")], None),
            (&[("all_proxy", "http://c:1"), ("no_proxy", ""), ("NO_PROXY", "h.example")], None),
        ];
        for (variables, expected) in cases {
            assert_eq!(
                decide("https://h.example", variables),
                Ok(expected.map(str::to_owned)),
                "{variables:?}"
            );
        }
    }

    #[test]
    fn a_proxy_is_read_with_curls_defaults_or_refused() {
        let shown = |url| decide("https://h.example", &[("https_proxy", url)]);
        for (url, expected) in [
            ("proxy", "http://proxy:1080"),
            ("proxy:3128", "http://proxy:3128"),
            ("HTTP://proxy:3128/x", "http://proxy:3128"),
            ("https://proxy", "https://proxy:443"),
            ("http://user:p%40ss@proxy:3128", "http://proxy:3128"),
            ("http://[::1]:3128", "http://[::1]:3128"),
            ("http://[::1]", "http://[::1]:1080"),
        ] {
            assert_eq!(shown(url), Ok(Some(expected.into())), "{url}");
        }
        for url in [
            "http://proxy:99999",
            "http://proxy:0x50",
            "proxy:",
            "socks://proxy:1",
            "ftp://proxy",
            "http://",
            "http://x[::1]:1",
            "[::1]x",
            "[::g]:1",
            "a[:1",
            "http://a b:1",
        ] {
            assert!(
                matches!(shown(url), Err(InvalidInput::Environment { variable: "https_proxy", .. })),
                "{url}"
            );
        }
    }

    #[test]
    fn a_socks_proxy_needs_the_feature_socks() {
        for scheme in ["socks4", "socks4a", "socks5", "socks5h"] {
            let result = decide("https://h.example", &[("https_proxy", &format!("{scheme}://proxy"))]);
            if cfg!(feature = "socks") {
                assert_eq!(result, Ok(Some(format!("{scheme}://proxy:1080"))));
            } else {
                assert!(result.unwrap_err().to_string().contains("enable the feature socks"), "{scheme}");
            }
        }
        for (url, expected) in [
            ("http://proxy:1", true),
            ("https://proxy:1", true),
            ("socks5://proxy:1", cfg!(feature = "socks")),
        ] {
            assert_eq!(is_usable(&Proxy::new(url).unwrap()), expected, "{url}");
        }
    }
}
