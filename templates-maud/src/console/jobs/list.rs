//! The monitor: the queue and who works on it, open jobs by age, and the jobs by filters.

use domain::capability::CapabilityKind;
use maud::{Markup, html};
use projections::{
    monitor::{AGES_S, OpenJobs},
    rows::{JobRow, JobStatus},
};

use crate::{
    console::shell::{ConsolePage, Operator},
    figures::{moment_exact, short_amount},
    page::Look,
    parts::{pager::pager, state::state},
    paths::{CONSOLE_JOB, CONSOLE_JOBS, CONSOLE_JOBS_PART, fill, with_query},
};

/// Which of all jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// Those that have not ended.
    Open,
    /// Those of them that are old.
    Stuck,
    /// Those that needed more than one attempt.
    Retried,
}

impl View {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Open, Self::Stuck, Self::Retried];

    /// Its name in URLs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Stuck => "stuck",
            Self::Retried => "retried",
        }
    }
}

/// Which jobs.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// The name of a view.
    pub view: String,
    /// The name of a status.
    pub status: String,
    /// The name of a capability.
    pub capability: String,
    /// A model's name.
    pub model: String,
    /// A tenant's id.
    pub tenant: String,
    /// The id of an API key.
    pub key: String,
}

impl Filter {
    /// As a query's pairs.
    #[must_use]
    pub fn pairs(&self) -> [(&str, &str); 6] {
        [
            ("view", &self.view),
            ("status", &self.status),
            ("cap", &self.capability),
            ("model", &self.model),
            ("tenant", &self.tenant),
            ("key", &self.key),
        ]
    }

    fn is_empty(&self) -> bool {
        self.pairs().iter().all(|(_, value)| value.is_empty())
    }
}

/// The queue of jobs, as the bus tells of it; nothing where it can't.
#[derive(Clone, Copy, Debug, Default)]
pub struct Queue {
    /// Messages that wait.
    pub waiting: Option<u64>,
    /// Who takes them.
    pub consumers: Option<u64>,
    /// Messages that were put aside.
    pub put_aside: Option<u64>,
    /// Messages that the bus has not got yet.
    pub unsent: Option<i64>,
    /// Requests that wait for a provider key in this process.
    pub waiting_for_keys: usize,
}

/// What waits, who works, and what is open.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// The queue.
    pub queue: Queue,
    /// Duties of jobs by kind: all, and those that are due.
    pub duties: Vec<(String, i64, i64)>,
    /// Workers that hold duties now, and how many.
    pub workers: Vec<(String, i64)>,
    /// What is open.
    pub open: OpenJobs,
}

/// The page.
#[derive(Debug)]
pub struct JobsPage<'a> {
    /// How it looks.
    pub look: &'a Look,
    /// Who looks.
    pub operator: &'a Operator,
    /// Which jobs.
    pub filter: &'a Filter,
    /// What waits, who works, and what is open.
    pub counts: &'a Counts,
    /// The jobs.
    pub jobs: &'a [JobRow],
    /// The cursor that this page begins after.
    pub after: Option<&'a str>,
    /// The cursor of the next page.
    pub next: Option<&'a str>,
}

impl JobsPage<'_> {
    /// The page.
    #[must_use]
    pub fn render(&self) -> Markup {
        let title = self.look.words.console.frame.jobs;
        let content = html! {
            h1 { (title) }
            (self.filters())
            (self.part())
            (pager(self.look.words, CONSOLE_JOBS, &self.filter.pairs(), self.after, self.next))
        };
        ConsolePage { look: self.look, operator: self.operator, title, content }.render()
    }

    /// The part that changes by itself, on the first page.
    #[must_use]
    pub fn part(&self) -> Markup {
        let first = self.after.is_none();
        let from = with_query(CONSOLE_JOBS_PART, &self.filter.pairs());
        html! {
            div #jobs hx-get=[first.then_some(from)] hx-trigger=[first.then_some("zephyr:refresh")] hx-swap="outerHTML" data-every=[first.then_some("5")] {
                @if first { (self.queue()) (self.open()) }
                section.card {
                    @if self.jobs.is_empty() {
                        div.empty { p { (self.look.words.nothing_found) } @if !self.filter.is_empty() { p { a.button.quiet href=(CONSOLE_JOBS) { (self.look.words.clear_all) } } } }
                    } @else { (self.table()) }
                }
            }
        }
    }

    fn queue(&self) -> Markup {
        let (words, queue) = (self.look.words.console.jobs, self.counts.queue);
        let figure = |word: &str, value: Option<String>| html! { div { dt { (word) } dd { @match value { Some(value) => (value), None => span.soft { "–" } } } } };
        html! {
            section.card { dl.sums.many {
                (figure(words.queue_waiting, queue.waiting.map(|count| count.to_string())))
                (figure(words.consumers, queue.consumers.map(|count| count.to_string())))
                (figure(words.unsent, queue.unsent.map(|count| count.to_string())))
                (figure(words.put_aside, queue.put_aside.map(|count| count.to_string())))
                (figure(words.waiting_for_keys, Some(queue.waiting_for_keys.to_string())))
                @for (kind, all, due) in &self.counts.duties { (figure(words.duty(kind), Some(format!("{due} / {all}")))) }
                div { dt { (words.workers) } dd {
                    @if self.counts.workers.is_empty() { span.soft title=(words.workers_hint) { "–" } }
                    @for (name, held) in &self.counts.workers { span.id title=(name) { (name.chars().take(24).collect::<String>()) } " " (held) br; }
                } }
            } }
        }
    }

    fn open(&self) -> Markup {
        let (words, open) = (self.look.words.console.jobs, &self.counts.open);
        let link = |status: JobStatus| with_query(CONSOLE_JOBS, &[("status", status.name())]);
        html! {
            section.card aria-labelledby="open" {
                header { h2 #open { (words.open_by_age) } span.soft { (words.held) " " span.amount { (short_amount(open.held)) } @if let Some(oldest) = open.oldest { " · " (words.oldest) " " (moment_exact(self.look.words, oldest)) } } }
                div.scroll { table {
                    thead { tr { th {} @for age in AGES_S { th.num scope="col" { "≤ " (age / 60) " min" } } th.num scope="col" { "> " (AGES_S[AGES_S.len() - 1] / 60) " min" } } }
                    tbody { @for (status, counts) in [(JobStatus::Queued, open.queued), (JobStatus::Running, open.running)] {
                        tr { th scope="row" { a href=(link(status)) { (state(self.look.words, status, None)) } } @for count in counts { td.num { (count) } } }
                    } }
                } }
            }
        }
    }

    fn filters(&self) -> Markup {
        let words = self.look.words;
        let jobs = words.console.jobs;
        html! {
            nav.counts aria-label=(jobs.views) {
                a href=(CONSOLE_JOBS) aria-current=[self.filter.is_empty().then_some("true")] { (words.all) }
                @for view in View::ALL { a href=(with_query(CONSOLE_JOBS, &[("view", view.name())])) aria-current=[(self.filter.view == view.name()).then_some("true")] { (jobs.view(view)) } }
            }
            form.filters method="get" action=(CONSOLE_JOBS) {
                @if !self.filter.view.is_empty() { input type="hidden" name="view" value=(self.filter.view); }
                label { span { (words.status) }
                    select name="status" {
                        option value="" { (words.all) }
                        @for one in JobStatus::ALL { option value=(one.name()) selected[one.name() == self.filter.status] { (words.status_name(one)) } }
                    }
                }
                label { span { (words.capability) }
                    select name="cap" {
                        option value="" { (words.all) }
                        @for one in CapabilityKind::ALL { option value=(one.name()) selected[one.name() == self.filter.capability] { (words.capability_name(one)) } }
                    }
                }
                label { span { (words.model) } input type="search" name="model" value=(self.filter.model); }
                label { span { (jobs.tenant) } input type="search" name="tenant" value=(self.filter.tenant); }
                label { span { (words.key) } input type="search" name="key" value=(self.filter.key); }
                button.quiet type="submit" { (words.filter) }
                @if !self.filter.is_empty() { a.button.quiet href=(CONSOLE_JOBS) { (words.clear_all) } }
            }
        }
    }

    fn table(&self) -> Markup {
        let words = self.look.words;
        let jobs = words.console.jobs;
        html! {
            div.scroll tabindex="0" role="region" aria-label=(words.console.frame.jobs) { table.dense {
                thead { tr {
                    th scope="col" { (words.job) } th scope="col" { (words.status) } th scope="col" { (words.model) } th scope="col" { (jobs.tenant) }
                    th.num scope="col" { (jobs.attempts) } th.num scope="col" { (jobs.held) } th.num scope="col" { (words.charged) }
                    th scope="col" { (jobs.failure) } th scope="col" { (words.created) } th.num scope="col" { (jobs.took) }
                } }
                tbody { @for job in self.jobs { tr {
                    th scope="row" { a.id href=(fill(CONSOLE_JOB, &[&job.job_id])) { (job.job_id) } }
                    td { (state(words, job.status, job.stage)) }
                    td { (job.model) " " span.soft { (job.capability) } }
                    td { a.id href=(with_query(CONSOLE_JOBS, &[("tenant", &job.tenant_id)])) { (job.tenant_id) } }
                    td.num { (job.attempts) }
                    td.num.amount { (short_amount(job.held)) }
                    td.num.amount { (short_amount(job.charged - job.refunded)) }
                    td { @if let Some(code) = &job.error_code { code { (code) } } }
                    td.when { (moment_exact(self.look.words, job.created_at)) }
                    td.num { @if let Some(ended) = job.completed_at { (seconds((ended - job.created_at).num_milliseconds())) } @else { "–" } }
                } } }
            } }
        }
    }
}

/// Milliseconds as seconds with a decimal.
fn seconds(millis: i64) -> String {
    let millis = millis.max(0);
    format!("{}.{} s", millis / 1_000, millis % 1_000 / 100)
}
