//! The tenant's jobs: filters in the URL, the newest first.

use domain::capability::CapabilityKind;
use maud::{Markup, html};
use projections::rows::{JobRow, JobStatus};

use crate::{
    figures::{ago, amount},
    page::{Look, Page, Visitor},
    parts::{pager::pager, state::state},
    paths::{JOB, JOBS, MARKET, fill},
    words::Words,
};

/// Which jobs.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// A status's name.
    pub status: String,
    /// A capability's name.
    pub capability: String,
    /// A model's name.
    pub model: String,
}

impl Filter {
    /// As a query's pairs.
    #[must_use]
    pub fn pairs(&self) -> [(&str, &str); 3] {
        [("status", &self.status), ("cap", &self.capability), ("model", &self.model)]
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
    /// The cursor that this page begins after.
    pub after: Option<&'a str>,
    /// The cursor of the next page.
    pub next: Option<&'a str>,
}

impl JobsPage<'_> {
    /// The page.
    #[must_use]
    pub fn render(&self) -> Markup {
        let words = self.look.words;
        let content = html! {
            h1 { (words.jobs) }
            (self.filters())
            section.card {
                @if self.jobs.is_empty() {
                    div.empty {
                        p { (if self.filter.is_empty() { words.no_jobs } else { words.nothing_found }) }
                        p { @if self.filter.is_empty() { a.button href=(MARKET) { (words.market) } } @else { a.button.quiet href=(JOBS) { (words.clear_all) } } }
                    }
                } @else { (table(words, self.jobs)) }
            }
            (pager(words, JOBS, &self.filter.pairs(), self.after, self.next))
        };
        Page { look: self.look, title: words.jobs, visitor: Some(self.visitor), narrow: false, content }.render()
    }

    fn filters(&self) -> Markup {
        let words = self.look.words;
        html! {
            form.filters method="get" action=(JOBS) {
                label { span { (words.status) }
                    select name="status" {
                        option value="" { (words.all) }
                        @for status in JobStatus::ALL {
                            option value=(status.name()) selected[status.name() == self.filter.status] { (words.status_name(status)) }
                        }
                    }
                }
                label { span { (words.capability) }
                    select name="cap" {
                        option value="" { (words.all) }
                        @for kind in CapabilityKind::ALL {
                            option value=(kind.name()) selected[kind.name() == self.filter.capability] { (words.capability_name(kind)) }
                        }
                    }
                }
                label { span { (words.model) } input type="search" name="model" value=(self.filter.model); }
                button.quiet type="submit" { (words.filter) }
                @if !self.filter.is_empty() { a.button.quiet href=(JOBS) { (words.clear_all) } }
            }
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
                        td.num.amount {
                            @if job.status.is_final() { (amount(job.charged - job.refunded, false)) }
                            @else { span.held title=(words.held) { (amount(job.held, false)) } }
                        }
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
