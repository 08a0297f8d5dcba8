//! Requests by plain `ureq` and the public `digest::Session`, with each step of the exchange to be seen and changed.

use atlas_export_buckets::digest::{self, Attempt, Request, Session, UserCredentials};
use atlas_export_buckets::ureq;

use crate::web_server::{PASSWORD, USER, WebServer, target};

/// The user's requests for the first page.
pub struct RawExchange {
    agent: ureq::Agent,
    session: Session,
    url: String,
    target: String,
}

/// What of an answer concerns Digest.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub www_authenticate: Option<String>,
    pub authentication_info: Option<String>,
}

impl RawExchange {
    pub fn with(server: &WebServer) -> RawExchange {
        let target = target(1);
        RawExchange {
            agent: ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build().new_agent(),
            session: Session::new(UserCredentials::new(USER, PASSWORD)),
            url: server.url(&target),
            target,
        }
    }

    fn request(&self) -> Request<'_> {
        Request::get(&self.target)
    }

    pub fn authorize(&self) -> Attempt {
        self.session.authorize(&self.request()).unwrap()
    }

    /// An attempt with credentials, after a challenge if it takes one.
    pub fn authenticated(&self) -> Attempt {
        let attempt = self.authorize();
        match attempt.authorization() {
            Some(_) => attempt,
            None => {
                let challenge = self.send(&attempt).www_authenticate.unwrap();
                self.answer_challenge(attempt, &challenge).unwrap()
            }
        }
    }

    pub fn send(&self, attempt: &Attempt) -> Answer {
        let mut request = self.agent.get(&self.url);
        if let Some(authorization) = attempt.authorization() {
            request = request.header("authorization", authorization);
        }
        let mut response = request.call().unwrap();
        response.body_mut().read_to_vec().unwrap();
        let header = |name| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        Answer {
            status: response.status().as_u16(),
            www_authenticate: header("www-authenticate"),
            authentication_info: header("authentication-info"),
        }
    }

    /// Answers a challenge to the attempt.
    pub fn answer_challenge(&self, attempt: Attempt, challenge: &str) -> Result<Attempt, digest::Error> {
        self.session.answer_challenge(attempt, [challenge.as_bytes()], &self.request())
    }

    /// Takes a value of `Authentication-Info` for the attempt.
    pub fn record_success(&self, attempt: Attempt, info: &str) -> Result<(), digest::Error> {
        self.session.record_success(attempt, &self.request(), Some(info.as_bytes()), b"")
    }
}
