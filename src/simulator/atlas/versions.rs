//! The dated versions of v2, and how Atlas chooses one of them.

use crate::simulator::response::Response;

/// One version of a resource in v2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ResourceVersion {
    pub(crate) date: &'static str,
    /// The values of `Deprecation`, when it was deprecated, and `Sunset`, when it will go.
    pub(crate) end: Option<(&'static str, &'static str)>,
}

/// The versions of the export buckets, from old to new.
pub(crate) const EXPORT_BUCKETS: &[ResourceVersion] = &[
    ResourceVersion {
        date: "2023-01-01",
        // Atlas writes the day with one digit, which HTTP's own form of a date does not allow.
        end: Some(("Mon, 5 Aug 2024 00:00:00 GMT", "Thu, 1 Jul 2027 00:00:00 GMT")),
    },
    ResourceVersion { date: "2024-05-30", end: None },
];

/// The versions of the lists of projects.
pub(crate) const PROJECTS: &[ResourceVersion] = &[ResourceVersion { date: "2023-01-01", end: None }];

/// Chooses the version that `Accept` asks for: the newest that is not newer than the date asked for.
/// Versions that are `gone` are refused.
pub(crate) fn choose(
    accept: &[u8],
    versions: &'static [ResourceVersion],
    gone: &[String],
) -> Result<ResourceVersion, Response> {
    let accept = String::from_utf8_lossy(accept).to_ascii_lowercase();
    let refuse = |detail: &str, parameters: &[&str]| {
        Response::atlas_error(406, "INVALID_VERSION_DATE", detail, parameters)
    };
    let asked = accept.split(',').find_map(date);
    let asked = asked.ok_or_else(|| refuse("Invalid accept header or version date.", &[]))?;
    // Dates of this form are ordered as their texts are.
    let version = versions.iter().rev().find(|version| version.date <= asked).ok_or_else(|| {
        refuse(&format!("There is no version of this resource of {asked} or earlier."), &[asked])
    })?;
    if gone.iter().any(|gone| gone == version.date) {
        let detail = format!("The version {} of this resource is gone.", version.date);
        return Err(Response::atlas_error(410, "VERSION_GONE", &detail, &[version.date]));
    }
    Ok(*version)
}

/// The date of a media range such as `application/vnd.atlas.2024-05-30+json; q=0.9`.
fn date(range: &str) -> Option<&str> {
    let media_type = range.split(';').next()?.trim();
    let date = media_type.strip_prefix("application/vnd.atlas.")?.strip_suffix("+json")?;
    is_date(date).then_some(date)
}

/// Whether this is `YYYY-MM-DD`, with a month and a day that there can be.
pub(crate) fn is_date(text: &str) -> bool {
    let form = text.bytes().map(|byte| if byte.is_ascii_digit() { b'0' } else { byte });
    form.eq(*b"0000-00-00")
        && (Some("01")..=Some("12")).contains(&text.get(5..7))
        && (Some("01")..=Some("31")).contains(&text.get(8..))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_that_is_not_newer_than_the_date_is_chosen() {
        let table = [
            ("application/vnd.atlas.2023-01-01+json", Ok("2023-01-01")),
            ("application/vnd.atlas.2024-05-29+json", Ok("2023-01-01")),
            ("application/vnd.atlas.2024-05-30+json", Ok("2024-05-30")),
            ("application/vnd.atlas.2025-03-12+json", Ok("2024-05-30")),
            ("text/html, Application/VND.atlas.2024-05-30+JSON; q=0.9", Ok("2024-05-30")),
            ("application/vnd.atlas.2022-12-31+json", Err(406)),
            ("application/vnd.atlas.2024-13-01+json", Err(406)),
            ("application/vnd.atlas.2024-5-30+json", Err(406)),
            ("application/vnd.atlas.+24-05-30+json", Err(406)),
            ("application/vnd.atlas.2024-05-30", Err(406)),
            ("application/json", Err(406)),
            ("*/*", Err(406)),
            ("", Err(406)),
        ];
        for (accept, expected) in table {
            let chosen = choose(accept.as_bytes(), EXPORT_BUCKETS, &[]);
            assert_eq!(
                chosen.map(|version| version.date).map_err(|error| error.status),
                expected,
                "{accept}"
            );
        }
    }

    #[test]
    fn a_version_that_is_gone_is_refused_and_the_next_one_is_not() {
        let gone = ["2023-01-01".to_owned()];
        let old = choose(b"application/vnd.atlas.2024-01-01+json", EXPORT_BUCKETS, &gone).unwrap_err();
        assert_eq!((old.status, old.get("x-error-code")), (410, Some(b"VERSION_GONE".as_slice())));
        assert!(choose(b"application/vnd.atlas.2024-06-01+json", EXPORT_BUCKETS, &gone).is_ok());
    }
}
