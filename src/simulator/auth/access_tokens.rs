//! The access tokens that the simulator has issued: whose they are, and which are alive.

use std::time::{Duration, Instant};

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};

use super::rejection::Rejection;
use super::unique::unique_bytes;

/// How many tokens of one client may be alive, and how many tokens are remembered.
const MAX_ALIVE: usize = 100;
const REMEMBERED: usize = 4096;

struct TokenEntry {
    text: String,
    client_id: String,
    /// `None`: later than the clock goes.
    expires: Option<Instant>,
    revoked: bool,
}

impl TokenEntry {
    fn is_alive(&self, now: Instant) -> bool {
        !self.revoked && self.expires.is_none_or(|expires| now < expires)
    }
}

/// The tokens, in the order in which they were issued.
pub(crate) struct AccessTokens {
    lifetime: Duration,
    issued: Vec<TokenEntry>,
    numbered: u64,
}

impl AccessTokens {
    pub(crate) fn new(lifetime: Duration) -> AccessTokens {
        AccessTokens { lifetime, issued: Vec::new(), numbered: 0 }
    }

    pub(crate) fn lifetime(&self) -> Duration {
        self.lifetime
    }

    /// Issues a token, unless too many of this client are alive.
    pub(crate) fn issue(&mut self, client_id: &str, now: Instant) -> Option<String> {
        if self.issued.len() >= REMEMBERED {
            self.issued.retain(|token| token.is_alive(now));
        }
        let own = self.issued.iter().filter(|token| token.client_id == client_id && token.is_alive(now));
        if own.count() >= MAX_ALIVE {
            return None;
        }
        self.numbered += 1;
        // A JSON Web Token, which Atlas issues, has these characters too.
        let text = BASE64_URL_SAFE_NO_PAD.encode(unique_bytes(self.numbered));
        self.issued.push(TokenEntry {
            text: text.clone(),
            client_id: client_id.to_owned(),
            expires: now.checked_add(self.lifetime),
            revoked: false,
        });
        Some(text)
    }

    /// Whose token this is, if it is alive.
    pub(crate) fn verify(&self, text: &str, now: Instant) -> Result<&str, Rejection> {
        let token = self.issued.iter().find(|token| token.text == text).ok_or(Rejection::UnknownToken)?;
        if token.revoked {
            Err(Rejection::RevokedToken)
        } else if !token.is_alive(now) {
            Err(Rejection::ExpiredToken)
        } else {
            Ok(&token.client_id)
        }
    }

    /// Revokes the tokens that `which` says, given their text and their client's id.
    pub(crate) fn revoke(&mut self, which: impl Fn(&str, &str) -> bool) {
        for token in &mut self.issued {
            token.revoked |= which(&token.text, &token.client_id);
        }
    }

    /// The tokens that are alive.
    pub(crate) fn alive(&self, now: Instant) -> Vec<String> {
        self.issued.iter().filter(|token| token.is_alive(now)).map(|token| token.text.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_serves_its_client_until_it_expires_or_is_revoked() {
        let start = Instant::now();
        let mut tokens = AccessTokens::new(Duration::from_secs(60));
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
        let mut tokens = AccessTokens::new(Duration::from_secs(1));
        assert!((0..100).all(|_| tokens.issue("a", start).is_some()));
        assert_eq!(tokens.issue("a", start), None);
        assert!(tokens.issue("b", start).is_some(), "another client");
        let oldest = tokens.alive(start).remove(0);
        tokens.revoke(|text, _| text == oldest);
        assert!(tokens.issue("a", start).is_some(), "after a revocation");
        assert!(tokens.issue("a", start + Duration::from_secs(1)).is_some(), "after the others expired");
    }
}
