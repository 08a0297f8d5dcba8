//! TLS in front of the simulated Atlas, the same for every client.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use atlas_export_buckets::simulator::Simulator;
use rcgen::{BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// Takes TLS off, and passes requests on.
pub struct Front {
    /// `https://` and where it listens.
    pub base_url: String,
    connections: Arc<AtomicU64>,
}

impl Front {
    /// It ends with the process.
    pub fn start(listener: TcpListener, identity: &Identity, atlas: &Simulator) -> Front {
        let config = identity.server_config();
        let port = listener.local_addr().expect("an address").port();
        let base_url = format!("https://{}:{port}", identity.host);
        let connections = Arc::new(AtomicU64::new(0));
        let upstream = atlas.base_url().trim_start_matches("http://").to_owned();
        let counter = Arc::clone(&connections);
        thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                counter.fetch_add(1, Ordering::SeqCst);
                let (config, upstream) = (Arc::clone(&config), upstream.clone());
                // An error is the client's going away.
                thread::spawn(move || _ = serve(socket, config, &upstream));
            }
        });
        Front { base_url, connections }
    }

    /// How many connections there were since this was last asked.
    pub fn take_connections(&self) -> u64 {
        self.connections.swap(0, Ordering::SeqCst)
    }
}

/// A certificate for a host, and the root that signed it.
pub struct Identity {
    pub host: String,
    pub root: String,
    pub certificate: Certificate,
    pub key: KeyPair,
}

impl Identity {
    pub fn new(host: &str) -> Identity {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // Not the name of the certificate below, which would seem to have signed itself.
        params.distinguished_name.push(DnType::CommonName, "root of the benches");
        let key = KeyPair::generate().expect("a key");
        let root = params.self_signed(&key).expect("a root");
        let issuer = Issuer::new(params, key);
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec![host.to_owned()]).expect("a name");
        let certificate = params.signed_by(&key, &issuer).expect("a certificate");
        Identity { host: host.to_owned(), root: root.pem(), certificate, key }
    }

    fn server_config(&self) -> Arc<ServerConfig> {
        let certificate = self.certificate.der().clone();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key);
        Arc::new(config.expect("a configuration"))
    }
}

fn serve(socket: TcpStream, config: Arc<ServerConfig>, upstream: &str) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let upstream = TcpStream::connect(upstream)?;
    upstream.set_nodelay(true)?;
    let mut upstream = BufReader::new(upstream);
    let tls = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut client = BufReader::new(StreamOwned::new(tls, socket));
    loop {
        // A GET has no body.
        let request = read_head(&mut client)?;
        upstream.get_mut().write_all(request.as_bytes())?;
        let head = read_head(&mut upstream)?;
        let length = header(&head, "content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        let mut answer = head.into_bytes();
        let start_of_body = answer.len();
        answer.resize(start_of_body + length, 0);
        upstream.read_exact(&mut answer[start_of_body..])?;
        client.get_mut().write_all(&answer)?;
        client.get_mut().flush()?;
    }
}

fn read_head(stream: &mut impl BufRead) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read_until(b'\n', &mut head)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    String::from_utf8(head).map_err(io::Error::other)
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let mut fields = head.lines().filter_map(|line| line.split_once(": "));
    fields.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}
