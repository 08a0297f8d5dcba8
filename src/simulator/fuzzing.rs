//! The simulator without its sockets. What `src/fuzzing.rs` cannot reach from where it stands.

use std::time::{Duration, Instant};

use ureq_proto::http::{HeaderMap, HeaderName, HeaderValue};

use super::challenge::{Challenge, Qop};
use super::nonces::Lifetime;
use super::projects::Projects;
use super::resource::Form;
use super::sample::sample_buckets;
use super::service::{Asked, Service};
use super::verifier::{Key, Policy, Presented};
use crate::digest::Algorithm;

/// What a server offers in one challenge, as another parser than the library's has read it.
#[derive(Debug)]
pub struct Offer<'a> {
    /// `realm`
    pub realm: &'a [u8],
    /// `nonce`
    pub nonce: &'a str,
    /// `opaque`, if it is sent.
    pub opaque: Option<&'a [u8]>,
    /// The name of the algorithm, if one is sent.
    pub algorithm: Option<&'a [u8]>,
    /// Whether `qop` names `auth`.
    pub auth: bool,
    /// Whether `qop` names `auth-int`.
    pub auth_int: bool,
    /// Whether it says `userhash=true`.
    pub userhash: bool,
}

/// The simulator's judgement on `Authorization`, as strict as it can be.
#[derive(Debug)]
pub struct Verifier(super::verifier::Verifier);

impl Verifier {
    /// One that has sent this challenge, and that announces a `nextnonce` and a `rspauth` whenever it accepts.
    pub fn new(username: &str, password: &str, offer: &Offer<'_>) -> Verifier {
        let mut qop = Vec::new();
        if offer.auth {
            qop.push(Qop::Auth);
        }
        if offer.auth_int {
            qop.push(Qop::AuthInt);
        }
        let mut challenge = Challenge::default()
            .realm(offer.realm)
            .algorithms(offer.algorithm.and_then(Algorithm::from_name))
            .qop(qop)
            .userhash(offer.userhash);
        if let Some(opaque) = offer.opaque {
            challenge = challenge.opaque(opaque);
        }
        let policy =
            Policy { rspauth: true, next_nonce_every: Some(1), ..policy(username, password, challenge) };
        let mut verifier = super::verifier::Verifier::new(policy);
        verifier.nonces.adopt(offer.nonce, None, Instant::now());
        Verifier(verifier)
    }

    /// The `Authentication-Info` for an answer with this content, or why `authorization` is refused.
    pub fn verify(
        &mut self,
        method: &str,
        target: &str,
        body: &[u8],
        authorization: &[u8],
        content: &[u8],
    ) -> Result<Vec<u8>, String> {
        let request = Presented { method: method.as_bytes(), target: target.as_bytes(), body };
        let verdict = self.0.verify(authorization, request, Instant::now());
        let accepted = verdict.map_err(|rejection| rejection.to_string())?;
        Ok(self.0.authentication_info(&accepted, content, false, Instant::now()).unwrap_or_default())
    }
}

fn policy(username: &str, password: &str, challenge: Challenge) -> Policy {
    Policy {
        keys: vec![Key { public: username.to_owned(), private: password.to_owned() }],
        challenge,
        lifetime: Lifetime { uses: 1024, time: Duration::from_secs(3600) },
        strict: true,
        rspauth: false,
        next_nonce_every: None,
    }
}

/// What is sent in answer to a request.
#[derive(Debug)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// Names and values of the header fields.
    pub fields: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Vec<u8>,
}

/// An embedded Atlas that is given requests, not connections.
pub struct Atlas(Service);

impl Atlas {
    /// One with a key, and a project that has so many buckets. `None` if the id is not one of a project.
    pub fn new(public_key: &str, private_key: &str, project_id: &str, buckets: usize) -> Option<Atlas> {
        let mut projects = Projects::default();
        projects.add(project_id, sample_buckets(buckets)).ok()?;
        let policy = policy(public_key, private_key, Challenge::default());
        let form = Form { base_url: "http://127.0.0.1:1".into(), nested_envelope: false };
        Some(Atlas(Service::new(super::verifier::Verifier::new(policy), projects, form)))
    }

    /// Answers a request. Header fields that HTTP does not allow are left out of it.
    pub fn answer(&self, method: &str, target: &[u8], fields: &[(&[u8], &[u8])], body: &[u8]) -> Response {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value)) {
                headers.append(name, value);
            }
        }
        let asked = Asked { connection: 1, method, target, headers: &headers, body };
        let answer = self.0.answer(&asked).answer;
        Response { status: answer.status, fields: answer.headers, body: answer.body }
    }
}
