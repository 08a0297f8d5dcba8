//! Which proxy the environment names: judged by curl, form by form, with real listeners in the place of proxies.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use libtest_mimic::Trial;

use crate::support::faults::run_all;
use crate::support::process::find_program;
use crate::support::program::{Program, program};
use crate::{Missing, trial};

pub fn trials() -> Vec<Trial> {
    let find = || find_program("curl").map(|_| ()).ok_or_else(|| Missing::program("curl is not installed"));
    vec![
        trial("the_proxy_is_the_one_that_curl_takes", find, |()| the_proxy_is_the_one_that_curl_takes()),
        trial("a_proxys_address_and_port_are_those_that_curl_takes", find, |()| {
            a_proxys_address_and_port_are_those_that_curl_takes();
        }),
        trial("connect_says_who_asks", find, |()| connect_says_who_asks()),
        trial("a_proxy_may_have_an_address_of_ipv6", find_ipv6, |()| a_proxy_may_have_an_address_of_ipv6()),
    ]
}

/// Many containers have no IPv6.
fn find_ipv6() -> Result<(), Missing> {
    let missing = |error| Missing { what: format!("no IPv6 on this machine: {error}"), is_due_in_ci: false };
    TcpListener::bind("[::1]:0").map(|_| ()).map_err(missing)
}

/// A listener in the place of a proxy, which tells what came and refuses.
struct Proxy {
    address: SocketAddr,
    heads: Receiver<String>,
}

impl Proxy {
    fn start(status: &'static str) -> Proxy {
        Proxy::start_at("127.0.0.1:0", status)
    }

    fn start_at(address: &str, status: &'static str) -> Proxy {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, heads) = channel();
        // It ends with the process.
        thread::spawn(move || {
            for mut socket in listener.incoming().map_while(Result::ok) {
                let mut head = Vec::new();
                let mut chunk = [0; 1024];
                while !head.ends_with(b"\r\n\r\n") && !matches!(head.first(), Some(4 | 5)) {
                    match socket.read(&mut chunk) {
                        Ok(length) if length > 0 => head.extend_from_slice(&chunk[..length]),
                        _ => break,
                    }
                }
                let _ = sender.send(String::from_utf8_lossy(&head).into_owned());
                let _ = write!(socket, "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            }
        });
        Proxy { address, heads }
    }

    /// What a proxy was asked for: the first line and the credentials, or the version of SOCKS.
    fn contacts(&self) -> Vec<String> {
        let summary = |head: String| match head.as_bytes().first() {
            Some(4) => "SOCKS4".to_owned(),
            Some(5) => "SOCKS5".to_owned(),
            _ => {
                let credentials =
                    head.lines().find(|line| line.to_ascii_lowercase().starts_with("proxy-auth"));
                let line = head.lines().next().unwrap_or_default().to_owned();
                credentials.map_or(line.clone(), |credentials| format!("{line}, {credentials}"))
            }
        };
        self.heads.try_iter().map(summary).collect()
    }
}

/// What is expected of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    /// The same as of curl.
    Same,
    /// No proxy, although curl takes one.
    Direct,
    /// Exit status 2 with nothing sent, whatever curl does.
    Refused,
}
use Expected::{Direct, Refused, Same};

type Case = (&'static str, &'static [(&'static str, &'static str)], Expected);

/// The host, the variables, and what is expected. `{A}` and `{B}` stand for the addresses of two proxies.
const CASES: &[Case] = &[
    ("cloud.example", &[], Same),
    // Which variable.
    ("cloud.example", &[("https_proxy", "http://{A}"), ("HTTPS_PROXY", "http://{B}")], Same),
    ("cloud.example", &[("HTTPS_PROXY", "http://{B}")], Same),
    ("cloud.example", &[("https_proxy", ""), ("HTTPS_PROXY", "http://{B}")], Same),
    ("cloud.example", &[("all_proxy", "http://{A}"), ("ALL_PROXY", "http://{B}")], Same),
    ("cloud.example", &[("ALL_PROXY", "http://{A}"), ("HTTPS_PROXY", "http://{B}")], Same),
    ("cloud.example", &[("http_proxy", "http://{A}"), ("HTTP_PROXY", "http://{A}")], Same),
    (
        "cloud.example",
        &[("https_proxy", "http://{A}"), ("no_proxy", ""), ("NO_PROXY", "cloud.example")],
        Same,
    ),
    (
        "cloud.example",
        &[("https_proxy", "http://{A}"), ("no_proxy", "other"), ("NO_PROXY", "cloud.example")],
        Same,
    ),
    // In which form.
    ("cloud.example", &[("https_proxy", "{A}")], Same),
    ("cloud.example", &[("https_proxy", "HTTP://{A}")], Same),
    ("cloud.example", &[("https_proxy", "http://{A}/")], Same),
    ("cloud.example", &[("https_proxy", "http://{A}/path?query")], Same),
    ("cloud.example", &[("https_proxy", "http://user:pass@{A}")], Same),
    ("cloud.example", &[("https_proxy", "user:pass@{A}")], Same),
    ("cloud.example", &[("https_proxy", "http://us%40er:p%3Ass%25@{A}")], Same),
    ("cloud.example", &[("https_proxy", "http://user@{A}")], Same),
    ("cloud.example", &[("https_proxy", "http://proxy.invalid:99999")], Refused),
    ("cloud.example", &[("https_proxy", "http://127.0.0.1:0x50")], Refused),
    ("cloud.example", &[("https_proxy", "htp://{A}")], Refused),
    ("cloud.example", &[("https_proxy", "socks://{A}")], Refused),
    // SOCKS.
    ("192.0.2.1", &[("https_proxy", "socks4://{A}")], Same),
    ("192.0.2.1", &[("https_proxy", "socks5://{A}")], Same),
    ("cloud.example", &[("https_proxy", "socks4a://{A}")], Same),
    ("cloud.example", &[("all_proxy", "socks5h://{A}")], Same),
    // Which hosts are excluded.
    ("cloud.example", &[("https_proxy", "http://{A}"), ("no_proxy", "cloud.example")], Same),
    ("cloud.example", &[("https_proxy", "http://{A}"), ("no_proxy", "CLOUD.EXAMPLE")], Same),
    ("CLOUD.EXAMPLE", &[("https_proxy", "http://{A}"), ("no_proxy", "cloud.example")], Same),
    ("cloud.example", &[("https_proxy", "http://{A}"), ("no_proxy", "example")], Same),
    ("cloud.example", &[("https_proxy", "http://{A}"), ("no_proxy", ".example")], Same),
    ("cloud.example", &[("https_proxy", "http://{A}"), ("no_proxy", ".cloud.example")], Same),
    ("cloud.example", &[("https_proxy", "http://{A}"), ("no_proxy", "cloud.example.")], Same),
    ("cloud.example.", &[("https_proxy", "http://{A}"), ("no_proxy", "cloud.example")], Same),
    ("cloud.example", &[("https_proxy", "http://{A}"), ("no_proxy", "localhost, cloud.example")], Same),
    ("cloud.example", &[("https_proxy", "http://{A}"), ("no_proxy", " cloud.example")], Same),
    ("cloud.example", &[("https_proxy", "http://{A}"), ("no_proxy", "localhost cloud.example")], Same),
    ("cloud.example", &[("https_proxy", "http://{A}"), ("no_proxy", "*")], Same),
    ("cloud.example", &[("https_proxy", "http://{A}"), ("no_proxy", "*,other")], Same),
    ("cloud.example", &[("https_proxy", "http://{A}"), ("no_proxy", "cloud.example,")], Same),
    ("cloud.example", &[("https_proxy", "http://{A}"), ("no_proxy", "other, example")], Same),
    ("cloud.example", &[("https_proxy", "http://{A}"), ("no_proxy", "example.")], Same),
    ("cloud.example", &[("https_proxy", "http://{A}"), ("no_proxy", "ample")], Same),
    ("cloud.example", &[("https_proxy", "http://{A}"), ("no_proxy", "xcloud.example")], Same),
    ("cloud.example", &[("https_proxy", "http://{A}"), ("no_proxy", "cloud.example:443")], Same),
    ("cloud.example", &[("https_proxy", "http://{A}"), ("no_proxy", "a;cloud.example")], Same),
    ("cloud.example", &[("https_proxy", "http://{A}"), ("no_proxy", "..example")], Same),
    ("cloud.example", &[("https_proxy", "http://{A}"), ("NO_PROXY", "cloud.example")], Same),
    // curl does not know it; who writes it means `.example`, as Go has it.
    ("cloud.example", &[("https_proxy", "http://{A}"), ("no_proxy", "*.example")], Direct),
    ("192.0.2.1", &[("https_proxy", "http://{A}"), ("no_proxy", "192.0.2.1")], Same),
    ("192.0.2.1", &[("https_proxy", "http://{A}"), ("no_proxy", "192.0.2.0/24")], Same),
    ("192.0.2.1", &[("https_proxy", "http://{A}"), ("no_proxy", "192.0.2.0/33")], Same),
    ("192.0.2.1", &[("https_proxy", "http://{A}"), ("no_proxy", "198.51.100.0/24")], Same),
    ("192.0.2.1", &[("https_proxy", "http://{A}"), ("no_proxy", "192.0.2.")], Same),
    // curl 7.88 matches blocks of IPv4 only.
    ("[2001:db8::1]", &[("https_proxy", "http://{A}"), ("no_proxy", "2001:db8::/32")], Direct),
    ("[2001:db8::1]", &[("https_proxy", "http://{A}"), ("no_proxy", "2001:db8::1")], Same),
    ("[2001:db8::1]", &[("https_proxy", "http://{A}")], Same),
];

fn the_proxy_is_the_one_that_curl_takes() {
    let problems = run_all(CASES.to_vec(), 4, |(host, variables, expected)| {
        let name = format!("{host} {variables:?}");
        let (curl, _) = contacts(variables, |variables| {
            curl(host).envs(variables.iter().cloned()).status().unwrap().code()
        });
        let (ours, status) = contacts(variables, |variables| {
            let mut list = list(host);
            for (name, value) in variables {
                list.env(name, value);
            }
            list.run().status
        });
        let is_right = match expected {
            Same => ours == curl && status == Some(6),
            Direct => ours.is_empty() && !curl.is_empty() && status == Some(6),
            Refused => ours.is_empty() && status == Some(2),
        };
        if is_right {
            Vec::new()
        } else {
            vec![format!("{name}: curl {curl:?}, ours {ours:?}, status {status:?}")]
        }
    });
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

/// curl, to ask this host for something.
fn curl(host: &str) -> Command {
    let mut command = Command::new("curl");
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap());
    command.args(["-s", "--max-time", "2"]).arg(format!("https://{host}/"));
    command
}

/// The program, to list from this host.
fn list(host: &str) -> Program {
    let mut program = program();
    program
        .args(["list", "--project-id", "32b6e34b3d91647abb20e7b8", "--retries", "0", "--timeout", "2"])
        .args(["--base-url", &format!("https://{host}")])
        .key("public", "private");
    program
}

/// Nobody listens there, but both say where they connect to.
fn a_proxys_address_and_port_are_those_that_curl_takes() {
    let without_brackets = |address: &str| address.replace(['[', ']'], "");
    for (proxy, expected) in [
        ("127.77.0.1", "127.77.0.1:1080"),
        ("http://127.77.0.1", "127.77.0.1:1080"),
        ("https://127.77.0.1", "127.77.0.1:443"),
        ("HTTPS://127.77.0.1/", "127.77.0.1:443"),
        ("socks4://127.77.0.1", "127.77.0.1:1080"),
        ("socks4a://127.77.0.1", "127.77.0.1:1080"),
        ("socks5://127.77.0.1", "127.77.0.1:1080"),
        ("socks5h://127.77.0.1", "127.77.0.1:1080"),
        ("http://127.77.0.1:080", "127.77.0.1:80"),
        ("http://user:pa:ss@127.77.0.1", "127.77.0.1:1080"),
        ("[::1]", "::1:1080"),
        ("[::1]:3128", "::1:3128"),
        ("http://[::1]:3128", "::1:3128"),
        ("http://user:pa:ss@[::1]:3128", "::1:3128"),
        ("https://[::1]", "::1:443"),
        ("socks5://[::1]", "::1:1080"),
        ("socks5h://[::1]:3128", "::1:3128"),
    ] {
        let output = curl("192.0.2.1").arg("-v").env("https_proxy", proxy).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        let tried = told.lines().find_map(|line| line.split_once(" Trying ")?.1.strip_suffix("..."));
        assert_eq!(tried.map(without_brackets).as_deref(), Some(expected), "{proxy}: {told}");
        let run = list("192.0.2.1").args(["-v"]).env("https_proxy", proxy).run();
        let told = run.stderr.lines().find_map(|line| line.split_once(": proxy: ")?.1.split_once("://"));
        assert_eq!(told.map(|(_, address)| without_brackets(address)).as_deref(), Some(expected), "{proxy}");
        assert_eq!(run.status, Some(6), "{proxy}: {run:?}");
    }
}

/// Runs something with these variables. Returns which proxy was asked for what, and how it ended.
fn contacts(
    variables: &[(&str, &str)],
    run: impl FnOnce(&[(String, String)]) -> Option<i32>,
) -> (Vec<String>, Option<i32>) {
    let (a, b) = (Proxy::start("502 Bad Gateway"), Proxy::start("502 Bad Gateway"));
    let with_address =
        |value: &str| value.replace("{A}", &a.address.to_string()).replace("{B}", &b.address.to_string());
    let is_address = |name: &str| !name.eq_ignore_ascii_case("no_proxy");
    let variables: Vec<(String, String)> = variables
        .iter()
        .map(|(name, value)| {
            let value = if is_address(name) { with_address(value) } else { (*value).to_owned() };
            ((*name).to_owned(), value)
        })
        .collect();
    let status = run(&variables);
    let of = |name: &str, proxy: &Proxy| {
        proxy.contacts().into_iter().map(|contact| format!("{name}: {contact}")).collect::<Vec<_>>()
    };
    ([of("A", &a), of("B", &b)].concat(), status)
}

/// CONNECT has our User-Agent; a proxy that wants credentials is told of, by name and without its password.
fn connect_says_who_asks() {
    let proxy = Proxy::start("407 Proxy Authentication Required");
    let url = format!("http://user:s3cret@{}", proxy.address);
    let run = list("cloud.example").args(["-v"]).env("https_proxy", &url).run();
    let head = proxy.heads.try_iter().next().unwrap();
    let user_agent = format!("User-Agent: atlas-export-buckets/{}\r\n", env!("CARGO_PKG_VERSION"));
    assert!(
        head.starts_with("CONNECT cloud.example:443 HTTP/1.1\r\n") && head.contains(&user_agent),
        "{head}"
    );
    assert_eq!(run.status, Some(6), "{run:?}");
    let shown = format!("through the proxy http://{}", proxy.address);
    assert!(run.stderr.contains(&shown) && run.stderr.contains("credentials in its URL"), "{}", run.stderr);
    assert!(!run.stderr.contains("s3cret"), "{}", run.stderr);
}

fn a_proxy_may_have_an_address_of_ipv6() {
    for (scheme, expected) in [("http", "CONNECT cloud.example:443 HTTP/1.1"), ("socks5h", "SOCKS5")] {
        let proxy = Proxy::start_at("[::1]:0", "502 Bad Gateway");
        let run = list("cloud.example").env("https_proxy", format!("{scheme}://{}", proxy.address)).run();
        assert_eq!((proxy.contacts(), run.status), (vec![expected.to_owned()], Some(6)), "{scheme}");
    }
}
