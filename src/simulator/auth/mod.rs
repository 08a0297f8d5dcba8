//! Who may ask: Digest as a strict server verifies it, and OAuth 2.0 for service accounts.

mod access_tokens;
mod authorization;
mod digest_offer;
mod nonces;
mod oauth;
mod rejection;
mod unique;
mod verifier;

pub use digest_offer::DigestOffer;
pub(crate) use nonces::Lifetime;
pub(crate) use oauth::{AuthorizationServer, RegisteredClient, bearer_token};
pub use rejection::Rejection;
pub(crate) use verifier::{DigestSettings, DigestVerifier, Key, VerifiedAuthorization};
