//! Lists a project with `ureq` and `digest_auth`, put together by hand as their documentation shows: each page is
//! challenged.
//!
//! `client-ureq-digest-auth BASE-URL PROJECT-ID CA-FILE`, with the API key in the environment.

#[path = "../../read_page.rs"]
mod read_page;
#[path = "../../ureq_agent.rs"]
mod ureq_agent;

use digest_auth::AuthContext;
use read_page::read_page;
use std::env::var;
use std::error::Error;
use ureq_agent::agent;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let mut argument = || args.next().ok_or("an argument is missing");
    let (base_url, project, ca_file) = (argument()?, argument()?, argument()?);
    let agent = agent(&std::fs::read(ca_file)?);
    let (user, password) = (var("MONGODB_ATLAS_PUBLIC_API_KEY")?, var("MONGODB_ATLAS_PRIVATE_API_KEY")?);
    let mut count = 0;
    for page in 1.. {
        let target =
            format!("/api/atlas/v1.0/groups/{project}/backup/exportBuckets?pageNum={page}&itemsPerPage=500");
        let url = format!("{base_url}{target}");
        let mut challenged = agent.get(&url).header("accept", "application/json").call()?;
        // To its end, so that the connection serves the next request too.
        challenged.body_mut().read_to_vec()?;
        let challenge = challenged.headers().get("www-authenticate").ok_or("no challenge")?.to_str()?;
        let answer = digest_auth::parse(challenge)?.respond(&AuthContext::new(&user, &password, &target))?;
        let request = agent.get(&url).header("accept", "application/json");
        let body = request.header("authorization", answer.to_string()).call()?.body_mut().read_to_vec()?;
        if !read_page(&body, &mut count)? {
            break;
        }
    }
    println!("{count}");
    Ok(())
}
