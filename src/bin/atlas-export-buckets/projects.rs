//! Which projects are listed.

use std::collections::HashSet;
use std::fmt::Display;
use std::io::{self, Read};

use atlas_export_buckets::{Client, Error, InvalidInput, OrganizationId, ProjectId};

use crate::cli::Selection;
use crate::environment;

/// Where the projects come from.
#[derive(Debug)]
pub(crate) enum Projects {
    /// They were named, each once.
    Named(Vec<ProjectId>),
    /// Every project that the credentials can see.
    All,
    /// Every project of an organization.
    OfOrganization(OrganizationId),
}

/// A project to list.
#[derive(Clone, Debug)]
pub(crate) struct Project {
    pub(crate) id: ProjectId,
    /// Known where projects were listed first.
    pub(crate) name: Option<String>,
}

impl From<ProjectId> for Project {
    fn from(id: ProjectId) -> Self {
        Project { id, name: None }
    }
}

impl Projects {
    /// What the options say, and without them the environment.
    pub(crate) fn selected(selection: &Selection) -> Result<Projects, String> {
        if selection.all_projects {
            return Ok(Projects::All);
        }
        if let Some(organization) = &selection.organization {
            return Ok(Projects::OfOrganization(organization.clone()));
        }
        let mut ids = Vec::new();
        for id in &selection.project_ids {
            if id == "-" {
                read_ids(&mut ids)?;
            } else {
                ids.push(id.parse().map_err(|error: InvalidInput| error.to_string())?);
            }
        }
        if selection.project_ids.is_empty() {
            let id = environment::project_id()?.ok_or(
                "which project? use --project-id, --all-projects or --org-id, or set MONGODB_ATLAS_PROJECT_ID",
            )?;
            ids.push(id.parse().map_err(|error: InvalidInput| error.to_string())?);
        }
        if ids.is_empty() {
            return Err("there is no project id on standard input".into());
        }
        let mut seen = HashSet::new();
        ids.retain(|id| seen.insert(id.clone()));
        Ok(Projects::Named(ids))
    }

    /// Whether there may be several, so that each bucket has to say whose it is.
    pub(crate) fn may_be_several(&self) -> bool {
        !matches!(self, Projects::Named(ids) if ids.len() == 1)
    }

    /// Whether the projects' names come with their ids.
    pub(crate) fn have_names(&self) -> bool {
        !matches!(self, Projects::Named(_))
    }

    /// The projects in listing order.
    pub(crate) fn resolve(&self, client: &Client) -> Result<Vec<Project>, Error> {
        let listing = match self {
            Projects::Named(ids) => return Ok(ids.iter().cloned().map(Project::from).collect()),
            Projects::All => client.projects(),
            Projects::OfOrganization(id) => client.organization_projects(id),
        };
        listing
            .map(|project| {
                let project = project?;
                Ok(Project { id: project.id.parse()?, name: Some(project.name) })
            })
            .collect()
    }
}

/// Reads ids from standard input, one a line.
fn read_ids(ids: &mut Vec<ProjectId>) -> Result<(), String> {
    let bytes = read_all(&mut io::stdin(), &"standard input")?;
    let text = str::from_utf8(&bytes).map_err(|error| format!("standard input: {error}"))?;
    // Some editors put a byte order mark before the first line.
    for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let id = line.split('#').next().unwrap_or_default().trim();
        if !id.is_empty() {
            let id = id
                .parse()
                .map_err(|error: InvalidInput| format!("standard input, line {}: {error}", index + 1))?;
            ids.push(id);
        }
    }
    Ok(())
}

/// Reads input of at most 16 MiB.
pub(crate) fn read_all(input: &mut dyn Read, name: &dyn Display) -> Result<Vec<u8>, String> {
    /// More than half a million project ids, or thousands of roots: what is longer is neither.
    const MAX_LEN: u64 = 16 * 1024 * 1024;
    let mut bytes = Vec::new();
    let read = input.take(MAX_LEN + 1).read_to_end(&mut bytes);
    read.map_err(|error| format!("cannot read {name}: {error}"))?;
    if bytes.len() as u64 > MAX_LEN { Err(format!("{name} is longer than 16 MiB")) } else { Ok(bytes) }
}
