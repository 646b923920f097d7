//! Balance and spending: what there is, and where it went, day by day.

use chrono::NaiveDate;
use domain::account::BudgetPeriod;
use maud::{Markup, html};
use projections::{rows::LedgerRow, spending::DaySpent};

use super::{ledger, overview::Balance};
use crate::{
    figures::{amount, short_amount, whole},
    page::{Look, Page, Visitor},
    parts::{chart::Spending, pager::of_all},
    paths::{KEYS, LEDGER},
};

/// How fast credits go, in micro-credits. Months and days are those of UTC, as in the books.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    /// Charged in this month.
    pub this_month: i64,
    /// Charged in the month before.
    pub last_month: i64,
    /// Charged in the last seven days.
    pub last_week: i64,
}

/// A budget and what is gone of it, in micro-credits.
#[derive(Clone, Debug)]
pub struct BudgetShown {
    /// The name of the API key; without one it is the tenant's.
    pub whose: Option<String>,
    /// For which stretch of time.
    pub period: BudgetPeriod,
    /// The budget.
    pub limit: i64,
    /// Spent and held of it.
    pub spent: i64,
}

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
    /// What was spent on them.
    pub spent: &'a [DaySpent],
    /// How fast credits go.
    pub pace: Pace,
    /// The budgets of the tenant and of its keys, the fullest first.
    pub budgets: &'a [BudgetShown],
    /// How many budgets there are.
    pub all_budgets: usize,
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
            (self.pace())
            (self.spending())
            (self.budgets())
            section.card {
                header { h2 { (words.ledger) } a href=(LEDGER) { (words.see_all) } }
                @if self.lines.is_empty() { div.empty { p { (words.no_ledger) } } } @else { (ledger::table(words, self.lines)) }
            }
        };
        Page { look: self.look, title: words.billing, visitor: Some(self.visitor), narrow: false, content }.render()
    }

    fn spending(&self) -> Markup {
        let words = self.look.words;
        let spending = Spending::of(words, self.days, self.spent);
        html! {
            section.card aria-labelledby="spending" {
                header { h2 #spending { (words.spent_30) } span.amount { (amount(spending.total(), false)) " " span.unit { (words.credits) } } }
                div.pad { (spending.render(words)) }
            }
        }
    }

    /// This month beside the last, and how long the balance lasts.
    fn pace(&self) -> Markup {
        let (words, pace) = (self.look.words, self.pace);
        let spent = |micro: i64| html! { span.amount { (amount(micro, false)) } " " span.unit { (words.credits) } };
        html! {
            section.card aria-label=(words.portal.forecast) {
                dl.sums.many {
                    div { dt { (words.portal.this_month) " " span.soft { "UTC" } } dd { (spent(pace.this_month)) } }
                    div { dt { (words.portal.last_month) } dd { (spent(pace.last_month)) } }
                    div {
                        dt { (words.portal.forecast) }
                        dd { @match pace.days_left(self.balance.available) {
                            Some(days) => span.amount { (whole(days.unsigned_abs())) " " (words.portal.days) },
                            None => span.soft { (words.portal.no_spending) },
                        } }
                    }
                }
            }
        }
    }

    fn budgets(&self) -> Markup {
        let words = self.look.words;
        html! {
            section.card aria-labelledby="budgets" {
                header { h2 #budgets { (words.portal.budgets) (of_all(self.budgets.len(), self.all_budgets)) } a href=(KEYS) { (words.keys) } }
                @if self.budgets.is_empty() { div.empty { p { (words.portal.no_budgets) } } } @else {
                    div.scroll { table.rows {
                        thead { tr { th scope="col" { (words.key_name) } th scope="col" { (words.kind) } th scope="col" { (words.portal.budgets) } th.num scope="col" { (words.charged) } } }
                        tbody {
                            @for budget in self.budgets {
                                tr {
                                    td { (budget.whose.as_deref().unwrap_or(words.portal.tenant)) }
                                    td.soft { (match budget.period { BudgetPeriod::Day => words.portal.per_day, BudgetPeriod::Month => words.portal.per_month, BudgetPeriod::Total => words.portal.in_all }) }
                                    td { meter aria-label=(budget.whose.as_deref().unwrap_or(words.portal.tenant)) min="0" max=(budget.limit.max(1)) high=(budget.limit / 5 * 4) value=(budget.spent.min(budget.limit)) { (short_amount(budget.spent)) } }
                                    td.num.amount { (short_amount(budget.spent)) " / " (short_amount(budget.limit)) }
                                }
                            }
                        }
                    } }
                }
            }
        }
    }
}

impl Pace {
    /// For how many days the balance lasts, if anything was spent lately.
    #[must_use]
    pub fn days_left(self, available: i64) -> Option<i64> {
        (self.last_week > 0)
            .then(|| (i128::from(available.max(0)) * 7 / i128::from(self.last_week)).try_into().unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::Pace;

    #[test]
    fn the_balance_lasts_as_long_as_the_pace_of_the_week_lets_it() {
        let pace = |last_week| Pace { this_month: 0, last_month: 0, last_week };
        assert_eq!(pace(70).days_left(105), Some(10));
        assert_eq!((pace(70).days_left(-5), pace(0).days_left(100)), (Some(0), None));
    }
}
