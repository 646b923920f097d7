//! The last requests that one process answered: the newest first, by filters, alive when asked for.

use chrono::{DateTime, Utc};
use maud::{Markup, html};

use super::shell::{ConsolePage, Operator};
use crate::{
    figures::moment_exact,
    page::Look,
    paths::{CONSOLE_JOB, CONSOLE_REQUESTS, CONSOLE_REQUESTS_NEWS, CONSOLE_REQUESTS_PART, fill, with_query},
};

/// A request.
#[derive(Clone, Debug)]
pub struct RequestRow {
    /// Its number.
    pub number: u64,
    /// When it came.
    pub at: DateTime<Utc>,
    /// `req_…`
    pub request_id: String,
    /// The method.
    pub method: String,
    /// The route's pattern.
    pub route: String,
    /// The tenant, or nothing.
    pub tenant_id: String,
    /// The API key or the person, or nothing.
    pub actor: String,
    /// The status.
    pub status: u16,
    /// The stable code of an error.
    pub code: Option<&'static str>,
    /// The job behind it.
    pub job_id: Option<String>,
    /// What was charged.
    pub cost: Option<String>,
    /// After how many milliseconds the answer began.
    pub began_ms: u64,
    /// After how many it ended.
    pub ended_ms: Option<u64>,
}

/// Which requests, and whether the page is alive.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// `2`, `3`, `4` or `5`: the first digit of the status.
    pub class: String,
    /// A tenant's id.
    pub tenant: String,
    /// The id of an API key or a person.
    pub actor: String,
    /// A text in the route, the request id, the job's id or the code.
    pub q: String,
    /// `1` when the newest come by themselves.
    pub live: String,
}

impl Filter {
    /// As a query's pairs.
    #[must_use]
    pub fn pairs(&self) -> [(&str, &str); 5] {
        [("class", &self.class), ("tenant", &self.tenant), ("actor", &self.actor), ("q", &self.q), ("live", &self.live)]
    }

    fn with_live(&self, live: &str) -> String {
        with_query(CONSOLE_REQUESTS, &Self { live: live.to_owned(), ..self.clone() }.pairs())
    }
}

/// The page.
#[derive(Debug)]
pub struct RequestsPage<'a> {
    /// How it looks.
    pub look: &'a Look,
    /// Who looks.
    pub operator: &'a Operator,
    /// Which requests.
    pub filter: &'a Filter,
    /// The requests, the newest first.
    pub requests: &'a [RequestRow],
    /// How many the process keeps.
    pub kept: usize,
    /// Before which number this page begins; nothing on the first.
    pub before: Option<u64>,
    /// Whether more follow.
    pub more: bool,
}

impl RequestsPage<'_> {
    /// The page.
    #[must_use]
    pub fn render(&self) -> Markup {
        let words = self.look.words.console.requests;
        let title = self.look.words.console.frame.requests;
        let content = html! {
            h1 { (title) }
            p.soft { (words.kept_before) " " (self.kept) " " (words.kept_after) }
            (self.filters())
            @if self.before.is_none() { (self.tail_switch()) }
            (self.part())
            (self.pages())
        };
        ConsolePage { look: self.look, operator: self.operator, title, content }.render()
    }

    /// The rows, which change by themselves where that was asked for.
    #[must_use]
    pub fn part(&self) -> Markup {
        let live = self.filter.live == "1" && self.before.is_none();
        let from = with_query(CONSOLE_REQUESTS_PART, &self.filter.pairs());
        html! {
            section.card #tail hx-get=[live.then_some(from)] hx-trigger=[live.then_some("zephyr:refresh")] hx-swap="outerHTML"
                data-every=[live.then_some("5")] data-calm=[live.then_some("#news")] {
                @if live { (news(self.look, self.filter, self.requests.first().map_or(0, |newest| newest.number), 0)) }
                @if self.requests.is_empty() { div.empty { p { (self.look.words.nothing_found) } } } @else { (self.table()) }
            }
        }
    }

    fn tail_switch(&self) -> Markup {
        let words = self.look.words.console.requests;
        let live = self.filter.live == "1";
        html! {
            p.tail {
                a.button.quiet href=(self.filter.with_live(if live { "" } else { "1" })) aria-pressed=(live) role="button" { (if live { words.stop_tail } else { words.tail }) }
                " " span.soft { (words.tail_hint) }
            }
        }
    }

    fn filters(&self) -> Markup {
        let words = self.look.words;
        let requests = words.console.requests;
        html! {
            form.filters method="get" action=(CONSOLE_REQUESTS) {
                label { span { (words.status) }
                    select name="class" {
                        option value="" { (words.all) }
                        @for class in ["2", "3", "4", "5"] { option value=(class) selected[class == self.filter.class] { (class) "xx" } }
                    }
                }
                label { span { (requests.tenant) } input type="search" name="tenant" value=(self.filter.tenant); }
                label { span { (requests.actor) } input type="search" name="actor" value=(self.filter.actor); }
                label { span { (words.search) } input type="search" name="q" value=(self.filter.q) placeholder=(requests.search_hint) data-search; }
                @if !self.filter.live.is_empty() { input type="hidden" name="live" value=(self.filter.live); }
                button.quiet type="submit" { (words.filter) }
                a.button.quiet href=(CONSOLE_REQUESTS) { (words.clear_all) }
            }
        }
    }

    fn table(&self) -> Markup {
        let words = self.look.words.console.requests;
        html! {
            div.scroll tabindex="0" role="region" aria-label=(self.look.words.console.frame.requests) { table.dense {
                thead { tr {
                    th scope="col" { (self.look.words.time) } th scope="col" { (self.look.words.status) } th scope="col" { (words.route) }
                    th.num scope="col" { (words.began) } th.num scope="col" { (words.ended) } th.num scope="col" { (words.cost) }
                    th scope="col" { (words.tenant) } th scope="col" { (words.actor) } th scope="col" { (self.look.words.job) } th scope="col" { (self.look.words.request_id) }
                } }
                tbody { @for one in self.requests { (self.row(one)) } }
            } }
        }
    }

    fn row(&self, one: &RequestRow) -> Markup {
        let by = |name: &str, value: &str| with_query(CONSOLE_REQUESTS, &[(name, value), ("live", &self.filter.live)]);
        let class = match one.status {
            500.. => "state bad",
            400.. => "state warn",
            _ => "state good",
        };
        html! {
            tr {
                td.when { (moment_exact(self.look.words, one.at)) }
                td { span class=(class) { (one.status) } @if let Some(code) = one.code { " " code { (code) } } }
                td { (one.method) " " code { (one.route) } }
                td.num { (one.began_ms) " ms" }
                td.num { @if let Some(ended) = one.ended_ms { (ended) " ms" } @else { "…" } }
                td.num.amount { (one.cost.as_deref().unwrap_or("–")) }
                td { @if !one.tenant_id.is_empty() { a.id href=(by("tenant", &one.tenant_id)) { (one.tenant_id) } } }
                td { @if !one.actor.is_empty() { a.id href=(by("actor", &one.actor)) { (one.actor) } } }
                td { @if let Some(job) = &one.job_id { a.id href=(fill(CONSOLE_JOB, &[job])) { (job) } } }
                td { span.id { (one.request_id) } }
            }
        }
    }

    fn pages(&self) -> Markup {
        let words = self.look.words;
        let mut first = self.filter.pairs().to_vec();
        first.retain(|(name, _)| *name != "live");
        let last = self.requests.last().map(|last| last.number.to_string()).unwrap_or_default();
        let mut next = first.clone();
        next.push(("before", &last));
        html! {
            @if self.before.is_some() || self.more {
                nav.pager aria-label=(words.pages) {
                    @if self.before.is_some() { a.button.quiet href=(with_query(CONSOLE_REQUESTS, &first)) { (words.first_page) } }
                    @if self.more { a.button.quiet rel="next" href=(with_query(CONSOLE_REQUESTS, &next)) { (words.next_page) } }
                }
            }
        }
    }
}

/// How many came since, for those who look at the rows and would not have them move.
#[must_use]
pub fn news(look: &Look, filter: &Filter, since: u64, newer: usize) -> Markup {
    let since_text = since.to_string();
    let mut pairs = filter.pairs().to_vec();
    pairs.push(("since", &since_text));
    html! {
        p #news hx-get=(with_query(CONSOLE_REQUESTS_NEWS, &pairs)) hx-trigger="zephyr:refresh" hx-swap="outerHTML" role="status" {
            @if newer > 0 { a.pill href=(with_query(CONSOLE_REQUESTS, &filter.pairs())) { (newer) " " (look.words.console.requests.new) } }
        }
    }
}
