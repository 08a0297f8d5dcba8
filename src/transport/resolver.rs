//! Addresses of the host, asked for once in a while instead of once a request.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{NextTimeout, time};

/// Remembers the addresses of the last host.
///
/// `ureq` resolves the name before every request, also if a connection to it is open, and as there is a deadline, on a
/// thread made for it: a lookup and a thread for each page, for nothing.
#[derive(Debug, Default)]
pub(super) struct RememberingResolver {
    system: DefaultResolver,
    last: Mutex<Option<Resolved>>,
}

#[derive(Debug)]
struct Resolved {
    uri: Uri,
    addresses: ResolvedSocketAddrs,
    at: Instant,
}

impl RememberingResolver {
    /// As long as `ureq` keeps an idle connection open, which is to that address too.
    const REMEMBERED_FOR: Duration = Duration::from_secs(15);

    fn recall(&self, uri: &Uri) -> Option<ResolvedSocketAddrs> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let last = last.as_ref()?;
        let is_same = last.uri.scheme() == uri.scheme() && last.uri.authority() == uri.authority();
        (is_same && last.at.elapsed() < Self::REMEMBERED_FOR).then(|| last.addresses.clone())
    }

    fn remember(&self, uri: &Uri, addresses: &ResolvedSocketAddrs) {
        let resolved = Resolved { uri: uri.clone(), addresses: addresses.clone(), at: Instant::now() };
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(resolved);
    }
}

impl Resolver for RememberingResolver {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        mut timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        if let Some(addresses) = self.recall(uri) {
            return Ok(addresses);
        }
        if is_address(uri) {
            // Nobody is asked, so nothing has to be waited for on another thread.
            timeout.after = time::Duration::NotHappening;
        }
        let addresses = self.system.resolve(uri, config, timeout)?;
        self.remember(uri, &addresses);
        Ok(addresses)
    }
}

/// Whether the host is an address already.
fn is_address(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default();
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: NextTimeout = NextTimeout {
        after: time::Duration::Exact(Duration::from_secs(60)),
        reason: ureq::Timeout::Global,
        per_read: None,
        per_write: None,
    };

    fn resolve(resolver: &RememberingResolver, uri: &str) -> Result<ResolvedSocketAddrs, ureq::Error> {
        resolver.resolve(&uri.parse().unwrap(), &Config::default(), SOON)
    }

    #[test]
    fn addresses_are_told_from_names() {
        for (uri, expected) in [
            ("http://127.0.0.1:1/x", true),
            ("http://[::1]:1/", true),
            ("http://localhost:1/", false),
            ("https://127.0.0.1.nip.io/", false),
        ] {
            assert_eq!(is_address(&uri.parse().unwrap()), expected, "{uri}");
        }
    }

    #[test]
    fn the_addresses_of_the_last_host_are_remembered() {
        let resolver = RememberingResolver::default();
        let addresses = resolve(&resolver, "http://localhost:81/a").unwrap();
        assert!(addresses.iter().all(|address| address.port() == 81 && address.ip().is_loopback()));
        let uri = |uri: &str| uri.parse::<Uri>().unwrap();
        assert_eq!(resolver.recall(&uri("http://localhost:81/b")), Some(addresses));
        for other in ["http://localhost:82/a", "https://localhost:81/a", "http://127.0.0.1:81/a"] {
            assert_eq!(resolver.recall(&uri(other)), None, "{other}");
        }
    }

    #[test]
    fn they_are_forgotten_in_time() {
        let resolver = RememberingResolver::default();
        resolve(&resolver, "http://127.0.0.1:81/").unwrap();
        let mut last = resolver.last.lock().unwrap();
        last.as_mut().unwrap().at -= RememberingResolver::REMEMBERED_FOR;
        drop(last);
        assert_eq!(resolver.recall(&"http://127.0.0.1:81/".parse().unwrap()), None);
    }
}
