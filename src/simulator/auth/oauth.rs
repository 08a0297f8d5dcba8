//! The OAuth 2.0 endpoints of service accounts: client credentials (RFC 6749 4.4) and revocation (RFC 7009).

use std::time::{Duration, Instant};

use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine as _};
use serde_json::json;

use super::account::Account;
use super::rejection::Rejection;
use super::unique::unique_bytes;
use crate::simulator::percent;
use crate::simulator::request::RecordedRequest;
use crate::simulator::response::{Response, ResponseKind};

/// How many tokens of one client may be alive, and how many tokens are remembered.
const MAX_ALIVE: usize = 100;
const REMEMBERED: usize = 4096;

struct IssuedToken {
    text: String,
    client_id: String,
    /// `None`: later than an `Instant` can say.
    expires: Option<Instant>,
    revoked: bool,
}

impl IssuedToken {
    fn is_alive(&self, now: Instant) -> bool {
        !self.revoked && self.expires.is_none_or(|expires| now < expires)
    }
}

/// Issues, verifies and revokes access tokens.
#[derive(Default)]
pub(crate) struct AuthorizationServer {
    /// The service accounts: what RFC 6749 calls registered clients.
    pub(crate) clients: Vec<Account>,
    pub(crate) token_lifetime: Duration,
    /// The tokens, in the order in which they were issued.
    tokens: Vec<IssuedToken>,
    issued: u64,
}

impl AuthorizationServer {
    /// The id of the client that `Authorization: Basic …` names, if its secret is right (RFC 6749 2.3.1: both
    /// were form-encoded before they were joined).
    pub(crate) fn authenticate(&self, authorization: &[u8]) -> Result<&str, Rejection> {
        let text = String::from_utf8_lossy(authorization);
        let (scheme, encoded) = text.split_once(' ').unwrap_or((&text, ""));
        if !scheme.eq_ignore_ascii_case("Basic") {
            return Err(Rejection::OtherScheme(scheme.to_owned()));
        }
        let (id, secret) = decode_basic(encoded.trim()).ok_or(Rejection::MalformedBasic)?;
        match self.clients.iter().find(|client| client.name == id) {
            None => Err(Rejection::UnknownClient(id)),
            Some(client) if client.secret != secret => Err(Rejection::WrongSecret),
            Some(client) => Ok(&client.name),
        }
    }

    /// Answers the request of an authenticated client for a token. The response says `expires_in`, if
    /// given, instead of the real lifetime.
    pub(crate) fn issue_token(
        &mut self,
        client_id: &str,
        request: &RecordedRequest,
        expires_in: Option<u64>,
        now: Instant,
    ) -> Response {
        let refuse = |error, description| Response::oauth_error(400, error, description);
        match form_field(request, "grant_type").as_deref() {
            Some("client_credentials") => {}
            Some(_) => return refuse("unsupported_grant_type", "Only client_credentials is supported."),
            None => return refuse("invalid_request", "The form has no grant_type, or two."),
        }
        let Some(token) = self.issue(client_id, now) else {
            let description = "The service account has too many active access tokens.";
            return Response::oauth_error(403, "access_denied", description);
        };
        let expires_in = expires_in.unwrap_or(self.token_lifetime.as_secs());
        let document = json!({ "access_token": token, "expires_in": expires_in, "token_type": "Bearer" });
        Response::json(200, &document).header("Cache-Control", "no-store").kind(ResponseKind::Token)
    }

    /// Answers the request of an authenticated client to revoke a token. A token that is not its own, or none
    /// at all, is as good as revoked (RFC 7009 2.2).
    pub(crate) fn revoke_token(&mut self, client_id: &str, request: &RecordedRequest) -> Response {
        let Some(token) = form_field(request, "token") else {
            return Response::oauth_error(400, "invalid_request", "The form has no token, or two.");
        };
        self.revoke(|text, owner| text == token && owner == client_id);
        Response::new(200).kind(ResponseKind::Revocation)
    }

    /// Issues a token, unless too many of this client are alive.
    pub(crate) fn issue(&mut self, client_id: &str, now: Instant) -> Option<String> {
        if self.tokens.len() >= REMEMBERED {
            self.tokens.retain(|token| token.is_alive(now));
        }
        let own = self.tokens.iter().filter(|token| token.client_id == client_id && token.is_alive(now));
        if own.count() >= MAX_ALIVE {
            return None;
        }
        self.issued += 1;
        // A JSON Web Token, which Atlas issues, has these characters too.
        let text = BASE64_URL_SAFE_NO_PAD.encode(unique_bytes(self.issued));
        self.tokens.push(IssuedToken {
            text: text.clone(),
            client_id: client_id.to_owned(),
            expires: now.checked_add(self.token_lifetime),
            revoked: false,
        });
        Some(text)
    }

    /// The id of the client whose token this is, if it is alive.
    pub(crate) fn verify(&self, text: &str, now: Instant) -> Result<&str, Rejection> {
        match self.tokens.iter().find(|token| token.text == text) {
            None => Err(Rejection::UnknownToken),
            Some(token) if token.revoked => Err(Rejection::RevokedToken),
            Some(token) if !token.is_alive(now) => Err(Rejection::ExpiredToken),
            Some(token) => Ok(&token.client_id),
        }
    }

    /// Revokes the tokens that `which` says, given their text and their client's id.
    pub(crate) fn revoke(&mut self, which: impl Fn(&str, &str) -> bool) {
        for token in &mut self.tokens {
            token.revoked |= which(&token.text, &token.client_id);
        }
    }

    /// The tokens that are alive.
    pub(crate) fn alive(&self, now: Instant) -> Vec<String> {
        self.tokens.iter().filter(|token| token.is_alive(now)).map(|token| token.text.clone()).collect()
    }
}

/// The token of `Authorization: Bearer …` (RFC 6750 2.1); `None` if the scheme is another.
pub(crate) fn bearer_token(authorization: &[u8]) -> Option<&str> {
    let (scheme, token) = std::str::from_utf8(authorization).ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then_some(token)
}

/// An id and a secret, both form-encoded before they were joined (RFC 6749 2.3.1).
fn decode_basic(encoded: &str) -> Option<(String, String)> {
    let decoded = String::from_utf8(BASE64_STANDARD.decode(encoded).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    let decode = |text: &str| percent::decode_text(&text.replace('+', " "));
    Some((decode(id)?, decode(secret)?))
}

/// A field of the form in the body, if it is there once.
fn form_field(request: &RecordedRequest, name: &str) -> Option<String> {
    let content_type = String::from_utf8_lossy(request.header("content-type")?).to_ascii_lowercase();
    if content_type.split(';').next().map(str::trim) != Some("application/x-www-form-urlencoded") {
        return None;
    }
    // In a form, a plus stands for a space.
    let form = std::str::from_utf8(&request.body).ok()?.replace('+', " ");
    let mut values = percent::decode_pairs(&form)?;
    values.retain(|(known, _)| known == name);
    let (_, value) = values.pop()?;
    values.is_empty().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server() -> AuthorizationServer {
        let client = Account { name: "mdb_sa_id_a b".into(), secret: "s:%+é".into() };
        AuthorizationServer { clients: vec![client], ..with_lifetime(3_600) }
    }

    fn request(content_type: &str, body: &str) -> RecordedRequest {
        let headers = vec![("content-type".to_owned(), content_type.into())];
        RecordedRequest { headers, body: body.into(), ..RecordedRequest::default() }
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
        let token = server.alive(now).remove(0);
        assert_eq!(response.kind, ResponseKind::Token);
        assert_eq!(
            String::from_utf8(response.body).unwrap(),
            format!(r#"{{"access_token":"{token}","expires_in":3600,"token_type":"Bearer"}}"#)
        );
        assert_eq!(server.verify(&token, now), Ok("a"));
        assert_eq!(server.verify("", now), Err(Rejection::UnknownToken));
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
        let token = server.issue("a", now).unwrap();
        let form = request(FORM, &format!("token={token}&token_type_hint=access_token"));
        assert_eq!(server.revoke_token("b", &form).status, 200);
        assert_eq!(server.alive(now), [token]);
        assert_eq!(server.revoke_token("a", &form).status, 200);
        assert_eq!(server.alive(now), [""; 0]);
        assert_eq!(server.revoke_token("a", &request(FORM, "x=y")).status, 400);
    }

    #[test]
    fn no_debug_output_has_the_secret() {
        let shown = format!("{:?}", server().clients);
        assert!(shown.contains("mdb_sa_id_a b") && !shown.contains("s:%"), "{shown}");
    }

    fn with_lifetime(seconds: u64) -> AuthorizationServer {
        AuthorizationServer { token_lifetime: Duration::from_secs(seconds), ..AuthorizationServer::default() }
    }

    #[test]
    fn a_token_serves_its_client_until_it_expires_or_is_revoked() {
        let start = Instant::now();
        let mut tokens = with_lifetime(60);
        let (first, second) = (tokens.issue("a", start).unwrap(), tokens.issue("b", start).unwrap());
        assert_ne!(first, second);
        let almost = start + Duration::from_millis(59_999);
        assert_eq!(tokens.verify(&first, almost), Ok("a"));
        tokens.revoke(|text, _| text == second);
        assert_eq!(tokens.verify(&second, almost), Err(Rejection::RevokedToken));
        assert_eq!(tokens.alive(almost), std::slice::from_ref(&first));
        assert_eq!(tokens.verify(&first, start + Duration::from_secs(60)), Err(Rejection::ExpiredToken));
        assert_eq!(tokens.verify("", start), Err(Rejection::UnknownToken));
    }

    #[test]
    fn a_client_has_a_hundred_live_tokens_at_most() {
        let start = Instant::now();
        let mut tokens = with_lifetime(1);
        assert!((0..100).all(|_| tokens.issue("a", start).is_some()));
        assert_eq!(tokens.issue("a", start), None);
        assert!(tokens.issue("b", start).is_some(), "another client");
        let oldest = tokens.alive(start).remove(0);
        tokens.revoke(|text, _| text == oldest);
        assert!(tokens.issue("a", start).is_some(), "after a revocation");
        assert!(tokens.issue("a", start + Duration::from_secs(1)).is_some(), "after the others expired");
    }
}
