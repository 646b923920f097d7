//! The tenant's jobs: filters in the URL, the newest first.

use domain::capability::CapabilityKind;
use maud::{Markup, html};
use projections::rows::{JobRow, JobStatus};

use crate::{
    figures::{ago, amount, elapsed},
    page::{Look, Page, Visitor, form_token},
    parts::{
        pager::{chips, turning},
        state::state,
    },
    paths::{JOB, JOBS, JOBS_CANCEL, JOBS_EXPORT, MARKET, fill, with_query},
    words::Words,
};

/// Which jobs. Dates are `2026-11-22`, both ends included.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// A status's name.
    pub status: String,
    /// A capability's name.
    pub capability: String,
    /// A model's name.
    pub model: String,
    /// An API key's id.
    pub key: String,
    /// The first day.
    pub from: String,
    /// The last day.
    pub to: String,
    /// A part of a model's name, or the beginning of a job's id.
    pub text: String,
}

impl Filter {
    /// As a query's pairs.
    #[must_use]
    pub fn pairs(&self) -> [(&str, &str); 7] {
        let Self { status, capability, model, key, from, to, text } = self;
        [
            ("status", status),
            ("cap", capability),
            ("model", model),
            ("key", key),
            ("from", from),
            ("to", to),
            ("q", text),
        ]
    }

    fn is_empty(&self) -> bool {
        self.pairs().iter().all(|(_, value)| value.is_empty())
    }
}

/// A page of jobs.
#[derive(Debug)]
pub struct JobsPage<'a> {
    /// How it looks.
    pub look: &'a Look,
    /// Who looks.
    pub visitor: &'a Visitor,
    /// Which jobs.
    pub filter: &'a Filter,
    /// The jobs.
    pub jobs: &'a [JobRow],
    /// The tenant's API keys: id and name.
    pub keys: &'a [(String, String)],
    /// What became of the jobs that were just asked to stop: how many were, and how many were over already.
    pub stopped: Option<(usize, usize)>,
    /// The cursor of the page before.
    pub before: Option<&'a str>,
    /// The cursor of the next page.
    pub after: Option<&'a str>,
}

impl JobsPage<'_> {
    /// The page.
    #[must_use]
    pub fn render(&self) -> Markup {
        let (words, filter) = (self.look.words, self.filter);
        let pairs = filter.pairs();
        let names =
            [words.status, words.capability, words.model, words.key, words.from_day, words.to_day, words.search];
        let content = html! {
            h1 { (words.jobs) }
            @if let Some((asked, over)) = self.stopped {
                p.note.told role="status" { (asked) " " (words.portal.asked_to_stop) @if over > 0 { " · " (over) " " (words.portal.over_already) } }
            }
            (self.filters())
            (chips(words, JOBS, &pairs, &names))
            section.card {
                @if self.jobs.is_empty() {
                    div.empty {
                        p { (if filter.is_empty() { words.no_jobs } else { words.nothing_found }) }
                        p { @if filter.is_empty() { a.button href=(MARKET) { (words.market) } } @else { a.button.quiet href=(JOBS) { (words.clear_all) } } }
                    }
                } @else {
                    header { h2 { (words.jobs) } p.exports { a href=(with_query(JOBS_EXPORT, &pairs)) { "CSV" } } }
                    (self.selectable())
                }
            }
            (turning(words, JOBS, &pairs, self.before, self.after))
        };
        Page { look: self.look, title: words.jobs, visitor: Some(self.visitor), narrow: false, content }.render()
    }

    fn filters(&self) -> Markup {
        let (words, filter) = (self.look.words, self.filter);
        html! {
            form.filters method="get" action=(JOBS) {
                label { span { (words.portal.search_jobs) } input type="search" name="q" value=(filter.text) maxlength="200" data-search; }
                label { span { (words.status) }
                    select name="status" {
                        option value="" { (words.all) }
                        @for status in JobStatus::ALL {
                            option value=(status.name()) selected[status.name() == filter.status] { (words.status_name(status)) }
                        }
                    }
                }
                label { span { (words.capability) }
                    select name="cap" {
                        option value="" { (words.all) }
                        @for kind in CapabilityKind::ALL {
                            option value=(kind.name()) selected[kind.name() == filter.capability] { (words.capability_name(kind)) }
                        }
                    }
                }
                @if !self.keys.is_empty() {
                    label { span { (words.key) }
                        select name="key" {
                            option value="" { (words.all) }
                            @for (id, name) in self.keys { option value=(id) selected[*id == filter.key] { (name) } }
                        }
                    }
                }
                label { span { (words.from_day) } input type="date" name="from" value=(filter.from); }
                label { span { (words.to_day) } input type="date" name="to" value=(filter.to); }
                @if !filter.model.is_empty() { input type="hidden" name="model" value=(filter.model); }
                button.quiet type="submit" { (words.filter) }
            }
        }
    }

    /// The table, of whose open jobs several can be stopped at once.
    fn selectable(&self) -> Markup {
        let words = self.look.words;
        let open = self.jobs.iter().any(|job| !job.status.is_final());
        html! {
            form method="post" action=(JOBS_CANCEL) {
                (form_token(&self.visitor.form_token))
                div.scroll { table.rows.jobs {
                    thead { tr {
                        @if open { th scope="col" { span.visually-hidden { (words.portal.select) } } }
                        th scope="col" { (words.model) } th scope="col" { (words.status) } th scope="col" { (words.job) }
                        th scope="col" { (words.portal.source) } th.num scope="col" { (words.portal.took) }
                        th.num scope="col" { (words.charged) } th scope="col" { (words.created) " " span.soft { (words.zone.name()) } }
                    } }
                    tbody { @for job in self.jobs { (self.row(job, open)) } }
                } }
                @if open { p.pad { button.quiet type="submit" data-confirm=(words.portal.cancel_selected_sure) { (words.portal.cancel_selected) } } }
            }
        }
    }

    fn row(&self, job: &JobRow, selectable: bool) -> Markup {
        let words = self.look.words;
        let key = |id: &String| self.keys.iter().find(|(known, _)| known == id).map_or(words.key, |(_, name)| name);
        let took = job.completed_at.map(|at| (at - job.created_at).num_milliseconds().try_into().unwrap_or_default());
        html! {
            tr {
                @if selectable {
                    td.pick { @if !job.status.is_final() { input type="checkbox" name="job" value=(job.job_id) aria-label={ (words.portal.select) " " (job.job_id) }; } }
                }
                td { (job.model) " " span.soft { (capability_name(words, &job.capability)) } }
                td { (state(words, job.status, job.stage)) }
                td { a.id href=(fill(JOB, &[&job.job_id])) { (job.job_id) } }
                td.soft { (job.api_key_id.as_ref().map_or(words.portal.portal, key)) }
                td.num.soft { @if let Some(took) = took { (elapsed(took)) } }
                (cost(words, job))
                td.when { (ago(words, job.created_at)) }
            }
        }
    }
}

fn cost(words: &Words, job: &JobRow) -> Markup {
    html! {
        td.num.amount {
            @if job.status.is_final() { (amount(job.charged - job.refunded, false)) }
            @else { span.held title=(words.held) { (amount(job.held, false)) } }
        }
    }
}

/// Jobs as a table.
#[must_use]
pub fn table(words: &Words, jobs: &[JobRow]) -> Markup {
    html! {
        div.scroll { table.rows {
            thead { tr {
                th scope="col" { (words.model) } th scope="col" { (words.status) } th scope="col" { (words.job) }
                th.num scope="col" { (words.charged) } th scope="col" { (words.created) " " span.soft { (words.zone.name()) } }
            } }
            tbody {
                @for job in jobs {
                    tr {
                        td { (job.model) " " span.soft { (capability_name(words, &job.capability)) } }
                        td { (state(words, job.status, job.stage)) }
                        td { a.id href=(fill(JOB, &[&job.job_id])) { (job.job_id) } }
                        (cost(words, job))
                        td.when { (ago(words, job.created_at)) }
                    }
                }
            }
        } }
    }
}

/// What a capability is called.
#[must_use]
pub fn capability_name(words: &Words, name: &str) -> String {
    name.parse().map_or_else(|_| name.to_owned(), |kind| words.capability_name(kind).to_owned())
}
