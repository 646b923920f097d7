//! The fold of an account's events: amounts and the *open* holds, so that it stays small however long the ledger is.

use std::sync::Arc;

use imbl::OrdMap;
use serde::{Deserialize, Serialize};

use super::{AccountCommand, AccountError, AccountEvent, BudgetTerms, Spending, budget};
use crate::{
    Credits,
    decide::aggregate,
    id::{ApiKeyId, JobId, UserId},
};

/// The state of one tenant's account. Cloning is cheap: the open holds are a persistent map.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Account {
    pub(super) open: bool,
    pub(super) frozen: Option<String>,
    pub(super) posted: Credits,
    pub(super) held: Credits,
    pub(super) credit_limit: Credits,
    pub(super) holds: OrdMap<JobId, Arc<OpenHold>>,
    pub(super) adjustments: OrdMap<String, PendingAdjustment>,
    /// How many holds of each API key are open.
    pub(super) open_by_key: OrdMap<ApiKeyId, u32>,
    /// Of each API key that ever held under a budget.
    pub(super) key_spending: OrdMap<ApiKeyId, Arc<Spending>>,
    /// From the tenant's first hold under a budget on.
    pub(super) tenant_spending: Option<Spending>,
}

/// A hold that has not ended yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenHold {
    /// What is set aside.
    pub amount: Credits,
    /// The API key that asked for it.
    pub api_key_id: Option<ApiKeyId>,
    /// The public name of the model.
    pub model: String,
    /// The budgets that it counts against.
    pub budgets: Option<BudgetTerms>,
}

/// A correction that waits for a second person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingAdjustment {
    /// What to add; negative to take away.
    pub amount: Credits,
    /// Who proposed it.
    pub by: UserId,
}

aggregate!(Account, "account", AccountCommand, AccountEvent, AccountError);

impl Account {
    /// All credits of the tenant, those held included.
    #[must_use]
    pub const fn posted(&self) -> Credits {
        self.posted
    }

    /// What is set aside for jobs that have not ended.
    #[must_use]
    pub const fn held(&self) -> Credits {
        self.held
    }

    /// What is free to be held: posted − held.
    #[must_use]
    pub fn available(&self) -> Credits {
        self.posted - self.held
    }

    /// How far below zero a hold may reach.
    #[must_use]
    pub const fn credit_limit(&self) -> Credits {
        self.credit_limit
    }

    /// Whether the account was opened.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.open
    }

    /// Why no new hold is taken, if so.
    #[must_use]
    pub fn frozen(&self) -> Option<&str> {
        self.frozen.as_deref()
    }

    /// The hold of this job, if it has not ended.
    #[must_use]
    pub fn open_hold(&self, job_id: &JobId) -> Option<&OpenHold> {
        self.holds.get(job_id).map(|hold| &**hold)
    }

    /// The holds that have not ended, in order of their jobs' ids.
    pub fn open_holds(&self) -> impl Iterator<Item = (&JobId, &OpenHold)> {
        self.holds.iter().map(|(job_id, hold)| (job_id, &**hold))
    }

    /// How many jobs of an API key are under way.
    #[must_use]
    pub fn open_holds_of(&self, api_key_id: &ApiKeyId) -> u32 {
        self.open_by_key.get(api_key_id).copied().unwrap_or_default()
    }

    /// What counts against the budget of an API key, if it ever held under one.
    #[must_use]
    pub fn spending_of(&self, api_key_id: &ApiKeyId) -> Option<&Spending> {
        self.key_spending.get(api_key_id).map(|spending| &**spending)
    }

    /// What counts against the budget of the tenant, if it ever held under one.
    #[must_use]
    pub const fn spending(&self) -> Option<&Spending> {
        self.tenant_spending.as_ref()
    }

    pub(super) fn evolve(&mut self, event: AccountEvent) {
        match event {
            AccountEvent::AccountOpened {} => self.open = true,
            AccountEvent::CreditsRecharged { amount, .. }
            | AccountEvent::CreditsRefunded { amount, .. }
            | AccountEvent::BalanceAdjusted { amount, .. } => self.posted += amount,
            AccountEvent::CreditsHeld { job_id, amount, api_key_id, model, budgets } => {
                self.begin_hold(job_id, OpenHold { amount, api_key_id, model, budgets });
            }
            AccountEvent::HoldSettled { job_id, held, charged, .. } => {
                self.end_hold(&job_id, held, charged);
                self.posted -= charged;
            }
            AccountEvent::OverrunSettled { taken, api_key_id, budgets, .. } => {
                self.posted -= taken;
                self.count(api_key_id.as_ref(), budgets.as_ref(), |tally| {
                    tally.spent = budget::sum(tally.spent, taken)
                });
            }
            AccountEvent::HoldReleased { job_id, amount, .. } => self.end_hold(&job_id, amount, Credits::ZERO),
            AccountEvent::AdjustmentRequested { adjustment_id, amount, by, .. } => {
                self.adjustments.insert(adjustment_id, PendingAdjustment { amount, by });
            }
            AccountEvent::AdjustmentApproved { adjustment_id, .. }
            | AccountEvent::AdjustmentRejected { adjustment_id, .. } => {
                self.adjustments.remove(&adjustment_id);
            }
            AccountEvent::CreditLimitSet { limit } => self.credit_limit = limit,
            AccountEvent::AccountFrozen { reason } => self.frozen = Some(reason),
            AccountEvent::AccountUnfrozen {} => self.frozen = None,
        }
    }

    fn begin_hold(&mut self, job_id: JobId, hold: OpenHold) {
        let OpenHold { amount, api_key_id, budgets, .. } = &hold;
        self.held += *amount;
        if let Some(key) = api_key_id {
            *self.open_by_key.entry(key.clone()).or_insert(0) += 1;
        }
        if let Some(terms) = budgets {
            self.begin_day(api_key_id.as_ref(), terms);
        }
        self.count(api_key_id.as_ref(), budgets.as_ref(), |tally| tally.held += *amount);
        self.holds.insert(job_id, Arc::new(hold));
    }

    fn end_hold(&mut self, job_id: &JobId, amount: Credits, charged: Credits) {
        self.held -= amount;
        let Some(hold) = self.holds.remove(job_id) else { return };
        let OpenHold { api_key_id, budgets, .. } = &*hold;
        if let Some(key) = api_key_id {
            let open = self.open_by_key.get(key).copied().unwrap_or_default();
            match open.checked_sub(1).filter(|left| *left > 0) {
                Some(left) => drop(self.open_by_key.insert(key.clone(), left)),
                None => drop(self.open_by_key.remove(key)),
            }
        }
        self.count(api_key_id.as_ref(), budgets.as_ref(), |tally| {
            tally.held -= amount;
            tally.spent = budget::sum(tally.spent, charged);
        });
    }

    fn begin_day(&mut self, api_key_id: Option<&ApiKeyId>, terms: &BudgetTerms) {
        if let (Some(key), Some(_)) = (api_key_id, terms.key) {
            let spending = self.key_spending.entry(key.clone()).or_insert_with(|| Arc::new(Spending::from(terms.day)));
            Arc::make_mut(spending).begin(terms.day);
        }
        if terms.tenant.is_some() {
            self.tenant_spending.get_or_insert_with(|| Spending::from(terms.day)).begin(terms.day);
        }
    }

    /// Counts what happens to a hold against the budgets that it was taken under.
    fn count(
        &mut self,
        api_key_id: Option<&ApiKeyId>,
        terms: Option<&BudgetTerms>,
        change: impl Fn(&mut super::Tally),
    ) {
        let Some(terms) = terms else { return };
        let key = api_key_id.filter(|_| terms.key.is_some()).and_then(|key| self.key_spending.get_mut(key));
        if let Some(spending) = key {
            Arc::make_mut(spending).count(terms.day, &change);
        }
        if let (Some(spending), Some(_)) = (&mut self.tenant_spending, terms.tenant) {
            spending.count(terms.day, &change);
        }
    }
}
