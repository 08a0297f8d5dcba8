//! Service accounts: tokens, their limits, and what they open.

use std::time::Duration;

use super::client::{End, RawClient, status, target};
use crate::simulator::{Fault, Rejection, RequestKind, Response, Simulator, TokenBucket, When};

const TOKEN: &str = "/api/oauth/token";
const REVOKE: &str = "/api/oauth/revoke";
const FORM: &str = "grant_type=client_credentials";

fn body(response: &str) -> serde_json::Value {
    serde_json::from_str(response.split("\r\n\r\n").nth(1).unwrap()).unwrap()
}

fn token(response: &str) -> String {
    body(response)["access_token"].as_str().unwrap().to_owned()
}

fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}\r\n")
}

#[test]
fn one_connection_serves_a_token_pages_and_the_revocation() {
    let simulator = Simulator::builder().projects(1, 7).start().unwrap();
    let mut client = RawClient::new(&simulator);
    let (response, end) = client.request_token(&simulator);
    assert_eq!((status(&response), end), ("200", End::Complete), "{response}");
    assert_eq!(
        (&body(&response)["expires_in"], &body(&response)["token_type"]),
        (&3600.into(), &"Bearer".into())
    );
    let token = token(&response);
    for page in 1..=4 {
        let target = target(&simulator, &format!("?itemsPerPage=2&pageNum={page}"));
        assert_eq!(status(&client.send(&target, &bearer(&token)).0), "200");
    }
    let pair = format!("{}:{}", simulator.client_id(), simulator.client_secret());
    let (revoked, _) = client.post(REVOKE, &pair, &format!("token={token}&token_type_hint=access_token"));
    assert_eq!((status(&revoked), simulator.access_tokens().len()), ("200", 0));
    let (refused, _) = client.send(&target(&simulator, ""), &bearer(&token));
    assert!(status(&refused) == "401" && refused.contains("www-authenticate: Digest "), "{refused}");
    assert_eq!(body(&refused)["errorCode"], "UNEXPECTED_ERROR");
    let stats = simulator.stats();
    assert_eq!((stats.connections, stats.requests), (1, 7));
    assert_eq!((stats.tokens, stats.pages, stats.revocations, stats.challenges), (1, 4, 1, 1));
    assert_eq!(simulator.rejections(), [Rejection::RevokedToken]);
    assert_eq!(simulator.requests()[0].body, FORM.as_bytes());
}

#[test]
fn a_client_that_is_not_known_gets_no_token_and_revokes_none() {
    let simulator = Simulator::builder().service_account("id", "secret").start().unwrap();
    let issued = simulator.issue_access_token().unwrap();
    let mut client = RawClient::new(&simulator);
    for pair in ["id:wrong", "other:secret"] {
        for (target, form) in [(TOKEN, FORM.to_owned()), (REVOKE, format!("token={issued}"))] {
            let (refused, _) = client.post(target, pair, &form);
            assert_eq!((status(&refused), &body(&refused)["error"]), ("401", &"invalid_client".into()));
            assert!(refused.contains("www-authenticate: Basic "), "{refused}");
        }
    }
    let (wrong, other) = (Rejection::WrongSecret, Rejection::UnknownClient("other".into()));
    assert_eq!(simulator.rejections(), [wrong.clone(), wrong, other.clone(), other]);
    assert_eq!((simulator.access_tokens(), simulator.stats().challenges), (vec![issued], 0));
    assert_eq!(status(&client.send(TOKEN, "").0), "405");
    assert_eq!(status(&client.post(TOKEN, "id:secret", "grant_type=password").0), "400");
}

#[test]
fn tokens_are_limited_to_ten_a_minute_and_a_hundred_alive() {
    let simulator = Simulator::start().unwrap();
    let mut client = RawClient::new(&simulator);
    for _ in 0..10 {
        assert_eq!(status(&client.request_token(&simulator).0), "200");
    }
    let (limited, _) = client.request_token(&simulator);
    assert_eq!((status(&limited), &body(&limited)["errorCode"]), ("429", &"RATE_LIMITED".into()));
    assert_eq!(body(&limited)["parameters"], serde_json::json!(["/api/oauth/token", 10, 1]));
    assert!(!limited.contains("retry-after"), "{limited}");
    assert_eq!(simulator.stats().rate_limited, 1);

    let simulator = Simulator::builder().token_rate_limit(None).start().unwrap();
    let mut client = RawClient::new(&simulator);
    for _ in 0..100 {
        assert_eq!(status(&client.request_token(&simulator).0), "200");
    }
    assert!(simulator.issue_access_token().is_err());
    let (denied, _) = client.request_token(&simulator);
    assert_eq!((status(&denied), &body(&denied)["error"]), ("403", &"access_denied".into()));
    simulator.revoke_access_tokens();
    assert_eq!(status(&client.request_token(&simulator).0), "200");
}

#[test]
fn each_service_account_has_a_token_rate_limit_of_its_own() {
    let simulator = Simulator::builder()
        .service_account("a", "secret")
        .service_account("b", "secret")
        .token_rate_limit(Some(TokenBucket::new(1, Duration::from_secs(3600))))
        .start()
        .unwrap();
    let mut client = RawClient::new(&simulator);
    for (pair, expected) in [("a:secret", "200"), ("b:secret", "200"), ("a:secret", "429")] {
        assert_eq!(status(&client.post(TOKEN, pair, FORM).0), expected, "{pair}");
    }
}

#[test]
fn a_token_that_is_old_revoked_or_invented_opens_nothing() {
    let lasting = Simulator::start().unwrap();
    let brief = Simulator::builder().access_token_lifetime(Duration::ZERO).start().unwrap();
    let revoked = lasting.issue_access_token().unwrap();
    lasting.revoke_access_tokens();
    let table = [
        (&brief, brief.issue_access_token().unwrap(), Rejection::ExpiredToken),
        (&lasting, revoked, Rejection::RevokedToken),
        (&lasting, "invented".to_owned(), Rejection::UnknownToken),
    ];
    for (simulator, token, expected) in table {
        let (refused, _) = RawClient::new(simulator).send(&target(simulator, ""), &bearer(&token));
        assert_eq!((status(&refused), simulator.rejections().pop()), ("401", Some(expected)));
    }
}

#[test]
fn faults_hit_token_requests_where_they_are_meant_to() {
    let unavailable = Fault::Response(Response::oauth_error(503, "temporarily_unavailable", "Later."));
    let simulator = Simulator::builder()
        .fault(When::nth(1).token_requests(), unavailable)
        .fault(When::nth(2).token_requests(), Fault::Reset)
        .fault(When::nth(3).token_requests(), Fault::Unauthorized)
        .fault(When::nth(4).token_requests(), Fault::ExpiresIn(1))
        .fault(When::nth(1).revocation_requests(), Fault::Close)
        .fault(When::nth(1).of_kind(RequestKind::Projects), Fault::NoCount)
        .fault(When::always(), Fault::header("Sunset", "soon"))
        .start()
        .unwrap();
    assert_eq!(status(&RawClient::new(&simulator).request_token(&simulator).0), "503");
    assert_eq!(RawClient::new(&simulator).request_token(&simulator).1, End::Reset);
    let mut client = RawClient::new(&simulator);
    let (refused, _) = client.request_token(&simulator);
    assert_eq!((status(&refused), &body(&refused)["error"]), ("401", &"invalid_client".into()));
    let (brief, _) = client.request_token(&simulator);
    assert_eq!(body(&brief)["expires_in"], 1);
    assert!(!brief.contains("sunset"), "{brief}");
    let (projects, _) = client.send("/api/atlas/v1.0/groups", &bearer(&token(&brief)));
    assert!(projects.contains("sunset: soon") && !projects.contains("totalCount"), "{projects}");
    let pair = format!("{}:{}", simulator.client_id(), simulator.client_secret());
    assert_eq!(client.post(REVOKE, &pair, "token=x").1, End::Closed);
}

#[test]
fn a_token_can_be_refused_once_or_revoked_in_the_middle_of_a_list() {
    for (fault, then) in [(Fault::Unauthorized, "200"), (Fault::RevokeToken, "401")] {
        let simulator =
            Simulator::builder().fault(When::nth(2).with_authorization(), fault.clone()).start().unwrap();
        let mut client = RawClient::new(&simulator);
        let first = token(&client.request_token(&simulator).0);
        let target = target(&simulator, "");
        for expected in ["200", "401", then] {
            assert_eq!(status(&client.send(&target, &bearer(&first)).0), expected, "{fault:?}");
        }
        let second = token(&client.request_token(&simulator).0);
        assert_eq!(status(&client.send(&target, &bearer(&second)).0), "200", "{fault:?}");
    }
}

#[test]
fn a_service_account_and_a_key_can_be_limited_to_some_projects() {
    let builder =
        Simulator::builder().key("public", "private").service_account("id", "secret").projects(2, 1);
    let second = builder.start().unwrap().project_ids()[1].clone();
    let simulator = Simulator::builder()
        .key("public", "private")
        .service_account("id", "secret")
        .projects(2, 1)
        .limit_to_projects("public", [second.as_str()])
        .limit_to_projects("id", [second.to_uppercase()])
        .start()
        .unwrap();
    let mut client = RawClient::new(&simulator);
    let bearer = bearer(&simulator.issue_access_token().unwrap());
    for answer in [client.send(&target(&simulator, ""), &bearer).0, client.page(&simulator, "").0] {
        assert_eq!((status(&answer), &body(&answer)["errorCode"]), ("401", &"USER_UNAUTHORIZED".into()));
        assert!(answer.contains("www-authenticate: Digest ") && answer.contains("stale=false"), "{answer}");
    }
    let permitted = target(&simulator, "").replace(simulator.project_id(), &second);
    assert_eq!(status(&client.send(&permitted, &bearer).0), "200");
    let (projects, _) = client.send("/api/atlas/v1.0/groups", &bearer);
    assert_eq!(
        (&body(&projects)["totalCount"], &body(&projects)["results"][0]["id"]),
        (&1.into(), &second.into())
    );
    assert_eq!(simulator.rejections(), []);
}

#[test]
fn the_rate_limit_of_resources_costs_no_tokens_and_the_other_way_round() {
    let simulator = Simulator::builder()
        .rate_limit(TokenBucket::new(1, Duration::from_secs(60)))
        .token_rate_limit(Some(TokenBucket::new(2, Duration::from_secs(30))))
        .start()
        .unwrap();
    let mut client = RawClient::new(&simulator);
    let token = token(&client.request_token(&simulator).0);
    let target = target(&simulator, "");
    assert_eq!(status(&client.send(&target, &bearer(&token)).0), "200");
    let (limited, _) = client.send(&target, &bearer(&token));
    assert_eq!(body(&limited)["parameters"], serde_json::json!([target, 60, 1, 1, 60]));
    assert_eq!(status(&client.request_token(&simulator).0), "200");
    let (limited, _) = client.request_token(&simulator);
    assert!(status(&limited) == "429" && limited.contains("retry-after: 30\r\n"), "{limited}");
}
