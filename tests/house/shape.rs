//! The shape of a file: it says what it is, has a telling name, and holds one idea of a readable size.

use crate::{
    assert_none,
    scan::{places, words},
    tree,
};

const LONGEST_FILE: usize = 500;
const LONGEST_FUNCTION: usize = 70;
const EMPTY_NAMES: [&str; 8] = ["helper", "helpers", "util", "utils", "common", "types", "manager", "misc"];

/// Files that may be longer, each with its reason.
const LONG_FILES: [(&str, &str); 0] = [];

#[test]
fn every_file_opens_by_saying_what_it_is() {
    let silent = tree::sources().into_iter().filter(|source| !source.text.starts_with("//!"));
    let finding = |path: String| format!("{path}:1: no opening; begin with `//!`: what it is, why, what it never does");
    assert_none(&silent.map(|source| finding(source.path)).collect::<Vec<_>>());
}

#[test]
fn names_tell_what_is_inside() {
    let mut findings = Vec::new();
    for source in tree::sources() {
        let parts = source.path.trim_end_matches(".rs").split('/');
        for part in parts.filter(|part| EMPTY_NAMES.contains(part)) {
            findings.push(format!("{}:1: `{part}` says nothing; name the module after what it holds", source.path));
        }
        for name in EMPTY_NAMES {
            let inline = places(&source.code, "mod")
                .filter(|(_, rest)| words(rest).nth(1).is_some_and(|(_, word)| word == name));
            findings.extend(inline.map(|(line, _)| {
                format!("{}:{line}: `mod {name}` says nothing; name it after what it holds", source.path)
            }));
        }
    }
    assert_none(&findings);
}

#[test]
fn files_hold_one_idea() {
    let mut findings = Vec::new();
    for source in tree::sources() {
        let (lines, excused) = (source.text.lines().count(), LONG_FILES.iter().any(|(path, _)| *path == source.path));
        if lines > LONGEST_FILE && !excused {
            findings.push(format!(
                "{}:{LONGEST_FILE}: {lines} lines; a second idea hides here, give it its own file",
                source.path
            ));
        }
    }
    assert_none(&findings);
}

#[test]
fn functions_fit_on_a_screen() {
    let mut findings = Vec::new();
    for source in tree::sources() {
        for function in source.functions().iter().filter(|function| function.lines > LONGEST_FUNCTION) {
            let (path, line, name, lines) = (&source.path, function.line, &function.name, function.lines);
            findings.push(format!(
                "{path}:{line}: `{name}` has {lines} lines; split it at its phases ({LONGEST_FUNCTION} at most)"
            ));
        }
    }
    assert_none(&findings);
}
