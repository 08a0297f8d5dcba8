//! The resources behind the authentication: from a request-target to a page or to an error.

use std::collections::HashMap;

use serde_json::json;

use super::page::write_page;
use super::pretty::pretty;
use super::projects::{SimulatedProject, normal_id};
use super::query::Query;
use super::target::Target;
use super::versions;
use crate::simulator::faults::{Fault, RequestKind};
use crate::simulator::response::{Response, ResponseKind};

/// Where links lead: to a host that only Atlas itself can reach, as the real ones do.
const INTERNAL_HOST: &str = "http://localhost:8080";

/// The projects, and how they are shown.
#[derive(Debug, Default)]
pub(crate) struct Resources {
    /// In the order in which they were added.
    pub(crate) projects: Vec<SimulatedProject>,
    /// Which projects limited credentials may read, by public key or client id.
    pub(crate) readable: HashMap<String, Vec<String>>,
    pub(crate) nested_envelope: bool,
    /// The dates of the versions of v2 that are gone.
    pub(crate) gone_versions: Vec<String>,
}

impl Resources {
    /// Answers a GET whose credentials are good. `reader` is their public key or client id.
    pub(crate) fn answer(&self, target: &Target, accept: &[u8], reader: &str, faults: &[Fault]) -> Response {
        let is_buckets = target.kind == RequestKind::ExportBuckets;
        let versions = if is_buckets { versions::EXPORT_BUCKETS } else { versions::PROJECTS };
        let version = target.is_v2.then(|| versions::choose(accept, versions, &self.gone_versions));
        let version = match version.transpose() {
            Ok(version) => version,
            Err(error) => return self.enclose(error, target),
        };
        let response = match self.page(target, reader, faults) {
            Ok(page) => {
                let media_type = version.map_or("application/json".to_owned(), |version| {
                    format!("application/vnd.atlas.{}+json;charset=utf-8", version.date)
                });
                page.header("Content-Type", media_type)
            }
            Err(error) => self.enclose(error, target),
        };
        match version.and_then(|version| version.end) {
            Some((deprecation, sunset)) => {
                response.header("Deprecation", deprecation).header("Sunset", sunset)
            }
            None => response,
        }
    }

    fn page(&self, target: &Target, reader: &str, faults: &[Fault]) -> Result<Response, Response> {
        let Target { kind, path, is_v2, .. } = target;
        let projects = match kind {
            RequestKind::ExportBuckets => {
                let projects = self.named(target, reader)?;
                // An id names one project.
                let buckets = projects.first().map_or(&[][..], |project| &project.buckets);
                return self.list(buckets, String::clone, ResponseKind::Page, target, faults);
            }
            RequestKind::OrganizationProjects => self.named(target, reader)?,
            RequestKind::Projects => {
                self.projects.iter().filter(|project| self.may_read(project, reader)).collect()
            }
            RequestKind::Token | RequestKind::Revocation | RequestKind::Unknown => {
                let detail = format!("Cannot find resource {path}.");
                return Err(Response::atlas_error(404, "RESOURCE_NOT_FOUND", &detail, &[path]));
            }
        };
        let version = if *is_v2 { "v2" } else { "v1.0" };
        let base = format!("{}/api/atlas/{version}", link_base(faults));
        self.list(&projects, |project| project.to_json(&base), ResponseKind::ProjectPage, target, faults)
    }

    /// The projects that the path names by a project's or an organization's id, and that the credentials may read. It is an error
    /// if there are none.
    fn named(&self, target: &Target, reader: &str) -> Result<Vec<&SimulatedProject>, Response> {
        let Target { kind, id, .. } = target;
        let (noun, malformed, unknown) = match kind {
            RequestKind::OrganizationProjects => ("organization", "INVALID_ORG_ID", "ORG_NOT_FOUND"),
            _ => ("group", "INVALID_GROUP_ID", "GROUP_NOT_FOUND"),
        };
        let refuse = |code, detail: String| Err(Response::atlas_error(404, code, &detail, &[id]));
        let Some(normal) = normal_id(id) else {
            return refuse(malformed, format!("An invalid {noun} ID {id} was specified."));
        };
        let is_named = |project: &&SimulatedProject| match kind {
            RequestKind::OrganizationProjects => project.organization == normal,
            _ => project.id == normal,
        };
        let mut projects: Vec<_> = self.projects.iter().filter(is_named).collect();
        if projects.is_empty() {
            return refuse(unknown, format!("No {noun} with ID {id} exists."));
        }
        projects.retain(|project| self.may_read(project, reader));
        if projects.is_empty() { Err(not_permitted()) } else { Ok(projects) }
    }

    fn may_read(&self, project: &SimulatedProject, reader: &str) -> bool {
        self.readable.get(reader).is_none_or(|ids| ids.contains(&project.id))
    }

    /// The page of a list that is asked for.
    fn list<T>(
        &self,
        items: &[T],
        to_json: impl Fn(&T) -> String,
        kind: ResponseKind,
        target: &Target,
        faults: &[Fault],
    ) -> Result<Response, Response> {
        let query = Query::read(&target.query).map_err(|name| {
            let detail = format!("Invalid query parameter {name} specified.");
            Response::atlas_error(400, "INVALID_QUERY_PARAMETER", &detail, &[name])
        })?;
        let count_refusal = faults.iter().rev().find_map(|fault| match fault {
            Fault::CountRefused => Some((400, "CANNOT_CALCULATE_TOTAL_COUNT")),
            Fault::CountTimedOut => Some((500, "TIMEOUT_WHILE_PAGING")),
            _ => None,
        });
        if query.include_count
            && let Some((status, code)) = count_refusal
        {
            let detail = "Unable to calculate the total number of results. Retry with includeCount=false.";
            return Err(Response::atlas_error(status, code, detail, &[]));
        }
        let url = format!("{}{}", link_base(faults), target.path);
        let page = Response::new(200).body(write_page(items, to_json, &query, &url, faults));
        let page = self.enclose(page, target).kind(kind);
        Ok(if query.pretty { Response { body: pretty(&page.body), ..page } } else { page })
    }

    /// Puts a JSON object into an envelope, if one is asked for. HTTP's status is 200 then; the real one stands inside.
    fn enclose(&self, response: Response, target: &Target) -> Response {
        if !target.wants_envelope() {
            return response;
        }
        let head = format!(r#"{{"status":{},"#, response.status);
        let body = if self.nested_envelope {
            [head.as_bytes(), br#""envelope":"#, &response.body, b"}"].concat()
        } else {
            [head.as_bytes(), response.body.get(1..).unwrap_or_default()].concat()
        };
        Response { status: 200, body, ..response }
    }
}

/// A 401 as Atlas sends it: indented, without parameters, and without `X-Error-Code`.
pub(crate) fn unauthorized(code: &str, detail: &str) -> Response {
    let document = json!({ "detail": detail, "error": 401, "errorCode": code, "reason": "Unauthorized" });
    let response = Response::json(401, &document).header("Vary", "Accept-Encoding");
    Response { body: pretty(&response.body), ..response }
}

/// The error for good credentials that may not read this.
fn not_permitted() -> Response {
    unauthorized("USER_UNAUTHORIZED", "Current user is not authorized to perform this action.")
}

fn link_base(faults: &[Fault]) -> &str {
    faults.iter().fold(INTERNAL_HOST, |base, fault| match fault {
        Fault::LinksTo(other) => other,
        _ => base,
    })
}

#[cfg(test)]
mod tests;
