//! Every recharge that was made, the newest first.

use maud::{Markup, html};
use projections::rows::LedgerRow;

use crate::{
    console::shell::{ConsolePage, Operator},
    figures::{amount, moment},
    page::Look,
    parts::pager::pager,
    paths::{CONSOLE_LEDGER_EXPORT, CONSOLE_RECHARGES, CONSOLE_TENANT, fill, with_query},
};

/// Which recharges. Days are `2026-11-22`, both ends included.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// A tenant's id.
    pub tenant: String,
    /// The first day.
    pub from: String,
    /// The last day.
    pub to: String,
}

impl Filter {
    /// As a query's pairs.
    #[must_use]
    pub fn pairs(&self) -> [(&str, &str); 3] {
        [("tenant", &self.tenant), ("from", &self.from), ("to", &self.to)]
    }
}

/// The page of the recharges.
#[derive(Debug)]
pub struct RechargesPage<'a> {
    /// How it looks.
    pub look: &'a Look,
    /// Who looks.
    pub operator: &'a Operator,
    /// Which recharges.
    pub filter: &'a Filter,
    /// The recharges of this page.
    pub recharges: &'a [LedgerRow],
    /// The cursor that this page begins after.
    pub after: Option<&'a str>,
    /// The cursor of the next page.
    pub next: Option<&'a str>,
}

impl RechargesPage<'_> {
    /// The page.
    #[must_use]
    pub fn render(&self) -> Markup {
        let (words, ours) = (self.look.words, self.look.words.console.customers);
        let mut exported = self.filter.pairs().to_vec();
        exported.push(("type", "recharge"));
        let content = html! {
            div.titled {
                h1 { (ours.recharges) }
                p.actions { a.button.quiet href=(with_query(CONSOLE_LEDGER_EXPORT, &exported)) { (ours.export) } }
            }
            (self.filters())
            section.card {
                @if self.recharges.is_empty() { div.empty { p { (ours.no_recharges) } } } @else { (self.table()) }
            }
            (pager(words, CONSOLE_RECHARGES, &self.filter.pairs(), self.after, self.next))
        };
        ConsolePage { look: self.look, operator: self.operator, title: ours.recharges, content }.render()
    }

    fn filters(&self) -> Markup {
        let (words, ours, filter) = (self.look.words, self.look.words.console.customers, self.filter);
        html! {
            form.filters method="get" action=(CONSOLE_RECHARGES) {
                label { span { (ours.tenant) } input type="text" name="tenant" placeholder="ten_…" value=(filter.tenant) maxlength="64" autocomplete="off"; }
                label { span { (words.from_day) } input type="date" name="from" value=(filter.from); }
                label { span { (words.to_day) } input type="date" name="to" value=(filter.to); }
                button.quiet type="submit" { (words.filter) }
                @if filter.pairs().iter().any(|(_, value)| !value.is_empty()) { a.button.quiet href=(CONSOLE_RECHARGES) { (words.clear_all) } }
            }
        }
    }

    fn table(&self) -> Markup {
        let (words, ours) = (self.look.words, self.look.words.console.customers);
        html! {
            div.scroll { table.rows {
                thead { tr {
                    th scope="col" { (ours.tenant) } th.num scope="col" { (ours.amount) } th scope="col" { (ours.source) } th scope="col" { (ours.reference) }
                    th.num scope="col" { (ours.after_it) } th scope="col" { (ours.by) } th scope="col" { (ours.when) }
                } }
                tbody {
                    @for row in self.recharges {
                        tr {
                            th scope="row" { a.id href=(fill(CONSOLE_TENANT, &[&row.tenant_id])) { (row.tenant_id) } }
                            td.num.amount data-label=(ours.amount) { (amount(row.amount, true)) }
                            td data-label=(ours.source) { (row.note.as_deref().unwrap_or_default()) }
                            td data-label=(ours.reference) { (row.reference.as_deref().unwrap_or_default()) }
                            td.num.amount.held data-label=(ours.after_it) { (amount(row.available_after, false)) }
                            td data-label=(ours.by) { span.id { (row.actor) } }
                            td.when data-label=(ours.when) { (moment(words, row.recorded_at)) }
                        }
                    }
                }
            } }
        }
    }
}
