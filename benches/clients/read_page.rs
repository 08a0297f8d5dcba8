//! What the clients that know nothing of export buckets do with a page.

use std::error::Error;

use serde_json::Value;

/// Adds the buckets of a page, and says whether there is a next one.
pub fn read_page(body: &[u8], count: &mut usize) -> Result<bool, Box<dyn Error>> {
    let page: Value = serde_json::from_slice(body)?;
    *count += page["results"].as_array().ok_or("no results")?.len();
    let links = page["links"].as_array().ok_or("no links")?;
    Ok(links.iter().any(|link| link["rel"] == "next"))
}
