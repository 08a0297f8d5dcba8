//! Audits projects: every export bucket must have a name that is on a list of allowed names.
//!
//! Ends with 0 if all is as it should be, with 1 if a bucket is not, and with 2 if that cannot be told, because
//! a project could not be listed to its end.

use std::collections::HashSet;
use std::error::Error;
use std::process::ExitCode;
use std::{env, fs};

use atlas_export_buckets::ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use atlas_export_buckets::ureq::{Agent, Proxy};
use atlas_export_buckets::{ApiKey, Client, ProjectId};

const USAGE: &str = "usage: audit-buckets ALLOWED-NAMES-FILE PROJECT-ID...";

fn main() -> ExitCode {
    match audit() {
        Ok(report) => report.print(),
        Err(error) => {
            eprintln!("audit-buckets: {error}");
            ExitCode::from(2)
        }
    }
}

/// What was found.
#[derive(Default)]
struct Report {
    buckets: usize,
    not_allowed: Vec<String>,
    not_listed: Vec<String>,
}

fn audit() -> Result<Report, Box<dyn Error>> {
    let mut args = env::args().skip(1);
    let names = fs::read_to_string(args.next().ok_or(USAGE)?)?;
    let allowed: HashSet<&str> = names.lines().map(str::trim).collect();
    let projects = args.map(|id| id.parse()).collect::<Result<Vec<ProjectId>, _>>()?;
    if projects.is_empty() {
        return Err(USAGE.into());
    }
    let mut client = Client::builder(ApiKey::from_env()?).agent(agent()?);
    if let Ok(url) = env::var("MONGODB_ATLAS_OPS_MANAGER_URL") {
        client = client.base_url(url);
    }
    let client = client.build()?;
    let mut report = Report::default();
    for project in &projects {
        report.project(&client, project, &allowed);
    }
    Ok(report)
}

/// An agent that goes through the company's proxy and trusts the company's root.
fn agent() -> Result<Agent, Box<dyn Error>> {
    let mut config = Agent::config_builder();
    if let Ok(url) = env::var("AUDIT_PROXY") {
        config = config.proxy(Some(Proxy::new(&url)?));
    }
    if let Ok(path) = env::var("AUDIT_CA_FILE") {
        let pem = fs::read(path)?;
        let roots = parse_pem(&pem)
            .filter_map(|item| match item {
                Ok(PemItem::Certificate(certificate)) => Some(Ok(certificate)),
                Ok(_) => None,
                Err(error) => Some(Err(error)),
            })
            .collect::<Result<Vec<Certificate<'static>>, _>>()?;
        config = config.tls_config(TlsConfig::builder().root_certs(RootCerts::from(roots)).build());
    }
    Ok(config.build().new_agent())
}

impl Report {
    fn project(&mut self, client: &Client, project: &ProjectId, allowed: &HashSet<&str>) {
        for bucket in client.export_buckets(project) {
            match bucket {
                Ok(bucket) => {
                    self.buckets += 1;
                    if !allowed.contains(bucket.bucket_name.as_str()) {
                        self.not_allowed.push(format!("{project} {} {:?}", bucket.id, bucket.bucket_name));
                    }
                }
                // The others are audited all the same.
                Err(error) => self.not_listed.push(error.to_string()),
            }
        }
    }

    fn print(&self) -> ExitCode {
        for bucket in &self.not_allowed {
            println!("not allowed: {bucket}");
        }
        for error in &self.not_listed {
            println!("not audited: {error}");
        }
        println!(
            "{} buckets, {} not allowed, {} projects not audited",
            self.buckets,
            self.not_allowed.len(),
            self.not_listed.len()
        );
        match (self.not_listed.len(), self.not_allowed.len()) {
            (0, 0) => ExitCode::SUCCESS,
            (0, _) => ExitCode::FAILURE,
            _ => ExitCode::from(2),
        }
    }
}
