//! Lists a project with `reqwest` and `diqwest`, on one thread.
//!
//! `client-reqwest-diqwest BASE-URL PROJECT-ID CA-FILE`, with the API key in the environment.

#[path = "../../page.rs"]
mod page;

use diqwest::{DigestAuthSession, WithDigestAuth as _};
use page::Page;
use reqwest::{Certificate, Client};
use std::env::var;
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(list())
}

async fn list() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let mut argument = || args.next().ok_or("an argument is missing");
    let (base_url, project, ca_file) = (argument()?, argument()?, argument()?);
    let roots = Certificate::from_pem_bundle(&std::fs::read(ca_file)?)?;
    let client = Client::builder().no_proxy().tls_certs_only(roots).build()?;
    let session =
        DigestAuthSession::new(&var("MONGODB_ATLAS_PUBLIC_API_KEY")?, &var("MONGODB_ATLAS_PRIVATE_API_KEY")?);
    let mut count = 0;
    for page in 1.. {
        let url = format!(
            "{base_url}/api/atlas/v1.0/groups/{project}/backup/exportBuckets?pageNum={page}&itemsPerPage=500"
        );
        let request = client.get(url).header("accept", "application/json");
        let body = request.send_digest_auth(&session).await?.bytes().await?;
        let page: Page = serde_json::from_slice(&body)?;
        count += page.results.len();
        if !page.has_next() {
            break;
        }
    }
    println!("{count}");
    Ok(())
}
