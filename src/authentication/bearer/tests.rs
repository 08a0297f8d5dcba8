use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::request::{Resource, tests::endpoint};

const MINUTE: Duration = Duration::from_secs(60);

fn request() -> ApiRequest {
    endpoint("https://h").page(&Resource::Projects, 1, true)
}

fn session() -> TokenSession {
    TokenSession::new(ServiceAccount::new("id", "secret").unwrap())
}

fn api(error_code: &str) -> ApiError {
    ApiError { status: 401, error_code: Some(error_code.into()), ..ApiError::default() }
}

/// Issues tokens `t1`, `t2` and so on.
struct Endpoint {
    issued: AtomicU32,
    expires_in: Duration,
}

impl Endpoint {
    fn new(expires_in: Duration) -> Self {
        Endpoint { issued: AtomicU32::new(0), expires_in }
    }

    fn issue(&self) -> Result<IssuedToken, Error> {
        let number = self.issued.fetch_add(1, Ordering::Relaxed) + 1;
        let access_token = AccessToken::new(format!("t{number}")).unwrap();
        Ok(IssuedToken { access_token, expires_in: self.expires_in })
    }

    fn authorize(&self, session: &TokenSession) -> Result<Token, Error> {
        session.authorize(&request(), MINUTE, |_| self.issue())
    }

    fn replace(&self, session: &TokenSession, refused: Token, code: &str) -> Result<Token, Error> {
        session.give_up(&refused, &request(), api(code), code == "UNEXPECTED_ERROR")?;
        self.authorize(session)
    }
}

#[test]
fn one_token_serves_until_less_than_a_minute_or_half_of_its_life_is_left() {
    let token = |seconds| {
        Token::new(IssuedToken {
            access_token: AccessToken::new("t").unwrap(),
            expires_in: Duration::from_secs(seconds),
        })
    };
    let age =
        |seconds| token(seconds).renew_at.unwrap().saturating_duration_since(Instant::now()).as_secs_f64();
    for (expires_in, expected) in [(3600, 3540.0), (120, 60.0), (60, 30.0), (1, 0.5), (0, 0.0)] {
        assert!((age(expires_in) - expected).abs() < 0.2, "{expires_in}: {}", age(expires_in));
    }
    assert!(token(3600).is_young() && !token(0).is_young());
    let (session, endpoint) = (session(), Endpoint::new(Duration::from_secs(3600)));
    for _ in 0..3 {
        assert_eq!(&*endpoint.authorize(&session).unwrap().value, "t1");
    }
}

#[test]
fn an_old_token_is_replaced_before_it_is_sent() {
    let (session, endpoint) = (session(), Endpoint::new(Duration::ZERO));
    assert_eq!(&*endpoint.authorize(&session).unwrap().value, "t1");
    assert_eq!(&*endpoint.authorize(&session).unwrap().value, "t2");
}

#[test]
fn an_accepted_token_that_is_refused_is_replaced_once_for_all() {
    let (session, endpoint) = (session(), Endpoint::new(MINUTE * 60));
    let (first, second) = (endpoint.authorize(&session).unwrap(), endpoint.authorize(&session).unwrap());
    session.record_success(&first);
    assert_eq!(&*endpoint.replace(&session, first, "UNEXPECTED_ERROR").unwrap().value, "t2");
    assert_eq!(&*endpoint.replace(&session, second, "UNEXPECTED_ERROR").unwrap().value, "t2");
    assert_eq!(endpoint.issued.load(Ordering::Relaxed), 2);
}

#[test]
fn a_token_that_was_just_issued_or_is_refused_for_its_rights_is_not_replaced() {
    let (session, endpoint) = (session(), Endpoint::new(MINUTE * 60));
    let attempt = endpoint.authorize(&session).unwrap();
    let error = endpoint.replace(&session, attempt, "UNEXPECTED_ERROR").err().unwrap();
    assert!(matches!(error, Error::NotAuthenticated { reason: AuthenticationError::IssuedTokenRefused, .. }));
    assert!(
        error.advice().unwrap().starts_with("check that this machine's address is on the service account's")
    );
    let attempt = endpoint.authorize(&session).unwrap();
    session.record_success(&attempt);
    assert!(endpoint.replace(&session, attempt, "USER_UNAUTHORIZED").is_err());
    assert_eq!(endpoint.issued.load(Ordering::Relaxed), 1);
}

#[test]
fn sixty_four_threads_at_once_fetch_one_token() {
    let (session, endpoint) = (session(), Endpoint::new(MINUTE * 60));
    std::thread::scope(|scope| {
        for _ in 0..64 {
            scope.spawn(|| assert_eq!(&*endpoint.authorize(&session).unwrap().value, "t1"));
        }
    });
    assert_eq!(endpoint.issued.load(Ordering::Relaxed), 1);
    assert_eq!(session.take_token().unwrap().1, "t1");
    assert!(session.take_token().is_none());
}

#[test]
fn a_refused_service_account_is_asked_for_once_and_a_broken_fetch_again() {
    let session = session();
    let fetches = AtomicU32::new(0);
    let fail = |error: Error| {
        session.authorize(&request(), MINUTE, |_| {
            fetches.fetch_add(1, Ordering::Relaxed);
            Err(error.clone())
        })
    };
    let boxed = Box::new(request());
    let late = Error::Deadline { request: boxed.clone(), timeout: MINUTE, cause: None };
    assert!(fail(late.clone()).is_err() && fail(late).is_err());
    let reason =
        AuthenticationError::ServiceAccount { error: "invalid_client".into(), error_description: None };
    let refused = Error::NotAuthenticated { request: boxed, reason, api: Box::new(api("X")) };
    assert!(fail(refused.clone()).is_err() && fail(refused).is_err());
    assert_eq!(fetches.load(Ordering::Relaxed), 3);
}

#[test]
fn who_waits_for_a_token_waits_no_longer_than_its_own_time() {
    let session = session();
    std::thread::scope(|scope| {
        session
            .authorize(&request(), MINUTE, |_| {
                let late = scope.spawn(|| {
                    session
                        .authorize(&request(), Duration::from_millis(1), |_| panic!("a second fetch"))
                        .err()
                });
                assert!(matches!(late.join().unwrap(), Some(Error::Deadline { .. })));
                Endpoint::new(MINUTE).issue()
            })
            .unwrap();
    });
}

#[test]
fn a_fetch_that_panics_lets_the_next_thread_fetch() {
    let (session, endpoint) = (session(), Endpoint::new(MINUTE * 60));
    let fetch = || session.authorize(&request(), MINUTE, |_| panic!("no thread for the look-up"));
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(fetch)).is_err());
    assert_eq!(&*endpoint.authorize(&session).unwrap().value, "t1");
}
