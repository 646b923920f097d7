//! An API key: what it is called, may do and may spend. Never the key itself: only its hash.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{TenantError, limits::check};
use crate::{Credits, account::Budget, id::ApiKeyId};

/// All that is known of an API key. The key itself is never kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiKey {
    /// Its id.
    pub api_key_id: ApiKeyId,
    /// What its owner calls it.
    pub name: String,
    /// Its first characters, for recognition.
    pub prefix: String,
    /// The sha256 of the whole key, in hex.
    pub sha256: String,
    /// What it may do; empty means everything an API client may.
    pub scopes: Vec<String>,
    /// The models it may use; empty means all.
    pub models: Vec<String>,
    /// The most it may spend in all.
    pub budget: Option<Credits>,
    /// The most it may spend in a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget_per_day: Option<Credits>,
    /// The most it may spend in a month.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget_per_month: Option<Credits>,
    /// Requests a minute.
    pub requests_per_minute: Option<u32>,
    /// Tokens of text a minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_per_minute: Option<u64>,
    /// Jobs under way at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrent_jobs: Option<u32>,
    /// From when on it is refused.
    pub expires_at: Option<DateTime<Utc>>,
}

/// What changes of an API key. What is `None` stays; what is `Some(None)` has no limit from now on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are documented on the key")]
pub struct ApiKeyChange {
    pub name: Option<String>,
    pub scopes: Option<Vec<String>>,
    pub models: Option<Vec<String>>,
    pub budget: Option<Option<Credits>>,
    pub budget_per_day: Option<Option<Credits>>,
    pub budget_per_month: Option<Option<Credits>>,
    pub requests_per_minute: Option<Option<u32>>,
    pub tokens_per_minute: Option<Option<u64>>,
    pub concurrent_jobs: Option<Option<u32>>,
    pub expires_at: Option<Option<DateTime<Utc>>>,
}

impl ApiKey {
    /// What it may spend.
    #[must_use]
    pub const fn budgets(&self) -> Budget {
        Budget { day: self.budget_per_day, month: self.budget_per_month, total: self.budget }
    }

    pub(super) fn check(&self) -> Result<(), TenantError> {
        check(&self.budgets(), self.requests_per_minute, self.tokens_per_minute, self.concurrent_jobs)
    }
}

impl ApiKeyChange {
    /// The key as it is after the change.
    #[must_use]
    pub fn of(self, key: ApiKey) -> ApiKey {
        ApiKey {
            name: self.name.unwrap_or(key.name),
            scopes: self.scopes.unwrap_or(key.scopes),
            models: self.models.unwrap_or(key.models),
            budget: self.budget.unwrap_or(key.budget),
            budget_per_day: self.budget_per_day.unwrap_or(key.budget_per_day),
            budget_per_month: self.budget_per_month.unwrap_or(key.budget_per_month),
            requests_per_minute: self.requests_per_minute.unwrap_or(key.requests_per_minute),
            tokens_per_minute: self.tokens_per_minute.unwrap_or(key.tokens_per_minute),
            concurrent_jobs: self.concurrent_jobs.unwrap_or(key.concurrent_jobs),
            expires_at: self.expires_at.unwrap_or(key.expires_at),
            ..key
        }
    }
}
