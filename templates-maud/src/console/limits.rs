//! How much tenants and their keys may do, what of it is used now, and which limit a key will meet first.

use maud::{Markup, html};

use super::{
    meter::{Taken, meter},
    shell::{ConsolePage, Operator},
};
use crate::{
    figures::short_amount,
    icons,
    page::{Look, form_token},
    parts::pager::pager,
    paths::{CONSOLE_LIMITS, CONSOLE_LIMITS_OF, fill},
    words::console::limits::Limits,
};

/// A budget and what of it is gone, in micro-credits.
#[derive(Clone, Copy, Debug)]
pub struct BudgetRow {
    /// `0` a day, `1` a month, `2` all.
    pub period: usize,
    /// The budget.
    pub limit: i64,
    /// What was spent or is held of it.
    pub used: i64,
}

/// The limits of a tenant or of a key.
#[derive(Clone, Debug, Default)]
pub struct LimitsRow {
    /// `ten_…` or `key_…`
    pub id: String,
    /// What it is called.
    pub name: String,
    /// Requests a minute.
    pub requests: Taken,
    /// Tokens a minute.
    pub tokens: Taken,
    /// Jobs at once.
    pub jobs: Taken,
    /// The budgets.
    pub budgets: Vec<BudgetRow>,
}

/// What the form holds, as it was typed.
#[derive(Clone, Debug, Default)]
pub struct Typed {
    /// Requests a minute.
    pub requests: String,
    /// Tokens a minute.
    pub tokens: String,
    /// Jobs at once.
    pub jobs: String,
    /// Credits a day, a month, in all.
    pub budgets: [String; 3],
}

/// The tenants with their limits.
#[derive(Debug)]
pub struct LimitsPage<'a> {
    /// How it looks.
    pub look: &'a Look,
    /// Who looks.
    pub operator: &'a Operator,
    /// The tenants of this page.
    pub tenants: &'a [LimitsRow],
    /// The tenant that this page begins after.
    pub after: Option<&'a str>,
    /// The last tenant of this page, if more follow.
    pub next: Option<&'a str>,
}

/// One tenant's limits and those of its keys.
#[derive(Debug)]
pub struct TenantLimitsPage<'a> {
    /// How it looks.
    pub look: &'a Look,
    /// Who looks.
    pub operator: &'a Operator,
    /// The tenant.
    pub tenant: &'a LimitsRow,
    /// Its keys.
    pub keys: &'a [LimitsRow],
    /// What the form holds.
    pub typed: &'a Typed,
    /// What was wrong with it.
    pub failure: Option<&'a str>,
    /// Whether it was just saved.
    pub saved: bool,
}

impl LimitsPage<'_> {
    /// The page.
    #[must_use]
    pub fn render(&self) -> Markup {
        let (frame, words) = (self.look.words.console.frame, self.look.words.console.limits);
        let content = html! {
            h1 { (frame.limits) }
            p.soft { (words.explained) }
            section.card { @if self.tenants.is_empty() { div.empty { p { (self.look.words.nothing_found) } } } @else { (table(self.look, words.tenant, self.tenants, |id| Some(fill(CONSOLE_LIMITS_OF, &[id])))) } }
            (pager(self.look.words, CONSOLE_LIMITS, &[], self.after, self.next))
        };
        ConsolePage { look: self.look, operator: self.operator, title: frame.limits, content }.render()
    }
}

impl TenantLimitsPage<'_> {
    /// The page.
    #[must_use]
    pub fn render(&self) -> Markup {
        let (frame, words) = (self.look.words.console.frame, self.look.words.console.limits);
        let content = html! {
            p.crumb { a href=(CONSOLE_LIMITS) { (frame.limits) } }
            h1 { (self.tenant.name) }
            p.soft { span.id { (self.tenant.id) } }
            @if self.saved { p.note.well role="status" { (icons::done()) " " (words.saved) } }
            @if let Some(failure) = self.failure { p.note role="alert" tabindex="-1" data-focus { (failure) } }
            section.card { (table(self.look, words.tenant, std::slice::from_ref(self.tenant), |_| None)) }
            @if self.operator.may_act { (self.form()) }
            section.card aria-labelledby="keys" {
                header { h2 #keys { (words.keys) } }
                @if self.keys.is_empty() { div.empty { p { (words.no_keys) } } } @else {
                    (table(self.look, words.key, self.keys, |_| None))
                    ul.pad.results { @for key in self.keys { li { strong { (key.name) } ": " (self.effective(words, key)) } } }
                }
            }
        };
        ConsolePage { look: self.look, operator: self.operator, title: &self.tenant.name, content }.render()
    }

    /// Which limit a key meets first, and whose it is.
    fn effective(&self, words: &Limits, key: &LimitsRow) -> Markup {
        let rules = [
            (words.requests, key.requests.limit, self.tenant.requests.limit),
            (words.tokens, key.tokens.limit, self.tenant.tokens.limit),
            (words.jobs, key.jobs.limit, self.tenant.jobs.limit),
        ];
        html! {
            @for (nth, (word, own, of_tenant)) in rules.into_iter().enumerate() {
                @if nth > 0 { "; " }
                (word) " "
                @match (own, of_tenant) {
                    (None, None) => (words.unlimited),
                    (Some(own), Some(tenant)) if tenant < own => { (tenant) " (" (words.because_tenant) ", " (words.own_is) " " (own) ")" }
                    (Some(own), _) => { (own) " (" (words.because_key) ")" }
                    (None, Some(tenant)) => { (tenant) " (" (words.because_tenant) ")" }
                }
            }
        }
    }

    fn form(&self) -> Markup {
        let (words, typed) = (self.look.words.console.limits, self.typed);
        let number = |name: &str, word: &str, value: &str| {
            html! { label { span { (word) } input type="number" name=(name) min="1" inputmode="numeric" value=(value) placeholder=(words.unlimited); } }
        };
        let credits = |name: &str, word: &str, value: &str| {
            html! { label { span { (word) } input type="text" name=(name) inputmode="decimal" value=(value) placeholder=(words.unlimited); } }
        };
        html! {
            section.card aria-labelledby="change" {
                header { h2 #change { (words.change) } span.soft { (words.change_hint) } }
                div.pad { form.inline method="post" action=(fill(CONSOLE_LIMITS_OF, &[&self.tenant.id])) {
                    (form_token(&self.operator.form_token))
                    (number("requests", words.requests, &typed.requests))
                    (number("tokens", words.tokens, &typed.tokens))
                    (number("jobs", words.jobs, &typed.jobs))
                    (credits("day", words.periods[0], &typed.budgets[0]))
                    (credits("month", words.periods[1], &typed.budgets[1]))
                    (credits("total", words.periods[2], &typed.budgets[2]))
                    button.quiet type="submit" { (words.change) }
                } }
            }
        }
    }
}

fn table(look: &Look, what: &str, rows: &[LimitsRow], link: impl Fn(&str) -> Option<String>) -> Markup {
    let words = look.words.console.limits;
    html! {
        div.scroll tabindex="0" role="region" aria-label=(what) { table.dense {
            thead { tr {
                th scope="col" { (what) } th scope="col" { (words.requests) } th scope="col" { (words.tokens) } th scope="col" { (words.jobs) }
                @for period in words.periods { th scope="col" { (period) } }
            } }
            tbody { @for row in rows { tr {
                th scope="row" { @if let Some(path) = link(&row.id) { a href=(path) { (row.name) } } @else { (row.name) } " " span.id.soft { (row.id) } }
                td { (meter(words.unlimited, row.requests)) }
                td { (meter(words.unlimited, row.tokens)) }
                td { @match row.jobs { Taken { used: Some(used @ 1..), limit: None } => { (used) " " span.soft { (words.unlimited) } }, taken => (meter(words.unlimited, taken)) } }
                @for period in 0..3 { td { @match row.budgets.iter().find(|budget| budget.period == period) {
                    Some(budget) => span.amount { (short_amount(budget.used)) " / " (short_amount(budget.limit)) },
                    None => span.soft title=(words.unlimited) { "–" },
                } } }
            } } }
        } }
    }
}
