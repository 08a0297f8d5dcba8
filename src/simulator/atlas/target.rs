//! A request-target: its route and its query parameters.

use super::query::Query;
use crate::simulator::faults::RequestKind;
use crate::simulator::percent;

/// The two roots of Atlas's paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ApiRoot {
    /// `/api/atlas/v1.0`
    V1,
    /// `/api/atlas/v2`
    V2,
}

impl ApiRoot {
    pub(crate) fn path(self) -> &'static str {
        match self {
            ApiRoot::V1 => "/api/atlas/v1.0",
            ApiRoot::V2 => "/api/atlas/v2",
        }
    }
}

/// What a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route<'a> {
    /// The export buckets of a project, by its id.
    ExportBuckets(ApiRoot, &'a str),
    /// The projects that the credentials may read.
    Projects(ApiRoot),
    /// Those of them that belong to an organization, by its id.
    OrganizationProjects(ApiRoot, &'a str),
    /// The OAuth 2.0 token endpoint (RFC 6749 3.2).
    Token,
    /// The OAuth 2.0 revocation endpoint (RFC 7009 2).
    Revocation,
    /// None of them.
    Unknown,
}

impl<'a> Route<'a> {
    pub(crate) fn kind(self) -> RequestKind {
        match self {
            Route::ExportBuckets(..) => RequestKind::ExportBuckets,
            Route::Projects(_) => RequestKind::Projects,
            Route::OrganizationProjects(..) => RequestKind::OrganizationProjects,
            Route::Token => RequestKind::Token,
            Route::Revocation => RequestKind::Revocation,
            Route::Unknown => RequestKind::Unknown,
        }
    }

    /// The id of the project, if it is about one.
    pub(crate) fn project(self) -> Option<&'a str> {
        match self {
            Route::ExportBuckets(_, id) => Some(id),
            _ => None,
        }
    }
}

/// A parsed request-target.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) path: String,
    query: Vec<(String, String)>,
}

impl Target {
    /// Parses a request-target in origin-form or, as a proxy gets it, in absolute-form. `None` if
    /// it is neither, or its percent-encoding is broken or hides anything but UTF-8.
    pub(crate) fn parse(target: &[u8]) -> Option<Target> {
        let target = std::str::from_utf8(target).ok()?;
        let origin = match target.strip_prefix("http://") {
            Some(rest) => rest.find('/').and_then(|slash| rest.get(slash..)).unwrap_or("/"),
            None => target,
        };
        if !origin.starts_with('/') {
            return None;
        }
        let (path, query) = origin.split_once('?').unwrap_or((origin, ""));
        let query = percent::decode_pairs(query)?;
        Some(Target { path: percent::decode_text(path)?, query })
    }

    /// What the path names.
    pub(crate) fn route(&self) -> Route<'_> {
        match self.path.as_str() {
            "/api/oauth/token" => return Route::Token,
            "/api/oauth/revoke" => return Route::Revocation,
            _ => {}
        }
        let under = |root: ApiRoot| Some((root, self.path.strip_prefix(root.path())?));
        let Some((root, rest)) = [ApiRoot::V1, ApiRoot::V2].into_iter().find_map(under) else {
            return Route::Unknown;
        };
        let segments: Vec<&str> = rest.split('/').collect();
        match *segments {
            ["", "groups"] => Route::Projects(root),
            ["", "groups", project, "backup", "exportBuckets"] => Route::ExportBuckets(root, project),
            ["", "orgs", organization, "groups"] => Route::OrganizationProjects(root, organization),
            _ => Route::Unknown,
        }
    }

    /// The query parameters of a list, or the name of the one that is wrong.
    pub(crate) fn query(&self) -> Result<Query, &str> {
        Query::read(&self.query)
    }

    /// Whether the response is enclosed in an envelope. This holds for errors too, whatever else is wrong.
    pub(crate) fn wants_envelope(&self) -> bool {
        self.query.iter().any(|(name, value)| name == "envelope" && value == "true")
    }

    /// `pageNum`, if it is a number.
    pub(crate) fn page_num(&self) -> Option<u32> {
        let mut pairs = self.query.iter();
        pairs.find(|(name, _)| name == "pageNum").map_or(Some(1), |(_, value)| value.parse().ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_its_resource_in_both_versions_and_in_absolute_form() {
        use ApiRoot::{V1, V2};
        let table = [
            ("/api/atlas/v1.0/groups/ab/backup/exportBuckets", Route::ExportBuckets(V1, "ab")),
            ("/api/atlas/v2/groups/%61b/backup/exportBuckets?x", Route::ExportBuckets(V2, "ab")),
            ("http://h:1/api/atlas/v2/groups/a/backup/exportBuckets", Route::ExportBuckets(V2, "a")),
            ("/api/atlas/v1.0/groups?pageNum=2", Route::Projects(V1)),
            ("/api/atlas/v2/groups", Route::Projects(V2)),
            ("/api/atlas/v2/orgs/ab/groups", Route::OrganizationProjects(V2, "ab")),
            ("/api/oauth/token", Route::Token),
            ("/api/oauth/revoke", Route::Revocation),
            ("http://127.0.0.1:1", Route::Unknown),
            ("/api/atlas/v3/groups/a/backup/exportBuckets", Route::Unknown),
            ("/api/atlas/v2/groups/a/b/backup/exportBuckets", Route::Unknown),
            ("/api/atlas/v2/groups/a/backup/exportBuckets/", Route::Unknown),
            ("/api/atlas/v2groups", Route::Unknown),
            ("/api/oauth/token/", Route::Unknown),
        ];
        for (text, expected) in table {
            let target = Target::parse(text.as_bytes()).unwrap();
            assert_eq!(target.route(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_target_is_refused() {
        for text in ["", "*", "a/b", "/%zz", "/%4", "/%ff", "/?a=%"] {
            assert_eq!(Target::parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(Target::parse(b"/\xff"), None);
    }
}
