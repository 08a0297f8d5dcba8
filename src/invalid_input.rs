//! What is wrong with the caller's input, which is refused before anything is sent.

use std::borrow::Cow;
use std::fmt;

use crate::escape::OneLine;

/// What is wrong with the caller's input. Nothing was sent.
///
/// `Display` and `Debug` print the same line, for people. It contains no value that may be a secret.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidInput {
    /// Not 24 hexadecimal digits. The id is not shown: it may be a key in the wrong place.
    ProjectId,
    /// Not 24 hexadecimal digits. The id is not shown: it may be a key in the wrong place.
    OrganizationId,
    /// Neither `v1.0` nor a date from 2023-01-01 on.
    ApiVersion(String),
    /// A credential cannot be used. It is not shown.
    #[non_exhaustive]
    Credential {
        /// Which one, such as `the API key's private half`.
        what: &'static str,
        /// What is wrong.
        problem: &'static str,
    },
    /// The environment has no credentials.
    #[non_exhaustive]
    NoCredentials {
        /// A variable that is set, and that other tools read but this crate does not.
        seen: Option<&'static str>,
    },
    /// An environment variable is missing or unusable. Its value is not shown. A tool may report its own
    /// variables with this.
    Environment {
        /// Its name.
        variable: &'static str,
        /// What is wrong.
        problem: Cow<'static, str>,
    },
    /// The base URL cannot be used. It is not shown: it may contain a password.
    #[non_exhaustive]
    BaseUrl {
        /// The environment variable that it is from, if any.
        variable: Option<&'static str>,
        /// What is wrong.
        problem: Cow<'static, str>,
    },
    /// Not 1 to 500.
    ItemsPerPage(u32),
    /// Pages count from 1.
    PageNum,
    /// A deadline is zero.
    Timeout,
    /// The user agent is empty, or cannot be sent.
    UserAgent,
    /// The PEM text has no certificate, or has one that cannot be read.
    CaCertificates,
    /// The crate was built without TLS, and the caller passed no agent that has it.
    NoTls,
    /// The agent that the caller passed has a proxy that this build cannot use.
    AgentProxy,
}

/// Whether a value still has the quotes in which it stood elsewhere.
pub(crate) fn is_quoted(value: &str) -> bool {
    ['"', '\''].iter().any(|quote| value.len() > 1 && value.starts_with(*quote) && value.ends_with(*quote))
}

impl std::error::Error for InvalidInput {}

impl InvalidInput {
    pub(crate) fn base_url(problem: impl Into<Cow<'static, str>>) -> Self {
        InvalidInput::BaseUrl { variable: None, problem: problem.into() }
    }

    pub(crate) fn environment(variable: &'static str, problem: impl Into<Cow<'static, str>>) -> Self {
        InvalidInput::Environment { variable, problem: problem.into() }
    }
}

/// The same line as `Display`, because `fn main() -> Result<(), Box<dyn Error>>` prints `Debug`.
impl fmt::Debug for InvalidInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for InvalidInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InvalidInput::ProjectId => f.write_str(
                "not a project id: one has 24 hexadecimal digits, such as 32b6e34b3d91647abb20e7b8",
            ),
            InvalidInput::OrganizationId => f.write_str(
                "not an organization id: one has 24 hexadecimal digits, such as 5e4e593f70dfbf1010295836",
            ),
            InvalidInput::ApiVersion(name) => write!(
                f,
                "\"{}\" is not an API version: use v1.0, or a date from 2023-01-01 on, such as 2024-05-30",
                OneLine(name)
            ),
            InvalidInput::Credential { what, problem } => write!(f, "{what} {problem}"),
            InvalidInput::NoCredentials { seen } => {
                f.write_str("no credentials in the environment")?;
                if let Some(seen) = seen {
                    write!(f, " ({seen} is set, but not read)")?;
                }
                f.write_str(
                    ": set MONGODB_ATLAS_CLIENT_ID and MONGODB_ATLAS_CLIENT_SECRET of a service account, or \
                     MONGODB_ATLAS_PUBLIC_API_KEY and MONGODB_ATLAS_PRIVATE_API_KEY of an API key",
                )
            }
            InvalidInput::Environment { variable, problem } => {
                write!(f, "the environment variable {variable} {}", OneLine(problem))
            }
            InvalidInput::BaseUrl { variable, problem } => {
                if let Some(variable) = variable {
                    write!(f, "{variable}: ")?;
                }
                write!(f, "the base URL {}", OneLine(problem))
            }
            InvalidInput::ItemsPerPage(items) => {
                write!(f, "Atlas gives 1 to 500 items per page, not {items}")
            }
            InvalidInput::PageNum => f.write_str("pages count from 1"),
            InvalidInput::Timeout => {
                f.write_str("a deadline of 0 s leaves no time to ask: set timeout and max_time to more")
            }
            InvalidInput::UserAgent => {
                f.write_str("the user agent is empty, or has characters that cannot be sent")
            }
            InvalidInput::CaCertificates => {
                f.write_str("the CA certificates are none, or not all of them can be read; they must be X.509 certificates in PEM")
            }
            InvalidInput::NoTls => f.write_str(
                "this build has no TLS: enable the feature rustls, or hand in an agent that has it",
            ),
            InvalidInput::AgentProxy => f.write_str(
                "the agent's proxy is SOCKS, which this build cannot use: enable the feature socks",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_main_returns_is_told_in_a_sentence() {
        let input = InvalidInput::environment("X", "is not set");
        assert_eq!(format!("{input:?}"), "the environment variable X is not set");
    }
}
