//! What a response means: a page, or an error (pure but for the clock, which dates in `Retry-After` need).

use std::time::{Duration, SystemTime};

use ureq::http::{HeaderMap, Response};

use super::retry::parse_retry_after;
use crate::error::{AuthenticationError, Error, NetworkError, NetworkErrorKind, Refusal};
use crate::model::{ApiError, BodyError, ListItem, Page, RateLimit, read_error, read_page};
use crate::request::ApiRequest;

/// Reads a response other than a challenge.
pub(super) fn read_response<T: ListItem>(
    request: &ApiRequest,
    response: Response<Vec<u8>>,
) -> Result<Page<T>, Error> {
    if response.status() != 200 {
        return Err(error_of_status(request, &response));
    }
    let (head, body) = response.into_parts();
    let headers = &head.headers;
    let mut page = read_page(request.page_num(), body).map_err(|error| match error {
        BodyError::Api(api) => error_of_api(request, api, headers),
        BodyError::Malformed(problem) => Error::malformed(request, problem),
        // The connection ended within a body of unknown length. Only the JSON shows that.
        BodyError::Truncated => Error::network(
            request,
            NetworkError::new(NetworkErrorKind::BrokenBody, "the answer ends too early"),
        ),
    })?;
    page.rate_limit = read_rate_limit(headers);
    page.deprecation = text(headers, "deprecation").map(str::to_owned);
    page.sunset = text(headers, "sunset").map(str::to_owned);
    Ok(page)
}

pub(crate) fn read_rate_limit(headers: &HeaderMap) -> RateLimit {
    RateLimit { limit: number(headers, "ratelimit-limit"), remaining: number(headers, "ratelimit-remaining") }
}

/// What a response with another status than 200 means.
pub(super) fn error_of_status(request: &ApiRequest, response: &Response<Vec<u8>>) -> Error {
    match response.status().as_u16() {
        status @ 300..400 => {
            let location = text(response.headers(), "location").map(str::to_owned);
            Error::refused(request, Refusal::Redirect { status, location })
        }
        status => error_of_api(request, read_error(status, response.body()), response.headers()),
    }
}

fn error_of_api(request: &ApiRequest, api: ApiError, headers: &HeaderMap) -> Error {
    let retry_after = text(headers, "retry-after")
        .and_then(|value| parse_retry_after(value, SystemTime::now()))
        .or_else(|| retry_after_in_body(&api));
    let (request, status, api) = (Box::new(request.clone()), api.status, Box::new(api));
    match status {
        401 => Error::NotAuthenticated { request, reason: AuthenticationError::Refused, api },
        403 | 404 if !api.is_from_atlas() => Error::NotAtlas { request, status },
        403 => Error::Forbidden { request, api },
        // There is no such path, so it is the base URL that is wrong, and not the id.
        404 if api.error_code.as_deref() == Some("RESOURCE_NOT_FOUND") => {
            Error::Status { request, api, retry_after }
        }
        404 => Error::NotFound { request, api },
        429 => Error::RateLimited { request, api, retry_after },
        _ => Error::Status { request, api, retry_after },
    }
}

/// The wait that Atlas names in a 429's `parameters`: endpoint, seconds to wait, capacity, refill, seconds of a refill.
fn retry_after_in_body(api: &ApiError) -> Option<Duration> {
    match api.parameters.as_slice() {
        [_, seconds, _, _, _] if api.status == 429 => seconds.parse().ok().map(Duration::from_secs),
        _ => None,
    }
}

/// A header field, if it is text; the first, if there are several.
fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    let digits = text(headers, name)?.trim_ascii();
    digits.parse().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::{Resource, tests::endpoint};

    #[test]
    fn only_a_429_names_its_wait_in_its_parameters() {
        let request = endpoint("https://h").page(&Resource::Projects, 1, true);
        let body = r#"{"error":0,"errorCode":"RATE_LIMITED","parameters":["/groups",7,10,1,60]}"#;
        let wait = |status: u16| {
            let mut response = Response::new(body.as_bytes().to_vec());
            *response.status_mut() = status.try_into().unwrap();
            match error_of_status(&request, &response) {
                Error::RateLimited { retry_after, .. } | Error::Status { retry_after, .. } => retry_after,
                other => panic!("{other}"),
            }
        };
        assert_eq!((wait(429), wait(503)), (Some(Duration::from_secs(7)), None));
    }
}
