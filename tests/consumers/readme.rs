//! The README's dependency line and its first program, copied into a new package beside the repository.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::{env, fs};

use crate::consumer::Consumer;
use crate::support::temp_dir::TempDir;
use crate::{atlas, environment};

pub fn the_readme_s_dependency_line_and_program_work_as_they_stand_there() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(repository.join("README.md")).unwrap();
    let directory = TempDir::new();
    symlink(repository, directory.path().join("atlas-export-buckets")).unwrap();
    directory.make_dir("my-tool");
    directory.make_dir("my-tool/src");
    let package = "[package]\nname = \"my-tool\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n";
    directory.write("my-tool/Cargo.toml", format!("{package}{}", block(&readme, "toml")));
    directory.write("my-tool/src/main.rs", block(&readme, "rust,no_run"));

    let tool = Consumer::written("my-tool", directory.path().join("my-tool"));
    tool.build(&[]).succeeded();
    let atlas = atlas(3);
    let mut environment = environment(&atlas);
    environment.push(("MONGODB_ATLAS_BASE_URL", atlas.base_url().to_owned()));
    let run = tool.run(&[], &environment).succeeded();
    assert_eq!(run.stdout, "export-emea-orders-0000\nexport-apac-billing-0001\nexport-latam-audit-0002\n");
}

/// The first code block in this language.
fn block<'a>(text: &'a str, language: &str) -> &'a str {
    let (_, rest) = text.split_once(&format!("```{language}\n")).unwrap();
    rest.split("```").next().unwrap()
}
