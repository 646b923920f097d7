//! Pages obey a strict Content-Security-Policy: no style, script or handler stands inside the markup.

use crate::{
    assert_none,
    scan::{line_of, words},
    tree,
};

const REMEDY: &str = "the page's policy would block it; put it into an asset and name a class or a data attribute";

/// After these, `style {` is Rust and no element.
const NAMES_FOLLOW: [&str; 8] = ["match", "if", "while", "in", "mod", "struct", "enum", "impl"];

#[test]
fn markup_holds_no_inline_style_script_or_handler() {
    let mut findings = Vec::new();
    for source in tree::sources().into_iter().filter(|source| source.krate() == "templates-maud" && !source.is_test()) {
        for (line, what) in inline(&source.code) {
            findings.push(format!("{}:{line}: {what}; {REMEDY}", source.path));
        }
        for (line, literal) in &source.literals {
            for tag in ["<style", "<script"].iter().filter(|tag| literal.contains(**tag)) {
                findings.push(format!("{}:{line}: a literal with {tag}; {REMEDY}", source.path));
            }
        }
    }
    assert_none(&findings);
}

/// In maud an attribute is `name=` with no space before the sign, and an element with content is `name {`.
fn inline(code: &str) -> Vec<(usize, String)> {
    let (mut found, mut previous) = (Vec::new(), "");
    for (at, word) in words(code) {
        let (before, after) = (code[..at].chars().next_back(), &code[at + word.len()..]);
        let continues = before.is_some_and(|c| matches!(c, '-' | '.' | ':' | '#'));
        let is_attribute = after.starts_with('=') && !after.starts_with("==");
        let is_handler = word.starts_with("on") && word.len() > 2 && word.bytes().all(|b| b.is_ascii_lowercase());
        if !continues && is_attribute && (word == "style" || is_handler) {
            found.push((line_of(code, at), format!("an inline `{word}`")));
        }
        if !continues && is_element(word, after) && !NAMES_FOLLOW.contains(&previous) {
            found.push((line_of(code, at), format!("an inline `{word}` element")));
        }
        previous = word;
    }
    found
}

fn is_element(word: &str, after: &str) -> bool {
    matches!(word, "script" | "style") && after.trim_start().starts_with('{')
}

#[test]
fn inline_code_is_found_and_assets_are_not() {
    let bad = "html! { p style=(x) onclick=(y) { } script { (z) } style { (z) } }";
    let good = "html! { p.style data-style=(x) { } script src=(y) defer {} @if style == x { } @match style { } }\nlet onward = 1;";
    assert_eq!(inline(bad).len(), 4);
    assert_eq!(inline(good), []);
}
