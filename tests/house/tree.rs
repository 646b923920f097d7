//! The checkout's files, without what is built, cached or private to one machine.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::scan::Source;

/// Folders that hold nothing of ours; hidden ones are skipped too, but for those of `OPEN`.
const SKIPPED: [&str; 4] = ["target", "node_modules", "__pycache__", ".git"];
const OPEN: [&str; 3] = [".ci", ".cargo", ".github"];

/// The workspace's folder.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests crate lies in the workspace")
}

/// Every file, as a path relative to the workspace, sorted.
pub fn files() -> Vec<PathBuf> {
    let mut found = Vec::new();
    collect(root(), &mut found);
    found.sort();
    found.into_iter().map(|path| path.strip_prefix(root()).expect("collected below the root").to_owned()).collect()
}

/// The text of a file of the workspace; None where it is not UTF-8 (an image, say).
pub fn text(path: &Path) -> Option<String> {
    fs::read(root().join(path)).ok().and_then(|bytes| String::from_utf8(bytes).ok())
}

/// Every Rust file, read and scanned.
pub fn sources() -> Vec<Source> {
    let rust = files().into_iter().filter(|path| path.extension().is_some_and(|end| end == "rs"));
    rust.filter_map(|path| text(&path).map(|text| Source::new(&path, &text))).collect()
}

/// The crates of the workspace: the folders with a manifest.
pub fn crates() -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(root())
        .expect("the workspace can be listed")
        .filter_map(Result::ok)
        .filter(|entry| entry.path().join("Cargo.toml").is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            let hidden = name.starts_with('.') && !OPEN.contains(&name.as_str());
            if !hidden && !SKIPPED.contains(&name.as_str()) {
                collect(&path, found);
            }
        } else if kind.is_file() && name != ".env" {
            found.push(path);
        }
    }
}
