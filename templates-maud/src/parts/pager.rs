//! The way to the next page of a list. The way back is the browser's, for every page has a URL of its own.

use maud::{Markup, html};

use crate::{paths::with_query, words::Words};

/// Links to the first and the next page of a list with these filters.
#[must_use]
pub fn pager(words: &Words, path: &str, filters: &[(&str, &str)], after: Option<&str>, next: Option<&str>) -> Markup {
    let page = |cursor: &str| {
        let mut pairs = filters.to_vec();
        pairs.push(("after", cursor));
        with_query(path, &pairs)
    };
    html! {
        @if after.is_some() || next.is_some() {
            nav.pager aria-label=(words.pages) {
                @if after.is_some() { a.button.quiet href=(page("")) { (words.first_page) } }
                @if let Some(next) = next { a.button.quiet rel="next" href=(page(next)) { (words.next_page) } }
            }
        }
    }
}

/// How many of all are shown, where it is not all of them.
#[must_use]
pub fn of_all(shown: usize, all: usize) -> Markup {
    html! { @if shown < all { " " span.soft.amount { (shown) " / " (all) } } }
}

/// Links to the pages before and after this one, by the first and the last of its rows.
#[must_use]
pub fn turning(
    words: &Words,
    path: &str,
    filters: &[(&str, &str)],
    before: Option<&str>,
    after: Option<&str>,
) -> Markup {
    let page = |name: &'static str, cursor: &str| {
        let mut pairs = filters.to_vec();
        pairs.push((name, cursor));
        with_query(path, &pairs)
    };
    html! {
        @if before.is_some() || after.is_some() {
            nav.pager aria-label=(words.pages) {
                @if let Some(before) = before { a.button.quiet rel="prev" href=(page("before", before)) { (words.portal.previous_page) } }
                @if let Some(after) = after { a.button.quiet rel="next" href=(page("after", after)) { (words.next_page) } }
            }
        }
    }
}

/// The filters that are set, each with a link that drops it alone.
#[must_use]
pub fn chips(words: &Words, path: &str, filters: &[(&str, &str)], names: &[&str]) -> Markup {
    html! {
        @if filters.iter().any(|(_, value)| !value.is_empty()) {
            ul.chips {
                @for ((name, value), word) in filters.iter().zip(names).filter(|((_, value), _)| !value.is_empty()) {
                    @let others: Vec<_> = filters.iter().copied().filter(|(other, _)| other != name).collect();
                    li { a.badge href=(with_query(path, &others)) { span.soft { (word) ":" } " " (value) " " span aria-hidden="true" { "×" } span.visually-hidden { (words.portal.drop_filter) } } }
                }
                li { a href=(path) { (words.clear_all) } }
            }
        }
    }
}
