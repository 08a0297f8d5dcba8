//! The base URL: the host that is asked, and the path to Atlas on it.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv6Addr, ToSocketAddrs as _};

use ureq::http::Uri;

use crate::ProjectId;
use crate::invalid_input::is_quoted;

/// Scheme, host, port and perhaps a path prefix, checked and without a slash at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BaseUrl {
    pub(super) url: String,
    /// In lower case, an IPv6 address without its brackets.
    pub(crate) host: String,
    pub(crate) is_https: bool,
    /// Whether the host is this machine: a loopback address, or `localhost` if [`BaseUrl::look_up_localhost`] says so.
    pub(crate) is_loopback: bool,
}

impl BaseUrl {
    pub(crate) const DEFAULT: &str = "https://cloud.mongodb.com";
    /// `http::Uri` takes 65,534 bytes. This leaves enough for the rest of a URL.
    const MAX_LEN: usize = 8192;

    /// Checks the form. Whether plain http may be used depends on more than the URL: see `client/builder.rs`.
    /// The error says what is wrong with it.
    pub(crate) fn parse(url: &str) -> Result<Self, Cow<'static, str>> {
        let refuse = |problem| Err(format!("{problem}; it should look like {}", BaseUrl::DEFAULT).into());
        if is_quoted(url) {
            return refuse("is in quotes: leave them off");
        }
        let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme).to_ascii_lowercase();
        if !matches!(scheme.as_str(), "http" | "https") {
            return refuse("does not begin with https://, or http:// for this machine");
        }
        if url.len() > Self::MAX_LEN {
            return refuse("is too long");
        }
        if !url.bytes().all(|byte| byte.is_ascii_graphic()) {
            return refuse("has a space, or a character that is not ASCII");
        }
        // `Uri` drops a fragment without a word.
        if url.contains('#') {
            return refuse("has a fragment");
        }
        let Ok(uri) = url.parse::<Uri>() else {
            return refuse("has no valid host and port, or no valid path");
        };
        let Some(authority) = uri.authority() else { return refuse("has no valid host and port") };
        if authority.as_str().contains('@') {
            return refuse("has user information: give the credentials by other means");
        }
        if uri.query().is_some() {
            return refuse("has a query");
        }
        let host = authority.host();
        // `Uri` accepts invalid ports, and `ureq` then takes 80.
        let port = authority.as_str().strip_prefix(host).unwrap_or_default();
        if !is_host(host) || !(port.is_empty() || port.strip_prefix(':').is_some_and(is_port)) {
            return refuse("has no valid host and port");
        }
        let path = uri.path().trim_end_matches('/');
        if !is_sent_unchanged(path) {
            return refuse("has a path that cannot be sent as it is");
        }
        let origin = format!("{scheme}://{}", authority.as_str().to_ascii_lowercase());
        if let Some((prefix, end)) = split_api_path(path) {
            return Err(format!("ends in {end}: leave it off and use {origin}{prefix}").into());
        }
        let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        Ok(BaseUrl {
            url: format!("{origin}{path}"),
            is_https: scheme == "https",
            is_loopback: host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()),
            host,
        })
    }

    /// If the host is `localhost`, finds out whether that is this machine: whether all its addresses are loopback.
    pub(crate) fn look_up_localhost(&mut self) {
        if self.is_localhost() {
            self.is_loopback = (self.host.as_str(), 0).to_socket_addrs().is_ok_and(|mut addresses| {
                addresses.len() > 0 && addresses.all(|address| address.ip().is_loopback())
            });
        }
    }

    /// Whether the host is the name `localhost`, which should be this machine.
    pub(crate) fn is_localhost(&self) -> bool {
        self.host == "localhost"
    }
}

/// Whether this is a name or an address that a URL may have as its host.
pub(crate) fn is_host(host: &str) -> bool {
    match host.strip_prefix('[') {
        Some(address) => address.strip_suffix(']').is_some_and(|address| address.parse::<Ipv6Addr>().is_ok()),
        // A dot at the end says that the name is complete.
        None => host.strip_suffix('.').unwrap_or(host).split('.').all(is_label),
    }
}

fn is_label(label: &str) -> bool {
    !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// Whether this is a port in decimal digits, from 1 to 65,535.
pub(crate) fn is_port(digits: &str) -> bool {
    digits.bytes().all(|byte| byte.is_ascii_digit()) && digits.parse::<u16>().is_ok_and(|port| port > 0)
}

/// Whether no program on the way rewrites this path. Digest hashes it, so it must arrive as it was sent.
fn is_sent_unchanged(path: &str) -> bool {
    let is_path_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~!$&'()*+,;=:@%".contains(&byte);
    path.bytes().all(is_path_byte) && !path.split('/').any(|segment| matches!(segment, "." | ".."))
}

/// Splits off what does not belong into a base URL: `/api/atlas` with what follows it, which each request adds itself, or the path
/// of a page in the browser (`/v2/` and a project's id).
fn split_api_path(path: &str) -> Option<(&str, &str)> {
    if path.strip_prefix("/v2/").is_some_and(|id| id.parse::<ProjectId>().is_ok()) {
        return Some(("", path));
    }
    let roots = ["/api/atlas/v1.0/", "/api/atlas/v2/"];
    let root_at = roots.into_iter().find_map(|root| format!("{path}/").find(root));
    let end_at = path.strip_suffix("/api/atlas").map(str::len);
    path.split_at_checked(root_at.or(end_at)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usable_base_urls_are_written_one_way() {
        let cases = [
            ("https://cloud.mongodb.com", "https://cloud.mongodb.com", "cloud.mongodb.com", false),
            ("HTTPS://Cloud.MongoDB.com/", "https://cloud.mongodb.com", "cloud.mongodb.com", false),
            ("https://h:8443/a/b//", "https://h:8443/a/b", "h", false),
            ("http://localhost:80", "http://localhost:80", "localhost", false),
            ("http://127.1.2.3", "http://127.1.2.3", "127.1.2.3", true),
            ("http://[::1]:8080", "http://[::1]:8080", "::1", true),
            (
                "http://127.0.0.1.evil.example",
                "http://127.0.0.1.evil.example",
                "127.0.0.1.evil.example",
                false,
            ),
            ("http://127.1", "http://127.1", "127.1", false),
            ("https://h/api/atlas/v20", "https://h/api/atlas/v20", "h", false),
            ("https://h/v2/mirror", "https://h/v2/mirror", "h", false),
        ];
        for (input, url, host, is_loopback) in cases {
            let base = BaseUrl::parse(input).unwrap();
            assert_eq!((&*base.url, &*base.host, base.is_loopback), (url, host, is_loopback));
            assert_eq!(BaseUrl::parse(&base.url).unwrap(), base, "{input}, parsed again");
        }
        assert!(BaseUrl::parse(&format!("https://h/{}", "a".repeat(BaseUrl::MAX_LEN - 10))).is_ok());
        assert!(BaseUrl::parse("http://LOCALHOST").unwrap().is_localhost());
        assert!(!BaseUrl::parse("http://localhost.evil.example").unwrap().is_localhost());
    }

    #[test]
    fn other_base_urls_are_refused_with_what_is_wrong() {
        let long = format!("https://h/{}", "a".repeat(BaseUrl::MAX_LEN - 9));
        let cases = [
            ("ftp://h", "does not begin with https://, or http:// for this machine"),
            ("\"https://h\"", "is in quotes: leave them off"),
            ("'https://h'", "is in quotes: leave them off"),
            ("\"", "does not begin with https://, or http:// for this machine"),
            ("cloud.mongodb.com", "does not begin with https://, or http:// for this machine"),
            ("", "does not begin with https://, or http:// for this machine"),
            ("https://", "has no valid host and port, or no valid path"),
            ("https://.", "has no valid host and port"),
            ("https://a..b", "has no valid host and port"),
            ("https://.a", "has no valid host and port"),
            ("https:///path", "has no valid host and port, or no valid path"),
            ("https://h:0", "has no valid host and port"),
            ("https://h:65536", "has no valid host and port"),
            ("https://h:99999", "has no valid host and port"),
            ("https://h:0x50", "has no valid host and port"),
            ("https://h:+1", "has no valid host and port"),
            ("https://h:", "has no valid host and port"),
            ("https://[::1", "has no valid host and port, or no valid path"),
            ("https://[h]", "has no valid host and port"),
            ("https://[::1]x", "has no valid host and port"),
            ("https://h?q", "has a query"),
            ("https://h/p?q", "has a query"),
            ("https://h#f", "has a fragment"),
            ("https://user:secret@h", "has user information: give the credentials by other means"),
            ("https://h/a b", "has a space, or a character that is not ASCII"),
            ("https://h\r\nX: y", "has a space, or a character that is not ASCII"),
            ("https://hé", "has a space, or a character that is not ASCII"),
            ("https://h\\@evil", "has no valid host and port, or no valid path"),
            ("https://h/../x", "has a path that cannot be sent as it is"),
            ("https://h/\"", "has a path that cannot be sent as it is"),
            (&long, "is too long"),
            ("https://h/api/atlas", "ends in /api/atlas: leave it off and use https://h"),
            ("https://h/x/api/atlas/v1.0/", "ends in /api/atlas/v1.0: leave it off and use https://h/x"),
            ("https://h/api/atlas/v2", "ends in /api/atlas/v2: leave it off and use https://h"),
            ("https://h/api/atlas/v2/groups", "ends in /api/atlas/v2/groups: leave it off and use https://h"),
            (
                "https://h/v2/32b6e34b3d91647abb20e7b8",
                "ends in /v2/32b6e34b3d91647abb20e7b8: leave it off and use https://h",
            ),
        ];
        for (input, problem) in cases {
            let example = if problem.contains("use https") {
                ""
            } else {
                "; it should look like https://cloud.mongodb.com"
            };
            assert_eq!(BaseUrl::parse(input), Err(format!("{problem}{example}").into()), "{input}");
        }
    }
}
