//! The frame of every page: its head, the bar on top, the content, the foot.

use maud::{DOCTYPE, Markup, html};

use crate::{files, icons, words::Words};

/// Who looks at the page.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// How to call them.
    pub display_name: String,
    /// What their forms carry.
    pub form_token: String,
}

/// A whole page.
#[derive(Debug)]
pub struct Page<'a> {
    /// The words of it.
    pub words: &'static Words,
    /// What the browser's tab says.
    pub title: &'a str,
    /// Who looks, once logged in.
    pub visitor: Option<&'a Visitor>,
    /// Whether it is a column for a form.
    pub narrow: bool,
    /// Its content, beginning with its `h1`.
    pub content: Markup,
}

impl Page<'_> {
    /// The page as HTML.
    #[must_use]
    pub fn render(&self) -> Markup {
        html! {
            (DOCTYPE)
            html lang=(self.words.lang) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="htmx-config" content=r#"{"includeIndicatorStyles":false,"allowEval":false}"#;
                    title { (self.title) " · Zephyr" }
                    link rel="icon" href="data:,";
                    link rel="stylesheet" href=(files::STYLES.url());
                    script src=(files::HTMX.url()) defer {}
                }
                body {
                    a.skip href="#content" { (self.words.skip) }
                    (self.top())
                    main #content .narrow[self.narrow] tabindex="-1" { (self.content) }
                    footer { div.foot-in { span { "Zephyr" } a href="/docs" { (self.words.api_docs) } } }
                }
            }
        }
    }

    fn top(&self) -> Markup {
        html! {
            header.top {
                div.top-in {
                    a.brand href="/" { (icons::brand()) "Zephyr" }
                    @if let Some(visitor) = self.visitor {
                        span.who { (visitor.display_name) }
                        form method="post" action="/logout" {
                            (form_token(&visitor.form_token))
                            button.quiet type="submit" { (self.words.log_out) }
                        }
                    }
                }
            }
        }
    }
}

/// The hidden field by which a form shows that it is ours.
#[must_use]
pub fn form_token(token: &str) -> Markup {
    html! { input type="hidden" name="csrf_token" value=(token); }
}
