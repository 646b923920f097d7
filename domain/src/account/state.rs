//! The fold of an account's events: amounts and the *open* holds, so that it stays small however long the ledger is.

use std::sync::Arc;

use imbl::OrdMap;
use serde::{Deserialize, Serialize};

use super::{AccountCommand, AccountError, AccountEvent};
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

    pub(super) fn evolve(&mut self, event: AccountEvent) {
        match event {
            AccountEvent::AccountOpened {} => self.open = true,
            AccountEvent::CreditsRecharged { amount, .. }
            | AccountEvent::CreditsRefunded { amount, .. }
            | AccountEvent::BalanceAdjusted { amount, .. } => self.posted += amount,
            AccountEvent::CreditsHeld { job_id, amount, api_key_id, model } => {
                self.held += amount;
                self.holds.insert(job_id, Arc::new(OpenHold { amount, api_key_id, model }));
            }
            AccountEvent::HoldSettled { job_id, held, charged, .. } => {
                self.end_hold(&job_id, held);
                self.posted -= charged;
            }
            AccountEvent::OverrunSettled { taken, .. } => self.posted -= taken,
            AccountEvent::HoldReleased { job_id, amount, .. } => self.end_hold(&job_id, amount),
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

    fn end_hold(&mut self, job_id: &JobId, amount: Credits) {
        self.holds.remove(job_id);
        self.held -= amount;
    }
}
