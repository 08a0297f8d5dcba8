//! `simulate --fault NAME[=NUMBER]`: faults by name, so that users can rehearse how their own tools take them.

use std::time::Duration;

use atlas_export_buckets::simulator::{Builder, Fault, Response, TokenBucket, When};

/// What goes wrong, as it stands on the command line.
#[derive(Clone, Debug)]
pub(crate) enum FaultArg {
    /// Atlas's token bucket, of this capacity.
    RateLimit(u32),
    /// This many requests with an `Authorization` are hit.
    Requests(u64, Fault),
    When(When, Fault),
}

/// All names except the statuses.
pub(crate) const NAMES: &str = "rate-limit, reset, close, truncate, endless, html, redirect, delay, drip, \
                                unauthorized, stale, forget-nonces, basic, wrong-rspauth, revoke-token, \
                                many-headers, cap-page, no-links, no-count, count-refused, count-shrinks, \
                                shift, delete, ignore-page, next-for-ever";

/// The bucket that is made while the list is read.
const NEW_BUCKET: &str =
    r#"{"_id":"ffffffffffffffffffffffff","bucketName":"made-meanwhile","cloudProvider":"AWS"}"#;

/// Reads `NAME` or `NAME=NUMBER`.
pub(crate) fn parse(text: &str) -> Result<FaultArg, String> {
    let (name, number) = split(text)?;
    let small = |default| number.map_or(default, |number| number.try_into().unwrap_or(u32::MAX));
    let duration = Duration::from_millis(number.unwrap_or(1000));
    let pages = When::always().with_authorization();
    // Once, or every retry would change the list again.
    let page_two = When::nth(1).on_page(2).with_authorization();
    let (when, fault) = match name {
        // The number is the fault's own.
        "rate-limit" => return Ok(FaultArg::RateLimit(small(10))),
        "delay" => return Ok(FaultArg::When(pages, Fault::Delay(duration))),
        "drip" => return Ok(FaultArg::When(pages, Fault::Drip { bytes: 1, every: duration })),
        "many-headers" => return Ok(FaultArg::When(pages, Fault::ManyHeaders(small(10_000) as usize))),
        "cap-page" => return Ok(FaultArg::When(pages, Fault::CapPage(small(1)))),
        "shift" | "delete" | "count-shrinks" if number.is_some() => {
            return Err(format!("{name} takes no number"));
        }
        "shift" => (page_two, Fault::Insert { index: 0, bucket: NEW_BUCKET.into() }),
        "delete" => (page_two, Fault::Delete { index: 0 }),
        "count-shrinks" => (page_two, Fault::Count(0)),
        "unauthorized" => (When::always(), Fault::Unauthorized),
        "basic" => (When::always(), Fault::BasicOnly),
        "reset" => (pages, Fault::Reset),
        "close" => (pages, Fault::Close),
        "truncate" => (pages, Fault::CutBody),
        "endless" => (pages, Fault::EndlessBody),
        "html" => (pages, Fault::Response(Response::html(200, "<html>Please sign in</html>"))),
        "redirect" => (pages, Fault::Response(Response::redirect(302, "https://elsewhere.invalid/"))),
        "stale" => (pages, Fault::Stale),
        "forget-nonces" => (pages, Fault::ForgetNonces),
        "wrong-rspauth" => (pages, Fault::WrongRspauth),
        "revoke-token" => (pages, Fault::RevokeToken),
        "no-links" => (pages, Fault::NoLinks),
        "no-count" => (pages, Fault::NoCount),
        "count-refused" => (pages, Fault::CountRefused),
        "ignore-page" => (pages, Fault::IgnorePageNum),
        "next-for-ever" => (pages, Fault::NextForEver),
        status => match status.parse() {
            Ok(status @ 400..600) => (pages, error(status)),
            _ => return Err(format!("use an error status such as 503, or one of {NAMES}")),
        },
    };
    // The number says how many requests are hit. Without it, `when` says which.
    Ok(match number {
        Some(number) => FaultArg::Requests(number, fault),
        None => FaultArg::When(when, fault),
    })
}

fn split(text: &str) -> Result<(&str, Option<u64>), String> {
    let Some((name, number)) = text.split_once('=') else { return Ok((text, None)) };
    match number.parse() {
        Ok(number) if number > 0 => Ok((name, Some(number))),
        _ => Err(format!("{} takes a whole number from 1", name.escape_debug())),
    }
}

/// Adds faults to a simulated Atlas. Those that hit some requests follow one another: with 503=2 and 429=1, the third gets 429.
pub(crate) fn inject(faults: &[FaultArg], builder: Builder) -> Builder {
    // Of two that answer one request, the simulator takes the one that was added last.
    let (some, all): (Vec<_>, Vec<_>) =
        faults.iter().cloned().partition(|fault| matches!(fault, FaultArg::Requests(..)));
    let mut requests = 0_u64;
    all.into_iter().chain(some).fold(builder, |builder, fault| match fault {
        FaultArg::RateLimit(capacity) => {
            builder.rate_limit(TokenBucket::new(capacity, Duration::from_secs(1)))
        }
        FaultArg::When(when, fault) => builder.fault(when, fault),
        FaultArg::Requests(number, fault) => {
            let first = requests.saturating_add(1);
            requests = requests.saturating_add(number);
            builder.fault(When::within(first..=requests).with_authorization(), fault)
        }
    })
}

/// Atlas's error document, with a `Retry-After` for 429 and 503.
fn error(status: u16) -> Fault {
    let code = if status == 429 { "RATE_LIMITED" } else { "SIMULATED" };
    let response = Response::atlas_error(status, code, "The simulated Atlas was told to fail.", &[]);
    Fault::Response(if matches!(status, 429 | 503) { response.header("Retry-After", "1") } else { response })
}

#[cfg(test)]
mod tests {
    use super::*;
    use atlas_export_buckets::simulator::{Simulator, sample_buckets};
    use atlas_export_buckets::{ApiKey, Client, Error};

    /// Lists 12 buckets, 5 a page, from a simulated Atlas with these faults: the number of buckets, or the error.
    fn list(faults: &str) -> String {
        let builder = Simulator::builder().buckets(sample_buckets(12));
        let faults: Vec<_> = faults.split_whitespace().map(|fault| parse(fault).unwrap()).collect();
        let atlas = inject(&faults, builder).start().unwrap();
        let key = ApiKey::new(atlas.public_key(), atlas.private_key()).unwrap();
        let client = Client::builder(key).base_url(atlas.base_url()).items_per_page(5).retries(1);
        let client = client.timeout(Duration::from_millis(900)).build().unwrap();
        let list: Result<Vec<_>, _> = client.export_buckets(&atlas.project_id().parse().unwrap()).collect();
        list.map_or_else(|error| error.to_string(), |list| format!("{} buckets", list.len()))
    }

    #[test]
    fn every_fault_does_what_its_name_says() {
        let cases = [
            ("", "12 buckets"),
            ("500", "(HTTP 500 SIMULATED \"The simulated Atlas was told to fail.\"); try again later"),
            ("500=1", "12 buckets"),
            ("503", "the server failed: page 1 of "),
            ("429", "rate limited: page 1 of "),
            ("404", "not found: page 1 of "),
            ("rate-limit=2", "rate limited: page 3 of "),
            ("rate-limit", "12 buckets"),
            ("reset", "the connection broke"),
            ("reset=1", "12 buckets"),
            ("close", "the connection broke"),
            ("truncate", "the connection broke"),
            ("truncate=1", "12 buckets"),
            ("endless", "longer than 4194304 bytes"),
            ("html", "it begins with \"<html>Please sign in</html>\""),
            ("redirect", "(HTTP 302 to https://elsewhere.invalid/)"),
            ("delay=5000", "within the deadline"),
            ("delay=1", "12 buckets"),
            ("drip", "within the deadline"),
            ("unauthorized", "the API key was refused"),
            ("stale", "calls it stale"),
            ("forget-nonces", "calls it stale"),
            ("basic", "only: Basic"),
            ("revoke-token", "12 buckets"),
            ("wrong-rspauth", "rspauth is wrong"),
            ("many-headers", "its header is larger than"),
            ("cap-page=4", "12 buckets"),
            ("cap-page", "12 buckets"),
            ("no-links", "12 buckets"),
            ("no-links=1", "12 buckets"),
            ("no-count=1", "12 buckets"),
            ("count-refused=1", "12 buckets"),
            ("ignore-page=9", "sent a page again"),
            ("next-for-ever=3", "12 buckets"),
            ("unauthorized=1", "the API key was refused"),
            ("500=1 unauthorized=9", "the API key was refused"),
            ("basic=1", "the API key was refused"),
            ("no-count", "12 buckets"),
            ("no-count no-links", "12 buckets"),
            ("count-refused", "12 buckets"),
            ("count-shrinks", "fell from 12 to 0"),
            ("shift", "12 buckets"),
            ("delete", "fell from 12 to 11"),
            ("ignore-page", "sent a page again"),
            ("next-for-ever", "an empty page says that it is not the last"),
        ];
        for (faults, expected) in cases {
            let result = list(faults);
            assert!(result.contains(expected), "{faults}: {result}");
        }
        for name in NAMES.split(", ") {
            let is_tested =
                cases.iter().any(|(faults, _)| faults.split(['=', ' ']).any(|fault| fault == name));
            assert!(is_tested, "{name} is not tested");
        }
    }

    #[test]
    fn faults_of_some_requests_follow_one_another() {
        let cases: [(&str, &[Option<u16>]); 4] = [
            ("503=2 418=1", &[Some(503), Some(503), Some(418), Some(200), Some(200)]),
            ("418=1 503=1 truncate=1", &[Some(418), Some(503), None, Some(200), Some(200)]),
            ("500 503=1", &[Some(503), Some(500), Some(500), Some(500), Some(500)]),
            ("503=18446744073709551615 418=1", &[Some(503); 5]),
        ];
        for (faults, expected) in cases {
            let faults: Vec<_> = faults.split(' ').map(|fault| parse(fault).unwrap()).collect();
            let atlas = inject(&faults, Simulator::builder()).start().unwrap();
            let key = ApiKey::new(atlas.public_key(), atlas.private_key()).unwrap();
            let client = Client::builder(key).base_url(atlas.base_url()).retries(0).build().unwrap();
            let project = atlas.project_id().parse().unwrap();
            let answers = expected.iter().map(|_| match client.export_bucket_page(&project, 1) {
                Ok(_) => Some(200),
                Err(Error::Status { api, .. }) => Some(api.status),
                Err(error) => {
                    assert!(matches!(error, Error::Network { .. }), "{faults:?}: {error}");
                    None
                }
            });
            assert_eq!(answers.collect::<Vec<_>>(), expected, "{faults:?}");
        }
    }

    #[test]
    fn a_wrong_fault_is_refused_with_those_that_there_are() {
        let cases = [
            ("nonsense", "use an error status such as 503, or one of rate-limit, reset, close,"),
            ("", "use an error status such as 503, "),
            ("200", "use an error status such as 503, "),
            ("600", "use an error status such as 503, "),
            ("reset=", "reset takes a whole number from 1"),
            ("reset=0", "reset takes a whole number from 1"),
            ("drip=1s", "drip takes a whole number from 1"),
            ("503=-1", "503 takes a whole number from 1"),
            ("a\nb=0", r"a\nb takes a whole number from 1"),
            ("shift=1", "shift takes no number"),
            ("delete=1", "delete takes no number"),
            ("count-shrinks=1", "count-shrinks takes no number"),
        ];
        for (text, expected) in cases {
            let problem = parse(text).unwrap_err();
            assert!(problem.starts_with(expected), "{text}: {problem}");
        }
    }
}
