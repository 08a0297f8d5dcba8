//! Responses of the token endpoint: a token is accepted only as RFC 6749 5.1 has it and if it can be sent, and no error
//! quotes it. The first byte chooses the status.
#![no_main]

use atlas_export_buckets::fuzzing::read_token;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    any_response(data);
    if let Some((_, body)) = data.split_first() {
        plain_response(body);
    }
});

/// `Value` has read it and written it again, so no name is in it twice.
fn plain_response(body: &[u8]) {
    let fields: Value = serde_json::from_slice(body).unwrap_or_default();
    if is_plain(&fields) {
        assert!(read_token(200, fields.to_string().as_bytes()).is_ok(), "{fields} is refused");
    }
}

fn any_response(data: &[u8]) {
    let Some((choice, body)) = data.split_first() else { return };
    let status = [200, 200, 201, 302, 400, 401, 403, 429, 500][usize::from(*choice) % 9];
    let result = read_token(status, body);
    // What is in no field of a token is not looked into: a number that is too large, a surrogate that stands alone.
    let Ok(fields) = serde_json::from_slice::<Value>(body) else { return };
    let token = fields["access_token"].as_str().unwrap_or_default();
    match result {
        Ok((accepted, seconds)) => {
            assert_eq!((status, accepted.as_str()), (200, token));
            assert!(is_sendable(token));
            assert!(fields["token_type"].as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("bearer")));
            assert_eq!(
                seconds,
                fields.get("expires_in").map_or(3600, |seconds| seconds.as_u64().expect("a number"))
            );
        }
        Err(error) if status == 200 => {
            // `~` stands in no message of ours.
            assert!(!token.contains('~') || !error.contains('~'), "{error}");
        }
        Err(error) => assert!(!error.contains(char::is_control), "{error:?}"),
    }
}

/// `b64token` (RFC 6750 2.1)
fn is_sendable(token: &str) -> bool {
    let text = token.trim_end_matches('=');
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte))
}

/// Whether nobody could find fault with it.
fn is_plain(fields: &Value) -> bool {
    fields["token_type"] == "Bearer"
        && fields["access_token"].as_str().is_some_and(is_sendable)
        && fields["expires_in"].as_u64().is_some()
}
