//! Aligned columns, for people.

use std::borrow::Cow;
use std::io::{self, Write};

use atlas_export_buckets::ExportBucket;
use atlas_export_buckets::escape::escape_text;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::Style;
use crate::projects::NamedProject;

/// The widest cell. What is longer is cut.
const MAX_WIDTH: usize = 64;
const GAP: &str = "   ";

/// Rows for [`Table::rows`]: a line each, with cells that are not aligned yet and end with tabs, which cells have none of.
pub(super) fn rows(style: Style, project: &NamedProject, buckets: &[ExportBucket]) -> String {
    let mut rows = String::new();
    for bucket in buckets {
        let role = bucket.iam_role_id.as_deref().or(bucket.role_id.as_deref()).unwrap_or_default();
        let mut cells = Vec::new();
        if style.has_several_projects {
            cells.push(project.id.as_str());
        }
        if style.has_names {
            cells.push(project.name.as_deref().unwrap_or_default());
        }
        cells.extend([&bucket.id, &bucket.bucket_name, bucket.cloud_provider.as_str(), role]);
        for cell in cells {
            rows.push_str(&cell_text(cell));
            rows.push('\t');
        }
        rows.push('\n');
    }
    rows
}

fn cell_text(text: &str) -> Cow<'_, str> {
    let text = escape_text(text);
    if text.width() <= MAX_WIDTH {
        return text;
    }
    let mut cut = String::new();
    let mut width = 1;
    for character in text.chars() {
        width += character.width().unwrap_or_default();
        if width > MAX_WIDTH {
            break;
        }
        cut.push(character);
    }
    Cow::Owned(cut + "…")
}

/// A table that grows by whole projects. Columns keep their widths, or widen.
pub(super) struct Table {
    header: Vec<&'static str>,
    widths: Vec<usize>,
    has_header: bool,
    has_colours: bool,
}

impl Table {
    pub(super) fn new(style: Style) -> Self {
        let mut header = Vec::new();
        if style.has_several_projects {
            header.push("PROJECT");
        }
        if style.has_names {
            header.push("PROJECT NAME");
        }
        header.extend(["ID", "BUCKET NAME", "CLOUD PROVIDER", "IAM ROLE ID"]);
        // The rows of later projects are not known yet: there is room for most of them.
        let room = |title: &&str| match *title {
            "PROJECT NAME" => 24,
            "BUCKET NAME" if style.has_several_projects => 32,
            title => title.width(),
        };
        let widths = header.iter().map(room).collect();
        Table { header, widths, has_header: false, has_colours: style.has_colours }
    }

    pub(super) fn rows(&mut self, rows: &[u8], out: &mut impl Write) -> io::Result<()> {
        let rows = String::from_utf8_lossy(rows);
        let rows: Vec<Vec<&str>> = rows.lines().map(|row| row.split_terminator('\t').collect()).collect();
        if rows.is_empty() {
            return Ok(());
        }
        for row in &rows {
            for (width, cell) in self.widths.iter_mut().zip(row) {
                *width = cell.width().max(*width);
            }
        }
        self.write_header(out)?;
        for row in &rows {
            writeln!(out, "{}", self.aligned(row))?;
        }
        Ok(())
    }

    /// Prints the header once: above the first rows, whose widths it takes, or at the end.
    pub(super) fn write_header(&mut self, out: &mut impl Write) -> io::Result<()> {
        if std::mem::replace(&mut self.has_header, true) {
            return Ok(());
        }
        let header = self.aligned(&self.header);
        if self.has_colours { writeln!(out, "\x1b[1m{header}\x1b[0m") } else { writeln!(out, "{header}") }
    }

    fn aligned(&self, row: &[&str]) -> String {
        let mut line = String::new();
        for (width, cell) in self.widths.iter().zip(row) {
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.width())));
            line.push_str(GAP);
        }
        line.truncate(line.trim_end().len());
        line
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
