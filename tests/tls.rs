//! TLS: what is trusted, what is refused before anything is sent, and what may pass.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::time::{Duration, Instant};

use atlas_export_buckets::simulator::{Fault, Response, Simulator, When, sample_buckets};
use atlas_export_buckets::{ApiKey, Client, ClientBuilder, Error, InvalidInput};
use support::faults::kind;
use support::process::messages;
use support::program::{Run, program};
use support::secrets::{PRIVATE_KEY, Secrets, capture_logs};
use support::temp_dir::TempDir;
use support::tls::{Authority, Conduct, Flaw, Front};
use support::{ids, project, sample_ids};

fn atlas() -> Simulator {
    Simulator::builder().strict(true).key("public", PRIVATE_KEY).buckets(sample_buckets(5)).start().unwrap()
}

fn client(front: &Front, authority: &Authority) -> ClientBuilder {
    let key = ApiKey::new("public", PRIVATE_KEY).unwrap();
    Client::builder(key).base_url(front.base_url()).items_per_page(2).ca_certificates(authority.pem())
}

fn list(client: ClientBuilder, atlas: &Simulator) -> Result<Vec<String>, Error> {
    ids(client.build().unwrap().export_buckets(&project(atlas)))
}

/// `list` with these arguments, and with these roots in a file.
fn run_list(args: &[&str], front: &Front, atlas: &Simulator, roots: &str) -> Run {
    let directory = TempDir::new();
    program()
        .args(["list", "-o", "json", "--project-id", atlas.project_id(), "--base-url", &front.base_url()])
        .args(args)
        .args(["--ca-file".as_ref(), directory.write("roots.pem", roots).as_os_str()])
        .key("public", PRIVATE_KEY)
        .run()
}

#[test]
fn a_trusted_root_is_accepted_and_one_connection_serves_every_page() {
    let (atlas, authority) = (atlas(), Authority::new("trusted"));
    let front = Front::start(&atlas, &authority, Flaw::None, Conduct::Honest);
    assert_eq!(list(client(&front, &authority), &atlas).unwrap(), sample_ids(5));
    assert_eq!((atlas.stats().requests, front.connections()), (4, 1));
    let run = run_list(&[], &front, &atlas, &authority.pem());
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""));
    assert!(sample_ids(5).iter().all(|id| run.stdout.contains(id)), "{}", run.stdout);
}

#[test]
fn a_root_among_several_and_with_text_around_is_found() {
    let (atlas, authority) = (atlas(), Authority::new("trusted"));
    let front = Front::start(&atlas, &authority, Flaw::None, Conduct::Honest);
    let roots = format!("The roots\n{}\nand\n{}", Authority::new("other").pem(), authority.pem());
    assert_eq!(list(client(&front, &authority).ca_certificates(roots), &atlas).unwrap(), sample_ids(5));
}

#[test]
fn a_server_that_cannot_be_trusted_is_refused_before_anything_is_sent_and_not_asked_again() {
    let atlas = atlas();
    let (authority, other) = (Authority::new("trusted"), Authority::new("other"));
    let cases = [
        ("an unknown root", Flaw::None, &other, "UnknownIssuer", "nobody who is trusted has issued it"),
        ("a wrong name", Flaw::WrongName, &authority, "WrongName", "it is for elsewhere.invalid)"),
        ("an expired certificate", Flaw::Expired, &authority, "Expired", "by this machine's clock it is"),
        ("the certificate of a CA", Flaw::IsCa, &authority, "Other", "it is the certificate of a CA"),
        ("one that is not valid yet", Flaw::NotYetValid, &authority, "NotYetValid", "it is valid from"),
    ];
    for (name, flaw, roots, problem, detail) in cases {
        let front = Front::start(&atlas, &authority, flaw, Conduct::Honest);
        let error = list(client(&front, roots), &atlas).unwrap_err();
        let text = error.to_string();
        let expected = format!("Network Certificate({problem})");
        assert_eq!((kind(&error), error.is_retryable()), (expected, false), "{name}: {text}");
        assert!(text.contains(detail), "{name}: {text}");
        assert_eq!(front.connections(), 1, "{name}");
        let run = run_list(&[], &front, &atlas, &roots.pem());
        assert_eq!((run.status, run.stdout.as_str(), messages(&run.stderr)), (Some(6), "", 1), "{name}");
        assert!(run.stderr.contains(detail), "{name}: {}", run.stderr);
        assert_eq!((front.decrypted(), front.connections()), (0, 2), "{name}");
    }
    assert_eq!(atlas.stats().requests, 0);
}

#[test]
fn the_built_in_roots_do_not_trust_a_root_of_our_own() {
    let (atlas, authority) = (atlas(), Authority::new("trusted"));
    let front = Front::start(&atlas, &authority, Flaw::None, Conduct::Honest);
    let key = ApiKey::new("public", PRIVATE_KEY).unwrap();
    let error = list(Client::builder(key).base_url(front.base_url()), &atlas).unwrap_err();
    assert_eq!(kind(&error), "Network Certificate(UnknownIssuer)", "{error}");
    assert_eq!((front.decrypted(), atlas.stats().requests), (0, 0));
}

#[test]
fn no_log_record_of_any_crate_shows_a_secret() {
    capture_logs();
    let (atlas, authority) = (atlas(), Authority::new("trusted"));
    let front = Front::start(&atlas, &authority, Flaw::None, Conduct::Honest);
    list(client(&front, &authority), &atlas).unwrap();
    let front = Front::start(&atlas, &authority, Flaw::Expired, Conduct::Honest);
    list(client(&front, &authority), &atlas).unwrap_err();
    let secrets = Secrets::default();
    secrets.learn(&atlas.requests());
    assert_eq!(secrets.count(), 3);
    assert_eq!(secrets.leaks_in_logs(), [""; 0]);
}

#[test]
fn http_after_https_is_not_followed() {
    let (atlas, trap) = (atlas(), Simulator::start().unwrap());
    let authority = Authority::new("trusted");
    let front = Front::start(&atlas, &authority, Flaw::None, Conduct::Honest);
    let location = format!("{}/api/atlas/v1.0", trap.base_url());
    let redirect = Response::redirect(302, &location);
    atlas.inject(When::always().with_authorization(), Fault::Response(redirect));
    let error = list(client(&front, &authority), &atlas).unwrap_err();
    assert_eq!(kind(&error), "Refused Redirect 302");
    assert!(error.to_string().contains(&format!("(HTTP 302 to {location})")), "{error}");
    assert_eq!((atlas.stats().requests, trap.stats().connections), (2, 0));
}

#[test]
fn a_handshake_that_is_closed_is_tried_again() {
    let (atlas, authority) = (atlas(), Authority::new("trusted"));
    let front = Front::start(&atlas, &authority, Flaw::None, Conduct::CloseFirstHandshake);
    let error = list(client(&front, &authority).retries(0), &atlas).unwrap_err();
    assert_eq!((kind(&error).as_str(), error.is_retryable()), ("Network Broken", true), "{error}");
    assert!(error.to_string().contains("within the TLS handshake"), "{error}");
    let front = Front::start(&atlas, &authority, Flaw::None, Conduct::CloseFirstHandshake);
    assert_eq!(list(client(&front, &authority), &atlas).unwrap(), sample_ids(5));
    assert_eq!((atlas.stats().requests, front.connections()), (4, 2));
}

#[test]
fn a_handshake_that_is_refused_is_not_tried_again() {
    let (atlas, authority) = (atlas(), Authority::new("trusted"));
    let front = Front::start(&atlas, &authority, Flaw::None, Conduct::Alert);
    let error = list(client(&front, &authority), &atlas).unwrap_err();
    assert_eq!((kind(&error).as_str(), error.is_retryable()), ("Network Tls", false), "{error}");
    assert!(error.to_string().contains("HandshakeFailure"), "{error}");
    assert_eq!((atlas.stats().requests, front.connections()), (0, 1));
}

#[test]
fn an_answer_cut_under_tls_is_asked_for_again() {
    let (atlas, authority) = (atlas(), Authority::new("trusted"));
    let front = Front::start(&atlas, &authority, Flaw::None, Conduct::CutSecondAnswer);
    assert_eq!(list(client(&front, &authority), &atlas).unwrap(), sample_ids(5));
    // The nonce of the page that was cut had not been accepted yet.
    assert_eq!((atlas.stats().requests, front.connections()), (6, 2));
}

#[test]
fn the_deadline_holds_within_the_handshake_and_within_a_record() {
    let authority = Authority::new("trusted");
    let cases = [
        ("silence", Conduct::Silent, 0),
        ("a handshake that drips", Conduct::DripAfter(0), 0),
        ("a page that drips", Conduct::DripAfter(1), 2),
    ];
    for (name, conduct, requests) in cases {
        let atlas = atlas();
        let front = Front::start(&atlas, &authority, Flaw::None, conduct);
        let start = Instant::now();
        let error =
            list(client(&front, &authority).timeout(Duration::from_millis(1200)), &atlas).unwrap_err();
        assert!(start.elapsed() < Duration::from_millis(2200), "{name}: {:?}", start.elapsed());
        assert_eq!(kind(&error), "Deadline", "{name}: {error}");
        assert_eq!(atlas.stats().requests, requests, "{name}");
    }
}

#[test]
fn sessions_are_resumed_on_each_new_connection() {
    let atlas = Simulator::builder().key("public", PRIVATE_KEY).buckets(sample_buckets(20)).start().unwrap();
    let authority = Authority::new("trusted");
    let front = Front::start(&atlas, &authority, Flaw::None, Conduct::CloseAfterAnswer);
    let builder = client(&front, &authority).items_per_page(1);
    assert_eq!(list(builder.clone(), &atlas).unwrap(), sample_ids(20));
    assert_eq!((front.connections(), front.resumptions()), (21, 20));
    // Also where the whole listing has less time than a page.
    let front = Front::start(&atlas, &authority, Flaw::None, Conduct::CloseAfterAnswer);
    let builder = client(&front, &authority).items_per_page(1).max_time(Duration::from_secs(30));
    assert_eq!(list(builder, &atlas).unwrap(), sample_ids(20));
    assert_eq!((front.connections(), front.resumptions()), (21, 20));
    // Also with an agent of one's own, made from these settings.
    let front = Front::start(&atlas, &authority, Flaw::None, Conduct::CloseAfterAnswer);
    let builder = client(&front, &authority).items_per_page(1);
    let agent = builder.agent_config().unwrap().new_agent();
    assert_eq!(list(builder.agent(agent), &atlas).unwrap(), sample_ids(20));
    assert_eq!((front.connections(), front.resumptions()), (21, 20));
}

#[test]
fn a_kept_connection_that_is_closed_as_a_request_arrives_is_replaced_without_a_retry() {
    let (atlas, authority) = (atlas(), Authority::new("trusted"));
    let front = Front::start(&atlas, &authority, Flaw::None, Conduct::CloseFirstOnThirdRequest);
    let client = client(&front, &authority).retries(0).build().unwrap();
    assert_eq!(ids(client.export_buckets(&project(&atlas))).unwrap(), sample_ids(5));
    // A challenge, and three pages of which the second was sent twice.
    assert_eq!((client.stats().requests, client.stats().retries, front.connections()), (5, 0, 2));
    let front = Front::start(&atlas, &authority, Flaw::None, Conduct::CloseFirstOnThirdRequest);
    let args = ["--limit", "2", "--retries", "0"];
    let run = run_list(&args, &front, &atlas, &authority.pem());
    assert_eq!((run.status, run.stderr.as_str(), front.connections()), (Some(0), "", 2));
    assert!(sample_ids(5).iter().all(|id| run.stdout.contains(id)), "{}", run.stdout);
    assert_eq!(atlas.stats().requests, 8);
}

#[test]
fn a_connection_that_breaks_again_after_it_was_replaced_is_an_error() {
    let (atlas, authority) = (atlas(), Authority::new("trusted"));
    let front = Front::start(&atlas, &authority, Flaw::None, Conduct::CloseOnSecondRequest);
    let client = client(&front, &authority).items_per_page(5).retries(0).build().unwrap();
    let list = || ids(client.export_buckets(&project(&atlas)));
    // Each connection serves one request only, so the answer to the challenge breaks, and so does the one on the next.
    assert_eq!(kind(&list().unwrap_err()), "Network Broken");
    assert_eq!((client.stats().retries, front.connections()), (0, 2));
}

#[test]
fn what_is_no_certificate_is_refused_as_a_root() {
    let three_zero_bytes = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for pem in [three_zero_bytes, "", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"] {
        let key = ApiKey::new("public", PRIVATE_KEY).unwrap();
        let built = Client::builder(key).ca_certificates(pem).build();
        assert!(matches!(built, Err(Error::InvalidInput(InvalidInput::CaCertificates))), "{pem}: {built:?}");
    }
}
