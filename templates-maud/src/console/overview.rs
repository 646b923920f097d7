//! The first page of the console: how the last while went, what is open, who is well, and what asks for somebody.

use maud::{Markup, html};
use projections::{
    monitor::{CapabilityPulse, OpenJobs, Pulse},
    rows::JobStatus,
};

use super::{
    jobs::View,
    provider_keys::KeyState,
    providers::ProviderRow,
    shell::{ConsolePage, Operator},
};
use crate::{
    figures::{elapsed, moment_exact, short_amount},
    icons,
    page::Look,
    paths::{
        CONSOLE, CONSOLE_JOBS, CONSOLE_PROVIDER, CONSOLE_PROVIDERS, CONSOLE_REQUESTS, CONSOLE_SYSTEM, PROVIDER_KEYS,
        fill, with_query,
    },
    portal::jobs::capability_name,
};

/// The stretches of time that the page looks back, by their names in URLs, in minutes.
pub const RANGES: [(&str, i64); 5] = [("15m", 15), ("1h", 60), ("24h", 1_440), ("7d", 10_080), ("30d", 43_200)];

/// Something that asks for somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alert {
    /// Parts that do not work.
    Parts(usize),
    /// Keys that a rule or an admin disabled.
    KeysDisabled(usize),
    /// Jobs that have been open for long.
    Stuck(i64),
    /// Providers without a key that is used.
    WithoutKey(usize),
    /// Messages that were put aside.
    PutAside(i64),
    /// Events that the read models have not taken.
    Behind(i64),
}

/// What the overview shows.
#[derive(Debug)]
pub struct Overview<'a> {
    /// How it looks.
    pub look: &'a Look,
    /// Who looks.
    pub operator: &'a Operator,
    /// The name of the range.
    pub range: &'a str,
    /// Requests to the API that this process answered in the last minute, and how many without an error of ours.
    pub last_minute: (usize, usize),
    /// How the range went.
    pub pulse: &'a Pulse,
    /// What is open.
    pub open: &'a OpenJobs,
    /// Those whom we buy from.
    pub providers: &'a [ProviderRow],
    /// What asks for somebody.
    pub alerts: &'a [Alert],
}

impl Overview<'_> {
    /// The page.
    #[must_use]
    pub fn render(&self) -> Markup {
        let title = self.look.words.console.frame.overview;
        let content = html! {
            h1 { (title) }
            (self.ranges())
            (self.alerts())
            (self.sums())
            div.halves { (self.capabilities()) div { (self.providers()) (self.failures()) } }
        };
        ConsolePage { look: self.look, operator: self.operator, title, content }.render()
    }

    fn ranges(&self) -> Markup {
        let words = self.look.words.console.overview;
        html! {
            nav.counts aria-label=(words.range) {
                @for (name, _) in RANGES { a href=(with_query(CONSOLE, &[("range", name)])) aria-current=[(name == self.range).then_some("true")] { (name) } }
            }
        }
    }

    fn alerts(&self) -> Markup {
        let words = self.look.words.console.overview;
        html! {
            section.card aria-labelledby="alerts" {
                header { h2 #alerts { (words.alerts) } }
                @if self.alerts.is_empty() { p.pad { span.state.good { (icons::done()) (words.no_alerts) } } }
                @else { ul.alerts { @for alert in self.alerts { (self.alert(alert)) } } }
            }
        }
    }

    fn alert(&self, alert: &Alert) -> Markup {
        let words = self.look.words.console.overview;
        let (count, word, path) = match alert {
            Alert::Parts(count) => (count.to_string(), words.parts_down, CONSOLE_SYSTEM.to_owned()),
            Alert::KeysDisabled(count) => (
                count.to_string(),
                words.keys_disabled,
                with_query(PROVIDER_KEYS, &[("state", KeyState::Disabled.name())]),
            ),
            Alert::Stuck(count) => {
                (count.to_string(), words.stuck, with_query(CONSOLE_JOBS, &[("view", View::Stuck.name())]))
            }
            Alert::WithoutKey(count) => (count.to_string(), words.without_key, CONSOLE_PROVIDERS.to_owned()),
            Alert::PutAside(count) => (count.to_string(), words.put_aside, CONSOLE_JOBS.to_owned()),
            Alert::Behind(count) => (count.to_string(), words.behind, CONSOLE_SYSTEM.to_owned()),
        };
        html! { li { span.state.warn { (icons::waiting()) a href=(path) { (count) " " (word) } } } }
    }

    fn sums(&self) -> Markup {
        let words = self.look.words.console.overview;
        let (all, well) = self.last_minute;
        let total = |of: fn(&CapabilityPulse) -> i64| self.pulse.capabilities.iter().map(of).sum::<i64>();
        let (done, failed) = (total(|one| one.succeeded), total(|one| one.failed));
        let (queued, running) = (self.open.queued.iter().sum::<i64>(), self.open.running.iter().sum::<i64>());
        let by = |status: JobStatus| with_query(CONSOLE_JOBS, &[("status", status.name())]);
        html! {
            section.card { dl.sums.many {
                div { dt { (words.requests_a_minute) } dd { a href=(CONSOLE_REQUESTS) { (all) } @if all > 0 { " " span.soft { (percent(i64::try_from(well).unwrap_or(i64::MAX), i64::try_from(all).unwrap_or(i64::MAX))) } } } }
                div { dt { (words.jobs) } dd { a href=(CONSOLE_JOBS) { (total(|one| one.jobs)) } } }
                div { dt { (words.success) } dd { a href=(by(JobStatus::Failed)) { (percent(done, done + failed)) } } }
                div { dt { (words.queued) } dd { a href=(by(JobStatus::Queued)) { (queued) } } }
                div { dt { (words.running) } dd { a href=(by(JobStatus::Running)) { (running) } } }
                div { dt { (words.held) } dd { a.amount href=(with_query(CONSOLE_JOBS, &[("view", View::Open.name())])) { (short_amount(self.open.held)) }
                    @if let Some(oldest) = self.open.oldest { br; span.soft { (words.oldest) " " (moment_exact(self.look.words, oldest)) } } } }
                div { dt { (words.charged) } dd { span.amount { (short_amount(total(|one| one.charged))) } br; span.soft { (words.no_cost) } } }
            } }
        }
    }

    fn capabilities(&self) -> Markup {
        let words = self.look.words.console.overview;
        html! {
            section.card aria-labelledby="capabilities" {
                header { h2 #capabilities { (words.by_capability) } span.soft { (words.submitted_in_range) } }
                @if self.pulse.capabilities.is_empty() { div.empty { p { (words.nothing) } } } @else { div.scroll { table.dense {
                    thead { tr {
                        th scope="col" { (self.look.words.capability) } th.num scope="col" { (words.jobs) } th.num scope="col" { (words.success) }
                        th.num scope="col" { "p50" } th.num scope="col" { "p95" } th.num scope="col" { (words.charged) }
                    } }
                    tbody { @for one in &self.pulse.capabilities { tr {
                        th scope="row" { a href=(with_query(CONSOLE_JOBS, &[("cap", &one.capability)])) { (capability_name(self.look.words, &one.capability)) } }
                        td.num { (one.jobs) }
                        td.num { (percent(one.succeeded, one.succeeded + one.failed)) }
                        td.num { (lasted(one.p50_ms)) }
                        td.num { (lasted(one.p95_ms)) }
                        td.num.amount { (short_amount(one.charged)) }
                    } } }
                } } }
            }
        }
    }

    fn failures(&self) -> Markup {
        let words = self.look.words.console.overview;
        html! {
            section.card aria-labelledby="failures" {
                header { h2 #failures { (words.failures) } }
                @if self.pulse.failures.is_empty() { div.empty { p { (words.no_failures) } } } @else { div.scroll { table.dense { tbody {
                    @for one in &self.pulse.failures { tr { th scope="row" { code { (one.code) } } td.num { a href=(with_query(CONSOLE_JOBS, &[("status", JobStatus::Failed.name())])) { (one.jobs) } } } }
                } } } }
            }
        }
    }

    fn providers(&self) -> Markup {
        let (words, providers) = (self.look.words.console.overview, self.look.words.console.providers);
        html! {
            section.card aria-labelledby="providers" {
                header { h2 #providers { (words.providers) } }
                @if self.providers.is_empty() { div.empty { p { (providers.none) } } } @else { div.scroll { table.dense { tbody {
                    @for one in self.providers { tr {
                        th scope="row" { a href=(fill(CONSOLE_PROVIDER, &[&one.id])) { (one.name) } }
                        td { (super::providers::state(providers, one)) }
                        td.num { a href=(with_query(PROVIDER_KEYS, &[("provider", &one.name)])) { (one.keys.0) "/" (one.keys.1) } }
                    } }
                } } } }
            }
        }
    }
}

fn percent(part: i64, all: i64) -> String {
    if all == 0 { "–".to_owned() } else { format!("{}.{}\u{a0}%", part * 100 / all, part * 1_000 / all % 10) }
}

fn lasted(millis: Option<i64>) -> String {
    millis.map_or_else(|| "–".to_owned(), |millis| elapsed(millis.unsigned_abs()))
}
