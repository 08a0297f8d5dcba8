//! What a request-target asks for: which resource, of which project, and with which query parameters.

/// The number of buckets of a page unless the query says otherwise, and the most that it may say.
const ITEMS_PER_PAGE: (u32, u32) = (100, 500);

/// The two versions of the resource's path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ApiVersion {
    /// `/api/atlas/v1.0`
    V1,
    /// `/api/atlas/v2`
    V2,
}

impl ApiVersion {
    pub(super) fn root(self) -> &'static str {
        match self {
            ApiVersion::V1 => "/api/atlas/v1.0",
            ApiVersion::V2 => "/api/atlas/v2",
        }
    }
}

/// A request-target, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) path: String,
    query: Vec<(String, String)>,
}

/// The query parameters of the list, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Query {
    pub(super) page_num: u32,
    pub(super) items_per_page: u32,
    pub(super) include_count: bool,
    pub(super) pretty: bool,
    pub(super) envelope: bool,
}

impl Target {
    /// Takes a request-target apart, in origin-form or, as a proxy gets it, in absolute-form. `None` if
    /// it is neither, or its percent-encoding is broken or hides anything but UTF-8.
    pub(super) fn parse(target: &[u8]) -> Option<Target> {
        let target = std::str::from_utf8(target).ok()?;
        let origin = match target.strip_prefix("http://") {
            Some(rest) => rest.find('/').and_then(|slash| rest.get(slash..)).unwrap_or("/"),
            None => target,
        };
        if !origin.starts_with('/') {
            return None;
        }
        let (path, query) = origin.split_once('?').unwrap_or((origin, ""));
        let query = query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                Some((decoded(name)?, decoded(value)?))
            })
            .collect::<Option<_>>()?;
        Some(Target { path: decoded(path)?, query })
    }

    /// The version and the project id, if the path is that of the export buckets.
    pub(super) fn export_buckets(&self) -> Option<(ApiVersion, &str)> {
        [ApiVersion::V1, ApiVersion::V2].into_iter().find_map(|version| {
            let rest = self.path.strip_prefix(version.root())?.strip_prefix("/groups/")?;
            let id = rest.strip_suffix("/backup/exportBuckets")?;
            (!id.contains('/')).then_some((version, id))
        })
    }

    /// Whether the answer is to be wrapped, which holds for errors too, whatever else is wrong.
    pub(super) fn wants_envelope(&self) -> bool {
        self.query.iter().any(|(name, value)| name == "envelope" && value == "true")
    }

    /// `pageNum`, if it is a number.
    pub(super) fn page_num(&self) -> Option<u32> {
        let mut pairs = self.query.iter();
        pairs.find(|(name, _)| name == "pageNum").map_or(Some(1), |(_, value)| value.parse().ok())
    }

    /// The query parameters of the list, or the name of the one that is wrong: out of range, given twice,
    /// or unknown. Atlas refuses unknown ones too, so a misspelt parameter does not go unnoticed.
    pub(super) fn query(&self) -> Result<Query, &str> {
        let mut query = Query {
            page_num: 1,
            items_per_page: ITEMS_PER_PAGE.0,
            include_count: true,
            pretty: false,
            envelope: false,
        };
        for (i, (name, value)) in self.query.iter().enumerate() {
            let repeated = self.query.iter().take(i).any(|(earlier, _)| earlier == name);
            let fits = !repeated
                && match name.as_str() {
                    "pageNum" => number(value, u32::MAX, &mut query.page_num),
                    "itemsPerPage" => number(value, ITEMS_PER_PAGE.1, &mut query.items_per_page),
                    "includeCount" => flag(value, &mut query.include_count),
                    "pretty" => flag(value, &mut query.pretty),
                    "envelope" => flag(value, &mut query.envelope),
                    _ => false,
                };
            if !fits {
                return Err(name);
            }
        }
        Ok(query)
    }
}

impl Query {
    /// The query of the link to another page of the same list.
    pub(super) fn for_page(&self, page_num: u32) -> String {
        let mut text = format!("pageNum={page_num}&itemsPerPage={}", self.items_per_page);
        let others = [
            ("includeCount=false", !self.include_count),
            ("pretty=true", self.pretty),
            ("envelope=true", self.envelope),
        ];
        for (pair, _) in others.iter().filter(|(_, given)| *given) {
            text.push('&');
            text.push_str(pair);
        }
        text
    }
}

fn number(text: &str, most: u32, place: &mut u32) -> bool {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(number) if digits && (1..=most).contains(&number) => {
            *place = number;
            true
        }
        _ => false,
    }
}

fn flag(text: &str, place: &mut bool) -> bool {
    text.parse().map(|flag| *place = flag).is_ok()
}

fn decoded(text: &str) -> Option<String> {
    String::from_utf8(percent_decode(text.as_bytes())?).ok()
}

/// Undoes percent-encoding (RFC 3986 2.1). `None` if a `%` is not followed by two hexadecimal digits.
pub(super) fn percent_decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(&byte) = bytes.next() {
        decoded.push(if byte == b'%' {
            let mut digit = || char::from(*bytes.next()?).to_digit(16);
            (digit()? * 16 + digit()?) as u8
        } else {
            byte
        });
    }
    Some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "/api/atlas/v1.0/groups/32b6e34b3d91647abb20e7b8/backup/exportBuckets";

    fn query(text: &str) -> Result<Query, String> {
        let target = Target::parse(format!("{PATH}?{text}").as_bytes()).unwrap();
        target.query().map_err(str::to_owned)
    }

    #[test]
    fn the_resource_is_found_in_both_versions_and_in_absolute_form() {
        let table = [
            (PATH, Some((ApiVersion::V1, "32b6e34b3d91647abb20e7b8"))),
            ("/api/atlas/v2/groups/%61b/backup/exportBuckets?x", Some((ApiVersion::V2, "ab"))),
            ("http://127.0.0.1:1/api/atlas/v2/groups/a/backup/exportBuckets", Some((ApiVersion::V2, "a"))),
            ("http://127.0.0.1:1", None),
            ("/api/atlas/v3/groups/a/backup/exportBuckets", None),
            ("/api/atlas/v2/groups/a/b/backup/exportBuckets", None),
            ("/api/atlas/v2/groups/a/backup/exportBuckets/", None),
        ];
        for (text, expected) in table {
            let target = Target::parse(text.as_bytes()).unwrap();
            assert_eq!(target.export_buckets(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_target_is_refused() {
        for text in ["", "*", "a/b", "/%zz", "/%4", "/%ff", "/?a=%"] {
            assert_eq!(Target::parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(Target::parse(b"/\xff"), None);
    }

    #[test]
    fn parameters_have_atlas_s_defaults_and_limits() {
        let standard = query("").unwrap();
        assert_eq!(standard.for_page(2), "pageNum=2&itemsPerPage=100");
        assert!(standard.include_count && !standard.pretty && !standard.envelope);
        let all = query("pageNum=7&itemsPerPage=500&includeCount=false&pretty=true&envelope=true").unwrap();
        assert_eq!(
            all.for_page(8),
            "pageNum=8&itemsPerPage=500&includeCount=false&pretty=true&envelope=true"
        );
        let table = [
            ("pageNum=0", "pageNum"),
            ("pageNum=-1", "pageNum"),
            ("pageNum=%2B1", "pageNum"),
            ("pageNum=", "pageNum"),
            ("pageNum=4294967296", "pageNum"),
            ("itemsPerPage=0", "itemsPerPage"),
            ("itemsPerPage=501", "itemsPerPage"),
            ("itemsPerPage=abc", "itemsPerPage"),
            ("includeCount=yes", "includeCount"),
            ("pretty=1", "pretty"),
            ("envelope", "envelope"),
            ("pageNum=1&pageNum=2", "pageNum"),
            ("page=1", "page"),
        ];
        for (text, name) in table {
            assert_eq!(query(text), Err(name.to_owned()), "{text}");
        }
    }
}
