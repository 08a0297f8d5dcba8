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
    assert!(documents.len() >= 4, "README, CHANGELOG, CONTRIBUTING, SECURITY: {documents:?}");
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

/// `rust` is run by the README's doctest, `sh` by `tests/peers/readme.rs`; a diagram cannot fail.
#[test]
fn every_code_block_is_of_a_kind_that_is_tested() {
    for (path, text) in documents() {
        let is_readme = path.ends_with("README.md");
        for (language, code) in split(&text).1 {
            match language.as_str() {
                "rust" | "rust,no_run" | "sh" | "mermaid" => assert!(is_readme, "{}: {code}", path.display()),
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

/// The table at the end of CONTRIBUTING.md.
#[test]
fn the_map_of_the_house_has_every_room() {
    let source = root().join("src");
    let map = fs::read_to_string(root().join("CONTRIBUTING.md")).unwrap();
    let (_, map) = map.split_once("## Where things are").unwrap();
    for entry in fs::read_dir(&source).unwrap().map(|entry| entry.unwrap()) {
        let name = entry.file_name().into_string().unwrap();
        let room = match name.as_str() {
            "lib.rs" => continue,
            "bin" => "bin/atlas-export-buckets/".to_owned(),
            // What is beside a file of the same name belongs to it.
            name if entry.path().is_dir() && source.join(format!("{name}.rs")).exists() => continue,
            name if entry.path().is_dir() => format!("{name}/"),
            name => name.to_owned(),
        };
        assert!(map.contains(&format!("`{room}`")), "{room} is not in the table of CONTRIBUTING.md");
    }
    for room in map.split('`').filter(|word| word.ends_with(".rs") || word.ends_with('/')) {
        assert!(source.join(room).exists(), "there is no src/{room}");
    }
}
