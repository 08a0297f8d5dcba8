//! Aligned columns, for people.

use std::borrow::Cow;

use atlas_export_buckets::ExportBucket;
use atlas_export_buckets::escape::escape_text;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::Style;
use crate::projects::NamedProject;

/// The widest cell. What is longer is cut.
const MAX_WIDTH: usize = 64;

fn cell_text(text: &str) -> Cow<'_, str> {
    let text = escape_text(text);
    if text.width() <= MAX_WIDTH {
        return text;
    }
    // That of the ellipsis.
    let mut width = 1;
    let fits = |character: &char| {
        width += character.width().unwrap_or_default();
        width <= MAX_WIDTH
    };
    Cow::Owned(text.chars().take_while(fits).collect::<String>() + "…")
}

/// A table that grows by whole projects. Columns keep their widths, or widen.
pub(super) struct Table {
    style: Style,
    header: Vec<String>,
    widths: Vec<usize>,
    /// Those of a project that is not complete yet.
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn new(style: Style) -> Self {
        // The rows of later projects are not known yet, so leave room for most names of buckets.
        let name_width = if style.has_several_projects { 32 } else { 0 };
        let columns = [
            ("PROJECT", 0, style.has_several_projects),
            ("PROJECT NAME", 24, style.has_names),
            ("ID", 0, true),
            ("BUCKET NAME", name_width, true),
            ("CLOUD PROVIDER", 0, true),
            ("IAM ROLE ID", 0, true),
        ];
        let columns = columns.into_iter().filter(|(_, _, is_shown)| *is_shown);
        let (header, widths) =
            columns.map(|(title, width, _)| (title.to_owned(), width.max(title.len()))).unzip();
        Table { style, header, widths, rows: Vec::new() }
    }

    pub(super) fn add(&mut self, project: &NamedProject, buckets: &[ExportBucket]) {
        for bucket in buckets {
            let role = bucket.iam_role_id.as_deref().or(bucket.role_id.as_deref()).unwrap_or_default();
            let id = self.style.has_several_projects.then_some(project.id.as_str());
            let name = self.style.has_names.then_some(project.name.as_deref().unwrap_or_default());
            let of_bucket = [&bucket.id, &bucket.bucket_name, bucket.cloud_provider.as_str(), role];
            let cells = id.into_iter().chain(name).chain(of_bucket);
            self.rows.push(cells.map(|cell| cell_text(cell).into_owned()).collect());
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(super) fn drop_rows(&mut self) {
        self.rows.clear();
    }

    /// The rows of a project that is complete, in columns that are wide enough for them.
    pub(super) fn take_rows(&mut self) -> String {
        let rows = std::mem::take(&mut self.rows);
        for row in &rows {
            for (width, cell) in self.widths.iter_mut().zip(row) {
                *width = cell.width().max(*width);
            }
        }
        rows.iter().map(|row| self.aligned(row) + "\n").collect()
    }

    pub(super) fn header(&self, is_bold: bool) -> String {
        let header = self.aligned(&self.header);
        if is_bold { format!("\x1b[1m{header}\x1b[0m\n") } else { header + "\n" }
    }

    fn aligned(&self, row: &[String]) -> String {
        let pad = |(cell, width): (&String, &usize)| {
            cell.to_owned() + &" ".repeat(width.saturating_sub(cell.width()))
        };
        let cells: Vec<String> = row.iter().zip(&self.widths).map(pad).collect();
        cells.join("   ").trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_ends_at_64_columns() {
        for (name, text, expected) in [
            ("as wide as may be", "x".repeat(64), "x".repeat(64)),
            ("wider", "x".repeat(65), "x".repeat(63) + "…"),
            ("wide characters", "東".repeat(40), "東".repeat(31) + "…"),
            ("escapes", "\u{9b}".repeat(40), r"\u{9b}".repeat(10) + r"\u{" + "…"),
        ] {
            let cell = cell_text(&text);
            assert_eq!(cell, expected, "{name}");
            assert!(cell.width() <= MAX_WIDTH, "{name}");
        }
    }
}
