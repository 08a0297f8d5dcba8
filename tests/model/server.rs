//! A listing server, reduced to what it answers to each page number, and what may be expected of a client for it.

use std::fmt;

use atlas_export_buckets::simulator::{Fault, Response};

/// One page, as the server says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) ids: Vec<u32>,
    pub(crate) count: Option<u64>,
    pub(crate) links: Links,
}

/// What the links of a page say of the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Links {
    /// There are none.
    Absent,
    /// There are some, and none is called `next`.
    Last,
    Next,
}

/// What the server answers beyond its last page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beyond {
    /// Empty pages that are like the last one otherwise.
    Empty,
    /// Empty pages, each with a link to a next one.
    EmptyWithNext,
    /// The first page again, and so on.
    Cycle,
}

/// What a client owes to its user, seeing what the server really has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Promise {
    /// Nothing moves, and all that the server says is right: exactly this list, and no error.
    Exactly(Vec<u32>),
    /// Buckets move, and the server says so: at least these, or an error.
    AtLeast(Vec<u32>),
    /// The server says what is not so, or not enough: no more than its own words demand, or an error.
    Nothing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Envelope {
    None,
    /// The list itself carries the `status`.
    Status,
    /// The list is enclosed in `envelope`.
    Nested,
}

#[derive(Clone, Debug)]
pub(crate) struct Server {
    pub(crate) pages: Vec<Page>,
    pub(crate) beyond: Beyond,
    pub(crate) promise: Promise,
    pub(crate) envelope: Envelope,
    /// How absent links are written.
    pub(crate) absent_links: &'static str,
    /// Whether the client asks for counts.
    pub(crate) count_wanted: bool,
    /// Whether the server refuses to count: "Retry with includeCount=false."
    pub(crate) refuses_count: bool,
    /// What goes wrong once, and with which request.
    pub(crate) fault: Option<(u64, Fault)>,
}

impl Server {
    /// The page of this number, from 1.
    pub(crate) fn page(&self, page_num: usize) -> Page {
        let last = self.pages.len();
        if page_num <= last {
            return self.pages[page_num - 1].clone();
        }
        let Page { count, links, .. } = self.pages[last - 1];
        match self.beyond {
            Beyond::Empty if links == Links::Next => Page { ids: Vec::new(), count, links: Links::Last },
            Beyond::Empty => Page { ids: Vec::new(), count, links },
            Beyond::EmptyWithNext => Page { ids: Vec::new(), count, links: Links::Next },
            Beyond::Cycle => self.pages[(page_num - 1) % last].clone(),
        }
    }

    /// The answer to a request with this number among those for this server, from 1.
    pub(crate) fn answer(&self, number: u64, page_num: usize, wants_count: bool) -> Vec<Fault> {
        if self.refuses_count && wants_count {
            let detail = "Unable to calculate the total number of results. Retry with includeCount=false.";
            let refusal = Response::atlas_error(400, "CANNOT_CALCULATE_TOTAL_COUNT", detail, &[]);
            return vec![Fault::Response(refusal)];
        }
        let body = self.body(page_num);
        let page = Response::new(200).header("Content-Type", "application/json").body(body);
        match &self.fault {
            // An answer from here would take the place of the refusal.
            Some((hit, Fault::Stale)) if number == *hit => vec![Fault::Stale],
            Some((hit, fault)) if number == *hit => vec![Fault::Response(page), fault.clone()],
            _ => vec![Fault::Response(page)],
        }
    }

    fn body(&self, page_num: usize) -> String {
        let page = self.page(page_num);
        let mut buckets = Vec::new();
        for id in &page.ids {
            buckets.push(format!(
                r#"{{"_id":"{}","bucketName":"model","cloudProvider":"AWS"}}"#,
                bucket_id(*id)
            ));
        }
        let link = |rel: &str| format!(r#"{{"href":"http://localhost:8080/","rel":"{rel}"}}"#);
        let links = match page.links {
            Links::Absent => self.absent_links.to_owned(),
            Links::Last if page_num > 1 => format!(r#""links":[{},{}],"#, link("self"), link("previous")),
            Links::Last => format!(r#""links":[{}],"#, link("self")),
            Links::Next => format!(r#""links":[{},{}],"#, link("self"), link("next")),
        };
        let count = page.count.map_or(String::new(), |count| format!(r#","totalCount":{count}"#));
        let fields = format!(r#"{links}"results":[{}]{count}"#, buckets.join(","));
        match self.envelope {
            Envelope::None => format!("{{{fields}}}"),
            Envelope::Status => format!(r#"{{"status":200,{fields}}}"#),
            Envelope::Nested => format!(r#"{{"status":200,"envelope":{{{fields}}}}}"#),
        }
    }
}

/// The id of a bucket on the wire.
pub(crate) fn bucket_id(id: u32) -> String {
    format!("{id:024x}")
}

/// The pages in one line: `3 1 of 4 next | 3 2 of 4 | then Empty`.
impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for page in &self.pages {
            for id in &page.ids {
                write!(f, "{id} ")?;
            }
            if let Some(count) = page.count {
                write!(f, "of {count} ")?;
            }
            f.write_str(match page.links {
                Links::Absent => "without links | ",
                Links::Last => "last | ",
                Links::Next => "next | ",
            })?;
        }
        write!(f, "then {:?}; {:?}", self.beyond, self.promise)?;
        if let Some((number, fault)) = &self.fault {
            write!(f, "; request {number} hit by {fault:?}")?;
        }
        let envelope = self.envelope;
        write!(
            f,
            "; envelope {envelope:?}, count wanted {}, refused {}",
            self.count_wanted, self.refuses_count
        )
    }
}
