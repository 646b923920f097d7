//! Code to be copied.

use maud::{Markup, html};

use crate::words::Words;

/// A block of code under a title, with a button that copies it where scripts run.
#[must_use]
pub fn snippet(words: &Words, title: &str, code: &str) -> Markup {
    html! {
        figure.snippet {
            figcaption { span { (title) } button.quiet type="button" hidden data-copy { (words.copy) } }
            pre tabindex="0" { code { (code) } }
        }
    }
}
