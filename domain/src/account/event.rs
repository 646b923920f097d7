//! What happened to an account. These events are the ledger: nothing else moves credits.

use serde::{Deserialize, Serialize};

use super::BudgetTerms;
use crate::{
    Credits,
    decide::domain_event,
    id::{ApiKeyId, JobId, UserId},
};

/// Why a hold ended without a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReleaseReason {
    /// The job failed with a definite verdict.
    Failed,
    /// The job was canceled before it cost anything.
    Canceled,
    /// The job ran out of time before it cost anything.
    Expired,
    /// The outcome stayed unknown past the age that the policy states.
    UnknownPastPolicy,
}

/// An event of the account of one tenant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are documented on the commands of the same names")]
pub enum AccountEvent {
    AccountOpened {},
    CreditsRecharged {
        amount: Credits,
        source: String,
        reference: String,
    },
    /// `budgets` are those that it counts against, with the day that it counts in.
    CreditsHeld {
        job_id: JobId,
        amount: Credits,
        api_key_id: Option<ApiKeyId>,
        model: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        budgets: Option<BudgetTerms>,
    },
    /// `held` leaves the holds, `charged` of it (never more) is spent, the rest is available again.
    HoldSettled {
        job_id: JobId,
        held: Credits,
        charged: Credits,
        api_key_id: Option<ApiKeyId>,
        model: String,
    },
    /// The part of a cost above its hold: `taken` from the tenant, `absorbed` by the platform. `budgets` are the hold's.
    OverrunSettled {
        job_id: JobId,
        taken: Credits,
        absorbed: Credits,
        policy: super::Overrun,
        api_key_id: Option<ApiKeyId>,
        model: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        budgets: Option<BudgetTerms>,
    },
    HoldReleased {
        job_id: JobId,
        amount: Credits,
        reason: ReleaseReason,
        api_key_id: Option<ApiKeyId>,
        model: String,
    },
    CreditsRefunded {
        job_id: JobId,
        amount: Credits,
        model: String,
        reason: String,
    },
    AdjustmentRequested {
        adjustment_id: String,
        amount: Credits,
        reason: String,
        by: UserId,
    },
    AdjustmentApproved {
        adjustment_id: String,
        by: UserId,
    },
    AdjustmentRejected {
        adjustment_id: String,
        by: UserId,
    },
    BalanceAdjusted {
        adjustment_id: String,
        amount: Credits,
    },
    CreditLimitSet {
        limit: Credits,
    },
    AccountFrozen {
        reason: String,
    },
    AccountUnfrozen {},
}

domain_event!(
    AccountEvent,
    "1",
    [
        AccountOpened,
        CreditsRecharged,
        CreditsHeld,
        HoldSettled,
        OverrunSettled,
        HoldReleased,
        CreditsRefunded,
        AdjustmentRequested,
        AdjustmentApproved,
        AdjustmentRejected,
        BalanceAdjusted,
        CreditLimitSet,
        AccountFrozen,
        AccountUnfrozen,
    ]
);
