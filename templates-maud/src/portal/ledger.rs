//! The statement: every line with its running balance, opening and closing sums, and the export of exactly what is shown.

use maud::{Markup, html};
use projections::{
    queries::Statement,
    rows::{LedgerRow, LedgerType},
};

use crate::{
    figures::{amount, moment},
    page::{Look, Page, Visitor},
    parts::pager::pager,
    paths::{JOB, LEDGER, fill, with_query},
    words::Words,
};

/// Which lines. Dates are `2026-11-22`, both ends included.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// A kind's name.
    pub kind: String,
    /// The first day.
    pub from: String,
    /// The last day.
    pub to: String,
    /// A job.
    pub job: String,
}

impl Filter {
    /// As a query's pairs.
    #[must_use]
    pub fn pairs(&self) -> [(&str, &str); 4] {
        [("type", &self.kind), ("from", &self.from), ("to", &self.to), ("job", &self.job)]
    }

    /// Whether anything is filtered.
    fn is_set(&self) -> bool {
        self.pairs().iter().any(|(_, value)| !value.is_empty())
    }
}

/// A page of the statement.
#[derive(Debug)]
pub struct LedgerPage<'a> {
    /// How it looks.
    pub look: &'a Look,
    /// Who looks.
    pub visitor: &'a Visitor,
    /// Which lines.
    pub filter: &'a Filter,
    /// The lines, the newest first.
    pub lines: &'a [LedgerRow],
    /// What the range adds up to.
    pub statement: &'a Statement,
    /// The query of the export of the same lines.
    pub export_query: &'a str,
    /// The cursor that this page begins after.
    pub after: Option<&'a str>,
    /// The cursor of the next page.
    pub next: Option<&'a str>,
}

impl LedgerPage<'_> {
    /// The page.
    #[must_use]
    pub fn render(&self) -> Markup {
        let words = self.look.words;
        let content = html! {
            h1 { (words.ledger) }
            (self.filters())
            (self.sums())
            section.card {
                header {
                    h2 { (words.lines) }
                    p.exports {
                        span.soft { (words.export) ": " }
                        @for format in ["csv", "jsonl", "hledger", "beancount"] {
                            a href={ "/v1/ledger/export?format=" (format) (self.export_query) } { (format) } " "
                        }
                    }
                }
                @if self.lines.is_empty() { div.empty { p { (if self.filter.is_set() { words.nothing_found } else { words.no_ledger }) } } } @else { (table(words, self.lines)) }
            }
            (pager(words, LEDGER, &self.filter.pairs(), self.after, self.next))
        };
        Page { look: self.look, title: words.ledger, visitor: Some(self.visitor), narrow: false, content }.render()
    }

    fn filters(&self) -> Markup {
        let (words, filter) = (self.look.words, self.filter);
        html! {
            form.filters method="get" action=(LEDGER) {
                label { span { (words.kind) }
                    select name="type" {
                        option value="" { (words.all) }
                        @for kind in LedgerType::ALL { option value=(kind.name()) selected[kind.name() == filter.kind] { (words.kind_name(kind)) } }
                    }
                }
                label { span { (words.from_day) } input type="date" name="from" value=(filter.from); }
                label { span { (words.to_day) } input type="date" name="to" value=(filter.to); }
                @if !filter.job.is_empty() { input type="hidden" name="job" value=(filter.job); }
                button.quiet type="submit" { (words.filter) }
                @if filter.is_set() { a.button.quiet href=(LEDGER) { (words.clear_all) } }
            }
        }
    }

    fn sums(&self) -> Markup {
        let (words, statement) = (self.look.words, self.statement);
        html! {
            section.card aria-label=(words.sum) {
                dl.sums.many {
                    div { dt { (words.opening) } dd.amount { (amount(statement.opening_posted, false)) } }
                    @for kind in LedgerType::ALL {
                        @if let Some(total) = statement.totals.get(kind.name()) {
                            div {
                                dt { a href=(with_query(LEDGER, &[("type", kind.name()), ("from", &self.filter.from), ("to", &self.filter.to)])) { (words.kind_name(kind)) } }
                                dd.amount { (amount(total.amount, true)) }
                            }
                        }
                    }
                    div { dt { (words.closing) } dd.amount { (amount(statement.closing_posted, false)) } }
                }
            }
        }
    }
}

/// Lines of a ledger as a table.
#[must_use]
pub fn table(words: &Words, lines: &[LedgerRow]) -> Markup {
    html! {
        div.scroll { table.rows.ledger {
            thead { tr {
                th scope="col" { (words.kind) } th.num scope="col" { (words.amount) } th scope="col" { (words.reference) }
                th.num scope="col" { (words.balance) } th scope="col" { (words.time) " " span.soft { (words.zone.name()) } }
            } }
            tbody {
                @for line in lines {
                    tr .set-aside[matches!(line.entry_type, LedgerType::Hold | LedgerType::Release)] {
                        td { (words.kind_name(line.entry_type)) @if let Some(model) = &line.model { " " span.soft { (model) } } }
                        td.num.amount { (amount(line.amount, true)) }
                        td {
                            @if let Some(job_id) = &line.job_id { a.id href=(fill(JOB, &[job_id])) { (job_id) } }
                            @else if let Some(reference) = &line.reference { span.id { (reference) } }
                            @if let Some(note) = &line.note { " " span.soft { (note) } }
                        }
                        td.num.amount.held { (amount(line.available_after, false)) }
                        td.when { (moment(words, line.recorded_at)) }
                    }
                }
            }
        } }
    }
}
