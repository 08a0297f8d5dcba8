//! The variables that `list` reads. Elsewhere, `terminal` reads `NO_COLOR` and `TERM`, and the library those of the proxy.

use std::env::{self, VarError};
use std::path::PathBuf;

use atlas_export_buckets::{Client, ClientBuilder, Credentials, InvalidInput};

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

/// A builder with the credentials of the environment, and with its base URL if none is given.
pub(crate) fn client_builder(base_url: Option<&str>) -> Result<ClientBuilder, InvalidInput> {
    let builder = match base_url {
        Some(base_url) => Client::builder(Credentials::from_env()?).base_url(base_url),
        None => ClientBuilder::from_env()?,
    };
    log::info!("credentials: {}", builder.credentials().summary());
    Ok(builder)
}
