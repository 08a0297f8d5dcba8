//! Access tokens of a service account: fetched and revoked (RFC 6749 4.4, RFC 7009).

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use ureq::http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use ureq::http::{Method, Response};

use super::deadline::Deadline;
use super::response::error_of_status;
use super::sender::Sender;
use crate::authentication::IssuedToken;
use crate::credentials::{AccessToken, ServiceAccount};
use crate::error::{AuthenticationError, Error, NetworkErrorKind};
use crate::model::read_error;
use crate::request::ApiRequest;

/// What the token endpoint answers (RFC 6749 5.1).
#[derive(Deserialize)]
struct TokenResponse {
    access_token: String,
    token_type: String,
    /// Seconds. The RFC only recommends the field. Without it, assume an hour, as long as Atlas's tokens last.
    #[serde(default = "an_hour")]
    expires_in: u64,
}

fn an_hour() -> u64 {
    3600
}

/// An error of the token endpoint (RFC 6749 5.2).
#[derive(Deserialize)]
struct OauthError {
    error: String,
    error_description: Option<String>,
}

/// Fetches an access token. The server must not issue two, so the request is retried only if it did not reach the server, or was
/// answered with 429, 500, 502, 503 or 504.
pub(super) fn fetch(
    sender: &Sender,
    request: &ApiRequest,
    account: &ServiceAccount,
    deadline: Deadline,
) -> Result<IssuedToken, Error> {
    // A connection that breaks is final here, so `retry` never asks for a new one.
    let attempt = |_| {
        let form = "grant_type=client_credentials".into();
        read_token(request, &post_form(sender, request, account, form, deadline)?)
    };
    sender.retry(deadline, attempt, may_have_been_issued)
}

/// Revokes an access token, with one request.
pub(super) fn revoke(
    sender: &Sender,
    request: &ApiRequest,
    account: &ServiceAccount,
    token: &str,
    deadline: Deadline,
) -> Result<(), Error> {
    let form = format!("token={}&token_type_hint=access_token", form_encode(token));
    let response = post_form(sender, request, account, form, deadline)?;
    if response.status() == 200 { Ok(()) } else { Err(error_of_token_request(request, &response)) }
}

fn post_form(
    sender: &Sender,
    request: &ApiRequest,
    account: &ServiceAccount,
    form: String,
    deadline: Deadline,
) -> Result<Response<Vec<u8>>, Error> {
    let mut message = sender.new_message(request)?.map(|()| form.into_bytes());
    *message.method_mut() = Method::POST;
    let headers = message.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    if let Some(basic) = basic_authorization(account) {
        headers.insert(AUTHORIZATION, basic);
    }
    log::debug!("POST {}", request.url);
    sender.exchange(request, message, deadline, false)
}

/// Whether the server may have issued a token whose response never came.
fn may_have_been_issued(error: &Error) -> bool {
    use NetworkErrorKind::{Broken, BrokenBody};
    matches!(error, Error::Network { source, .. } if matches!(source.kind, Broken | BrokenBody))
}

/// Reads the response of the token endpoint.
pub(crate) fn read_token(request: &ApiRequest, response: &Response<Vec<u8>>) -> Result<IssuedToken, Error> {
    if response.status() != 200 {
        return Err(error_of_token_request(request, response));
    }
    let malformed = |problem: &str| Error::malformed(request, problem);
    // Nothing of the body is quoted: it may contain the token.
    let token: TokenResponse = serde_json::from_slice(response.body()).map_err(|error| {
        malformed(&format!("no token response of OAuth 2.0 ({:?} error)", error.classify()))
    })?;
    if !token.token_type.eq_ignore_ascii_case("bearer") {
        return Err(malformed("the token is no bearer token"));
    }
    let access_token =
        AccessToken::new(token.access_token).map_err(|_| malformed("the token cannot be sent"))?;
    Ok(IssuedToken { access_token, expires_in: Duration::from_secs(token.expires_in) })
}

fn error_of_token_request(request: &ApiRequest, response: &Response<Vec<u8>>) -> Error {
    let status = response.status().as_u16();
    match serde_json::from_slice::<OauthError>(response.body()) {
        Ok(OauthError { error, error_description }) if matches!(status, 400 | 401 | 403) => {
            let reason = AuthenticationError::ServiceAccount { error, error_description };
            Error::not_authenticated(request, reason, read_error(status, response.body()))
        }
        _ => error_of_status(request, response),
    }
}

/// `Basic`, of the id and the secret, both form-encoded first (RFC 6749 2.3.1).
fn basic_authorization(account: &ServiceAccount) -> Option<HeaderValue> {
    let pair = format!("{}:{}", form_encode(&account.client_id), form_encode(&account.client_secret));
    let mut value = HeaderValue::try_from(format!("Basic {}", BASE64_STANDARD.encode(pair))).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// `application/x-www-form-urlencoded`, of one value.
fn form_encode(text: &str) -> String {
    let encode = |byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'*' | b'-' | b'.' | b'_' => char::from(byte).to_string(),
        b' ' => "+".into(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::{Operation, tests::endpoint};

    fn read(status: u16, body: &str) -> Result<IssuedToken, Error> {
        let request = endpoint("https://h").token_request(Operation::RequestAccessToken);
        let mut response = Response::new(body.as_bytes().to_vec());
        *response.status_mut() = status.try_into().unwrap();
        read_token(&request, &response)
    }

    #[test]
    fn a_token_without_a_lifetime_lasts_an_hour() {
        let token = read(200, r#"{"access_token":"t","token_type":"Bearer"}"#).ok().unwrap();
        assert_eq!(token.expires_in, Duration::from_secs(3600));
    }

    #[test]
    fn an_oauth_error_refuses_the_service_account_only_with_400_401_and_403() {
        for (status, is_refusal) in [(400, true), (401, true), (403, true), (429, false), (500, false)] {
            let error = read(status, r#"{"error":"invalid_client"}"#).err().unwrap();
            assert_eq!(matches!(error, Error::NotAuthenticated { .. }), is_refusal, "{status}: {error}");
        }
    }

    #[test]
    fn basic_has_both_parts_form_encoded() {
        let account = ServiceAccount::new("mdb_sa_id_1", "a b:c/é").unwrap();
        let value = basic_authorization(&account).unwrap();
        assert_eq!(
            value,
            format!("Basic {}", BASE64_STANDARD.encode("mdb_sa_id_1:a+b%3Ac%2F%C3%A9")).as_str()
        );
        assert!(value.is_sensitive());
    }
}
