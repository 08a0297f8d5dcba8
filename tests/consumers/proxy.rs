//! A proxy as companies have it: it lets `CONNECT` through and knows where to.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

pub struct Proxy {
    address: SocketAddr,
    destinations: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    pub fn start() -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Proxy { address: listener.local_addr().unwrap(), destinations: Arc::default() };
        let destinations = Arc::clone(&proxy.destinations);
        // It ends with the process.
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let destinations = Arc::clone(&destinations);
                // An error is the client's going away.
                thread::spawn(move || _ = serve(&client, &destinations));
            }
        });
        proxy
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where the clients wanted to go, one by one.
    pub fn destinations(&self) -> Vec<String> {
        self.destinations.lock().unwrap().clone()
    }
}

fn serve(client: &TcpStream, destinations: &Mutex<Vec<String>>) -> io::Result<()> {
    let mut reader = BufReader::new(client);
    let mut request = String::new();
    reader.read_line(&mut request)?;
    let mut field = String::new();
    while reader.read_line(&mut field)? > 2 {
        field.clear();
    }
    let destination = request.split(' ').nth(1).unwrap_or_default().to_owned();
    destinations.lock().unwrap().push(destination.clone());
    let server = TcpStream::connect(destination)?;
    let (mut to_client, mut to_server) = (client, &server);
    to_client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
    thread::scope(|scope| {
        scope.spawn(|| io::copy(&mut &server, &mut to_client));
        io::copy(&mut reader, &mut to_server)?;
        server.shutdown(std::net::Shutdown::Write)
    })
}
