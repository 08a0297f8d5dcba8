//! A request: as it came over a connection, and what became of it.

use std::fmt;

use super::auth::Rejection;

/// A request, and how it was answered. `Debug` shows header fields as text, but only the scheme of `Authorization`, and
/// only the length of the body.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordedRequest {
    /// Which request it is, over all connections, from 1.
    pub number: u64,
    /// Which connection it came on, from 1.
    pub connection: u64,
    /// The method.
    pub method: String,
    /// The request-target, byte for byte.
    pub target: Vec<u8>,
    /// The header fields: names in lower case, values as bytes. Fields of the same name keep their order.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body: the form, if the request is for a token.
    pub body: Vec<u8>,
    /// The status sent; `None` if a fault kept it back.
    pub status: Option<u16>,
    /// The `X-Error-Code` sent: Atlas's word for what was wrong.
    pub error_code: Option<String>,
    /// Why its `Authorization` was refused, if it was.
    pub rejection: Option<Rejection>,
}

impl RecordedRequest {
    /// The value of the first header field of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        let mut fields = self.headers.iter();
        fields.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_slice())
    }

    /// The `Authorization` field. `Err(None)`: there is none.
    pub(crate) fn authorization(&self) -> Result<&[u8], Option<Rejection>> {
        let fields = self.headers.iter().filter(|(name, _)| name == "authorization");
        match fields.map(|(_, value)| value).collect::<Vec<_>>().as_slice() {
            [] => Err(None),
            [value] => Ok(value),
            _ => Err(Some(Rejection::SeveralFields)),
        }
    }
}

impl fmt::Debug for RecordedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |(name, value): &(String, Vec<u8>)| {
            let value = String::from_utf8_lossy(value);
            let is_secret = matches!(name.as_str(), "authorization" | "proxy-authorization" | "cookie");
            let shown = match (is_secret, value.split_once(' ')) {
                (false, _) => value.into_owned(),
                (true, Some((scheme, _))) => format!("{scheme} .."),
                (true, None) => "..".to_owned(),
            };
            (name.clone(), shown)
        };
        f.debug_struct("RecordedRequest")
            .field("number", &self.number)
            .field("connection", &self.connection)
            .field("method", &self.method)
            .field("target", &String::from_utf8_lossy(&self.target))
            .field("headers", &self.headers.iter().map(shown).collect::<Vec<_>>())
            .field("body", &format_args!("{} bytes", self.body.len()))
            .field("status", &self.status)
            .field("error_code", &self.error_code)
            .field("rejection", &self.rejection)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recorded_request_shows_its_fields_as_text_and_no_secret() {
        let field = |name: &str, value: &str| (name.to_owned(), value.as_bytes().to_vec());
        let request = RecordedRequest {
            number: 7,
            connection: 2,
            method: "POST".into(),
            target: b"/api/oauth/revoke".to_vec(),
            headers: vec![
                field("host", "localhost"),
                field("authorization", "Basic c2VjcmV0"),
                field("authorization", "c2VjcmV0"),
            ],
            body: b"token=c2VjcmV0".to_vec(),
            status: Some(200),
            error_code: None,
            rejection: None,
        };
        assert_eq!(
            format!("{request:?}"),
            "RecordedRequest { number: 7, connection: 2, method: \"POST\", target: \"/api/oauth/revoke\", \
             headers: [(\"host\", \"localhost\"), (\"authorization\", \"Basic ..\"), (\"authorization\", \"..\")], \
             body: 14 bytes, status: Some(200), error_code: None, rejection: None }"
        );
    }
}
