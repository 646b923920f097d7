//! The ledger of all tenants: its entries with filters in the URL, whether they hold together, and the export of what is shown.

use maud::{Markup, html};
use projections::{
    books::Invariants,
    rows::{LedgerRow, LedgerType},
};

use super::invariants::panel;
use crate::{
    console::shell::{ConsolePage, Operator},
    page::Look,
    parts::{entries::entries, pager::pager},
    paths::{CONSOLE_BOOKS, CONSOLE_LEDGER, CONSOLE_LEDGER_EXPORT, with_query},
};

/// Which entries. Days are `2026-11-22`, both ends included.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// A tenant's id.
    pub tenant: String,
    /// A kind's name.
    pub kind: String,
    /// A job's id.
    pub job: String,
    /// The first day.
    pub from: String,
    /// The last day.
    pub to: String,
}

impl Filter {
    /// As a query's pairs.
    #[must_use]
    pub fn pairs(&self) -> [(&str, &str); 5] {
        let Self { tenant, kind, job, from, to } = self;
        [("tenant", tenant), ("type", kind), ("job", job), ("from", from), ("to", to)]
    }
}

/// The page of the ledger.
#[derive(Debug)]
pub struct LedgerPage<'a> {
    /// How it looks.
    pub look: &'a Look,
    /// Who looks.
    pub operator: &'a Operator,
    /// Which entries.
    pub filter: &'a Filter,
    /// The entries of this page, the newest first.
    pub lines: &'a [LedgerRow],
    /// Whether the books hold together.
    pub invariants: &'a Invariants,
    /// The cursor that this page begins after.
    pub after: Option<&'a str>,
    /// The cursor of the next page.
    pub next: Option<&'a str>,
}

impl LedgerPage<'_> {
    /// The page.
    #[must_use]
    pub fn render(&self) -> Markup {
        let (words, ours) = (self.look.words, self.look.words.console.books);
        let content = html! {
            div.titled {
                h1 { (words.console.frame.ledger) }
                p.actions {
                    span.soft { (ours.whole_books) ":" }
                    @for format in ["csv", "jsonl", "hledger", "beancount"] {
                        a href=(with_query(CONSOLE_BOOKS, &[("format", format), ("tenant", &self.filter.tenant)])) { (format) }
                    }
                }
            }
            (panel(words, self.invariants))
            (self.filters())
            section.card aria-label=(words.lines) {
                @if self.lines.is_empty() { div.empty { p { (ours.no_entries) } } } @else { (entries(words, self.lines, true)) }
            }
            (pager(words, CONSOLE_LEDGER, &self.filter.pairs(), self.after, self.next))
        };
        ConsolePage { look: self.look, operator: self.operator, title: words.console.frame.ledger, content }.render()
    }

    fn filters(&self) -> Markup {
        let (words, ours, filter) = (self.look.words, self.look.words.console.books, self.filter);
        html! {
            form.filters method="get" action=(CONSOLE_LEDGER) {
                label { span { (ours.tenant) } input type="text" name="tenant" placeholder="ten_…" value=(filter.tenant) maxlength="64" autocomplete="off"; }
                label { span { (words.kind) }
                    select name="type" {
                        option value="" { (words.all) }
                        @for kind in LedgerType::ALL { option value=(kind.name()) selected[kind.name() == filter.kind] { (words.kind_name(kind)) } }
                    }
                }
                label { span { (ours.job) } input type="text" name="job" placeholder="job_…" value=(filter.job) maxlength="64" autocomplete="off"; }
                label { span { (words.from_day) } input type="date" name="from" value=(filter.from); }
                label { span { (words.to_day) } input type="date" name="to" value=(filter.to); }
                button.quiet type="submit" { (words.filter) }
                @if filter.pairs().iter().any(|(_, value)| !value.is_empty()) { a.button.quiet href=(CONSOLE_LEDGER) { (words.clear_all) } }
                a.button.quiet href=(with_query(CONSOLE_LEDGER_EXPORT, &filter.pairs())) { (ours.export_these) }
            }
        }
    }
}
