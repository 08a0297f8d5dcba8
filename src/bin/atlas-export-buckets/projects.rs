//! Which projects are listed.

use std::collections::HashSet;
use std::fmt::Display;
use std::io::{self, Read};
use std::vec;

use atlas_export_buckets as library;
use atlas_export_buckets::{Client, Error, InvalidInput, OrganizationId, ProjectId};

use crate::cli::SelectionArgs;
use crate::environment;
use crate::failure::Failure;

/// Where the projects come from.
#[derive(Debug)]
pub(crate) enum Selection {
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

impl From<ProjectId> for NamedProject {
    fn from(id: ProjectId) -> Self {
        NamedProject { id, name: None }
    }
}

impl Selection {
    /// What the options say, and without them the environment.
    pub(crate) fn from_args(args: &SelectionArgs) -> Result<Selection, String> {
        if args.all_projects {
            return Ok(Selection::All);
        }
        if let Some(organization) = &args.organization {
            return Ok(Selection::OfOrganization(organization.clone()));
        }
        let mut ids = Vec::new();
        for id in &args.project_ids {
            if id == "-" {
                read_ids(&mut ids)?;
            } else {
                ids.push(id.parse().map_err(|error: InvalidInput| error.to_string())?);
            }
        }
        if args.project_ids.is_empty() {
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
        Ok(Selection::Named(ids))
    }

    /// Whether there may be several, so that each bucket has to say whose it is.
    pub(crate) fn may_be_several(&self) -> bool {
        !matches!(self, Selection::Named(ids) if ids.len() == 1)
    }

    /// Whether the projects' names come with their ids.
    pub(crate) fn has_names(&self) -> bool {
        !matches!(self, Selection::Named(_))
    }

    /// The projects in listing order. Nothing is sent before the first is taken.
    pub(crate) fn projects(self, client: &Client) -> Projects {
        match self {
            Selection::Named(ids) => {
                Projects::Named(ids.into_iter().map(NamedProject::from).collect::<Vec<_>>().into_iter())
            }
            Selection::All => Projects::Listed(Box::new(client.projects())),
            Selection::OfOrganization(id) => Projects::Listed(Box::new(client.organization_projects(&id))),
        }
    }
}

/// Gives the projects one by one.
pub(crate) enum Projects {
    Named(vec::IntoIter<NamedProject>),
    /// Listed page by page, while the buckets of the first are listed already.
    Listed(Box<library::Listing<library::Project>>),
}

impl Projects {
    /// How many there are in all, as far as is known.
    pub(crate) fn total(&self) -> Option<u64> {
        match self {
            Projects::Named(projects) => Some(projects.len() as u64),
            Projects::Listed(listing) => listing.total_count(),
        }
    }

    /// Those that were named, so that each can be told of where none is begun any more.
    pub(crate) fn named(&self) -> Vec<NamedProject> {
        match self {
            Projects::Named(projects) => projects.as_slice().to_vec(),
            Projects::Listed(_) => Vec::new(),
        }
    }
}

impl Iterator for Projects {
    type Item = Result<NamedProject, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        let name = |project: Result<library::Project, Error>| {
            let library::Project { id, name, .. } = project?;
            let id = id.parse().map_err(Error::InvalidInput)?;
            Ok(NamedProject { id, name: Some(name) })
        };
        match self {
            Projects::Named(projects) => projects.next().map(Ok),
            Projects::Listed(listing) => listing.next().map(name),
        }
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
