//! Lists the export buckets of every project that the credentials can see, four projects at a time.
//!
//!     cargo run --example many_projects --features simulator

use std::sync::{Mutex, mpsc};
use std::thread;

use atlas_export_buckets::simulator::Simulator;
use atlas_export_buckets::{ApiKey, Client, Error, ExportBucket, Project};

const THREADS: usize = 4;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let atlas = Simulator::builder().projects(10, 3).start()?;
    let api_key = ApiKey::new(atlas.public_key(), atlas.private_key())?;
    let client = Client::builder(api_key).base_url(atlas.base_url()).build()?;

    let projects: Vec<Project> = client.projects().collect::<Result<_, _>>()?;
    let mut failures = 0;
    list_all(&client, &projects, |project, buckets| match buckets {
        Ok(buckets) => println!("{}  {} buckets", project.name, buckets.len()),
        Err(error) => {
            failures += 1;
            eprintln!("{}  {error}", project.name);
        }
    });
    if failures > 0 {
        return Err(format!("{failures} of {} projects could not be listed", projects.len()).into());
    }
    Ok(())
}

/// Reports each project as soon as it is listed, or has failed. One that fails does not affect the others.
fn list_all(
    client: &Client,
    projects: &[Project],
    mut report: impl FnMut(&Project, Result<Vec<ExportBucket>, Error>),
) {
    let queue = Mutex::new(projects.iter());
    let next_project = || queue.lock().ok()?.next();
    let (sender, receiver) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..THREADS {
            let sender = sender.clone();
            scope.spawn(move || {
                while let Some(project) = next_project() {
                    // The receiver outlives the threads, so this cannot fail.
                    _ = sender.send((project, list(client, project)));
                }
            });
        }
        // The loop below ends when the last thread drops its sender.
        drop(sender);
        for (project, buckets) in receiver {
            report(project, buckets);
        }
    });
}

fn list(client: &Client, project: &Project) -> Result<Vec<ExportBucket>, Error> {
    client.export_buckets(&project.id.parse()?).collect()
}
