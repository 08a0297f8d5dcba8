//! A proxy that relays: HTTP's `CONNECT`, SOCKS 4 and 4a, and SOCKS 5 (RFC 1928, RFC 1929).

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A proxy that connects to one server, whatever host is asked for.
pub struct RelayingProxy {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
}

impl RelayingProxy {
    pub fn start(server: SocketAddr) -> RelayingProxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let proxy = RelayingProxy { address, requests: Arc::clone(&requests) };
        // It ends with the process.
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let requests = Arc::clone(&requests);
                // An error means that the client went away.
                thread::spawn(move || _ = serve(&client, server, &requests));
            }
        });
        proxy
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What was asked for: `PROTOCOL HOST:PORT`, and the credentials, if there were any.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

type Client<'a> = BufReader<&'a TcpStream>;

fn serve(socket: &TcpStream, server: SocketAddr, requests: &Mutex<Vec<String>>) -> io::Result<()> {
    let mut client = BufReader::new(socket);
    let version = client.fill_buf()?.first().copied();
    let (request, answer) = match version {
        Some(4) => (read_socks4(&mut client)?, &b"\0\x5a\0\0\0\0\0\0"[..]),
        Some(5) => (read_socks5(&mut client)?, &b"\x05\0\0\x01\0\0\0\0\0\0"[..]),
        _ => (read_connect(&mut client)?, &b"HTTP/1.1 200 OK\r\n\r\n"[..]),
    };
    requests.lock().unwrap().push(request);
    let server = TcpStream::connect(server)?;
    client.get_mut().write_all(answer)?;
    thread::scope(|scope| {
        scope.spawn(|| {
            _ = io::copy(&mut &server, &mut &*socket);
            _ = socket.shutdown(Shutdown::Write);
        });
        io::copy(&mut client, &mut &server)?;
        server.shutdown(Shutdown::Write)
    })
}

fn read_connect(client: &mut Client<'_>) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && client.read_until(b'\n', &mut head)? > 0 {}
    let head = String::from_utf8_lossy(&head);
    let target = head.lines().next().and_then(|line| line.strip_suffix(" HTTP/1.1"));
    let fields = head.lines().filter_map(|line| line.split_once(": "));
    let mut credentials = fields.filter(|(name, _)| name.eq_ignore_ascii_case("proxy-authorization"));
    let credentials = credentials.next().map(|(_, value)| value);
    Ok([target, credentials].into_iter().flatten().collect::<Vec<_>>().join(" "))
}

fn read_socks4(client: &mut Client<'_>) -> io::Result<String> {
    let [_version, _connect, port_high, port_low, address @ ..] = read::<8>(client)?;
    let port = u16::from_be_bytes([port_high, port_low]);
    let _user_id = read_text(client)?;
    // SOCKS 4a: after an address 0.0.0.x comes a host name.
    let host = match address {
        [0, 0, 0, 1..=255] => read_text(client)?,
        address => Ipv4Addr::from(address).to_string(),
    };
    Ok(format!("SOCKS4 {host}:{port}"))
}

/// Text that ends in a zero byte.
fn read_text(client: &mut Client<'_>) -> io::Result<String> {
    let mut text = Vec::new();
    client.read_until(0, &mut text)?;
    Ok(String::from_utf8_lossy(&text).trim_end_matches('\0').to_owned())
}

fn read_socks5(client: &mut Client<'_>) -> io::Result<String> {
    /// Methods of authentication.
    const NONE: u8 = 0;
    const PASSWORD: u8 = 2;
    let [_version, count] = read(client)?;
    let mut methods = vec![0; count.into()];
    client.read_exact(&mut methods)?;
    let mut credentials = String::new();
    if methods.contains(&PASSWORD) {
        client.get_mut().write_all(&[5, PASSWORD])?;
        let [_version] = read(client)?;
        credentials = format!(" {}:{}", read_counted_text(client)?, read_counted_text(client)?);
        client.get_mut().write_all(&[1, 0])?;
    } else {
        client.get_mut().write_all(&[5, NONE])?;
    }
    let [_version, _connect, _reserved, kind] = read(client)?;
    let host = match kind {
        1 => Ipv4Addr::from(read::<4>(client)?).to_string(),
        3 => read_counted_text(client)?,
        kind => return Err(io::Error::other(format!("an address of kind {kind}"))),
    };
    let port = u16::from_be_bytes(read(client)?);
    Ok(format!("SOCKS5 {host}:{port}{credentials}"))
}

/// Text that follows its length.
fn read_counted_text(client: &mut Client<'_>) -> io::Result<String> {
    let [length] = read(client)?;
    let mut text = vec![0; length.into()];
    client.read_exact(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

fn read<const N: usize>(client: &mut Client<'_>) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    client.read_exact(&mut bytes)?;
    Ok(bytes)
}
