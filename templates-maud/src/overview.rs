//! The first page after logging in: the balance, the latest jobs, the tail of the ledger.

use maud::{Markup, html};
use projections::rows::{JobRow, JobStatus, LedgerRow};

use crate::{
    figures::{amount, moment},
    icons,
    page::{Page, Visitor},
    words::Words,
};

/// What the overview shows.
#[derive(Debug)]
pub struct Overview<'a> {
    /// The words of the page.
    pub words: &'static Words,
    /// Who looks.
    pub visitor: &'a Visitor,
    /// The tenant's credits, unless the person belongs to none.
    pub credits: Option<Balance<'a>>,
    /// The latest jobs, the newest first.
    pub jobs: &'a [JobRow],
    /// The latest lines of the ledger, the newest first.
    pub ledger: &'a [LedgerRow],
}

/// What a tenant has, in micro-credits.
#[derive(Clone, Copy, Debug)]
pub struct Balance<'a> {
    /// What the tenant is called.
    pub tenant: &'a str,
    /// What can be spent.
    pub available: i64,
    /// What is set aside.
    pub held: i64,
    /// Both together.
    pub posted: i64,
    /// What a credit is worth.
    pub credit_value: &'a str,
}

impl Overview<'_> {
    /// The page.
    #[must_use]
    pub fn render(&self) -> Markup {
        let title = self.credits.map_or(self.words.overview, |balance| balance.tenant);
        let content = html! {
            h1 { (title) }
            @if let Some(balance) = self.credits {
                (self.sums(&balance))
                (self.jobs())
                (self.ledger())
            } @else {
                div.card { div.empty { p { (self.words.no_tenant) } } }
            }
        };
        Page { words: self.words, title, visitor: Some(self.visitor), narrow: false, content }.render()
    }

    fn sums(&self, balance: &Balance<'_>) -> Markup {
        let words = self.words;
        let sum = |micro: i64| html! { span.amount { (amount(micro, false)) } " " span.unit { (words.credits) } };
        html! {
            section.card aria-label=(words.available) {
                dl.sums {
                    div.main { dt { (words.available) } dd { (sum(balance.available)) } }
                    div { dt { (words.held) } dd.held { (sum(balance.held)) } }
                    div { dt { (words.posted) } dd { (sum(balance.posted)) } }
                }
            }
            p.soft { (words.each_worth) " " (balance.credit_value) }
        }
    }

    fn jobs(&self) -> Markup {
        let words = self.words;
        html! {
            section.card aria-labelledby="jobs" {
                header { h2 #jobs { (words.jobs) } }
                @if self.jobs.is_empty() { div.empty { p { (words.no_jobs) } } } @else {
                    div.scroll { table.rows {
                        thead { tr {
                            th scope="col" { (words.model) }
                            th scope="col" { (words.status) }
                            th scope="col" { (words.job) }
                            th.num scope="col" { (words.charged) }
                            th scope="col" { (words.created) }
                        } }
                        tbody { @for job in self.jobs { (job_line(words, job)) } }
                    } }
                }
            }
        }
    }

    fn ledger(&self) -> Markup {
        let words = self.words;
        html! {
            section.card aria-labelledby="ledger" {
                header { h2 #ledger { (words.ledger) } }
                @if self.ledger.is_empty() { div.empty { p { (words.no_ledger) } } } @else {
                    div.scroll { table.rows {
                        thead { tr {
                            th scope="col" { (words.kind) }
                            th.num scope="col" { (words.amount) }
                            th scope="col" { (words.reference) }
                            th.num scope="col" { (words.balance) }
                            th scope="col" { (words.time_utc) }
                        } }
                        tbody { @for line in self.ledger { (ledger_line(words, line)) } }
                    } }
                }
            }
        }
    }
}

fn job_line(words: &Words, job: &JobRow) -> Markup {
    html! {
        tr {
            td { (job.model) }
            td { (status(words, job.status)) }
            td.id { (job.job_id) }
            td.num.amount { (amount(job.charged - job.refunded, false)) }
            td.when { (moment(job.created_at)) }
        }
    }
}

fn ledger_line(words: &Words, line: &LedgerRow) -> Markup {
    let about = line.job_id.as_ref().or(line.reference.as_ref());
    html! {
        tr {
            td { (words.kind_name(line.entry_type)) }
            td.num.amount { (amount(line.amount, true)) }
            td.id { @if let Some(about) = about { (about) } }
            td.num.amount.held { (amount(line.available_after, false)) }
            td.when { (moment(line.recorded_at)) }
        }
    }
}

/// A state is a colour, a sign and a word.
fn status(words: &Words, status: JobStatus) -> Markup {
    let (class, icon) = match status {
        JobStatus::Queued => ("state", icons::waiting()),
        JobStatus::Running => ("state run", icons::running()),
        JobStatus::Succeeded => ("state good", icons::done()),
        JobStatus::Failed => ("state bad", icons::failed()),
        JobStatus::Canceled => ("state", icons::stopped()),
        JobStatus::Expired => ("state warn", icons::stopped()),
    };
    html! { span class=(class) { (icon) (words.status_name(status)) } }
}
