//! A client of a few lines, which hides nothing that a real one would smooth over.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine as _};

use crate::digest::HashFunction;
use crate::simulator::Simulator;

/// A connection that reads what comes until an answer is complete or the connection ends.
pub(super) struct RawClient {
    pub(super) stream: TcpStream,
}

/// How reading ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    Complete,
    Closed,
    Reset,
    TimedOut,
}

impl RawClient {
    pub(super) fn new(simulator: &Simulator) -> RawClient {
        let stream = TcpStream::connect(address(simulator)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        RawClient { stream }
    }

    /// Posts a form with Basic credentials.
    pub(super) fn post(&mut self, target: &str, pair: &str, form: &str) -> (String, End) {
        let basic = BASE64_STANDARD.encode(pair);
        let length = form.len();
        let request = format!(
            "POST {target} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {basic}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{form}"
        );
        self.stream.write_all(request.as_bytes()).unwrap();
        self.read()
    }

    /// Asks for an access token with the credentials of the first service account.
    pub(super) fn request_token(&mut self, simulator: &Simulator) -> (String, End) {
        let pair = format!("{}:{}", simulator.client_id(), simulator.client_secret());
        self.post("/api/oauth/token", &pair, "grant_type=client_credentials")
    }

    pub(super) fn send(&mut self, target: &str, fields: &str) -> (String, End) {
        let request = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n");
        self.stream.write_all(request.as_bytes()).unwrap();
        self.read()
    }

    pub(super) fn read(&mut self) -> (String, End) {
        let mut all = Vec::new();
        let mut chunk = [0; 4096];
        loop {
            let text = String::from_utf8_lossy(&all).into_owned();
            if is_complete(&text) {
                return (text, End::Complete);
            }
            match self.stream.read(&mut chunk) {
                Ok(0) => return (text, End::Closed),
                Ok(n) => all.extend_from_slice(&chunk[..n]),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return (text, End::Reset),
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
                    return (text, End::TimedOut);
                }
            }
            if all.len() > 1_000_000 {
                return (text, End::TimedOut);
            }
        }
    }

    /// Asks for a page with the whole exchange of challenge and answer.
    pub(super) fn page(&mut self, simulator: &Simulator, query: &str) -> (String, End) {
        let target = target(simulator, query);
        let (challenge, _) = self.send(&target, "");
        self.send(&target, &authorization(simulator, &target, &challenge, 1))
    }
}

fn is_complete(text: &str) -> bool {
    let text = text.trim_start_matches("HTTP/1.1 100 Continue\r\n\r\n");
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.split("content-length: ").nth(1);
    length.is_some_and(|rest| rest.lines().next().unwrap().parse() == Ok(body.len()))
}

pub(super) fn address(simulator: &Simulator) -> SocketAddr {
    simulator.base_url().trim_start_matches("http://").parse().unwrap()
}

pub(super) fn target(simulator: &Simulator, query: &str) -> String {
    let id = simulator.project_id();
    format!("/api/atlas/v1.0/groups/{id}/backup/exportBuckets{query}")
}

pub(super) fn authorization(simulator: &Simulator, target: &str, challenge: &str, nc: u32) -> String {
    let md5 = |text: String| {
        let hash = HashFunction::Md5.hash(&[text.as_bytes()]);
        String::from_utf8(hash.as_bytes().to_vec()).unwrap()
    };
    let nonce = challenge.split("nonce=\"").nth(1).unwrap().split('"').next().unwrap();
    let (user, password) = (simulator.public_key(), simulator.private_key());
    let ha1 = md5(format!("{user}:MMS Public API:{password}"));
    let ha2 = md5(format!("GET:{target}"));
    let response = md5(format!("{ha1}:{nonce}:{nc:08x}:c:auth:{ha2}"));
    format!(
        "Authorization: Digest username=\"{user}\", realm=\"MMS Public API\", nonce=\"{nonce}\", uri=\"{target}\", \
         algorithm=MD5, qop=auth, nc={nc:08x}, cnonce=\"c\", response=\"{response}\"\r\n"
    )
}

pub(super) fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or("none")
}
