//! The forms of output. Standard output carries data only. A table and a JSON document show complete projects only.

mod csv;
mod json;
mod table;

use std::io;

use atlas_export_buckets::{ExportBucket, Page};

use crate::cli::Format;
use crate::failure::Failure;
use crate::projects::NamedProject;
use crate::terminal;

/// How the output looks.
#[derive(Clone, Copy)]
pub(crate) struct Style {
    pub(crate) format: Format,
    /// Whether there may be several: a table then names each bucket's project, and JSON says which projects failed.
    pub(crate) has_several_projects: bool,
    /// Whether the projects' names are known.
    pub(crate) has_names: bool,
}

/// Forms what is printed of projects, one after the other. What its methods return is printed at once.
pub(crate) struct Output {
    style: Style,
    table: table::Table,
    json: json::Document,
    has_begun: bool,
    /// Whether any project is complete.
    has_complete: bool,
    has_failed: bool,
}

impl Output {
    pub(crate) fn new(style: Style) -> Self {
        Output {
            style,
            table: table::Table::new(style),
            json: json::Document::new(),
            has_begun: false,
            has_complete: false,
            has_failed: false,
        }
    }

    /// A page of a project. A table and a JSON document keep it until the project is complete.
    pub(crate) fn page(&mut self, project: &NamedProject, page: &Page<ExportBucket>) -> io::Result<Vec<u8>> {
        match self.style.format {
            Format::Table => self.table.add(project, &page.results),
            Format::Json => self.json.add(project, &page.results)?,
            Format::Ndjson => return Ok(json::lines(project, &page.results)?.into_bytes()),
            Format::Csv => {
                let mut text = self.begin()?;
                text.extend(csv::records(self.style, project, &page.results)?);
                return Ok(text);
            }
            Format::Raw => return Ok(page.body().into()),
        }
        Ok(Vec::new())
    }

    /// A project is complete. `count` is how many buckets it has, as the server or we counted them.
    pub(crate) fn complete(&mut self, count: Option<u64>) -> io::Result<Vec<u8>> {
        self.has_complete = true;
        let rest = match self.style.format {
            // The header waits for the first rows, because it takes their widths.
            Format::Table if self.table.is_empty() => return Ok(Vec::new()),
            Format::Table => self.table.take_rows(),
            Format::Json => self.json.take_results(count),
            Format::Ndjson | Format::Csv | Format::Raw => String::new(),
        };
        let mut text = self.begin()?;
        text.extend(rest.into_bytes());
        Ok(text)
    }

    /// A project's list is not complete, or, without a project, the list of projects.
    pub(crate) fn failed(&mut self, project: Option<&NamedProject>, failure: &Failure) {
        self.has_failed = true;
        self.table.drop_rows();
        self.json.failed(project, failure);
    }

    /// The end, and the beginning if nothing was printed yet.
    pub(crate) fn finish(&mut self) -> io::Result<Vec<u8>> {
        let is_json = self.style.format == Format::Json;
        // That nothing could be listed must not look like an empty list.
        if self.has_failed && !self.has_complete && !(is_json && self.style.has_several_projects) {
            return Ok(Vec::new());
        }
        let mut text = self.begin()?;
        if is_json {
            text.extend(self.json.end()?.into_bytes());
        }
        Ok(text)
    }

    /// What stands before the first project, once.
    fn begin(&mut self) -> io::Result<Vec<u8>> {
        if std::mem::replace(&mut self.has_begun, true) {
            return Ok(Vec::new());
        }
        match self.style.format {
            Format::Table => Ok(self.table.header(terminal::shows_bold()).into_bytes()),
            Format::Csv => csv::header(self.style),
            Format::Json | Format::Ndjson | Format::Raw => Ok(Vec::new()),
        }
    }
}
