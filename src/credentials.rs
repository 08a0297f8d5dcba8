//! The API key: taken in, checked, and never shown.

use std::fmt;

use crate::digest::Credentials;
use crate::invalid_input::InvalidInput;

/// A programmatic API key of Atlas: a public half, which is the user name, and a private half, the password.
///
/// The key needs the role *Project Read Only*. It cannot be printed: its `Debug` shows neither half (people
/// swap them), and there is no way to get them out again.
///
/// ```
/// use atlas_export_buckets::ApiKey;
///
/// let key = ApiKey::new("abcdefgh", "01234567-89ab-cdef-0123-456789abcdef")?;
/// assert_eq!(format!("{key:?}"), "ApiKey(..)");
/// # Ok::<(), atlas_export_buckets::Error>(())
/// ```
#[derive(Clone)]
pub struct ApiKey(pub(crate) Credentials);

impl ApiKey {
    /// The environment variable of the public half, as the Atlas CLI names it.
    pub const PUBLIC_KEY_VARIABLE: &str = "MONGODB_ATLAS_PUBLIC_API_KEY";
    /// The environment variable of the private half, as the Atlas CLI names it.
    pub const PRIVATE_KEY_VARIABLE: &str = "MONGODB_ATLAS_PRIVATE_API_KEY";

    /// A key from its two halves.
    ///
    /// # Errors
    ///
    /// [`InvalidInput::ApiKey`](crate::InvalidInput::ApiKey) if a half is empty or has control characters, or if
    /// the public half has a colon (which separates the two in Digest's hash).
    pub fn new(public_key: impl Into<String>, private_key: impl Into<String>) -> Result<Self, InvalidInput> {
        let (public_key, private_key) = (public_key.into(), private_key.into());
        check("public", &public_key)?;
        check("private", &private_key)?;
        if public_key.as_bytes().contains(&b':') {
            return Err(InvalidInput::ApiKey { half: "public", problem: "has a colon" });
        }
        Ok(ApiKey(Credentials::new(public_key, private_key)))
    }

    /// A key from the environment variables `MONGODB_ATLAS_PUBLIC_API_KEY` and `MONGODB_ATLAS_PRIVATE_API_KEY`.
    ///
    /// # Errors
    ///
    /// [`InvalidInput::Environment`](crate::InvalidInput::Environment) if one is not set or not Unicode, and those
    /// of [`ApiKey::new`].
    pub fn from_env() -> Result<Self, InvalidInput> {
        let get = |variable| match std::env::var(variable) {
            Ok(value) => Ok(value),
            Err(std::env::VarError::NotPresent) => Err(InvalidInput::Environment {
                variable,
                problem: "is not set: set it to that half of the API key",
            }),
            Err(std::env::VarError::NotUnicode(_)) => Err(InvalidInput::Environment {
                variable,
                problem: "is not Unicode: set it to that half of the API key",
            }),
        };
        Self::new(get(Self::PUBLIC_KEY_VARIABLE)?, get(Self::PRIVATE_KEY_VARIABLE)?)
    }
}

fn check(half: &'static str, key: &str) -> Result<(), InvalidInput> {
    if key.is_empty() {
        return Err(InvalidInput::ApiKey { half, problem: "is empty" });
    }
    if key.chars().any(char::is_control) {
        return Err(InvalidInput::ApiKey { half, problem: "has a control character, perhaps a line end" });
    }
    Ok(())
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_cannot_be_sent_are_refused_without_being_shown() {
        let cases = [
            ("empty public half", "", "s3cret", "the API key's public half is empty"),
            ("empty private half", "public", "", "the API key's private half is empty"),
            ("colon in the public half", "s3c:ret", "s3cret", "the API key's public half has a colon"),
            (
                "line end",
                "public",
                "s3cret\n",
                "the API key's private half has a control character, perhaps a line end",
            ),
            (
                "C1 control",
                "s3c\u{85}ret",
                "s3cret",
                "the API key's public half has a control character, perhaps a line end",
            ),
        ];
        for (name, public, private, message) in cases {
            let error = ApiKey::new(public, private).unwrap_err();
            assert!(error.to_string().starts_with(message), "{name}: {error}");
            assert!(!format!("{error} {error:?}").contains("s3c"), "{name}");
        }
    }

    #[test]
    fn a_colon_in_the_private_half_and_any_unicode_are_fine() {
        assert!(ApiKey::new("pübl ic", "pri:väte").is_ok());
    }
}
