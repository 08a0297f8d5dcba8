//! Who may ask: Digest as a strict server verifies it, and OAuth 2.0 for service accounts.

mod account;
mod authorization;
mod digest_offer;
mod nonces;
mod oauth;
mod rejection;
mod unique;
mod verifier;

pub(crate) use account::Account;
pub use digest_offer::DigestOffer;
pub(crate) use oauth::{AuthorizationServer, bearer_token};
pub use rejection::Rejection;
pub(crate) use verifier::{DigestVerifier, VerifiedAuthorization};
