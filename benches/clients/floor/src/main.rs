//! The floor under every client on `ureq`: the same round trips, with a header that is no work to make.
//!
//! `client-floor BASE-URL PROJECT-ID CA-FILE [unparsed]`. The front of the harness takes `Authorization: hand-made` and puts a
//! valid one in its place. With `unparsed` even the body is only received.

#[path = "../../read_page.rs"]
mod read_page;
#[path = "../../ureq_agent.rs"]
mod ureq_agent;

use read_page::read_page;
use std::error::Error;
use ureq_agent::agent;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let mut argument = || args.next().ok_or("an argument is missing");
    let (base_url, project, ca_file) = (argument()?, argument()?, argument()?);
    let is_parsed = args.next().as_deref() != Some("unparsed");
    let agent = agent(&std::fs::read(ca_file)?);
    let url = |page: usize| {
        format!(
            "{base_url}/api/atlas/v1.0/groups/{project}/backup/exportBuckets?pageNum={page}&itemsPerPage=500"
        )
    };
    let mut challenged = agent.get(url(1)).header("accept", "application/json").call()?;
    // To its end, so that the connection serves the next request too.
    challenged.body_mut().read_to_vec()?;
    let mut count = 0;
    for page in 1.. {
        let request = agent.get(url(page)).header("accept", "application/json");
        let body = request.header("authorization", "hand-made").call()?.body_mut().read_to_vec()?;
        let next = if is_parsed {
            read_page(&body, &mut count)?
        } else {
            body.windows(6).any(|rel| rel == b"\"next\"")
        };
        if !next {
            break;
        }
    }
    println!("{count}");
    Ok(())
}
