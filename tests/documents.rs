//! The documents beside the code: their links lead somewhere, and their code is code that something tests.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Markdown file at the top, with its text.
fn documents() -> Vec<(PathBuf, String)> {
    let paths = fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().path());
    let documents: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .map(|path| (path.clone(), fs::read_to_string(path).unwrap()))
        .collect();
    assert!(documents.len() >= 5, "README, DESIGN, CHANGELOG, CONTRIBUTING, SECURITY: {documents:?}");
    documents
}

/// The text without code blocks, and the code blocks with their languages.
fn split(text: &str) -> (String, Vec<(String, String)>) {
    let (mut prose, mut blocks) = (String::new(), Vec::new());
    for (index, part) in text.split("```").enumerate() {
        if index % 2 == 0 {
            prose.push_str(part);
        } else {
            let (language, code) = part.split_once('\n').unwrap();
            blocks.push((language.to_owned(), code.to_owned()));
        }
    }
    (prose, blocks)
}

/// The anchor that a heading has on every site that shows Markdown.
fn anchor(heading: &str) -> String {
    let words = heading.to_lowercase().replace(' ', "-");
    words.chars().filter(|character| character.is_alphanumeric() || *character == '-').collect()
}

#[test]
fn every_relative_link_leads_to_a_file_or_a_heading() {
    for (path, text) in documents() {
        let (prose, _) = split(&text);
        let anchors: Vec<String> = prose
            .lines()
            .filter(|line| line.starts_with('#'))
            .map(|line| anchor(line.trim_start_matches('#').trim()))
            .collect();
        for target in prose.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let leads_somewhere = match target.strip_prefix('#') {
                Some(heading) => anchors.iter().any(|anchor| anchor == heading),
                None => target.starts_with("https://") || root().join(target).exists(),
            };
            assert!(leads_somewhere, "{}: {target}, {anchors:?}", path.display());
        }
    }
}

/// The README's `rust` is a doctest, and `tests/consumers/readme.rs` builds its `toml`. `tests/peers/readme.rs` runs `sh` and
/// compares `text`.
#[test]
fn every_code_block_is_of_a_kind_that_is_tested() {
    for (path, text) in documents() {
        let is_readme = path.ends_with("README.md");
        for (language, code) in split(&text).1 {
            match language.as_str() {
                "rust" | "rust,no_run" | "sh" | "text" => assert!(is_readme, "{}: {code}", path.display()),
                "toml" => {
                    let version = env!("CARGO_PKG_VERSION").rsplit_once('.').unwrap().0;
                    assert!(code.contains(&format!("\"{version}\"")), "not version {version}: {code}");
                }
                other => panic!("{}: nothing tests a block of {other:?}: {code}", path.display()),
            }
        }
    }
}

#[test]
fn the_changelog_has_this_version() {
    let text = fs::read_to_string(root().join("CHANGELOG.md")).unwrap();
    let heading = format!("## {}", env!("CARGO_PKG_VERSION"));
    assert!(text.lines().any(|line| line.starts_with(&heading)), "no {heading}");
}

#[test]
fn the_readme_is_short() {
    let lines = fs::read_to_string(root().join("README.md")).unwrap().lines().count();
    assert!(lines <= 200, "{lines} lines");
}

/// The names of what is in a directory, in the form of the map: directories end in a slash.
fn entries(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap());
    let names = entries.map(|entry| {
        let slash = if entry.path().is_dir() { "/" } else { "" };
        format!("{}{slash}", entry.file_name().to_str().unwrap())
    });
    names.collect()
}

#[test]
fn the_map_of_the_sources_has_every_file_and_directory_and_no_other() {
    let source = root().join("src");
    let contributing = fs::read_to_string(root().join("CONTRIBUTING.md")).unwrap();
    let (_, map) = contributing.split_once("## Map of the sources").unwrap();
    let (map, _) = map.split_once("\n## ").unwrap();
    let rows = map.lines().filter(|line| line.starts_with("| `"));
    let mapped: Vec<&str> =
        rows.flat_map(|row| row.split('|').nth(1).unwrap().split('`').skip(1).step_by(2)).collect();
    for path in &mapped {
        assert!(source.join(path).exists(), "there is no src/{path}");
    }
    for entry in entries(&source) {
        let entry = if entry == "bin/" { "bin/atlas-export-buckets/".to_owned() } else { entry };
        assert!(mapped.contains(&entry.as_str()), "src/{entry} is not on the map in CONTRIBUTING.md");
    }
}
