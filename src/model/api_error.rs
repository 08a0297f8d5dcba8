//! Atlas's error documents.

use std::fmt;

use crate::escape::OneLine;

/// An error document of Atlas. A field is absent if the server did not send it, or sent it in another form than the
/// documented one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiError {
    /// The HTTP status. For an error inside an envelope, the status in the document.
    pub status: u16,
    /// `errorCode`, such as `GROUP_NOT_FOUND`. Every error document of Atlas has one.
    pub error_code: Option<String>,
    /// `reason`, such as `Not Found`.
    pub reason: Option<String>,
    /// `detail`: a sentence.
    pub detail: Option<String>,
    /// `parameters`: the values in `detail`. A value that is not a string is JSON text.
    pub parameters: Vec<String>,
}

impl ApiError {
    /// Whether the response had an error document of Atlas, and is not from something in between, such as a proxy.
    pub fn is_from_atlas(&self) -> bool {
        self.error_code.is_some()
    }

    /// Whether a 401 with this document says that the credentials are known, but may not do this. If they are not known,
    /// the code is `UNEXPECTED_ERROR`.
    pub(crate) fn is_about_rights(&self) -> bool {
        self.error_code.as_deref().is_some_and(|code| code != "UNEXPECTED_ERROR")
    }
}

/// `HTTP 404 GROUP_NOT_FOUND "No group with ID …"`, in one line.
impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP {}", self.status)?;
        if let Some(name) = self.error_code.as_deref().or(self.reason.as_deref()) {
            write!(f, " {}", OneLine(name))?;
        }
        if let Some(detail) = &self.detail {
            write!(f, " \"{}\"", OneLine(detail))?;
        }
        Ok(())
    }
}
