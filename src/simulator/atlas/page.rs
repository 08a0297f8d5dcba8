//! The JSON of one page of a list, as Atlas writes it: without white space, `links`, `results`, `totalCount`.

use std::ops::Range;

use super::query::Query;
use crate::simulator::faults::Distortion;

/// What a page is made for, apart from its items.
pub(crate) struct PageWriter<'a> {
    /// The URL of the list, without a query.
    pub(crate) url: String,
    pub(crate) query: &'a Query,
    /// Whether an envelope encloses the list instead of being added to it.
    pub(crate) nested_envelope: bool,
    pub(crate) distortion: &'a Distortion,
}

impl PageWriter<'_> {
    /// Which of `total` items are on the page.
    pub(crate) fn range(&self, total: usize) -> Range<usize> {
        let size = self.query.items_per_page.min(self.distortion.cap.unwrap_or(u32::MAX)) as usize;
        let page_num = if self.distortion.ignore_page_num { 1 } else { self.query.page_num };
        let start = (page_num as usize - 1).saturating_mul(size).min(total);
        start..start.saturating_add(size).min(total)
    }

    /// The page of `items`, each a text in JSON, which end at `end` of the `total` items of the list.
    pub(crate) fn write(&self, items: &[&str], end: usize, total: usize) -> Vec<u8> {
        let mut text = Vec::with_capacity(512 + items.iter().map(|item| item.len() + 1).sum::<usize>());
        let nested = self.query.envelope && self.nested_envelope;
        text.extend_from_slice(match (self.query.envelope, nested) {
            (true, true) => br#"{"status":200,"envelope":{"links":["#,
            (true, false) => br#"{"status":200,"links":["#,
            (false, _) => br#"{"links":["#,
        });
        if !self.distortion.no_links {
            let has_next = end < total || self.distortion.next_for_ever;
            text.extend_from_slice(self.links(has_next).as_bytes());
        }
        text.extend_from_slice(br#"],"results":["#);
        text.extend_from_slice(items.join(",").as_bytes());
        text.push(b']');
        if self.query.include_count && !self.distortion.no_count {
            let count = self.distortion.count.unwrap_or(total as u64);
            text.extend_from_slice(format!(r#","totalCount":{count}"#).as_bytes());
        }
        text.extend_from_slice(if nested { b"}}" } else { b"}" });
        text
    }

    fn links(&self, has_next: bool) -> String {
        let number = self.query.page_num;
        let mut pages = vec![("self", number)];
        if number > 1 {
            pages.push(("previous", number - 1));
        }
        if has_next {
            pages.push(("next", number.saturating_add(1)));
        }
        let link = |(rel, number): &(&str, u32)| {
            let href = serde_json::Value::from(format!("{}?{}", self.url, self.query.for_page(*number)));
            format!(r#"{{"href":{href},"rel":"{rel}"}}"#)
        };
        pages.iter().map(link).collect::<Vec<_>>().join(",")
    }
}
