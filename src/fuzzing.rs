//! The only way for `fuzz/` and `benches/` to reach private code: bytes in, public or plain values out.
//!
//! **Not part of the public interface.** The feature `fuzzing` and all that is here may change in any release.
//!
//! The signatures use no private types, so a change of those affects only these few functions. The simulator has a `fuzzing.rs`
//! of its own.

use std::time::{Duration, SystemTime};

use ureq::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

use crate::http;
use crate::invalid_input::InvalidInput;
use crate::model::{self, BodyError, ExportBucket, Page};
use crate::request::{ApiVersion, BaseUrl, Endpoint, Operation, PageOptions, Resource};

pub use crate::simulator::fuzzing::{Atlas, SentResponse, Verifier};

/// Why a body is no page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoPage {
    /// It is an error document of this status.
    Error(u16),
    /// It ends too early.
    Truncated,
    /// It is something else; what is said of it.
    Malformed(String),
}

/// Reads the body of a response with status 200.
pub fn read_page(body: Vec<u8>) -> Result<Page<ExportBucket>, NoPage> {
    model::read_page(1, body).map_err(|error| match error {
        BodyError::Api(api) => NoPage::Error(api.status),
        BodyError::Truncated => NoPage::Truncated,
        BodyError::Malformed(problem) => NoPage::Malformed(problem),
    })
}

/// Reads `Retry-After`: how long to wait from now on.
pub fn read_retry_after(value: &[u8], now: SystemTime) -> Option<Duration> {
    http::parse_retry_after(str::from_utf8(value).ok()?, now)
}

/// Reads `RateLimit-Limit` and `RateLimit-Remaining`.
pub fn read_rate_limit(fields: &[(&str, &[u8])]) -> (Option<u64>, Option<u64>) {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(*name), HeaderValue::from_bytes(value)) {
            headers.append(name, value);
        }
    }
    let rate_limit = http::read_rate_limit(&headers);
    (rate_limit.limit, rate_limit.remaining)
}

/// Reads a response of the token endpoint: an access token and how many seconds it lasts, or what is wrong.
pub fn read_token(status: u16, body: &[u8]) -> Result<(String, u64), String> {
    let base_url = BaseUrl::parse("https://cloud.mongodb.com")?;
    let request = endpoint(base_url).token_request(Operation::RequestAccessToken);
    let mut response = Response::new(body.to_vec());
    *response.status_mut() = StatusCode::from_u16(status).map_err(|error| error.to_string())?;
    let token = http::read_token(&request, &response).map_err(|error| error.to_string())?;
    Ok((token.access_token.0, token.expires_in.as_secs()))
}

/// The proxy for a base URL, as `scheme://host:port`, that environment variables name; or what is wrong.
pub fn read_proxy(url: &str, variables: &[(&str, &str)]) -> Result<Option<String>, InvalidInput> {
    let base_url = BaseUrl::parse(url).map_err(InvalidInput::base_url)?;
    let get =
        |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    let proxy = http::from_variables(&base_url, get)?;
    Ok(proxy.as_ref().map(http::without_credentials))
}

/// A base URL, and the request that is made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    /// Whether it is https.
    pub is_https: bool,
    /// Whether it is this machine.
    pub is_loopback: bool,
    /// The URL of a page of that project.
    pub page: String,
    /// The request-target of that page.
    pub target: String,
}

/// Reads a base URL, and makes the request for page 1 of project `32b6e34b3d91647abb20e7b8` there, or says what is wrong.
pub fn read_base_url(url: &str) -> Result<Url, InvalidInput> {
    let base_url = BaseUrl::parse(url).map_err(InvalidInput::base_url)?;
    let is_loopback = base_url.is_loopback || base_url.is_localhost();
    let is_https = base_url.is_https;
    let request =
        endpoint(base_url).page(&Resource::ExportBuckets("32b6e34b3d91647abb20e7b8".parse()?), 1, true);
    Ok(Url { is_https, is_loopback, target: request.target().to_owned(), page: request.url })
}

fn endpoint(base_url: BaseUrl) -> Endpoint {
    Endpoint { base_url, proxy: None, options: PageOptions::new(ApiVersion::V1_0) }
}
