//! The variables that `list` reads. Elsewhere, `terminal` reads `NO_COLOR` and `TERM`, and the library those of the proxy.

use std::env::{self, VarError};
use std::path::PathBuf;

use atlas_export_buckets::{ClientBuilder, Credentials};

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

/// The variable that names a file with root certificates. OpenSSL reads it too.
pub(crate) const CA_FILE: &str = "SSL_CERT_FILE";

pub(crate) fn ca_file() -> Option<PathBuf> {
    env::var_os(CA_FILE).filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// A builder with the credentials and the base URL of the environment.
pub(crate) fn client_builder() -> Result<ClientBuilder, String> {
    let credentials = Credentials::from_env().map_err(|error| error.to_string())?;
    log::info!("credentials: {}", credentials.summary());
    ClientBuilder::from_env().map_err(|error| error.to_string())
}
