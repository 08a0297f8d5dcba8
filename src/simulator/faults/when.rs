//! Which requests a fault hits.

use std::ops::RangeInclusive;

/// Which requests a fault hits. The filters, such as [`When::on_page`], say which requests count. The constructor, such as
/// [`When::nth`], says which of those are hit.
///
/// ```
/// use atlas_export_buckets::simulator::{Fault, Simulator, When};
/// let simulator = Simulator::builder()
///     .fault(When::first(2).with_authorization(), Fault::Reset)
///     .fault(When::always().on_page(3), Fault::NoLinks)
///     .start()?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Requests to an OAuth endpoint count only with a filter that names it, such as [`When::token_requests`], and then no
/// others do. So a fault that is meant for pages hits the same pages with API keys and with service accounts.
#[derive(Clone, Debug)]
pub struct When {
    /// Which of the requests that count are hit, from 1; of these only each whose number is a multiple of `every`.
    range: RangeInclusive<u64>,
    every: u64,
    counted: u64,
    kind: Option<RequestKind>,
    page: Option<u32>,
    project: Option<String>,
    authorization: Option<bool>,
}

impl When {
    /// Every request that counts. The filters below say which ones count; without them, all but those to the
    /// OAuth endpoints.
    pub fn always() -> When {
        When::within(1..=u64::MAX)
    }

    /// The `n`-th request that counts, from 1.
    pub fn nth(n: u64) -> When {
        When::within(n..=n)
    }

    /// Every `n`-th request that counts: the `n`-th, the `2n`-th…
    pub fn every(n: u64) -> When {
        When { every: n.max(1), ..When::always() }
    }

    /// The first `n` requests that count.
    pub fn first(n: u64) -> When {
        When::within(1..=n)
    }

    /// All requests that count, except for the first `n`.
    pub fn after(n: u64) -> When {
        When::within(n.saturating_add(1)..=u64::MAX)
    }

    /// The requests that count whose numbers, from 1, are in the range.
    pub fn within(range: RangeInclusive<u64>) -> When {
        When { range, every: 1, counted: 0, kind: None, page: None, project: None, authorization: None }
    }

    /// Only requests for an access token count.
    pub fn token_requests(self) -> When {
        self.of_kind(RequestKind::Token)
    }

    /// Only requests to revoke an access token count.
    pub fn revocation_requests(self) -> When {
        self.of_kind(RequestKind::Revocation)
    }

    /// Only requests of this kind count.
    pub fn of_kind(mut self, kind: RequestKind) -> When {
        self.kind = Some(kind);
        self
    }

    /// Only requests for this `pageNum` count.
    pub fn on_page(mut self, page_num: u32) -> When {
        self.page = Some(page_num);
        self
    }

    /// Only requests for this project count.
    pub fn in_project(mut self, project_id: &str) -> When {
        self.project = Some(project_id.to_ascii_lowercase());
        self
    }

    /// Only requests with an `Authorization` count, right or wrong.
    pub fn with_authorization(mut self) -> When {
        self.authorization = Some(true);
        self
    }

    /// Only requests without an `Authorization` count.
    pub fn without_authorization(mut self) -> When {
        self.authorization = Some(false);
        self
    }

    /// Whether this request is hit; it is counted if it counts.
    pub(crate) fn hits(&mut self, request: &RequestInfo) -> bool {
        let is_kind = match self.kind {
            Some(kind) => request.kind == kind,
            None => !matches!(request.kind, RequestKind::Token | RequestKind::Revocation),
        };
        let counts = is_kind
            && (self.page.is_none() || self.page == request.page_num)
            && (self.project.is_none() || self.project == request.project_id)
            && self.authorization.is_none_or(|wanted| request.has_authorization == wanted);
        self.counted += u64::from(counts);
        counts && self.range.contains(&self.counted) && self.counted.is_multiple_of(self.every)
    }
}

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestKind {
    /// The export buckets of a project.
    ExportBuckets,
    /// The projects that the credentials may read.
    Projects,
    /// Those of them that belong to an organization.
    OrganizationProjects,
    /// The token endpoint.
    Token,
    /// The revocation endpoint.
    Revocation,
    /// None of them.
    Unknown,
}

/// What is known of a request before it is answered: what a script decides on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestInfo {
    /// Which request it is, over all connections, from 1.
    pub number: u64,
    /// Which connection it came on, from 1.
    pub connection: u64,
    /// The method.
    pub method: String,
    /// What it is for, as the path says.
    pub kind: RequestKind,
    /// The request-target, byte for byte if it is UTF-8.
    pub target: String,
    /// The project id in lower case, if the target is that of a project's export buckets.
    pub project_id: Option<String>,
    /// `pageNum`: 1 if it is absent, `None` if it is no number.
    pub page_num: Option<u32>,
    /// Whether it has an `Authorization` field.
    pub has_authorization: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(page_num: u32, has_authorization: bool) -> RequestInfo {
        RequestInfo {
            number: 1,
            connection: 1,
            method: "GET".into(),
            kind: RequestKind::ExportBuckets,
            target: "/".into(),
            project_id: Some("ab".into()),
            page_num: Some(page_num),
            has_authorization,
        }
    }

    #[test]
    fn a_fault_hits_the_requests_that_it_is_meant_for() {
        let requests = [(1, false), (1, true), (2, true), (1, true), (2, true), (2, true)];
        let table = [
            ("always", When::always(), vec![0, 1, 2, 3, 4, 5]),
            ("the third", When::nth(3), vec![2]),
            ("the second and the third", When::within(2..=3), vec![1, 2]),
            ("every second", When::every(2), vec![1, 3, 5]),
            ("every zeroth is every one", When::every(0), vec![0, 1, 2, 3, 4, 5]),
            ("the first two", When::first(2), vec![0, 1]),
            ("after four", When::after(4), vec![4, 5]),
            ("the second on page 2", When::nth(2).on_page(2), vec![4]),
            ("the first authorized", When::first(1).with_authorization(), vec![1]),
            ("the unauthorized", When::always().without_authorization(), vec![0]),
            ("this project", When::nth(1).in_project("AB"), vec![0]),
            ("another project", When::always().in_project("cd"), vec![]),
        ];
        for (name, when, expected) in table {
            let mut when = when;
            let hits = requests
                .iter()
                .enumerate()
                .filter(|&(_, &(page, authorization))| when.hits(&request(page, authorization)))
                .map(|(i, _)| i);
            assert_eq!(hits.collect::<Vec<_>>(), expected, "{name}");
        }
    }

    #[test]
    fn the_oauth_endpoints_count_only_where_a_filter_says_so() {
        use RequestKind::{ExportBuckets, Projects, Revocation, Token};
        let kinds = [Token, ExportBuckets, Projects, Token, Revocation];
        let table = [
            ("always", When::always(), vec![1, 2]),
            ("the second token request", When::nth(2).token_requests(), vec![3]),
            ("revocations", When::always().revocation_requests(), vec![4]),
            ("lists of projects", When::always().of_kind(Projects), vec![2]),
        ];
        for (name, when, expected) in table {
            let mut when = when;
            let mut hit = |kind| when.hits(&RequestInfo { kind, ..request(1, true) });
            let hits: Vec<usize> = (0..kinds.len()).filter(|&i| hit(kinds[i])).collect();
            assert_eq!(hits, expected, "{name}");
        }
    }
}
