//! The frame of the console's pages: compact, with ways of its own and one back to the portal.

use maud::{Markup, html};

use crate::{
    files, icons,
    page::{Look, document, form_token, is_at},
    paths,
    words::console::frame::Frame,
};

/// Who looks at the console.
#[derive(Clone, Debug)]
pub struct Operator {
    /// How to call them.
    pub display_name: String,
    /// What their forms carry.
    pub form_token: String,
    /// Whether they may change something; else they only look.
    pub may_act: bool,
}

/// A page of the console.
#[derive(Debug)]
pub struct ConsolePage<'a> {
    /// How it looks.
    pub look: &'a Look,
    /// Who looks.
    pub operator: &'a Operator,
    /// What the browser's tab says.
    pub title: &'a str,
    /// Its content, beginning with its `h1`.
    pub content: Markup,
}

/// A way within the console.
struct Way {
    path: &'static str,
    word: &'static str,
}

impl ConsolePage<'_> {
    /// The page as HTML.
    #[must_use]
    pub fn render(&self) -> Markup {
        let words = self.look.words;
        let title = format!("{} · {}", self.title, words.console.frame.console);
        let body = html! {
            a.skip href="#content" { (words.skip) }
            (self.top())
            div.shell {
                (self.ways())
                main #content tabindex="-1" { (self.content) }
            }
        };
        document(self.look, &title, Some(&self.operator.form_token), "console", &body, Some(&files::CONSOLE_SCRIPT))
    }

    fn top(&self) -> Markup {
        let (words, frame) = (self.look.words, self.look.words.console.frame);
        let (role, hint) = if self.operator.may_act { (frame.admin, "") } else { (frame.auditor, frame.looks_only) };
        html! {
            header.top {
                div.top-in {
                    a.brand href=(paths::CONSOLE) { (icons::brand()) "Zephyr " span.soft { (frame.console) } }
                    a href=(paths::OVERVIEW) { (frame.to_portal) }
                    span.who { (self.operator.display_name) }
                    span.badge title=(hint) { (role) }
                    form method="post" action=(paths::LOGOUT) {
                        (form_token(&self.operator.form_token))
                        button.quiet type="submit" { (words.log_out) }
                    }
                }
            }
        }
    }

    fn ways(&self) -> Markup {
        let words = self.look.words;
        let path = self.look.here.split('?').next().unwrap_or_default();
        html! {
            nav.ways aria-label=(words.navigation) {
                @for (group, ways) in groups(words.console.frame, self.operator.may_act) {
                    h2 { (group) }
                    @for Way { path: way, word } in ways {
                        a href=(way) aria-current=[is_at(path, way).then_some("page")] { (word) }
                    }
                }
            }
        }
    }
}

/// The ways of the console, in groups; only those that lead somewhere.
fn groups(frame: &Frame, may_act: bool) -> Vec<(&'static str, Vec<Way>)> {
    let way = |path, word| Way { path, word };
    let mut commerce = vec![
        way(paths::CONSOLE_MODELS, frame.models),
        way(paths::CONSOLE_TENANTS, frame.tenants),
        way(paths::CONSOLE_RECHARGES, frame.recharges),
    ];
    // Addresses are nobody's business but an admin's.
    if may_act {
        commerce.insert(2, way(paths::CONSOLE_USERS, frame.users));
    }
    let operations = vec![
        way(paths::CONSOLE, frame.overview),
        way(paths::PROVIDER_KEYS, frame.provider_keys),
        way(paths::CONSOLE_PROVIDERS, frame.providers),
        way(paths::CONSOLE_JOBS, frame.jobs),
        way(paths::CONSOLE_REQUESTS, frame.requests),
        way(paths::CONSOLE_LIMITS, frame.limits),
        way(paths::CONSOLE_SYSTEM, frame.system),
        way(paths::CONSOLE_SETTINGS, frame.settings),
    ];
    vec![
        (frame.operations, operations),
        (frame.commerce, commerce),
        (frame.books, vec![way(paths::CONSOLE_LEDGER, frame.ledger), way(paths::CONSOLE_AUDIT, frame.audit)]),
    ]
}
