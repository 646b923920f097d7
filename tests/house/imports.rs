//! Who may import whom, read from the manifests. What tests alone need ([dev-dependencies]) is free.

use std::path::Path;

use crate::{assert_none, tree};

/// The crates of the workspace, and which others of ours each may import.
const OURS: [(&str, &[&str]); 13] = [
    ("domain", &[]),
    ("limits", &[]),
    ("simulator", &[]),
    ("store", &["domain"]),
    ("bus", &["domain"]),
    ("providers", &["domain"]),
    ("projections", &["domain", "store"]),
    ("dispatch", &["domain", "store", "bus", "providers", "limits", "projections"]),
    ("templates-maud", &["domain", "projections"]),
    ("api", &["domain", "store", "bus", "providers", "limits", "projections", "dispatch", "templates-maud"]),
    ("worker", &["domain", "store", "bus", "providers", "limits", "projections", "dispatch"]),
    ("zephyr", EVERYTHING),
    ("tests", EVERYTHING),
];

const EVERYTHING: &[&str] = &[
    "domain",
    "store",
    "bus",
    "providers",
    "limits",
    "projections",
    "dispatch",
    "templates-maud",
    "api",
    "worker",
    "simulator",
];

/// Outside crates that stand in a few places only, and where. `tests` looks from outside and may use them all.
const CONFINED: [(&str, &[&str], &str); 9] = [
    ("sqlx", &["store", "projections", "zephyr"], "SQL stands in store and projections; zephyr only opens the pool"),
    ("postgres-es", &["store"], "the event log is store's"),
    (
        "reqwest",
        &["providers", "simulator", "zephyr"],
        "calls upstream are providers'; zephyr's tour and doctor are clients",
    ),
    ("lapin", &["bus"], "the broker is bus's"),
    ("redis", &["limits"], "shared limits are limits'"),
    ("rust-s3", &["store"], "objects are store's"),
    ("s3s-fs", &["zephyr"], "only the embedded default serves S3"),
    ("dotenvy", &["zephyr"], "the environment is read in zephyr"),
    ("maud", &["templates-maud", "api"], "pages are made in templates-maud and answered by api"),
];

/// What would make the rules depend on more than their input.
const IMPURE: [&str; 12] = [
    "tokio", "sqlx", "reqwest", "rand", "axum", "lapin", "redis", "rust-s3", "tracing", "metrics", "dotenvy", "futures",
];

#[test]
fn crates_import_only_what_the_house_allows() {
    let mut findings = Vec::new();
    for (name, allowed) in OURS {
        for (line, dependency) in dependencies(name) {
            let ours = OURS.iter().any(|(other, _)| *other == dependency);
            if ours && !allowed.contains(&dependency.as_str()) {
                findings.push(format!(
                    "{name}/Cargo.toml:{line}: {name} imports {dependency}; move what it needs to a crate below both"
                ));
            }
        }
    }
    assert_none(&findings);
}

#[test]
fn every_crate_has_its_place_in_the_house() {
    let known = |name: &String| OURS.iter().any(|(ours, _)| ours == name);
    let strangers = tree::crates().into_iter().filter(|name| !known(name));
    assert_none(
        &strangers
            .map(|name| format!("{name}/Cargo.toml:1: say in tests/house/imports.rs what {name} may import"))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn outside_crates_stand_where_they_belong() {
    let mut findings = Vec::new();
    for (name, _) in OURS.iter().filter(|(name, _)| *name != "tests") {
        for (line, dependency) in dependencies(name) {
            for (_, _, reason) in
                CONFINED.iter().filter(|(krate, places, _)| *krate == dependency && !places.contains(name))
            {
                findings.push(format!("{name}/Cargo.toml:{line}: {name} depends on {dependency}; {reason}"));
            }
        }
    }
    assert_none(&findings);
}

#[test]
fn the_domain_is_pure() {
    let impure = dependencies("domain").into_iter().filter(|(_, name)| IMPURE.contains(&name.as_str()));
    assert_none(
        &impure
            .map(|(line, name)| {
                format!("domain/Cargo.toml:{line}: the rules depend on {name}; pass in what they need as arguments")
            })
            .collect::<Vec<_>>(),
    );
}

/// The names under [dependencies] and [build-dependencies] (of any target), each with its line.
fn dependencies(krate: &str) -> Vec<(usize, String)> {
    let manifest = tree::text(&Path::new(krate).join("Cargo.toml")).unwrap_or_default();
    let (mut inside, mut found) = (false, Vec::new());
    for (index, line) in manifest.lines().map(str::trim).enumerate() {
        if let Some(section) = line.strip_prefix('[') {
            let section = section.trim_end_matches(']');
            inside = section.ends_with("dependencies") && !section.ends_with("dev-dependencies");
            if let Some((_, name)) = section.split_once("dependencies.").filter(|(kind, _)| !kind.ends_with("dev-")) {
                found.push((index + 1, name.trim_matches('"').to_owned()));
            }
        } else if inside && !line.starts_with('#') {
            let name = line.split(['.', '=', ' ']).next().unwrap_or_default().trim_matches('"');
            found.extend((!name.is_empty()).then(|| (index + 1, name.to_owned())));
        }
    }
    found
}
