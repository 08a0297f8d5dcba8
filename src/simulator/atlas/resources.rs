//! The resources behind the authentication: from a request-target to a page or to an error.

use std::ops::Range;

use ureq_proto::http::StatusCode;

use super::error::AtlasError;
use super::object_id::normal_id;
use super::page::PageWriter;
use super::pretty::pretty;
use super::projects::{ProjectStore, SimulatedProject};
use super::query::Query;
use super::target::{ApiRoot, Route, Target};
use super::versions::{self, ResourceVersion};
use crate::simulator::faults::Distortion;
use crate::simulator::response::{Response, ResponseKind};

/// Where links lead: to a host that only Atlas itself can reach, as the real ones do.
const INTERNAL_HOST: &str = "http://localhost:8080";

/// The projects, and how they are shown.
#[derive(Debug, Default)]
pub(crate) struct Resources {
    pub(crate) projects: ProjectStore,
    pub(crate) nested_envelope: bool,
    /// The dates of the versions of v2 that are gone.
    pub(crate) gone_versions: Vec<String>,
}

/// A request whose credentials are good.
pub(crate) struct ResourceRequest<'a> {
    pub(crate) target: &'a Target,
    pub(crate) accept: &'a [u8],
    /// The projects that the credentials may read; `None`: all.
    pub(crate) readable: Option<&'a [String]>,
}

impl ResourceRequest<'_> {
    fn may_read(&self, project: &str) -> bool {
        self.readable.is_none_or(|ids| ids.iter().any(|id| id == project))
    }
}

impl Resources {
    /// Answers a GET.
    pub(crate) fn answer(&self, request: &ResourceRequest<'_>, distortion: &Distortion) -> Response {
        let version = match self.version(request) {
            Ok(version) => version,
            Err(error) => return self.error(&error, request.target),
        };
        let response = match self.page(request, distortion) {
            Ok(page) => {
                let media_type = version.map_or("application/json".to_owned(), |version| {
                    format!("application/vnd.atlas.{}+json;charset=utf-8", version.date)
                });
                page.header("Content-Type", media_type)
            }
            Err(error) => self.error(&error, request.target),
        };
        match version.and_then(|version| version.end) {
            Some((deprecation, sunset)) => {
                response.header("Deprecation", deprecation).header("Sunset", sunset)
            }
            None => response,
        }
    }

    /// The version of v2 that is asked for; `None` in v1.0.
    fn version(&self, request: &ResourceRequest<'_>) -> Result<Option<ResourceVersion>, AtlasError> {
        let versions = match request.target.route() {
            Route::ExportBuckets(ApiRoot::V2, _) => versions::EXPORT_BUCKETS,
            Route::Projects(ApiRoot::V2) | Route::OrganizationProjects(ApiRoot::V2, _) => versions::PROJECTS,
            _ => return Ok(None),
        };
        versions::choose(request.accept, versions, &self.gone_versions).map(Some)
    }

    fn page(&self, request: &ResourceRequest<'_>, distortion: &Distortion) -> Result<Response, AtlasError> {
        let target = request.target;
        match target.route() {
            Route::ExportBuckets(_, id) => {
                let project = self.project(id, request)?;
                let buckets = &project.buckets;
                let page = self.list(target, distortion, buckets.len(), |range| {
                    buckets.get(range).unwrap_or_default().iter().map(|text| text.to_string()).collect()
                })?;
                Ok(page.kind(ResponseKind::Page))
            }
            Route::Projects(root) => {
                let projects = self.projects.iter().filter(|project| request.may_read(&project.id));
                self.project_list(target, distortion, root, projects.collect())
            }
            Route::OrganizationProjects(root, organization) => {
                let projects = self.projects_of(organization, request)?;
                self.project_list(target, distortion, root, projects)
            }
            Route::Token | Route::Revocation | Route::Unknown => {
                let detail = format!("Cannot find resource {}.", target.path);
                Err(AtlasError::new(404, "RESOURCE_NOT_FOUND", detail, &[&target.path]))
            }
        }
    }

    fn project(&self, id: &str, request: &ResourceRequest<'_>) -> Result<&SimulatedProject, AtlasError> {
        if normal_id(id).is_none() {
            let detail = format!("An invalid group ID {id} was specified.");
            return Err(AtlasError::new(404, "INVALID_GROUP_ID", detail, &[id]));
        }
        let Some(project) = self.projects.get(id) else {
            let detail = format!("No group with ID {id} exists.");
            return Err(AtlasError::new(404, "GROUP_NOT_FOUND", detail, &[id]));
        };
        if request.may_read(&project.id) { Ok(project) } else { Err(AtlasError::user_unauthorized()) }
    }

    /// The projects of an organization that the credentials may read. They see an organization only through
    /// its projects.
    fn projects_of(
        &self,
        organization: &str,
        request: &ResourceRequest<'_>,
    ) -> Result<Vec<&SimulatedProject>, AtlasError> {
        let Some(id) = normal_id(organization) else {
            let detail = format!("An invalid organization ID {organization} was specified.");
            return Err(AtlasError::new(404, "INVALID_ORG_ID", detail, &[organization]));
        };
        let mut projects: Vec<_> =
            self.projects.iter().filter(|project| project.organization == id).collect();
        if projects.is_empty() {
            let detail = format!("No organization with ID {organization} exists.");
            return Err(AtlasError::new(404, "ORG_NOT_FOUND", detail, &[organization]));
        }
        projects.retain(|project| request.may_read(&project.id));
        if projects.is_empty() { Err(AtlasError::user_unauthorized()) } else { Ok(projects) }
    }

    fn project_list(
        &self,
        target: &Target,
        distortion: &Distortion,
        root: ApiRoot,
        projects: Vec<&SimulatedProject>,
    ) -> Result<Response, AtlasError> {
        let base = format!("{}{}", link_base(distortion), root.path());
        let page = self.list(target, distortion, projects.len(), |range| {
            projects.get(range).unwrap_or_default().iter().map(|project| project.to_json(&base)).collect()
        })?;
        Ok(page.kind(ResponseKind::ProjectPage))
    }

    /// The page that `target` asks for, of a list of `total` items; `items` gives those of a range.
    fn list(
        &self,
        target: &Target,
        distortion: &Distortion,
        total: usize,
        items: impl FnOnce(Range<usize>) -> Vec<String>,
    ) -> Result<Response, AtlasError> {
        let query = query(target, distortion)?;
        let writer = PageWriter {
            url: format!("{}{}", link_base(distortion), target.path),
            query: &query,
            nested_envelope: self.nested_envelope,
            distortion,
        };
        let range = writer.range(total);
        let end = range.end;
        let items = items(range);
        let body = writer.write(&items.iter().map(String::as_str).collect::<Vec<_>>(), end, total);
        Ok(Response::new(200).body(if query.pretty { pretty(&body) } else { body }))
    }

    /// The response to a request that failed. In an envelope, HTTP says 200 and `status` what happened.
    fn error(&self, error: &AtlasError, target: &Target) -> Response {
        let response = error.to_response();
        if !target.wants_envelope() {
            return response;
        }
        let status = error.status;
        let body = if self.nested_envelope {
            let head = format!(r#"{{"status":{status},"envelope":"#);
            [head.as_bytes(), &response.body, b"}"].concat()
        } else {
            let head = format!(r#"{{"status":{status},"#);
            [head.as_bytes(), response.body.get(1..).unwrap_or_default()].concat()
        };
        Response { status: StatusCode::OK, body, ..response }
    }
}

/// The query of a list, unless a fault says that its items cannot be counted.
fn query(target: &Target, distortion: &Distortion) -> Result<Query, AtlasError> {
    let query = target.query().map_err(|name| {
        let detail = format!("Invalid query parameter {name} specified.");
        AtlasError::new(400, "INVALID_QUERY_PARAMETER", detail, &[name])
    })?;
    let detail = "Unable to calculate the total number of results. Retry with includeCount=false.";
    match query.include_count {
        true if distortion.count_refused => {
            Err(AtlasError::new(400, "CANNOT_CALCULATE_TOTAL_COUNT", detail, &[]))
        }
        true if distortion.count_timed_out => Err(AtlasError::new(500, "TIMEOUT_WHILE_PAGING", detail, &[])),
        _ => Ok(query),
    }
}

fn link_base(distortion: &Distortion) -> &str {
    distortion.link_base.as_deref().unwrap_or(INTERNAL_HOST)
}

#[cfg(test)]
mod tests;
