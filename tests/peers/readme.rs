//! The README's shell commands, run in their order by one shell, against the simulated Atlas.
//!
//! It starts in an empty directory, and the program is installed only when the README says so. Where the next block is plain
//! text, it is what they print: `…` stands for anything.

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
const CLIENT_ID: &str = "mdb_sa_id_5e4e593f70dfbf1010295836";
const CLIENT_SECRET: &str = "mdb_sa_sk_5ec7e75ec7e7";
const ORGANIZATION: &str = "5e4e593f70dfbf1010295836";
const PROJECTS: [(&str, &str); 2] =
    [("32b6e34b3d91647abb20e7b8", "project-0000"), ("32b6e34b3d91647abb20e7b9", "project-0001")];
/// Printed between the commands of one block and those of the next.
const NEXT_BLOCK: &str = "--- next block ---";

/// Commands, and what the README says they print.
struct Block {
    commands: String,
    output: Option<String>,
}

pub fn trials() -> Vec<Trial> {
    vec![trial("the_readme_s_commands_do_what_it_says_in_their_order", find_tools, |()| commands_run())]
}

fn find_tools() -> Result<(), Missing> {
    for name in ["bash", "jq", "python3"] {
        find_program(name).ok_or_else(|| {
            Missing::program(format!("{name} is not installed; on Debian: apt-get install {name}"))
        })?;
    }
    match Command::new("python3").args(["-c", "import requests"]).output() {
        Ok(output) if output.status.success() => Ok(()),
        _ => Err(Missing::program("Python's requests is not installed: pip install requests".to_owned())),
    }
}

fn commands_run() {
    let atlas = PROJECTS.iter().fold(
        Simulator::builder()
            .key(PUBLIC_KEY, PRIVATE_KEY)
            .service_account(CLIENT_ID, CLIENT_SECRET)
            .organization(ORGANIZATION),
        |builder, (id, name)| builder.project(*id, sample_buckets(12)).project_name(*id, *name),
    );
    let atlas = atlas.start().unwrap();
    let blocks = blocks();
    assert_eq!(blocks.len(), 9, "the README's blocks of commands");

    let run = run(&blocks, &atlas);
    assert_eq!(run.status, Some(0), "{run:?}");
    let outputs: Vec<&str> = run.stdout.split(&format!("{NEXT_BLOCK}\n")).collect();
    assert_eq!(outputs.len(), blocks.len(), "{run:?}");
    for (Block { commands, output }, actual) in blocks.iter().zip(outputs) {
        if let Some(expected) = output {
            assert!(matches(actual, expected), "{commands}\nprints:\n{actual}\nnot:\n{expected}");
        }
    }
    let tokens = atlas.requests().iter().filter(|request| request.target.ends_with(b"/oauth/token")).count();
    assert!(tokens > 0, "the service account is used once it is set");
}

/// The README's blocks of commands.
fn blocks() -> Vec<Block> {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let after = readme.split("```sh\n").skip(1);
    after
        .map(|text| {
            let (commands, rest) = text.split_once("```\n").unwrap();
            let fenced: Vec<&str> = rest.split("```").collect();
            let output = fenced.get(1).and_then(|block| block.strip_prefix("text\n")).map(str::to_owned);
            Block { commands: commands.to_owned(), output }
        })
        .collect()
}

/// Whether a text is as expected, where `…` stands for anything.
fn matches(actual: &str, expected: &str) -> bool {
    let mut rest = actual;
    let mut parts = expected.split('…');
    let first = parts.next().unwrap();
    let Some(after_first) = rest.strip_prefix(first) else { return false };
    rest = after_first;
    let mut is_open = false;
    for part in parts {
        is_open = part.trim().is_empty();
        let Some(at) = rest.find(part.trim_end()) else { return false };
        rest = &rest[at + part.trim_end().len()..];
    }
    is_open || rest.trim().is_empty()
}

/// Runs the blocks in one shell, in a directory with nothing but a stand-in for cargo. The secrets that the README has people
/// paste are on standard input.
fn run(blocks: &[Block], atlas: &Simulator) -> Run {
    let directory = TempDir::new();
    for name in ["cargo", "installed", "work"] {
        directory.make_dir(name);
    }
    let cargo = directory.write("cargo/cargo", CARGO);
    assert!(Command::new("chmod").arg("+x").arg(&cargo).status().unwrap().success());
    let bin = directory.path().join("installed");

    let commands: Vec<&str> = blocks.iter().map(|block| block.commands.as_str()).collect();
    let script = commands.join(&format!("\necho '{NEXT_BLOCK}'\n"));
    let path = env::var_os("PATH").unwrap_or_default();
    let others = env::split_paths(&path).filter(|path| !path.join("atlas-export-buckets").exists());
    let path = env::join_paths([cargo.parent().unwrap().to_owned(), bin.clone()].into_iter().chain(others));
    let mut command = Command::new("bash");
    command.args(["-euo", "pipefail", "-c", &script]).current_dir(directory.path().join("work"));
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("MONGODB_ATLAS_") {
            command.env_remove(name);
        }
    }
    let mut child = command
        .env("PATH", path.unwrap())
        .env("PROGRAM", env!("CARGO_BIN_EXE_atlas-export-buckets"))
        .env("INSTALL_ROOT", bin)
        .env("MONGODB_ATLAS_BASE_URL", atlas.base_url())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A shell that stopped early may have closed it already.
    let _ = write!(child.stdin.take().unwrap(), "{PRIVATE_KEY}\n{CLIENT_SECRET}\n");
    child.wait_with_output().unwrap().into()
}

/// In place of cargo, which would build everything once more: CI runs its commands as they stand in the README.
const CARGO: &str = r#"#!/bin/sh
case "$1" in
install) ln -s "$PROGRAM" "$INSTALL_ROOT/atlas-export-buckets" ;;
run) while [ "$1" != -- ]; do shift; done; shift; exec "$PROGRAM" "$@" ;;
test) ;;
*) echo "the README should not use cargo $1" >&2; exit 1 ;;
esac
"#;
