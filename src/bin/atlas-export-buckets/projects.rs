//! Which projects are listed.

use std::collections::HashSet;
use std::fmt::Display;
use std::io::{self, Read};

use atlas_export_buckets::{Client, InvalidInput, OrganizationId, ProjectId};

use crate::cli::SelectionArgs;
use crate::failure::Failure;
use crate::{environment, progress};

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
pub(crate) struct NamedProject {
    pub(crate) id: ProjectId,
    /// Known where projects were listed first.
    pub(crate) name: Option<String>,
}

/// Projects, or why there are no more.
pub(crate) type ProjectIter = Box<dyn Iterator<Item = Result<NamedProject, Failure>> + Send>;

impl From<ProjectId> for NamedProject {
    fn from(id: ProjectId) -> Self {
        NamedProject { id, name: None }
    }
}

impl Projects {
    /// What the options say, and without them the environment.
    pub(crate) fn selected(selection: &SelectionArgs) -> Result<Projects, String> {
        if selection.all_projects {
            return Ok(Projects::All);
        }
        if let Some((organization, others)) = selection.organizations.split_first() {
            if others.iter().any(|other| other != organization) {
                return Err("one organization at a time: give --org-id once".into());
            }
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
            ids.push(id.parse().map_err(|error: InvalidInput| format!("MONGODB_ATLAS_PROJECT_ID: {error}"))?);
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
        self.count() != Some(1)
    }

    /// Whether the projects' names come with their ids.
    pub(crate) fn have_names(&self) -> bool {
        self.count().is_none()
    }

    /// How many there are, if that is known before Atlas is asked.
    pub(crate) fn count(&self) -> Option<usize> {
        match self {
            Projects::Named(ids) => Some(ids.len()),
            Projects::All | Projects::OfOrganization(_) => None,
        }
    }

    /// The project, if it is the only one.
    pub(crate) fn single(&self) -> Option<NamedProject> {
        match self {
            Projects::Named(ids) if ids.len() == 1 => ids.first().cloned().map(NamedProject::from),
            _ => None,
        }
    }

    /// The projects in listing order. Atlas is asked for them page by page as they are taken; a failure is the last item.
    pub(crate) fn iter(self, client: &Client) -> ProjectIter {
        let mut listing = match self {
            Projects::Named(ids) => return Box::new(ids.into_iter().map(|id| Ok(NamedProject::from(id)))),
            Projects::All => client.projects(),
            Projects::OfOrganization(id) => client.organization_projects(&id),
        };
        Box::new(std::iter::from_fn(move || {
            let project = listing.next()?;
            progress::projects(listing.total_count());
            Some(project.map_err(Failure::Atlas).and_then(|project| match project.id.parse() {
                Ok(id) => Ok(NamedProject { id, name: Some(project.name) }),
                Err(_) => Err(Failure::Other("Atlas names a project whose id is none".into())),
            }))
        }))
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
