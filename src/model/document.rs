//! The document in a response's body: that of a page, an error, or an envelope around either (pure).

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_json::value::RawValue;

use super::json::{Array, Object};
use super::link::{MAX_PAGE_LINKS, read_links};
use super::{ApiError, Link};

/// The most items that a page may have. Atlas sends at most 500.
const MAX_RESULTS: usize = 10_000;
/// The most parameters of an error that are kept.
const MAX_PARAMETERS: usize = 100;

/// Why a body with status 200 is not a page.
#[derive(Debug)]
pub(crate) enum BodyError {
    /// It is an error document, inside an envelope or with the wrong status.
    Api(ApiError),
    /// It ends too early: the connection broke.
    Truncated,
    /// It is something else.
    Malformed(String),
}

/// What is in the document of a page.
pub(super) struct PageContent<T> {
    pub(super) results: Vec<T>,
    pub(super) total_count: Option<u64>,
    pub(super) links: Option<Vec<Link>>,
}

/// The fields of every kind of body, with items of the type `T`. Serde's derive refuses a field that occurs twice.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a, T> {
    results: Option<Array<T, MAX_RESULTS>>,
    total_count: Option<u64>,
    #[serde(default, deserialize_with = "read_links::<_, MAX_PAGE_LINKS>")]
    links: Option<Vec<Link>>,
    // The fields of an error are read only if there is one. A field of the wrong type is then absent.
    // One `borrow` is enough for all fields with this lifetime.
    #[serde(borrow)]
    status: Option<&'a RawValue>,
    error: Option<&'a RawValue>,
    error_code: Option<&'a RawValue>,
    reason: Option<&'a RawValue>,
    detail: Option<&'a RawValue>,
    parameters: Option<&'a RawValue>,
    // What is inside an envelope. Atlas's documentation of v1.0 calls this field `envelope`; that of other versions, `content`.
    envelope: Option<&'a RawValue>,
    content: Option<&'a RawValue>,
}

/// A body as text.
pub(super) fn read_text(body: Vec<u8>) -> Result<String, BodyError> {
    String::from_utf8(body).map_err(|error| match error.utf8_error().error_len() {
        Some(_) => {
            malformed(format!("it is not UTF-8 ({}); {}", error.utf8_error(), beginning(error.as_bytes())))
        }
        None => BodyError::Truncated,
    })
}

/// Reads the document of a page, with items of the type `T`, out of its envelope if it has one.
pub(super) fn read_content<'a, T: Deserialize<'a>>(text: &'a str) -> Result<PageContent<T>, BodyError> {
    let Object::<Document<'_, T>>(outside) =
        serde_json::from_str(text).map_err(|error| explain(text, &error))?;
    let inside = outside.open_envelope()?;
    // The inside comes first, because it says more: outside there may be only the status.
    for document in inside.iter().chain([&outside]) {
        if let Some(error) = document.api_error()? {
            return Err(BodyError::Api(error));
        }
    }
    if let Some(inside) = &inside {
        if inside.envelope.or(inside.content).is_some() {
            return Err(malformed("there is an envelope in the envelope"));
        }
        if outside.results.is_some()
            || outside.total_count.is_some() && outside.total_count != inside.total_count
            || outside.links.is_some() && outside.links != inside.links
        {
            return Err(malformed("what is outside of the envelope contradicts what is inside"));
        }
    }
    let Document { results, total_count, links, .. } = inside.unwrap_or(outside);
    let Array(results) = results.ok_or_else(|| malformed("there is no \"results\" in it"))?;
    Ok(PageContent { results, total_count, links })
}

/// Reads the body of a response with an error status. What is not there, or not in Atlas's form, is absent.
pub(crate) fn read_error(status: u16, body: &[u8]) -> ApiError {
    let find_error = || {
        let text = str::from_utf8(body).ok()?;
        let Object::<Document<'_, &RawValue>>(outside) = serde_json::from_str(text).ok()?;
        let inside = outside.open_envelope().ok()?;
        Some(inside.unwrap_or(outside).to_api_error(status))
    };
    find_error().unwrap_or_else(|| ApiError { status, ..ApiError::default() })
}

impl<'a, T: Deserialize<'a>> Document<'a, T> {
    /// The error that this document reports, if it reports one.
    fn api_error(&self) -> Result<Option<ApiError>, BodyError> {
        let is_error = |status: &u64| *status >= 400;
        let status = match self.error {
            Some(error) => read(error)
                .filter(is_error)
                .ok_or_else(|| malformed(format!("its \"error\" is no error status: {error}")))?,
            None => match self.status.and_then(read).filter(is_error) {
                Some(status) => status,
                None => return Ok(None),
            },
        };
        match u16::try_from(status) {
            Ok(status @ ..=599) => Ok(Some(self.to_api_error(status))),
            _ => Err(malformed("it reports an error whose status is not an HTTP status")),
        }
    }

    fn to_api_error(&self, status: u16) -> ApiError {
        ApiError {
            status,
            error_code: self.error_code.and_then(read),
            reason: self.reason.and_then(read),
            detail: self.detail.and_then(read),
            parameters: self.parameters.map(read_parameters).unwrap_or_default(),
        }
    }

    fn open_envelope(&self) -> Result<Option<Document<'a, T>>, BodyError> {
        let inside = match (self.envelope, self.content) {
            (None, None) => return Ok(None),
            (Some(_), Some(_)) => return Err(malformed("there are two envelopes in it")),
            (Some(inside), None) | (None, Some(inside)) => inside,
        };
        let document = serde_json::from_str(inside.get()).map(|Object(document)| Some(document));
        document.map_err(|error| malformed(format!("envelope: {error}")))
    }
}

pub(super) fn malformed(problem: impl Into<String>) -> BodyError {
    BodyError::Malformed(problem.into())
}

fn read<T: DeserializeOwned>(json: &RawValue) -> Option<T> {
    serde_json::from_str(json.get()).ok()
}

/// Strings as their text, all other values as JSON text.
fn read_parameters(json: &RawValue) -> Vec<String> {
    let values = serde_json::from_str::<Array<&RawValue, MAX_PARAMETERS>>(json.get());
    let Array(values) = values.unwrap_or(Array(Vec::new()));
    values.into_iter().map(|value| read(value).unwrap_or_else(|| value.get().to_owned())).collect()
}

fn explain(text: &str, error: &serde_json::Error) -> BodyError {
    match error.classify() {
        _ if text.trim_ascii().is_empty() => malformed("it is empty"),
        Category::Eof => BodyError::Truncated,
        Category::Syntax => malformed(format!("it is not JSON ({error}); {}", beginning(text.as_bytes()))),
        Category::Data | Category::Io => malformed(error.to_string()),
    }
}

fn beginning(body: &[u8]) -> String {
    format!("it begins with {:?}", String::from_utf8_lossy(body.get(..40).unwrap_or(body)))
}
