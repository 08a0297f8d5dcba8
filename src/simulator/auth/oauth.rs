//! The OAuth 2.0 endpoints of service accounts: client credentials (RFC 6749 4.4) and revocation (RFC 7009).

use std::fmt;
use std::time::{Duration, Instant};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::json;
use ureq_proto::http::header;

use super::access_tokens::AccessTokens;
use super::rejection::Rejection;
use crate::simulator::percent;
use crate::simulator::request::ReceivedRequest;
use crate::simulator::response::{Response, ResponseKind};

/// A service account: what RFC 6749 calls a registered client.
#[derive(Clone)]
pub(crate) struct RegisteredClient {
    pub(crate) id: String,
    pub(crate) secret: String,
}

impl fmt::Debug for RegisteredClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RegisteredClient({:?}, ..)", self.id)
    }
}

/// Issues, verifies and revokes access tokens.
pub(crate) struct AuthorizationServer {
    clients: Vec<RegisteredClient>,
    tokens: AccessTokens,
}

impl AuthorizationServer {
    pub(crate) fn new(clients: Vec<RegisteredClient>, token_lifetime: Duration) -> AuthorizationServer {
        AuthorizationServer { clients, tokens: AccessTokens::new(token_lifetime) }
    }

    pub(crate) fn tokens(&mut self) -> &mut AccessTokens {
        &mut self.tokens
    }

    /// The id of the client that `Authorization: Basic …` names, if its secret is right (RFC 6749 2.3.1: both
    /// were form-encoded before they were joined).
    pub(crate) fn authenticate(&self, authorization: &[u8]) -> Result<&str, Rejection> {
        let text = String::from_utf8_lossy(authorization);
        let (scheme, encoded) = text.split_once(' ').unwrap_or((&text, ""));
        if !scheme.eq_ignore_ascii_case("Basic") {
            return Err(Rejection::OtherScheme(scheme.to_owned()));
        }
        let (id, secret) = decode_basic(encoded.trim()).ok_or(Rejection::MalformedBasic)?;
        match self.clients.iter().find(|client| client.id == id) {
            None => Err(Rejection::UnknownClient(id)),
            Some(client) if client.secret != secret => Err(Rejection::WrongSecret),
            Some(client) => Ok(&client.id),
        }
    }

    /// Answers the request of an authenticated client for a token. `expires_in` is what the response says in
    /// the place of the truth.
    pub(crate) fn issue_token(
        &mut self,
        client_id: &str,
        request: &ReceivedRequest,
        expires_in: Option<u64>,
        now: Instant,
    ) -> Response {
        match form_field(request, "grant_type").as_deref() {
            Some("client_credentials") => {}
            Some(_) => {
                let description = "Only client_credentials is supported.";
                return Response::oauth_error(400, "unsupported_grant_type", description);
            }
            None => {
                let description = "The form has no grant_type, or two.";
                return Response::oauth_error(400, "invalid_request", description);
            }
        }
        let Some(token) = self.tokens.issue(client_id, now) else {
            let description = "The service account has too many active access tokens.";
            return Response::oauth_error(403, "access_denied", description);
        };
        let expires_in = expires_in.unwrap_or(self.tokens.lifetime().as_secs());
        let document = json!({ "access_token": token, "expires_in": expires_in, "token_type": "Bearer" });
        Response::json(200, &document).header("Cache-Control", "no-store").kind(ResponseKind::Token)
    }

    /// Answers the request of an authenticated client to revoke a token. A token that is not its own, or none
    /// at all, is as good as revoked (RFC 7009 2.2).
    pub(crate) fn revoke_token(&mut self, client_id: &str, request: &ReceivedRequest) -> Response {
        let Some(token) = form_field(request, "token") else {
            return Response::oauth_error(400, "invalid_request", "The form has no token, or two.");
        };
        self.tokens.revoke(|text, owner| text == token && owner == client_id);
        Response::new(200).kind(ResponseKind::Revocation)
    }

    /// The id of the client whose token `Authorization: Bearer …` holds.
    pub(crate) fn verify_bearer(&self, authorization: &[u8], now: Instant) -> Result<&str, Rejection> {
        self.tokens.verify(bearer_token(authorization).unwrap_or_default(), now)
    }
}

/// The token of `Authorization: Bearer …` (RFC 6750 2.1); `None` if the scheme is another.
pub(crate) fn bearer_token(authorization: &[u8]) -> Option<&str> {
    let (scheme, token) = std::str::from_utf8(authorization).ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then_some(token)
}

fn decode_basic(encoded: &str) -> Option<(String, String)> {
    let decoded = String::from_utf8(BASE64_STANDARD.decode(encoded).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some((percent::decode_form_text(id)?, percent::decode_form_text(secret)?))
}

/// A field of the form in the body, if it is there once.
fn form_field(request: &ReceivedRequest, name: &str) -> Option<String> {
    let content_type = String::from_utf8_lossy(request.header(header::CONTENT_TYPE)).to_ascii_lowercase();
    if content_type.split(';').next().map(str::trim) != Some("application/x-www-form-urlencoded") {
        return None;
    }
    let form = percent::decode_form(std::str::from_utf8(&request.body).ok()?)?;
    let mut values = form.into_iter().filter(|(known, _)| known == name).map(|(_, value)| value);
    let value = values.next()?;
    values.next().is_none().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ureq_proto::http::{HeaderMap, HeaderValue, Method};

    fn server() -> AuthorizationServer {
        let client = RegisteredClient { id: "mdb_sa_id_a b".into(), secret: "s:%+é".into() };
        AuthorizationServer::new(vec![client], Duration::from_secs(3_600))
    }

    fn request(content_type: &str, body: &str) -> ReceivedRequest {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_str(content_type).unwrap());
        let target = b"/api/oauth/token".to_vec();
        ReceivedRequest { connection: 1, method: Method::POST, target, headers, body: body.into() }
    }

    const FORM: &str = "application/x-www-form-urlencoded";

    #[test]
    fn basic_holds_the_form_encoded_id_and_secret() {
        let table = [
            ("mdb_sa_id_a+b:s%3A%25%2B%C3%A9", Ok("mdb_sa_id_a b")),
            ("mdb_sa_id_a%20b:s%3a%25%2b%c3%a9", Ok("mdb_sa_id_a b")),
            ("mdb_sa_id_a b:s:%25%2B%C3%A9", Ok("mdb_sa_id_a b")),
            ("mdb_sa_id_a+b:s:%+é", Err(Rejection::MalformedBasic)),
            ("mdb_sa_id_a+b:wrong", Err(Rejection::WrongSecret)),
            ("other:s", Err(Rejection::UnknownClient("other".into()))),
            ("no colon", Err(Rejection::MalformedBasic)),
        ];
        for (pair, expected) in table {
            let field = format!("Basic {}", BASE64_STANDARD.encode(pair));
            assert_eq!(server().authenticate(field.as_bytes()), expected, "{pair}");
        }
        assert_eq!(server().authenticate(b"Basic ***"), Err(Rejection::MalformedBasic));
        assert_eq!(server().authenticate(b"Digest x"), Err(Rejection::OtherScheme("Digest".into())));
    }

    #[test]
    fn a_token_request_is_answered_as_rfc_6749_has_it() {
        let table = [
            (FORM, "grant_type=client_credentials", 200, ""),
            ("Application/X-WWW-Form-Urlencoded; charset=utf-8", "grant_type=client%5Fcredentials", 200, ""),
            (FORM, "grant_type=password", 400, "unsupported_grant_type"),
            (FORM, "", 400, "invalid_request"),
            (FORM, "grant_type=client_credentials&grant_type=password", 400, "invalid_request"),
            ("application/json", "grant_type=client_credentials", 400, "invalid_request"),
        ];
        for (content_type, body, status, error) in table {
            let request = request(content_type, body);
            let response = server().issue_token("a", &request, None, Instant::now());
            assert_eq!(response.status, status, "{body}");
            let document: serde_json::Value = serde_json::from_slice(&response.body).unwrap();
            assert_eq!(document["error"].as_str().unwrap_or_default(), error, "{body}");
        }
    }

    #[test]
    fn the_response_tells_the_token_and_its_life() {
        let mut server = server();
        let now = Instant::now();
        let request = request(FORM, "grant_type=client_credentials");
        let response = server.issue_token("a", &request, None, now);
        let token = server.tokens().alive(now).remove(0);
        assert_eq!(response.kind, ResponseKind::Token);
        assert_eq!(
            String::from_utf8(response.body).unwrap(),
            format!(r#"{{"access_token":"{token}","expires_in":3600,"token_type":"Bearer"}}"#)
        );
        assert_eq!(server.verify_bearer(format!("bearer {token}").as_bytes(), now), Ok("a"));
        assert_eq!(server.verify_bearer(b"Bearer", now), Err(Rejection::UnknownToken));
        let lying = server.issue_token("a", &request, Some(1), now);
        assert!(String::from_utf8(lying.body).unwrap().contains("\"expires_in\":1,"));
        for _ in 2..100 {
            server.issue_token("a", &request, None, now);
        }
        let refused = server.issue_token("a", &request, None, now);
        assert_eq!(refused.status, 403);
        assert!(String::from_utf8(refused.body).unwrap().contains("\"error\":\"access_denied\""));
    }

    #[test]
    fn a_client_revokes_its_own_tokens_only() {
        let mut server = server();
        let now = Instant::now();
        let token = server.tokens().issue("a", now).unwrap();
        let form = request(FORM, &format!("token={token}&token_type_hint=access_token"));
        assert_eq!(server.revoke_token("b", &form).status, 200);
        assert_eq!(server.tokens().alive(now), [token]);
        assert_eq!(server.revoke_token("a", &form).status, 200);
        assert_eq!(server.tokens().alive(now), [""; 0]);
        assert_eq!(server.revoke_token("a", &request(FORM, "x=y")).status, 400);
    }

    #[test]
    fn no_debug_output_has_the_secret() {
        let shown = format!("{:?}", server().clients);
        assert!(shown.contains("mdb_sa_id_a b") && !shown.contains("s:%"), "{shown}");
    }
}
