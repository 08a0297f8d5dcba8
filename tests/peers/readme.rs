//! The README's shell commands, run as they stand there, against the embedded Atlas.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::{env, fs};

use atlas_export_buckets::simulator::{Simulator, sample_buckets};
use libtest_mimic::Trial;

use crate::support::process::{Run, find_program};
use crate::support::temp_dir::TempDir;
use crate::{Missing, trial};

const PUBLIC_KEY: &str = "abcdefgh";
const PRIVATE_KEY: &str = "f00dfeed-0000-4000-8000-5ec7e75ec7e7";

pub fn trials() -> Vec<Trial> {
    vec![trial("the_readme_s_commands_do_what_it_says", find_tools, |()| commands_run())]
}

fn find_tools() -> Result<(), Missing> {
    for name in ["bash", "curl", "jq"] {
        find_program(name)
            .ok_or_else(|| Missing(format!("{name} is not installed; on Debian: apt-get install {name}")))?;
    }
    Ok(())
}

fn commands_run() {
    let atlas =
        Simulator::builder().key(PUBLIC_KEY, PRIVATE_KEY).buckets(sample_buckets(12)).start().unwrap();
    let dir = TempDir::new();
    // CI runs cargo's lines by itself, as they would build everything once more here.
    let cargo = dir.write("cargo", "#!/bin/sh\n");
    make_executable(&cargo);
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let scripts: Vec<&str> =
        readme.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(scripts.len(), 5);
    let runs: Vec<Run> = scripts.iter().map(|script| run(script, dir.path(), &atlas)).collect();
    for (script, run) in scripts.iter().zip(&runs) {
        assert_eq!(run.status, Some(0), "{script}\n{run:?}");
        let lines = run.stdout.lines().count();
        let expected = match script {
            // curl's page, indented, and the table of the same 12 buckets.
            script if script.contains("curl") => {
                assert!(
                    run.stdout.contains("\n  \"results\"") && run.stdout.contains("CLOUD PROVIDER"),
                    "{}",
                    run.stdout
                );
                continue;
            }
            script if script.contains("jq") => 13 + 12,
            _ => 0,
        };
        assert_eq!(lines, expected, "{script}\n{}", run.stdout);
    }
    assert!(fs::read_to_string(dir.path().join("atlas-export-buckets.1")).unwrap().contains("\n.TH "));
}

/// Runs a script in a directory of its own, with the program in `PATH` and the private key on standard input.
fn run(script: &str, directory: &Path, atlas: &Simulator) -> Run {
    let program = Path::new(env!("CARGO_BIN_EXE_atlas-export-buckets")).parent().unwrap();
    let path = env::join_paths([directory, program, "/usr/bin".as_ref(), "/bin".as_ref()]).unwrap();
    let mut child = Command::new("bash")
        .args(["-euo", "pipefail", "-c", script])
        .current_dir(directory)
        .env_clear()
        .env("PATH", path)
        .env("MONGODB_ATLAS_OPS_MANAGER_URL", atlas.base_url())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A script that reads nothing may have closed it already.
    let _ = writeln!(child.stdin.take().unwrap(), "{PRIVATE_KEY}");
    child.wait_with_output().unwrap().into()
}

fn make_executable(path: &Path) {
    let status = Command::new("chmod").arg("+x").arg(path).status().unwrap();
    assert!(status.success());
}
