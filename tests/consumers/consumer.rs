//! A package that depends on the crate: built and run as its owner would.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Once;
use std::{env, fs};

use crate::support::process::Run;

/// A package with a program of the same name.
pub struct Consumer {
    name: &'static str,
    directory: PathBuf,
}

/// Whether the packages are there.
pub fn are_here() -> bool {
    directory().join("list-buckets/Cargo.toml").exists()
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/consumers")
}

/// One for all, so that what they depend on is compiled once.
fn target_directory() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("consumers")
}

impl Consumer {
    /// One of the packages beside this file.
    pub fn named(name: &'static str) -> Consumer {
        static LOCKED: Once = Once::new();
        LOCKED.call_once(lock);
        Consumer { name, directory: directory().join(name) }
    }

    /// A package that a test has written somewhere else.
    pub fn written(name: &'static str, directory: PathBuf) -> Consumer {
        copy_lock_to(&directory);
        Consumer { name, directory }
    }

    /// One of them, ready to run.
    pub fn built(name: &'static str) -> Consumer {
        let consumer = Consumer::named(name);
        consumer.build(&[]).succeeded();
        consumer
    }

    /// `cargo build`, with this and nothing else of Atlas in the environment. Warnings of the compiler are errors.
    pub fn build(&self, environment: &[(&str, String)]) -> Run {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.args(["build", "--offline"]).current_dir(&self.directory);
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("MONGODB_ATLAS_") {
                command.env_remove(name);
            }
        }
        command
            .env("CARGO_TARGET_DIR", target_directory())
            .env("CARGO_INCREMENTAL", "0")
            // With debug information, what build scripts depend on would be compiled a second time, without.
            .env("CARGO_PROFILE_DEV_DEBUG", "false")
            .env("RUSTFLAGS", "-Dwarnings")
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .env_remove("CARGO_BUILD_TARGET")
            .envs(environment.iter().map(|(name, value)| (name, value)));
        command.output().unwrap().into()
    }

    /// Runs it, with nothing else in its environment.
    pub fn run(&self, args: &[&str], environment: &[(&str, String)]) -> Run {
        let program = target_directory().join("debug").join(self.name);
        let environment = environment.iter().map(|(name, value)| (name, value));
        Command::new(program).args(args).env_clear().envs(environment).output().unwrap().into()
    }

    /// The files that cargo and the build script wrote for this package and that have `text` in them.
    pub fn files_with(&self, text: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut directories = Vec::new();
        for parent in [".fingerprint", "build"] {
            let parent = target_directory().join("debug").join(parent);
            let children = fs::read_dir(parent).unwrap().map(|entry| entry.unwrap().path());
            directories
                .extend(children.filter(|path| path.to_string_lossy().contains(&format!("/{}-", self.name))));
        }
        while let Some(directory) = directories.pop() {
            for path in fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
                if path.is_dir() {
                    directories.push(path);
                } else if String::from_utf8_lossy(&fs::read(&path).unwrap()).contains(text) {
                    found.push(path);
                }
            }
        }
        found
    }
}

/// They are built with the versions in our own Cargo.lock, which are on this machine already: cargo takes from it what
/// each of them needs.
fn lock() {
    for entry in fs::read_dir(directory()).unwrap() {
        let package = entry.unwrap().path();
        if package.is_dir() {
            copy_lock_to(&package);
        }
    }
}

fn copy_lock_to(package: &Path) {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock");
    fs::copy(ours, package.join("Cargo.lock")).unwrap();
}

impl Run {
    /// Fails the test if the run failed.
    pub fn succeeded(self) -> Run {
        assert_eq!(self.status, Some(0), "{}", self.stderr);
        self
    }
}
