//! The simulator without its sockets. What `src/fuzzing.rs` cannot reach from where it stands.

use std::time::{Duration, Instant};

use ureq_proto::http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::auth::{DigestOffer, DigestSettings, DigestVerifier, Key, Lifetime};
use super::builder::Builder;
use super::request::ReceivedRequest;
use super::sample_buckets;
use super::server::Simulator;
use super::service::Service;
use crate::digest::{Algorithm, Qop};

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
pub struct Verifier(DigestVerifier);

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
        let mut digest_offer = DigestOffer::default()
            .realm(offer.realm)
            .algorithms(offer.algorithm.and_then(Algorithm::from_name))
            .qop(qop)
            .userhash(offer.userhash);
        if let Some(opaque) = offer.opaque {
            digest_offer = digest_offer.opaque(opaque);
        }
        let settings = DigestSettings {
            keys: vec![Key { public: username.to_owned(), private: password.to_owned() }],
            offer: digest_offer,
            lifetime: Lifetime { uses: 1024, time: Duration::from_secs(3600) },
            strict: true,
            rspauth: true,
            next_nonce_every: Some(1),
        };
        let mut verifier = DigestVerifier::new(settings);
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
        let method = Method::from_bytes(method.as_bytes()).map_err(|error| error.to_string())?;
        let request = ReceivedRequest {
            connection: 1,
            method,
            target: target.as_bytes().to_vec(),
            headers: HeaderMap::new(),
            body: body.to_vec(),
        };
        let verified = self.0.verify(authorization, &request, Instant::now());
        let verified = verified.map_err(|rejection| rejection.to_string())?;
        Ok(self.0.authentication_info(&verified, content, false, Instant::now()).unwrap_or_default())
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

/// An embedded Atlas that is given requests, not connections.
pub struct Atlas(Service);

impl Atlas {
    /// One with a key, and a project that has so many buckets. `None` if the id is not one of a project.
    pub fn new(public_key: &str, private_key: &str, project_id: &str, buckets: usize) -> Option<Atlas> {
        let builder: Builder = Simulator::builder().strict(true).key(public_key, private_key);
        let (service, _) = builder.project(project_id, sample_buckets(buckets)).into_service().ok()?;
        Some(Atlas(service))
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
        let method = Method::from_bytes(method.as_bytes()).ok()?;
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value)) {
                headers.append(name, value);
            }
        }
        let (target, body) = (target.to_vec(), body.to_vec());
        let request = ReceivedRequest { connection: 1, method, target, headers, body };
        let response = self.0.answer(&request).response;
        let fields = response.headers.iter();
        Some(SentResponse {
            status: response.status.as_u16(),
            fields: fields.map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect(),
            body: response.body,
        })
    }
}
