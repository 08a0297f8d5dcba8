//! Decides how to answer a request: faults, authentication, rate limit, resource, in that order. No sockets
//! here.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use serde_json::json;
use ureq_proto::http::{Method, StatusCode, header};

use super::atlas::{AtlasError, ResourceRequest, Resources, Route, Target, TokenBucket, TokenBuckets};
use super::auth::{AuthorizationServer, DigestVerifier, Rejection, VerifiedAuthorization, bearer_token};
use super::faults::{Delivery, Edit, FaultInjector, FaultPlan, ForcedRefusal, RequestInfo, RequestKind};
use super::lock::lock;
use super::recorder::{RecordedRequest, Recorder};
use super::request::ReceivedRequest;
use super::response::{Response, ResponseKind};

/// What is to be sent, and how.
pub(crate) struct PlannedResponse {
    pub(crate) response: Response,
    pub(crate) delivery: Delivery,
    pub(crate) delay: Duration,
}

/// Everything that the connections share.
pub(crate) struct Service {
    pub(crate) verifier: Mutex<DigestVerifier>,
    pub(crate) authorization_server: Mutex<AuthorizationServer>,
    pub(crate) resources: RwLock<Resources>,
    /// The projects of the credentials that may not read all of them.
    pub(crate) readable: HashMap<String, Vec<String>>,
    pub(crate) rate_limit: Mutex<Option<TokenBuckets>>,
    pub(crate) token_rate_limit: Mutex<Option<TokenBuckets>>,
    pub(crate) faults: FaultInjector,
    pub(crate) recorder: Recorder,
}

/// Good credentials: a Digest response or an access token.
enum Authenticated {
    Digest(VerifiedAuthorization),
    Bearer { client_id: String },
}

impl Authenticated {
    /// The public key or the client id.
    fn name(&self) -> &str {
        match self {
            Authenticated::Digest(verified) => &verified.public_key,
            Authenticated::Bearer { client_id } => client_id,
        }
    }
}

/// Why a request is not authenticated; `None` if it has no `Authorization`.
type Unauthenticated = Option<Rejection>;

impl Service {
    pub(crate) fn set_rate_limit(&self, limit: Option<TokenBucket>) {
        *lock(&self.rate_limit) = limit.map(TokenBuckets::new);
    }

    pub(crate) fn forget_nonces(&self) {
        lock(&self.verifier).forget_nonces();
    }

    /// Decides on one request, and records it.
    pub(crate) fn answer(&self, request: &ReceivedRequest) -> PlannedResponse {
        let target = Target::parse(&request.target);
        let info = self.info(request, target.as_ref());
        let plan = self.faults.plan(&info);
        self.prepare(&plan, request, info.project_id.as_deref());
        let (honest, rejection) = match info.kind {
            RequestKind::Token | RequestKind::Revocation => self.answer_oauth(request, info.kind, &plan),
            _ => self.answer_resource(request, target.as_ref(), &plan),
        };
        let mut response = match plan.response {
            Some(scripted) => scripted,
            None => honest.header("Server", "mdbws").header("X-Envoy-Upstream-Service-Time", "1"),
        };
        for (name, value) in plan.headers {
            response = response.header(name, value);
        }
        let record = RecordedRequest::new(info.number, request, &response, &plan.delivery, rejection);
        self.recorder.record(record, response.kind, &plan.delivery);
        PlannedResponse { response, delivery: plan.delivery, delay: plan.delay }
    }

    fn info(&self, request: &ReceivedRequest, target: Option<&Target>) -> RequestInfo {
        let route = target.map_or(Route::Unknown, Target::route);
        RequestInfo {
            number: self.recorder.number(),
            connection: request.connection,
            method: request.method.to_string(),
            kind: route.kind(),
            target: String::from_utf8_lossy(&request.target).into_owned(),
            project_id: route.project().map(str::to_ascii_lowercase),
            page_num: target.and_then(Target::page_num),
            has_authorization: request.headers.contains_key(header::AUTHORIZATION),
        }
    }

    /// Applies the faults that change the server itself.
    fn prepare(&self, plan: &FaultPlan, request: &ReceivedRequest, project: Option<&str>) {
        if plan.forget_nonces {
            self.forget_nonces();
        }
        if plan.revoke_token
            && let Some(token) = bearer_token(request.header(header::AUTHORIZATION))
        {
            lock(&self.authorization_server).tokens().revoke(|text, _| text == token);
        }
        if let Some(id) = project
            && !plan.edits.is_empty()
        {
            let mut resources = self.resources.write().unwrap_or_else(PoisonError::into_inner);
            for edit in &plan.edits {
                match edit {
                    Edit::Insert(index, bucket) => resources.projects.insert_bucket(id, *index, bucket),
                    Edit::Delete(index) => resources.projects.delete_bucket(id, *index),
                }
            }
        }
    }

    /// Answers a request to an OAuth endpoint.
    fn answer_oauth(
        &self,
        request: &ReceivedRequest,
        endpoint: RequestKind,
        plan: &FaultPlan,
    ) -> (Response, Option<Rejection>) {
        if request.method != Method::POST {
            return (method_not_allowed(request, "POST"), None);
        }
        let now = Instant::now();
        let mut server = lock(&self.authorization_server);
        let client = only_authorization(request)
            .and_then(|value| Ok(server.authenticate(value).map(str::to_owned)?));
        let client = match (client, plan.refusal) {
            (Ok(client), None) => client,
            (client, _) => {
                let response = Response::oauth_error(401, "invalid_client", "Client authentication failed.")
                    .header("WWW-Authenticate", BASIC);
                return (response, client.err().flatten());
            }
        };
        let response = if endpoint == RequestKind::Revocation {
            server.revoke_token(&client, request)
        } else {
            self.limit_tokens(&client, now)
                .unwrap_or_else(|| server.issue_token(&client, request, plan.expires_in, now))
        };
        (response, None)
    }

    /// The 429 of the token endpoint, if it is due. Its parameters are the path, the requests allowed, and the
    /// minutes in which they are.
    fn limit_tokens(&self, client: &str, now: Instant) -> Option<Response> {
        let decision = lock(&self.token_rate_limit).as_mut()?.take(client, now);
        let path = "/api/oauth/token";
        let parameters = [json!(path), json!(decision.limit()), json!(1)];
        decision.refusal_with(path, &parameters)
    }

    /// Answers any other request.
    fn answer_resource(
        &self,
        request: &ReceivedRequest,
        target: Option<&Target>,
        plan: &FaultPlan,
    ) -> (Response, Option<Rejection>) {
        let authenticated = self.authenticate(request);
        let unauthorized = || AtlasError::unauthorized().to_response();
        let response = match (plan.refusal, &authenticated) {
            (Some(ForcedRefusal::Digest { stale }), _) => self.challenge(unauthorized(), stale),
            (Some(ForcedRefusal::Basic), _) => unauthorized().header("WWW-Authenticate", BASIC),
            (None, Ok(authenticated)) => {
                let response = self.resource(request, target, authenticated, plan);
                self.prove(response, authenticated, plan)
            }
            (None, Err(rejection)) => {
                let stale = rejection.as_ref().is_some_and(Rejection::is_stale);
                self.challenge(unauthorized(), stale)
            }
        };
        (response, authenticated.err().flatten())
    }

    /// Verifies the `Authorization`.
    fn authenticate(&self, request: &ReceivedRequest) -> Result<Authenticated, Unauthenticated> {
        let value = only_authorization(request)?;
        let now = Instant::now();
        if bearer_token(value).is_some() {
            let server = lock(&self.authorization_server);
            let client_id = server.verify_bearer(value, now)?.to_owned();
            return Ok(Authenticated::Bearer { client_id });
        }
        Ok(Authenticated::Digest(lock(&self.verifier).verify(value, request, now)?))
    }

    /// Adds a challenge to a 401.
    fn challenge(&self, response: Response, stale: bool) -> Response {
        let fields = lock(&self.verifier).challenge(stale, Instant::now());
        let add = |response: Response, field| response.header("WWW-Authenticate", field);
        fields.into_iter().fold(response, add).kind(ResponseKind::Challenge)
    }

    /// Adds the `Authentication-Info`, if there is to be one.
    fn prove(&self, response: Response, authenticated: &Authenticated, plan: &FaultPlan) -> Response {
        let Authenticated::Digest(verified) = authenticated else { return response };
        let info = lock(&self.verifier).authentication_info(
            verified,
            &response.body,
            plan.wrong_rspauth,
            Instant::now(),
        );
        match info {
            Some(info) => response.header("Authentication-Info", info),
            None => response,
        }
    }

    /// Answers a request whose credentials are good.
    fn resource(
        &self,
        request: &ReceivedRequest,
        target: Option<&Target>,
        authenticated: &Authenticated,
        plan: &FaultPlan,
    ) -> Response {
        let Some(target) = target else {
            let detail = "The request-target is neither a path nor an http URL.";
            return Response::atlas_error(400, "BAD_REQUEST", detail, &[]);
        };
        if request.method != Method::GET {
            return method_not_allowed(request, "GET");
        }
        let project = target.route().project().unwrap_or_default();
        let rate = lock(&self.rate_limit).as_mut().map(|buckets| buckets.take(project, Instant::now()));
        let response = rate.as_ref().and_then(|rate| rate.refusal(&target.path)).unwrap_or_else(|| {
            let request = ResourceRequest {
                target,
                accept: request.header(header::ACCEPT),
                readable: self.readable.get(authenticated.name()).map(Vec::as_slice),
            };
            let resources = self.resources.read().unwrap_or_else(PoisonError::into_inner);
            resources.answer(&request, &plan.distortion)
        });
        let response = match response.status {
            // The credentials are good, but may not read this. Every 401 of Atlas's has a challenge.
            StatusCode::UNAUTHORIZED => self.challenge(response, false),
            _ => response,
        };
        match &rate {
            Some(rate) => rate.add_headers(response),
            None => response,
        }
    }
}

const BASIC: &str = "Basic realm=\"MMS Public API\"";

/// The `Authorization` field, unless there are several.
fn only_authorization(request: &ReceivedRequest) -> Result<&[u8], Unauthenticated> {
    let mut fields = request.headers.get_all(header::AUTHORIZATION).iter();
    let value = fields.next().ok_or(None)?;
    match fields.next() {
        Some(_) => Err(Some(Rejection::SeveralFields)),
        None => Ok(value.as_bytes()),
    }
}

fn method_not_allowed(request: &ReceivedRequest, allowed: &str) -> Response {
    let detail = format!("The embedded Atlas answers {allowed} only.");
    Response::atlas_error(405, "METHOD_NOT_ALLOWED", &detail, &[request.method.as_str()])
        .header("Allow", allowed)
}
