//! Responses of the token endpoint: a token is accepted only as RFC 6749 5.1 has it and if it can be sent, and no error
//! quotes it. The first byte chooses the status.
#![no_main]

use atlas_export_buckets::fuzzing::read_token;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let Some((choice, body)) = data.split_first() else { return };
    let status = [200, 200, 201, 302, 400, 401, 403, 429, 500][usize::from(*choice) % 9];
    let fields: Value = serde_json::from_slice(body).unwrap_or_default();
    let token = fields["access_token"].as_str().unwrap_or_default();
    match read_token(status, body) {
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
            assert!(!is_plain(&fields), "{fields} is refused: {error}");
        }
        Err(error) => assert!(!error.contains(char::is_control), "{error:?}"),
    }
});

fn is_sendable(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Whether nobody could find fault with it. `Value` has read it, so no name is twice in it.
fn is_plain(fields: &Value) -> bool {
    let again = fields.to_string();
    fields["token_type"] == "Bearer"
        && fields["access_token"].as_str().is_some_and(is_sendable)
        && fields["expires_in"].as_u64().is_some()
        && read_token(200, again.as_bytes()).is_err()
}
