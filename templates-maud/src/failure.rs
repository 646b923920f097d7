//! The page for what went wrong: what happened, and the request's id to ask about it.

use maud::{Markup, html};

use crate::{
    page::{Look, Page},
    paths::OVERVIEW,
};

/// The page of a failure.
#[must_use]
pub fn failure(look: &Look, message: &str, request_id: &str) -> Markup {
    let words = look.words;
    let content = html! {
        h1 { (message) }
        p.soft { (words.request_id) ": " span.id { (request_id) } }
        p { a href=(OVERVIEW) { (words.back) } }
    };
    Page { look, title: message, visitor: None, narrow: true, content }.render()
}

/// The same within a page that stays.
#[must_use]
pub fn within(look: &Look, message: &str, request_id: &str) -> Markup {
    html! {
        div.note role="alert" { p { (message) } p.soft { (look.words.request_id) ": " span.id { (request_id) } } }
    }
}
