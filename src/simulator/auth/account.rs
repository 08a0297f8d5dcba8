//! The accounts that the simulator knows.

use std::fmt;

/// An API key or a service account: a public key and a private one, or a client id and its secret.
#[derive(Clone, Default)]
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) secret: String,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Account({:?}, ..)", self.name)
    }
}
