//! How much a tenant may do: set by those who run the platform, enforced on all of its keys and people together.

use serde::{Deserialize, Serialize};

use super::TenantError;
use crate::account::Budget;

/// The limits of a tenant. What is absent has none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TenantLimits {
    /// Requests a minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests_per_minute: Option<u32>,
    /// Tokens of text a minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_per_minute: Option<u64>,
    /// Jobs under way at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrent_jobs: Option<u32>,
    /// What it may spend.
    #[serde(default, skip_serializing_if = "Budget::is_unlimited")]
    pub budget: Budget,
}

impl TenantLimits {
    pub(super) fn check(&self) -> Result<(), TenantError> {
        check(&self.budget, self.requests_per_minute, self.tokens_per_minute, self.concurrent_jobs)
    }
}

/// Whether each limit lets something through: who shall do nothing is suspended or revoked.
pub(super) fn check(
    budget: &Budget,
    requests_per_minute: Option<u32>,
    tokens_per_minute: Option<u64>,
    concurrent_jobs: Option<u32>,
) -> Result<(), TenantError> {
    if !budget.is_valid() {
        return Err(TenantError::UnfitLimit("a budget is not negative and at most a billion credits"));
    }
    if requests_per_minute == Some(0) || tokens_per_minute == Some(0) || concurrent_jobs == Some(0) {
        return Err(TenantError::UnfitLimit("a limit on requests, tokens or jobs is one at least"));
    }
    Ok(())
}
