//! Why an account refuses a command.

use chrono::NaiveDate;

use super::{BudgetPeriod, Limited};
use crate::{Credits, id::JobId};

/// A refusal by an account. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// No account was opened for this tenant.
    #[error("the account is not open")]
    NotOpen,
    /// The account takes no new holds.
    #[error("the account is frozen: {reason}")]
    Frozen {
        /// Why it was frozen.
        reason: String,
    },
    /// Less is available than the hold needs.
    #[error("{needed} credits are needed and {available} are available ({held} more are held by running jobs)")]
    InsufficientCredits {
        /// The hold that was asked for.
        needed: Credits,
        /// What could be held at most.
        available: Credits,
        /// What is merely held, and comes back unless it is charged.
        held: Credits,
    },
    /// A budget of the API key or of the tenant leaves less than the hold needs.
    #[error("{needed} credits are needed, and of {whose} budget of {limit} credits {period} {spent} are spent and {held} held{}",
        resets_on.map(|day| format!("; it begins anew on {day} UTC")).unwrap_or_default())]
    BudgetExceeded {
        /// Whose budget.
        whose: Limited,
        /// For which period.
        period: BudgetPeriod,
        /// The budget.
        limit: Credits,
        /// What was spent of it.
        spent: Credits,
        /// What is held of it for running jobs.
        held: Credits,
        /// The hold that was asked for.
        needed: Credits,
        /// The day on which the next period begins.
        resets_on: Option<NaiveDate>,
    },
    /// As many jobs are under way as the API key or the tenant may have at once.
    #[error("{whose} limit of {limit} jobs at once is reached")]
    TooManyJobs {
        /// Whose limit.
        whose: Limited,
        /// How many it allows.
        limit: u32,
    },
    /// Negative, zero where something is needed, or above the maximum.
    #[error("{amount} credits is not an amount that may be moved")]
    InvalidAmount {
        /// The amount as it was given.
        amount: Credits,
    },
    /// There is no open hold of this job.
    #[error("no hold is open for {job_id}")]
    NoOpenHold {
        /// The job.
        job_id: JobId,
    },
    /// A hold of this job is open with other terms.
    #[error("another hold is open for {job_id}")]
    HoldDiffers {
        /// The job.
        job_id: JobId,
    },
    /// The correction is not waiting for a decision, or waits with other terms.
    #[error("no such adjustment is waiting: {adjustment_id:?}")]
    NoSuchAdjustment {
        /// Its key.
        adjustment_id: String,
    },
    /// One person proposed and decided.
    #[error("an adjustment is approved by another person than the one who asked for it")]
    SamePerson,
}

impl std::fmt::Display for Limited {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::ApiKey => "the API key's",
            Self::Tenant => "the tenant's",
        })
    }
}

impl std::fmt::Display for BudgetPeriod {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Day => "a day",
            Self::Month => "a month",
            Self::Total => "in all",
        })
    }
}
