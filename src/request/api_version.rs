//! Versions of the Atlas Administration API.

use std::fmt;
use std::str::FromStr;

use crate::invalid_input::InvalidInput;

/// A version of the Atlas Administration API: v1.0, or the date of a version of v2.
///
/// It determines the path and the `Accept` of a request. Atlas answers with the newest version that is not newer than the date.
///
/// ```
/// use atlas_export_buckets::ApiVersion;
///
/// assert_eq!("v1.0".parse(), Ok(ApiVersion::V1_0));
/// assert_eq!("2025-03-12".parse::<ApiVersion>()?.to_string(), "2025-03-12");
/// # Ok::<(), atlas_export_buckets::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ApiVersion {
    /// Year, month and day of a version of v2.
    date: Option<(u16, u8, u8)>,
}

impl ApiVersion {
    /// `/api/atlas/v1.0`: the default with an API key.
    pub const V1_0: ApiVersion = ApiVersion { date: None };
    /// `/api/atlas/v2`, version 2024-05-30: the default with a service account or an access token.
    pub const V2024_05_30: ApiVersion = ApiVersion { date: Some((2024, 5, 30)) };

    /// Where the resources of this version are.
    pub(super) fn path(self) -> &'static str {
        if self.date.is_some() { "/api/atlas/v2" } else { "/api/atlas/v1.0" }
    }

    /// The media type that asks for this version.
    pub(super) fn media_type(self) -> String {
        match self.date {
            Some(_) => format!("application/vnd.atlas.{self}+json"),
            None => "application/json".into(),
        }
    }
}

impl FromStr for ApiVersion {
    type Err = InvalidInput;

    /// # Errors
    ///
    /// [`InvalidInput::ApiVersion`] for anything but `v1.0` and dates from 2023-01-01, when v2 began.
    fn from_str(name: &str) -> Result<Self, InvalidInput> {
        if name == "v1.0" {
            return Ok(ApiVersion::V1_0);
        }
        parse_date(name)
            .filter(|date| *date >= (2023, 1, 1))
            .map(|date| ApiVersion { date: Some(date) })
            .ok_or_else(|| InvalidInput::ApiVersion(name.into()))
    }
}

/// `YYYY-MM-DD`. Atlas checks whether the month has that many days.
fn parse_date(text: &str) -> Option<(u16, u8, u8)> {
    let (year, rest) = text.split_once('-')?;
    let (month, day) = rest.split_once('-')?;
    let are_digits = [year, month, day].iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    if !are_digits || (year.len(), month.len(), day.len()) != (4, 2, 2) {
        return None;
    }
    let (month, day) = (month.parse().ok()?, day.parse().ok()?);
    ((1..=12).contains(&month) && (1..=31).contains(&day)).then_some((year.parse().ok()?, month, day))
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.date {
            Some((year, month, day)) => write!(f, "{year:04}-{month:02}-{day:02}"),
            None => f.write_str("v1.0"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_named_as_atlas_names_them_and_dates_are_sent_as_they_are() {
        for name in ["v1.0", "2023-01-01", "2024-05-30", "2025-03-12", "9999-12-31"] {
            assert_eq!(name.parse::<ApiVersion>().unwrap().to_string(), name);
        }
        assert_eq!("2024-05-30".parse(), Ok(ApiVersion::V2024_05_30));
        assert_eq!(ApiVersion::V2024_05_30.media_type(), "application/vnd.atlas.2024-05-30+json");
        for bad in [
            "",
            "v2",
            "1.0",
            "2022-12-31",
            "2024-5-30",
            "2024-13-01",
            "2024-00-01",
            "2024-01-32",
            "+024-01-01",
            "2024-01-01x",
        ] {
            assert_eq!(bad.parse::<ApiVersion>(), Err(InvalidInput::ApiVersion(bad.into())), "{bad}");
        }
    }
}
