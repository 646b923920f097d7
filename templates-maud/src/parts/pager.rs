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
