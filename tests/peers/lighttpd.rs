//! lighttpd, `mod_auth`: MD5, SHA-256 and SHA-512-256, `userhash`, `stale` and `nextnonce`.

use std::path::PathBuf;
use std::process::Command;

use atlas_export_buckets::digest::{self, Basis, HashFunction};
use libtest_mimic::Trial;

use crate::raw_exchange::RawExchange;
use crate::support::process::find_program;
use crate::web_server::{
    LOG_FORMAT, PATH, REALM, USER, WebServer, assert_that_a_wrong_password_is_refused_by,
    assert_that_we_list_from, htdigest_line,
};
use crate::{Missing, trial};

/// What lighttpd is told to challenge with.
#[derive(Clone, Copy)]
struct Variant {
    algorithm: &'static str,
    hash: HashFunction,
    userhash: bool,
}

const MD5: Variant = Variant { algorithm: "MD5", hash: HashFunction::Md5, userhash: false };

const VARIANTS: &[(&str, Variant)] = &[
    ("md5", MD5),
    ("md5_with_userhash", Variant { userhash: true, ..MD5 }),
    #[cfg(feature = "sha2")]
    ("sha_256", SHA_256),
    #[cfg(feature = "sha2")]
    ("sha_256_with_userhash", Variant { userhash: true, ..SHA_256 }),
    #[cfg(feature = "sha2")]
    ("sha_512_256", SHA_512_256),
    #[cfg(feature = "sha2")]
    ("sha_512_256_with_userhash", Variant { userhash: true, ..SHA_512_256 }),
];

#[cfg(feature = "sha2")]
const SHA_256: Variant = Variant { algorithm: "SHA-256", hash: HashFunction::Sha256, userhash: false };
#[cfg(feature = "sha2")]
const SHA_512_256: Variant =
    Variant { algorithm: "SHA-512-256", hash: HashFunction::Sha512_256, userhash: false };

pub fn trials() -> Vec<Trial> {
    let mut trials = vec![
        trial("a_nonce_that_lighttpd_replaces_by_nextnonce_is_not_used_again", find, follows_nextnonce),
        trial("a_nonce_that_lighttpd_finds_too_old_is_told_from_a_wrong_password", find, tells_stale),
    ];
    for &(name, variant) in VARIANTS {
        trials.push(trial(
            format!("lighttpd_gives_all_pages_for_one_challenge_by_{name}"),
            find,
            move |lighttpd: &Lighttpd| assert_that_we_list_from(&lighttpd.start(variant)),
        ));
        trials.push(trial(
            format!("a_wrong_password_is_refused_by_lighttpd_after_two_requests_by_{name}"),
            find,
            move |lighttpd: &Lighttpd| {
                assert_that_a_wrong_password_is_refused_by(&lighttpd.start(variant));
            },
        ));
    }
    trials
}

/// An installed lighttpd.
struct Lighttpd {
    program: PathBuf,
}

fn find() -> Result<Lighttpd, Missing> {
    /// The oldest that these tests are known to work with.
    const OLDEST: [u32; 3] = [1, 4, 69];
    let Some(program) = find_program("lighttpd") else {
        return Err(Missing::program("lighttpd is not installed; on Debian: apt-get install lighttpd"));
    };
    let output = Command::new(&program).arg("-v").output().unwrap();
    let output = String::from_utf8_lossy(&output.stdout);
    // "lighttpd/1.4.69 (ssl) - a light and fast webserver"
    let version = output.split(['/', ' ']).nth(1).unwrap_or_default();
    let numbers: Vec<u32> = version.split('.').map_while(|number| number.parse().ok()).collect();
    if numbers[..] < OLDEST[..] {
        return Err(Missing::program(format!("lighttpd is of version {version}; 1.4.69 or later is needed")));
    }
    Ok(Lighttpd { program })
}

impl Lighttpd {
    fn start(&self, variant: Variant) -> WebServer {
        WebServer::start(|dir, port| {
            let Variant { algorithm, hash, userhash } = variant;
            let mut htdigest = htdigest_line(hash);
            if userhash {
                let hash = hash.hash(&[USER.as_bytes(), b":", REALM.as_bytes()]);
                htdigest = format!("{htdigest}:{}", str::from_utf8(hash.as_bytes()).unwrap());
            }
            dir.write("htdigest", htdigest + "\n");
            let userhash = if userhash { "enable" } else { "disable" };
            let dir_path = dir.path().display();
            let config = dir.write(
                "lighttpd.conf",
                // A log that goes to a program is not buffered.
                format!(
                    r#"server.bind = "127.0.0.1"
server.port = {port}
server.document-root = "{dir_path}/pages"
server.errorlog = "{dir_path}/error.log"
server.modules = ("mod_rewrite", "mod_auth", "mod_authn_file", "mod_accesslog")
accesslog.filename = "|cat >> {dir_path}/access.log"
accesslog.format = "{LOG_FORMAT}"
url.rewrite-once = ("^{PATH}\?pageNum=([0-9]+)&" => "/page-$1.json")
auth.backend = "htdigest"
auth.backend.htdigest.userfile = "{dir_path}/htdigest"
auth.require = ("" => (
    "method" => "digest",
    "algorithm" => "{algorithm}",
    "userhash" => "{userhash}",
    "realm" => "{REALM}",
    "require" => "valid-user"
))
"#
                ),
            );
            let mut command = Command::new(&self.program);
            // -D: in the foreground.
            command.arg("-D").arg("-f").arg(config);
            command
        })
    }
}

/// Nine minutes: lighttpd then still takes a nonce, and hands out the next one.
const OLD: u64 = 9 * 60 + 20;
/// Ten minutes: lighttpd takes a nonce no longer.
const TOO_OLD: u64 = 10 * 60 + 20;

fn follows_nextnonce(lighttpd: &Lighttpd) {
    let server = lighttpd.start(MD5);
    let exchange = RawExchange::with(&server);
    let attempt = exchange.authorize();
    let challenge = exchange.send(&attempt).www_authenticate.unwrap();
    let attempt = exchange.answer_challenge(attempt, &made_older(&challenge, OLD)).unwrap();
    let answer = exchange.send(&attempt);
    let info = answer.authentication_info.unwrap();
    let next_nonce = info.strip_prefix("nextnonce=\"").and_then(|rest| rest.strip_suffix('"')).unwrap();
    assert_eq!((answer.status, exchange.record_success(attempt, &info)), (200, Ok(())));

    let attempt = exchange.authorize();
    assert_eq!(attempt.basis(), Basis::Reused);
    let authorization = String::from_utf8(attempt.authorization().unwrap().to_vec()).unwrap();
    assert!(authorization.contains(&format!("nonce=\"{next_nonce}\"")), "{authorization}");
    assert!(authorization.contains("nc=00000001"), "{authorization}");
    assert_eq!(exchange.send(&attempt).status, 200);
}

fn tells_stale(lighttpd: &Lighttpd) {
    let server = lighttpd.start(MD5);
    let exchange = RawExchange::with(&server);
    let attempt = exchange.authorize();
    let challenge = exchange.send(&attempt).www_authenticate.unwrap();
    let attempt = exchange.answer_challenge(attempt, &made_older(&challenge, TOO_OLD)).unwrap();
    let answer = exchange.send(&attempt);
    let refusal = exchange.answer_challenge(attempt, &answer.www_authenticate.unwrap());
    assert_eq!((answer.status, refusal.unwrap_err()), (401, digest::Error::Refused { stale: true }));
}

/// The challenge as lighttpd would have sent it so many seconds ago: its nonces begin with the time, in hexadecimal.
fn made_older(challenge: &str, seconds: u64) -> String {
    let (before, nonce) = challenge.split_once("nonce=\"").unwrap();
    let (time, rest) = nonce.split_once(':').unwrap();
    let time = u64::from_str_radix(time, 16).unwrap() - seconds;
    format!("{before}nonce=\"{time:x}:{rest}")
}
