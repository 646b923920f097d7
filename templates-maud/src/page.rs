//! The frame of every page: its head, the ways on the left, the bar on top, the content, the foot.

use chrono::{DateTime, Utc};
use maud::{DOCTYPE, Markup, html};

use crate::{
    figures::{amount, moment},
    files, icons,
    parts::tray::tray,
    paths,
    words::Words,
};

/// Which colours a person wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the system has it.
    #[default]
    System,
    /// Ink on paper.
    Light,
    /// Paper on ink.
    Dark,
}

impl Theme {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// Its name in forms and cookies.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The theme of a name, or the system's.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self::ALL.into_iter().find(|theme| theme.name() == name).unwrap_or_default()
    }
}

/// How a page is to look, whoever looks.
#[derive(Clone, Debug)]
pub struct Look {
    /// The words.
    pub words: &'static Words,
    /// The colours.
    pub theme: Theme,
    /// Path and query of the page, to come back to.
    pub here: String,
    /// The tenant as which an admin sees the portal, if one does.
    pub viewing: Option<Viewing>,
}

/// An admin sees the portal as a tenant does, and can change nothing.
#[derive(Clone, Debug)]
pub struct Viewing {
    /// What the tenant is called.
    pub tenant: String,
    /// What the form carries that leaves.
    pub form_token: String,
    /// Until when, at most.
    pub until: DateTime<Utc>,
}

/// Who looks at the page.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// How to call them.
    pub display_name: String,
    /// What their forms carry.
    pub form_token: String,
    /// What their tenant has, unless they belong to none: available and held, in micro-credits.
    pub balance: Option<(i64, i64)>,
    /// Whether the console is open to them.
    pub console: bool,
}

/// A whole page.
#[derive(Debug)]
pub struct Page<'a> {
    /// How it looks.
    pub look: &'a Look,
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
        let words = self.look.words;
        let body = html! {
            a.skip href="#content" { (words.skip) }
            (self.top())
            div.shell .plain[self.narrow] {
                @if !self.narrow { (self.ways()) }
                main #content .narrow[self.narrow] tabindex="-1" { (self.content) }
            }
        };
        document(self.look, self.title, self.visitor.map(|visitor| visitor.form_token.as_str()), "portal", &body, None)
    }

    fn top(&self) -> Markup {
        let words = self.look.words;
        html! {
            header.top {
                div.top-in {
                    a.brand href=(paths::OVERVIEW) { (icons::brand()) "Zephyr" }
                    @if let Some(visitor) = self.visitor {
                        @if let Some((available, held)) = visitor.balance { (tray(words)) (balance_pill(words, available, held)) }
                        a.who href=(paths::SETTINGS) title=(words.portal.settings) { (visitor.display_name) }
                        form method="post" action=(paths::LOGOUT) {
                            (form_token(&visitor.form_token))
                            button.quiet type="submit" { (words.log_out) }
                        }
                    } @else if !self.narrow {
                        a.button.quiet href=(paths::LOGIN) { (words.log_in) }
                        a.button href=(paths::REGISTER) { (words.register) }
                    }
                }
            }
        }
    }

    fn ways(&self) -> Markup {
        let words = self.look.words;
        let path = self.look.here.split('?').next().unwrap_or_default();
        let ways = [
            (paths::OVERVIEW, words.overview, icons::home as fn() -> Markup),
            (paths::MARKET, words.market, icons::market),
            (paths::JOBS, words.jobs, icons::jobs),
            (paths::ASSETS, words.assets, icons::assets),
            (paths::BILLING, words.billing, icons::billing),
            (paths::KEYS, words.keys, icons::key),
            (paths::QUICKSTART, words.quickstart, icons::book),
            (paths::SETTINGS, words.portal.settings, icons::settings),
        ];
        let open_to_all = |way: &str| way == paths::MARKET;
        html! {
            nav.ways aria-label=(words.navigation) {
                @for (way, word, icon) in ways {
                    @if self.visitor.is_some() || open_to_all(way) {
                        a href=(way) aria-current=[is_at(path, way).then_some("page")] { (icon()) span { (word) } }
                    }
                }
                @if self.visitor.is_some_and(|visitor| visitor.console) {
                    a.apart href=(paths::CONSOLE) { (icons::console()) span { (words.console.frame.console) } }
                }
            }
        }
    }
}

/// What every page has around its body: the head, the place of short notes, and the foot.
pub(crate) fn document(
    look: &Look,
    title: &str,
    form_token: Option<&str>,
    class: &str,
    body: &Markup,
    script: Option<&files::File>,
) -> Markup {
    let Look { words, theme, .. } = look;
    let token = form_token.map(|token| format!(r#"{{"x-csrf-token":"{token}"}}"#));
    html! {
        (DOCTYPE)
        html lang=(words.lang) data-theme=(theme.name()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="htmx-config" content=(HTMX_CONFIG);
                title { (title) " · Zephyr" }
                link rel="icon" type="image/svg+xml" href=(files::ICON.url());
                link rel="stylesheet" href=(files::STYLES.url());
                @for script in files::SCRIPTS.iter() { script src=(script.url()) defer {} }
                @for more in script.iter() { script src=(more.url()) defer {} }
            }
            body class=(class) hx-headers=[&token] data-visitor[token.is_some()] {
                @if let Some(viewing) = &look.viewing { (banner(words, viewing)) }
                (body)
                div #toasts role="status" aria-live="polite" {}
                (foot(look))
            }
        }
    }
}

/// Says on every page whose portal it is, and leaves.
fn banner(words: &Words, viewing: &Viewing) -> Markup {
    let ours = words.console.customers;
    html! {
        aside.viewing aria-label=(ours.view_as) {
            p { (ours.viewing) " " strong { (viewing.tenant) } " " span.soft { (ours.view_until) " " (moment(words, viewing.until)) } }
            form method="post" action=(paths::CONSOLE_VIEW_LEAVE) {
                (form_token(&viewing.form_token))
                button type="submit" { (ours.leave) }
            }
        }
    }
}

fn foot(look: &Look) -> Markup {
    let Look { words, theme, here, .. } = look;
    html! {
        footer {
            div.foot-in {
                span { "Zephyr" }
                a href="/docs" { (words.api_docs) }
                form.preferences method="post" action=(paths::PREFERENCES) {
                    input type="hidden" name="back" value=(here);
                    span.segments role="group" aria-label=(words.theme) {
                        @for (one, word) in Theme::ALL.into_iter().zip(words.themes) {
                            button type="submit" name="theme" value=(one.name()) aria-pressed=(one == *theme) { (word) }
                        }
                    }
                    span.segments role="group" aria-label=(words.language) {
                        @for (lang, name) in [("en", "English"), ("zh-CN", "中文")] {
                            button type="submit" name="lang" value=(lang) lang=(lang) aria-pressed=(words.lang == lang) { (name) }
                        }
                    }
                }
            }
        }
    }
}

/// No styles of its own, nothing evaluated, nothing of a page in the browser's storage; errors are shown where they belong.
const HTMX_CONFIG: &str = r#"{"includeIndicatorStyles":false,"allowEval":false,"attributesToSettle":["class"],"historyCacheSize":0,"refreshOnHistoryMiss":true,"responseHandling":[{"code":"204","swap":false},{"code":"[23]..","swap":true},{"code":"422","swap":true},{"code":"402","swap":true},{"code":"[45]..","swap":false,"error":true}]}"#;

pub(crate) fn is_at(path: &str, way: &str) -> bool {
    match way {
        paths::OVERVIEW | paths::CONSOLE => path == way,
        paths::MARKET => path == way || path.starts_with("/m/"),
        _ => path == way || path.strip_prefix(way).is_some_and(|rest| rest.starts_with('/')),
    }
}

/// What can be spent, and lighter what is set aside; a link to where it went.
fn balance_pill(words: &Words, available: i64, held: i64) -> Markup {
    html! {
        a.pill href=(paths::LEDGER) title={ (words.held) ": " (amount(held, false)) } {
            span.visually-hidden { (words.available) ": " }
            span.amount { (amount(available, false)) }
            @if held > 0 { " " span.amount.held { "(" (amount(held, false)) ")" } }
            " " span.unit { (words.credits) }
        }
    }
}

/// The hidden field by which a form shows that it is ours.
#[must_use]
pub fn form_token(token: &str) -> Markup {
    html! { input type="hidden" name="csrf_token" value=(token); }
}
