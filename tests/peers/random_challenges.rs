//! Random Digest challenges by a server in Python, which judges our answers by `hashlib` and by a parser of its own.

use std::env;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use atlas_export_buckets::digest::{Request, Session, UserCredentials};
use libtest_mimic::Trial;
use serde_json::Value;

use crate::support::process::{Process, find_program};
use crate::{Missing, trial};

const CASES: usize = 1_000;
/// With this variable set the cases are others: any text is a seed.
const SEED_VARIABLE: &str = "DIGEST_SEED";
const DEFAULT_SEED: &str = "7616";

const HASHES: &[&str] = if cfg!(feature = "sha2") { &["MD5", "SHA-256", "SHA-512-256"] } else { &["MD5"] };

pub fn trials() -> Vec<Trial> {
    vec![trial("hashlib_finds_every_answer_to_a_thousand_random_challenges_right", find, answer_all)]
}

/// A Python whose `hashlib` has every hash that we need.
struct Python {
    program: PathBuf,
}

fn find() -> Result<Python, Missing> {
    let Some(program) = find_program("python3") else {
        return Err(Missing::program("python3 is not installed; on Debian: apt-get install python3"));
    };
    for hash in ["md5", "sha256", "sha512_256"].iter().take(HASHES.len()) {
        let script = format!("import hashlib; hashlib.new({hash:?})");
        let output = Command::new(&program).args(["-c", &script]).output().unwrap();
        if !output.status.success() {
            return Err(Missing::program(format!("Python's hashlib has no {hash}: its OpenSSL lacks it")));
        }
    }
    Ok(Python { program })
}

fn answer_all(python: &Python) {
    let seed = env::var(SEED_VARIABLE).unwrap_or_else(|_| DEFAULT_SEED.into());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/random_challenges.py");
    let mut command = Command::new(&python.program);
    command.arg(script).args([&seed, &CASES.to_string()]).args(HASHES).stdout(Stdio::piped());
    let mut process = Process::start(&mut command).unwrap();
    let mut line = String::new();
    BufReader::new(process.stdout().unwrap()).read_line(&mut line).unwrap();
    let plan: Value = serde_json::from_str(&line).unwrap();
    let port = plan["port"].as_u64().unwrap().try_into().unwrap();
    let cases = plan["cases"].as_array().unwrap();
    assert_eq!(cases.len(), CASES);
    for (number, case) in cases.iter().enumerate() {
        if let Err(problem) = answer(port, case) {
            panic!("case {number} of {SEED_VARIABLE}={seed}: {problem}\n{case:#}");
        }
    }
}

/// Answers the challenge, and then authenticates a second request without another one.
fn answer(port: u16, case: &Value) -> Result<(), String> {
    let text = |name: &str| case[name].as_str().unwrap();
    let session = Session::new(UserCredentials::new(text("username"), text("password")));
    let request = Request { method: text("method"), uri: text("target"), body: text("body").as_bytes() };
    let mut connection = Connection::open(port);

    let mut attempt = session.authorize(&request).unwrap();
    let response = connection.exchange(&request, attempt.authorization());
    assert_eq!(response.status, 401);
    let challenges = response.values("WWW-Authenticate");
    attempt = session.answer_challenge(attempt, challenges, &request).map_err(|error| {
        let fields: Vec<_> = response.values("WWW-Authenticate").map(<[u8]>::escape_ascii).collect();
        format!("{error}: {fields:?}")
    })?;
    for sending in ["first", "second"] {
        let response = connection.exchange(&request, attempt.authorization());
        if response.status != 200 {
            return Err(format!("the {sending} answer: {}", String::from_utf8_lossy(&response.body)));
        }
        let info = response.values("Authentication-Info");
        session
            .record_success(attempt, &request, info, &response.body)
            .map_err(|error| format!("the response to the {sending} answer: {error}"))?;
        attempt = session.authorize(&request).unwrap();
    }
    Ok(())
}

/// A connection of our own, as `ureq` sends no header values beyond ASCII.
struct Connection(BufReader<TcpStream>);

struct Response {
    status: u16,
    headers: Vec<Vec<u8>>,
    body: Vec<u8>,
}

impl Connection {
    fn open(port: u16) -> Connection {
        let socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        Connection(BufReader::new(socket))
    }

    fn exchange(&mut self, request: &Request<'_>, authorization: Option<&[u8]>) -> Response {
        let Request { method, uri, body } = request;
        let mut message =
            format!("{method} {uri} HTTP/1.1\r\nContent-Length: {}\r\n", body.len()).into_bytes();
        if let Some(authorization) = authorization {
            message.extend([b"Authorization: ", authorization, b"\r\n"].concat());
        }
        message.extend([b"\r\n", *body].concat());
        self.0.get_mut().write_all(&message).unwrap();

        let status_line = String::from_utf8(self.line()).unwrap();
        let status = status_line.split(' ').nth(1).unwrap().parse().unwrap();
        let headers = std::iter::from_fn(|| Some(self.line()).filter(|line| !line.is_empty())).collect();
        let mut response = Response { status, headers, body: Vec::new() };
        let length = str::from_utf8(response.values("Content-Length").next().unwrap()).unwrap();
        response.body = vec![0; length.parse().unwrap()];
        self.0.read_exact(&mut response.body).unwrap();
        response
    }

    fn line(&mut self) -> Vec<u8> {
        let mut line = Vec::new();
        self.0.read_until(b'\n', &mut line).unwrap();
        line.strip_suffix(b"\r\n").unwrap().to_vec()
    }
}

impl Response {
    /// The values of all fields of this name, which is written as the server writes it.
    fn values(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let prefix = format!("{name}: ").into_bytes();
        self.headers.iter().filter_map(move |line| line.strip_prefix(prefix.as_slice()))
    }
}
