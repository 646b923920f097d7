//! Who did what to whom, and when, as the log says it.

use chrono::{DateTime, Utc};
use maud::{Markup, html};

use crate::{
    console::shell::{ConsolePage, Operator},
    figures::moment_exact,
    page::Look,
    paths::{CONSOLE_AUDIT, CONSOLE_TENANT, CONSOLE_USER, fill, with_query},
    words::Words,
};

/// The longest change that a row shows at once.
const BRIEF_MAX_CHARS: usize = 160;

/// An act.
#[derive(Clone, Debug)]
pub struct ActLine {
    /// Its place in the log.
    pub position: i64,
    /// When the log took it.
    pub at: DateTime<Utc>,
    /// Who did it; nobody, if the platform did.
    pub actor: String,
    /// What was done: the event's name.
    pub action: String,
    /// To what: the aggregate's id.
    pub target: String,
    /// The type of the aggregate.
    pub target_type: String,
    /// The name that people know the target by, if it has one.
    pub target_name: Option<String>,
    /// The request that led to it.
    pub request_id: String,
    /// What the event says, as short JSON.
    pub change: String,
}

/// Which acts.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// A person's or key's id.
    pub actor: String,
    /// An aggregate's id.
    pub target: String,
    /// An event's name.
    pub action: String,
    /// A request's id.
    pub request: String,
    /// The first day.
    pub from: String,
    /// The last day.
    pub to: String,
    /// One place in the log.
    pub position: String,
    /// `everything`, or acts of people only.
    pub show: String,
}

impl Filter {
    /// As a query's pairs.
    #[must_use]
    pub fn pairs(&self) -> [(&str, &str); 8] {
        let Self { actor, target, action, request, from, to, position, show } = self;
        [
            ("actor", actor),
            ("target", target),
            ("action", action),
            ("request", request),
            ("from", from),
            ("to", to),
            ("position", position),
            ("show", show),
        ]
    }
}

/// The page of the audit.
#[derive(Debug)]
pub struct AuditPage<'a> {
    /// How it looks.
    pub look: &'a Look,
    /// Who looks.
    pub operator: &'a Operator,
    /// Which acts.
    pub filter: &'a Filter,
    /// The acts of this page, the newest first.
    pub acts: &'a [ActLine],
    /// All positions from this one on were looked through.
    pub looked_from: i64,
    /// Whether this is not the first page.
    pub later: bool,
}

impl AuditPage<'_> {
    /// The page.
    #[must_use]
    pub fn render(&self) -> Markup {
        let (words, ours) = (self.look.words, self.look.words.console.books);
        let content = html! {
            h1 { (words.console.frame.audit) }
            p.soft { (ours.audit_hint) }
            (self.filters())
            section.card aria-label=(words.console.frame.audit) {
                @if self.acts.is_empty() { div.empty { p { (ours.nothing_done) } } } @else { (self.table()) }
            }
            (self.pager())
        };
        ConsolePage { look: self.look, operator: self.operator, title: words.console.frame.audit, content }.render()
    }

    fn filters(&self) -> Markup {
        let (words, ours, filter) = (self.look.words, self.look.words.console.books, self.filter);
        let text = |name: &str, word: &str, value: &str, example: &str| {
            html! {
                label { span { (word) } input type="text" name=(name) value=(value) placeholder=(example) maxlength="100" autocomplete="off"; }
            }
        };
        html! {
            form.filters method="get" action=(CONSOLE_AUDIT) {
                (text("actor", ours.actor, &filter.actor, "usr_…"))
                (text("target", ours.target, &filter.target, "ten_… mdl_… pky_…"))
                (text("action", ours.action, &filter.action, "CreditsRecharged"))
                (text("request", ours.request, &filter.request, "req_…"))
                label { span { (words.from_day) } input type="date" name="from" value=(filter.from); }
                label { span { (words.to_day) } input type="date" name="to" value=(filter.to); }
                label { span { (ours.everything_is) }
                    select name="show" {
                        option value="" { (ours.acts_only) }
                        option value="everything" selected[filter.show == "everything"] { (ours.everything) }
                    }
                }
                @if !filter.position.is_empty() { input type="hidden" name="position" value=(filter.position); }
                button.quiet type="submit" { (words.filter) }
                @if filter.pairs().iter().any(|(_, value)| !value.is_empty()) { a.button.quiet href=(CONSOLE_AUDIT) { (words.clear_all) } }
            }
        }
    }

    fn table(&self) -> Markup {
        let (words, ours) = (self.look.words, self.look.words.console.books);
        html! {
            div.scroll { table.rows.audit {
                thead { tr {
                    th scope="col" { (ours.when) } th scope="col" { (ours.actor) } th scope="col" { (ours.action) } th scope="col" { (ours.target) }
                    th scope="col" { (ours.change) } th scope="col" { (ours.request) }
                } }
                tbody {
                    @for act in self.acts {
                        tr {
                            td.when { (moment_exact(words, act.at)) br; span.soft { (ours.position) " " (act.position) } }
                            td data-label=(ours.actor) { (self.actor(words, &act.actor)) }
                            td data-label=(ours.action) { a href=(with_query(CONSOLE_AUDIT, &[("action", &act.action)])) { (act.action) } }
                            td data-label=(ours.target) { (target(act)) }
                            td.change { (change(&act.change)) }
                            td data-label=(ours.request) { @if !act.request_id.is_empty() { a.id.soft href=(with_query(CONSOLE_AUDIT, &[("request", &act.request_id), ("show", "everything")])) { (act.request_id) } } }
                        }
                    }
                }
            } }
        }
    }

    fn actor(&self, words: &Words, actor: &str) -> Markup {
        html! {
            @if actor.is_empty() { span.soft { (words.console.books.by_system) } }
            @else if actor.starts_with("usr_") && self.operator.may_act { a.id href=(fill(CONSOLE_USER, &[actor])) { (actor) } }
            @else { a.id href=(with_query(CONSOLE_AUDIT, &[("actor", actor)])) { (actor) } }
        }
    }

    fn pager(&self) -> Markup {
        let (words, ours) = (self.look.words, self.look.words.console.books);
        let further = self.looked_from.to_string();
        let mut pairs = self.filter.pairs().to_vec();
        pairs.push(("before", &further));
        html! {
            p.soft { (ours.looked_from) " " (self.looked_from) " " (ours.on) }
            @if self.later || self.looked_from > 1 {
                nav.pager aria-label=(words.pages) {
                    @if self.later { a.button.quiet href=(with_query(CONSOLE_AUDIT, &self.filter.pairs())) { (words.first_page) } }
                    @if self.looked_from > 1 && self.filter.position.is_empty() { a.button.quiet rel="next" href=(with_query(CONSOLE_AUDIT, &pairs)) { (ours.earlier) } }
                }
            }
        }
    }
}

fn target(act: &ActLine) -> Markup {
    let path = match act.target_type.as_str() {
        "tenant" | "account" => fill(CONSOLE_TENANT, &[&act.target]),
        "job" => with_query(CONSOLE_AUDIT, &[("target", &act.target), ("show", "everything")]),
        "person" => fill(CONSOLE_USER, &[&act.target]),
        _ => with_query(CONSOLE_AUDIT, &[("target", &act.target)]),
    };
    html! {
        span.soft { (act.target_type) " " }
        @if let Some(name) = &act.target_name { (name) " " }
        a.id href=(path) { (act.target) }
    }
}

/// What was recorded: at once when it is short, unfolded when it is long.
fn change(text: &str) -> Markup {
    html! {
        @if text.chars().count() <= BRIEF_MAX_CHARS { code { (text) } }
        @else {
            details { summary { code { (text.chars().take(BRIEF_MAX_CHARS).collect::<String>()) "…" } } pre { code { (text) } } }
        }
    }
}
