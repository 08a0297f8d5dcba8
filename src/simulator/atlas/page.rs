//! The JSON of one page of a list, as Atlas writes it: without white space, `links`, `results`, `totalCount`.

use serde_json::json;

use super::query::Query;
use crate::simulator::faults::Fault;

/// The page of `items` that `query` asks for, as the faults leave it. `url` is that of the list, without a query.
pub(crate) fn write_page<T>(
    items: &[T],
    to_json: impl Fn(&T) -> String,
    query: &Query,
    url: &str,
    faults: &[Fault],
) -> String {
    let Query { page_num, items_per_page, include_count, .. } = *query;
    let (mut shown_page, mut size, mut count) = (page_num, items_per_page, Some(items.len() as u64));
    for fault in faults {
        match fault {
            Fault::CapPage(most) => size = items_per_page.min(*most),
            Fault::IgnorePageNum => shown_page = 1,
            Fault::Count(other) => count = Some(*other),
            Fault::NoCount => count = None,
            _ => {}
        }
    }
    let start = (shown_page as usize - 1).saturating_mul(size as usize);
    let end = start.saturating_add(size as usize);
    let has_next = end < items.len() || faults.contains(&Fault::NextForEver);
    let link = |rel, page_num| {
        json!({ "href": format!("{url}?{}", query.for_page(page_num)), "rel": rel }).to_string()
    };
    let mut links = Vec::new();
    if !faults.contains(&Fault::NoLinks) {
        links.push(link("self", page_num));
        links.extend((page_num > 1).then(|| link("previous", page_num - 1)));
        links.extend(has_next.then(|| link("next", page_num.saturating_add(1))));
    }
    let links = links.join(",");
    let results: Vec<String> = items.iter().skip(start).take(size as usize).map(to_json).collect();
    let results = results.join(",");
    let count = count.filter(|_| include_count);
    let count = count.map_or(String::new(), |count| format!(r#","totalCount":{count}"#));
    format!(r#"{{"links":[{links}],"results":[{results}]{count}}}"#)
}
