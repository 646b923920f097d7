//! The first page after logging in: the balance, the latest jobs, the tail of the ledger.

use maud::{Markup, html};
use projections::rows::{JobRow, LedgerRow};

use super::{jobs, ledger};
use crate::{
    figures::amount,
    page::{Look, Page, Visitor},
    paths::{JOBS, LEDGER, MARKET},
    words::Words,
};

/// What the overview shows.
#[derive(Debug)]
pub struct Overview<'a> {
    /// How it looks.
    pub look: &'a Look,
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
        let words = self.look.words;
        let title = self.credits.map_or(words.overview, |balance| balance.tenant);
        let content = html! {
            h1 { (title) }
            @if let Some(balance) = self.credits {
                (balance.sums(words))
                (self.jobs())
                (self.ledger())
            } @else {
                div.card { div.empty { p { (words.no_tenant) } } }
            }
        };
        Page { look: self.look, title, visitor: Some(self.visitor), narrow: false, content }.render()
    }

    fn jobs(&self) -> Markup {
        let words = self.look.words;
        html! {
            section.card aria-labelledby="jobs" {
                header { h2 #jobs { (words.latest_jobs) } a href=(JOBS) { (words.see_all) } }
                @if self.jobs.is_empty() {
                    div.empty { p { (words.no_jobs) } p { a.button href=(MARKET) { (words.market) } } }
                } @else { (jobs::table(words, self.jobs)) }
            }
        }
    }

    fn ledger(&self) -> Markup {
        let words = self.look.words;
        html! {
            section.card aria-labelledby="ledger" {
                header { h2 #ledger { (words.latest_lines) } a href=(LEDGER) { (words.see_all) } }
                @if self.ledger.is_empty() { div.empty { p { (words.no_ledger) } } } @else { (ledger::table(words, self.ledger)) }
            }
        }
    }
}

impl Balance<'_> {
    /// What there is, and what of it can be spent.
    pub(super) fn sums(&self, words: &Words) -> Markup {
        let sum = |micro: i64| html! { span.amount { (amount(micro, false)) } " " span.unit { (words.credits) } };
        html! {
            section.card aria-label=(words.available) {
                dl.sums {
                    div.main { dt { (words.available) } dd { (sum(self.available)) } }
                    div { dt { (words.held) } dd.held { (sum(self.held)) } }
                    div { dt { (words.posted) } dd { (sum(self.posted)) } }
                }
            }
            p.soft { (words.each_worth) " " (self.credit_value) }
        }
    }
}
