//! From a request to the decision about its answer: faults, Digest, rate limit, resource, in that order.
//! No sockets here.

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use ureq_proto::http::{HeaderMap, header};

use super::answer::Answer;
use super::delivery::Delivery;
use super::fault::{Edit, Fault, Plan, Refusal, RequestInfo, Rule, When};
use super::lock;
use super::projects::Projects;
use super::rate_limit::{Limiter, RateLimit};
use super::rejection::Rejection;
use super::resource::{self, Form};
use super::stats::{RecordedRequest, Recorder};
use super::target::Target;
use super::verifier::{Accepted, Presented, Verifier};

/// A function that decides on faults request by request.
pub(super) type Script = Arc<dyn Fn(&RequestInfo) -> Vec<Fault> + Send + Sync>;

/// A request as it comes off a connection.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) connection: u64,
    pub(super) method: &'a str,
    pub(super) target: &'a [u8],
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a [u8],
}

/// What is to be sent, and how.
pub(super) struct Decided {
    pub(super) answer: Answer,
    pub(super) delivery: Delivery,
    pub(super) delay: Duration,
}

/// What an honest server would say.
struct Honest {
    answer: Answer,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Challenge,
    Page,
    RateLimited,
    Other,
}

/// Everything that the connections share.
pub(super) struct Service {
    verifier: Mutex<Verifier>,
    projects: RwLock<Projects>,
    form: Form,
    limiter: Mutex<Option<Limiter>>,
    rules: Mutex<Vec<Rule>>,
    scripts: Mutex<Vec<Script>>,
    pub(super) recorder: Recorder,
}

impl Service {
    pub(super) fn new(verifier: Verifier, projects: Projects, form: Form) -> Service {
        Service {
            verifier: Mutex::new(verifier),
            projects: RwLock::new(projects),
            form,
            limiter: Mutex::new(None),
            rules: Mutex::default(),
            scripts: Mutex::default(),
            recorder: Recorder::default(),
        }
    }

    pub(super) fn inject(&self, when: When, fault: Fault) {
        lock(&self.rules).push(Rule::new(when, fault));
    }

    pub(super) fn add_script(&self, script: Script) {
        lock(&self.scripts).push(script);
    }

    pub(super) fn clear_faults(&self) {
        lock(&self.rules).clear();
        lock(&self.scripts).clear();
    }

    pub(super) fn set_rate_limit(&self, limit: Option<RateLimit>) {
        *lock(&self.limiter) = limit.map(Limiter::new);
    }

    pub(super) fn forget_nonces(&self) {
        lock(&self.verifier).forget_nonces();
    }

    /// Decides on one request, and records it.
    pub(super) fn answer(&self, asked: &Asked<'_>) -> Decided {
        let target = Target::parse(asked.target);
        let info = self.info(asked, target.as_ref());
        let plan = self.plan(&info);
        self.prepare(&plan, info.project_id.as_deref());
        let verdict = self.verify(asked);
        let rejection = verdict.as_ref().err().cloned().flatten();
        let Honest { mut answer, mut kind } = self.honest(asked, target.as_ref(), verdict, &plan);
        if let Some(other) = plan.answer {
            (answer, kind) = (other, Kind::Other);
        }
        answer.headers.extend(plan.headers);
        if !asked.body.is_empty() {
            answer = answer.header("Connection", "close");
        }
        let delivery = plan.delivery;
        let status = delivery.tells_status().then_some(answer.status);
        let recorded = recorded(asked, status, rejection);
        self.recorder.record(recorded, |stats| match kind {
            Kind::Challenge if delivery.tells_status() => stats.challenges += 1,
            Kind::Page if delivery.is_whole() => stats.pages += 1,
            Kind::RateLimited if delivery.tells_status() => stats.rate_limited += 1,
            _ => {}
        });
        Decided { answer, delivery, delay: plan.delay }
    }

    fn info(&self, asked: &Asked<'_>, target: Option<&Target>) -> RequestInfo {
        let resource = target.and_then(Target::export_buckets);
        RequestInfo {
            number: self.recorder.number(),
            connection: asked.connection,
            method: asked.method.to_owned(),
            target: String::from_utf8_lossy(asked.target).into_owned(),
            project_id: resource.map(|(_, id)| id.to_ascii_lowercase()),
            page_num: target.and_then(Target::page_num),
            has_authorization: asked.headers.contains_key(header::AUTHORIZATION),
        }
    }

    fn plan(&self, info: &RequestInfo) -> Plan {
        let mut plan = Plan::default();
        for fault in lock(&self.rules).iter_mut().filter_map(|rule| rule.hit(info)) {
            plan.add(fault);
        }
        // They are the user's code: it runs with no lock held.
        let scripts = lock(&self.scripts).clone();
        for fault in scripts.iter().flat_map(|script| script(info)) {
            plan.add(fault);
        }
        plan
    }

    /// Does what a fault does to the server itself.
    fn prepare(&self, plan: &Plan, project: Option<&str>) {
        if plan.forget_nonces {
            self.forget_nonces();
        }
        if let Some(id) = project
            && !plan.edits.is_empty()
        {
            let mut projects = self.projects.write().unwrap_or_else(PoisonError::into_inner);
            for edit in &plan.edits {
                match edit {
                    Edit::Insert(index, bucket) => projects.insert(id, *index, bucket),
                    Edit::Delete(index) => projects.delete(id, *index),
                }
            }
        }
    }

    /// Judges the `Authorization`. `Err(None)` means that there is none.
    fn verify(&self, asked: &Asked<'_>) -> Result<Accepted, Option<Rejection>> {
        let mut fields = asked.headers.get_all(header::AUTHORIZATION).iter();
        let value = fields.next().ok_or(None)?;
        if fields.next().is_some() {
            return Err(Some(Rejection::SeveralFields));
        }
        let presented = Presented { method: asked.method.as_bytes(), target: asked.target, body: asked.body };
        let mut verifier = lock(&self.verifier);
        Ok(verifier.verify(value.as_bytes(), presented, Instant::now())?)
    }

    fn honest(
        &self,
        asked: &Asked<'_>,
        target: Option<&Target>,
        verdict: Result<Accepted, Option<Rejection>>,
        plan: &Plan,
    ) -> Honest {
        if let Some(refusal) = plan.refusal {
            return self.refuse(refusal);
        }
        let accepted = match verdict {
            Ok(accepted) => accepted,
            Err(rejection) => return self.unauthorized(rejection.as_ref()),
        };
        let mut honest = self.resource(asked, target, plan);
        let info = lock(&self.verifier).authentication_info(
            &accepted,
            &honest.answer.body,
            plan.wrong_rspauth,
            Instant::now(),
        );
        if let Some(info) = info {
            honest.answer = honest.answer.header("Authentication-Info", info);
        }
        honest
    }

    /// The 401 of a fault.
    fn refuse(&self, refusal: Refusal) -> Honest {
        match refusal {
            Refusal::Digest { stale } => self.challenged(Answer::jetty_unauthorized(), stale),
            Refusal::Basic => Honest {
                answer: Answer::jetty_unauthorized()
                    .header("WWW-Authenticate", "Basic realm=\"MMS Public API\""),
                kind: Kind::Other,
            },
        }
    }

    /// The 401 of an honest server: Jetty's page where a challenge was to be expected, Atlas's error where
    /// the key, or the way that it was used, was wrong.
    fn unauthorized(&self, rejection: Option<&Rejection>) -> Honest {
        match rejection {
            None => self.challenged(Answer::jetty_unauthorized(), false),
            Some(rejection) if rejection.is_stale() => self.challenged(Answer::jetty_unauthorized(), true),
            Some(rejection) => {
                log::debug!("Authorization refused: {rejection}");
                self.challenged(Answer::not_authorized(), false)
            }
        }
    }

    fn challenged(&self, answer: Answer, stale: bool) -> Honest {
        let fields = lock(&self.verifier).challenge(stale, Instant::now());
        let add = |answer: Answer, field| answer.header("WWW-Authenticate", field);
        Honest { answer: fields.into_iter().fold(answer, add), kind: Kind::Challenge }
    }

    /// What is behind the authentication.
    fn resource(&self, asked: &Asked<'_>, target: Option<&Target>, plan: &Plan) -> Honest {
        let other = |answer| Honest { answer, kind: Kind::Other };
        let Some(target) = target else {
            let detail = "The request-target is neither a path nor an http URL.";
            return other(Answer::atlas_error(400, "BAD_REQUEST", detail, &[]));
        };
        if asked.method != "GET" {
            let detail = "The embedded Atlas answers GET only.";
            let answer = Answer::atlas_error(405, "METHOD_NOT_ALLOWED", detail, &[asked.method]);
            return other(answer.header("Allow", "GET"));
        }
        let project = target.export_buckets().map_or("", |(_, id)| id);
        let decision = lock(&self.limiter).as_mut().map(|limiter| limiter.take(project, Instant::now()));
        let refused = decision.as_ref().and_then(|decision| decision.refusal(&target.path));
        let (answer, kind) = match refused {
            Some(refused) => (refused, Kind::RateLimited),
            None => {
                let accept = asked.headers.get(header::ACCEPT);
                let accept = accept.map_or(b"".as_slice(), |value| value.as_bytes());
                let projects = self.projects.read().unwrap_or_else(PoisonError::into_inner);
                match resource::answer(target, accept, &projects, &self.form, &plan.distortion) {
                    Ok(page) => (page, Kind::Page),
                    Err(error) => (error, Kind::Other),
                }
            }
        };
        Honest {
            answer: match &decision {
                Some(decision) => decision.tell(answer),
                None => answer,
            },
            kind,
        }
    }
}

fn recorded(asked: &Asked<'_>, status: Option<u16>, rejection: Option<Rejection>) -> RecordedRequest {
    let fields = asked.headers.iter();
    RecordedRequest {
        connection: asked.connection,
        method: asked.method.to_owned(),
        target: asked.target.to_vec(),
        headers: fields.map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec())).collect(),
        status,
        rejection,
    }
}
