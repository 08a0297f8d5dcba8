//! The structure of `src/`: arrows between files point downwards, and no two files need each other.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms, from the top. Each may use those below it.
const ROOMS: [&str; 15] = [
    "bin",
    "lib",
    "fuzzing",
    "simulator",
    "client",
    "listing",
    "http",
    "authentication",
    "error",
    "request",
    "model",
    "credentials",
    "invalid_input",
    "escape",
    "digest",
];

/// A file of `src/` as a path of modules: `http/token.rs` is `[http, token]`.
type Module = Vec<String>;

struct House {
    /// Each module's code without comments and tests.
    code: BTreeMap<Module, String>,
}

impl House {
    fn read() -> House {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut code = BTreeMap::new();
        for path in rust_files(&root) {
            let inside = path.strip_prefix(&root).unwrap().with_extension("");
            let mut module: Module = inside.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
            let is_test = module
                .iter()
                .any(|part| ["tests", "properties", "vectors", "naive"].contains(&part.as_str()));
            if is_test || module[0] == "bin" {
                continue;
            }
            if module.last().unwrap() == "mod" {
                module.pop();
            }
            let text = fs::read_to_string(&path).unwrap();
            let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
            let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            code.insert(module, lines.collect::<Vec<_>>().join("\n"));
        }
        House { code }
    }

    /// The files that this one uses, by its paths that begin with `crate::`, `super::` or a module below it.
    fn uses(&self, module: &Module) -> BTreeSet<Module> {
        let mut used = BTreeSet::new();
        for path in paths(&self.code[module]) {
            let mut parts = path.split("::").peekable();
            let mut target = match *parts.peek().unwrap() {
                "crate" => Module::new(),
                "super" => module[..module.len() - 1].to_vec(),
                _ => continue,
            };
            parts.next();
            while parts.next_if_eq(&"super").is_some() {
                target.pop();
            }
            let names: Vec<&str> = parts.collect();
            used.extend(self.resolve(target, &names));
        }
        used.extend(self.code.keys().filter(|below| self.uses_below(module, below)).cloned());
        used.remove(module);
        used
    }

    /// Whether a file uses this one, which is just below it. What it only passes on is not its use.
    fn uses_below(&self, module: &Module, below: &Module) -> bool {
        let is_below = below.len() == module.len() + 1 && below.starts_with(module);
        let path = format!("{}::", below.last().unwrap());
        is_below
            && self.code[module].match_indices(&path).any(|(at, _)| {
                let before = self.code[module][..at].trim_end();
                let is_word = before.len() == at
                    && before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
                !is_word && !before.ends_with("pub use") && !before.ends_with(") use")
            })
    }

    /// The file that a path leads to: as far down as there are modules, and through what a module passes on.
    fn resolve(&self, mut target: Module, names: &[&str]) -> Option<Module> {
        for (index, name) in names.iter().enumerate() {
            let below: Module = target.iter().cloned().chain([(*name).to_owned()]).collect();
            if self.code.contains_key(&below) {
                target = below;
            } else if let Some(passed_on) = self.passed_on(&target, name) {
                let rest: Vec<&str> = [name].into_iter().chain(&names[index + 1..]).copied().collect();
                return self.resolve(passed_on, &rest);
            } else {
                break;
            }
        }
        self.code.contains_key(&target).then_some(target)
    }

    /// The module below this one from which it passes a name on, by `pub use` or `pub(crate) use`.
    fn passed_on(&self, module: &Module, name: &str) -> Option<Module> {
        let code = self.code.get(module)?;
        for statement in code.split(';') {
            let Some((visibility, path)) = statement.split_once("use ") else { continue };
            if !visibility.trim_start().starts_with("pub") && !visibility.contains("\npub") {
                continue;
            }
            let words: Vec<&str> = path.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
            let below: Module = module.iter().cloned().chain([words[0].to_owned()]).collect();
            if words[1..].contains(&name) && self.code.contains_key(&below) {
                return Some(below);
            }
        }
        None
    }
}

fn rust_files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// All paths that begin with `crate::` or `super::`, those in braces one by one. What a file passes on is not its use.
fn paths(code: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for start in ["crate::", "super::"] {
        for (at, _) in code.match_indices(start) {
            let before = &code[..at];
            if before.ends_with(|c: char| c.is_alphanumeric() || c == ':' || c == '_')
                || before.ends_with("pub use ")
            {
                continue;
            }
            let rest = &code[at..];
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':').unwrap_or(rest.len());
            let prefix = &rest[..end];
            match rest[end..].strip_prefix('{').filter(|_| prefix.ends_with("::")) {
                Some(list) => {
                    let list = list.split('}').next().unwrap();
                    let names = list.split(',').map(str::trim).filter(|name| !name.is_empty());
                    paths.extend(names.map(|name| format!("{prefix}{}", name.replace('{', ""))));
                }
                None => paths.push(prefix.trim_end_matches(':').to_owned()),
            }
        }
    }
    paths
}

#[test]
fn arrows_point_downwards() {
    let house = House::read();
    let floor = |module: &Module| {
        let room = module[0].as_str();
        ROOMS
            .iter()
            .position(|known| *known == room)
            .unwrap_or_else(|| panic!("{room} is not in the list of rooms"))
    };
    let mut wrong = Vec::new();
    for module in house.code.keys() {
        for used in house.uses(module) {
            if used[0] != module[0] && floor(&used) < floor(module) {
                wrong.push(format!("{} uses {}", module.join("/"), used.join("/")));
            }
        }
    }
    assert!(wrong.is_empty(), "arrows upwards:\n{}", wrong.join("\n"));
}

#[test]
fn no_two_files_need_each_other() {
    let house = House::read();
    let uses: BTreeMap<&Module, BTreeSet<Module>> =
        house.code.keys().map(|module| (module, house.uses(module))).collect();
    assert!(uses.values().map(BTreeSet::len).sum::<usize>() > 50, "too few arrows were found: {uses:?}");
    let mut wrong = Vec::new();
    for module in house.code.keys() {
        let mut reached = BTreeSet::new();
        let mut open: Vec<Module> = uses[module].iter().cloned().collect();
        while let Some(next) = open.pop() {
            if reached.insert(next.clone()) {
                open.extend(uses[&next].iter().cloned());
            }
        }
        if reached.contains(module) {
            let partners: Vec<String> = uses[module].iter().map(|used| used.join("/")).collect();
            wrong.push(format!("{} is in a circle; it uses {}", module.join("/"), partners.join(", ")));
        }
    }
    assert!(wrong.is_empty(), "circles:\n{}", wrong.join("\n"));
}
