//! The query parameters of a list.

/// The query parameters of the list, checked.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Query {
    pub(crate) page_num: u32,
    pub(crate) items_per_page: u32,
    pub(crate) include_count: bool,
    pub(crate) pretty: bool,
    pub(crate) envelope: bool,
}

impl Query {
    /// Reads the parameters, or names the one that is wrong: out of range, given twice, or unknown. Atlas
    /// refuses unknown ones too, so a misspelt parameter does not go unnoticed.
    pub(crate) fn read(pairs: &[(String, String)]) -> Result<Query, &str> {
        let mut query = Query { page_num: 1, items_per_page: 100, include_count: true, ..Query::default() };
        for (i, (name, value)) in pairs.iter().enumerate() {
            let is_repeated = pairs.iter().take(i).any(|(earlier, _)| earlier == name);
            let is_read = match name.as_str() {
                _ if is_repeated => None,
                "pageNum" => number(value, u32::MAX).map(|number| query.page_num = number),
                "itemsPerPage" => number(value, 500).map(|number| query.items_per_page = number),
                "includeCount" => value.parse().ok().map(|flag| query.include_count = flag),
                "pretty" => value.parse().ok().map(|flag| query.pretty = flag),
                "envelope" => value.parse().ok().map(|flag| query.envelope = flag),
                _ => None,
            };
            is_read.ok_or(name.as_str())?;
        }
        Ok(query)
    }

    /// The query of the link to another page of the same list, in the order in which Atlas writes it.
    pub(crate) fn for_page(&self, page_num: u32) -> String {
        let Query { items_per_page, include_count, pretty, envelope, .. } = self;
        let pretty = if *pretty { "&pretty=true" } else { "" };
        let envelope = if *envelope { "&envelope=true" } else { "" };
        format!(
            "includeCount={include_count}&pageNum={page_num}&itemsPerPage={items_per_page}{pretty}{envelope}"
        )
    }
}

fn number(text: &str, most: u32) -> Option<u32> {
    let number = text.parse().ok()?;
    // A sign is no digit, but part of a number to `parse`.
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    (is_digits && (1..=most).contains(&number)).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> Result<Query, String> {
        let pairs: Vec<(String, String)> = text
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Query::read(&pairs).map_err(str::to_owned)
    }

    #[test]
    fn parameters_have_atlas_s_defaults_and_limits() {
        let standard = query("").unwrap();
        assert_eq!(standard.for_page(2), "includeCount=true&pageNum=2&itemsPerPage=100");
        assert!(standard.include_count && !standard.pretty && !standard.envelope);
        let all = query("pageNum=7&itemsPerPage=500&includeCount=false&pretty=true&envelope=true").unwrap();
        assert_eq!(
            all.for_page(8),
            "includeCount=false&pageNum=8&itemsPerPage=500&pretty=true&envelope=true"
        );
        let table = [
            ("pageNum=0", "pageNum"),
            ("pageNum=-1", "pageNum"),
            ("pageNum=+1", "pageNum"),
            ("pageNum=", "pageNum"),
            ("pageNum=4294967296", "pageNum"),
            ("itemsPerPage=0", "itemsPerPage"),
            ("itemsPerPage=501", "itemsPerPage"),
            ("itemsPerPage=abc", "itemsPerPage"),
            ("includeCount=yes", "includeCount"),
            ("pretty=1", "pretty"),
            ("envelope", "envelope"),
            ("pageNum=1&pageNum=2", "pageNum"),
            ("page=1", "page"),
        ];
        for (text, name) in table {
            assert_eq!(query(text), Err(name.to_owned()), "{text}");
        }
    }
}
