//! The forms of output. Standard output carries data only, and nothing that looks complete and is not.
//!
//! A worker renders the buckets of its project; [`Output`] puts the projects together.

mod csv;
mod json;
mod table;

use std::io::{self, Write};

use atlas_export_buckets::ExportBucket;

use crate::cli::Format;
use crate::failure::Failure;
use crate::projects::NamedProject;

/// How the output looks.
#[derive(Clone, Copy)]
pub(crate) struct Style {
    pub(crate) format: Format,
    /// A table then says to which project a bucket belongs, and JSON which projects failed.
    pub(crate) has_several_projects: bool,
    /// Whether the projects' names are known.
    pub(crate) has_names: bool,
    /// Whether headings are bold.
    pub(crate) has_colours: bool,
}

impl Style {
    /// Whether a project is printed when all of it is there. Others are printed as they come.
    pub(crate) fn needs_whole_projects(self) -> bool {
        matches!(self.format, Format::Table | Format::Json)
    }

    /// The buckets as text for [`Output::text`]; nothing for `raw`, which prints bodies.
    pub(crate) fn render(self, project: &NamedProject, buckets: &[ExportBucket]) -> io::Result<Vec<u8>> {
        match self.format {
            Format::Table => Ok(table::rows(self, project, buckets).into_bytes()),
            Format::Json => json::elements(project, buckets).map(String::into_bytes),
            Format::Ndjson => json::lines(project, buckets).map(String::into_bytes),
            Format::Csv => csv::records(self, project, buckets),
            Format::Raw => Ok(Vec::new()),
        }
    }
}

/// Prints projects one after the other.
pub(crate) struct Output<W> {
    out: W,
    style: Style,
    document: Document,
    /// Whether any project is complete.
    has_complete: bool,
    has_failed: bool,
}

/// What a format remembers from project to project.
enum Document {
    Table(table::Table),
    Json(json::Object),
    Csv {
        has_header: bool,
    },
    /// ndjson and raw.
    Stream,
}

impl<W: Write> Output<W> {
    pub(crate) fn new(style: Style, out: W) -> Self {
        let document = match style.format {
            Format::Table => Document::Table(table::Table::new(style)),
            Format::Json => Document::Json(json::Object::new()),
            Format::Csv => Document::Csv { has_header: false },
            Format::Ndjson | Format::Raw => Document::Stream,
        };
        Output { out, style, document, has_complete: false, has_failed: false }
    }

    /// Prints a part of a project, or all of it for a format that needs whole projects.
    pub(crate) fn text(&mut self, text: &[u8]) -> io::Result<()> {
        self.begin()?;
        match &mut self.document {
            Document::Table(table) => table.rows(text, &mut self.out),
            Document::Json(object) => object.elements(text, &mut self.out),
            Document::Csv { .. } | Document::Stream => self.out.write_all(text),
        }?;
        // The next page may take its time.
        self.out.flush()
    }

    /// All of a project was given; the server, or we, counted so many buckets.
    pub(crate) fn complete(&mut self, count: Option<u64>) -> io::Result<()> {
        self.begin()?;
        self.has_complete = true;
        if let Document::Json(object) = &mut self.document {
            object.add_count(count);
        }
        Ok(())
    }

    /// A project's list is not complete, or, without a project, the list of projects.
    pub(crate) fn failed(&mut self, project: Option<&NamedProject>, failure: &Failure) {
        self.has_failed = true;
        if let Document::Json(object) = &mut self.document {
            object.failed(project, failure);
        }
    }

    pub(crate) fn finish(&mut self) -> io::Result<()> {
        // That nothing could be listed must not look like an empty list.
        let is_list = self.has_complete || !self.has_failed;
        if is_list {
            self.begin()?;
        }
        match &mut self.document {
            Document::Json(object) if is_list || self.style.has_several_projects => {
                object.finish(&mut self.out)?;
            }
            Document::Table(table) if is_list => table.write_header(&mut self.out)?,
            _ => {}
        }
        self.out.flush()
    }

    /// Prints what stands before the first project, once there is one that did not fail.
    fn begin(&mut self) -> io::Result<()> {
        match &mut self.document {
            // A table's header waits for the first rows.
            Document::Table(_) | Document::Stream => {}
            Document::Json(object) => object.begin(&mut self.out)?,
            Document::Csv { has_header } => {
                if !std::mem::replace(has_header, true) {
                    self.out.write_all(&csv::header(self.style)?)?;
                }
            }
        }
        Ok(())
    }
}
