//! Budgets: how much may be spent in a day, in a month or in all, and what counts against them.
//!
//! It never looks at a clock: the day comes with the hold, and a hold counts in its day, whenever it ends.

use chrono::{Datelike as _, Days, Months, NaiveDate};
use serde::{Deserialize, Serialize};

use super::AccountError;
use crate::Credits;

/// The most that may be spent in each period; a period without an amount has no limit. Periods are of UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// In a calendar day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<Credits>,
    /// In a calendar month.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub month: Option<Credits>,
    /// In all, from when the budget was set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<Credits>,
}

/// A stretch of time that a budget is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BudgetPeriod {
    /// A calendar day.
    Day,
    /// A calendar month.
    Month,
    /// All time.
    Total,
}

/// Whose limit it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limited {
    /// An API key's.
    ApiKey,
    /// The tenant's.
    Tenant,
}

/// The budgets that a hold is taken under, and the day that it counts in. They are frozen with the hold: what its job
/// costs above it is bounded by the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BudgetTerms {
    /// The day in UTC. When the account has seen a later one, it counts in that.
    pub day: NaiveDate,
    /// The budget of the API key that asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Budget>,
    /// The budget of the tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<Budget>,
}

/// What was spent in a period, and what is held for jobs that began in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Charged, overruns included. A refund does not lessen it.
    pub spent: Credits,
    /// Held for jobs that have not ended.
    pub held: Credits,
}

/// What counts against the budget of one API key, or of the tenant: in the newest day it has seen, in that day's month,
/// and in all. Earlier days and months are forgotten.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spending {
    day: NaiveDate,
    daily: Tally,
    monthly: Tally,
    total: Tally,
}

/// The longest first: a refusal names the budget that stays exhausted longest.
const PERIODS: [BudgetPeriod; 3] = [BudgetPeriod::Total, BudgetPeriod::Month, BudgetPeriod::Day];

impl Budget {
    /// Whether it limits nothing.
    #[must_use]
    pub fn is_unlimited(&self) -> bool {
        *self == Self::default()
    }

    /// What may be spent in a period, if that is limited.
    #[must_use]
    pub const fn of(&self, period: BudgetPeriod) -> Option<Credits> {
        match period {
            BudgetPeriod::Day => self.day,
            BudgetPeriod::Month => self.month,
            BudgetPeriod::Total => self.total,
        }
    }

    /// Whether each amount is one that may enter the ledger.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        PERIODS.iter().filter_map(|period| self.of(*period)).all(Credits::is_amount)
    }
}

impl BudgetTerms {
    /// The same without budgets that limit nothing, or none when all are so.
    pub(super) fn limiting(self, by_key: bool) -> Option<Self> {
        let key = self.key.filter(|budget| by_key && !budget.is_unlimited());
        let tenant = self.tenant.filter(|budget| !budget.is_unlimited());
        (key.is_some() || tenant.is_some()).then_some(Self { key, tenant, ..self })
    }
}

impl Tally {
    /// Spent and held together.
    #[must_use]
    pub fn used(&self) -> Credits {
        sum(self.spent, self.held)
    }
}

impl Spending {
    /// Nothing yet.
    #[must_use]
    pub fn from(day: NaiveDate) -> Self {
        Self { day, daily: Tally::default(), monthly: Tally::default(), total: Tally::default() }
    }

    /// The newest day that it has seen.
    #[must_use]
    pub const fn day(&self) -> NaiveDate {
        self.day
    }

    /// What counts in the period that a day lies in; none when that period was forgotten.
    #[must_use]
    pub fn tally(&self, period: BudgetPeriod, day: NaiveDate) -> Option<Tally> {
        let (same, tally) = match period {
            BudgetPeriod::Day => (day == self.day, self.daily),
            BudgetPeriod::Month => (same_month(day, self.day), self.monthly),
            BudgetPeriod::Total => (true, self.total),
        };
        if same { Some(tally) } else { (day > self.day).then(Tally::default) }
    }

    /// Refuses what would exceed the budget in a day.
    pub(super) fn check(
        known: Option<&Self>,
        (whose, budget): (Limited, &Budget),
        (day, needed): (NaiveDate, Credits),
    ) -> Result<(), AccountError> {
        for period in PERIODS {
            let Some(limit) = budget.of(period) else { continue };
            let tally = known.and_then(|known| known.tally(period, day)).unwrap_or_default();
            if sum(tally.used(), needed) > limit {
                let Tally { spent, held } = tally;
                let resets_on = end_of(period, day);
                return Err(AccountError::BudgetExceeded { whose, period, limit, spent, held, needed, resets_on });
            }
        }
        Ok(())
    }

    /// What the budget leaves to a hold of this day. A period that was forgotten leaves nothing: none can tell.
    pub(super) fn room(&self, budget: &Budget, day: NaiveDate) -> Option<Credits> {
        let room = |period: &BudgetPeriod| {
            let limit = budget.of(*period)?;
            let used = self.tally(*period, day).map(|tally| tally.used());
            Some(used.filter(|used| *used < limit).map_or(Credits::ZERO, |used| limit - used))
        };
        PERIODS.iter().filter_map(room).min()
    }

    /// Begins a day, unless it has begun or a later one has.
    pub(super) fn begin(&mut self, day: NaiveDate) {
        if day <= self.day {
            return;
        }
        self.daily = Tally::default();
        if !same_month(day, self.day) {
            self.monthly = Tally::default();
        }
        self.day = day;
    }

    /// Counts what happens to a hold of a day, in each period of it that is not forgotten.
    pub(super) fn count(&mut self, day: NaiveDate, change: impl Fn(&mut Tally)) {
        change(&mut self.total);
        if same_month(day, self.day) {
            change(&mut self.monthly);
        }
        if day == self.day {
            change(&mut self.daily);
        }
    }
}

/// The first day on which a budget's period is another one.
fn end_of(period: BudgetPeriod, day: NaiveDate) -> Option<NaiveDate> {
    match period {
        BudgetPeriod::Day => day.checked_add_days(Days::new(1)),
        BudgetPeriod::Month => day.with_day(1)?.checked_add_months(Months::new(1)),
        BudgetPeriod::Total => None,
    }
}

fn same_month(one: NaiveDate, other: NaiveDate) -> bool {
    (one.year(), one.month()) == (other.year(), other.month())
}

/// Counted up over years, charges may reach what an amount can hold: then there they stay.
pub(super) fn sum(one: Credits, other: Credits) -> Credits {
    one.checked_add(other).unwrap_or(Credits::from_micro(i64::MAX))
}
