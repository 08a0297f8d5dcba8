//! Atlas's error documents.

use serde_json::{Value, json};

use super::pretty::pretty;
use crate::simulator::response::Response;

/// What an error document says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AtlasError {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) detail: String,
    pub(crate) parameters: Vec<Value>,
}

impl AtlasError {
    pub(crate) fn new(
        status: u16,
        code: &'static str,
        detail: impl Into<String>,
        parameters: &[&str],
    ) -> AtlasError {
        let parameters = parameters.iter().map(|&parameter| parameter.into()).collect();
        AtlasError { status, code, detail: detail.into(), parameters }
    }

    /// The error of every request without credentials, or with wrong ones.
    pub(crate) fn unauthorized() -> AtlasError {
        AtlasError::new(401, "UNEXPECTED_ERROR", "You are not authorized for this resource.", &[])
    }

    /// The error of a request whose credentials are good, but may not read this.
    pub(crate) fn user_unauthorized() -> AtlasError {
        let detail = "Current user is not authorized to perform this action.";
        AtlasError::new(401, "USER_UNAUTHORIZED", detail, &[])
    }

    /// The response, in the form that Atlas gives it: a 401 is indented, has no parameters, and comes without
    /// `X-Error-Code`.
    pub(crate) fn to_response(&self) -> Response {
        if self.status != 401 {
            return Response::error_document(self.status, self.code, &self.detail, &self.parameters);
        }
        let document = json!({
            "detail": self.detail,
            "error": 401,
            "errorCode": self.code,
            "reason": "Unauthorized",
        });
        Response::new(401)
            .header("Content-Type", "application/json")
            .header("Vary", "Accept-Encoding")
            .body(pretty(document.to_string().as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_401_is_as_it_was_recorded() {
        let response = AtlasError::unauthorized().to_response();
        assert_eq!(response.body.len(), 142);
        assert_eq!(
            String::from_utf8(response.body).unwrap(),
            "{\n  \"detail\" : \"You are not authorized for this resource.\",\n  \"error\" : 401,\n  \
             \"errorCode\" : \"UNEXPECTED_ERROR\",\n  \"reason\" : \"Unauthorized\"\n}"
        );
        assert_eq!(response.headers["content-type"], "application/json");
    }

    #[test]
    fn other_errors_stand_on_one_line_and_tell_their_code_in_the_head() {
        let response = AtlasError::new(404, "GROUP_NOT_FOUND", "No group.", &["a"]).to_response();
        assert_eq!(
            String::from_utf8(response.body).unwrap(),
            r#"{"detail":"No group.","error":404,"errorCode":"GROUP_NOT_FOUND","parameters":["a"],"reason":"Not Found"}"#
        );
        assert_eq!(response.headers["x-error-code"], "GROUP_NOT_FOUND");
    }
}
