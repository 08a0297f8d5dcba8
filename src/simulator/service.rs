//! Decides how to answer a request: faults, authentication, rate limit, resource, in that order. No sockets
//! here.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use serde_json::json;

use super::atlas::{ResourceRequest, Resources, Target, TokenBuckets, unauthorized};
use super::auth::{AuthorizationServer, DigestVerifier, Rejection, VerifiedAuthorization, bearer_token};
use super::faults::{Fault, RequestInfo, RequestKind, When};
use super::lock::lock;
use super::recorder::Recorder;
use super::request::RecordedRequest;
use super::response::{Response, ResponseKind};

/// A function that decides on faults request by request.
pub(crate) type Script = Arc<dyn Fn(&RequestInfo) -> Vec<Fault> + Send + Sync>;

/// A function that is shown each request as it is answered.
pub(crate) type Observer = Arc<dyn Fn(&RecordedRequest) + Send + Sync>;

/// The simulator without its sockets: its settings, and everything that a request may change.
#[derive(Default)]
pub(crate) struct Service {
    pub(crate) verifier: DigestVerifier,
    pub(crate) authorization_server: AuthorizationServer,
    pub(crate) resources: Resources,
    pub(crate) rate_limit: Option<TokenBuckets>,
    pub(crate) token_rate_limit: Option<TokenBuckets>,
    pub(crate) faults: Vec<(When, Fault)>,
    pub(crate) scripts: Vec<Script>,
    pub(crate) observers: Vec<Observer>,
    pub(crate) recorder: Recorder,
}

/// Answers one request, and records it. The faults that hit it say how the response is to be sent.
///
/// Scripts and observers are the user's code, so no lock is held while they run.
pub(crate) fn answer(service: &Mutex<Service>, mut request: RecordedRequest) -> (Response, Vec<Fault>) {
    let target = Target::parse(&request.target);
    let (info, mut faults, scripts) = lock(service).receive(&mut request, target.as_ref());
    faults.extend(scripts.iter().flat_map(|script| script(&info)));
    let response = lock(service).respond(&mut request, target.as_ref(), &faults);
    let observers = lock(service).observers.clone();
    for observer in observers {
        observer(&request);
    }
    lock(service).recorder.record(request, response.kind, Fault::delivery(&faults));
    (response, faults)
}

impl Service {
    /// Numbers a request, and says what is known of it and what goes wrong with it.
    fn receive(
        &mut self,
        request: &mut RecordedRequest,
        target: Option<&Target>,
    ) -> (RequestInfo, Vec<Fault>, Vec<Script>) {
        request.number = self.recorder.number();
        let info = RequestInfo {
            number: request.number,
            connection: request.connection,
            method: request.method.clone(),
            kind: kind(target),
            target: String::from_utf8_lossy(&request.target).into_owned(),
            project_id: project_id(target),
            page_num: target.and_then(Target::page_num),
            has_authorization: request.header("authorization").is_some(),
        };
        let rules = self.faults.iter_mut();
        let faults = rules.filter_map(|(when, fault)| when.hits(&info).then(|| fault.clone())).collect();
        (info, faults, self.scripts.clone())
    }

    /// Makes the response, and notes in the request what became of it.
    fn respond(
        &mut self,
        request: &mut RecordedRequest,
        target: Option<&Target>,
        faults: &[Fault],
    ) -> Response {
        self.change(faults, request, project_id(target));
        let (honest, rejection) = match kind(target) {
            kind @ (RequestKind::Token | RequestKind::Revocation) => self.answer_oauth(request, kind, faults),
            _ => self.answer_resource(request, target, faults),
        };
        let mut response = honest.header("Server", "mdbws").header("X-Envoy-Upstream-Service-Time", "1");
        for fault in faults {
            if let Fault::Response(other) = fault {
                response = other.clone();
            }
        }
        for fault in faults {
            response = match fault {
                Fault::Header(name, value) => response.header(name, value.as_slice()),
                Fault::LongHeader(bytes) => response.header("X-Filler", vec![b'x'; *bytes]),
                Fault::ManyHeaders(count) => (0..(*count).min(30_000))
                    .fold(response, |response, i| response.header(format!("X-Filler-{i}"), "x")),
                _ => response,
            };
        }
        request.rejection = rejection;
        if Fault::delivery(faults).is_none_or(Fault::leaves_status) {
            let code = response.get("x-error-code").map(String::from_utf8_lossy);
            request.error_code = code.map(String::from);
            request.status = Some(response.status);
        }
        response
    }

    /// Applies the faults that change the server itself.
    fn change(&mut self, faults: &[Fault], request: &RecordedRequest, project_id: Option<String>) {
        let mut projects = self.resources.projects.iter_mut();
        let project = projects.find(|project| Some(&project.id) == project_id.as_ref());
        let mut no_buckets = Vec::new();
        let buckets = project.map_or(&mut no_buckets, |project| &mut project.buckets);
        for fault in faults {
            match fault {
                Fault::Insert { index, bucket } => {
                    buckets.insert((*index).min(buckets.len()), bucket.clone())
                }
                Fault::Delete { index } if *index < buckets.len() => drop(buckets.remove(*index)),
                Fault::ForgetNonces => self.verifier.nonces.forget(),
                Fault::RevokeToken => {
                    let sent = request.header("authorization").and_then(bearer_token);
                    self.authorization_server.revoke(|token, _| Some(token) == sent);
                }
                _ => {}
            }
        }
    }

    /// Answers a request to an OAuth endpoint.
    fn answer_oauth(
        &mut self,
        request: &RecordedRequest,
        endpoint: RequestKind,
        faults: &[Fault],
    ) -> (Response, Option<Rejection>) {
        if request.method != "POST" {
            return (method_not_allowed(request, "POST"), None);
        }
        let now = Instant::now();
        let server = &mut self.authorization_server;
        let client = match request.authorization() {
            Ok(value) => server.authenticate(value).map(str::to_owned).map_err(Some),
            Err(rejection) => Err(rejection),
        };
        let client = match client {
            Ok(client) if refusal(faults).is_none() => client,
            client => {
                let response = Response::oauth_error(401, "invalid_client", "Client authentication failed.")
                    .header("WWW-Authenticate", BASIC);
                return (response, client.err().flatten());
            }
        };
        if endpoint == RequestKind::Revocation {
            return (server.revoke_token(&client, request), None);
        }
        if let Some(buckets) = &mut self.token_rate_limit
            && let Err(wait) = buckets.take(&client, now)
        {
            // The path, the requests allowed, and the minutes in which they are.
            let path = "/api/oauth/token";
            let parameters = json!([path, buckets.limit.capacity, 1]);
            return (buckets.refusal_with(path, wait, parameters), None);
        }
        let expires_in = faults.iter().rev().find_map(|fault| match fault {
            Fault::ExpiresIn(seconds) => Some(*seconds),
            _ => None,
        });
        (server.issue_token(&client, request, expires_in, now), None)
    }

    /// Answers any other request.
    fn answer_resource(
        &mut self,
        request: &RecordedRequest,
        target: Option<&Target>,
        faults: &[Fault],
    ) -> (Response, Option<Rejection>) {
        let now = Instant::now();
        let authenticated = self.authenticate(request, now);
        let refused = unauthorized("UNEXPECTED_ERROR", "You are not authorized for this resource.");
        let response = match (refusal(faults), &authenticated) {
            (Some(Fault::BasicOnly), _) => refused.header("WWW-Authenticate", BASIC),
            (Some(fault), _) => self.challenge(refused, *fault == Fault::Stale, now),
            (None, Ok((reader, verified))) => {
                let response = self.resource(request, target, reader, faults, now);
                let wrong = faults.contains(&Fault::WrongRspauth);
                let info = verified.as_ref().and_then(|verified| {
                    self.verifier.authentication_info(verified, &response.body, wrong, now)
                });
                match info {
                    Some(info) => response.header("Authentication-Info", info),
                    None => response,
                }
            }
            (None, Err(rejection)) => {
                let stale = rejection.as_ref().is_some_and(Rejection::is_stale);
                self.challenge(refused, stale, now)
            }
        };
        (response, authenticated.err().flatten())
    }

    /// Whose the `Authorization` is, a public key or a client id, and what Digest makes of it.
    fn authenticate(
        &mut self,
        request: &RecordedRequest,
        now: Instant,
    ) -> Result<(String, Option<VerifiedAuthorization>), Option<Rejection>> {
        let value = request.authorization()?;
        if let Some(token) = bearer_token(value) {
            return Ok((self.authorization_server.verify(token, now)?.to_owned(), None));
        }
        let verified = self.verifier.verify(value, request, now)?;
        Ok((verified.public_key.clone(), Some(verified)))
    }

    /// Adds a challenge to a 401.
    fn challenge(&mut self, response: Response, stale: bool, now: Instant) -> Response {
        let fields = self.verifier.challenge(stale, now);
        let response =
            fields.into_iter().fold(response, |response, field| response.header("WWW-Authenticate", field));
        response.kind(ResponseKind::Challenge)
    }

    /// Answers a request whose credentials are good.
    fn resource(
        &mut self,
        request: &RecordedRequest,
        target: Option<&Target>,
        reader: &str,
        faults: &[Fault],
        now: Instant,
    ) -> Response {
        let Some(target) = target else {
            let detail = "The request-target is neither a path nor an http URL.";
            return Response::atlas_error(400, "BAD_REQUEST", detail, &[]);
        };
        if request.method != "GET" {
            return method_not_allowed(request, "GET");
        }
        let accept = request.header("accept").unwrap_or_default();
        let resource = ResourceRequest { target, accept, reader, faults };
        let project = project_id(Some(target)).unwrap_or_default();
        let taken = self.rate_limit.as_mut().map(|buckets| buckets.take(&project, now));
        let mut response = match (&self.rate_limit, taken) {
            (Some(buckets), Some(Err(wait))) => buckets.refusal(&target.path, wait),
            _ => self.resources.answer(&resource),
        };
        if response.status == 401 {
            // The credentials are good, but may not read this. Every 401 of Atlas's has a challenge.
            response = self.challenge(response, false, now);
        }
        match (&self.rate_limit, taken) {
            (Some(buckets), Some(remaining)) => response
                .header("RateLimit-Limit", buckets.limit.capacity.to_string())
                .header("RateLimit-Remaining", remaining.unwrap_or(0).to_string()),
            _ => response,
        }
    }
}

const BASIC: &str = "Basic realm=\"MMS Public API\"";

/// What a request is for.
fn kind(target: Option<&Target>) -> RequestKind {
    target.map_or(RequestKind::Unknown, |target| target.kind)
}

/// The project whose export buckets are asked for.
fn project_id(target: Option<&Target>) -> Option<String> {
    let target = target.filter(|target| target.kind == RequestKind::ExportBuckets)?;
    Some(target.id.to_ascii_lowercase())
}

/// The fault that refuses the request, whatever its credentials are.
fn refusal(faults: &[Fault]) -> Option<&Fault> {
    faults.iter().rfind(|fault| matches!(fault, Fault::Unauthorized | Fault::Stale | Fault::BasicOnly))
}

fn method_not_allowed(request: &RecordedRequest, allowed: &str) -> Response {
    let detail = format!("The embedded Atlas answers {allowed} only.");
    Response::atlas_error(405, "METHOD_NOT_ALLOWED", &detail, &[request.method.as_str()])
        .header("Allow", allowed)
}
