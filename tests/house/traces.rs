//! Nothing in the tree speaks of the machine it was written on, or of the registries its parts came from.

use std::path::Path;

use crate::{assert_none, tree};

/// Written in halves, so that this file does not find itself.
const MACHINE_PATHS: [&str; 4] =
    [concat!("/wo", "rk/"), concat!("/fa", "rm/"), concat!("/tmp/", "target-"), concat!("/ro", "ot/")];
const REGISTRIES: [&str; 7] = [
    concat!("crates", ".io"),
    concat!("registry.", "npmjs"),
    concat!("registry.", "yarnpkg"),
    concat!("py", "pi.org"),
    concat!("python", "hosted.org"),
    concat!("proxy.", "golang"),
    concat!("static.", "rust-lang.org"),
];
const LOCK_FILES: [&str; 2] = ["Cargo.lock", "package-lock.json"];

#[test]
fn no_path_of_one_machine() {
    assert_none(&mentions(&MACHINE_PATHS, "take the place as an argument, or make it relative to the checkout"));
}

#[test]
fn no_registry_by_name() {
    assert_none(&mentions(&REGISTRIES, "leave the choice of registry to the package manager's own configuration"));
}

fn mentions(needles: &[&str], remedy: &str) -> Vec<String> {
    let mut findings = Vec::new();
    for path in tree::files().into_iter().filter(|path| !is_lock_file(path)) {
        let text = tree::text(&path).unwrap_or_default();
        for (index, line) in text.lines().enumerate() {
            for needle in needles.iter().filter(|needle| stands_alone(line, needle)) {
                findings.push(format!("{}:{}: mentions {needle}; {remedy}", path.display(), index + 1));
            }
        }
    }
    findings
}

/// `/x/` counts as a path of its own, not as the middle of a longer one or of a URL.
fn stands_alone(line: &str, needle: &str) -> bool {
    line.match_indices(needle).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !needle.starts_with('/')
            || before.is_none_or(|c| !c.is_alphanumeric() && !matches!(c, '_' | '-' | '.' | '}' | '*'))
    })
}

fn is_lock_file(path: &Path) -> bool {
    path.file_name().is_some_and(|name| LOCK_FILES.iter().any(|lock| name == *lock))
}
