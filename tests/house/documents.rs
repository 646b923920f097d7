//! What a newcomer reads: the documents exist, their links lead somewhere, and every setting is listed.

use std::{collections::BTreeSet, path::Path};

use crate::{
    assert_none,
    scan::{line_of, words},
    tree,
};

const DOCUMENTS: [&str; 5] = ["README.md", "README.zh.md", "ARCHITECTURE.md", "CHANGELOG.md", ".env.example"];

#[test]
fn the_documents_exist() {
    let missing = DOCUMENTS.iter().filter(|name| !tree::root().join(name).is_file());
    assert_none(
        &missing
            .map(|name| format!("{name}:1: it does not exist; a newcomer looks for it, write it"))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut findings = Vec::new();
    for path in tree::files().into_iter().filter(|path| path.extension().is_some_and(|end| end == "md")) {
        let text = tree::text(&path).unwrap_or_default();
        for (line, target) in relative_links(&text) {
            if !tree::root().join(&path).with_file_name(&target).exists() {
                findings.push(format!(
                    "{}:{line}: the link to {target} leads nowhere; correct or remove it",
                    path.display()
                ));
            }
        }
    }
    assert_none(&findings);
}

#[test]
fn every_setting_is_listed_in_the_example() {
    let Some(example) = tree::text(Path::new(".env.example")) else {
        return assert_none(&[".env.example:1: it does not exist; list every setting".into()]);
    };
    let listed: BTreeSet<_> = words(&example).map(|(_, word)| word).collect();
    let config = tree::sources().into_iter().filter(|source| source.path.starts_with("zephyr/src/config"));
    let mut findings = Vec::new();
    for source in config.filter(|source| !source.is_test()) {
        let code = source.production_code();
        for (line, literal) in &source.literals {
            let name = literal.trim_matches('"');
            let in_production = code.lines().nth(line - 1).is_some_and(|line| !line.trim().is_empty());
            if in_production && is_setting(name) && !listed.contains(name) {
                findings.push(format!("{}:{line}: {name} is read here; describe it in .env.example", source.path));
            }
        }
    }
    assert_none(&findings);
}

#[test]
fn the_composition_takes_only_listed_settings() {
    let example = tree::text(Path::new(".env.example")).unwrap_or_default();
    let composition = tree::text(Path::new("docker-compose.yml")).unwrap_or_default();
    let taken = composition.match_indices("${").filter_map(|(at, _)| Some((at, words(&composition[at..]).next()?.1)));
    let unlisted = taken.filter(|(_, name)| !words(&example).any(|(_, word)| word == *name));
    let finding = |(at, name)| {
        format!("docker-compose.yml:{}: takes {name}; describe it in .env.example", line_of(&composition, at))
    };
    assert_none(&unlisted.map(finding).collect::<Vec<_>>());
}

#[test]
fn the_example_lists_nothing_that_nobody_reads() {
    let example = tree::text(Path::new(".env.example")).unwrap_or_default();
    let readers = tree::files().into_iter().filter(|path| is_reader(path));
    let read: String = readers.filter_map(|path| tree::text(&path)).collect();
    let assigned = example
        .lines()
        .enumerate()
        .filter_map(|(index, line)| Some((index + 1, line.trim_start_matches(['#', ' ']).split_once('=')?.0)));
    let stale = assigned.filter(|(_, name)| is_setting(name) && !words(&read).any(|(_, word)| word == *name));
    assert_none(
        &stale.map(|(line, name)| format!(".env.example:{line}: nobody reads {name}; remove it")).collect::<Vec<_>>(),
    );
}

/// zephyr, and the composition that passes settings on to the other parts.
fn is_reader(path: &Path) -> bool {
    path.starts_with("zephyr/src") || path == Path::new("docker-compose.yml")
}

/// `LIKE_THIS`, in at least two parts, and not one that cargo sets while building.
fn is_setting(name: &str) -> bool {
    let part = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    name.contains('_')
        && !name.starts_with("CARGO_")
        && name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.split('_').all(part)
}

/// The targets of `[text](target)` that name a file, each with its line.
fn relative_links(text: &str) -> Vec<(usize, String)> {
    let targets = text.match_indices("](").filter_map(|(at, _)| Some((at, text[at + 2..].split_once(')')?.0)));
    let files = targets.filter_map(|(at, target)| Some((at, target.split(['#', ' ']).next()?)));
    let relative = files.filter(|(_, target)| !target.is_empty() && !target.contains(':') && !target.starts_with('/'));
    relative.map(|(at, target)| (line_of(text, at), target.to_owned())).collect()
}
