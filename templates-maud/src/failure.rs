//! The page for what went wrong: what happened, and the request's id to ask about it.

use maud::{Markup, html};

use crate::{page::Page, words::Words};

/// The page of a failure.
#[must_use]
pub fn failure(words: &'static Words, message: &str, request_id: &str) -> Markup {
    let content = html! {
        h1 { (message) }
        p.soft { (words.request_id) ": " span.id { (request_id) } }
        p { a href="/" { (words.back) } }
    };
    Page { words, title: message, visitor: None, narrow: true, content }.render()
}
