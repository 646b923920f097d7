//! Balance and spending: what there is, and where it went, day by day.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use maud::{Markup, html};
use projections::rows::{LedgerRow, UsageRow};

use super::{ledger, overview::Balance};
use crate::{
    figures::{amount, short_amount},
    page::{Look, Page, Visitor},
    paths::LEDGER,
    words::Words,
};

/// How many models have a share of their own; the rest is one.
const SHARES: usize = 5;
/// The height of the chart's bars, in its own units.
const HEIGHT: i64 = 120;

/// The page of balance and spending.
#[derive(Debug)]
pub struct BillingPage<'a> {
    /// How it looks.
    pub look: &'a Look,
    /// Who looks.
    pub visitor: &'a Visitor,
    /// What there is.
    pub balance: Balance<'a>,
    /// The days that are shown, oldest first.
    pub days: &'a [NaiveDate],
    /// What was used on them.
    pub usage: &'a [UsageRow],
    /// The latest lines of the ledger.
    pub lines: &'a [LedgerRow],
}

impl BillingPage<'_> {
    /// The page.
    #[must_use]
    pub fn render(&self) -> Markup {
        let words = self.look.words;
        let content = html! {
            h1 { (words.billing) }
            (self.balance.sums(words))
            (self.spending())
            section.card {
                header { h2 { (words.ledger) } a href=(LEDGER) { (words.see_all) } }
                @if self.lines.is_empty() { div.empty { p { (words.no_ledger) } } } @else { (ledger::table(words, self.lines)) }
            }
        };
        Page { look: self.look, title: words.billing, visitor: Some(self.visitor), narrow: false, content }.render()
    }

    fn spending(&self) -> Markup {
        let words = self.look.words;
        let models = by_model(self.usage);
        let total: i64 = models.iter().map(|(_, spent)| spent).sum();
        html! {
            section.card aria-labelledby="spending" {
                header { h2 #spending { (words.spent_30) } span.amount { (amount(total, false)) " " span.unit { (words.credits) } } }
                div.pad {
                    (self.chart())
                    details {
                        summary { (words.as_table) }
                        table {
                            thead { tr { th scope="col" { (words.model) } th.num scope="col" { (words.charged) } } }
                            tbody { (shares(words, &models)) }
                        }
                    }
                }
            }
        }
    }

    /// A bar a day, from zero, drawn on the server.
    fn chart(&self) -> Markup {
        let words = self.look.words;
        let spent: Vec<i64> = self
            .days
            .iter()
            .map(|day| self.usage.iter().filter(|row| row.day == *day).map(|row| row.charged).sum())
            .collect();
        let most = spent.iter().copied().max().unwrap_or(0).max(1);
        let width = 12 * spent.len();
        html! {
            svg.chart viewBox={ "0 0 " (width) " " (HEIGHT + 4) } preserveAspectRatio="none" role="img" aria-labelledby="chart-title" {
                title #chart-title { (words.spent_30) }
                @for ((place, day), spent) in self.days.iter().enumerate().zip(&spent) {
                    @let height = spent.saturating_mul(HEIGHT) / most;
                    rect x=(12 * place + 1) y=(HEIGHT - height) width="10" height=(height.max(i64::from(*spent > 0))) {
                        title { (day) ": " (short_amount(*spent)) }
                    }
                }
                line x1="0" y1=(HEIGHT) x2=(width) y2=(HEIGHT) {}
            }
            p.chart-ends.soft {
                @if let (Some(first), Some(last)) = (self.days.first(), self.days.last()) { span { (first) } span { (words.most) " " (short_amount(if most > 1 { most } else { 0 })) } span { (last) } }
            }
        }
    }
}

fn by_model(usage: &[UsageRow]) -> Vec<(&str, i64)> {
    let mut models: BTreeMap<&str, i64> = BTreeMap::new();
    for row in usage {
        *models.entry(&row.model).or_default() += row.charged;
    }
    let mut models: Vec<_> = models.into_iter().collect();
    models.sort_by_key(|(_, spent)| std::cmp::Reverse(*spent));
    models
}

fn shares(words: &Words, models: &[(&str, i64)]) -> Markup {
    let (first, rest) = models.split_at(models.len().min(SHARES));
    let other: i64 = rest.iter().map(|(_, spent)| spent).sum();
    html! {
        @for (model, spent) in first { tr { td { (model) } td.num.amount { (amount(*spent, false)) } } }
        @if !rest.is_empty() { tr { td { (words.other) } td.num.amount { (amount(other, false)) } } }
    }
}
