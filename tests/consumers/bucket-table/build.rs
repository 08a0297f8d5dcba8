//! Writes the export buckets of a project into a Rust table.
//!
//! Without credentials, or if Atlas cannot be reached now, it writes an empty table that says why. Credentials or a project that
//! Atlas refuses fail the build, since that does not pass by itself.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;
use std::{env, fs};

use atlas_export_buckets::{
    ApiKey, ClientBuilder, Error, ExportBucket, InvalidInput, ProjectId, ServiceAccount,
};

const PROJECT: &str = "MONGODB_ATLAS_PROJECT_ID";
const URL: &str = "MONGODB_ATLAS_OPS_MANAGER_URL";
/// What decides the table. No secrets: cargo would write their values into the target directory.
const VARIABLES: [&str; 4] = [ServiceAccount::CLIENT_ID_VARIABLE, ApiKey::PUBLIC_KEY_VARIABLE, PROJECT, URL];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    for variable in VARIABLES {
        println!("cargo::rerun-if-env-changed={variable}");
    }
    let (buckets, problem) = match list() {
        Ok(buckets) => (buckets, None),
        Err(error @ Error::InvalidInput(InvalidInput::NoCredentials { .. })) => {
            (Vec::new(), Some(error.to_string()))
        }
        Err(error) if error.is_retryable() || matches!(error, Error::Network { .. }) => {
            // A file that is never there: the next build asks again.
            println!("cargo::rerun-if-changed=ask-again");
            (Vec::new(), Some(error.to_string()))
        }
        Err(error) => {
            println!("cargo::error=the export buckets cannot be listed: {error}");
            return;
        }
    };
    if let Some(problem) = &problem {
        println!("cargo::warning=built without the export buckets: {problem}");
    }
    let out = env::var("OUT_DIR").expect("cargo sets it");
    fs::write(Path::new(&out).join("export_buckets.rs"), table(&buckets, problem.as_deref()))
        .expect("OUT_DIR can be written to");
}

fn list() -> Result<Vec<ExportBucket>, Error> {
    // A build should not wait long for the network.
    let client = ClientBuilder::from_env()?.timeout(Duration::from_secs(10)).retries(1).build()?;
    let project = env::var(PROJECT)
        .map_err(|_| InvalidInput::Environment { variable: PROJECT, problem: "is not set".into() })?;
    let project: ProjectId = project.parse()?;
    client.export_buckets(&project).collect()
}

/// `{:?}` writes Rust's own literals, whatever the names contain.
fn table(buckets: &[ExportBucket], problem: Option<&str>) -> String {
    let mut table = format!("pub const PROBLEM: Option<&str> = {problem:?};\n");
    table.push_str("pub const EXPORT_BUCKETS: &[(&str, &str)] = &[\n");
    for bucket in buckets {
        _ = writeln!(table, "    ({:?}, {:?}),", bucket.id, bucket.bucket_name);
    }
    table + "];\n"
}
