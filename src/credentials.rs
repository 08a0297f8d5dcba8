//! Credentials: taken in, checked, and never shown.

use std::ffi::OsString;
use std::fmt;

use crate::invalid_input::{InvalidInput, is_quoted};

/// A programmatic API key of Atlas: a public half, which is Digest's user name, and a private half, the password.
///
/// The key needs the role *Project Read Only*, and this machine's address on its access list. MongoDB calls API keys
/// legacy and recommends a [`ServiceAccount`].
///
/// `Debug` shows neither half, and no method returns the private one.
///
/// ```
/// use atlas_export_buckets::ApiKey;
///
/// let key = ApiKey::new("abcdefgh", "01234567-89ab-cdef-0123-456789abcdef")?;
/// assert_eq!(format!("{key:?}"), "ApiKey(..)");
/// # Ok::<(), atlas_export_buckets::Error>(())
/// ```
#[derive(Clone)]
pub struct ApiKey {
    pub(crate) public_key: String,
    pub(crate) private_key: String,
}

/// A service account of Atlas: the client id and the client secret of OAuth 2.0 (RFC 6749 4.4).
///
/// It needs the role *Project Read Only*. `Debug` shows neither part, and no method returns the secret.
///
/// ```
/// use atlas_export_buckets::ServiceAccount;
///
/// let account = ServiceAccount::new("mdb_sa_id_5e4e593f70dfbf1010295836", "mdb_sa_sk_secret")?;
/// assert_eq!(format!("{account:?}"), "ServiceAccount(..)");
/// # Ok::<(), atlas_export_buckets::Error>(())
/// ```
#[derive(Clone)]
pub struct ServiceAccount {
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
}

/// An access token that something else has fetched (RFC 6750). It is neither renewed nor revoked.
///
/// `Debug` does not show it.
///
/// ```
/// use atlas_export_buckets::AccessToken;
///
/// let token = AccessToken::new("eyJhbGciOiJFUzUxMiJ9.e30.c2lnbmF0dXJl")?;
/// assert_eq!(format!("{token:?}"), "AccessToken(..)");
/// # Ok::<(), atlas_export_buckets::Error>(())
/// ```
#[derive(Clone)]
pub struct AccessToken(pub(crate) String);

/// What a client authenticates with. Each kind converts into this.
///
/// ```no_run
/// use atlas_export_buckets::{ApiKey, Client, Credentials};
///
/// let client = Client::new(Credentials::from_env()?)?;
/// let other = Client::new(ApiKey::new("abcdefgh", "01234567-89ab-cdef-0123-456789abcdef")?)?;
/// # Ok::<(), atlas_export_buckets::Error>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Credentials {
    /// HTTP Digest with an API key.
    ApiKey(ApiKey),
    /// OAuth 2.0 with a service account.
    ServiceAccount(ServiceAccount),
    /// A bearer token.
    AccessToken(AccessToken),
}

impl ApiKey {
    /// The environment variable of the public half, as the Atlas CLI names it.
    pub const PUBLIC_KEY_VARIABLE: &str = "MONGODB_ATLAS_PUBLIC_API_KEY";
    /// The environment variable of the private half, as the Atlas CLI names it.
    pub const PRIVATE_KEY_VARIABLE: &str = "MONGODB_ATLAS_PRIVATE_API_KEY";
    const VARIABLES: [&str; 2] = [Self::PUBLIC_KEY_VARIABLE, Self::PRIVATE_KEY_VARIABLE];

    /// A key from its two halves.
    ///
    /// # Errors
    ///
    /// [`InvalidInput::Credential`] if a half is empty or in quotes, if it has white space at its ends or control characters, if the
    /// two halves are swapped, if the public half belongs to a service account, or if it has a colon (RFC 7616 does not allow one in
    /// a user name).
    pub fn new(public_key: impl Into<String>, private_key: impl Into<String>) -> Result<Self, InvalidInput> {
        let (public_key, private_key) = (public_key.into(), private_key.into());
        let public = "the API key's public half";
        check(public, &public_key)?;
        check("the API key's private half", &private_key)?;
        let refuse = |problem| Err(InvalidInput::Credential { what: public, problem });
        if public_key.contains(':') {
            return refuse("has a colon: copy it again from Atlas");
        }
        // The public half is sent and shown, so it must not be a client secret.
        if public_key.starts_with("mdb_sa_") {
            return refuse(
                "belongs to a service account: use it as one (MONGODB_ATLAS_CLIENT_ID, MONGODB_ATLAS_CLIENT_SECRET)",
            );
        }
        if is_uuid(&public_key) {
            return refuse("looks like a private half: perhaps the two are swapped");
        }
        Ok(ApiKey { public_key, private_key })
    }

    /// A key from the environment variables `MONGODB_ATLAS_PUBLIC_API_KEY` and `MONGODB_ATLAS_PRIVATE_API_KEY`.
    ///
    /// # Errors
    ///
    /// [`InvalidInput::Environment`] if one is missing, empty or not Unicode, and those of [`ApiKey::new`].
    pub fn from_env() -> Result<Self, InvalidInput> {
        let halves = read_pair(&|name| std::env::var_os(name), Self::VARIABLES)?;
        let [public_key, private_key] = halves.ok_or_else(|| missing(Self::VARIABLES))?;
        Self::new(public_key, private_key)
    }
}

impl ServiceAccount {
    /// The environment variable of the client id, as the Atlas CLI names it.
    pub const CLIENT_ID_VARIABLE: &str = "MONGODB_ATLAS_CLIENT_ID";
    /// The environment variable of the client secret, as the Atlas CLI names it.
    pub const CLIENT_SECRET_VARIABLE: &str = "MONGODB_ATLAS_CLIENT_SECRET";
    const VARIABLES: [&str; 2] = [Self::CLIENT_ID_VARIABLE, Self::CLIENT_SECRET_VARIABLE];

    /// A service account from its client id (`mdb_sa_id_…`) and client secret (`mdb_sa_sk_…`).
    ///
    /// # Errors
    ///
    /// [`InvalidInput::Credential`] if one is empty or in quotes, has white space at its ends or control characters, if the two are
    /// swapped, or if the client id looks like the private half of an API key.
    pub fn new(client_id: impl Into<String>, client_secret: impl Into<String>) -> Result<Self, InvalidInput> {
        let (client_id, client_secret) = (client_id.into(), client_secret.into());
        let id = "the service account's client id";
        check(id, &client_id)?;
        check("the service account's client secret", &client_secret)?;
        let refuse = |problem| Err(InvalidInput::Credential { what: id, problem });
        if client_id.starts_with("mdb_sa_sk_") {
            return refuse("looks like a client secret: the two are swapped");
        }
        if is_uuid(&client_id) {
            return refuse("looks like the private half of an API key");
        }
        Ok(ServiceAccount { client_id, client_secret })
    }
}

impl AccessToken {
    /// The environment variable of the token, as the Atlas CLI names it.
    pub const VARIABLE: &str = "MONGODB_ATLAS_ACCESS_TOKEN";

    /// A token, as it follows `Bearer` in `Authorization`.
    ///
    /// # Errors
    ///
    /// [`InvalidInput::Credential`] if it is empty, or has other characters than a `b64token` (RFC 6750 2.1).
    pub fn new(token: impl Into<String>) -> Result<Self, InvalidInput> {
        let token = token.into();
        let what = "the access token";
        check(what, &token)?;
        let refuse = |problem| Err(InvalidInput::Credential { what, problem });
        if token.starts_with("Bearer ") {
            return refuse("begins with Bearer: leave that off");
        }
        if !is_token68(&token) {
            return refuse("has characters that no token has: copy it again");
        }
        Ok(AccessToken(token))
    }
}

impl Credentials {
    /// Credentials from the environment: the first of these kinds with any variable set.
    ///
    /// | kind | variables |
    /// | --- | --- |
    /// | access token | `MONGODB_ATLAS_ACCESS_TOKEN` |
    /// | service account | `MONGODB_ATLAS_CLIENT_ID`, `MONGODB_ATLAS_CLIENT_SECRET` |
    /// | API key | `MONGODB_ATLAS_PUBLIC_API_KEY`, `MONGODB_ATLAS_PRIVATE_API_KEY` |
    ///
    /// An empty variable counts as not set.
    ///
    /// # Errors
    ///
    /// [`InvalidInput::NoCredentials`] if none is set, [`InvalidInput::Environment`] if one is missing or not Unicode, and
    /// [`InvalidInput::Credential`] if one cannot be used.
    pub fn from_env() -> Result<Self, InvalidInput> {
        Self::from_variables(&|name| std::env::var_os(name))
    }

    pub(crate) fn from_variables(get: OsVariables<'_>) -> Result<Self, InvalidInput> {
        if let Some(token) = read_variable(get, AccessToken::VARIABLE)? {
            return Ok(AccessToken::new(token)?.into());
        }
        if let Some([id, secret]) = read_pair(get, ServiceAccount::VARIABLES)? {
            return Ok(ServiceAccount::new(id, secret)?.into());
        }
        if let Some([public, private]) = read_pair(get, ApiKey::VARIABLES)? {
            return Ok(ApiKey::new(public, private)?.into());
        }
        Err(InvalidInput::NoCredentials { seen: find_other_name(get) })
    }

    /// The kind of the credentials with their public part, for people: `API key abcdefgh`.
    pub fn summary(&self) -> String {
        match self {
            Credentials::ApiKey(key) => format!("API key {}", key.public_key),
            Credentials::ServiceAccount(account) => format!("service account {}", account.client_id),
            Credentials::AccessToken(_) => "access token".into(),
        }
    }
}

impl From<ApiKey> for Credentials {
    fn from(key: ApiKey) -> Self {
        Credentials::ApiKey(key)
    }
}

impl From<ServiceAccount> for Credentials {
    fn from(account: ServiceAccount) -> Self {
        Credentials::ServiceAccount(account)
    }
}

impl From<AccessToken> for Credentials {
    fn from(token: AccessToken) -> Self {
        Credentials::AccessToken(token)
    }
}

/// Looks environment variables up.
pub(crate) type OsVariables<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// The value of a variable; `None` if it is not set or empty.
pub(crate) fn read_variable(
    get: OsVariables<'_>,
    variable: &'static str,
) -> Result<Option<String>, InvalidInput> {
    let Some(value) = get(variable).filter(|value| !value.is_empty()) else { return Ok(None) };
    value.into_string().map(Some).map_err(|_| InvalidInput::environment(variable, "is not Unicode"))
}

/// The values of two variables that go together; `None` if neither is set.
fn read_pair(get: OsVariables<'_>, names: [&'static str; 2]) -> Result<Option<[String; 2]>, InvalidInput> {
    let [first, second] = names;
    match (read_variable(get, first)?, read_variable(get, second)?) {
        (Some(first), Some(second)) => Ok(Some([first, second])),
        (None, None) => Ok(None),
        (None, _) => Err(missing([first, second])),
        (_, None) => Err(missing([second, first])),
    }
}

fn missing([variable, other]: [&'static str; 2]) -> InvalidInput {
    InvalidInput::environment(variable, format!("is not set: it goes with {other}"))
}

/// A variable that is set, and that other tools read but this crate does not.
fn find_other_name(get: OsVariables<'_>) -> Option<&'static str> {
    let names = [
        "MONGODB_ATLAS_PUBLIC_KEY",
        "MONGODB_ATLAS_PRIVATE_KEY",
        "MCLI_PUBLIC_API_KEY",
        "MCLI_PRIVATE_API_KEY",
    ];
    names.into_iter().find(|name| get(name).is_some_and(|value| !value.is_empty()))
}

fn check(what: &'static str, value: &str) -> Result<(), InvalidInput> {
    let problem = if value.is_empty() {
        "is empty: copy it from Atlas"
    } else if value.chars().any(char::is_control) {
        "has a control character, perhaps a line end: copy it again from Atlas"
    } else if value.trim() != value {
        "has blanks at its ends: leave them off"
    } else if is_quoted(value) {
        "is in quotes: leave them off"
    } else {
        return Ok(());
    };
    Err(InvalidInput::Credential { what, problem })
}

/// Whether this has the form of a private half.
fn is_uuid(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12])
        && parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Whether this can follow `Bearer` (RFC 9110 11.2).
fn is_token68(text: &str) -> bool {
    let token = text.trim_end_matches('=');
    !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte))
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(..)")
    }
}

impl fmt::Debug for ServiceAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServiceAccount(..)")
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(..)")
    }
}

#[cfg(test)]
mod tests;
