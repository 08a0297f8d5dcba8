//! `simulate --fault NAME[=VALUE]`: faults by name, so that users can rehearse how their own tools take them.

use std::time::Duration;

use atlas_export_buckets::simulator::{Answer, Builder, Fault, RateLimit, When};

/// What goes wrong, as it stands on the command line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FaultArg {
    known: Known,
    value: Option<u64>,
}

#[derive(Clone, Copy, Debug)]
enum Known {
    /// Atlas's token bucket.
    RateLimit,
    /// An error with this status, which is its name.
    Status(u16),
    Named(&'static Named),
}

#[derive(Debug)]
struct Named {
    name: &'static str,
    value: Value,
    hits: Hits,
    fault: fn(Numbers) -> Fault,
}

/// What the value of a fault says.
#[derive(Clone, Copy, Debug)]
enum Value {
    /// Only the first so many requests are hit. Default: all.
    Times,
    /// A number that belongs to the fault, 1 or more, with its default.
    Number(u64),
    /// There is none.
    Nothing,
}

/// Which requests are hit. What is about pages leaves the challenge before them alone.
#[derive(Clone, Copy, Debug)]
enum Hits {
    Pages,
    AllRequests,
    PageTwo,
}

/// What a fault is made from.
#[derive(Clone, Copy)]
struct Numbers {
    value: u64,
    buckets: u64,
}

const DEFAULT_RATE_LIMIT: u64 = 10;

const NAMED: &[Named] = {
    use Hits::{AllRequests, PageTwo, Pages};
    use Value::{Nothing, Number, Times};
    const fn new(name: &'static str, value: Value, hits: Hits, fault: fn(Numbers) -> Fault) -> Named {
        Named { name, value, hits, fault }
    }
    &[
        new("reset", Times, Pages, |_| Fault::Reset),
        new("close", Times, Pages, |_| Fault::Close),
        new("truncate", Times, Pages, |_| Fault::CutBody),
        new("endless", Times, Pages, |_| Fault::EndlessBody),
        new("html", Times, Pages, |_| Fault::Answer(Answer::html(200, "<html>Please sign in</html>"))),
        new("redirect", Times, Pages, |_| Fault::Answer(Answer::redirect(302, "https://elsewhere.invalid/"))),
        new("delay", Number(1000), Pages, |numbers| Fault::Delay(milliseconds(numbers.value))),
        new("drip", Number(1000), Pages, |numbers| Fault::Drip {
            bytes: 1,
            every: milliseconds(numbers.value),
        }),
        new("unauthorized", Nothing, AllRequests, |_| Fault::Unauthorized),
        new("stale", Times, Pages, |_| Fault::Stale),
        new("forget-nonces", Times, Pages, |_| Fault::ForgetNonces),
        new("basic", Nothing, AllRequests, |_| Fault::BasicOnly),
        new("wrong-rspauth", Times, Pages, |_| Fault::WrongRspauth),
        new("many-headers", Number(10_000), Pages, |numbers| Fault::ManyHeaders(size(numbers.value))),
        new("cap-page", Number(1), Pages, |numbers| {
            Fault::CapPage(numbers.value.try_into().unwrap_or(u32::MAX))
        }),
        new("no-links", Nothing, Pages, |_| Fault::NoLinks),
        new("no-count", Nothing, Pages, |_| Fault::NoCount),
        new("count-refused", Nothing, Pages, |_| Fault::CountRefused),
        new("count-shrinks", Nothing, PageTwo, |numbers| Fault::Count(numbers.buckets.saturating_sub(1))),
        new("shift", Nothing, PageTwo, |_| Fault::Insert { index: 0, bucket: NEW_BUCKET.into() }),
        new("delete", Nothing, PageTwo, |_| Fault::Delete { index: 0 }),
        new("ignore-page", Nothing, Pages, |_| Fault::IgnorePageNum),
        new("next-for-ever", Nothing, Pages, |_| Fault::NextForEver),
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

fn milliseconds(number: u64) -> Duration {
    Duration::from_millis(number)
}

fn size(number: u64) -> usize {
    number.try_into().unwrap_or(usize::MAX)
}

/// Reads `NAME` or `NAME=VALUE`.
pub(crate) fn parse(text: &str) -> Result<FaultArg, String> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (text, None),
    };
    let known = find(name).ok_or_else(|| {
        format!("there is no fault {name:?}: use an error status such as 503, {}", NAMES.join(", "))
    })?;
    let value = match (known.value(), value) {
        (_, None) => None,
        (Value::Nothing, Some(_)) => return Err(format!("--fault {name} takes no value")),
        (_, Some(value)) => {
            let number = value.parse().ok().filter(|&number| number > 0);
            Some(number.ok_or_else(|| format!("--fault {name} takes a whole number from 1, not {value:?}"))?)
        }
    };
    Ok(FaultArg { known, value })
}

fn find(name: &str) -> Option<Known> {
    if name == "rate-limit" {
        return Some(Known::RateLimit);
    }
    let status = name.parse().ok().filter(|status| (400..600).contains(status));
    let named = || NAMED.iter().find(|named| named.name == name);
    status.map(Known::Status).or_else(|| named().map(Known::Named))
}

impl Known {
    fn value(self) -> Value {
        match self {
            Known::RateLimit => Value::Number(DEFAULT_RATE_LIMIT),
            Known::Status(_) => Value::Times,
            Known::Named(named) => named.value,
        }
    }
}

impl FaultArg {
    /// Lets it go wrong in an embedded Atlas with so many buckets.
    pub(crate) fn inject(self, builder: Builder, buckets: usize) -> Builder {
        let number = match self.known.value() {
            Value::Number(default) => self.value.unwrap_or(default),
            Value::Times | Value::Nothing => 0,
        };
        let (hits, fault) = match self.known {
            Known::RateLimit => {
                let capacity = number.try_into().unwrap_or(u32::MAX);
                return builder.rate_limit(RateLimit::new(capacity, Duration::from_secs(1)));
            }
            Known::Status(status) => (Hits::Pages, error(status)),
            Known::Named(named) => {
                (named.hits, (named.fault)(Numbers { value: number, buckets: buckets as u64 }))
            }
        };
        builder.fault(self.when(hits), fault)
    }

    fn when(self, hits: Hits) -> When {
        let when = match (self.known.value(), self.value) {
            (Value::Times, Some(times)) => When::first(times),
            _ => When::always(),
        };
        match hits {
            Hits::Pages => when.with_authorization(),
            Hits::AllRequests => when,
            // Once, or every retry would change the list again.
            Hits::PageTwo => When::nth(1).with_authorization().on_page(2),
        }
    }
}

/// Atlas's error document, with a `Retry-After` where one may come.
fn error(status: u16) -> Fault {
    let code = if status == 429 { "RATE_LIMITED" } else { "SIMULATED" };
    let answer = Answer::atlas_error(status, code, "The embedded Atlas was told to fail.", &[]);
    Fault::Answer(if matches!(status, 429 | 503) { answer.header("Retry-After", "1") } else { answer })
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
        let atlas = faults.fold(builder, |builder, fault| fault.inject(builder, 12)).start().unwrap();
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
            ("503", "HTTP 503 SIMULATED \"The embedded Atlas was told to fail.\"; try again in 1 s"),
            ("429", "rate limited: HTTP 429 RATE_LIMITED"),
            ("404", "not found: HTTP 404"),
            ("rate-limit=2", "rate limited: HTTP 429"),
            ("rate-limit", "12 buckets"),
            ("reset", "the connection broke"),
            ("reset=1", "12 buckets"),
            ("close", "the connection broke"),
            ("truncate", "the connection broke"),
            ("truncate=1", "12 buckets"),
            ("endless", "longer than 16777216 bytes"),
            ("html", "it begins with \"<html>Please sign in</html>\""),
            ("redirect", "a redirect to https://elsewhere.invalid/, is not followed"),
            ("delay=5000", "within the deadline"),
            ("delay=1", "12 buckets"),
            ("drip", "within the deadline"),
            ("unauthorized", "the API key was refused"),
            ("stale", "calls the nonce stale"),
            ("forget-nonces", "calls the nonce stale"),
            ("basic", "only: Basic"),
            ("wrong-rspauth", "rspauth is wrong"),
            ("many-headers", "head is too large"),
            ("cap-page=4", "12 buckets"),
            ("cap-page", "12 buckets"),
            ("no-links", "12 buckets"),
            ("no-count", "12 buckets"),
            ("no-count no-links", "12 buckets"),
            ("count-refused", "12 buckets"),
            ("count-shrinks", "fell from 12 to 11"),
            ("shift", "12 buckets"),
            ("delete", "fell from 12 to 11"),
            ("ignore-page", "the same page twice"),
            ("next-for-ever", "an empty page that is not the last"),
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
            (
                "nonsense",
                "there is no fault \"nonsense\": use an error status such as 503, rate-limit, reset, close,",
            ),
            ("", "there is no fault \"\""),
            ("200", "there is no fault \"200\""),
            ("600", "there is no fault \"600\""),
            ("reset=", "--fault reset takes a whole number from 1, not \"\""),
            ("reset=0", "--fault reset takes a whole number from 1, not \"0\""),
            ("drip=1s", "--fault drip takes a whole number from 1, not \"1s\""),
            ("503=-1", "--fault 503 takes a whole number from 1, not \"-1\""),
            ("no-links=1", "--fault no-links takes no value"),
        ];
        for (text, expected) in cases {
            let problem = parse(text).unwrap_err();
            assert!(problem.starts_with(expected), "{text}: {problem}");
        }
    }
}
