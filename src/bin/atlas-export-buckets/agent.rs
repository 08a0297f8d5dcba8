//! The program's agent: it looks names up as late and as rarely as curl does, and does not wait long for an address that is
//! dead.
//!
//! No other code of the program or the library uses `ureq`'s `unversioned` API, which may change with any version of `ureq`.
//! The library's own agent does without, and so looks up before every request.

use std::net::{IpAddr, SocketAddr};
use std::sync::mpsc::channel;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use atlas_export_buckets::ureq::config::Config;
use atlas_export_buckets::ureq::http::Uri;
use atlas_export_buckets::ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
#[cfg(feature = "rustls")]
use atlas_export_buckets::ureq::unversioned::transport::RustlsConnector;
use atlas_export_buckets::ureq::unversioned::transport::time::Duration as UreqDuration;
use atlas_export_buckets::ureq::unversioned::transport::{
    ConnectProxyConnector, ConnectionDetails, Connector, NextTimeout, ShutdownHandle, SocksConnector,
    TcpConnector, Transport,
};
use atlas_export_buckets::ureq::{Agent, Error};

/// An agent with these settings. They must have a timeout.
pub(crate) fn new_agent(config: Config) -> Agent {
    with_resolver(config, ThreadedResolver)
}

fn with_resolver(config: Config, resolver: impl Resolver) -> Agent {
    let chain =
        ().chain(SocksConnector::default())
            .chain(BoundedProxyConnector::default())
            .chain(RoundConnector::default());
    #[cfg(feature = "rustls")]
    let chain = chain.chain(RustlsConnector::default());
    Agent::with_parts(config, LazyConnector { resolver, chain }, NoResolver)
}

/// Finds nothing: `ureq` asks it before every request, even on a kept connection. `LazyConnector` looks up instead.
#[derive(Debug)]
struct NoResolver;

impl Resolver for NoResolver {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        Ok(self.empty())
    }
}

/// Looks names up in threads, since a look-up can outlast any deadline. So does `ureq`, but it panics if no thread can be
/// started.
#[derive(Debug)]
struct ThreadedResolver;

impl Resolver for ThreadedResolver {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let without_timeout = NextTimeout { after: UreqDuration::NotHappening, ..timeout };
        let (uri, config) = (uri.clone(), config.clone());
        let (sender, receiver) = channel();
        // After the timeout nobody receives it.
        let look_up =
            move || sender.send(DefaultResolver::default().resolve(&uri, &config, without_timeout)).ok();
        let started = thread::Builder::new().spawn(look_up);
        started.map_err(|error| Error::Other(format!("no thread to look up the host: {error}").into()))?;
        receiver.recv_timeout(*timeout.after).unwrap_or(Err(Error::Timeout(timeout.reason)))
    }
}

/// Looks the host up only when a connection is made.
#[derive(Debug)]
struct LazyConnector<R, C> {
    resolver: R,
    chain: C,
}

impl<R: Resolver, C: Connector<()>> Connector<()> for LazyConnector<R, C> {
    type Out = C::Out;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<()>) -> Result<Option<C::Out>, Error> {
        let start = Instant::now();
        let proxy = details.config.proxy().filter(|proxy| !proxy.is_no_proxy(details.uri));
        let addrs = if !details.addrs.is_empty() || proxy.is_some_and(|proxy| !proxy.resolve_target()) {
            details.addrs.clone()
        } else {
            self.look_up(details)?
        };
        let timeout = shorter(details.timeout, start.elapsed())?;
        // A proxy is looked up by its own connector.
        let details = ConnectionDetails { resolver: &self.resolver, ..changed(details, addrs, timeout) };
        self.chain.connect(&details, chained)
    }
}

impl<R: Resolver, C> LazyConnector<R, C> {
    fn look_up(&self, details: &ConnectionDetails<'_>) -> Result<ResolvedSocketAddrs, Error> {
        let host = details.uri.host().unwrap_or_default();
        if let Ok(address) = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            let default_port = if details.needs_tls() { 443 } else { 80 };
            let mut addrs = self.resolver.empty();
            addrs.push(SocketAddr::new(address, details.uri.port_u16().unwrap_or(default_port)));
            return Ok(addrs);
        }
        let found = self.resolver.resolve(details.uri, details.config, details.timeout)?;
        if host != "localhost" {
            return Ok(found);
        }
        // Plain http to `localhost` is allowed only because it is this machine.
        let mut addrs = self.resolver.empty();
        found.iter().filter(|address| address.ip().is_loopback()).for_each(|address| addrs.push(*address));
        if addrs.is_empty() { Err(Error::HostNotFound) } else { Ok(addrs) }
    }
}

/// Tries each of several addresses for a moment, before all are tried for as long as there is time.
#[derive(Debug, Default)]
struct RoundConnector(TcpConnector);

impl<In: Transport> Connector<In> for RoundConnector {
    type Out = <TcpConnector as Connector<In>>::Out;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        const MOMENT: Duration = Duration::from_millis(300);
        let start = Instant::now();
        if chained.is_some() || details.addrs.len() < 2 {
            return self.0.connect(details, chained);
        }
        for address in details.addrs.iter() {
            let mut addrs = details.resolver.empty();
            addrs.push(*address);
            let timeout = shorter(details.timeout, start.elapsed())?;
            let moment = UreqDuration::Exact(MOMENT.min(*timeout.after));
            let quick = changed(details, addrs, NextTimeout { after: moment, ..timeout });
            if let Ok(Some(transport)) = Connector::<In>::connect(&self.0, &quick, None) {
                return Ok(Some(transport));
            }
        }
        let timeout = shorter(details.timeout, start.elapsed())?;
        self.0.connect(&changed(details, details.addrs.clone(), timeout), None)
    }
}

/// Holds a CONNECT to the deadline, also if the proxy's answer drips: then its socket is shut down.
#[derive(Debug, Default)]
struct BoundedProxyConnector(ConnectProxyConnector);

impl<In: Transport> Connector<In> for BoundedProxyConnector {
    type Out = <ConnectProxyConnector as Connector<In>>::Out;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        let time = *details.timeout.after;
        let start = Instant::now();
        let connecting = Arc::new(());
        let still_connecting = Arc::downgrade(&connecting);
        let register = Arc::clone(&details.register_shutdown);
        let watch = move |socket: Weak<dyn ShutdownHandle>| {
            let (still_connecting, watched) = (Weak::clone(&still_connecting), Weak::clone(&socket));
            thread::Builder::new().spawn(move || {
                thread::sleep(time.saturating_sub(start.elapsed()));
                if let (Some(_), Some(socket)) = (still_connecting.upgrade(), watched.upgrade()) {
                    socket.shutdown();
                }
            })?;
            register(socket)
        };
        let details = ConnectionDetails {
            register_shutdown: Arc::new(watch),
            ..changed(details, details.addrs.clone(), details.timeout)
        };
        let connected = self.0.connect(&details, chained);
        drop(connecting);
        // The connector reports a socket that was shut down as a proxy that does not answer.
        match connected {
            Err(_) if start.elapsed() >= time => Err(Error::Timeout(details.timeout.reason)),
            connected => connected,
        }
    }
}

/// The same details with other addresses, and another timeout, which begins now.
fn changed<'a>(
    details: &'a ConnectionDetails<'a>,
    addrs: ResolvedSocketAddrs,
    timeout: NextTimeout,
) -> ConnectionDetails<'a> {
    ConnectionDetails {
        addrs,
        timeout,
        uri: details.uri,
        config: details.config,
        request_level: details.request_level,
        resolver: details.resolver,
        now: (details.current_time)(),
        current_time: Arc::clone(&details.current_time),
        run_connector: Arc::clone(&details.run_connector),
        register_shutdown: Arc::clone(&details.register_shutdown),
    }
}

/// What is left of a timeout after so much time. It must not be zero, which `ureq` would take for a second.
fn shorter(timeout: NextTimeout, passed: Duration) -> Result<NextTimeout, Error> {
    let left = timeout.after.saturating_sub(passed);
    if left.is_zero() {
        return Err(Error::Timeout(timeout.reason));
    }
    Ok(NextTimeout { after: UreqDuration::Exact(left), ..timeout })
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    use atlas_export_buckets::simulator::{Simulator, sample_buckets};
    use atlas_export_buckets::{ApiKey, Client, ClientBuilder, Error as LibraryError};

    use super::*;

    /// Finds these addresses for every name, and counts how often it is asked.
    #[derive(Clone, Debug)]
    struct Addresses {
        addresses: Vec<SocketAddr>,
        asked: Arc<AtomicU32>,
    }

    impl Addresses {
        fn new(addresses: impl Into<Vec<SocketAddr>>) -> Addresses {
            Addresses { addresses: addresses.into(), asked: Arc::default() }
        }
    }

    impl Resolver for Addresses {
        fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
            self.asked.fetch_add(1, Relaxed);
            let mut addrs = self.empty();
            self.addresses.iter().for_each(|address| addrs.push(*address));
            Ok(addrs)
        }
    }

    fn atlas(buckets: usize) -> (Simulator, SocketAddr) {
        let atlas = Simulator::builder().buckets(sample_buckets(buckets)).start().unwrap();
        let address = atlas.base_url().trim_start_matches("http://").parse().unwrap();
        (atlas, address)
    }

    fn builder(atlas: &Simulator, base_url: &str) -> ClientBuilder {
        let key = ApiKey::new(atlas.public_key(), atlas.private_key()).unwrap();
        Client::builder(key).base_url(base_url).allow_plain_http(true).retries(0)
    }

    fn count(builder: ClientBuilder, resolver: Addresses, atlas: &Simulator) -> Result<usize, LibraryError> {
        let agent = with_resolver(builder.agent_config().unwrap(), resolver);
        let client = builder.agent(agent).build().unwrap();
        let buckets: Result<Vec<_>, _> =
            client.export_buckets(&atlas.project_id().parse().unwrap()).collect();
        buckets.map(|buckets| buckets.len())
    }

    #[test]
    fn eleven_pages_take_one_look_up_and_an_address_none() {
        let (atlas, address) = atlas(11);
        for (base_url, expected) in [("http://cloud.example:80", 1), (atlas.base_url(), 0)] {
            let resolver = Addresses::new([address]);
            let builder = builder(&atlas, base_url).items_per_page(1);
            assert_eq!(count(builder, resolver.clone(), &atlas).unwrap(), 11, "{base_url}");
            assert_eq!(resolver.asked.load(Relaxed), expected, "{base_url}");
        }
    }

    /// A listener that takes no connection any more: whoever connects waits.
    fn dead_address() -> (TcpListener, Vec<TcpStream>, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let connect = |_| TcpStream::connect_timeout(&address, Duration::from_millis(100)).ok();
        let connections = (0..10_000).map_while(connect).collect();
        (listener, connections, address)
    }

    #[test]
    fn a_first_address_that_is_dead_costs_less_than_a_second() {
        let (atlas, address) = atlas(3);
        let (_listener, _connections, dead) = dead_address();
        let start = Instant::now();
        let resolver = Addresses::new([dead, address]);
        assert_eq!(count(builder(&atlas, "http://cloud.example:80"), resolver, &atlas).unwrap(), 3);
        let elapsed = start.elapsed();
        assert!(elapsed >= Duration::from_millis(250) && elapsed < Duration::from_secs(1), "{elapsed:?}");
    }

    #[test]
    fn localhost_is_this_machine_only() {
        let (atlas, address) = atlas(3);
        let elsewhere = SocketAddr::new([192, 0, 2, 1].into(), address.port());
        let builder =
            |atlas: &Simulator| builder(atlas, "http://localhost:80").timeout(Duration::from_secs(5));
        let resolver = Addresses::new([elsewhere, address]);
        assert_eq!(count(builder(&atlas), resolver, &atlas).unwrap(), 3);
        let error = count(builder(&atlas), Addresses::new([elsewhere]), &atlas).unwrap_err();
        assert!(error.to_string().starts_with("cannot look up the host"), "{error}");
    }

    #[test]
    fn a_proxy_whose_answer_drips_is_held_to_the_deadline() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            let (mut socket, _) = listener.accept().unwrap();
            let _ = socket.read(&mut [0; 1024]);
            let mut bytes: &[u8] = b"HTTP/1.1 200 OK\r\nX: ";
            while socket.write_all(bytes).is_ok() {
                bytes = b"x";
                thread::sleep(Duration::from_millis(200));
            }
        });
        let (atlas, _) = atlas(1);
        let builder = builder(&atlas, "https://cloud.example").timeout(Duration::from_secs(2));
        let mut config = builder.agent_config().unwrap();
        let proxy = atlas_export_buckets::ureq::Proxy::new(&format!("http://{address}")).unwrap();
        config = Agent::config_builder()
            .proxy(Some(proxy))
            .timeout_global(config.timeouts().global)
            .timeout_connect(config.timeouts().connect)
            .build();
        let client = builder.agent(with_resolver(config, Addresses::new([address]))).build().unwrap();
        let start = Instant::now();
        let error = client.export_bucket_page(&atlas.project_id().parse().unwrap(), 1).unwrap_err();
        let elapsed = start.elapsed();
        assert!(matches!(error, LibraryError::Deadline { .. }), "{error}");
        assert!(elapsed < Duration::from_secs(4), "{elapsed:?}");
    }

    /// Takes its time, as the system does where the first of two name servers is dead.
    #[derive(Debug)]
    struct Slow(SocketAddr, Duration);

    impl Resolver for Slow {
        fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
            thread::sleep(self.1);
            let mut addrs = self.empty();
            addrs.push(self.0);
            Ok(addrs)
        }
    }

    #[test]
    fn the_time_of_a_look_up_counts_once() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            let mut bytes = [0; 1];
            listener.accept().unwrap().0.read(&mut bytes).map(|length| (length, bytes[0]))
        });
        let key = ApiKey::new("public", "private").unwrap();
        let builder =
            Client::builder(key).base_url("https://cloud.example").timeout(Duration::from_secs(2)).retries(0);
        let agent =
            with_resolver(builder.agent_config().unwrap(), Slow(address, Duration::from_millis(1200)));
        let client = builder.agent(agent).build().unwrap();
        let project = "32b6e34b3d91647abb20e7b8".parse().unwrap();
        let error = client.export_bucket_page(&project, 1).unwrap_err();
        // A TLS handshake begins, with 0.8 s to go.
        assert_eq!(server.join().unwrap().unwrap(), (1, 22), "{error}");
    }

    #[test]
    fn many_dead_addresses_are_held_to_the_deadline() {
        let (atlas, _) = atlas(1);
        let (_listener, _connections, dead) = dead_address();
        let builder = builder(&atlas, "http://cloud.example:80").timeout(Duration::from_millis(500));
        let start = Instant::now();
        let error = count(builder, Addresses::new([dead; 8]), &atlas).unwrap_err();
        let elapsed = start.elapsed();
        assert!(matches!(error, LibraryError::Deadline { .. }), "{error}");
        assert!(elapsed < Duration::from_secs(2), "{elapsed:?}");
    }
}
