//! What is wrong with what the caller gave: refused before anything is sent.

use std::fmt;

use crate::error::{Error, OneLine};

/// What is wrong with what the caller gave; nothing was sent.
///
/// Both `Display` and `Debug` are one line for people.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidInput {
    /// Not 24 hexadecimal digits.
    ProjectId(String),
    /// Not a version that this crate knows.
    ApiVersion(String),
    /// A half of the API key cannot be used. The key is not shown.
    ApiKey {
        /// `public` or `private`.
        half: &'static str,
        /// What is wrong.
        problem: &'static str,
    },
    /// An environment variable is missing or unusable. Its value is not shown.
    Environment {
        /// Its name.
        variable: &'static str,
        /// What is wrong.
        problem: &'static str,
    },
    /// The base URL cannot be used. It is not shown, as it may contain a password.
    BaseUrl {
        /// What is wrong.
        problem: &'static str,
    },
    /// Not 1 to 500.
    ItemsPerPage(u32),
    /// Pages count from 1.
    PageNum,
    /// The deadline is zero.
    Timeout,
    /// The user agent cannot be sent.
    UserAgent,
    /// There is no certificate in the PEM text, or one that cannot be read.
    CaCertificates,
    /// The crate was built without TLS, and no agent was handed in that has it.
    NoTls,
}

impl std::error::Error for InvalidInput {}

impl From<InvalidInput> for Error {
    fn from(input: InvalidInput) -> Self {
        Error::InvalidInput(input)
    }
}

/// The same line as `Display`, because that is what `fn main() -> Result<(), Box<dyn Error>>` prints.
impl fmt::Debug for InvalidInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for InvalidInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InvalidInput::ProjectId(id) if id.len() > 32 => {
                // It may be a key that was put in the wrong place.
                write!(f, "a project id has 24 hexadecimal digits, not {} characters", id.chars().count())
            }
            InvalidInput::ProjectId(id) => {
                write!(f, "a project id has 24 hexadecimal digits, \"{}\" is not one", OneLine(id))
            }
            InvalidInput::ApiVersion(name) => {
                write!(f, "\"{}\" is not a known API version: use v1.0 or 2024-05-30", OneLine(name))
            }
            InvalidInput::ApiKey { half, problem } => {
                write!(f, "the API key's {half} half {problem}; copy it again from Atlas")
            }
            InvalidInput::Environment { variable, problem } => {
                write!(f, "the environment variable {variable} {problem}")
            }
            InvalidInput::BaseUrl { problem } => {
                write!(f, "the base URL {problem}; it looks like https://cloud.mongodb.com")
            }
            InvalidInput::ItemsPerPage(items) => {
                write!(f, "Atlas gives 1 to 500 items per page, not {items}")
            }
            InvalidInput::PageNum => f.write_str("pages count from 1"),
            InvalidInput::Timeout => f.write_str("a deadline of 0 s leaves no time to ask"),
            InvalidInput::UserAgent => f.write_str("the user agent has characters that cannot be sent"),
            InvalidInput::CaCertificates => {
                f.write_str("the CA file has no certificate that can be read; it must be in the PEM format")
            }
            InvalidInput::NoTls => f.write_str(
                "this build has no TLS: enable the feature rustls, or hand in an agent that has it",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_main_returns_is_told_in_a_sentence() {
        let input = InvalidInput::Environment { variable: "X", problem: "is not set" };
        assert_eq!(format!("{input:?}"), "the environment variable X is not set");
        assert_eq!(format!("{:?}", Error::from(input)), "the environment variable X is not set");
    }
}
