//! Base URL, API version, project id and list options to the URL and the `Accept` of one page (pure).

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use crate::invalid_input::InvalidInput;
use crate::text;

/// The id of an Atlas project, which the API also calls a group: 24 hexadecimal digits, kept in lower case.
///
/// ```
/// use atlas_export_buckets::ProjectId;
///
/// let project: ProjectId = "32B6E34B3D91647ABB20E7B8".parse()?;
/// assert_eq!(project.as_str(), "32b6e34b3d91647abb20e7b8");
/// # Ok::<(), atlas_export_buckets::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProjectId(String);

impl ProjectId {
    /// The 24 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ProjectId {
    type Err = InvalidInput;

    /// # Errors
    ///
    /// [`InvalidInput::ProjectId`] for anything but 24 hexadecimal digits.
    fn from_str(id: &str) -> Result<Self, InvalidInput> {
        if id.len() == 24 && text::all(id, |byte| byte.is_ascii_hexdigit()) {
            Ok(ProjectId(id.to_ascii_lowercase()))
        } else {
            Err(InvalidInput::ProjectId(id.into()))
        }
    }
}

impl fmt::Display for ProjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for ProjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProjectId({})", self.0)
    }
}

/// A version of the Atlas Administration API. It decides the path and the media type; the answer is the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ApiVersion {
    /// `/api/atlas/v1.0`, the default.
    #[default]
    V1_0,
    /// `/api/atlas/v2`, resource version 2024-05-30.
    V2024_05_30,
}

impl ApiVersion {
    const NAMES: [(&'static str, ApiVersion); 2] =
        [("v1.0", ApiVersion::V1_0), ("2024-05-30", ApiVersion::V2024_05_30)];

    fn path(self) -> &'static str {
        match self {
            ApiVersion::V1_0 => "/api/atlas/v1.0/groups/",
            ApiVersion::V2024_05_30 => "/api/atlas/v2/groups/",
        }
    }

    fn accept(self) -> &'static str {
        match self {
            ApiVersion::V1_0 => "application/json",
            ApiVersion::V2024_05_30 => "application/vnd.atlas.2024-05-30+json",
        }
    }
}

impl FromStr for ApiVersion {
    type Err = InvalidInput;

    /// # Errors
    ///
    /// [`InvalidInput::ApiVersion`] for anything but `v1.0` and `2024-05-30`.
    fn from_str(name: &str) -> Result<Self, InvalidInput> {
        let known = Self::NAMES.iter().find(|(known, _)| *known == name);
        known.map(|&(_, version)| version).ok_or_else(|| InvalidInput::ApiVersion(name.into()))
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = Self::NAMES.iter().find(|(_, version)| version == self);
        f.pad(known.map_or("", |(name, _)| name))
    }
}

/// Scheme, host, port and perhaps a path prefix, checked and without a slash at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BaseUrl {
    url: String,
    /// Where the path begins in `url`.
    path_at: usize,
    pub(crate) is_https: bool,
    pub(crate) is_loopback: bool,
}

impl BaseUrl {
    pub(crate) const DEFAULT: &str = "https://cloud.mongodb.com";

    /// Checks the form. Whether plain http is allowed is decided where the rest is known: `client.rs`.
    pub(crate) fn parse(url: &str) -> Result<Self, InvalidInput> {
        let refuse = |problem| InvalidInput::BaseUrl { problem };
        let lower =
            |prefix: &str| url.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
        let (scheme, is_https) = match () {
            () if lower("https://") => ("https://", true),
            () if lower("http://") => ("http://", false),
            () => return Err(refuse("does not begin with https://")),
        };
        if !text::all(url, |byte| byte.is_ascii_graphic()) {
            return Err(refuse("has a space, or a character that is not ASCII"));
        }
        let mut rest = url.get(scheme.len()..).unwrap_or_default();
        while let Some(without_slash) = rest.strip_suffix("/") {
            rest = without_slash;
        }
        let (authority, path) = text::split_before(rest, b"/?#\\");
        for (part, byte, problem) in [
            (authority, b'@', "has user information: give the API key by other means"),
            (path, b'?', "has a query"),
            (path, b'#', "has a fragment"),
        ] {
            if part.as_bytes().contains(&byte) {
                return Err(refuse(problem));
            }
        }
        let is_path_char = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~!$&'()*+,;=:@%".contains(&byte);
        let is_dots = |segment: &[u8]| matches!(segment, b"." | b"..");
        if !text::all(path, is_path_char) || text::split(path, b"/").any(is_dots) {
            return Err(refuse("has a path that cannot be sent as it is"));
        }
        let host = host_of(authority).ok_or_else(|| refuse("has no valid host and port"))?;
        let authority = authority.to_ascii_lowercase();
        Ok(BaseUrl {
            path_at: scheme.len() + authority.len(),
            url: format!("{scheme}{authority}{path}"),
            is_https,
            is_loopback: is_loopback(host),
        })
    }
}

/// The host of `host[:port]`, if both are well formed.
fn host_of(authority: &str) -> Option<&str> {
    let (host, port) = match authority.strip_prefix("[") {
        Some(rest) => {
            let (address, port) = text::split_before(rest, b"]");
            address.parse::<Ipv6Addr>().ok()?;
            (address, port.strip_prefix("]")?)
        }
        None => {
            let (host, port) = text::split_before(authority, b":");
            let is_host_char = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
            (!host.is_empty() && text::all(host, is_host_char)).then_some(())?;
            (host, port)
        }
    };
    if let Some(digits) = port.strip_prefix(":") {
        text::number(digits.as_bytes()).filter(|port| (1..=u64::from(u16::MAX)).contains(port))?;
    } else if !port.is_empty() {
        return None;
    }
    Some(host)
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        || host.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback())
}

/// Where and how the export buckets of a project are asked for.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    pub(crate) base_url: BaseUrl,
    pub(crate) api_version: ApiVersion,
    pub(crate) items_per_page: u16,
    pub(crate) include_count: bool,
    pub(crate) pretty: bool,
    pub(crate) envelope: bool,
}

/// The request for one page: what was being asked for when something failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PageRequest {
    /// The whole URL.
    pub url: String,
    /// The project.
    pub project_id: ProjectId,
    /// The page, from 1.
    pub page_num: u32,
    pub(crate) accept: &'static str,
    target_at: usize,
}

impl PageRequest {
    /// A copy for an error, which needs one rarely.
    #[cold]
    #[inline(never)]
    pub(crate) fn boxed(&self) -> Box<PageRequest> {
        Box::new(self.clone())
    }

    /// The request-target: path and query.
    pub(crate) fn target(&self) -> &str {
        self.url.get(self.target_at..).unwrap_or_default()
    }
}

impl fmt::Display for PageRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let base = self.url.get(..self.target_at).unwrap_or_default();
        write!(f, "page {} of the export buckets of project {} at {base}", self.page_num, self.project_id)
    }
}

impl Endpoint {
    /// The most items that Atlas gives per page, which is what is asked for by default: fewest requests.
    pub(crate) const MAX_ITEMS_PER_PAGE: u16 = 500;

    pub(crate) fn page(&self, project_id: &ProjectId, page_num: u32, include_count: bool) -> PageRequest {
        let mut url = format!(
            "{}{}{project_id}/backup/exportBuckets?pageNum={page_num}&itemsPerPage={}",
            self.base_url.url,
            self.api_version.path(),
            self.items_per_page,
        );
        // Atlas's defaults are not sent.
        for (param, differs) in [
            ("&includeCount=false", !include_count),
            ("&pretty=true", self.pretty),
            ("&envelope=true", self.envelope),
        ] {
            if differs {
                url.push_str(param);
            }
        }
        PageRequest {
            url,
            project_id: project_id.clone(),
            page_num,
            accept: self.api_version.accept(),
            target_at: self.base_url.path_at,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn endpoint(base_url: &str) -> Endpoint {
        Endpoint {
            base_url: BaseUrl::parse(base_url).unwrap(),
            api_version: ApiVersion::V1_0,
            items_per_page: 500,
            include_count: true,
            pretty: false,
            envelope: false,
        }
    }

    #[test]
    fn a_page_is_asked_for_as_the_atlas_docs_have_it() {
        let project = "32b6e34b3d91647abb20e7b8".parse().unwrap();
        let plain = endpoint("https://cloud.mongodb.com");
        let request = plain.page(&project, 1, true);
        assert_eq!(
            request.url,
            "https://cloud.mongodb.com/api/atlas/v1.0/groups/32b6e34b3d91647abb20e7b8/backup/exportBuckets?pageNum=1&itemsPerPage=500"
        );
        assert_eq!(
            request.target(),
            "/api/atlas/v1.0/groups/32b6e34b3d91647abb20e7b8/backup/exportBuckets?pageNum=1&itemsPerPage=500"
        );
        assert_eq!(request.accept, "application/json");
        let every_option = Endpoint {
            api_version: ApiVersion::V2024_05_30,
            items_per_page: 7,
            include_count: false,
            pretty: true,
            envelope: true,
            ..endpoint("http://127.0.0.1:8080/proxy/")
        };
        let request = every_option.page(&project, 2, false);
        assert_eq!(
            request.target(),
            "/proxy/api/atlas/v2/groups/32b6e34b3d91647abb20e7b8/backup/exportBuckets?pageNum=2&itemsPerPage=7&includeCount=false&pretty=true&envelope=true"
        );
        assert_eq!(request.accept, "application/vnd.atlas.2024-05-30+json");
        assert_eq!(
            request.to_string(),
            "page 2 of the export buckets of project 32b6e34b3d91647abb20e7b8 at http://127.0.0.1:8080"
        );
    }

    #[test]
    fn base_urls_are_checked() {
        let cases = [
            ("https://cloud.mongodb.com", Ok(("https://cloud.mongodb.com", false))),
            ("HTTPS://Cloud.MongoDB.com/", Ok(("https://cloud.mongodb.com", false))),
            ("https://h:8443/a/b//", Ok(("https://h:8443/a/b", false))),
            ("http://localhost:80", Ok(("http://localhost:80", true))),
            ("http://127.1.2.3", Ok(("http://127.1.2.3", true))),
            ("http://[::1]:8080", Ok(("http://[::1]:8080", true))),
            ("http://127.0.0.1.evil.example", Ok(("http://127.0.0.1.evil.example", false))),
            ("http://localhost.evil.example", Ok(("http://localhost.evil.example", false))),
            ("http://127.1", Ok(("http://127.1", false))),
            ("ftp://h", Err("does not begin with https://")),
            ("cloud.mongodb.com", Err("does not begin with https://")),
            ("", Err("does not begin with https://")),
            ("https://", Err("has no valid host and port")),
            ("https:///path", Err("has no valid host and port")),
            ("https://h:0", Err("has no valid host and port")),
            ("https://h:65536", Err("has no valid host and port")),
            ("https://h:+1", Err("has no valid host and port")),
            ("https://h:", Err("has no valid host and port")),
            ("https://[::1", Err("has no valid host and port")),
            ("https://[h]", Err("has no valid host and port")),
            ("https://[::1]x", Err("has no valid host and port")),
            ("https://h?q", Err("has a query")),
            ("https://h/p?q", Err("has a query")),
            ("https://h#f", Err("has a fragment")),
            ("https://user:secret@h", Err("has user information: give the API key by other means")),
            ("https://h/a b", Err("has a space, or a character that is not ASCII")),
            ("https://h\r\nX: y", Err("has a space, or a character that is not ASCII")),
            ("https://hé", Err("has a space, or a character that is not ASCII")),
            ("https://h\\@evil", Err("has a path that cannot be sent as it is")),
            ("https://h/../x", Err("has a path that cannot be sent as it is")),
            ("https://h/\"", Err("has a path that cannot be sent as it is")),
        ];
        for (input, expected) in cases {
            let parsed = BaseUrl::parse(input);
            let parsed = parsed.as_ref().map(|base| (base.url.as_str(), base.is_loopback));
            let expected = expected.map_err(|problem| InvalidInput::BaseUrl { problem });
            assert_eq!(parsed, expected.as_ref().map(|found| *found), "{input}");
        }
    }

    #[test]
    fn project_ids_are_24_hexadecimal_digits() {
        for bad in [
            "",
            "32b6e34b3d91647abb20e7b",
            "32b6e34b3d91647abb20e7b8a",
            "g2b6e34b3d91647abb20e7b8",
            "３２b6e34b3d91647abb20",
        ] {
            assert_eq!(bad.parse::<ProjectId>(), Err(InvalidInput::ProjectId(bad.into())), "{bad}");
        }
    }

    #[test]
    fn api_versions_are_named_as_atlas_names_them() {
        assert_eq!("v1.0".parse(), Ok(ApiVersion::V1_0));
        assert_eq!("2024-05-30".parse(), Ok(ApiVersion::V2024_05_30));
        assert_eq!(ApiVersion::V2024_05_30.to_string(), "2024-05-30");
        assert_eq!("v2".parse::<ApiVersion>(), Err(InvalidInput::ApiVersion("v2".into())));
    }
}
