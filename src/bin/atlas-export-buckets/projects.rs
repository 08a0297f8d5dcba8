//! Which projects are listed.

use std::collections::HashSet;
use std::fmt::Display;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use atlas_export_buckets::{InvalidInput, OrganizationId, ProjectId};

use crate::cli::SelectionArgs;
use crate::environment;
use crate::failure::Failure;
use crate::lister::Lister;

/// Where the projects come from.
#[derive(Debug)]
pub(crate) enum Projects {
    /// Named by their ids, without duplicates.
    Named(Vec<ProjectId>),
    /// Every project that the credentials can see, or those of an organization.
    All(Option<OrganizationId>),
}

/// A project to list.
#[derive(Clone, Debug)]
pub(crate) struct NamedProject {
    pub(crate) id: ProjectId,
    /// Known if the projects themselves were listed.
    pub(crate) name: Option<String>,
    /// How many projects there are, as far as that is known.
    pub(crate) project_count: Option<u64>,
}

impl NamedProject {
    /// One of so many projects that were named by their ids.
    pub(crate) fn new(id: ProjectId, project_count: usize) -> Self {
        NamedProject { id, name: None, project_count: Some(project_count as u64) }
    }
}

/// Projects, or why there are no more.
pub(crate) type ProjectIter = Box<dyn Iterator<Item = Result<NamedProject, Failure>> + Send>;

impl Projects {
    /// What the options say, and without them the environment.
    pub(crate) fn selected(selection: &SelectionArgs) -> Result<Projects, String> {
        if selection.all_projects {
            return Ok(Projects::All(None));
        }
        let parse = |id: &String| id.trim().parse().map_err(|error: InvalidInput| error.to_string());
        let organizations: Vec<OrganizationId> =
            selection.organizations.iter().map(parse).collect::<Result<_, _>>()?;
        if let Some((organization, others)) = organizations.split_first() {
            if others.iter().any(|other| other != organization) {
                return Err("one organization at a time: give --org-id once".into());
            }
            return Ok(Projects::All(Some(organization.clone())));
        }
        let mut ids = match selection.project_ids.as_slice() {
            [] => vec![id_of_environment()?],
            [id] if id != "-" => vec![parse_id(id)?],
            ids => named_ids(ids)?,
        };
        if ids.is_empty() {
            return Err("there is no project id on standard input".into());
        }
        let mut seen = HashSet::new();
        ids.retain(|id| seen.insert(id.clone()));
        Ok(Projects::Named(ids))
    }

    /// The project, if it is the only one.
    pub(crate) fn single(&self) -> Option<NamedProject> {
        let Projects::Named(ids) = self else { return None };
        let [id] = ids.as_slice() else { return None };
        Some(NamedProject::new(id.clone(), 1))
    }

    /// The projects in listing order. Atlas is asked for them page by page as they are taken; an error of Atlas is the last item.
    pub(crate) fn iter(self, lister: &Lister) -> ProjectIter {
        let mut listing = match self {
            Projects::Named(ids) => {
                let count = ids.len();
                return Box::new(ids.into_iter().map(move |id| Ok(NamedProject::new(id, count))));
            }
            Projects::All(None) => lister.client.projects(),
            Projects::All(Some(id)) => lister.client.organization_projects(&id),
        };
        let lister = lister.clone();
        Box::new(std::iter::from_fn(move || {
            let project = listing.next()?.map_err(|error| lister.failure(error));
            let project_count = listing.total_count();
            Some(project.and_then(|project| match project.id.parse() {
                Ok(id) => Ok(NamedProject { id, name: Some(project.name), project_count }),
                Err(_) => Err(Failure::Other("Atlas sent a project whose id is not valid".into())),
            }))
        }))
    }
}

fn id_of_environment() -> Result<ProjectId, String> {
    let Some(id) = environment::variable(environment::PROJECT_ID)? else {
        let which =
            "which project? use --project-id, --all-projects or --org-id, or set MONGODB_ATLAS_PROJECT_ID";
        return Err(match environment::variable("MONGODB_ATLAS_ORG_ID")? {
            Some(_) => format!("{which} (MONGODB_ATLAS_ORG_ID is set, but not read)"),
            None => which.to_owned(),
        });
    };
    parse_id(&id).map_err(|error| format!("{}: {error}", environment::PROJECT_ID))
}

/// Blanks around an id are ignored, as they are in a file.
fn parse_id(text: &str) -> Result<ProjectId, String> {
    text.trim().parse().map_err(|error: InvalidInput| match text.contains(',') {
        true => format!("{error}; for several, repeat --project-id"),
        false => error.to_string(),
    })
}

/// The values of several `--project-id`. A bad one is not shown, as it may be a key in the wrong place.
fn named_ids(values: &[String]) -> Result<Vec<ProjectId>, String> {
    let mut ids = Vec::new();
    for (number, value) in (1..).zip(values) {
        if value == "-" {
            read_ids(&mut ids)?;
        } else {
            ids.push(parse_id(value).map_err(|error| format!("--project-id, number {number}: {error}"))?);
        }
    }
    Ok(ids)
}

/// Reads ids from standard input, one a line.
fn read_ids(ids: &mut Vec<ProjectId>) -> Result<(), String> {
    let bytes = read_all(&mut io::stdin(), &"standard input")?;
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        // Some editors put a byte order mark before the first line. What follows a `#` need not be Unicode.
        let line = String::from_utf8_lossy(line);
        let id = line.trim_start_matches('\u{feff}').split('#').next().unwrap_or_default().trim();
        if !id.is_empty() {
            ids.push(parse_id(id).map_err(|error| format!("standard input, line {}: {error}", index + 1))?);
        }
    }
    Ok(())
}

/// Reads a file of at most 16 MiB.
pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>, String> {
    let name = path.display();
    let mut file = File::open(path).map_err(|error| format!("cannot read {name}: {error}"))?;
    read_all(&mut file, &name)
}

/// Reads input of at most 16 MiB.
fn read_all(input: &mut dyn Read, name: &dyn Display) -> Result<Vec<u8>, String> {
    /// Enough for half a million project ids, thousands of roots, or tens of thousands of buckets.
    const MAX_LEN: u64 = 16 * 1024 * 1024;
    let mut bytes = Vec::new();
    let read = input.take(MAX_LEN + 1).read_to_end(&mut bytes);
    read.map_err(|error| format!("cannot read {name}: {error}"))?;
    if bytes.len() as u64 > MAX_LEN { Err(format!("{name} is longer than 16 MiB")) } else { Ok(bytes) }
}
