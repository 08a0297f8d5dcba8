//! The variables that `list` reads. Elsewhere, `terminal` reads `NO_COLOR` and `TERM`, and the library those of the proxy.

use std::env::{self, VarError};
use std::path::PathBuf;

use atlas_export_buckets::Credentials;

/// The project to list, if no option says which.
pub(crate) const PROJECT_ID: &str = "MONGODB_ATLAS_PROJECT_ID";

/// A variable; an empty one counts as not set, as in the Atlas CLI.
pub(crate) fn variable(name: &str) -> Result<Option<String>, String> {
    match env::var(name) {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(format!("the environment variable {name} is not Unicode")),
    }
}

/// The base URL, and the variable that sets it.
pub(crate) fn base_url() -> Result<Option<(String, &'static str)>, String> {
    for name in ["MONGODB_ATLAS_BASE_URL", "MONGODB_ATLAS_OPS_MANAGER_URL"] {
        if let Some(url) = variable(name)? {
            return Ok(Some((url, name)));
        }
    }
    Ok(None)
}

/// The variable that names a file with root certificates. OpenSSL reads it too.
pub(crate) const CA_FILE: &str = "SSL_CERT_FILE";

pub(crate) fn ca_file() -> Option<PathBuf> {
    env::var_os(CA_FILE).filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// The credentials: of access token, service account and API key, the first that has any variable set.
pub(crate) fn credentials() -> Result<Credentials, String> {
    let credentials = Credentials::from_env().map_err(|error| error.to_string())?;
    log::info!("credentials: {}", credentials.summary());
    Ok(credentials)
}
