//! Decides how to answer a request: faults, authentication, rate limit, resource, in that order. No sockets
//! here.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde_json::json;

use super::atlas::{Resources, Target, TokenBuckets, unauthorized};
use super::auth::{AuthorizationServer, DigestVerifier, Rejection, VerifiedAuthorization, bearer_token};
use super::faults::{Fault, RequestInfo, RequestKind, When};
use super::recorder::Recorder;
use super::request::RecordedRequest;
use super::response::Response;

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
    request.number = lock(service).recorder.number();
    let target = Target::parse(&request.target);
    let info = describe(&request, target.as_ref());
    let hits = |(when, fault): &mut (When, Fault)| when.hits(&info).then(|| fault.clone());
    let mut faults: Vec<Fault> = lock(service).faults.iter_mut().filter_map(hits).collect();
    let scripts = lock(service).scripts.clone();
    faults.extend(scripts.iter().flat_map(|script| script(&info)));
    let response = lock(service).respond(&mut request, &info, target.as_ref(), &faults);
    let observers = lock(service).observers.clone();
    observers.iter().for_each(|observer| observer(&request));
    lock(service).recorder.record(request, response.kind, Fault::delivery(&faults));
    (response, faults)
}

/// What is known of a request before it is answered.
fn describe(request: &RecordedRequest, target: Option<&Target>) -> RequestInfo {
    RequestInfo {
        number: request.number,
        connection: request.connection,
        method: request.method.clone(),
        kind: target.map_or(RequestKind::Unknown, |target| target.kind),
        target: String::from_utf8_lossy(&request.target).into_owned(),
        project_id: target.and_then(Target::project_id).map(str::to_ascii_lowercase),
        page_num: target.and_then(Target::page_num),
        has_authorization: request.header("authorization").is_some(),
    }
}

impl Service {
    /// Makes the response, and notes in the request what became of it.
    fn respond(
        &mut self,
        request: &mut RecordedRequest,
        info: &RequestInfo,
        target: Option<&Target>,
        faults: &[Fault],
    ) -> Response {
        self.change(faults, request, info);
        let honest = match info.kind {
            RequestKind::Token | RequestKind::Revocation => self.answer_oauth(request, info.kind, faults),
            _ => self.answer_resource(request, target, faults),
        };
        let honest = honest.header("Server", "mdbws").header("X-Envoy-Upstream-Service-Time", "1");
        let response = faults.iter().fold(honest, |response, fault| match fault {
            Fault::Response(other) => other.clone(),
            _ => response,
        });
        let response = faults.iter().fold(response, |response, fault| match fault {
            Fault::Header(name, value) => response.header(name, value.as_slice()),
            Fault::LongHeader(bytes) => response.header("X-Filler", vec![b'x'; *bytes]),
            Fault::ManyHeaders(count) => (0..(*count).min(30_000))
                .fold(response, |response, i| response.header(format!("X-Filler-{i}"), "x")),
            _ => response,
        });
        // Unless a fault keeps the status from the client.
        if Fault::delivery(faults).is_none_or(Fault::leaves_status) {
            let code = response.get("x-error-code").map(String::from_utf8_lossy);
            request.error_code = code.map(String::from);
            request.status = Some(response.status);
        }
        response
    }

    /// Applies the faults that change the server itself.
    fn change(&mut self, faults: &[Fault], request: &RecordedRequest, info: &RequestInfo) {
        let mut projects = self.resources.projects.iter_mut();
        let project = projects.find(|project| Some(&project.id) == info.project_id.as_ref());
        // A request that names no project changes none.
        let mut of_no_project = Vec::new();
        let buckets = project.map_or(&mut of_no_project, |project| &mut project.buckets);
        for fault in faults {
            match fault {
                Fault::Insert { index, bucket } => {
                    buckets.insert((*index).min(buckets.len()), bucket.clone());
                }
                Fault::Delete { index } if *index < buckets.len() => {
                    buckets.remove(*index);
                }
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
        request: &mut RecordedRequest,
        endpoint: RequestKind,
        faults: &[Fault],
    ) -> Response {
        if request.method != "POST" {
            return method_not_allowed(request, "POST");
        }
        let server = &mut self.authorization_server;
        let client = request.authorization().and_then(|value| Ok(server.authenticate(value)?.to_owned()));
        let client = match client {
            Ok(client) if refusal(faults).is_none() => client,
            refused => {
                request.rejection = refused.err().flatten();
                return Response::oauth_error(401, "invalid_client", "Client authentication failed.")
                    .header("WWW-Authenticate", BASIC);
            }
        };
        if endpoint == RequestKind::Revocation {
            return server.revoke_token(&client, request);
        }
        if let Some(buckets) = &mut self.token_rate_limit
            && let Err(wait) = buckets.take(&client, Instant::now())
        {
            // The path, and how many requests are allowed in how many minutes.
            let path = "/api/oauth/token";
            return buckets.refusal_with(path, wait, json!([path, buckets.limit.capacity, 1]));
        }
        let expires_in = faults.iter().rev().find_map(|fault| match fault {
            Fault::ExpiresIn(seconds) => Some(*seconds),
            _ => None,
        });
        server.issue_token(&client, request, expires_in, Instant::now())
    }

    /// Answers any other request.
    fn answer_resource(
        &mut self,
        request: &mut RecordedRequest,
        target: Option<&Target>,
        faults: &[Fault],
    ) -> Response {
        let authenticated = self.authenticate(request);
        request.rejection = authenticated.as_ref().err().cloned().flatten();
        let is_stale = request.rejection.as_ref().is_some_and(Rejection::is_stale);
        let refused = unauthorized("UNEXPECTED_ERROR", "You are not authorized for this resource.");
        match (refusal(faults), authenticated) {
            (Some(Fault::BasicOnly), _) => refused.header("WWW-Authenticate", BASIC),
            (Some(fault), _) => self.verifier.challenge(refused, *fault == Fault::Stale),
            (None, Err(_)) => self.verifier.challenge(refused, is_stale),
            (None, Ok((reader, verified))) => {
                let response = self.resource(request, target, &reader, faults);
                let Some(verified) = verified else { return response };
                let wrong = faults.contains(&Fault::WrongRspauth);
                match self.verifier.authentication_info(&verified, &response.body, wrong, Instant::now()) {
                    Some(info) => response.header("Authentication-Info", info),
                    None => response,
                }
            }
        }
    }

    /// The public key or the client id that sent the `Authorization`, and for Digest what was verified. `Err(None)`: there is no
    /// `Authorization`.
    fn authenticate(
        &mut self,
        request: &RecordedRequest,
    ) -> Result<(String, Option<VerifiedAuthorization>), Option<Rejection>> {
        let (value, now) = (request.authorization()?, Instant::now());
        if let Some(token) = bearer_token(value) {
            return Ok((self.authorization_server.verify(token, now)?.to_owned(), None));
        }
        let verified = self.verifier.verify(value, request, now)?;
        Ok((verified.public_key.clone(), Some(verified)))
    }

    /// Answers a request whose credentials are good.
    fn resource(
        &mut self,
        request: &RecordedRequest,
        target: Option<&Target>,
        reader: &str,
        faults: &[Fault],
    ) -> Response {
        let Some(target) = target else {
            let detail = "The request-target is neither a path nor an http URL.";
            return Response::atlas_error(400, "BAD_REQUEST", detail, &[]);
        };
        if request.method != "GET" {
            return method_not_allowed(request, "GET");
        }
        let accept = request.header("accept").unwrap_or_default();
        let mut answer = || match self.resources.answer(target, accept, reader, faults) {
            // The credentials are good, but may not read this. Atlas sends a challenge with every 401.
            refused if refused.status == 401 => self.verifier.challenge(refused, false),
            response => response,
        };
        let Some(buckets) = &mut self.rate_limit else {
            return answer();
        };
        let taken = buckets.take(target.project_id().unwrap_or_default(), Instant::now());
        let response = match taken {
            Ok(_) => answer(),
            Err(wait) => buckets.refusal(&target.path, wait),
        };
        response
            .header("RateLimit-Limit", buckets.limit.capacity.to_string())
            .header("RateLimit-Remaining", taken.unwrap_or(0).to_string())
    }
}

/// Locks, also after a panic elsewhere: a script that panics must not stop the simulator.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

const BASIC: &str = "Basic realm=\"MMS Public API\"";

/// The fault that refuses the request, whatever its credentials are.
fn refusal(faults: &[Fault]) -> Option<&Fault> {
    faults.iter().rfind(|fault| matches!(fault, Fault::Unauthorized | Fault::Stale | Fault::BasicOnly))
}

fn method_not_allowed(request: &RecordedRequest, allowed: &str) -> Response {
    let detail = format!("The simulated Atlas answers {allowed} only.");
    Response::atlas_error(405, "METHOD_NOT_ALLOWED", &detail, &[request.method.as_str()])
        .header("Allow", allowed)
}
