//! curl and Python's requests list from the simulated Atlas, and get byte for byte what we and our program get.

use std::path::PathBuf;
use std::process::Command;

use atlas_export_buckets::digest::{Algorithm, HashFunction};
use atlas_export_buckets::simulator::{DigestOffer, Rejection, Simulator, sample_buckets};
use libtest_mimic::Trial;

use crate::support::process::find_program;
use crate::support::program::program;
use crate::support::{client_builder, project};
use crate::{Missing, trial};

const BUCKETS: usize = 12;
const ITEMS_PER_PAGE: u32 = 5;

/// What the simulated Atlas challenges with, and which client can answer that.
struct Variant {
    name: &'static str,
    challenge: fn() -> DigestOffer,
    /// Python's requests knows no SHA-256-sess, no userhash and no quoted pairs.
    requests_can: bool,
}

const VARIANTS: &[Variant] = &[
    Variant { name: "as_atlas_challenges", challenge: DigestOffer::default, requests_can: true },
    Variant { name: "by_md5_sess", challenge: || by(HashFunction::Md5, true), requests_can: true },
    #[cfg(feature = "sha2")]
    Variant { name: "by_sha_256", challenge: || by(HashFunction::Sha256, false), requests_can: true },
    #[cfg(feature = "sha2")]
    Variant { name: "by_sha_256_sess", challenge: || by(HashFunction::Sha256, true), requests_can: false },
    Variant {
        name: "without_algorithm",
        challenge: || DigestOffer::default().algorithms([]),
        requests_can: true,
    },
    Variant {
        name: "without_qop_as_in_rfc_2069",
        challenge: || DigestOffer::default().algorithms([]).qop([]),
        requests_can: true,
    },
    Variant {
        name: "with_opaque",
        challenge: || DigestOffer::default().opaque("op/aque=="),
        requests_can: true,
    },
    Variant {
        name: "with_a_quoted_realm",
        challenge: || DigestOffer::default().realm(r#"a "quoted" \ realm"#),
        requests_can: false,
    },
    Variant {
        name: "with_userhash",
        challenge: || by(HashFunction::Md5, false).userhash(true),
        requests_can: false,
    },
];

fn by(hash: HashFunction, session: bool) -> DigestOffer {
    DigestOffer::default().algorithms([Algorithm { hash, session }])
}

pub fn trials() -> Vec<Trial> {
    let mut trials = vec![
        trial(
            "curl_with_a_wrong_key_is_refused_for_its_response",
            find_curl,
            is_refused_with_a_wrong_key::<Curl>,
        ),
        trial(
            "requests_with_a_wrong_key_is_refused_for_its_response",
            find_requests,
            is_refused_with_a_wrong_key::<Requests>,
        ),
    ];
    for &Variant { name, challenge, requests_can } in VARIANTS {
        trials.push(trial(format!("curl_gets_what_we_get_{name}"), find_curl, move |curl: &Curl| {
            gets_what_we_get(curl, challenge());
        }));
        if requests_can {
            trials.push(trial(
                format!("requests_gets_what_we_get_{name}"),
                find_requests,
                move |requests: &Requests| gets_what_we_get(requests, challenge()),
            ));
        }
    }
    trials
}

/// A client that others wrote.
trait Peer {
    /// The command that gets the URLs as this user and prints the bodies, one after the other.
    fn command(&self, user: &str, password: &str) -> Command;
}

struct Curl(PathBuf);

fn find_curl() -> Result<Curl, Missing> {
    let curl = find_program("curl").map(Curl);
    curl.ok_or_else(|| Missing::program("curl is not installed; on Debian: apt-get install curl"))
}

impl Peer for Curl {
    fn command(&self, user: &str, password: &str) -> Command {
        let mut command = Command::new(&self.0);
        // -q: without the user's own settings.
        command.args(["-q", "--silent", "--show-error", "--fail", "--noproxy", "*", "--digest", "--user"]);
        command.arg(format!("{user}:{password}"));
        command
    }
}

struct Requests(PathBuf);

fn find_requests() -> Result<Requests, Missing> {
    let Some(python) = find_program("python3") else {
        return Err(Missing::program("python3 is not installed; on Debian: apt-get install python3"));
    };
    let import = Command::new(&python).args(["-c", "import requests"]).output().unwrap();
    match import.status.success() {
        true => Ok(Requests(python)),
        false => Err(Missing::program("python3 has no requests: python3 -m pip install requests")),
    }
}

impl Peer for Requests {
    fn command(&self, user: &str, password: &str) -> Command {
        let mut command = Command::new(&self.0);
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/list_with_requests.py"));
        command.env("USER", user).env("PASSWORD", password);
        command
    }
}

fn gets_what_we_get(peer: &impl Peer, challenge: DigestOffer) {
    let atlas = Simulator::builder().buckets(sample_buckets(BUCKETS)).challenge(challenge).start().unwrap();
    let client = client_builder(&atlas).items_per_page(ITEMS_PER_PAGE).build().unwrap();
    let pages: Result<Vec<_>, _> = client.export_bucket_pages(&project(&atlas)).collect();
    let bodies: Vec<String> = pages.unwrap().iter().map(|page| page.body().to_owned()).collect();
    let urls: Vec<String> = atlas
        .requests()
        .iter()
        .filter(|request| request.status == Some(200))
        .map(|request| format!("{}{}", atlas.base_url(), str::from_utf8(&request.target).unwrap()))
        .collect();
    assert_eq!((bodies.len(), urls.len()), (3, 3));

    let peer = peer.command(atlas.public_key(), atlas.private_key()).args(&urls).output().unwrap();
    let errors = String::from_utf8_lossy(&peer.stderr);
    assert!(peer.status.success(), "{}: {errors}{:?}", peer.status, atlas.rejections());
    assert_eq!(String::from_utf8(peer.stdout).unwrap(), bodies.concat());
    assert_eq!(list_raw(&atlas, &[]), bodies.concat());
    assert_eq!(list_raw(&atlas, &["--page", "2"]), bodies[1]);
    assert_eq!(atlas.rejections(), []);
}

/// What our program prints.
fn list_raw(atlas: &Simulator, args: &[&str]) -> String {
    let run = program()
        .args(["list", "--output", "raw", "--project-id", atlas.project_id()])
        .args(["--limit", &ITEMS_PER_PAGE.to_string()])
        .args(args)
        .env("MONGODB_ATLAS_PUBLIC_API_KEY", atlas.public_key())
        .env("MONGODB_ATLAS_PRIVATE_API_KEY", atlas.private_key())
        .env("MONGODB_ATLAS_OPS_MANAGER_URL", atlas.base_url())
        .run();
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""));
    run.stdout
}

/// Shows that the simulated Atlas looks at what these clients send.
fn is_refused_with_a_wrong_key<P: Peer>(peer: &P) {
    let atlas = Simulator::start().unwrap();
    let url =
        format!("{}/api/atlas/v1.0/groups/{}/backup/exportBuckets", atlas.base_url(), atlas.project_id());
    let peer = peer.command(atlas.public_key(), "wrong").arg(url).output().unwrap();
    assert!(!peer.status.success());
    assert_eq!(peer.stdout, b"");
    assert_eq!(atlas.rejections(), [Rejection::WrongResponse]);
}
