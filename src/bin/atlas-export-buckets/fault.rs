//! `simulate --fault NAME[=NUMBER]`: faults by name, so that users can rehearse how their own tools take them.

use std::time::Duration;

use atlas_export_buckets::simulator::{Builder, Fault, Response, TokenBucket, When};

/// What goes wrong, as it stands on the command line.
#[derive(Clone, Debug)]
pub(crate) enum FaultArg {
    /// Atlas's token bucket, of this capacity.
    RateLimit(u32),
    Inject(When, Fault),
}

struct Named {
    name: &'static str,
    number: Number,
    hits: Hits,
    /// Makes the fault from its number.
    fault: fn(u64) -> Fault,
}

/// What the number behind a name says.
enum Number {
    /// Only the first so many requests are hit. Without it, all are.
    Times,
    /// It belongs to the fault, is 1 or more, and has a default.
    OfFault(u64),
    /// There is none.
    None,
}

/// Which requests are hit. What is about pages leaves the challenge before them alone.
enum Hits {
    Pages,
    AllRequests,
    PageTwo,
}

const DEFAULT_RATE_LIMIT: u64 = 10;

const NAMED: &[Named] = {
    use Hits::{AllRequests, PageTwo, Pages};
    use Number::{None, OfFault, Times};
    const fn new(name: &'static str, number: Number, hits: Hits, fault: fn(u64) -> Fault) -> Named {
        Named { name, number, hits, fault }
    }
    &[
        new("reset", Times, Pages, |_| Fault::Reset),
        new("close", Times, Pages, |_| Fault::Close),
        new("truncate", Times, Pages, |_| Fault::CutBody),
        new("endless", Times, Pages, |_| Fault::EndlessBody),
        new("html", Times, Pages, |_| Fault::Response(Response::html(200, "<html>Please sign in</html>"))),
        new("redirect", Times, Pages, |_| {
            Fault::Response(Response::redirect(302, "https://elsewhere.invalid/"))
        }),
        new("delay", OfFault(1000), Pages, |ms| Fault::Delay(Duration::from_millis(ms))),
        new("drip", OfFault(1000), Pages, |ms| Fault::Drip { bytes: 1, every: Duration::from_millis(ms) }),
        new("unauthorized", None, AllRequests, |_| Fault::Unauthorized),
        new("stale", Times, Pages, |_| Fault::Stale),
        new("forget-nonces", Times, Pages, |_| Fault::ForgetNonces),
        new("basic", None, AllRequests, |_| Fault::BasicOnly),
        new("wrong-rspauth", Times, Pages, |_| Fault::WrongRspauth),
        new("many-headers", OfFault(10_000), Pages, |fields| Fault::ManyHeaders(fields as usize)),
        new("cap-page", OfFault(1), Pages, |most| Fault::CapPage(most.try_into().unwrap_or(u32::MAX))),
        new("no-links", None, Pages, |_| Fault::NoLinks),
        new("no-count", None, Pages, |_| Fault::NoCount),
        new("count-refused", None, Pages, |_| Fault::CountRefused),
        new("count-shrinks", None, PageTwo, |_| Fault::Count(0)),
        new("shift", None, PageTwo, |_| Fault::Insert { index: 0, bucket: NEW_BUCKET.into() }),
        new("delete", None, PageTwo, |_| Fault::Delete { index: 0 }),
        new("ignore-page", None, Pages, |_| Fault::IgnorePageNum),
        new("next-for-ever", None, Pages, |_| Fault::NextForEver),
    ]
};

/// All names but the statuses.
#[allow(clippy::indexing_slicing, reason = "done by the compiler, which would not let it fail")]
pub(crate) const NAMES: [&str; NAMED.len() + 1] = {
    let mut names = ["rate-limit"; NAMED.len() + 1];
    let mut index = 0;
    while index < NAMED.len() {
        names[index + 1] = NAMED[index].name;
        index += 1;
    }
    names
};

/// The bucket that is made while the list is read.
const NEW_BUCKET: &str =
    r#"{"_id":"ffffffffffffffffffffffff","bucketName":"made-meanwhile","cloudProvider":"AWS"}"#;

/// Reads `NAME` or `NAME=NUMBER`.
pub(crate) fn parse(text: &str) -> Result<FaultArg, String> {
    let (name, number) = match text.split_once('=') {
        Some((name, number)) => {
            let number = number.parse().ok().filter(|&number: &u64| number > 0);
            (name, Some(number.ok_or_else(|| format!("{name} takes a whole number from 1"))?))
        }
        None => (text, None),
    };
    if name == "rate-limit" {
        let capacity = number.unwrap_or(DEFAULT_RATE_LIMIT).try_into().unwrap_or(u32::MAX);
        return Ok(FaultArg::RateLimit(capacity));
    }
    if let Some(status) = name.parse().ok().filter(|status| (400..600).contains(status)) {
        let when = number.map_or(When::always(), When::first).with_authorization();
        return Ok(FaultArg::Inject(when, error(status)));
    }
    let named = NAMED.iter().find(|named| named.name == name);
    let named = named.ok_or_else(|| format!("use an error status such as 503, {}", NAMES.join(", ")))?;
    let when = match (&named.hits, &named.number, number) {
        (_, Number::None, Some(_)) => return Err(format!("{name} takes no number")),
        // Once, or every retry would change the list again.
        (Hits::PageTwo, ..) => When::nth(1).on_page(2),
        (_, Number::Times, Some(times)) => When::first(times),
        _ => When::always(),
    };
    let when = if matches!(named.hits, Hits::AllRequests) { when } else { when.with_authorization() };
    let default = if let Number::OfFault(default) = named.number { default } else { 0 };
    Ok(FaultArg::Inject(when, (named.fault)(number.unwrap_or(default))))
}

impl FaultArg {
    /// Lets it go wrong in an embedded Atlas.
    pub(crate) fn inject(self, builder: Builder) -> Builder {
        match self {
            FaultArg::RateLimit(capacity) => {
                builder.rate_limit(TokenBucket::new(capacity, Duration::from_secs(1)))
            }
            FaultArg::Inject(when, fault) => builder.fault(when, fault),
        }
    }
}

/// Atlas's error document, with a `Retry-After` where one may come.
fn error(status: u16) -> Fault {
    let code = if status == 429 { "RATE_LIMITED" } else { "SIMULATED" };
    let response = Response::atlas_error(status, code, "The embedded Atlas was told to fail.", &[]);
    Fault::Response(if matches!(status, 429 | 503) { response.header("Retry-After", "1") } else { response })
}

#[cfg(test)]
mod tests {
    use super::*;
    use atlas_export_buckets::simulator::{Simulator, sample_buckets};
    use atlas_export_buckets::{ApiKey, Client};

    /// Lists 12 buckets, 5 a page, from an embedded Atlas with these faults: the number of buckets, or the error.
    fn list(faults: &str) -> String {
        let builder = Simulator::builder().buckets(sample_buckets(12));
        let faults = faults.split_whitespace().map(|fault| parse(fault).unwrap());
        let atlas = faults.fold(builder, |builder, fault| fault.inject(builder)).start().unwrap();
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
            ("500", "HTTP 500 SIMULATED \"The embedded Atlas was told to fail.\""),
            ("500=1", "12 buckets"),
            ("503", "HTTP 503 SIMULATED \"The embedded Atlas was told to fail.\"); try again in 1 s"),
            ("429", "rate limited: page 1 of"),
            ("404", "not found: page 1 of"),
            ("rate-limit=2", "rate limited: page 3 of"),
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
            ("stale", "calls the nonce stale"),
            ("forget-nonces", "calls the nonce stale"),
            ("basic", "only: Basic"),
            ("wrong-rspauth", "rspauth is wrong"),
            ("many-headers", "header is larger than 64 KiB"),
            ("cap-page=4", "12 buckets"),
            ("cap-page", "12 buckets"),
            ("no-links", "12 buckets"),
            ("no-count", "12 buckets"),
            ("no-count no-links", "12 buckets"),
            ("count-refused", "12 buckets"),
            ("count-shrinks", "fell from 12 to 0"),
            ("shift", "12 buckets"),
            ("delete", "fell from 12 to 11"),
            ("ignore-page", "the server sent a page again"),
            ("next-for-ever", "an empty page says that it is not the last"),
        ];
        for (faults, expected) in cases {
            let result = list(faults);
            assert!(result.contains(expected), "{faults}: {result}");
        }
        for named in NAMED {
            assert!(
                cases.iter().any(|(faults, _)| faults.contains(named.name)),
                "{} is not tested",
                named.name
            );
        }
    }

    #[test]
    fn mistakes_name_what_there_is() {
        let cases = [
            ("nonsense", "use an error status such as 503, rate-limit, reset, close,"),
            ("", "use an error status such as 503, "),
            ("200", "use an error status such as 503, "),
            ("600", "use an error status such as 503, "),
            ("reset=", "reset takes a whole number from 1"),
            ("reset=0", "reset takes a whole number from 1"),
            ("drip=1s", "drip takes a whole number from 1"),
            ("503=-1", "503 takes a whole number from 1"),
            ("no-links=1", "no-links takes no number"),
        ];
        for (text, expected) in cases {
            let problem = parse(text).unwrap_err();
            assert!(problem.starts_with(expected), "{text}: {problem}");
        }
    }
}
