//! Entries of the ledger as those who run the platform see them: whose they are, who asked, and where they lead.

use maud::{Markup, html};
use projections::rows::{LedgerRow, LedgerType};

use crate::{
    figures::{amount, moment_exact},
    paths::{CONSOLE_AUDIT, CONSOLE_TENANT, fill, with_query},
    words::Words,
};

/// Entries as a table; with the tenant where several are shown.
#[must_use]
pub fn entries(words: &Words, lines: &[LedgerRow], with_tenant: bool) -> Markup {
    let ours = words.console.books;
    html! {
        div.scroll { table.rows.ledger {
            thead { tr {
                th scope="col" { (ours.position) } th scope="col" { (words.kind) }
                @if with_tenant { th scope="col" { (ours.tenant) } }
                th.num scope="col" { (words.amount) } th scope="col" { (words.reference) } th.num scope="col" { (words.balance) }
                th scope="col" { (ours.actor) } th scope="col" { (words.time) " " span.soft { (words.zone.name()) } }
            } }
            tbody {
                @for line in lines {
                    tr .set-aside[matches!(line.entry_type, LedgerType::Hold | LedgerType::Release)] {
                        td.soft { a href=(with_query(CONSOLE_AUDIT, &[("position", &line.position.to_string())])) { (line.position) } }
                        td { (words.kind_name(line.entry_type)) @if let Some(model) = &line.model { " " span.soft { (model) } } }
                        @if with_tenant { td data-label=(ours.tenant) { a.id href=(fill(CONSOLE_TENANT, &[&line.tenant_id])) { (line.tenant_id) } } }
                        td.num.amount data-label=(words.amount) { (amount(line.amount, true)) }
                        td data-label=(words.reference) {
                            @if let Some(job_id) = &line.job_id { a.id href=(with_query(CONSOLE_AUDIT, &[("target", job_id), ("show", "everything")])) { (job_id) } }
                            @else if let Some(reference) = &line.reference { span.id { (reference) } }
                            @if let Some(note) = &line.note { " " span.soft { (note) } }
                        }
                        td.num.amount.held data-label=(words.balance) { (amount(line.available_after, false)) }
                        td data-label=(ours.actor) { span.id { (line.actor) } }
                        td.when data-label=(words.time) { (moment_exact(words, line.recorded_at)) }
                    }
                }
            }
        } }
    }
}
