//! The resources behind the authentication: from a request-target to a page or to an error.

use std::collections::HashMap;

use serde_json::json;

use super::object_id::normal_id;
use super::page::write_page;
use super::pretty::pretty;
use super::projects::SimulatedProject;
use super::target::Target;
use super::versions::{self, ResourceVersion};
use crate::simulator::faults::{Fault, RequestKind};
use crate::simulator::response::{Response, ResponseKind};

/// Where links lead: to a host that only Atlas itself can reach, as the real ones do.
const INTERNAL_HOST: &str = "http://localhost:8080";

/// The projects, and how they are shown.
#[derive(Debug, Default)]
pub(crate) struct Resources {
    /// In the order in which they were added.
    pub(crate) projects: Vec<SimulatedProject>,
    /// The projects of the credentials that may not read all of them.
    pub(crate) readable: HashMap<String, Vec<String>>,
    pub(crate) nested_envelope: bool,
    /// The dates of the versions of v2 that are gone.
    pub(crate) gone_versions: Vec<String>,
}

/// A request whose credentials are good.
pub(crate) struct ResourceRequest<'a> {
    pub(crate) target: &'a Target,
    pub(crate) accept: &'a [u8],
    /// The public key or the client id.
    pub(crate) reader: &'a str,
    pub(crate) faults: &'a [Fault],
}

impl Resources {
    /// Answers a GET.
    pub(crate) fn answer(&self, request: &ResourceRequest<'_>) -> Response {
        let version = match self.version(request) {
            Ok(version) => version,
            Err(error) => return self.enclose_error(error, request.target),
        };
        let response = match self.page(request) {
            Ok(page) => {
                let media_type = version.map_or("application/json".to_owned(), |version| {
                    format!("application/vnd.atlas.{}+json;charset=utf-8", version.date)
                });
                page.header("Content-Type", media_type)
            }
            Err(error) => self.enclose_error(error, request.target),
        };
        match version.and_then(|version| version.end) {
            Some((deprecation, sunset)) => {
                response.header("Deprecation", deprecation).header("Sunset", sunset)
            }
            None => response,
        }
    }

    /// The version of v2 that is asked for; `None` in v1.0.
    fn version(&self, request: &ResourceRequest<'_>) -> Result<Option<ResourceVersion>, Response> {
        let versions = match request.target.kind {
            _ if !request.target.is_v2 => return Ok(None),
            RequestKind::ExportBuckets => versions::EXPORT_BUCKETS,
            _ => versions::PROJECTS,
        };
        versions::choose(request.accept, versions, &self.gone_versions).map(Some)
    }

    fn page(&self, request: &ResourceRequest<'_>) -> Result<Response, Response> {
        let Target { kind, id, path, .. } = request.target;
        match kind {
            RequestKind::ExportBuckets => {
                let page = self.list(&self.project(id, request)?.buckets, String::clone, request)?;
                Ok(page.kind(ResponseKind::Page))
            }
            RequestKind::Projects | RequestKind::OrganizationProjects => {
                let projects = match kind {
                    RequestKind::Projects => self.projects_where(|_| true, request),
                    _ => self.projects_of(id, request)?,
                };
                let version = if request.target.is_v2 { "v2" } else { "v1.0" };
                let base = format!("{}/api/atlas/{version}", link_base(request.faults));
                let page = self.list(&projects, |project| project.to_json(&base), request)?;
                Ok(page.kind(ResponseKind::ProjectPage))
            }
            RequestKind::Token | RequestKind::Revocation | RequestKind::Unknown => {
                let detail = format!("Cannot find resource {path}.");
                Err(Response::atlas_error(404, "RESOURCE_NOT_FOUND", &detail, &[path]))
            }
        }
    }

    fn project(&self, id: &str, request: &ResourceRequest<'_>) -> Result<&SimulatedProject, Response> {
        let Some(normal) = normal_id(id) else {
            let detail = format!("An invalid group ID {id} was specified.");
            return Err(Response::atlas_error(404, "INVALID_GROUP_ID", &detail, &[id]));
        };
        let Some(project) = self.projects.iter().find(|project| project.id == normal) else {
            let detail = format!("No group with ID {id} exists.");
            return Err(Response::atlas_error(404, "GROUP_NOT_FOUND", &detail, &[id]));
        };
        if self.may_read(project, request) { Ok(project) } else { Err(not_permitted()) }
    }

    /// The projects of an organization that the credentials may read. They see an organization only through
    /// its projects.
    fn projects_of(
        &self,
        organization: &str,
        request: &ResourceRequest<'_>,
    ) -> Result<Vec<&SimulatedProject>, Response> {
        let Some(id) = normal_id(organization) else {
            let detail = format!("An invalid organization ID {organization} was specified.");
            return Err(Response::atlas_error(404, "INVALID_ORG_ID", &detail, &[organization]));
        };
        if !self.projects.iter().any(|project| project.organization == id) {
            let detail = format!("No organization with ID {organization} exists.");
            return Err(Response::atlas_error(404, "ORG_NOT_FOUND", &detail, &[organization]));
        }
        let projects = self.projects_where(|project| project.organization == id, request);
        if projects.is_empty() { Err(not_permitted()) } else { Ok(projects) }
    }

    fn projects_where(
        &self,
        is_listed: impl Fn(&SimulatedProject) -> bool,
        request: &ResourceRequest<'_>,
    ) -> Vec<&SimulatedProject> {
        let projects = self.projects.iter();
        projects.filter(|project| is_listed(project) && self.may_read(project, request)).collect()
    }

    fn may_read(&self, project: &SimulatedProject, request: &ResourceRequest<'_>) -> bool {
        self.readable.get(request.reader).is_none_or(|ids| ids.contains(&project.id))
    }

    /// The page of a list that is asked for.
    fn list<T>(
        &self,
        items: &[T],
        to_json: impl Fn(&T) -> String,
        request: &ResourceRequest<'_>,
    ) -> Result<Response, Response> {
        let ResourceRequest { target, faults, .. } = request;
        let query = target.query().map_err(|name| {
            let detail = format!("Invalid query parameter {name} specified.");
            Response::atlas_error(400, "INVALID_QUERY_PARAMETER", &detail, &[name])
        })?;
        let detail = "Unable to calculate the total number of results. Retry with includeCount=false.";
        if query.include_count && faults.contains(&Fault::CountRefused) {
            return Err(Response::atlas_error(400, "CANNOT_CALCULATE_TOTAL_COUNT", detail, &[]));
        }
        if query.include_count && faults.contains(&Fault::CountTimedOut) {
            return Err(Response::atlas_error(500, "TIMEOUT_WHILE_PAGING", detail, &[]));
        }
        let url = format!("{}{}", link_base(faults), target.path);
        let page = write_page(items, to_json, &query, &url, faults).into_bytes();
        let page = if query.envelope { self.enclose(200, &page) } else { page };
        Ok(Response::new(200).body(if query.pretty { pretty(&page) } else { page }))
    }

    /// The response to a request that failed. In an envelope, HTTP says 200 and `status` what happened.
    fn enclose_error(&self, error: Response, target: &Target) -> Response {
        if target.wants_envelope() {
            Response { status: 200, body: self.enclose(error.status, &error.body), ..error }
        } else {
            error
        }
    }

    /// A JSON object in an envelope.
    fn enclose(&self, status: u16, document: &[u8]) -> Vec<u8> {
        if self.nested_envelope {
            let head = format!(r#"{{"status":{status},"envelope":"#);
            [head.as_bytes(), document, b"}"].concat()
        } else {
            let head = format!(r#"{{"status":{status},"#);
            [head.as_bytes(), document.get(1..).unwrap_or_default()].concat()
        }
    }
}

/// A 401 as Atlas sends it: indented, without parameters, and without `X-Error-Code`.
pub(crate) fn unauthorized(code: &str, detail: &str) -> Response {
    let document =
        json!({ "detail": detail, "error": 401, "errorCode": code, "reason": "Unauthorized" }).to_string();
    Response::new(401)
        .header("Content-Type", "application/json")
        .header("Vary", "Accept-Encoding")
        .body(pretty(document.as_bytes()))
}

/// The error of a request whose credentials are good, but may not read this.
fn not_permitted() -> Response {
    unauthorized("USER_UNAUTHORIZED", "Current user is not authorized to perform this action.")
}

fn link_base(faults: &[Fault]) -> &str {
    let base = faults.iter().rev().find_map(|fault| match fault {
        Fault::LinksTo(base) => Some(base.as_str()),
        _ => None,
    });
    base.unwrap_or(INTERNAL_HOST)
}

#[cfg(test)]
mod tests;
