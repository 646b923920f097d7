//! What may be asked of an account.

use super::{BudgetTerms, Overrun, ReleaseReason};
use crate::{
    Credits,
    id::{ApiKeyId, JobId, UserId},
};

/// What the limits of a caller allow a hold, as they stand when it is asked for. By default everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowance {
    /// The budgets of the API key and of the tenant, and the day.
    pub budgets: Option<BudgetTerms>,
    /// How many jobs of the API key may be under way at once.
    pub key_jobs: Option<u32>,
    /// How many jobs of the tenant may be under way at once.
    pub tenant_jobs: Option<u32>,
}

/// A command to the account of one tenant.
#[derive(Clone, Debug, PartialEq)]
pub enum AccountCommand {
    /// Opens the account. Twice is once.
    OpenAccount,
    /// Adds paid or granted credits. Keyed by a once-stream in the same unit, never by the account's memory.
    RechargeCredits {
        /// More than zero.
        amount: Credits,
        /// Where the money came from: `card`, `voucher`, `promo`, …
        source: String,
        /// The payment, voucher or request that paid it.
        reference: String,
    },
    /// Sets credits aside for a job. Twice for the same open hold is once.
    HoldCredits {
        /// The job, and so the hold.
        job_id: JobId,
        /// The most that the job is expected to cost.
        amount: Credits,
        /// The API key that asked, if one did.
        api_key_id: Option<ApiKeyId>,
        /// The public name of the model.
        model: String,
        /// What the limits of the caller allow.
        allowance: Allowance,
    },
    /// Ends a hold by charging for what was used.
    SettleHold {
        /// The job, and so the hold.
        job_id: JobId,
        /// What the job costs. Above the hold, `overrun` decides.
        cost: Credits,
        /// The declared policy of the capability.
        overrun: Overrun,
    },
    /// Ends a hold without a charge.
    ReleaseHold {
        /// The job, and so the hold.
        job_id: JobId,
        /// Why nothing is charged.
        reason: ReleaseReason,
    },
    /// Gives back what a job was charged. The job's stream, in the same unit, bounds it by that charge.
    RefundCredits {
        /// The job that was charged.
        job_id: JobId,
        /// More than zero.
        amount: Credits,
        /// The public name of the job's model.
        model: String,
        /// Why, in words for the statement.
        reason: String,
    },
    /// Proposes a correction. A second person has to approve it.
    RequestAdjustment {
        /// The key of this correction.
        adjustment_id: String,
        /// What to add; negative to take away.
        amount: Credits,
        /// Why, and which entry it corrects.
        reason: String,
        /// Who proposes it.
        by: UserId,
    },
    /// Makes a proposed correction real.
    ApproveAdjustment {
        /// The key of the correction.
        adjustment_id: String,
        /// Who approves: not the one who proposed.
        by: UserId,
    },
    /// Turns a proposed correction down.
    RejectAdjustment {
        /// The key of the correction.
        adjustment_id: String,
        /// Who turns it down.
        by: UserId,
    },
    /// Lets holds reach this far below zero.
    SetCreditLimit {
        /// Zero or more.
        limit: Credits,
    },
    /// Refuses new holds until unfrozen. Open holds still end.
    FreezeAccount {
        /// Why.
        reason: String,
    },
    /// Takes new holds again.
    UnfreezeAccount,
}
