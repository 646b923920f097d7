//! Where things may stand in the code: SQL, the environment. The manifests can't tell these apart.

use crate::{
    assert_none,
    scan::{Source, line_of, places, words},
    tree,
};

const ENVIRONMENT: [&str; 2] = ["std::env", "dotenvy::"];
const REMEDY: &str = "let zephyr's config read it and pass it as an argument";
const SQL: [&str; 5] = ["sqlx::query", "sqlx::raw_sql", "query_as", "query_scalar", "QueryBuilder"];

#[test]
fn the_environment_is_read_in_zephyr_only() {
    let elsewhere = |source: &Source| source.krate() != "zephyr" && !source.is_test();
    let mut findings = found(elsewhere, &ENVIRONMENT, REMEDY);
    for source in tree::sources().into_iter().filter(elsewhere) {
        findings.extend(grouped_imports(&source).map(|line| format!("{}:{line}: imports env; {REMEDY}", source.path)));
    }
    assert_none(&findings);
}

#[test]
fn sql_stands_in_store_and_projections_only() {
    let elsewhere = |source: &Source| !matches!(source.krate(), "store" | "projections") && !source.is_test();
    assert_none(&found(elsewhere, &SQL, "make it a named function of store or projections"));
}

fn found(here: impl Fn(&Source) -> bool, needles: &[&str], remedy: &str) -> Vec<String> {
    let mut findings = Vec::new();
    for source in tree::sources().into_iter().filter(here) {
        let code = source.production_code();
        for needle in needles {
            findings.extend(
                places(&code, needle)
                    .map(|(line, _)| format!("{}:{line}: {needle} stands here; {remedy}", source.path)),
            );
        }
    }
    findings
}

/// The lines of `use std::{…, env, …}`.
fn grouped_imports(source: &Source) -> impl Iterator<Item = usize> {
    let group = |at: usize| source.code[at..].split(';').next().unwrap_or_default();
    let uses = source.code.match_indices("use std::{").map(|(at, _)| at);
    uses.filter(move |at| words(group(*at)).any(|(_, word)| word == "env")).map(|at| line_of(&source.code, at))
}
