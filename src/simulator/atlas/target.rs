//! A request-target: what it names, and its query parameters.

use crate::simulator::faults::RequestKind;
use crate::simulator::percent;

/// A parsed request-target.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) path: String,
    pub(crate) kind: RequestKind,
    /// Whether it is in v2 of the API, which has dated versions.
    pub(crate) is_v2: bool,
    /// The id of the project or of the organization; empty if the path has none.
    pub(crate) id: String,
    pub(crate) query: Vec<(String, String)>,
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
        let path = percent::decode_text(path)?;
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        let (kind, id) = match *segments {
            ["api", "oauth", "token"] => (RequestKind::Token, ""),
            ["api", "oauth", "revoke"] => (RequestKind::Revocation, ""),
            ["api", "atlas", "v1.0" | "v2", "groups"] => (RequestKind::Projects, ""),
            ["api", "atlas", "v1.0" | "v2", "orgs", id, "groups"] => (RequestKind::OrganizationProjects, id),
            ["api", "atlas", "v1.0" | "v2", "groups", id, "backup", "exportBuckets"] => {
                (RequestKind::ExportBuckets, id)
            }
            _ => (RequestKind::Unknown, ""),
        };
        let is_v2 = kind != RequestKind::Unknown && segments.get(2) == Some(&"v2");
        Some(Target { kind, is_v2, id: id.to_owned(), query: percent::decode_pairs(query)?, path })
    }

    /// The project whose export buckets are asked for.
    pub(crate) fn project_id(&self) -> Option<&str> {
        (self.kind == RequestKind::ExportBuckets).then_some(&self.id)
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
        use RequestKind::{ExportBuckets, OrganizationProjects, Projects, Revocation, Token, Unknown};
        let table = [
            ("/api/atlas/v1.0/groups/ab/backup/exportBuckets", (ExportBuckets, false, "ab")),
            ("/api/atlas/v2/groups/%61b/backup/exportBuckets?x", (ExportBuckets, true, "ab")),
            ("http://h:1/api/atlas/v2/groups/a/backup/exportBuckets", (ExportBuckets, true, "a")),
            ("/api/atlas/v1.0/groups?pageNum=2", (Projects, false, "")),
            ("/api/atlas/v2/groups", (Projects, true, "")),
            ("/api/atlas/v2/orgs/ab/groups", (OrganizationProjects, true, "ab")),
            ("/api/oauth/token", (Token, false, "")),
            ("/api/oauth/revoke", (Revocation, false, "")),
            ("http://127.0.0.1:1", (Unknown, false, "")),
            ("/api/atlas/v3/groups/a/backup/exportBuckets", (Unknown, false, "")),
            ("/api/atlas/v2/groups/a/b/backup/exportBuckets", (Unknown, false, "")),
            ("/api/atlas/v2/groups/a/backup/exportBuckets/", (Unknown, false, "")),
            ("/api/atlas/v2groups", (Unknown, false, "")),
            ("/api/oauth/token/", (Unknown, false, "")),
        ];
        for (text, expected) in table {
            let target = Target::parse(text.as_bytes()).unwrap();
            assert_eq!((target.kind, target.is_v2, target.id.as_str()), expected, "{text}");
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
