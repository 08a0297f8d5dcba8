//! The simulator without its sockets. It is here because `src/fuzzing.rs` cannot reach the simulator's private code.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use ureq_proto::http::{HeaderName, HeaderValue, Method};

use super::auth::{DigestOffer, DigestVerifier, Rejection};
use super::request::RecordedRequest;
use super::sample_buckets;
use super::server::Simulator;
use super::service::{self, Service};

/// The simulator's judgement on `Authorization`, as strict as it can be.
#[derive(Debug)]
pub struct Verifier(DigestVerifier);

impl Verifier {
    /// One that has sent this challenge, and that announces a `nextnonce` and a `rspauth` whenever it accepts.
    pub fn new(username: &str, password: &str, offer: DigestOffer, nonce: &str) -> Verifier {
        let builder = Simulator::builder().key(username, password).challenge(offer).strict(true);
        let builder = builder.rspauth(true).next_nonce_every(1).nonce_lifetime(Duration::from_secs(3600));
        let mut verifier = builder.service.verifier;
        verifier.nonces.adopt(nonce, None, Instant::now());
        Verifier(verifier)
    }

    /// The `Authentication-Info` for a response with this body, or why `authorization` is refused.
    pub fn verify(
        &mut self,
        method: &str,
        target: &str,
        request_body: &[u8],
        authorization: &[u8],
        response_body: &[u8],
    ) -> Result<Vec<u8>, Rejection> {
        let (method, target, body) = (method.to_owned(), target.into(), request_body.to_vec());
        let request = RecordedRequest { method, target, body, ..RecordedRequest::default() };
        let now = Instant::now();
        let verified = self.0.verify(authorization, &request, now)?;
        Ok(self.0.authentication_info(&verified, response_body, false, now).unwrap_or_default())
    }
}

/// What is sent in answer to a request.
#[derive(Debug)]
pub struct SentResponse {
    /// The status.
    pub status: u16,
    /// Names and values of the header fields.
    pub fields: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Vec<u8>,
}

/// A simulated Atlas that is given requests, not connections.
pub struct Atlas(Mutex<Service>);

impl Atlas {
    /// One with a key, and a project that has so many buckets. `None` if the key or the id is not valid.
    pub fn new(public_key: &str, private_key: &str, project_id: &str, buckets: usize) -> Option<Atlas> {
        let builder = Simulator::builder().strict(true).key(public_key, private_key);
        let service = builder.project(project_id, sample_buckets(buckets)).into_service().ok()?;
        Some(Atlas(Mutex::new(service)))
    }

    /// Answers a request, unless HTTP does not allow its method. Header fields that HTTP does not allow are left
    /// out of it.
    pub fn answer(
        &self,
        method: &str,
        target: &[u8],
        fields: &[(&[u8], &[u8])],
        body: &[u8],
    ) -> Option<SentResponse> {
        let mut request = RecordedRequest {
            method: Method::from_bytes(method.as_bytes()).ok()?.to_string(),
            target: target.to_vec(),
            body: body.to_vec(),
            ..RecordedRequest::default()
        };
        for (name, value) in fields {
            if let (Ok(name), Ok(_)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value)) {
                request.headers.push((name.to_string(), value.to_vec()));
            }
        }
        let (response, _) = service::answer(&self.0, request);
        Some(SentResponse { status: response.status, fields: response.headers, body: response.body })
    }
}
