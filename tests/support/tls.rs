//! TLS in front of the simulated Atlas, with certificates made on the fly.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use rcgen::{BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{HandshakeKind, ServerConfig, ServerConnection, Stream};

use atlas_export_buckets::simulator::Simulator;

/// A host that only a proxy knows.
pub const HOST: &str = "atlas.test";
/// An address that only a proxy can reach (RFC 5737).
pub const UNREACHABLE_ADDRESS: &str = "192.0.2.1";

/// A certificate authority of our own.
pub struct Authority {
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

/// What is wrong with a server's certificate, if anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    None,
    WrongName,
    Expired,
    NotYetValid,
    /// It is the certificate of a CA.
    IsCa,
}

impl Authority {
    pub fn new(name: &str) -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        Authority { certificate: params.self_signed(&key).unwrap(), issuer: Issuer::new(params, key) }
    }

    pub fn pem(&self) -> String {
        self.certificate.pem()
    }

    /// A server's configuration, with a certificate for 127.0.0.1 and the hosts behind a proxy.
    fn server_config(&self, flaw: Flaw) -> Arc<ServerConfig> {
        let names: &[_] = match flaw {
            Flaw::WrongName => &["elsewhere.invalid"],
            _ => &["127.0.0.1", HOST, UNREACHABLE_ADDRESS],
        };
        let names = names.iter().map(|name| (*name).to_owned());
        let mut params = CertificateParams::new(names.collect::<Vec<_>>()).unwrap();
        (params.not_before, params.not_after) = match flaw {
            Flaw::Expired => (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1)),
            Flaw::NotYetValid => (date_time_ymd(2999, 1, 1), date_time_ymd(3000, 1, 1)),
            Flaw::None | Flaw::WrongName | Flaw::IsCa => {
                (date_time_ymd(2020, 1, 1), date_time_ymd(2999, 1, 1))
            }
        };
        if flaw == Flaw::IsCa {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let builder = builder.unwrap().with_no_client_auth();
        Arc::new(builder.with_single_cert(vec![certificate.der().clone()], key).unwrap())
    }
}

/// How a front treats its connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conduct {
    Honest,
    /// The first connection is closed as soon as it has sent something.
    CloseFirstHandshake,
    /// The handshake is answered with `handshake_failure`.
    Alert,
    /// Nothing is ever answered.
    Silent,
    /// After so many answers, the encrypted stream comes at a byte a second.
    DripAfter(u64),
    /// The second answer is cut in its middle, without TLS's own end.
    CutSecondAnswer,
    /// Each connection is closed after its answer, which does not announce it.
    CloseAfterAnswer,
    /// The connection is closed, without TLS's own end, when its second request has come.
    CloseOnSecondRequest,
    /// The same for the first connection only, when its third request has come.
    CloseFirstOnThirdRequest,
}

/// Takes TLS off, and passes requests on to the simulated Atlas.
pub struct Front {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    config: Arc<ServerConfig>,
    upstream: String,
    conduct: Conduct,
    connections: AtomicU64,
    resumptions: AtomicU64,
    decrypted: AtomicU64,
    answers: AtomicU64,
}

impl Front {
    pub fn start(atlas: &Simulator, authority: &Authority, flaw: Flaw, conduct: Conduct) -> Front {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        Front::start_on(listener, atlas, authority, flaw, conduct)
    }

    pub fn start_on(
        listener: TcpListener,
        atlas: &Simulator,
        authority: &Authority,
        flaw: Flaw,
        conduct: Conduct,
    ) -> Front {
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            config: authority.server_config(flaw),
            upstream: atlas.base_url().trim_start_matches("http://").to_owned(),
            conduct,
            connections: AtomicU64::new(0),
            resumptions: AtomicU64::new(0),
            decrypted: AtomicU64::new(0),
            answers: AtomicU64::new(0),
        });
        let accepting = Arc::clone(&shared);
        // It ends with the process.
        thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                let shared = Arc::clone(&accepting);
                // An error is the client's going away.
                thread::spawn(move || _ = shared.serve(socket));
            }
        });
        Front { address, shared }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn base_url(&self) -> String {
        format!("https://{}", self.address)
    }

    pub fn connections(&self) -> u64 {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// How many connections resumed a TLS session.
    pub fn resumptions(&self) -> u64 {
        self.shared.resumptions.load(Ordering::SeqCst)
    }

    /// How many bytes came in under TLS.
    pub fn decrypted(&self) -> u64 {
        self.shared.decrypted.load(Ordering::SeqCst)
    }
}

impl Shared {
    fn serve(&self, mut socket: TcpStream) -> io::Result<()> {
        let number = self.connections.fetch_add(1, Ordering::SeqCst);
        match self.conduct {
            Conduct::CloseFirstHandshake if number == 0 => {
                return read_hello(&mut socket).map(drop);
            }
            Conduct::Alert => {
                read_hello(&mut socket)?;
                return socket.write_all(&[21, 3, 3, 0, 2, 2, 40]);
            }
            Conduct::Silent => return io::copy(&mut socket, &mut io::sink()).map(drop),
            _ => {}
        }
        let mut upstream = TcpStream::connect(&self.upstream)?;
        let mut tls = ServerConnection::new(Arc::clone(&self.config)).unwrap();
        for request_number in 1.. {
            let drips =
                matches!(self.conduct, Conduct::DripAfter(n) if n <= self.answers.load(Ordering::SeqCst));
            let mut dripping = Dripping { socket: &mut socket, drips };
            let mut stream = Stream::new(&mut tls, &mut dripping);
            let request = read_message(&mut Counting { stream: &mut stream, count: &self.decrypted })?;
            // Before the answer, so that whoever has the answer sees the count.
            if request_number == 1 && stream.conn.handshake_kind() == Some(HandshakeKind::Resumed) {
                self.resumptions.fetch_add(1, Ordering::SeqCst);
            }
            match self.conduct {
                Conduct::CloseOnSecondRequest if request_number == 2 => return Ok(()),
                Conduct::CloseFirstOnThirdRequest if (number, request_number) == (0, 3) => return Ok(()),
                _ => {}
            }
            upstream.write_all(&request)?;
            let answer = read_message(&mut upstream)?;
            if self.answers.fetch_add(1, Ordering::SeqCst) == 1 && self.conduct == Conduct::CutSecondAnswer {
                return stream.write_all(&answer[..answer.len() / 2]);
            }
            stream.write_all(&answer)?;
            if self.conduct == Conduct::CloseAfterAnswer {
                tls.send_close_notify();
                return tls.write_tls(&mut socket).map(drop);
            }
        }
        Ok(())
    }
}

/// A socket that may send one byte a second.
struct Dripping<'a> {
    socket: &'a mut TcpStream,
    drips: bool,
}

impl Read for Dripping<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.socket.read(buffer)
    }
}

impl Write for Dripping<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.drips {
            return self.socket.write(bytes);
        }
        thread::sleep(Duration::from_secs(1));
        self.socket.write(&bytes[..bytes.len().min(1)])
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}

const END_OF_HEAD: &[u8] = b"\r\n\r\n";

/// Reads what a client sends first, so that closing does not reset. It fits into one packet.
fn read_hello(socket: &mut TcpStream) -> io::Result<usize> {
    socket.read(&mut [0; 16 * 1024])
}

/// A request or a response, with the body that its `Content-Length` announces.
fn read_message(stream: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut message = Vec::new();
    while !message.ends_with(END_OF_HEAD) {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        message.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&message).to_ascii_lowercase();
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body)?;
    message.extend_from_slice(&body);
    Ok(message)
}

/// Counts the bytes that are read, as they come.
struct Counting<'a, R> {
    stream: &'a mut R,
    count: &'a AtomicU64,
}

impl<R: Read> Read for Counting<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.stream.read(buffer)?;
        self.count.fetch_add(length as u64, Ordering::SeqCst);
        Ok(length)
    }
}
